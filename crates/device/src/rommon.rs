//! ROMMON: the boot loader's prompt.

mod debugging;
mod xmodem;

use crate::boot::Outcome;
use crate::boot::{rommon, rommon_xe};
use crate::commands::{fetch_failure, sum};
use crate::device::{Device, Power, probe_blob};
use crate::image;
use crate::netboot::Limited;
use crate::profile::{Loader, Prefix};
use crate::session::{Leave, Tty, load};
use crate::wire::Links;
use client::{Remote, Scheme, Type};
use ios_cli::text::confreg::{self as confreg_texts, Questions};
use ios_cli::text::rommon_info::{self, Aliases};
use ios_cli::text::{boot_classic, rommon as texts};
use std::collections::VecDeque;
use std::net::Ipv4Addr;
use store::{Blob, Sink, VPath};

/// Runs ROMMON on the console until an image boots or the device is reset.
pub(crate) fn run(tty: &mut Tty) -> Result<(), Leave> {
    let (mut number, mut history, mut aliases) = (1, VecDeque::new(), Aliases::default());
    loop {
        let line = tty.ask_plain(&texts::prompt(number))?;
        if !matches!(tty.device.state().power, Power::Rommon) {
            return Ok(());
        }
        if line.is_empty() {
            continue;
        }
        number += 1;
        let Some(line) = repeated(tty, &history, aliases.spelled_out(&line))? else { continue };
        let line = aliases.spelled_out(&line);
        history.push_back(line.clone());
        // So many are kept.
        if history.len() > 16 {
            history.pop_front();
        }
        let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
        if verb == "alias" {
            tty.print(&aliases.alias(rest.trim()))?;
        } else if verb == "unalias" {
            tty.print(&aliases.unalias(rest.trim()))?;
        } else if line == "history" {
            tty.print(&texts::history(history.iter().map(String::as_str)))?;
        } else if command(tty, &line)? {
            return Ok(());
        }
    }
}

/// `repeat [N | TEXT]` stands for a line before: the last one, the one of this number, the last that begins so. `None`:
/// there is none, which has been said.
fn repeated(tty: &mut Tty, history: &VecDeque<String>, line: String) -> Result<Option<String>, Leave> {
    let Some(which) = line.strip_prefix("repeat").filter(|rest| rest.is_empty() || rest.starts_with(' '))
    else {
        return Ok(Some(line));
    };
    let which = which.trim();
    let found = match which.parse::<usize>() {
        Ok(n) => n.checked_sub(1).and_then(|n| history.get(n)),
        Err(_) => history.iter().rev().find(|line| line.starts_with(which)),
    };
    match found {
        Some(found) => tty.print(&format!("{found}\n"))?,
        None => tty.print("repeat: no such command\n")?,
    }
    Ok(found.cloned())
}

