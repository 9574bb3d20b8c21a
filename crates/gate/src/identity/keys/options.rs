//! What may stand before a key, as a table.

use super::line::{BadKey, shortened};
use super::shown::Certificate;
use super::sources::Sources;
use clock::civil::Civil;
use std::time::{Duration, SystemTime};

/// What the options before a key come to.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Options {
    pub(super) from: Option<Sources>,
    pub(super) expires: Option<SystemTime>,
    pub(super) authority: Option<Authority>,
}

/// The key signs certificates and is none to log in with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Authority {
    /// Whom its certificates may be for; `None`: the user.
    principals: Option<Vec<String>>,
}

impl Authority {
    /// Whether a certificate is for this user. One that is for nobody in particular is for nobody.
    pub(super) fn names(&self, certificate: &Certificate, user: &str) -> bool {
        certificate.principals.iter().any(|principal| match &self.principals {
            Some(principals) => principals.contains(principal),
            None => principal == user,
        })
    }
}

/// What an option is to us.
enum Meaning {
    From,
    Expiry,
    Authority,
    Principals,
    /// About shells, terminals and forwarding, of which there are none here: as good as kept.
    Kept,
    /// The same, with a value.
    KeptWithValue,
    /// Not kept.
    NotKept(&'static str),
}

const OPTIONS: &[(&str, Meaning)] = &[
    ("from", Meaning::From),
    ("expiry-time", Meaning::Expiry),
    ("cert-authority", Meaning::Authority),
    ("principals", Meaning::Principals),
    ("restrict", Meaning::Kept),
    ("agent-forwarding", Meaning::Kept),
    ("no-agent-forwarding", Meaning::Kept),
    ("port-forwarding", Meaning::Kept),
    ("no-port-forwarding", Meaning::Kept),
    ("pty", Meaning::Kept),
    ("no-pty", Meaning::Kept),
    ("user-rc", Meaning::Kept),
    ("no-user-rc", Meaning::Kept),
    ("x11-forwarding", Meaning::Kept),
    ("no-x11-forwarding", Meaning::Kept),
    ("no-touch-required", Meaning::Kept),
    ("environment", Meaning::KeptWithValue),
    ("permitopen", Meaning::KeptWithValue),
    ("permitlisten", Meaning::KeptWithValue),
    ("tunnel", Meaning::KeptWithValue),
    ("command", Meaning::NotKept("no command is ever run here")),
    ("verify-required", Meaning::NotKept("whether somebody typed a PIN is not looked at here")),
];

/// Reads the options a line begins with; what is behind them.
pub(super) fn parse(line: &str) -> Result<(Options, &str), BadKey> {
    let mut options = Options::default();
    let mut principals = None;
    let mut seen: Vec<&'static str> = Vec::new();
    let mut rest = line;
    loop {
        let end = rest.find(['=', ',', ' ', '\t']).unwrap_or(rest.len());
        let word = &rest[..end];
        rest = &rest[end..];
        let Some((name, meaning)) = OPTIONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)) else {
            return Err(if word.is_empty() { BadKey::NoKey } else { BadKey::Unknown(shortened(word)) });
        };
        let value = match rest.strip_prefix('=') {
            None => None,
            Some(behind) => {
                let (value, behind) = quoted(name, behind)?;
                rest = behind;
                Some(value)
            }
        };
        let wants = || BadKey::Value { option: name, why: format!("needs a value: {name}=\"…\"") };
        let wrong = |why: String| BadKey::Value { option: name, why };
        // Of these only one counts, and which is nobody's guess.
        if !matches!(meaning, Meaning::Kept | Meaning::KeptWithValue) && seen.contains(name) {
            return Err(BadKey::Twice(name));
        }
        seen.push(name);
        match (meaning, value) {
            (Meaning::NotKept(why), _) => return Err(BadKey::NotKept { option: name, why }),
            (Meaning::Kept | Meaning::Authority, Some(_)) => {
                return Err(wrong(String::from("takes no value")));
            }
            (Meaning::From | Meaning::Expiry | Meaning::Principals | Meaning::KeptWithValue, None) => {
                return Err(wants());
            }
            (Meaning::From, Some(value)) => options.from = Some(Sources::parse(&value).map_err(wrong)?),
            (Meaning::Expiry, Some(value)) => options.expires = Some(time(&value).map_err(wrong)?),
            (Meaning::Principals, Some(value)) => principals = Some(names(&value).map_err(wrong)?),
            (Meaning::Authority, None) => options.authority = Some(Authority { principals: None }),
            (Meaning::Kept, None) | (Meaning::KeptWithValue, Some(_)) => {}
        }
        match rest.strip_prefix(',') {
            Some(behind) => rest = behind,
            None if rest.is_empty() || rest.starts_with([' ', '\t']) => break,
            None => return Err(BadKey::Unknown(shortened(rest))),
        }
    }
    match (&mut options.authority, principals) {
        (Some(authority), principals) => authority.principals = principals,
        (None, Some(_)) => return Err(BadKey::Principals),
        (None, None) => {}
    }
    Ok((options, rest.trim_start()))
}

/// A value in double quotes, in which `\"` is one; and what is behind it.
fn quoted<'a>(option: &'static str, text: &'a str) -> Result<(String, &'a str), BadKey> {
    let wrong = || BadKey::Value { option, why: format!("its value stands in quotes: {option}=\"…\"") };
    let mut rest = text.strip_prefix('"').ok_or_else(wrong)?;
    let mut value = String::new();
    loop {
        let end = rest.find(['"', '\\']).ok_or(BadKey::Quote)?;
        value.push_str(&rest[..end]);
        rest = &rest[end..];
        if let Some(behind) = rest.strip_prefix("\\\"") {
            value.push('"');
            rest = behind;
        } else if let Some(behind) = rest.strip_prefix('\\') {
            value.push('\\');
            rest = behind;
        } else {
            return Ok((value, &rest[1..]));
        }
    }
}

fn names(text: &str) -> Result<Vec<String>, String> {
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
    match names.iter().any(String::is_empty) {
        true => Err(String::from("a name is empty: write principals=\"alice,ops\"")),
        false => Ok(names),
    }
}

/// `YYYYMMDD[HHMM[SS]][Z]`. UTC in any case: the zone of a server is nothing that a key should hang on.
fn time(text: &str) -> Result<SystemTime, String> {
    let wrong =
        || format!("'{}' is no time: write YYYYMMDD, or YYYYMMDDHHMM with Z behind it", shortened(text));
    let digits = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    if !matches!(digits.len(), 8 | 12 | 14) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let number = |from: usize, len: usize| -> u8 {
        digits.get(from..from + len).map_or(0, |two| two.parse().expect("two digits"))
    };
    let year: u32 = digits[..4].parse().expect("four digits");
    let civil = Civil {
        year: year.into(),
        month: number(4, 2),
        day: number(6, 2),
        hour: number(8, 2),
        minute: number(10, 2),
        second: number(12, 2),
    };
    let is_month = (1..=12).contains(&civil.month);
    let seconds = if is_month { civil.to_unix() } else { 0 };
    // The 31st of February, or a 25th hour.
    if !is_month || Civil::from_unix(seconds) != civil {
        return Err(wrong());
    }
    Ok(SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).map_err(|_| wrong())?))
}
