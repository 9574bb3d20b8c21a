//! `switch:`, the boot loader's prompt of a Catalyst.
//!
//! Stopped before it has looked at flash, it knows no file until `flash_init`. Variables are kept as they are set.
//! `copy tftp://H/F flash:F` is a real read, by the management port, once `mgmt_init` has taken its address from
//! IP_ADDR (`10.0.0.2/255.255.255.0`) and DEFAULT_ROUTER. `copy xmodem: flash:F` takes it over the console.

use crate::boot::Outcome;
use crate::commands::fetch_failure;
use crate::device::Power;
use crate::ifs::Bounded;
use crate::modem::{self, Broken, Came};
use crate::profile::{Loader, Prefix};
use crate::session::{Leave, Tty, load};
use crate::wire::{LabWire, Links};
use client::{Remote, Scheme, Type};
use ios_cli::text::boot_switch as texts;
use ios_cli::text::modem::{self as modem_texts, Modem};
use ios_cli::xmodem::Protocol;
use std::net::Ipv4Addr;
use std::sync::Arc;
use store::{Blob, Sink, StoreError, VPath};

/// Runs the boot loader on the console until an image boots or the switch is reset.
pub(crate) fn run(tty: &mut Tty) -> Result<(), Leave> {
    let mut wire = None;
    loop {
        let line = tty.ask_plain(texts::PROMPT)?;
        if !matches!(tty.device.state().power, Power::Rommon) {
            return Ok(());
        }
        if !line.is_empty() && command(tty, &line, &mut wire)? {
            return Ok(());
        }
    }
}

/// One line; `true`: the boot loader is left. `wire` is the management port's, once it has an address.
fn command(tty: &mut Tty, line: &str, wire: &mut Option<Arc<LabWire>>) -> Result<bool, Leave> {
    let mut words = line.split_whitespace();
    let verb = words.next().unwrap_or_default();
    let rest: Vec<&str> = words.collect();
    match (verb, &rest[..]) {
        ("?" | "help", _) => tty.print(texts::HELP)?,
        ("flash_init", _) => flash_init(tty)?,
        // There is none to load.
        ("load_helper", _) => tty.print("\n")?,
        ("mgmt_init", _) => *wire = management(tty)?,
        ("dir", [name]) => dir(tty, name)?,
        ("set", []) => {
            let variables = tty.device.state().monitor.variables.clone();
            let lines: String = variables.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
            tty.print(&format!("{lines}\n"))?;
        }
        ("set", [name, value]) => {
            tty.device.state().set_variable(name, Some(value));
            tty.print("\n")?;
        }
        ("unset", names @ [_, ..]) => {
            for name in names {
                tty.device.state().set_variable(name, None);
            }
            tty.print("\n")?;
        }
        ("rename", [from, to]) => rename(tty, from, to)?,
        ("delete" | "del", names @ [_, ..]) => {
            for name in names {
                delete(tty, name)?;
            }
        }
        ("copy", [from, to]) => copy(tty, from, to, wire.as_ref())?,
        ("type" | "cat" | "more", [name]) => show(tty, name)?,
        ("boot", files) => return boot(tty, files.first().copied()),
        ("reset", _) => {
            let typed = tty.ask_plain("Are you sure you want to reset the system (y/n)?")?;
            if typed.eq_ignore_ascii_case("y") {
                tty.print("System resetting...\n\n")?;
                tty.device.restart("reset");
                return Ok(true);
            }
        }
        ("dir" | "set" | "unset" | "rename" | "delete" | "copy" | "type", _) => {
            tty.print(&format!("usage: {}\n\n", usage(verb)))?;
        }
        _ => tty.print(&texts::unknown(verb))?,
    }
    Ok(false)
}

fn usage(verb: &str) -> &'static str {
    match verb {
        "dir" => "dir flash:[/DIRECTORY]",
        "set" => "set [VARIABLE VALUE]",
        "unset" => "unset VARIABLE ...",
        "rename" => "rename flash:OLD flash:NEW",
        "delete" => "delete flash:FILE ...",
        "copy" => "copy flash:FILE|tftp://HOST/FILE|xmodem: flash:FILE",
        _ => "type flash:FILE",
    }
}

/// Looks at flash: from now on there are files.
pub(crate) fn flash_init(tty: &mut Tty) -> Result<(), Leave> {
    let flash = &tty.device.flash;
    let rows = flash.walk().unwrap_or_default();
    let directories = rows.iter().filter(|r| r.directory).count();
    let used = flash.total() - flash.free().unwrap_or(0);
    // The root is one of the directories.
    let text = texts::initialized(rows.len() - directories, directories + 1, flash.total(), used);
    tty.device.state().interrupted = false;
    tty.print(&text)
}