/// One line; `true`: ROMMON is left.
fn command(tty: &mut Tty, line: &str) -> Result<bool, Leave> {
    if let Some((name, value)) = line.split_once('=')
        && is_variable(name)
    {
        // Case-sensitive, and no blank may stand at the sign: `A =1` is a command nobody knows.
        let mut state = tty.device.state();
        state.monitor.set(name, value.trim_matches('"'));
        return Ok(false);
    }
    let mut words = line.split_whitespace();
    let verb = words.next().unwrap_or_default();
    let rest: Vec<&str> = words.collect();
    match verb {
        "?" | "help" => {
            // What this loader has not is not told.
            let classic = tty.device.profile().boot.loader == Loader::RommonClassic;
            let lacks =
                |line: &&str| classic && (line.starts_with("tftpdnld") || line.starts_with("showmon"));
            let lines: String =
                texts::HELP.lines().filter(|l| !lacks(l)).map(|line| format!("{line}\n")).collect();
            tty.print(&lines)?;
        }
        "showmon" if tty.device.profile().boot.loader == Loader::Rommon => {
            let text = texts::showmon(&crate::texts::bootstrap(tty.device.profile()));
            tty.print(&text)?;
        }
        "dir" => dir(tty, rest.first().copied())?,
        "set" => {
            let variables = tty.device.state().monitor.variables.clone();
            let mut text = String::from("PS1=rommon ! > \n");
            for (name, value) in variables {
                text.push_str(&format!("{name}={value}\n"));
            }
            tty.print(&text)?;
        }
        "unset" => match rest.first() {
            Some(name) => tty.device.state().monitor.unset(name),
            None => tty.print("usage: unset VARIABLE\n")?,
        },
        "sync" => tty.device.state().save_monitor(),
        "confreg" => confreg(tty, rest.first().copied())?,
        "boot" | "b" => return boot(tty, rest.first().copied()),
        "reset" | "i" => {
            tty.print("\n")?;
            // What `confreg` and the variables were set to is kept.
            tty.device.restart("reset");
            return Ok(true);
        }
        // A ROMMON of before the ISRs has none.
        "tftpdnld" if tty.device.profile().boot.loader != Loader::RommonClassic => {
            return tftpdnld(tty, &rest);
        }
        "dev" => {
            let profile = tty.device.profile();
            let disks = profile.file_systems.iter().filter(|(kind, ..)| *kind == "disk" || *kind == "flash");
            let rows =
                disks.enumerate().map(|(n, (.., prefix))| format!("{:>11}  compact flash {n}\n", &**prefix));
            let rows: String = rows.collect();
            tty.print(&format!("Devices in device table:\n        id  name\n{rows}"))?;
        }
        "xmodem" if tty.device.profile().boot.loader != Loader::RommonXe => {
            return xmodem::xmodem(tty, &rest);
        }
        "context" | "stack" | "frame" | "sysret" | "break" | "cont" => debugging::debug(tty, verb, &rest)?,
        "meminfo" => {
            let profile = tty.device.profile();
            // Of 491520K/32768K, the second is for packets.
            let packets = profile.version.memory.split_once('/');
            let packets = packets.and_then(|(_, kib)| kib.trim_end_matches('K').parse::<u32>().ok());
            let share = packets.unwrap_or(0) * 100 / profile.memory_kib.max(1);
            let nvram = u32::try_from(profile.nvram.total.get() / 1_024).unwrap_or(u32::MAX);
            tty.print(&rommon_info::meminfo(profile.memory_kib, share, nvram))?;
        }
        "cookie" => {
            let text = rommon_info::cookie(&tty.device.profile().mac, tty.device.serial());
            tty.print(&text)?;
        }
        _ => tty.print(&texts::unknown(verb))?,
    }
    Ok(false)
}

