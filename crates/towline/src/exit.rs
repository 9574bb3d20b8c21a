//! Exit codes, and the one line that goes with a failure.

use client::{ClientError, Offer, Profile, ProxyFault, SshFault, WireCode};
use std::fmt;
use std::process::ExitCode;

/// What the process ends with. `docs/exit-codes.md` is made from [`Exit::ALL`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Exit {
    /// Everything that was asked for is done.
    Done = 0,
    /// It failed, for a reason that no other code names.
    Failed = 1,
    /// The command line or the configuration is wrong; nothing was tried.
    Usage = 2,
    /// The other end cannot be reached: no such host, port closed, no answer.
    Unreachable = 3,
    /// The other end refuses: rights, user or password, a file that may not be replaced.
    Refused = 4,
    /// The file is not there.
    Absent = 5,
    /// The octets are not the ones that were expected.
    Integrity = 6,
    /// Our own file, directory or port: cannot be read, written or opened.
    Local = 7,
    /// Some of many failed, others are done.
    Some = 8,
    /// Ctrl-C, or the signal TERM.
    Interrupted = 130,
}

impl Exit {
    /// Every code with what it means, in order.
    pub const ALL: [(Exit, &'static str); 10] = [
        (Exit::Done, "Done: everything that was asked for is done."),
        (Exit::Failed, "Failed, for a reason that no other code names."),
        (Exit::Usage, "Usage: the command line or the configuration is wrong; nothing was tried."),
        (Exit::Unreachable, "Unreachable: no such host, port closed, no answer, or the answers stopped."),
        (
            Exit::Refused,
            "Refused: rights, user or password, a file that may not be replaced, no space there.",
        ),
        (Exit::Absent, "Absent: the file is not there."),
        (Exit::Integrity, "Integrity: the octets are not the ones that were expected."),
        (Exit::Local, "Local: a file, directory or port of this host cannot be read, written or opened."),
        (Exit::Some, "Some of many failed; the others are done."),
        (Exit::Interrupted, "Interrupted: Ctrl-C or SIGTERM before it was done."),
    ];

    /// The number.
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// Why a command did not do its work: `thing: what; way out` on one line, and the exit code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The code.
    pub exit: Exit,
    /// The file, port, URL or option that it is about.
    pub thing: String,
    /// What is wrong with it.
    pub what: String,
    /// What to do about it; may be empty.
    pub way_out: String,
}

impl Failure {
    /// A failure about `thing`.
    pub fn new(
        exit: Exit,
        thing: impl fmt::Display,
        what: impl fmt::Display,
        way_out: impl fmt::Display,
    ) -> Self {
        Failure { exit, thing: thing.to_string(), what: what.to_string(), way_out: way_out.to_string() }
    }

    /// A wrong command line.
    pub fn usage(thing: impl fmt::Display, what: impl fmt::Display, way_out: impl fmt::Display) -> Self {
        Failure::new(Exit::Usage, thing, what, way_out)
    }

    /// A local file that cannot be used: absent, or any other local fault.
    pub fn local(thing: impl fmt::Display, error: &std::io::Error) -> Self {
        use std::io::ErrorKind as K;
        let (exit, what, way_out) = match error.kind() {
            K::NotFound => (Exit::Absent, "no such file or directory", "check the name"),
            K::PermissionDenied => (Exit::Local, "permission denied", "check who may read and write it"),
            K::StorageFull | K::QuotaExceeded => (Exit::Local, "no space left", "make room and try again"),
            K::ReadOnlyFilesystem => (Exit::Local, "the file system is read-only", "choose another place"),
            K::IsADirectory => (Exit::Local, "is a directory", "name a file"),
            K::NotADirectory => (Exit::Local, "a part of it is not a directory", "check the name"),
            K::AlreadyExists => (Exit::Local, "exists already", "remove it or choose another name"),
            _ => return Failure::new(Exit::Local, thing, error, ""),
        };
        Failure::new(exit, thing, what, way_out)
    }

