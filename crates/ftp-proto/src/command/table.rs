use super::more::MORE;
use super::{
    Algorithm, BadCommand, Class, Command, During, Epsv, Level, Opts, Password, Representation, Row,
    Structure, TransferMode,
};
use crate::addr::{BadAddr, parse_eprt, parse_port};
use crate::list::Facts;
use alloc::vec::Vec;
use core::net::SocketAddr;

pub(super) const BASE: Row = Row {
    verb: "",
    alias: None,
    argument: "",
    help: "",
    class: Class::Session,
    login: true,
    data: false,
    keeps_restart: false,
    during: During::Waits,
    tls: false,
    feat: None,
    rfc: "959 §4.1.1",
    parse: |_| Err(BadCommand::Unknown),
};

/// Every verb, in the order of RFC 959 §4.1, then of the later RFCs, then of security, digests and what has no RFC.
pub const ROWS: &[Row] = &JOINED;

const JOINED: [Row; FIRST.len() + MORE.len()] = {
    let mut rows = [BASE; FIRST.len() + MORE.len()];
    let mut n = 0;
    while n < rows.len() {
        rows[n] = if n < FIRST.len() { FIRST[n] } else { MORE[n - FIRST.len()] };
        n += 1;
    }
    rows
};

const FIRST: &[Row] = &[
    Row {
        verb: "USER",
        argument: "name",
        help: "begins a login",
        login: false,
        during: During::Answers,
        parse: |a| text(a).map(Command::User),
        ..BASE
    },
    Row {
        verb: "PASS",
        argument: "password",
        help: "ends a login",
        login: false,
        during: During::Answers,
        // An empty password is one: anonymous clients send it.
        parse: |a| Ok(Command::Pass(Password(a.to_vec()))),
        ..BASE
    },
    Row {
        verb: "CWD",
        alias: Some("XCWD"),
        argument: "directory",
        help: "changes the directory",
        class: Class::Read,
        parse: |a| text(a).map(Command::Cwd),
        ..BASE
    },
    Row {
        verb: "CDUP",
        alias: Some("XCUP"),
        help: "changes to the directory above",
        class: Class::Read,
        parse: |a| none(a, Command::Cdup),
        ..BASE
    },
    Row {
        verb: "QUIT",
        help: "ends the session, after a running transfer",
        login: false,
        parse: |_| Ok(Command::Quit),
        ..BASE
    },
    Row {
        verb: "PORT",
        argument: "h1,h2,h3,h4,p1,p2",
        help: "the address that the server connects to: the client's own, or one that the owner grants",
        class: Class::Data,
        keeps_restart: true,
        rfc: "959 §4.1.2",
        parse: |a| match parse_port(a.trim_ascii()) {
            Ok(addr) => Ok(Command::Port(SocketAddr::V4(addr))),
            Err(BadAddr::Syntax | BadAddr::Family) => Err(BadCommand::Syntax),
        },
        ..BASE
    },
    Row {
        verb: "PASV",
        help: "the server listens for the data connection (IPv4)",
        class: Class::Data,
        keeps_restart: true,
        rfc: "959 §4.1.2",
        parse: |a| none(a, Command::Pasv),
        ..BASE
    },
    Row {
        verb: "TYPE",
        argument: "A [N] | E [N] | I | L 8",
        help: "how file octets are represented; E is IBM-1047",
        rfc: "959 §4.1.2",
        parse: representation,
        ..BASE
    },
    Row {
        verb: "STRU",
        argument: "F | R | P",
        help: "file structure: octets, records (lines), pages",
        rfc: "959 §4.1.2",
        parse: structure,
        ..BASE
    },
    Row {
        verb: "MODE",
        argument: "S | B | C | Z",
        help: "transfer mode: stream, blocks, compressed runs, deflated stream",
        // MODE Z is not told: lftp deflates whatever it moves wherever it is, be the line faster than that or not.
        feat: None,
        rfc: "959 §4.1.2; draft-preston-ftpext-deflate",
        parse: transfer_mode,
        ..BASE
    },
    Row {
        verb: "RETR",
        argument: "file",
        help: "sends a file",
        class: Class::Read,
        data: true,
        rfc: "959 §4.1.3",
        parse: |a| text(a).map(Command::Retr),
        ..BASE
    },
    Row {
        verb: "STOR",
        argument: "file",
        help: "receives a file; it appears whole or not at all",
        class: Class::Write,
        data: true,
        rfc: "959 §4.1.3",
        parse: |a| text(a).map(Command::Stor),
        ..BASE
    },
    Row {
        verb: "APPE",
        argument: "file",
        help: "receives octets for the end of a file",
        class: Class::Write,
        data: true,
        rfc: "959 §4.1.3",
        parse: |a| text(a).map(Command::Appe),
        ..BASE
    },
    Row {
        verb: "ALLO",
        argument: "octets [R octets]",
        help: "announces the size of the next upload: there has to be room, and it is held to it",
        class: Class::Write,
        rfc: "959 §4.1.3",
        parse: allo,
        ..BASE
    },
    Row {
        verb: "REST",
        argument: "offset",
        help: "the next transfer begins at this octet",
        class: Class::Read,
        feat: Some("REST STREAM"),
        rfc: "3659 §5",
        parse: |a| number(a.trim_ascii()).map(Command::Rest),
        ..BASE
    },
    Row {
        verb: "RNFR",
        argument: "name",
        help: "names what RNTO renames",
        class: Class::Write,
        rfc: "959 §4.1.3",
        parse: |a| text(a).map(Command::Rnfr),
        ..BASE
    },
    Row {
        verb: "RNTO",
        argument: "name",
        help: "renames what RNFR named, at once before",
        class: Class::Write,
        rfc: "959 §4.1.3",
        parse: |a| text(a).map(Command::Rnto),
        ..BASE
    },
    Row {
        verb: "ABOR",
        help: "breaks off a running transfer, or a copy within the tree",
        class: Class::Data,
        during: During::Answers,
        rfc: "959 §4.1.3",
        parse: |_| Ok(Command::Abor),
        ..BASE
    },
    Row {
        verb: "DELE",
        argument: "file",
        help: "removes a file",
        class: Class::Write,
        rfc: "959 §4.1.3",
        parse: |a| text(a).map(Command::Dele),
        ..BASE
    },
    Row {
        verb: "RMD",
        alias: Some("XRMD"),
        argument: "directory",
        help: "removes an empty directory",
        class: Class::Write,
        rfc: "959 §4.1.3",
        parse: |a| text(a).map(Command::Rmd),
        ..BASE
    },
    Row {
        verb: "MKD",
        alias: Some("XMKD"),
        argument: "directory",
        help: "makes a directory",
        class: Class::Write,
        rfc: "959 §4.1.3",
        parse: |a| text(a).map(Command::Mkd),
        ..BASE
    },
    Row {
        verb: "PWD",
        alias: Some("XPWD"),
        help: "shows the directory",
        class: Class::Read,
        during: During::Answers,
        rfc: "959 §4.1.3",
        parse: |a| none(a, Command::Pwd),
        ..BASE
    },
    Row {
        verb: "LIST",
        argument: "[-options] [path]",
        help: "lists like ls -l; options are ignored; * ? [a-z] in the last name match",
        class: Class::Read,
        data: true,
        rfc: "959 §4.1.3",
        parse: |a| Ok(Command::List(without_options(a).to_vec())),
        ..BASE
    },
    Row {
        verb: "NLST",
        argument: "[-options] [path]",
        help: "lists names only; * ? [a-z] in the last name match",
        class: Class::Read,
        data: true,
        rfc: "959 §4.1.3",
        parse: |a| Ok(Command::Nlst(without_options(a).to_vec())),
        ..BASE
    },
    Row {
        verb: "SYST",
        help: "names the kind of system",
        login: false,
        during: During::Answers,
        rfc: "959 §4.1.3",
        parse: |a| none(a, Command::Syst),
        ..BASE
    },
    Row {
        verb: "STAT",
        argument: "[path]",
        help: "the session's state, or a listing over the control connection",
        class: Class::Read,
        during: During::Answers,
        rfc: "959 §4.1.3",
        parse: |a| Ok(Command::Stat(some(a).map(without_options).map(<[u8]>::to_vec))),
        ..BASE
    },
    Row {
        verb: "HELP",
        argument: "[verb]",
        help: "lists the verbs or explains one",
        login: false,
        during: During::Answers,
        rfc: "959 §4.1.3",
        parse: |a| Ok(Command::Help(some(a.trim_ascii()).map(<[u8]>::to_vec))),
        ..BASE
    },
    Row {
        verb: "NOOP",
        help: "does nothing",
        login: false,
        during: During::Answers,
        rfc: "959 §4.1.3",
        parse: |_| Ok(Command::Noop),
        ..BASE
    },
    Row {
        verb: "FEAT",
        help: "lists the extensions",
        login: false,
        during: During::Answers,
        rfc: "2389 §3",
        parse: |a| none(a, Command::Feat),
        ..BASE
    },
    Row {
        verb: "OPTS",
        argument: "UTF8 [ON] | MLST facts | HASH [algorithm] | MODE Z [LEVEL n]",
        help: "sets an option of another verb",
        login: false,
        rfc: "2389 §4",
        parse: opts,
        ..BASE
    },
    Row {
        verb: "EPRT",
        argument: "|family|address|port|",
        help: "as PORT, for both families",
        class: Class::Data,
        keeps_restart: true,
        feat: Some("EPRT"),
        rfc: "2428 §2",
        parse: |a| match parse_eprt(a.trim_ascii()) {
            Ok(addr) => Ok(Command::Eprt(addr)),
            Err(BadAddr::Syntax) => Err(BadCommand::Syntax),
            Err(BadAddr::Family) => Err(BadCommand::Family),
        },
        ..BASE
    },
    Row {
        verb: "EPSV",
        argument: "[1 | 2 | ALL]",
        help: "as PASV, for both families; ALL refuses every other way from then on",
        class: Class::Data,
        keeps_restart: true,
        feat: Some("EPSV"),
        rfc: "2428 §3",
        parse: epsv,
        ..BASE
    },
    Row {
        verb: "SIZE",
        argument: "file",
        help: "octets of a file, in TYPE I",
        class: Class::Read,
        feat: Some("SIZE"),
        rfc: "3659 §4",
        parse: |a| text(a).map(Command::Size),
        ..BASE
    },
    Row {
        verb: "MDTM",
        argument: "file",
        help: "time of last modification, UTC",
        class: Class::Read,
        feat: Some("MDTM"),
        rfc: "3659 §3",
        parse: |a| text(a).map(Command::Mdtm),
        ..BASE
    },
    Row {
        verb: "MLST",
        argument: "[path]",
        help: "facts of one file or directory, over the control connection",
        class: Class::Read,
        rfc: "3659 §7",
        parse: |a| Ok(Command::Mlst(a.to_vec())),
        ..BASE
    },
    Row {
        verb: "MLSD",
        argument: "[directory]",
        help: "lists facts, for programs",
        class: Class::Read,
        data: true,
        rfc: "3659 §7",
        parse: |a| Ok(Command::Mlsd(a.to_vec())),
        ..BASE
    },
];

