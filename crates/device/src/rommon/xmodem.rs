//! `xmodem`: an image comes over the console.

use super::{launch, listing, write_alone};
use crate::boot::Outcome;
use crate::image;
use crate::profile::Loader;
use crate::session::{Heard, Leave, Tty, load};
use clock::Instant;
use ios_cli::text::boot_classic as texts;
use ios_cli::text::rommon;
use ios_cli::xmodem::{Event, Protocol, Receiver};
use std::time::Duration;
use store::Blob;

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
    let (blob, said) = match receive(tty, order.protocol, room)? {
        Ok(came) => came,
        Err(why) => {
            tty.fresh_line()?;
            tty.print(why)?;
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

/// A file and the name that its sender gave it; what ROMMON says where none came.
type Came = Result<(Blob, Option<String>), &'static str>;

fn receive(tty: &mut Tty, protocol: Protocol, room: u64) -> Result<Came, Leave> {
    use ios_cli::xmodem::Outcome as End;
    let began = std::time::Instant::now();
    let patience = tty.device.config.patience.max(0.001);
    // A test's device has less patience than a person with a terminal program.
    let now = || {
        let nanos = began.elapsed().div_f64(patience).as_nanos();
        Instant::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    };
    let mut receiver = Receiver::new(now(), protocol);
    let (mut octets, mut name): (Vec<u8>, _) = (Vec::new(), None);
    loop {
        let out: Vec<u8> = std::iter::from_fn(|| receiver.poll_transmit()).collect();
        if !out.is_empty() {
            tty.say_raw(&out)?;
        }
        while let Some(event) = receiver.poll_event() {
            match event {
                Event::File { name: said, .. } => name = Some(said),
                Event::Data(data) if (octets.len() + data.len()) as u64 > room => {
                    receiver.cancel();
                    let out: Vec<u8> = std::iter::from_fn(|| receiver.poll_transmit()).collect();
                    tty.say_raw(&out)?;
                    return Ok(Err(texts::TOO_LARGE));
                }
                Event::Data(data) => octets.extend(data),
                Event::Over(End::Complete) => {
                    tty.say_raw(b"\r\n")?;
                    return Ok(Ok((cut(octets), name)));
                }
                Event::Over(End::TimedOut) => return Ok(Err(texts::NOBODY)),
                Event::Over(End::Cancelled) => return Ok(Err(texts::ABORTED)),
                Event::Over(End::Errors | End::OutOfStep) => return Ok(Err(texts::ERRORS)),
            }
        }
        let Some(due) = receiver.poll_timeout() else { return Ok(Err(texts::ABORTED)) };
        let wait = due.since(now()).mul_f64(patience).min(Duration::from_millis(20));
        match tty.hear_raw(wait)? {
            Heard::Keys(keys) => receiver.handle_bytes(now(), &keys),
            Heard::Break => receiver.cancel(),
            Heard::Nothing | Heard::Gone => {}
        }
        receiver.handle_timeout(now());
    }
}

/// An image says how long it is: what fills up the last block goes.
fn cut(octets: Vec<u8>) -> Blob {
    let whole = Blob::Memory(octets.into());
    let len = image::glance(&whole).map_or(whole.len(), |image| image.len);
    match (&whole, usize::try_from(len)) {
        // No more than a block.
        (Blob::Memory(octets), Ok(len)) if len < octets.len() && octets.len() - len < 1_024 => {
            Blob::Memory(octets.slice(..len))
        }
        _ => whole,
    }
}
