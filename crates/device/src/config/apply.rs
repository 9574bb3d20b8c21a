use super::interface::named;
use super::kept::{BY_ITSELF, KEPT, KEPT_IN_LINE, WHOLE};
use super::{Block, BootLine, Config, FilePrompt, Login, Password, User};
use crate::Profile;
use crate::boot::switch::{BOOT, CONFIG_FILE, ENABLE_BREAK, MANUAL_BOOT};
use crate::profile::Port;
use std::net::Ipv4Addr;

/// Where in the configuration a line is typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Section {
    /// `(config)#`
    Global,
    /// `(config-if)#`, `(config-subif)#`
    Interface(Port),
    /// `(config-if-range)#`: what is typed is of each.
    Range(Vec<Port>),
    /// `(config-line)#`: an index into [`Config::lines`].
    Line(usize),
    /// A kept block: an index into [`Config::blocks`].
    Kept(usize),
}

/// What a line did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Applied {
    /// The section the next line is in.
    pub section: Section,
    /// `config-register`: for the next boot. It is not part of the configuration's text.
    pub register: Option<u16>,
    /// A variable of the boot loader that is set at once, or unset. It is not part of the configuration's text.
    pub variable: Option<(&'static str, Option<String>)>,
    /// What the device says to the line, without line end.
    pub notice: Option<String>,
}

/// Why a line is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Complaint {
    /// Not a command of this section.
    #[error("Invalid input detected")]
    Invalid,
    /// A word is missing.
    #[error("Incomplete command.")]
    Incomplete,
    /// `ip address 10.0.0.1 255.0.255.0`.
    #[error("Bad mask 0x{mask:X} for address {address}")]
    BadMask {
        /// The mask's bits.
        mask: u32,
        /// The address.
        address: Ipv4Addr,
    },
    /// The subnet is another interface's.
    #[error("{network} overlaps with {other}")]
    Overlaps {
        /// The network.
        network: Ipv4Addr,
        /// The other interface.
        other: Port,
    },
    /// An address on a subinterface of no VLAN.
    #[error(
        "Configuring IP routing on a LAN subinterface is only allowed if that\nsubinterface is already configured as \
         part of an IEEE 802.10, IEEE 802.1Q,\nor ISL vLAN."
    )]
    NoEncapsulation,
    /// Another subinterface of the same interface has this VLAN.
    #[error(
        "Configuration of multiple subinterfaces of the same main\ninterface with the same VID ({vlan}) is not \
         permitted.\nThis VID is already configured on {other}."
    )]
    SameVlan {
        /// The VLAN.
        vlan: u16,
        /// Whose it is.
        other: Port,
    },
    /// What nobody made with a command.
    #[error("Removal of physical interfaces is not permitted")]
    Physical,
    /// A host name that cannot be one.
    #[error("Hostname contains one or more illegal characters.")]
    Hostname,
}