/// The path of a name with its prefix; what is to be said where there is none or flash is not there yet.
fn path(tty: &Tty, name: &str) -> Result<VPath, String> {
    let known = Prefix::strip(name).filter(|_| !tty.device.state().interrupted);
    let path = known.and_then(|rest| VPath::parse(rest.as_bytes()).ok());
    path.ok_or_else(|| {
        texts::no_stat(&if name.ends_with(':') { format!("{name}/") } else { name.to_owned() })
    })
}

fn dir(tty: &mut Tty, name: &str) -> Result<(), Leave> {
    let path = match path(tty, name) {
        Ok(path) => path,
        Err(text) => return tty.print(&text),
    };
    let flash = &tty.device.flash;
    let rows = match flash.list(&path) {
        Ok(rows) => rows,
        Err(_) => return tty.print(&texts::no_stat(name)),
    };
    let mut text = format!("Directory of {}/\n\n", name.trim_end_matches('/'));
    for (n, row) in rows.iter().enumerate() {
        text.push_str(&texts::dir_row(n + 2, row.directory, row.len, &row.name()));
    }
    let free = flash.free().unwrap_or(0);
    text.push_str(&format!("\n{free} bytes available ({} bytes used)\n\n", flash.total() - free));
    tty.print(&text)
}

/// What a change of files came to: nothing is said of one that went well.
fn done(tty: &mut Tty, name: &str, result: store::Result<()>) -> Result<(), Leave> {
    match result {
        Ok(()) => tty.print("\n"),
        Err(StoreError::Absent) => tty.print(&format!("{}\n", texts::absent(name))),
        Err(e) => tty.print(&format!("{name}: {e}\n\n")),
    }
}

fn rename(tty: &mut Tty, from: &str, to: &str) -> Result<(), Leave> {
    match (path(tty, from), path(tty, to)) {
        (Ok(old), Ok(new)) => {
            let result = tty.device.flash.rename(&old, &new);
            done(tty, from, result)
        }
        (Err(text), _) | (_, Err(text)) => tty.print(&text),
    }
}

fn delete(tty: &mut Tty, name: &str) -> Result<(), Leave> {
    let path = match path(tty, name) {
        Ok(path) => path,
        Err(text) => return tty.print(&text),
    };
    let typed = tty.ask_plain(&format!("Are you sure you want to delete \"{name}\" (y/n)?"))?;
    if !typed.eq_ignore_ascii_case("y") {
        return tty.print("\n");
    }
    match tty.device.flash.remove(&path) {
        Ok(()) => tty.print(&format!("File \"{name}\" deleted\n\n")),
        Err(e) => done(tty, name, Err(e)),
    }
}

fn show(tty: &mut Tty, name: &str) -> Result<(), Leave> {
    let path = match path(tty, name) {
        Ok(path) => path,
        Err(text) => return tty.print(&text),
    };
    match tty.device.flash.open(&path) {
        Ok(blob) => {
            // A person reads it; an image is cut short.
            let mut octets = vec![0; usize::try_from(blob.len().min(1 << 16)).unwrap_or(1 << 16)];
            let n = blob.read_at(0, &mut octets).unwrap_or(0);
            tty.print(&format!("{}\n", String::from_utf8_lossy(&octets[..n])))
        }
        Err(e) => done(tty, name, Err(e)),
    }
}

fn boot(tty: &mut Tty, file: Option<&str>) -> Result<bool, Leave> {
    if tty.device.state().interrupted {
        flash_init(tty)?;
    }
    let device = Arc::clone(&tty.device);
    let outcome = match file {
        Some(file) => device.attempt(file).map_err(|text| vec![text]),
        None => {
            let decision = device.decide();
            match decision.outcome {
                Outcome::Booted { .. } => {
                    for text in &decision.tried {
                        tty.print(text)?;
                    }
                    Ok(decision.outcome)
                }
                Outcome::Rommon => Err(decision.tried),
            }
        }
    };
    match outcome {
        Err(texts) => {
            for text in texts {
                tty.print(&text)?;
            }
            Ok(false)
        }
        Ok(Outcome::Rommon) => Ok(false),
        Ok(Outcome::Booted { file, shown, facts }) => {
            load(tty, &facts.clone(), Outcome::Booted { file, shown, facts })?;
            Ok(true)
        }
    }
}

/// The management port takes its address; what is wrong with the variables otherwise.
fn management(tty: &mut Tty) -> Result<Option<Arc<LabWire>>, Leave> {
    let monitor = tty.device.state().monitor.clone();
    let address = monitor.get("IP_ADDR").and_then(|value| {
        let (address, mask) = value.split_once('/')?;
        Some((address.parse::<Ipv4Addr>().ok()?, mask.parse::<Ipv4Addr>().ok()?))
    });
    let Some((address, mask)) = address else {
        tty.print("mgmt_init: set IP_ADDR first, as 10.0.0.2/255.255.255.0\n\n")?;
        return Ok(None);
    };
    let any = Ipv4Addr::UNSPECIFIED;
    let router = monitor.get("DEFAULT_ROUTER").and_then(|hop| hop.parse().ok());
    let links = Links {
        up: vec![(tty.device.profile().boot.port.clone(), address, mask)],
        routes: router.map(|hop| (any, any, hop)).into_iter().collect(),
    };
    tty.print("Initializing ethernet management port...\nUp 100 Mbps Full duplex (port  0) (SGMII)\n\n")?;
    Ok(Some(tty.device.wire.with_links(links)))
}

