//! A grant's lines in the journal: a word, then `key=value` with spaces between.
//!
//! ```text
//! grant id=k3x9pq hash=5f… made=1795673100 until=1795680300 uses=1 verbs=read user=grant-k3x9pq from=10.0.0.2 path=/a%20b
//! use id=k3x9pq at=1795673160
//! back id=k3x9pq
//! revoke id=k3x9pq at=1795673170
//! ```

use super::Grant;
use crate::{Net, Rights};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use store::VPath;

/// A line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Line {
    /// One was made.
    Made(Box<Grant>),
    /// One was used.
    Used { id: String, at: SystemTime },
    /// A use was given back.
    Back { id: String },
    /// One was taken back.
    Revoked { id: String, at: SystemTime },
}

impl Line {
    pub(super) fn write(&self) -> String {
        match self {
            Line::Made(g) => {
                let hash: String = g.hash.iter().map(|b| format!("{b:02x}")).collect();
                let from = g.from.iter().map(Net::to_string).collect::<Vec<_>>().join(",");
                let uses = g.uses.map_or_else(|| String::from("any"), |n| n.to_string());
                let (made, until) = (seconds(g.made), seconds(g.until));
                let (id, verbs, user, path) = (&g.id, g.rights, &g.user, escaped(g.path.as_bytes()));
                format!(
                    "grant id={id} hash={hash} made={made} until={until} uses={uses} verbs={verbs} \
                     user={user} from={from} path={path}"
                )
            }
            Line::Used { id, at } => format!("use id={id} at={}", seconds(*at)),
            Line::Back { id } => format!("back id={id}"),
            Line::Revoked { id, at } => format!("revoke id={id} at={}", seconds(*at)),
        }
    }

    /// `None`: of a later version, or none of ours.
    pub(super) fn read(text: &str) -> Option<Line> {
        let (word, rest) = text.split_once(' ')?;
        let of = |key: &str| {
            rest.split(' ').find_map(|f| f.split_once('=').filter(|(k, _)| *k == key)).map(|f| f.1)
        };
        let id = of("id")?.to_owned();
        let at = || of("at").and_then(moment);
        Some(match word {
            "grant" => {
                let nets =
                    |list: &str| list.split(',').map(|n| n.parse::<Net>().ok()).collect::<Option<Vec<_>>>();
                let uses = match of("uses")? {
                    "any" => None,
                    n => Some(n.parse().ok()?),
                };
                Line::Made(Box::new(Grant {
                    id,
                    hash: hash(of("hash")?)?,
                    made: moment(of("made")?)?,
                    until: moment(of("until")?)?,
                    uses,
                    rights: of("verbs")?.parse::<Rights>().ok()?,
                    user: of("user")?.to_owned(),
                    from: nets(of("from")?)?,
                    path: VPath::parse(&plain(of("path")?)?).ok()?,
                }))
            }
            "use" => Line::Used { id, at: at()? },
            "back" => Line::Back { id },
            "revoke" => Line::Revoked { id, at: at()? },
            _ => return None,
        })
    }
}

fn seconds(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// A time as it is read back: whole seconds.
pub(super) fn whole(at: SystemTime) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds(at))
}

fn moment(text: &str) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_secs(text.parse().ok()?))
}

fn hash(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (n, b) in hash.iter_mut().enumerate() {
        *b = u8::from_str_radix(&text[2 * n..2 * n + 2], 16).ok()?;
    }
    Some(hash)
}

/// Octets as text without spaces: `%20`.
fn escaped(octets: &[u8]) -> String {
    let mut out = String::new();
    for &b in octets {
        match b {
            b'%' | 0..=b' ' | 0x7f.. => out.push_str(&format!("%{b:02X}")),
            b => out.push(char::from(b)),
        }
    }
    out
}

fn plain(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&b, after)) = rest.split_first() {
        rest = if b == b'%' {
            let hex = std::str::from_utf8(after.get(..2)?).ok()?;
            out.push(u8::from_str_radix(hex, 16).ok()?);
            &after[2..]
        } else {
            out.push(b);
            after
        };
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_they_were_written() {
        let at = UNIX_EPOCH + Duration::from_secs(1_795_673_100);
        let grant = |path: &[u8], uses, from: &[&str]| {
            Line::Made(Box::new(Grant {
                id: "k3x9pq".into(),
                hash: [0x5f; 32],
                made: at,
                until: at + Duration::from_secs(7_200),
                uses,
                rights: "read,list".parse().unwrap(),
                user: "bob".into(),
                from: from.iter().map(|n| n.parse().unwrap()).collect(),
                path: VPath::parse(path).unwrap(),
            }))
        };
        for line in [
            grant(b"/images/a b%\xff\xc3\xa4=.bin", Some(3), &["10.0.0.0/8", "2001:db8::1"]),
            grant(b"/", None, &["10.0.0.2"]),
            Line::Used { id: "k3x9pq".into(), at },
            Line::Back { id: "k3x9pq".into() },
            Line::Revoked { id: "k3x9pq".into(), at },
        ] {
            let text = line.write();
            assert!(!text.contains('\n') && text.is_ascii(), "{text}");
            assert_eq!(Line::read(&text), Some(line), "{text}");
        }
        for none in ["", "use", "use id=x", "grant id=x", "later id=x", "use id=x at=y"] {
            assert_eq!(Line::read(none), None, "{none}");
        }
    }
}