fn is_variable(name: &str) -> bool {
    let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    first && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The file part of `flash0:x`, `flash:/x`, `x`.
fn file_of(text: &str) -> Option<&str> {
    match Prefix::strip(text) {
        Some(file) => Some(file.trim_start_matches('/')),
        None => (!text.contains(':')).then_some(text),
    }
}

fn dir(tty: &mut Tty, device: Option<&str>) -> Result<(), Leave> {
    let name = device.unwrap_or(tty.device.profile().flash.prefix());
    if file_of(name) != Some("") {
        return tty.print("usage: dir <device>\n");
    }
    let text = listing(tty, name);
    tty.print(&text)
}

/// The files of flash, which was called `name`.
fn listing(tty: &Tty, name: &str) -> String {
    let flash = &tty.device.flash;
    let rows = flash.list(&VPath::root()).unwrap_or_default();
    let files = rows.iter().filter(|r| !r.directory);
    if tty.device.profile().boot.loader == Loader::RommonClassic {
        let mut text = String::from(boot_classic::DIR);
        for row in files {
            let sum = flash.open(&row.path).map_or(0, |blob| sum(&blob));
            text.push_str(&boot_classic::dir_row(row.len, sum, &row.name()));
        }
        return text;
    }
    let mut text = texts::dir_header(name);
    for (n, row) in files.enumerate() {
        text.push_str(&texts::dir_row(u32::try_from(n + 2).unwrap_or(u32::MAX), row.len, &row.name()));
    }
    text
}

fn confreg(tty: &mut Tty, value: Option<&str>) -> Result<(), Leave> {
    let register = match value {
        Some(text) => crate::config::register(text),
        None => {
            let mut now = tty.device.state().monitor.register;
            let default = format!("cisco2-{}", tty.device.profile().image.platform.to_uppercase());
            // What was changed is shown, until nothing more is to be.
            loop {
                let asked = format!("{}{}", confreg_texts::summary(now, &default), confreg_texts::CHANGE);
                if !tty.ask_plain(&asked)?.starts_with(['y', 'Y']) {
                    break;
                }
                let mut questions = Questions::new(now);
                while let Some(question) = questions.ask() {
                    let Some(answer) = tty.ask_plain_or(&question)? else { return Ok(()) };
                    questions.answer(&answer);
                }
                now = questions.register();
            }
            if now == tty.device.state().monitor.register {
                return Ok(());
            }
            Some(now)
        }
    };
    match register {
        Some(register) => {
            let mut state = tty.device.state();
            state.monitor.register = register;
            state.save_monitor();
            drop(state);
            tty.print(texts::CONFREG)
        }
        None => tty.print("usage: confreg [0x<value>]\n"),
    }
}

/// `boot`: the file named, else what the register and the boot lines say, else flash's first image.
fn boot(tty: &mut Tty, file: Option<&str>) -> Result<bool, Leave> {
    let file = match file.map(file_of) {
        None => None,
        Some(Some("")) => None,
        Some(Some(file)) => Some(file.to_owned()),
        // IOS-XE's boots over the network by a URL, with the same variables.
        Some(None) if tty.device.profile().boot.loader == Loader::RommonXe => {
            let url = file.unwrap_or_default().strip_prefix("tftp://").and_then(|rest| rest.split_once('/'));
            if let Some((server, file)) = url {
                let mut state = tty.device.state();
                state.monitor.set("TFTP_SERVER", server);
                state.monitor.set("TFTP_FILE", file);
                drop(state);
                return tftpdnld(tty, &["-r"]);
            }
            tty.print("usage: boot [bootflash:FILE | tftp://HOST/FILE]\n")?;
            return Ok(false);
        }
        Some(None) => {
            tty.print(&format!("boot: cannot load \"{}\"\n", file.unwrap_or_default()))?;
            return Ok(false);
        }
    };
    let outcome = match file {
        Some(file) => {
            let device = std::sync::Arc::clone(&tty.device);
            match attempt(&device, &file) {
                Ok(outcome) => outcome,
                Err(text) => {
                    tty.print(&text)?;
                    return Ok(false);
                }
            }
        }
        None => {
            let decision = crate::netboot::decide(tty, 0x2102)?;
            for text in &decision.tried {
                tty.print(text)?;
            }
            decision.outcome
        }
    };
    match &outcome {
        Outcome::Rommon => Ok(false),
        Outcome::Booted { facts, .. } => {
            let facts = facts.clone();
            load(tty, &facts, outcome)?;
            Ok(true)
        }
    }
}

/// Tries one file of flash; the text of the failure otherwise.
fn attempt(device: &Device, file: &str) -> Result<Outcome, String> {
    let flash = device.profile().flash.prefix();
    let probe = &mut |f: &str| device.probe(f);
    match device.profile().boot.loader {
        Loader::RommonXe => {
            let octets = VPath::parse(file.as_bytes()).ok().and_then(|p| device.flash.stat(&p).ok());
            rommon_xe::attempt(flash, file, octets.map_or(0, |row| row.len), probe)
        }
        Loader::Rommon | Loader::RommonClassic | Loader::Switch | Loader::SwitchXe => {
            rommon::attempt(flash, file, probe)
        }
    }
}

/// `tftpdnld [-r]`: a real TFTP read. Without `-r` flash holds nothing but the new file afterwards; NVRAM
/// stays. It starts no IOS by itself: `reset` or `boot` does.
fn tftpdnld(tty: &mut Tty, flags: &[&str]) -> Result<bool, Leave> {
    let ram = match flags {
        [] => false,
        ["-r"] => true,
        ["-u"] => {
            tty.print("tftpdnld: the ROM monitor of this emulated device cannot be upgraded\n")?;
            return Ok(false);
        }
        _ => {
            tty.print(&texts::usage())?;
            return Ok(false);
        }
    };
    let monitor = tty.device.state().monitor.clone();
    for (name, _) in texts::REQUIRED {
        let value = monitor.get(name);
        let good = match name {
            "TFTP_FILE" => value.is_some_and(|v| !v.is_empty()),
            _ => value.is_some_and(|v| v.parse::<Ipv4Addr>().is_ok()),
        };
        if !good {
            tty.print(&texts::missing(name))?;
            tty.print(&texts::usage())?;
            return Ok(false);
        }
    }
    let get = |name: &str| monitor.get(name).unwrap_or_default().to_owned();
    let address = |name: &str| get(name).parse::<Ipv4Addr>().unwrap_or(Ipv4Addr::UNSPECIFIED);
    let (file, server) = (get("TFTP_FILE"), get("TFTP_SERVER"));
    let shown: Vec<(&str, String)> = vec![
        ("IP_ADDRESS", get("IP_ADDRESS")),
        ("IP_SUBNET_MASK", get("IP_SUBNET_MASK")),
        ("DEFAULT_GATEWAY", get("DEFAULT_GATEWAY")),
        ("TFTP_SERVER", server.clone()),
        ("TFTP_FILE", file.clone()),
        ("TFTP_MACADDR", crate::texts::address(&tty.device.profile().mac).to_lowercase()),
        ("TFTP_VERBOSE", "Progress".into()),
        ("TFTP_RETRY_COUNT", monitor.get("TFTP_RETRY_COUNT").unwrap_or("18").to_owned()),
        ("TFTP_TIMEOUT", monitor.get("TFTP_TIMEOUT").unwrap_or("7200").to_owned()),
        ("TFTP_CHECKSUM", "Yes".into()),
        ("ETHER_PORT", monitor.get("GE_PORT").unwrap_or("0").to_owned()),
    ];
    let rows: Vec<(&str, &str)> = shown.iter().map(|(n, v)| (*n, v.as_str())).collect();
    tty.print(&texts::settings(&rows))?;
    if !ram && !tty.ask_plain(texts::WARNING)?.eq_ignore_ascii_case("y") {
        return Ok(false);
    }
    // ROMMON has its own address and one gateway; interfaces of the configuration do not count.
    let own = address("IP_ADDRESS");
    let any = Ipv4Addr::UNSPECIFIED;
    let links = Links {
        up: vec![(tty.device.profile().boot.port.clone(), own, address("IP_SUBNET_MASK"))],
        routes: vec![(any, any, address("DEFAULT_GATEWAY"))],
    };
    let wire = tty.device.wire.with_links(links);
    let remote = Remote {
        scheme: Scheme::Tftp,
        user: None,
        password: None,
        host: server.clone(),
        port: None,
        path: file.clone().into_bytes(),
        kind: Type::Image,
    };
    // Received into memory first, as ROMMON does: flash is erased only when the file is whole.
    let mut limited = match Limited::new(tty.device.flash.total()) {
        Ok(limited) => limited,
        Err(e) => {
            tty.print(&texts::failed(&e.to_string()))?;
            return Ok(false);
        }
    };
    let begin = format!(".\n{}", texts::receiving(&file, &server));
    if let Err(why) = fetch_failure(tty, &remote, &mut limited, wire, begin)? {
        tty.fresh_line()?;
        tty.print(&texts::failed(why))?;
        return Ok(false);
    }
    tty.print(texts::RECEIVED)?;
    let blob = match limited.finish() {
        Ok(blob) => blob,
        Err(e) => {
            tty.print(&texts::failed(&e.to_string()))?;
            return Ok(false);
        }
    };
    if ram {
        return launch(tty, "tftpdnld", &format!("tftp://{server}/{file}"), &blob);
    }
    let name = file.rsplit('/').next().unwrap_or(&file).to_owned();
    match write_alone(tty, &name, &blob) {
        Ok(()) => tty.print(&texts::copying(&file))?,
        Err(e) => tty.print(&format!(
            "Validating checksum.\nCopying file {file} to flash.\nFormatting failure! {e}\n"
        ))?,
    }
    Ok(false)
}

/// Erases flash and writes the one file.
fn write_alone(tty: &Tty, name: &str, blob: &Blob) -> store::Result<()> {
    let path = VPath::parse(name.as_bytes()).map_err(|_| store::StoreError::Unsupported("this name"))?;
    let flash = &tty.device.flash;
    flash.erase()?;
    let mut upload = flash.create(&path)?;
    let mut buf = vec![0; 1 << 18];
    let mut at = 0;
    loop {
        let n = blob.read_at(at, &mut buf)?;
        if n == 0 {
            break;
        }
        upload.write_at(at, &buf[..n])?;
        at += n as u64;
    }
    upload.commit().map(drop)
}

/// `-r`: the image runs from memory; flash is as it was.
fn launch(tty: &mut Tty, by: &str, file: &str, blob: &Blob) -> Result<bool, Leave> {
    let device = std::sync::Arc::clone(&tty.device);
    let mut once = |_: &str| probe_blob(device.profile(), blob);
    match rommon::attempt("", file, &mut once) {
        Ok(Outcome::Booted { facts, file, shown }) => {
            load(tty, &facts.clone(), Outcome::Booted { file, shown, facts })?;
            Ok(true)
        }
        Ok(Outcome::Rommon) => Ok(false),
        Err(text) => {
            tty.print(&text)?;
            if let Err(damage) = image::glance(blob) {
                tty.print(&format!("{by}: {damage}\n"))?;
            }
            Ok(false)
        }
    }
}
