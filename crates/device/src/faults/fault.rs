//! What can be wrong with a device, as it is written.

use crate::Profile;
use crate::profile::Port;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

/// Something that is wrong on request.
#[derive(Clone, PartialEq, Debug)]
pub enum Fault {
    /// Flash is written with so many octets a second.
    SlowFlash(u64),
    /// Flash has no more than so many octets free.
    FullFlash(u64),
    /// So many of the files that are written next have one octet that is not what came.
    BadSectors(u32),
    /// So many of a hundred datagrams to a host get lost.
    Loss {
        /// Of a hundred.
        percent: u8,
        /// As the device calls it.
        host: IpAddr,
    },
    /// The line of the next copy is cut off when so many hundredths of the file have moved.
    DropSession(u8),
    /// The device reloads when so many hundredths of the next copied file have moved.
    ReloadInCopy(u8),
    /// A system message each time.
    Noise(Duration),
    /// So many boots stop in ROMMON; `None`: all.
    BootFails(Option<u32>),
    /// Sound images of other models boot.
    AnyImage,
    /// The prompt has this behind the host name.
    Prompt(String),
    /// The clock is off by so many seconds.
    Clock(i64),
    /// The auto-abort timer of install mode runs so many times as fast.
    Haste(u32),
    /// Nobody's password is right.
    AaaDown,
    /// The line is cut off when the next command is typed, before it is done.
    CutOff,
    /// The line is cut off when the next command is done.
    LostAnswer,
    /// The device restarts when the next command is typed, before it is done.
    Crash,
    /// Nothing comes for so long after the next command is typed; then it is done.
    Silent(Duration),
    /// So many of the next commands are refused.
    Refuse(u32),
    /// The saved configuration cannot be written so many times.
    BusyNvram(u32),
    /// Boot loaders find this image damaged.
    Damaged(String),
    /// Boots take so much longer.
    SlowBoot(Duration),
    /// A port has no carrier.
    LinkDown(Which),
    /// It has none from the next restart on.
    NoLinkAfterBoot(Which),
    /// Another one begins when a command is typed that begins so; once.
    When {
        /// As it is typed, in lower case.
        typed: String,
        /// What begins.
        fault: Box<Fault>,
    },
}

/// One port, or all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Which {
    /// Every interface, those of VLANs too.
    All,
    /// As it was written, or as its device calls it.
    Port(String),
}

/// Each one: its word, what stands behind it, what it does.
pub const FAULTS: &[(&str, &str, &str)] = &[
    ("slow-flash", "OCTETS", "flash is written with so many octets a second: slow-flash 100K"),
    ("full-flash", "OCTETS", "flash has no more than so many octets free: full-flash 2M"),
    (
        "bad-sectors",
        "[FILES]",
        "so many of the files that are written next, one without a number, get an octet wrong",
    ),
    ("loss", "PERCENT HOST", "so many of a hundred datagrams to a host get lost: loss 10 10.0.0.1"),
    ("drop-session", "PERCENT", "the line of the next copy is cut off when that much of the file has moved"),
    ("reload-in-copy", "PERCENT", "the device reloads when that much of the next copied file has moved"),
    ("noise", "TIME", "a system message each time, on the console and after terminal monitor: noise 500ms"),
    ("boot-fails", "[TIMES]", "so many boots stop in ROMMON; without a number all"),
    ("any-image", "", "sound images of other models boot"),
    ("prompt", "TEXT", "the prompt has TEXT behind the host name"),
    ("clock", "SECONDS", "the clock is off by so many seconds: clock -86400"),
    ("haste", "TIMES", "the auto-abort timer of install mode runs so many times as fast: haste 60"),
    ("aaa-down", "", "nobody's password is right"),
    ("cut-off", "", "the line is cut off when the next command is typed, before it is done"),
    ("lost-answer", "", "the line is cut off when the next command is done, before its prompt"),
    ("crash", "", "the device restarts when the next command is typed, before it is done"),
    ("silent", "TIME", "nothing comes for that long after the next command is typed: silent 30s"),
    ("refuse", "[TIMES]", "so many of the next commands, one without a number, are not authorized"),
    ("busy-nvram", "[TIMES]", "the configuration cannot be saved so many times, once without a number"),
    ("damaged", "IMAGE", "boot loaders find this image of flash damaged"),
    ("slow-boot", "TIME", "boots take that much longer: slow-boot 20s"),
    (
        "link-down",
        "INTERFACE",
        "that interface, or each of them, has no carrier: link-down g0/1, link-down all",
    ),
    (
        "no-link-after-boot",
        "INTERFACE",
        "that interface, or each of them, has no carrier from the next restart on",
    ),
    ("when", "TYPED: FAULT", "FAULT begins when a command is typed that begins so: when copy: aaa-down"),
];

