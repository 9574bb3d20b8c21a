//! The setup dialog: what it asks, and what becomes of the answers.

use super::{Leave, Tty};
use crate::commands::summary_of;
use crate::config::Password;
use ios_cli::dialog::{Answer, Question};
use ios_cli::text::files::{BUILDING, STORED};
use ios_cli::text::setup as texts;
use std::net::Ipv4Addr;

/// Why a question is not answered.
enum Stop {
    /// Ctrl-C: nothing changes.
    Aborted,
    Left(Leave),
}

impl From<Leave> for Stop {
    fn from(leave: Leave) -> Stop {
        Stop::Left(leave)
    }
}

type Asked<T> = Result<T, Stop>;

/// Behind the first yes, until it is saved, left or aborted.
pub(crate) fn run(tty: &mut Tty) -> Result<(), Leave> {
    match dialog(tty) {
        Ok(()) => Ok(()),
        Err(Stop::Aborted) => tty.print(texts::ABORTED),
        Err(Stop::Left(leave)) => Err(leave),
    }
}

fn dialog(tty: &mut Tty) -> Asked<()> {
    loop {
        tty.print(texts::GREETING)?;
        let basic = yes(tty, texts::BASIC, None)?;
        if !basic && yes(tty, texts::SUMMARY_FIRST, Some(true))? {
            interfaces_shown(tty)?;
        }
        let answers = questions(tty, basic)?;
        let script = answers.script();
        tty.page(&format!("{}{script}", texts::CREATED))?;
        tty.print(texts::CHOICES)?;
        loop {
            match line(tty, texts::SELECTION)?.as_str() {
                "" | "2" => return Ok(save(tty, &script)?),
                "0" => return Ok(()),
                "1" => break,
                _ => tty.print(texts::BAD_SELECTION)?,
            }
        }
    }
}

fn questions(tty: &mut Tty, basic: bool) -> Asked<texts::Answers> {
    let profile = tty.device.profile().clone();
    tty.print(texts::GLOBAL)?;
    let now = tty.device.running_config().hostname;
    let host = Some(line(tty, &texts::host_name(&now))?).filter(|typed| !typed.is_empty()).unwrap_or(now);
    let secret = needed(tty, texts::SECRET)?;
    let mut password = needed(tty, texts::PASSWORD)?;
    if password == secret {
        tty.print(texts::SAME)?;
        // Who insists is let.
        password = needed(tty, ("", texts::PASSWORD.1))?;
    }
    let terminal = needed(tty, texts::TERMINAL)?;
    let community = match yes(tty, texts::SNMP, Some(profile.is_router()))? {
        true => {
            let typed = line(tty, texts::COMMUNITY)?;
            Some(if typed.is_empty() { "public".to_owned() } else { typed })
        }
        false => None,
    };
    let Password::Type5(secret) = Password::secret(&secret) else {
        unreachable!("a secret is hashed");
    };
    // What takes an address.
    let names = profile.interfaces.iter().filter(|name| !profile.is_switched(name)).map(ToString::to_string);
    let mut interfaces: Vec<_> = names.map(|name| (name, None)).collect();
    if basic {
        interfaces_shown(tty)?;
        let name = loop {
            let typed = needed(tty, texts::MANAGEMENT)?;
            match profile.interface(&typed).filter(|name| !profile.is_switched(name)) {
                Some(name) => break name.to_string(),
                None => tty.print(texts::NO_INTERFACE)?,
            }
        };
        tty.print(&texts::configuring(&name))?;
        let net = address(tty)?;
        interfaces.iter_mut().filter(|(own, _)| *own == name).for_each(|(_, its)| *its = net);
    } else {
        for (name, its) in &mut interfaces {
            if yes(tty, &texts::wants(name), Some(false))? {
                *its = address(tty)?;
            }
        }
    }
    let last_line = profile.vty_lines.saturating_sub(1);
    let secret = format!("5 {secret}");
    Ok(texts::Answers { host, secret, password, terminal, last_line, community, interfaces })
}

/// An interface's address and mask; `None`: it is to have none.
fn address(tty: &mut Tty) -> Asked<Option<(Ipv4Addr, Ipv4Addr)>> {
    if !yes(tty, texts::IP, Some(true))? {
        return Ok(None);
    }
    loop {
        let typed = line(tty, texts::ADDRESS)?;
        match typed.parse() {
            _ if typed.is_empty() => continue,
            Ok(address) if texts::is_address(address) => {
                let typed = line(tty, &texts::mask(address))?;
                let mask = match typed.parse() {
                    _ if typed.is_empty() => texts::class(address).1,
                    Ok(mask) if texts::is_mask(mask) => mask,
                    Ok(_) | Err(_) => {
                        tty.print(texts::BAD_MASK)?;
                        continue;
                    }
                };
                tty.print(&texts::network(address, mask))?;
                return Ok(Some((address, mask)));
            }
            Ok(_) | Err(_) => tty.print(texts::BAD_ADDRESS)?,
        }
    }
}

fn interfaces_shown(tty: &mut Tty) -> Result<(), Leave> {
    let table = summary_of(&tty.device);
    tty.page(&format!("{}{table}", texts::SUMMARY))
}

/// It is what runs now, and what is saved.
fn save(tty: &mut Tty, script: &str) -> Result<(), Leave> {
    for refused in tty.device.take_configuration("console", script) {
        tty.print(&format!("{refused}\n^\n% Invalid input detected at '^' marker.\n\n"))?;
    }
    tty.print(BUILDING)?;
    match tty.device.save_running("console") {
        Ok(_) => tty.print(STORED)?,
        Err(e) => {
            tty.print(&format!("%Error opening nvram:startup-config ({})\n", crate::commands::reason_of(&e)))?
        }
    }
    tty.print(texts::SAVED)
}

fn yes(tty: &mut Tty, text: &str, default: Option<bool>) -> Asked<bool> {
    match tty.ask(&Question::yes_no(text, default))? {
        Answer::Yes => Ok(true),
        Answer::No => Ok(false),
        Answer::Aborted | Answer::Text(_) | Answer::Again(_) => Err(Stop::Aborted),
    }
}

fn line(tty: &mut Tty, prompt: &str) -> Asked<String> {
    tty.ask_plain_or(prompt)?.ok_or(Stop::Aborted)
}

/// What has to be answered.
fn needed(tty: &mut Tty, (before, prompt): (&str, &str)) -> Asked<String> {
    tty.print(before)?;
    loop {
        let typed = line(tty, prompt)?;
        if !typed.is_empty() {
            return Ok(typed);
        }
        tty.print(texts::NO_DEFAULT)?;
    }
}