fn copy(tty: &mut Tty, from: &str, to: &str, wire: Option<&Arc<LabWire>>) -> Result<(), Leave> {
    let target = match path(tty, to) {
        Ok(path) => path,
        Err(text) => return tty.print(&text),
    };
    // One with IOS-XE has no such file system.
    let has_xmodem = tty.device.profile().boot.loader == Loader::Switch;
    if has_xmodem && from.get(..texts::XMODEM.len()).is_some_and(|t| t.eq_ignore_ascii_case(texts::XMODEM)) {
        return take_over_line(tty, to, &target);
    }
    let mut upload = match tty.device.flash.create(&target) {
        Ok(upload) => upload,
        Err(e) => return done(tty, to, Err(e)),
    };
    let copied = match from.strip_prefix("tftp://") {
        Some(rest) => fetch(tty, rest, &mut upload, wire)?,
        None => match path(tty, from) {
            Ok(source) => tty.device.flash.open(&source).and_then(|blob| pour(&blob, &mut upload)).map_err(
                |e| match e {
                    StoreError::Absent => texts::absent(from),
                    e => format!("{from}: {e}\n"),
                },
            ),
            Err(text) => Err(text),
        },
    };
    match copied.and_then(|()| upload.commit().map_err(|e| format!("{to}: {e}\n"))) {
        Ok(_) => tty.print(&texts::copied(from, to)),
        Err(text) => tty.print(&format!("{text}\n")),
    }
}

/// `copy xmodem:`: what comes over the console becomes the file. Of one that breaks off what had come is there, in
/// the place of what was.
fn take_over_line(tty: &mut Tty, to: &str, target: &VPath) -> Result<(), Leave> {
    let room = match tty.device.flash.room(target) {
        Ok(room) => room,
        Err(e) => return done(tty, to, Err(e)),
    };
    tty.print(modem_texts::begin(Modem::X))?;
    let mut came = Came::default();
    // An image's last block is filled up.
    let ended =
        modem::receive_into(tty, Protocol::XmodemEither, room.saturating_add(1_023), None, &mut came)?;
    let broken = match ended {
        Ok(()) => None,
        Err(Broken::TooLarge) => {
            tty.fresh_line()?;
            return tty.print(&texts::full(to));
        }
        Err(Broken::TimedOut | Broken::Cancelled | Broken::Errors) => Some(texts::XMODEM_BROKEN),
    };
    if let Some(text) = broken
        && came.octets.is_empty()
    {
        return tty.print(text);
    }
    let blob = modem::cut(came.octets);
    let written = tty.device.flash.create(target).and_then(|mut upload| {
        pour(&blob, &mut upload)?;
        upload.commit()
    });
    match (written, broken) {
        (Err(StoreError::Io(e)), _) if e.kind() == std::io::ErrorKind::StorageFull => {
            tty.print(&texts::full(to))
        }
        (Err(e), _) => done(tty, to, Err(e)),
        (Ok(_), Some(text)) => tty.print(text),
        (Ok(_), None) => {
            tty.print(&format!("{}{}", texts::dots(blob.len()), texts::copied(texts::XMODEM, to)))
        }
    }
}

/// `HOST/FILE` over TFTP into an upload; what went wrong otherwise.
fn fetch(
    tty: &mut Tty,
    rest: &str,
    upload: &mut Bounded,
    wire: Option<&Arc<LabWire>>,
) -> Result<Result<(), String>, Leave> {
    let Some(wire) = wire else {
        return Ok(Err("The management port has no address: mgmt_init\n".into()));
    };
    let Some((host, file)) = rest.split_once('/').filter(|(host, file)| !host.is_empty() && !file.is_empty())
    else {
        return Ok(Err(format!("usage: {}\n", usage("copy"))));
    };
    let remote = Remote {
        scheme: Scheme::Tftp,
        user: None,
        password: None,
        host: host.into(),
        port: None,
        path: file.as_bytes().to_vec(),
        kind: Type::Image,
    };
    match fetch_failure(tty, &remote, upload, Arc::clone(wire), String::new())? {
        Ok(_) => Ok(Ok(())),
        Err(why) => {
            tty.fresh_line()?;
            Ok(Err(format!("tftp://{rest}: {why}\n")))
        }
    }
}

fn pour(blob: &Blob, into: &mut Bounded) -> store::Result<()> {
    let mut buf = vec![0; 1 << 18];
    let mut at = 0;
    loop {
        let n = blob.read_at(at, &mut buf)?;
        if n == 0 {
            return Ok(());
        }
        into.write_at(at, &buf[..n])?;
        at += n as u64;
    }
}