/// Verbs of the RFCs that are not implemented, with their source: an honest 502.
pub const ABSENT: &[(&str, &str)] = &[("SMNT", "959")];

pub(super) fn some(a: &[u8]) -> Option<&[u8]> {
    (!a.is_empty()).then_some(a)
}

pub(super) fn text(a: &[u8]) -> Result<Vec<u8>, BadCommand> {
    some(a).map(<[u8]>::to_vec).ok_or(BadCommand::Syntax)
}

pub(super) fn none(a: &[u8], command: Command) -> Result<Command, BadCommand> {
    if a.trim_ascii().is_empty() { Ok(command) } else { Err(BadCommand::Syntax) }
}

/// A word, and everything behind its space.
pub(super) fn two(a: &[u8]) -> Result<(&[u8], Vec<u8>), BadCommand> {
    let at = a.iter().position(|&b| b == b' ').ok_or(BadCommand::Syntax)?;
    Ok((&a[..at], text(&a[at + 1..])?))
}

/// Digits only, up to 2^63 - 1: what a file offset can be.
pub(super) fn number(a: &[u8]) -> Result<u64, BadCommand> {
    if a.is_empty() || !a.iter().all(u8::is_ascii_digit) {
        return Err(BadCommand::Syntax);
    }
    let value = a.iter().try_fold(0u64, |n, d| n.checked_mul(10)?.checked_add(u64::from(d - b'0')));
    value.filter(|&v| i64::try_from(v).is_ok()).ok_or(BadCommand::Syntax)
}