impl Config {
    /// Applies one line, keywords spelled out, in `section`. A line that only the global section knows
    /// is taken there, as IOS does.
    pub fn apply(&mut self, profile: &Profile, section: Section, line: &str) -> Result<Applied, Complaint> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (no, words) = match words.split_first() {
            Some((&("no" | "default"), rest)) => (true, rest),
            _ => (false, &words[..]),
        };
        if words.is_empty() {
            return Err(Complaint::Incomplete);
        }
        // Another line may have taken away what this one is in.
        let there = match section {
            Section::Global | Section::Interface(_) | Section::Range(_) => true,
            Section::Line(i) => i < self.lines.len(),
            Section::Kept(i) => i < self.blocks.len(),
        };
        let inner = match section {
            _ if !there => None,
            Section::Global => None,
            Section::Interface(ref port) => self.lines_of(std::slice::from_ref(port), no, words, line)?,
            Section::Range(ref ports) => self.lines_of(ports, no, words, line)?,
            Section::Line(i) => self.line_line(i, no, words, line)?,
            Section::Kept(i) if self.blocks[i].head == "archive" => {
                match super::archive::line(&mut self.blocks[i].body, no, words)? {
                    None if !is_global(words) => {
                        keep(&mut self.blocks[i].body, no, words, line);
                        Some(())
                    }
                    taken => taken,
                }
            }
            Section::Kept(i) => (!is_global(words)).then(|| {
                keep(&mut self.blocks[i].body, no, words, line);
            }),
        };
        match inner {
            Some(()) => Ok(Applied { section, register: None, variable: None, notice: None }),
            None => self.global(profile, no, words, line),
        }
    }

    fn global(
        &mut self,
        profile: &Profile,
        no: bool,
        words: &[&str],
        line: &str,
    ) -> Result<Applied, Complaint> {
        let mut applied = Applied { section: Section::Global, register: None, variable: None, notice: None };
        match words {
            ["hostname"] if !no => return Err(Complaint::Incomplete),
            ["hostname", ..] if no => self.hostname = profile.hostname.to_string(),
            ["hostname", name] => {
                let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
                if !name.starts_with(|c: char| c.is_ascii_alphabetic())
                    || !name.chars().all(legal)
                    || name.len() > 63
                {
                    return Err(Complaint::Hostname);
                }
                self.hostname = (*name).to_owned();
            }
            ["enable", "secret" | "password", ..] if no => self.enable = None,
            ["enable", kind @ ("secret" | "password"), rest @ ..] => {
                let password = password(kind, rest, line)?;
                // A secret wins over a password, whichever was typed last.
                if *kind == "secret" || !matches!(self.enable, Some(Password::Type5(_) | Password::Other(_)))
                {
                    self.enable = Some(password);
                }
            }
            [
                "username",
                name,
                "access-class" | "autocommand" | "nohangup" | "noescape" | "one-time" | "user-maxlinks",
                ..,
            ] => {
                keep(&mut self.kept, no, words, line);
                if !no && !self.users.iter().any(|u| u.name == *name) {
                    self.username(name, &[], line)?;
                }
            }
            ["username", name, ..] if no => {
                self.users.retain(|u| u.name != *name);
                let its = format!("username {name} ");
                self.kept.retain(|l| !l.starts_with(&its));
            }
            ["username", name, rest @ ..] => self.username(name, rest, line)?,
            ["boot-start-marker" | "boot-end-marker"] => {}
            ["boot", "system", rest @ ..] if !profile.is_router() => {
                applied.variable = Some((BOOT, self.path_list(no, rest)?));
            }
            ["boot", "manual"] if !profile.is_router() => applied.variable = Some((MANUAL_BOOT, yes(no))),
            ["boot", "enable-break"] if !profile.is_router() => {
                applied.variable = Some((ENABLE_BREAK, yes(no)));
            }
            ["boot", "config-file", file @ ..] if profile.nvram.file.is_some() => match (no, file) {
                (true, _) => applied.variable = Some((CONFIG_FILE, None)),
                (false, [file]) => applied.variable = Some((CONFIG_FILE, Some((*file).to_owned()))),
                (false, _) => return Err(Complaint::Incomplete),
            },
            ["boot", "system"] if no => self.boot.clear(),
            ["boot", "system"] => return Err(Complaint::Incomplete),
            ["boot", "system", rest @ ..] => {
                let text = BootLine(rest.join(" "));
                if no {
                    self.boot.retain(|l| l.source() != text.source());
                } else if !self.boot.contains(&text) {
                    // Appended: an older line goes on winning. Nobody looks whether the file exists.
                    self.boot.push(text);
                }
            }
            ["config-register", ..] if !profile.is_router() => return Err(Complaint::Invalid),
            ["config-register", value] if !no => {
                applied.register = Some(register(value).ok_or(Complaint::Invalid)?);
            }
            ["config-register"] if no => applied.register = Some(profile.boot.register),
            ["ip", "ftp", "passive"] => self.ftp_passive = Some(!no),
            ["ip", "ftp", "username", ..] if no => self.ftp_username = None,
            ["ip", "ftp", "username", name] => self.ftp_username = Some((*name).to_owned()),
            ["ip", "ftp", "password", ..] if no => self.ftp_password = None,
            ["ip", "ftp", "password", rest @ ..] => {
                self.ftp_password = Some(password("password", rest, line)?)
            }
            ["ip", "tftp", "blocksize", ..] if no => self.tftp_blocksize = None,
            ["ip", "tftp", "blocksize", n] => {
                let size = n.parse().ok().filter(|n| (512..=8_192).contains(n)).ok_or(Complaint::Invalid)?;
                self.tftp_blocksize = Some(size);
            }
            ["ip", "ftp" | "tftp"] | ["ip", "ftp" | "tftp", "username" | "blocksize"] => {
                return Err(Complaint::Incomplete);
            }
            ["ip", "ssh", "time-out", ..] if no => self.ssh_time_out = None,
            ["ip", "ssh", "time-out", n] => self.ssh_time_out = Some(within(n, 1..=120)?),
            ["ip", "ssh", "authentication-retries", ..] if no => self.ssh_retries = None,
            ["ip", "ssh", "authentication-retries", n] => self.ssh_retries = Some(within(n, 0..=5)?),
            ["ip", "ssh", "time-out" | "authentication-retries"] => return Err(Complaint::Incomplete),
            // What it is by itself is not written.
            ["cdp", "timer", ..] if no => self.cdp_timer = None,
            ["cdp", "timer", n] => self.cdp_timer = Some(within(n, 5..=254)?).filter(|n| *n != 60),
            ["cdp", "holdtime", ..] if no => self.cdp_holdtime = None,
            ["cdp", "holdtime", n] => self.cdp_holdtime = Some(within(n, 10..=255)?).filter(|n| *n != 180),
            ["cdp"] | ["cdp", "timer" | "holdtime"] => return Err(Complaint::Incomplete),
            ["ip", "domain", "lookup"] | ["ip", "domain-lookup"] => self.domain_lookup = !no,
            // Done where it is typed; keys are no part of the text.
            ["crypto", "key", ..] => return Err(Complaint::Invalid),
            ["logging", rest @ ..] => {
                let default = line.trim_start().starts_with("default");
                match self.logging.take(no, default, rest)? {
                    Some(()) => {}
                    None if rest.is_empty() => return Err(Complaint::Incomplete),
                    None => keep(&mut self.kept, no, words, line),
                }
            }
            ["file", "verify", "auto"] => keep(&mut self.kept, no, words, line),
            ["file", "prompt", ..] if no => self.file_prompt = FilePrompt::Alert,
            ["file", "prompt"] | ["file", "prompt", "alert"] => self.file_prompt = FilePrompt::Alert,
            ["file", "prompt", "noisy"] => self.file_prompt = FilePrompt::Noisy,
            ["file", "prompt", "quiet"] => self.file_prompt = FilePrompt::Quiet,
            ["banner", kind @ ("exec" | "login" | "motd"), ..] => {
                let text = if no { None } else { Some(banner(kind, line).ok_or(Complaint::Incomplete)?) };
                match *kind {
                    "exec" => self.banner_exec = text,
                    "motd" => self.banner_motd = text,
                    _ => self.banner_login = text,
                }
            }
            ["interface"] => return Err(Complaint::Incomplete),
            ["interface", "range"] => return Err(Complaint::Incomplete),
            ["interface", name @ ..] => {
                let ports = match name {
                    ["range", names @ ..] => {
                        self.range(profile, &names.concat()).ok_or(Complaint::Invalid)?
                    }
                    name => vec![named(profile, &name.concat()).ok_or(Complaint::Invalid)?],
                };
                match (no, line.trim_start().starts_with("default"), name.first() == Some(&"range")) {
                    (_, true, _) => applied.notice = Some(self.reset(profile, &ports)?),
                    (true, false, _) => applied.notice = self.take_away(profile, &ports)?,
                    (false, false, true) => applied.section = Section::Range(ports),
                    (false, false, false) => {
                        let port = ports.into_iter().next().ok_or(Complaint::Invalid)?;
                        self.enter(profile, &port);
                        applied.section = Section::Interface(port);
                    }
                }
            }
            ["line", first, ..] if !no && first.parse::<u16>().is_ok() => {
                // The number that a line has among all of them.
                let name = match first.parse::<u16>().unwrap_or(0) {
                    0 => "con 0".to_owned(),
                    1 if profile.is_router() => "aux 0".to_owned(),
                    n => {
                        let vty = n.checked_sub(profile.first_vty).ok_or(Complaint::Invalid)?;
                        format!("vty {vty}")
                    }
                };
                applied.section = self.line_section(&name)?;
            }
            ["line"] | ["line", _] => return Err(Complaint::Incomplete),
            ["line", kind, first, ..] if !no => {
                let kind = if "console".starts_with(kind) { "con" } else { kind };
                let number: u16 = first.parse().map_err(|_| Complaint::Invalid)?;
                applied.section = self.line_section(&format!("{kind} {number}"))?;
            }
            // These are written by every rendering; they change nothing.
            ["version", _] | ["service", "timestamps", ..] | ["service", "password-encryption"] => {}
            _ if opens_block(words) => {
                let at = self.blocks.iter().position(|b| b.head == line.trim());
                if no {
                    let head = words.join(" ");
                    self.blocks.retain(|b| b.head != head);
                } else {
                    let at = at.unwrap_or_else(|| {
                        self.blocks.push(Block { head: line.trim().to_owned(), body: Vec::new() });
                        self.blocks.len() - 1
                    });
                    applied.section = Section::Kept(at);
                }
            }
            [head] if !no && KEPT.contains(head) && !WHOLE.contains(head) => {
                return Err(Complaint::Incomplete);
            }
            _ if starts_with_any(words, KEPT) => keep(&mut self.kept, no, words, line),
            _ => return Err(Complaint::Invalid),
        }
        Ok(applied)
    }

    /// `boot system` of a switch: what stood there before is replaced; the variable is what is left.
    fn path_list(&mut self, no: bool, words: &[&str]) -> Result<Option<String>, Complaint> {
        self.boot.clear();
        if no {
            return Ok(None);
        }
        let images = match words {
            ["switch", _, rest @ ..] => rest,
            rest => rest,
        };
        if images.is_empty() {
            return Err(Complaint::Incomplete);
        }
        self.boot.push(BootLine(words.join(" ")));
        Ok(Some(images.concat()))
    }

    /// The block of the line with this name.
    fn line_section(&self, name: &str) -> Result<Section, Complaint> {
        let of = self.line(name).map(|l| l.name.clone());
        let at = self.lines.iter().position(|l| Some(&l.name) == of.as_ref());
        at.map(Section::Line).ok_or(Complaint::Invalid)
    }

    fn username(&mut self, name: &str, rest: &[&str], line: &str) -> Result<(), Complaint> {
        let at = self.users.iter().position(|u| u.name == name);
        let mut user = at.map_or_else(
            || User { name: name.to_owned(), privilege: 1, password: None },
            |at| self.users[at].clone(),
        );
        let mut rest = rest;
        if let ["privilege", level, more @ ..] = rest {
            user.privilege = level.parse().ok().filter(|l| *l <= 15).ok_or(Complaint::Invalid)?;
            rest = more;
        }
        match rest {
            [] => {}
            [kind @ ("secret" | "password"), more @ ..] => user.password = Some(password(kind, more, line)?),
            _ => return Err(Complaint::Invalid),
        }
        match at {
            Some(at) => self.users[at] = user,
            None => self.users.push(user),
        }
        Ok(())
    }

    /// A line of a `line` block; `None`: not one, try the global section.
    fn line_line(
        &mut self,
        at: usize,
        no: bool,
        words: &[&str],
        line: &str,
    ) -> Result<Option<()>, Complaint> {
        let block = &mut self.lines[at];
        match words {
            ["password", ..] if no => block.password = None,
            ["password", rest @ ..] => block.password = Some(password("password", rest, line)?),
            ["login"] => block.login = if no { Login::No } else { Login::Line },
            ["login", "local"] => block.login = if no { Login::No } else { Login::Local },
            ["privilege", "level", ..] if no => block.privilege = None,
            ["privilege", "level", n] => {
                block.privilege = Some(n.parse().ok().filter(|l| *l <= 15).ok_or(Complaint::Invalid)?);
            }
            _ if starts_with_any(words, KEPT_IN_LINE) => keep(&mut block.kept, no, words, line),
            _ => return Ok(None),
        }
        Ok(Some(()))
    }
}