    /// A transfer that failed at `url`. The one place where a client's error becomes an exit code.
    pub fn transfer(url: impl fmt::Display, error: &ClientError) -> Self {
        use ClientError as E;
        let (exit, way_out) = match error {
            E::Resolve { .. } => (Exit::Unreachable, "check the host's name, or give its address"),
            E::Unreachable { .. } => {
                (Exit::Unreachable, "check the address, the port and that the server runs")
            }
            E::TimedOut { phase: client::Phase::BeforeAnswer, .. } => {
                (Exit::Unreachable, "check the address, the server and any firewall between")
            }
            E::TimedOut { .. } => (Exit::Unreachable, "try again; --trace shows where it stops"),
            E::Absent { .. } => (Exit::Absent, "check the name, upper and lower case too"),
            E::NotDirectory => (Exit::Usage, COPY_COPIES),
            E::Denied { .. } => {
                (Exit::Refused, "check the rights there; towline serve wants --write for uploads")
            }
            E::Login { code: WireCode::Ssh(_), .. } => (
                Exit::Refused,
                "check the user (sftp://user@host/...); -i FILE gives a key, and a terminal is asked",
            ),
            E::Login { .. } => (Exit::Refused, "check user and password (ftp://user:password@host/...)"),
            E::HostKey { .. } => (
                Exit::Refused,
                "compare it with ssh-keygen -l there; then --host-key accept-new, or --host-key SHA256:... for this once",
            ),
            E::Certificate { .. } => (
                Exit::Refused,
                "compare it with what the server says of itself (openssl x509 -fingerprint -sha256); then --cert-pin with that",
            ),
            E::Ssh(SshFault::NothingInCommon { offer, .. }) => (Exit::Failed, older(offer.as_deref())),
            E::Ssh(SshFault::Terrapin { .. }) => (
                Exit::Failed,
                "update the server: it needs strict key exchange, AES-GCM or AES-CTR (CVE-2023-48795)",
            ),
            E::Ssh(SshFault::NotThere(_)) => {
                (Exit::Failed, "is it enabled there? sftp:// and scp:// are two things")
            }
            E::Exists { .. } => (Exit::Refused, "choose another name, or remove the old file there"),
            E::NoSpace { .. } => (Exit::Refused, "make room on the server"),
            E::Proxy { fault: ProxyFault::WantsLogin(_) | ProxyFault::Login(_), .. } => {
                (Exit::Refused, "give the proxy user and password (--proxy socks5://user:password@host)")
            }
            E::Proxy { fault: ProxyFault::Refused { .. }, .. } => {
                (Exit::Refused, "ask who runs the proxy to allow that host and port, or --proxy off")
            }
            E::Proxy { fault: ProxyFault::Unreachable { .. }, .. } => {
                (Exit::Unreachable, "check the server, as the proxy sees it")
            }
            E::Proxy { fault: ProxyFault::NotThere(_) | ProxyFault::Silent(_), .. } => {
                (Exit::Unreachable, "check --proxy or ALL_PROXY, and that the proxy runs")
            }
            E::Proxy { .. } => (Exit::Failed, "is it a proxy of that kind? --proxy off goes without it"),
            E::NoData { .. } => (Exit::Unreachable, "a firewall or NAT between? try --passive or --active"),
            E::Truncated { .. } => (Exit::Integrity, "copy it again"),
            E::Changed { .. } => (Exit::Integrity, "copy it again when nobody writes it"),
            E::Local(source) => {
                return Failure { exit: Exit::Local, ..Failure::local(url, source) };
            }
            E::Cancelled => (Exit::Interrupted, ""),
            E::Server { .. } | E::Protocol { .. } | E::Network(_) => {
                (Exit::Failed, "--trace shows what was said")
            }
            _ => (Exit::Failed, ""),
        };
        Failure::new(exit, url, error, way_out)
    }
}

/// What to do about a file where a directory is wanted.
pub const COPY_COPIES: &str = "towline copy copies a file";

/// The profile that would connect to whom the one that was used has nothing in common with.
fn older(offer: Option<&Offer>) -> &'static str {
    let connects = |offer: &Offer| Profile::ALL.into_iter().find(|profile| profile.meets(offer).is_ok());
    match offer.map(connects) {
        Some(Some(Profile::Compat)) => "--ssh-profile compat connects, and is remembered for this host",
        Some(Some(Profile::LegacyIos)) => {
            "--ssh-profile legacy-ios connects, and is remembered for this host"
        }
        Some(Some(Profile::Modern)) => "--ssh-profile modern connects",
        Some(None) => "no --ssh-profile connects: the server needs an update",
        None => "old servers want --ssh-profile compat, old devices legacy-ios",
    }
}

