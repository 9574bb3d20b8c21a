//! The rows of what came after RFC 959 and RFC 3659: security, facts, digests, and verbs without an RFC.

use super::site::{combined, facts_of_mff, site, with_range};
use super::table::{BASE, none, number, some, text, two};
use super::{Algorithm, BadCommand, Class, Command, Digester, Mechanism, Protection, Row, Setting, Sscn};
use crate::list::parse_time;
use core::net::Ipv6Addr;

pub(super) const MORE: &[Row] = &[
    Row {
        verb: "AUTH",
        argument: "TLS",
        help: "puts the control connection under TLS; a login begins anew",
        login: false,
        tls: true,
        feat: Some("AUTH TLS"),
        rfc: "4217 §4",
        parse: auth,
        ..BASE
    },
    Row {
        verb: "PBSZ",
        argument: "0",
        help: "must come before PROT; TLS has no buffer to agree on",
        login: false,
        tls: true,
        feat: Some("PBSZ"),
        rfc: "4217 §8",
        parse: |a| number(a.trim_ascii()).map(|_| Command::Pbsz),
        ..BASE
    },
    Row {
        verb: "PROT",
        argument: "C | P",
        help: "whether data connections are under TLS: P they are, C they are not",
        login: false,
        tls: true,
        feat: Some("PROT"),
        rfc: "4217 §9",
        parse: protection,
        ..BASE
    },
    Row {
        verb: "CCC",
        help: "takes the control connection out of TLS again, where the owner allows it",
        tls: true,
        rfc: "4217 §6",
        parse: |a| none(a, Command::Ccc),
        ..BASE
    },
    Row {
        verb: "SSCN",
        argument: "[ON | OFF]",
        help: "ON: on data connections under TLS this server is the client, for transfers from server to server",
        class: Class::Data,
        keeps_restart: true,
        tls: true,
        feat: Some("SSCN"),
        rfc: "practice of servers",
        parse: |a| match &*a.trim_ascii().to_ascii_uppercase() {
            b"" => Ok(Command::Sscn(Sscn::Tell)),
            b"ON" => Ok(Command::Sscn(Sscn::On)),
            b"OFF" => Ok(Command::Sscn(Sscn::Off)),
            _ => Err(BadCommand::Syntax),
        },
        ..BASE
    },
    Row {
        verb: "CPSV",
        help: "as PASV, and on that data connection this server is the client of TLS",
        class: Class::Data,
        keeps_restart: true,
        tls: true,
        feat: Some("CPSV"),
        rfc: "practice of servers",
        parse: |a| none(a, Command::Cpsv),
        ..BASE
    },
    Row {
        verb: "ADAT",
        argument: "base64",
        help: "security data; TLS exchanges none on the control connection",
        login: false,
        tls: true,
        rfc: "2228 §3",
        parse: |a| text(a).map(|_| Command::Adat),
        ..BASE
    },
    Row {
        verb: "MIC",
        argument: "base64",
        help: "a command with its integrity protected; TLS does that for the connection",
        login: false,
        tls: true,
        rfc: "2228 §3",
        parse: |a| text(a).map(|_| Command::Protected),
        ..BASE
    },
    Row {
        verb: "CONF",
        argument: "base64",
        help: "a command in confidence; TLS does that for the connection",
        login: false,
        tls: true,
        rfc: "2228 §3",
        parse: |a| text(a).map(|_| Command::Protected),
        ..BASE
    },
    Row {
        verb: "ENC",
        argument: "base64",
        help: "a private command; TLS does that for the connection",
        login: false,
        tls: true,
        rfc: "2228 §3",
        parse: |a| text(a).map(|_| Command::Protected),
        ..BASE
    },
    Row {
        verb: "ACCT",
        argument: "account",
        help: "nothing: a user's name and password are all that is asked",
        rfc: "959 §4.1.1",
        parse: |a| text(a).map(|_| Command::Acct),
        ..BASE
    },
    Row {
        verb: "REIN",
        help: "begins anew, as after the greeting",
        login: false,
        rfc: "959 §4.1.1",
        parse: |a| none(a, Command::Rein),
        ..BASE
    },
    Row {
        verb: "STOU",
        help: "receives a file under a name that is free, which the 150 tells",
        class: Class::Write,
        data: true,
        rfc: "959 §4.1.3; 1123 §4.1.2.9",
        parse: |_| Ok(Command::Stou),
        ..BASE
    },
    Row {
        verb: "LANG",
        argument: "[EN]",
        help: "the language of replies, which is English",
        login: false,
        feat: Some("LANG EN*"),
        rfc: "2640 §4",
        parse: |a| Ok(Command::Lang(some(a.trim_ascii()).map(<[u8]>::to_vec))),
        ..BASE
    },
    Row {
        verb: "MFMT",
        argument: "YYYYMMDDHHMMSS file",
        help: "sets the time of last modification, UTC",
        class: Class::Write,
        feat: Some("MFMT"),
        rfc: "draft-somers-ftp-mfxx §3.1",
        parse: |a| {
            let (time, path) = two(a)?;
            let modified = Some(parse_time(time).ok_or(BadCommand::Syntax)?);
            Ok(Command::Set(Setting::Facts { modified, mode: None, path }))
        },
        ..BASE
    },
    Row {
        verb: "MFCT",
        argument: "YYYYMMDDHHMMSS file",
        help: "would set the time of creation; files have none here",
        class: Class::Write,
        rfc: "draft-somers-ftp-mfxx §3.2",
        parse: |a| two(a).map(|_| Command::Mfct),
        ..BASE
    },
    Row {
        verb: "MFF",
        argument: "fact=value;… file",
        help: "sets facts: Modify and UNIX.mode",
        class: Class::Write,
        feat: Some("MFF Modify;UNIX.mode;"),
        rfc: "draft-somers-ftp-mfxx §3.3",
        parse: |a| {
            let (facts, path) = two(a)?;
            let (modified, mode) = facts_of_mff(facts)?;
            Ok(Command::Set(Setting::Facts { modified, mode, path }))
        },
        ..BASE
    },
    Row {
        verb: "HASH",
        argument: "file",
        help: "the digest of a file, or of the part that RANG named; OPTS HASH chooses the algorithm",
        class: Class::Read,
        rfc: "draft-bryan-ftpext-hash §3",
        parse: |a| text(a).map(|path| Command::Digest { by: Digester::Hash, path, range: None }),
        ..BASE
    },
    Row {
        verb: "RANG",
        argument: "first last",
        help: "the part of the file, first and last octet, that the next HASH or RETR is about",
        class: Class::Read,
        feat: Some("RANG STREAM"),
        rfc: "draft-bryan-ftp-range §4",
        parse: |a| {
            let (from, to) = two(a)?;
            Ok(Command::Rang { from: number(from)?, to: number(&to)? })
        },
        ..BASE
    },
    Row {
        verb: "XCRC",
        argument: "file | \"file\" [start [end]]",
        help: "the CRC-32 of a file, or of its octets from start to before end",
        class: Class::Read,
        feat: Some("XCRC filename;start;end"),
        rfc: "practice of servers",
        parse: |a| with_range(a, Digester::Plain(Algorithm::Crc32)),
        ..BASE
    },
    Row {
        verb: "XMD5",
        argument: "file | \"file\" [start [end]]",
        help: "the MD5 of a file, or of its octets from start to before end",
        class: Class::Read,
        feat: Some("XMD5 filename;start;end"),
        rfc: "practice of servers",
        parse: |a| with_range(a, Digester::Plain(Algorithm::Md5)),
        ..BASE
    },
    Row {
        verb: "XSHA1",
        argument: "file | \"file\" [start [end]]",
        help: "the SHA-1 of a file, or of its octets from start to before end",
        class: Class::Read,
        feat: Some("XSHA1 filename;start;end"),
        rfc: "practice of servers",
        parse: |a| with_range(a, Digester::Plain(Algorithm::Sha1)),
        ..BASE
    },
    Row {
        verb: "XSHA256",
        argument: "file | \"file\" [start [end]]",
        help: "the SHA-256 of a file, or of its octets from start to before end",
        class: Class::Read,
        feat: Some("XSHA256 filename;start;end"),
        rfc: "practice of servers",
        parse: |a| with_range(a, Digester::Plain(Algorithm::Sha256)),
        ..BASE
    },
    Row {
        verb: "XSHA512",
        argument: "file | \"file\" [start [end]]",
        help: "the SHA-512 of a file, or of its octets from start to before end",
        class: Class::Read,
        feat: Some("XSHA512 filename;start;end"),
        rfc: "practice of servers",
        parse: |a| with_range(a, Digester::Plain(Algorithm::Sha512)),
        ..BASE
    },
    Row {
        verb: "MD5",
        argument: "file",
        help: "the MD5 of a file, with its name",
        class: Class::Read,
        feat: Some("MD5"),
        rfc: "draft-twine-ftpmd5 §3.1",
        parse: |a| with_range(a, Digester::Named),
        ..BASE
    },
    Row {
        verb: "HOST",
        argument: "name",
        help: "which of several servers at this address is meant; before USER",
        login: false,
        feat: Some("HOST"),
        rfc: "7151 §3",
        parse: host,
        ..BASE
    },
    Row {
        verb: "AVBL",
        argument: "[directory]",
        help: "octets that there is room for",
        class: Class::Read,
        feat: Some("AVBL"),
        rfc: "draft-peterson-streamlined-ftp-command-extensions §4",
        parse: |a| Ok(Command::Avbl(a.to_vec())),
        ..BASE
    },
    Row {
        verb: "COMB",
        argument: "target part …",
        help: "puts parts behind target, in their order, and removes them; names with spaces in quotes",
        class: Class::Write,
        feat: Some("COMB target;source_list"),
        rfc: "practice of servers",
        parse: combined,
        ..BASE
    },
    Row {
        verb: "DSIZ",
        argument: "[directory]",
        help: "octets of all files in a directory and below",
        class: Class::Read,
        feat: Some("DSIZ"),
        rfc: "draft-peterson-streamlined-ftp-command-extensions §5",
        parse: |a| Ok(Command::TreeSize(a.to_vec())),
        ..BASE
    },
    Row {
        verb: "RMDA",
        argument: "directory",
        help: "removes a directory and everything below it that you may remove",
        class: Class::Write,
        feat: Some("RMDA <path>"),
        rfc: "draft-peterson-streamlined-ftp-command-extensions §6",
        parse: |a| text(a).map(Command::RemoveTree),
        ..BASE
    },
    Row {
        verb: "PRET",
        argument: "command",
        help: "names the transfer for which PASV comes next; here nothing depends on it",
        class: Class::Data,
        keeps_restart: true,
        feat: Some("PRET"),
        rfc: "practice of servers",
        parse: |a| match super::parse(a) {
            Ok((row, _)) if row.data => Ok(Command::Pret),
            Ok(_) => Err(BadCommand::Parameter("PRET is for what moves data")),
            Err(_) => Err(BadCommand::Syntax),
        },
        ..BASE
    },
    Row {
        verb: "CLNT",
        argument: "name",
        help: "the client says what it is",
        login: false,
        feat: Some("CLNT"),
        rfc: "practice of servers",
        parse: |a| text(a).map(Command::Clnt),
        ..BASE
    },
    Row {
        verb: "CSID",
        argument: "Name=…;Version=…;",
        help: "client and server say what they are",
        login: false,
        feat: Some("CSID"),
        rfc: "draft-peterson-streamlined-ftp-command-extensions §3",
        parse: |a| text(a).map(|_| Command::Csid),
        ..BASE
    },
    Row {
        verb: "SITE",
        argument: "CHMOD | UTIME | MKDIR | RMDIR | SYMLINK | CPFR | CPTO | IDLE | UMASK | WHO | QUOTA | HELP …",
        help: "what other servers have there too; SITE HELP lists it",
        class: Class::Write,
        rfc: "959 §4.1.3",
        parse: site,
        ..BASE
    },
];

