//! Giving up root's rights once the ports are open.
//!
//! Before the first thread: identities hold for a thread, and all that come later have its.

use crate::config::Wanted;
use crate::exit::{Exit, Failure};
use sandbox::Become;
use std::str::FromStr;

/// Where the names of users are.
const PASSWD: &str = "/etc/passwd";

/// Whom to become.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RunAs(Become);

impl FromStr for RunAs {
    type Err = String;

    fn from_str(text: &str) -> Result<RunAs, String> {
        run_as(text)
    }
}

impl Wanted for RunAs {
    const WANTS: &'static str = "a user's name, or \"UID:GID\"";
    const EXAMPLE: &'static str = "1000:1000";
}

/// Reads `--run-as`: a user's name, or UID:GID.
fn run_as(text: &str) -> Result<RunAs, String> {
    if let Some((uid, gid)) = text.split_once(':') {
        let number = |n: &str| n.parse::<u32>().ok().filter(|n| *n != u32::MAX);
        return match (number(uid), number(gid)) {
            (Some(uid), Some(gid)) => {
                Become::new(uid, gid).map(RunAs).ok_or_else(|| String::from("0 is root"))
            }
            _ => Err(String::from("give a user's name, or two numbers: UID:GID")),
        };
    }
    let users = std::fs::read_to_string(PASSWD).map_err(|e| format!("{PASSWD}: {e}; give UID:GID"))?;
    find(&users, text)
}

fn find(users: &str, name: &str) -> Result<RunAs, String> {
    let line = users.lines().find(|l| l.split(':').next() == Some(name));
    let line = line.ok_or_else(|| format!("no such user in {PASSWD}; give UID:GID for another one"))?;
    let words: Vec<&str> = line.split(':').collect();
    match words[..] {
        [_, _, uid, gid, ..] => run_as(&format!("{uid}:{gid}")),
        _ => Err(format!("its line in {PASSWD} has no numbers")),
    }
}

impl RunAs {
    /// Becomes that user for good: no group, saved identity or capability of root's is left.
    pub(crate) fn become_it(self) -> Result<(), Failure> {
        self.0.become_it().map_err(|e| {
            Failure::new(Exit::Local, "--run-as", e, "start as root, or without a user to become")
        })
    }

    /// Whom.
    pub(crate) fn identity(self) -> Become {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_names_or_two_numbers_and_never_root() {
        let users =
            "root:x:0:0:root:/root:/bin/sh\ntftp:x:107:65534:,,,:/srv/tftp:/usr/sbin/nologin\nodd:x\n";
        let tftp = Become::new(107, 65_534).map(RunAs).unwrap();
        assert_eq!(find(users, "tftp"), Ok(tftp));
        assert_eq!(run_as("107:65534"), Ok(tftp));
        for bad in ["root", "odd", "tft", ""] {
            assert!(find(users, bad).is_err(), "{bad}");
        }
        for bad in ["0:5", "5:0", "x:y", "1:", ":", "4294967295:1"] {
            assert!(run_as(bad).is_err(), "{bad}");
        }
    }
}
