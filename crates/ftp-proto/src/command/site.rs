//! Arguments that have a grammar of their own: SITE, the facts of MFF, files with a range.

use super::table::{none, number, text, two};
use super::{BadCommand, Command, Digester, Setting};
use crate::list::parse_time;
use alloc::vec::Vec;

/// What SITE knows, for its HELP.
pub(crate) const SITE: &[(&str, &str)] = &[
    ("CHMOD", "mode file: sets the permissions, octal"),
    ("UTIME", "YYYYMMDDHHMM[SS] file, or file atime mtime ctime UTC: sets the time of last modification"),
    ("MKDIR", "directory: as MKD"),
    ("RMDIR", "directory: as RMD"),
    ("SYMLINK", "target name: makes a symbolic link, where the server lets it"),
    ("CPFR", "file: names what CPTO copies"),
    ("CPTO", "file: copies there what CPFR named, at once before; it appears whole or not at all"),
    ("IDLE", "[seconds]: how long a session without commands lasts; at most what the server has set"),
    ("UMASK", "[mask]: what new files are without, octal"),
    ("WHO", "your sessions"),
    ("QUOTA", "how much there is room for here"),
    ("HELP", "this list"),
];

pub(super) fn site(a: &[u8]) -> Result<Command, BadCommand> {
    let (verb, rest) = super::split(a);
    let is = |name: &str| verb.eq_ignore_ascii_case(name.as_bytes());
    match verb {
        b"" => Err(BadCommand::Syntax),
        _ if is("HELP") => Ok(Command::SiteHelp),
        _ if is("CHMOD") => {
            let (mode, path) = two(rest)?;
            Ok(Command::Set(Setting::Chmod { mode: octal(mode)?, path }))
        }
        _ if is("UTIME") => utime(rest),
        _ if is("MKDIR") => text(rest).map(Command::Mkd),
        _ if is("RMDIR") => text(rest).map(Command::Rmd),
        _ if is("SYMLINK") => {
            let (to, path) = two(rest)?;
            Ok(Command::Set(Setting::Symlink { to: to.to_vec(), path }))
        }
        _ if is("CPFR") => text(rest).map(Command::CopyFrom),
        _ if is("CPTO") => text(rest).map(Command::CopyTo),
        _ if is("IDLE") => match rest.trim_ascii() {
            b"" => Ok(Command::Idle(None)),
            seconds => {
                let seconds = u32::try_from(number(seconds)?).map_err(|_| BadCommand::Syntax)?;
                Ok(Command::Idle(Some(seconds)))
            }
        },
        _ if is("UMASK") => match rest.trim_ascii() {
            b"" => Ok(Command::Umask(None)),
            mask => octal(mask).map(|mask| Command::Umask(Some(mask))),
        },
        _ if is("WHO") => none(rest, Command::Who),
        _ if is("QUOTA") => none(rest, Command::Quota),
        _ => Err(BadCommand::Site),
    }
}

/// The nine bits of rwx; set-user-ID and its kin are nobody's to give away here.
fn octal(a: &[u8]) -> Result<u32, BadCommand> {
    let good = (1..=5).contains(&a.len()) && a.iter().all(|b| (b'0'..=b'7').contains(b));
    let mode = a.iter().fold(0, |n, b| n * 8 + u32::from(b.wrapping_sub(b'0')));
    match (good, mode) {
        (false, _) => Err(BadCommand::Syntax),
        (true, ..=0o777) => Ok(mode),
        (true, _) => Err(BadCommand::Parameter("permissions are the nine bits of rwx")),
    }
}

/// The form of Pure-FTPd, and the one of ProFTPD with its five words, of which the third is the one that is set.
fn utime(a: &[u8]) -> Result<Command, BadCommand> {
    let time = |word: &[u8]| match word.len() {
        12 => parse_time(&[word, b"00"].concat()),
        14 => parse_time(word),
        _ => None,
    };
    if let Some(rest) = a.strip_suffix(b" UTC") {
        let mut words = rest.rsplitn(4, |&b| b == b' ');
        let (_changed, modified, accessed) = (words.next(), words.next(), words.next());
        if let (Some(path), Some(modified), Some(_)) =
            (words.next(), modified.and_then(time), accessed.and_then(time))
        {
            return Ok(Command::Set(Setting::Utime { modified, path: text(path)? }));
        }
    }
    let (word, path) = two(a)?;
    let modified = time(word).ok_or(BadCommand::Syntax)?;
    Ok(Command::Set(Setting::Utime { modified, path }))
}

/// `Modify=20020717210715;UNIX.mode=0644;`
pub(super) fn facts_of_mff(a: &[u8]) -> Result<(Option<i64>, Option<u32>), BadCommand> {
    let (mut modified, mut mode) = (None, None);
    for fact in a.split(|&b| b == b';').filter(|fact| !fact.is_empty()) {
        let at = fact.iter().position(|&b| b == b'=').ok_or(BadCommand::Syntax)?;
        let (name, value) = (&fact[..at], &fact[at + 1..]);
        if name.eq_ignore_ascii_case(b"modify") {
            modified = Some(parse_time(value).ok_or(BadCommand::Syntax)?);
        } else if name.eq_ignore_ascii_case(b"unix.mode") {
            mode = Some(octal(value)?);
        } else {
            return Err(BadCommand::Parameter("MFF sets Modify and UNIX.mode"));
        }
    }
    if (modified, mode) == (None, None) { Err(BadCommand::Syntax) } else { Ok((modified, mode)) }
}

/// A name as it is, or in quotes with where to begin and where to end behind it.
pub(super) fn with_range(a: &[u8], by: Digester) -> Result<Command, BadCommand> {
    let Some(quoted) = a.strip_prefix(b"\"") else {
        return text(a).map(|path| Command::Digest { by, path, range: None });
    };
    let end = quoted.iter().rposition(|&b| b == b'"').ok_or(BadCommand::Syntax)?;
    let path = text(&quoted[..end])?;
    let numbers = quoted[end + 1..].split(|&b| b == b' ').filter(|w| !w.is_empty());
    let numbers: Vec<u64> = numbers.map(number).collect::<Result<_, _>>()?;
    let range = match numbers.as_slice() {
        [] => None,
        [from] => Some((*from, u64::MAX)),
        [from, to] if from <= to => Some((*from, *to)),
        _ => return Err(BadCommand::Syntax),
    };
    Ok(Command::Digest { by, path, range })
}

/// The most parts of one COMB; the line would have room for more.
const PARTS: usize = 64;

/// Names behind each other, in quotes where there are spaces in them.
pub(super) fn combined(a: &[u8]) -> Result<Command, BadCommand> {
    let (mut names, mut rest) = (Vec::new(), a.trim_ascii());
    while !rest.is_empty() {
        let (name, behind) = match rest.strip_prefix(b"\"") {
            Some(quoted) => {
                let end = quoted.iter().position(|&b| b == b'"').ok_or(BadCommand::Syntax)?;
                (&quoted[..end], &quoted[end + 1..])
            }
            None => super::split(rest),
        };
        names.push(text(name)?);
        rest = behind.trim_ascii_start();
    }
    if names.len() < 2 {
        return Err(BadCommand::Syntax);
    }
    if names.len() > PARTS + 1 {
        return Err(BadCommand::Parameter("at most 64 parts"));
    }
    let target = names.remove(0);
    Ok(Command::Combine { target, parts: names })
}