/// Several things of which some failed.
#[derive(Clone, Copy, Debug)]
pub struct Several {
    /// How many there were.
    pub of: usize,
    /// Those that were done.
    pub done: usize,
    /// What they are: `files`.
    pub things: &'static str,
    /// What those that failed are: `not copied`.
    pub undone: &'static str,
    /// Whether somebody ended it.
    pub is_interrupted: bool,
}

/// Faults that the last line names; all were told when they happened.
pub const NAMED: usize = 5;

impl Several {
    /// All of them as one.
    pub fn failure(&self, failed: &[&Failure]) -> Failure {
        let same = failed.first().filter(|first| failed.iter().all(|f| f.exit == first.exit));
        self.among(failed.len(), same.map(|all| all.exit), failed)
    }

    /// The same where not every failure is there any more: how many there were, the exit code that all of them had,
    /// and the first ones.
    pub fn among(&self, failed: usize, same: Option<Exit>, first: &[&Failure]) -> Failure {
        let exit = match (self.is_interrupted, self.done, same) {
            (true, _, _) => Exit::Interrupted,
            (false, 1.., _) => Exit::Some,
            (false, 0, Some(all)) => all,
            (false, 0, None) => Exit::Failed,
        };
        let mut reasons: Vec<String> = first
            .iter()
            .take(NAMED)
            .map(|f| format!("{}: {}", f.thing, f.what.trim_end_matches(['.', ' '])))
            .collect();
        if failed > reasons.len() {
            reasons.push(format!("and {} more", failed - reasons.len()));
        }
        let left = self.of - self.done - failed;
        if left > 0 {
            reasons.push(format!("{left} were not begun"));
        }
        let Several { of, done, things, undone, .. } = self;
        let thing = format!("{} of {of} {things}", of - done);
        Failure::new(exit, thing, format!("{undone}: {}", reasons.join("; ")), "")
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A server's words end in what they like; the line is ours.
        let what = self.what.trim_end_matches(['.', ' ', '\r', '\n']);
        write!(f, "{}: {what}", self.thing)?;
        if !self.way_out.is_empty() {
            write!(f, "; {}", self.way_out)?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

/// `docs/exit-codes.md`.
pub fn document() -> String {
    let mut out = String::from(
        "# Exit codes\n\nEvery command ends with one of these, and with one line on stderr when it is not 0:\n\
         `towline: thing: what is wrong; way out`. This file is made from `crates/towline/src/exit.rs`, and a test\n\
         holds it.\n\n| code | meaning |\n|---:|---|\n",
    );
    for (exit, meaning) in Exit::ALL {
        out.push_str(&format!("| {} | {meaning} |\n", exit.code()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn codes_are_the_documented_ones() {
        let codes: Vec<u8> = Exit::ALL.iter().map(|(e, _)| e.code()).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 7, 8, 130]);
    }

    #[test]
    fn a_failure_is_one_line_with_a_way_out() {
        let error = ClientError::Absent { code: client::WireCode::Tftp(1), text: "File not found.\n".into() };
        let failure = Failure::transfer("tftp://h/x", &error);
        assert_eq!(failure.exit, Exit::Absent);
        let line = failure.to_string();
        assert!(!line.contains('\n'), "{line:?}");
        assert!(line.starts_with("tftp://h/x: no such file on the server: File not found; check"), "{line}");
    }

    #[test]
    fn a_full_local_disk_is_local_even_where_the_name_is_absent() {
        let error = ClientError::Local(io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(Failure::transfer("x", &error).exit, Exit::Local);
        let absent = io::Error::from(io::ErrorKind::NotFound);
        assert_eq!(Failure::local("x", &absent).exit, Exit::Absent);
        assert_eq!(Failure::transfer("x", &ClientError::Local(absent)).exit, Exit::Local);
    }
}