/// One letter: none is 501, another than we have is 504.
fn letter(a: &[u8]) -> Result<u8, BadCommand> {
    match a.trim_ascii() {
        [] => Err(BadCommand::Syntax),
        [letter] => Ok(letter.to_ascii_uppercase()),
        _ => Ok(0),
    }
}

fn structure(a: &[u8]) -> Result<Command, BadCommand> {
    Ok(Command::Stru(match letter(a)? {
        b'F' => Structure::File,
        b'R' => Structure::Record,
        b'P' => Structure::Page,
        _ => return Err(BadCommand::Parameter("only STRU F, R and P")),
    }))
}

fn transfer_mode(a: &[u8]) -> Result<Command, BadCommand> {
    Ok(Command::Mode(match letter(a)? {
        b'S' => TransferMode::Stream,
        b'B' => TransferMode::Block,
        b'C' => TransferMode::Compressed,
        b'Z' => TransferMode::Deflate(Level::default()),
        _ => return Err(BadCommand::Parameter("only MODE S, B, C and Z")),
    }))
}

fn representation(a: &[u8]) -> Result<Command, BadCommand> {
    let upper = a.trim_ascii().to_ascii_uppercase();
    let mut words = upper.split(|&b| b == b' ').filter(|w| !w.is_empty());
    let (first, second) = (words.next().ok_or(BadCommand::Syntax)?, words.next());
    if words.next().is_some() {
        return Err(BadCommand::Syntax);
    }
    match (first, second) {
        (b"A", None | Some(b"N")) => Ok(Command::Type(Representation::Ascii)),
        (b"E", None | Some(b"N")) => Ok(Command::Type(Representation::Ebcdic)),
        (b"I", None) => Ok(Command::Type(Representation::Image)),
        (b"L", Some(b"8")) => Ok(Command::Type(Representation::Image)),
        (b"L", None) | (b"I", Some(_)) => Err(BadCommand::Syntax),
        _ => Err(BadCommand::Parameter("only TYPE A, A N, E, E N, I and L 8")),
    }
}

