//! What is typed to do something, what it may ask back, and how it says that it is done. What it says decides little: the
//! facts are asked for again behind each.

use super::session::{Fault, Session};
use super::survey::BootBy;
use super::talk::{Answer, Reply};
use clock::Duration;
use ios_cli::text::dir::Listing;
use regex::Regex;
use std::sync::LazyLock;
use upgrade::{Effect, Facts, Target};

/// How long a short command may say nothing.
pub(super) const SHORT: Duration = Duration::from_secs(60);
/// How long a copy may: a device that waits for a server prints nothing for a while.
const COPY: Duration = Duration::from_secs(180);
/// How long it takes until a device that was told to restart is gone.
const LEAVE: Duration = Duration::from_secs(20);
/// How long `install` may take, or say nothing: packages are copied to every member.
const INSTALL: Duration = Duration::from_secs(1_800);
/// Octets a second that the slowest device makes an MD5 of.
const DIGEST_RATE: u64 = 1_500_000;

static COPIED: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"\[OK - [0-9]+(/[0-9]+)? bytes\]|^[0-9]+ bytes copied in "));
static MD5: LazyLock<Regex> = LazyLock::new(|| compiled(r"= ([0-9a-fA-F]{32}) *$"));
/// What says why something was not done.
static FAULT: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"^(%|.*(timed out|Timed out|[Nn]o space left|Not enough space|Login incorrect|not allowed|[Pp]ermission denied))",
    )
});

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern of ours")
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Undone {
    /// The device says so.
    #[error("{0}")]
    Refused(String),
    /// Nobody knows: the conversation has ended.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Does it; for a digest the MD5 that the device made. `url` is where the image comes from. The session is taken away where nothing
/// more is to be typed at it: behind a restart, and behind a fault.
///
/// # Errors
/// See [`Undone`].
pub fn act(
    session: &mut Option<Session>,
    effect: &Effect,
    facts: &Facts,
    target: &Target,
    url: &str,
) -> Result<Option<String>, Undone> {
    let mut at = session.take().ok_or_else(|| Undone::Refused("nobody is logged in".to_owned()))?;
    let fs = facts.flash.name.as_str();
    let done = match effect {
        Effect::Delete(name) => delete(&mut at, fs, name).map(|()| None),
        Effect::Copy => copy(&mut at, url, fs, &target.name).map(|()| None),
        Effect::Digest => digest(&mut at, fs, target).map(Some),
        Effect::SetBoot(images) => set_boot(&mut at, images).map(|()| None),
        Effect::Save => save(&mut at).map(|()| None),
        Effect::Reload => return reload(at).map(|()| None),
        Effect::Add => install(&mut at, &format!("install add file {fs}{}", target.name)).map(|()| None),
        Effect::Commit => install(&mut at, "install commit").map(|()| None),
        Effect::Activate(minutes) => {
            return restarting(at, &format!("install activate auto-abort-timer {minutes}")).map(|()| None);
        }
        Effect::Abort => return restarting(at, "install abort").map(|()| None),
    };
    // Where it stands at a question, that is left alone.
    if matches!(done, Ok(_) | Err(Undone::Refused(_))) {
        *session = Some(at);
    }
    done
}

/// What a device says of why it did not.
fn refused(command: &str, answer: &Answer) -> Undone {
    // Install mode says which member failed, and why, before it says that all of it did.
    let failed = answer.text.lines().find(|line| line.contains("FAILED: "));
    let said = failed.or_else(|| answer.text.lines().rev().find(|line| FAULT.is_match(line)));
    let last = || answer.text.lines().rev().find(|line| !line.trim().is_empty());
    let said = answer.complaint.as_deref().or(said).or_else(last).unwrap_or("nothing");
    Undone::Refused(format!("'{command}' was answered with: {}", said.trim()))
}

fn delete(session: &mut Session, fs: &str, name: &str) -> Result<(), Undone> {
    let before = listing(session, fs)?;
    if before.entries.iter().all(|entry| entry.name != name) {
        // Deleted by a session that was lost: what is only marked takes its room still. Of other flash this is no command.
        let replies = vec![Reply::new(r".*Continue\? ?\[confirm\]", "\r")];
        session.ask_and_reply(&format!("squeeze {fs}"), COPY, replies)?;
        return Ok(());
    }
    let command = format!("delete /force {fs}{name}");
    let replies =
        vec![Reply::new(r"Delete filename \[.*\]\?", "\r"), Reply::new(r"Delete .*\? ?\[confirm\]", "\r")];
    let answer = session.ask_and_reply(&command, SHORT, replies)?;
    if answer.complaint.is_some() || answer.text.lines().any(|line| line.starts_with("%Error")) {
        return Err(refused(&command, &answer));
    }
    let after = listing(session, fs)?;
    let is_gone = after.entries.iter().all(|entry| entry.name != name);
    if is_gone && after.free <= before.free {
        // Flash of the kind that only marks what is deleted.
        let command = format!("squeeze {fs}");
        let answer =
            session.ask_and_reply(&command, COPY, vec![Reply::new(r".*Continue\? ?\[confirm\]", "\r")])?;
        if answer.complaint.is_some() {
            return Err(refused(&command, &answer));
        }
    }
    Ok(())
}

fn listing(session: &mut Session, fs: &str) -> Result<Listing, Undone> {
    let answer = session.ask(&format!("dir {fs}"), SHORT)?;
    Listing::parse(&answer.text).map_err(|e| Fault::Unreadable { command: "dir", why: e.to_string() }.into())
}

fn copy(session: &mut Session, url: &str, fs: &str, name: &str) -> Result<(), Undone> {
    copy_to(session, url, &format!("{fs}{name}"), name)
}

/// Copies what is there to where nothing is kept: what a device can copy over, and how fast, is known from then on.
pub(super) fn copy_to_nowhere(session: &mut Session, url: &str) -> Result<(), Undone> {
    copy_to(session, url, "null:", "")
}

fn copy_to(session: &mut Session, url: &str, to: &str, name: &str) -> Result<(), Undone> {
    let command = format!("copy {url} {to}");
    let replies = vec![
        Reply::new(r"Address or name of remote host \[.*\]\?", "\r"),
        Reply::new(r"Source username \[.*\]\?", "\r"),
        Reply::new(r"Source filename \[.*\]\?", "\r"),
        Reply::new(r"Destination filename \[.*\]\?", &format!("{name}\r")),
        // Nothing of that name was there: somebody else puts it there now.
        Reply::new(r"Do you want to over ?write\? ?\[confirm\]", "n"),
        Reply::new(r"Erase .* before copying\? ?\[confirm\]", "n"),
    ];
    let answer = session.ask_and_reply(&command, COPY, replies)?;
    let is_copied = answer.text.lines().any(|line| COPIED.is_match(line));
    if is_copied { Ok(()) } else { Err(refused(&format!("copy to {to}"), &answer)) }
}

fn digest(session: &mut Session, fs: &str, target: &Target) -> Result<String, Undone> {
    let command = format!("verify /md5 {fs}{}", target.name);
    let quiet = Duration::from_secs(120 + target.size / DIGEST_RATE);
    let answer = session.ask(&command, quiet)?;
    let md5 = answer.text.lines().rev().find_map(|line| Some(MD5.captures(line)?[1].to_ascii_lowercase()));
    md5.ok_or_else(|| refused(&command, &answer))
}

fn set_boot(session: &mut Session, images: &[String]) -> Result<(), Undone> {
    let by = session.texts.as_ref().map_or(BootBy::Lines, |texts| texts.boot_by());
    let mut lines = Vec::new();
    match by {
        BootBy::Path if !images.is_empty() => {
            // A path of the boot loader, from its root.
            let rooted = |image: &String| match image.split_once(':') {
                Some((fs, path)) if !path.starts_with('/') => format!("{fs}:/{path}"),
                _ => image.clone(),
            };
            lines.push(format!("boot system {}", images.iter().map(rooted).collect::<Vec<_>>().join(";")));
        }
        BootBy::Path | BootBy::Lines => {
            lines.push("no boot system".to_owned());
            lines.extend(images.iter().map(|image| format!("boot system {image}")));
        }
    }
    session.ask("configure terminal", SHORT)?;
    let mut refusal = None;
    for line in &lines {
        let answer = session.ask(line, SHORT)?;
        // Nothing was there to take away.
        if answer.complaint.is_some() && !line.starts_with("no ") {
            refusal = Some(refused(line, &answer));
            break;
        }
    }
    session.ask("end", SHORT)?;
    refusal.map_or(Ok(()), Err)
}

fn save(session: &mut Session) -> Result<(), Undone> {
    let command = "write memory";
    let replies = vec![
        Reply::new(r"Overwrite the previous NVRAM configuration\? ?\[confirm\]", "\r"),
        Reply::new(r"Destination filename \[startup-config\]\?", "\r"),
    ];
    let answer = session.ask_and_reply(command, SHORT, replies)?;
    if answer.complaint.is_none() && answer.text.contains("[OK]") {
        Ok(())
    } else {
        Err(refused(command, &answer))
    }
}

/// What `install` says where it is done.
const INSTALLED: &str = "SUCCESS: install_";

fn install(session: &mut Session, command: &str) -> Result<(), Undone> {
    let command = format!("{command}{}", if command.ends_with("commit") { "" } else { " prompt-level none" });
    let answer = session.ask(&command, INSTALL)?;
    if answer.text.contains(INSTALLED) { Ok(()) } else { Err(refused(&command, &answer)) }
}

/// Packages are put into place, then the device is gone.
fn restarting(session: Session, command: &str) -> Result<(), Undone> {
    let command = format!("{command} prompt-level none");
    // It has been saved, and boots packages.conf: both are goals before this.
    let replies = vec![
        Reply::new(r"confirm you have changed boot config.*\[y/n\]", "y\r"),
        Reply::new(r"require a reload of the system.*\[y/n\]", "y\r"),
    ];
    match session.leave(&command, INSTALL, replies)? {
        Some(answer) if !answer.text.contains(INSTALLED) => Err(refused(&command, &answer)),
        _ => Ok(()),
    }
}

fn reload(session: Session) -> Result<(), Undone> {
    let replies = vec![
        // It is saved: that is a goal before this.
        Reply::new(r"Save\? \[yes/no\]:?", "no\r"),
        Reply::new(r"Proceed with( quick| fast)? reload\? ?\[confirm\]", "\r"),
        Reply::new(r"Reload (the entire|this) shelf ?\[confirm\]", "\r"),
    ];
    match session.leave("reload", LEAVE, replies)? {
        None => Ok(()),
        Some(answer) => Err(refused("reload", &answer)),
    }
}