/// Why a text is no fault.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("'{text}' is no fault: expected {expected}")]
pub struct BadFault {
    /// As it was written.
    pub text: String,
    /// What could be.
    pub expected: String,
}

impl FromStr for Fault {
    type Err = BadFault;

    fn from_str(text: &str) -> Result<Fault, BadFault> {
        let mut words = text.split_whitespace();
        let word = words.next().unwrap_or_default();
        let rest: Vec<&str> = words.collect();
        let Some((word, arguments, _)) = FAULTS.iter().find(|(known, ..)| *known == word) else {
            let known: Vec<&str> = FAULTS.iter().map(|(word, ..)| *word).collect();
            return Err(BadFault { text: text.into(), expected: format!("one of {}", known.join(", ")) });
        };
        let expected =
            || BadFault { text: text.into(), expected: format!("{word} {arguments}").trim().into() };
        if *word == "when" {
            return when(&text.trim_start()[word.len()..]).ok_or_else(expected)?;
        }
        parse(word, &rest).ok_or_else(expected)
    }
}

/// `copy: aaa-down`. What is behind the colon is told apart in its own words where it is no fault.
fn when(text: &str) -> Option<Result<Fault, BadFault>> {
    let (typed, fault) = text.split_once(": ")?;
    let typed = typed.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase();
    let is_one = !typed.is_empty() && !fault.trim_start().starts_with("when ");
    is_one.then(|| fault.parse().map(|fault| Fault::When { typed, fault: Box::new(fault) }))
}

fn parse(word: &str, rest: &[&str]) -> Option<Fault> {
    Some(match (word, rest) {
        ("slow-flash", [rate]) => Fault::SlowFlash(octets(rate).filter(|rate| *rate > 0)?),
        ("full-flash", [free]) => Fault::FullFlash(octets(free)?),
        ("bad-sectors", []) => Fault::BadSectors(1),
        ("bad-sectors", [files]) => Fault::BadSectors(files.parse().ok().filter(|n| *n > 0)?),
        ("loss", [share, host]) => Fault::Loss { percent: percent(share)?, host: host.parse().ok()? },
        ("drop-session", [share]) => Fault::DropSession(percent(share)?),
        ("reload-in-copy", [share]) => Fault::ReloadInCopy(percent(share)?),
        ("noise", [time]) => Fault::Noise(duration(time)?),
        ("boot-fails", []) => Fault::BootFails(None),
        ("boot-fails", [times]) => Fault::BootFails(Some(times.parse().ok().filter(|n| *n > 0)?)),
        ("any-image", []) => Fault::AnyImage,
        ("prompt", [_, ..]) => Fault::Prompt(rest.join(" ")),
        ("clock", [seconds]) => Fault::Clock(seconds.parse().ok()?),
        ("haste", [times]) => Fault::Haste(times.parse().ok().filter(|n| (1..=100_000).contains(n))?),
        ("aaa-down", []) => Fault::AaaDown,
        ("cut-off", []) => Fault::CutOff,
        ("lost-answer", []) => Fault::LostAnswer,
        ("crash", []) => Fault::Crash,
        ("silent", [time]) => Fault::Silent(duration(time)?),
        ("refuse", []) => Fault::Refuse(1),
        ("refuse", [times]) => Fault::Refuse(times.parse().ok().filter(|n| *n > 0)?),
        ("busy-nvram", []) => Fault::BusyNvram(1),
        ("busy-nvram", [times]) => Fault::BusyNvram(times.parse().ok().filter(|n| *n > 0)?),
        ("damaged", [image]) => Fault::Damaged((*image).to_owned()),
        ("link-down", [_, ..]) => Fault::LinkDown(which(rest)?),
        ("no-link-after-boot", [_, ..]) => Fault::NoLinkAfterBoot(which(rest)?),
        ("slow-boot", [time]) => Fault::SlowBoot(duration(time)?),
        _ => return None,
    })
}