/// RFC 959 §4.1.3: `ALLO n [R m]`; the record size means nothing to files without records.
fn allo(a: &[u8]) -> Result<Command, BadCommand> {
    let mut words = a.split(|&b| b == b' ').filter(|w| !w.is_empty());
    let octets = number(words.next().ok_or(BadCommand::Syntax)?)?;
    match (words.next(), words.next(), words.next()) {
        (None, None, None) => Ok(Command::Allo(octets)),
        (Some(b"R" | b"r"), Some(m), None) => number(m).map(|_| Command::Allo(octets)),
        _ => Err(BadCommand::Syntax),
    }
}

fn epsv(a: &[u8]) -> Result<Command, BadCommand> {
    let a = a.trim_ascii();
    Ok(Command::Epsv(match a {
        b"" => Epsv::Any,
        b"1" => Epsv::V4,
        b"2" => Epsv::V6,
        a if a.eq_ignore_ascii_case(b"ALL") => Epsv::All,
        a if a.iter().all(u8::is_ascii_digit) => Epsv::Unknown,
        _ => return Err(BadCommand::Syntax),
    }))
}

fn opts(a: &[u8]) -> Result<Command, BadCommand> {
    let mut words = a.splitn(2, |&b| b == b' ');
    let what = words.next().unwrap_or_default();
    let value = words.next().unwrap_or_default();
    if what.eq_ignore_ascii_case(b"UTF8") || what.eq_ignore_ascii_case(b"UTF-8") {
        return match value.trim_ascii() {
            v if v.is_empty() || v.eq_ignore_ascii_case(b"ON") => Ok(Command::Opts(Opts::Utf8)),
            _ => Err(BadCommand::Parameter("names are octets; UTF8 cannot be switched off")),
        };
    }
    if what.eq_ignore_ascii_case(b"HASH") {
        let name = value.trim_ascii();
        let known = || Algorithm::ALL.into_iter().find(|a| a.name().as_bytes().eq_ignore_ascii_case(name));
        return match (name, known()) {
            (b"", _) => Ok(Command::Opts(Opts::Hash(None))),
            (_, Some(algorithm)) => Ok(Command::Opts(Opts::Hash(Some(algorithm)))),
            (_, None) => Err(BadCommand::Parameter("FEAT lists the algorithms of HASH")),
        };
    }
    if what.eq_ignore_ascii_case(b"MLST") {
        return Ok(Command::Opts(Opts::Mlst(Facts::named(value.trim_ascii()))));
    }
    if what.eq_ignore_ascii_case(b"MODE") {
        return deflate(value);
    }
    if what.is_empty() { Err(BadCommand::Syntax) } else { Err(BadCommand::Parameter("no such option")) }
}

/// draft-preston-ftpext-deflate §3: of its options LEVEL is the one that means something here.
fn deflate(a: &[u8]) -> Result<Command, BadCommand> {
    let upper = a.to_ascii_uppercase();
    let words: Vec<&[u8]> = upper.split(|&b| b == b' ').filter(|w| !w.is_empty()).collect();
    match words.as_slice() {
        [b"Z"] => Ok(Command::Opts(Opts::Deflate(None))),
        [b"Z", b"LEVEL", level] => {
            let level = u8::try_from(number(level)?).ok().and_then(Level::new);
            let level = level.ok_or(BadCommand::Parameter("levels are 1 to 9"))?;
            Ok(Command::Opts(Opts::Deflate(Some(level))))
        }
        [] => Err(BadCommand::Syntax),
        _ => Err(BadCommand::Parameter("only OPTS MODE Z LEVEL")),
    }
}

/// Leaves out `-la` and the like: clients send options of ls, which we have not.
fn without_options(a: &[u8]) -> &[u8] {
    let mut rest = a;
    while rest.first() == Some(&b'-') {
        let end = rest.iter().position(|&b| b == b' ').unwrap_or(rest.len());
        rest = &rest[end..];
        rest = rest.strip_prefix(b" ").unwrap_or(rest);
    }
    rest
}