fn within(text: &str, range: std::ops::RangeInclusive<u8>) -> Result<u8, Complaint> {
    text.parse().ok().filter(|n| range.contains(n)).ok_or(Complaint::Invalid)
}

/// A yes of the boot loader; `no` unsets it.
fn yes(no: bool) -> Option<String> {
    (!no).then(|| "yes".into())
}

/// `0x2102` or `8450`.
pub(crate) fn register(text: &str) -> Option<u16> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u16::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// `[0|5|7] TEXT`: the text may have blanks inside and is taken from the line as typed.
fn password(kind: &str, words: &[&str], line: &str) -> Result<Password, Complaint> {
    let (level, first) = match words {
        [] | ["0" | "5" | "7"] => return Err(Complaint::Incomplete),
        [level @ ("0" | "5" | "7"), first, ..] => (*level, *first),
        [first, ..] => ("0", *first),
    };
    // The words are parts of `line`, so the password's start is found by address, not by search: the
    // same word may stand twice.
    let from = first.as_ptr() as usize - line.as_ptr() as usize;
    let text = line[from..].trim_end();
    Ok(match (kind, level) {
        (_, "5") if text.starts_with("$1$") => Password::Type5(text.to_owned()),
        (_, "5") => return Err(Complaint::Invalid),
        ("secret", _) if text.starts_with("8 $8$") || text.starts_with("9 $9$") => {
            Password::Other(text.to_owned())
        }
        (_, "7") => Password::Type7(text.to_owned()),
        ("secret", _) => Password::secret(text),
        _ => Password::Clear(text.to_owned()),
    })
}