fn auth(a: &[u8]) -> Result<Command, BadCommand> {
    let word = a.trim_ascii().to_ascii_uppercase();
    match word.as_slice() {
        b"" => Err(BadCommand::Syntax),
        b"TLS" | b"TLS-C" => Ok(Command::Auth(Mechanism::Tls)),
        b"SSL" | b"TLS-P" => Ok(Command::Auth(Mechanism::TlsPrivate)),
        _ => Err(BadCommand::Parameter("only AUTH TLS")),
    }
}

fn protection(a: &[u8]) -> Result<Command, BadCommand> {
    match a.trim_ascii().to_ascii_uppercase().as_slice() {
        b"" => Err(BadCommand::Syntax),
        b"C" => Ok(Command::Prot(Protection::Clear)),
        b"P" => Ok(Command::Prot(Protection::Private)),
        b"S" | b"E" => Err(BadCommand::Protection),
        _ => Err(BadCommand::Parameter("only PROT C and PROT P")),
    }
}

/// RFC 7151 §3.1: a name, or an address, one of IPv6 in brackets; never a port.
fn host(a: &[u8]) -> Result<Command, BadCommand> {
    let name = core::str::from_utf8(a.trim_ascii()).map_err(|_| BadCommand::Syntax)?;
    let address = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_one = match address {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => {
            !name.is_empty()
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        }
    };
    if is_one { Ok(Command::Host(name.to_ascii_lowercase())) } else { Err(BadCommand::Syntax) }
}