/// `all`, `g0/1`, `GigabitEthernet 0/1`.
fn which(words: &[&str]) -> Option<Which> {
    let name = words.concat();
    let is_port =
        name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.contains(|c: char| c.is_ascii_digit());
    match name.eq_ignore_ascii_case("all") {
        true => Some(Which::All),
        false => is_port.then_some(Which::Port(name)),
    }
}

impl Fault {
    /// The same with its interface as this model calls it.
    pub(crate) fn at(self, profile: &Profile) -> Fault {
        let named = |which| match which {
            Which::All => Which::All,
            Which::Port(text) => Which::Port(profile.interface(&text).map_or(text, ToString::to_string)),
        };
        match self {
            Fault::LinkDown(which) => Fault::LinkDown(named(which)),
            Fault::NoLinkAfterBoot(which) => Fault::NoLinkAfterBoot(named(which)),
            Fault::When { typed, fault } => Fault::When { typed, fault: Box::new(fault.at(profile)) },
            other => other,
        }
    }

    /// Whether such a device has the interface that it names.
    ///
    /// # Errors
    /// It has not.
    pub fn fits(&self, profile: &Profile) -> Result<(), NoSuchPort> {
        match self {
            Fault::LinkDown(Which::Port(text)) | Fault::NoLinkAfterBoot(Which::Port(text)) => {
                NoSuchPort::unless(profile, text).map(drop)
            }
            Fault::When { fault, .. } => fault.fits(profile),
            _ => Ok(()),
        }
    }
}

/// A model has no interface of that name.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a {model} has no interface '{found}': expected one of {expected}")]
pub struct NoSuchPort {
    /// `c2911`
    pub model: String,
    /// As it was written.
    pub found: String,
    /// Those that it has, of many the first and the last.
    pub expected: String,
}

impl NoSuchPort {
    /// The interface that is meant.
    ///
    /// # Errors
    /// There is none.
    pub fn unless<'a>(profile: &'a Profile, text: &str) -> Result<&'a Port, NoSuchPort> {
        const MANY: usize = 6;
        let port = profile.interface(text);
        port.ok_or_else(|| {
            let all = &profile.interfaces;
            let mut some: Vec<&str> = all.iter().take(MANY).map(|port| &**port).collect();
            if let Some(last) = all.last().filter(|_| all.len() > MANY) {
                some.extend(["…", &**last]);
            }
            NoSuchPort { model: profile.name.to_string(), found: text.to_owned(), expected: some.join(", ") }
        })
    }
}