/// The text between the delimiters of `banner motd #text#`.
fn banner(kind: &str, line: &str) -> Option<String> {
    let at = line.find(kind)? + kind.len();
    let rest = line[at..].trim_start();
    let (mark, rest) = match rest.strip_prefix("^C") {
        Some(rest) => ("^C", rest),
        None => rest.split_at(rest.chars().next()?.len_utf8()),
    };
    let mut text = rest.split(mark).next().unwrap_or(rest).to_owned();
    // What ends a banner where the configuration is written cannot stand in one.
    while text.contains("^C") {
        text = text.replace("^C", "");
    }
    Some(text)
}

/// First words that only the global section knows: they end a kept block or an interface.
fn is_global(words: &[&str]) -> bool {
    const FIRST: &[&str] = &[
        "hostname",
        "enable",
        "username",
        "boot",
        "config-register",
        "interface",
        "line",
        "file",
        "banner",
        "router",
        "boot-start-marker",
        "boot-end-marker",
        "service",
        "snmp-server",
        "ntp",
        "logging",
    ];
    match words {
        [] => false,
        // No kept block has a line that begins so.
        ["ip", ..] => true,
        // `logging synchronous` is a line's; all else of it is global.
        ["logging", "synchronous", ..] => false,
        // Nothing of a block begins like `interface`: a name that is not there is no line of the block.
        _ if opens_block(words) => true,
        [first, ..] => FIRST.contains(first) || (first.len() > 2 && "interface".starts_with(first)),
    }
}

