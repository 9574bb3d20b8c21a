//! `xmodem`: an image comes over the console.

use super::{launch, listing, write_alone};
use crate::boot::Outcome;
use crate::modem::{self, Broken};
use crate::profile::Loader;
use crate::session::{Leave, Tty, load};
use ios_cli::text::boot_classic as texts;
use ios_cli::text::rommon;
use ios_cli::xmodem::Protocol;

/// What was asked for.
struct Order<'a> {
    protocol: Protocol,
    /// `-r`: the image runs from memory, flash is as it was.
    ram: bool,
    /// `-x`: nothing is launched.
    stays: bool,
    /// The file's name here; over YMODEM the sender's where none was given.
    name: Option<&'a str>,
}

impl<'a> Order<'a> {
    /// `-cyrx NAME`.
    fn read(words: &[&'a str]) -> Option<Order<'a>> {
        let mut order = Order { protocol: Protocol::Xmodem, ram: false, stays: false, name: None };
        for word in words {
            match word.strip_prefix('-') {
                Some(letters) if !letters.is_empty() => {
                    for letter in letters.chars() {
                        match letter {
                            'c' if order.protocol == Protocol::Xmodem => order.protocol = Protocol::XmodemCrc,
                            'c' => {}
                            'y' => order.protocol = Protocol::Ymodem,
                            'r' => order.ram = true,
                            'x' => order.stays = true,
                            _ => return None,
                        }
                    }
                }
                None if order.name.is_none() => order.name = Some(word),
                Some(_) | None => return None,
            }
        }
        (order.name.is_some() || order.protocol == Protocol::Ymodem).then_some(order)
    }
}

/// `xmodem [-cyrx] [NAME]`; `true`: an image runs.
pub(super) fn xmodem(tty: &mut Tty, words: &[&str]) -> Result<bool, Leave> {
    let Some(order) = Order::read(words) else {
        tty.print(texts::XMODEM_USAGE)?;
        return Ok(false);
    };
    tty.print(texts::XMODEM_WAIT)?;
    if !order.ram {
        let flash = tty.device.profile().flash.prefix();
        let files = listing(tty, flash);
        tty.print(&files)?;
        let flash = flash.trim_end_matches(':');
        if !tty.ask_plain(&texts::xmodem_warning(flash))?.eq_ignore_ascii_case("y") {
            return Ok(false);
        }
    }
    tty.print(&texts::ready(order.name))?;
    let room = match order.ram {
        true => u64::from(tty.device.profile().memory_kib) * 1_024,
        false => tty.device.flash.total(),
    };
    let (blob, said) = match modem::receive(tty, order.protocol, room, None)? {
        Ok(came) => (modem::cut(came.octets), came.name),
        Err(broken) => {
            tty.fresh_line()?;
            tty.print(match broken {
                Broken::TooLarge => texts::TOO_LARGE,
                Broken::TimedOut => texts::NOBODY,
                Broken::Cancelled => texts::ABORTED,
                Broken::Errors => texts::ERRORS,
            })?;
            return Ok(false);
        }
    };
    let name = order.name.map(str::to_owned).or(said).unwrap_or_default();
    if order.ram {
        tty.print(texts::DOWNLOADED)?;
        return launch(tty, "xmodem", &name, &blob);
    }
    let name = name.rsplit(['/', ':']).next().unwrap_or(&name).to_owned();
    if let Err(e) = write_alone(tty, &name, &blob) {
        tty.print(&format!("Formatting failure! {e}\n"))?;
        return Ok(false);
    }
    match tty.device.profile().boot.loader {
        Loader::RommonClassic => tty.print(&texts::written(tty.device.flash.total(), blob.len()))?,
        Loader::Rommon | Loader::RommonXe | Loader::Switch | Loader::SwitchXe => {
            tty.print(&rommon::copying(&name))?;
        }
    }
    tty.print(texts::DOWNLOADED)?;
    if order.stays {
        return Ok(false);
    }
    let device = std::sync::Arc::clone(&tty.device);
    match super::attempt(&device, &name) {
        Ok(Outcome::Booted { file, shown, facts }) => {
            load(tty, &facts.clone(), Outcome::Booted { file, shown, facts })?;
            Ok(true)
        }
        Ok(Outcome::Rommon) => Ok(false),
        Err(text) => {
            tty.print(&text)?;
            Ok(false)
        }
    }
}