/// `100K`, `2M`, `512`.
fn octets(text: &str) -> Option<u64> {
    let (number, unit) = match text.strip_suffix(['K', 'k']) {
        Some(number) => (number, 1 << 10),
        None => text.strip_suffix(['M', 'm']).map_or((text, 1), |number| (number, 1 << 20)),
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

/// `10`, `10%`.
fn percent(text: &str) -> Option<u8> {
    text.strip_suffix('%').unwrap_or(text).parse().ok().filter(|n| *n <= 100)
}

/// `500ms`, `2s`.
fn duration(text: &str) -> Option<Duration> {
    let time = match text.strip_suffix("ms") {
        Some(number) => Duration::from_millis(number.parse().ok()?),
        None => Duration::from_secs(text.strip_suffix('s')?.parse().ok()?),
    };
    (time >= Duration::from_millis(1)).then_some(time)
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::SlowFlash(rate) => write!(f, "slow-flash {rate}"),
            Fault::FullFlash(free) => write!(f, "full-flash {free}"),
            Fault::BadSectors(files) => write!(f, "bad-sectors {files}"),
            Fault::Loss { percent, host } => write!(f, "loss {percent} {host}"),
            Fault::DropSession(percent) => write!(f, "drop-session {percent}"),
            Fault::ReloadInCopy(percent) => write!(f, "reload-in-copy {percent}"),
            Fault::Noise(every) => write!(f, "noise {}ms", every.as_millis()),
            Fault::BootFails(None) => f.write_str("boot-fails"),
            Fault::BootFails(Some(times)) => write!(f, "boot-fails {times}"),
            Fault::AnyImage => f.write_str("any-image"),
            Fault::Prompt(text) => write!(f, "prompt {text}"),
            Fault::Clock(seconds) => write!(f, "clock {seconds}"),
            Fault::Haste(times) => write!(f, "haste {times}"),
            Fault::AaaDown => f.write_str("aaa-down"),
            Fault::CutOff => f.write_str("cut-off"),
            Fault::LostAnswer => f.write_str("lost-answer"),
            Fault::Crash => f.write_str("crash"),
            Fault::Silent(time) => write!(f, "silent {}ms", time.as_millis()),
            Fault::Refuse(times) => write!(f, "refuse {times}"),
            Fault::BusyNvram(times) => write!(f, "busy-nvram {times}"),
            Fault::Damaged(image) => write!(f, "damaged {image}"),
            Fault::SlowBoot(time) => write!(f, "slow-boot {}ms", time.as_millis()),
            Fault::LinkDown(which) => write!(f, "link-down {which}"),
            Fault::NoLinkAfterBoot(which) => write!(f, "no-link-after-boot {which}"),
            Fault::When { typed, fault } => write!(f, "when {typed}: {fault}"),
        }
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Which::All => f.write_str("all"),
            Which::Port(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_written_as_it_is_read() {
        let texts = [
            "slow-flash 102400",
            "full-flash 2097152",
            "bad-sectors 2",
            "loss 10 10.0.0.1",
            "drop-session 50",
            "reload-in-copy 100",
            "noise 500ms",
            "boot-fails",
            "boot-fails 3",
            "any-image",
            "prompt (maintenance)",
            "clock -86400",
            "haste 60",
            "aaa-down",
            "cut-off",
            "lost-answer",
            "crash",
            "silent 500ms",
            "refuse 2",
            "busy-nvram 1",
            "damaged new.bin",
            "slow-boot 3000ms",
            "link-down all",
            "no-link-after-boot GigabitEthernet0/1",
            "when copy tftp://10.0.0.1: drop-session 50",
        ];
        for text in texts {
            assert_eq!(text.parse::<Fault>().map(|fault| fault.to_string()).as_deref(), Ok(text));
        }
        for (word, ..) in FAULTS {
            assert!(texts.iter().any(|text| text.split(' ').next() == Some(word)), "{word}");
        }
        assert_eq!("slow-flash 100K".parse(), Ok(Fault::SlowFlash(102_400)));
        assert_eq!("drop-session 50%".parse(), Ok(Fault::DropSession(50)));
        assert_eq!("noise 2s".parse(), Ok(Fault::Noise(Duration::from_secs(2))));
    }

    #[test]
    fn the_docs_have_a_row_for_each() {
        let docs = include_str!("../../../../docs/device.md");
        for (word, arguments, meaning) in FAULTS {
            let row = format!("| `{}` | {meaning} |\n", format!("{word} {arguments}").trim());
            assert!(docs.contains(&row), "docs/device.md has no row\n{row}");
        }
    }

    #[test]
    fn what_is_no_fault_is_told_what_it_could_be() {
        for (text, expected) in [
            ("", "one of slow-flash, full-flash,"),
            ("flood 3", "one of slow-flash,"),
            ("slow-flash", "expected slow-flash OCTETS"),
            ("slow-flash 0", "expected slow-flash OCTETS"),
            ("full-flash 99999999999999999999", "full-flash OCTETS"),
            ("loss 101 10.0.0.1", "loss PERCENT HOST"),
            ("loss 10 here", "loss PERCENT HOST"),
            ("bad-sectors 0", "bad-sectors [FILES]"),
            ("noise 0ms", "noise TIME"),
            ("haste 0", "haste TIMES"),
            ("aaa-down now", "expected aaa-down"),
            ("link-down", "expected link-down INTERFACE"),
            ("link-down everywhere", "link-down INTERFACE"),
            ("when copy aaa-down", "when TYPED: FAULT"),
            ("when : crash", "when TYPED: FAULT"),
            ("when copy: when reload: crash", "when TYPED: FAULT"),
            ("when copy: silent", "silent TIME"),
            ("when copy: nothing", "one of slow-flash"),
            ("prompt", "prompt TEXT"),
        ] {
            let bad = text.parse::<Fault>().expect_err(text).to_string();
            assert!(bad.contains(expected), "{text}: {bad}");
        }
    }
}