/// Heads of blocks that are kept whole.
fn opens_block(words: &[&str]) -> bool {
    match words {
        ["router" | "class-map" | "policy-map" | "route-map" | "vlan" | "archive" | "redundancy", ..] => true,
        ["ip", "access-list" | "vrf" | "dhcp", ..] => {
            !matches!(words, ["ip", "dhcp", "excluded-address", ..])
        }
        ["crypto", "pki" | "map", ..] => true,
        ["ipv6", "access-list" | "router", ..] | ["vrf", "definition", ..] => true,
        _ => false,
    }
}

fn starts_with_any(words: &[&str], heads: &[&str]) -> bool {
    heads.iter().any(|head| behind(words, head).is_some())
}

/// What stands behind a head; `None`: it begins otherwise.
pub(super) fn behind<'a, 'b>(words: &'a [&'b str], head: &str) -> Option<&'a [&'b str]> {
    head.split(' ').try_fold(words, |rest, word| match rest {
        [first, rest @ ..] if *first == word => Some(rest),
        _ => None,
    })
}

/// Keeps a line once; a `no` removes the line it denies, and is kept itself where nothing was denied.
pub(super) fn keep(kept: &mut Vec<String>, no: bool, words: &[&str], line: &str) {
    let line = line.trim();
    if no {
        let denied = words.join(" ");
        let before = kept.len();
        kept.retain(|l| *l != denied && !l.starts_with(&format!("{denied} ")));
        if kept.len() != before {
            return;
        }
    } else {
        kept.retain(|l| l.strip_prefix("no ") != Some(line));
        if BY_ITSELF.contains(&line) {
            return;
        }
    }
    if !kept.iter().any(|l| l == line) {
        kept.push(line.to_owned());
    }
}
