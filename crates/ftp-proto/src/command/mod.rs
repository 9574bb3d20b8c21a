//! The verbs, as a table: parser, HELP, FEAT and permission class come from one row each.
//!
//! To add a verb: a row in [`ROWS`], a variant of [`Command`], and what the compiler then asks for.

mod more;
mod proof;
mod site;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use proof::{Proof, State};
pub(crate) use site::SITE;
pub use table::{ABSENT, ROWS};

use crate::line::BadLine;
use crate::list::Facts;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::SocketAddr;

/// A password. It has no `Debug` and is wiped of nothing else than our own prints.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub Vec<u8>);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

/// How file octets are represented (RFC 959 §3.1.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Representation {
    /// `TYPE A`, the default of RFC 959: CRLF on the wire.
    #[default]
    Ascii,
    /// `TYPE E`: Latin-1 in a file, EBCDIC (IBM-1047) on the wire.
    Ebcdic,
    /// `TYPE I` and `TYPE L 8`: as they are.
    Image,
}

impl Representation {
    /// Whether octets are characters, and lines have ends.
    pub fn is_text(self) -> bool {
        match self {
            Representation::Ascii | Representation::Ebcdic => true,
            Representation::Image => false,
        }
    }
}

/// What a file is made of (RFC 959 §3.1.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Structure {
    /// `STRU F`: octets.
    #[default]
    File,
    /// `STRU R`: records, which are lines here.
    Record,
    /// `STRU P`: pages with an index.
    Page,
}

/// How it goes over the data connection (RFC 959 §3.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TransferMode {
    /// `MODE S`: the end of the connection is the end of the file.
    #[default]
    Stream,
    /// `MODE B`: blocks with headers.
    Block,
    /// `MODE C`: runs of octets made short.
    Compressed,
    /// `MODE Z`: the stream of MODE S, deflated (draft-preston-ftpext-deflate).
    Deflate(Level),
}

/// How hard MODE Z tries: 1, fast, to 9, small.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Level(u8);

impl Level {
    /// One of the nine.
    pub fn new(level: u8) -> Option<Level> {
        (1..=9).contains(&level).then_some(Level(level))
    }

    /// 1 to 9.
    pub fn get(self) -> u8 {
        self.0
    }
}

impl Default for Level {
    fn default() -> Self {
        Level(6)
    }
}

/// The three transfer parameters.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Form {
    /// TYPE
    pub representation: Representation,
    /// STRU
    pub structure: Structure,
    /// MODE
    pub mode: TransferMode,
}

impl Form {
    /// Whether an octet of the file has a place of its own, at which a transfer may begin.
    pub fn has_offsets(self) -> bool {
        self.representation == Representation::Image && self.structure == Structure::File
    }

    /// Whether the octets of the file are those of the wire.
    pub fn is_plain(self) -> bool {
        self.has_offsets() && self.mode == TransferMode::Stream
    }
}

/// The argument of AUTH (RFC 2228 §3, RFC 4217 §17).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mechanism {
    /// `TLS`, also as `TLS-C`: data connections stay clear until PROT P.
    Tls,
    /// `SSL`, also as `TLS-P`: what clients older than RFC 4217 say; data connections are private at once.
    TlsPrivate,
}

/// Whether data connections are under TLS (RFC 4217 §9).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Protection {
    /// `PROT C`
    #[default]
    Clear,
    /// `PROT P`
    Private,
}

/// The argument of EPSV (RFC 2428 §3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Epsv {
    /// None: the control connection's family.
    Any,
    /// `1`
    V4,
    /// `2`
    V6,
    /// Another family.
    Unknown,
    /// `ALL`: from now on only EPSV.
    All,
}

/// The argument of SSCN.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sscn {
    /// `ON`: we are TLS's client on data connections.
    On,
    /// `OFF`: its server.
    Off,
    /// Without one: which of them.
    Tell,
}

/// What a file is told by (draft-bryan-ftpext-hash §3.1, and the X verbs of many servers).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs, reason = "each is its name")]
pub enum Algorithm {
    Crc32,
    Md5,
    Sha1,
    #[default]
    Sha256,
    Sha512,
}

impl Algorithm {
    /// Each, the best first, as FEAT tells them.
    pub const ALL: [Algorithm; 5] =
        [Algorithm::Sha256, Algorithm::Sha512, Algorithm::Sha1, Algorithm::Md5, Algorithm::Crc32];

    /// As HASH calls it (the registry of RFC 5843's kin).
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Crc32 => "CRC32",
            Algorithm::Md5 => "MD5",
            Algorithm::Sha1 => "SHA-1",
            Algorithm::Sha256 => "SHA-256",
            Algorithm::Sha512 => "SHA-512",
        }
    }
}

/// Which verb wants a digest, which says how it is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Digester {
    /// `HASH`: 213 with the algorithm of OPTS HASH, the range and the name.
    Hash,
    /// `XCRC`, `XMD5`, `XSHA1`, `XSHA256`, `XSHA512`: 250 and the digest.
    Plain(Algorithm),
    /// `MD5` (draft-twine-ftpmd5): 251, the name and the digest.
    Named,
}

/// A change of facts about a name.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "each is its verb; the table has the words")]
pub enum Setting {
    /// `MFMT`, `MFF`: what is to be, and how the answer begins.
    Facts { modified: Option<i64>, mode: Option<u32>, path: Vec<u8> },
    /// `SITE UTIME`
    Utime { modified: i64, path: Vec<u8> },
    /// `SITE CHMOD`
    Chmod { mode: u32, path: Vec<u8> },
    /// `SITE SYMLINK`
    Symlink { to: Vec<u8>, path: Vec<u8> },
}

/// The argument of OPTS (RFC 2389 §4).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Opts {
    /// `HASH [algorithm]`: what HASH takes from now on; without it, what it takes now.
    Hash(Option<Algorithm>),
    /// `UTF8 ON`, and without ON as some clients send it.
    Utf8,
    /// `MLST type;size;`
    Mlst(Facts),
    /// `MODE Z LEVEL level`; without a level, what it is.
    Deflate(Option<Level>),
}

/// One command, read.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "each is its verb; the table has the words")]
pub enum Command {
    User(Vec<u8>),
    Pass(Password),
    Quit,
    Cwd(Vec<u8>),
    Cdup,
    Pwd,
    Mkd(Vec<u8>),
    Rmd(Vec<u8>),
    Dele(Vec<u8>),
    Rnfr(Vec<u8>),
    Rnto(Vec<u8>),
    Type(Representation),
    Stru(Structure),
    Mode(TransferMode),
    Port(SocketAddr),
    Eprt(SocketAddr),
    Pasv,
    Epsv(Epsv),
    Cpsv,
    Sscn(Sscn),
    Retr(Vec<u8>),
    Stor(Vec<u8>),
    Appe(Vec<u8>),
    Rest(u64),
    Abor,
    Allo(u64),
    List(Vec<u8>),
    Nlst(Vec<u8>),
    Mlsd(Vec<u8>),
    Mlst(Vec<u8>),
    Size(Vec<u8>),
    Mdtm(Vec<u8>),
    Stat(Option<Vec<u8>>),
    Help(Option<Vec<u8>>),
    Noop,
    Syst,
    Feat,
    Opts(Opts),
    Auth(Mechanism),
    Pbsz,
    Prot(Protection),
    Ccc,
    Host(String),
    Rein,
    Acct,
    Stou,
    Mfct,
    Lang(Option<Vec<u8>>),
    Clnt(Vec<u8>),
    Csid,
    Rang {
        from: u64,
        to: u64,
    },
    Digest {
        by: Digester,
        path: Vec<u8>,
        range: Option<(u64, u64)>,
    },
    Set(Setting),
    Avbl(Vec<u8>),
    /// COMB
    Combine {
        target: Vec<u8>,
        parts: Vec<Vec<u8>>,
    },
    /// DSIZ
    TreeSize(Vec<u8>),
    /// RMDA
    RemoveTree(Vec<u8>),
    Pret,
    Adat,
    /// MIC, CONF, ENC.
    Protected,
    SiteHelp,
    /// SITE CPFR
    CopyFrom(Vec<u8>),
    /// SITE CPTO
    CopyTo(Vec<u8>),
    /// SITE IDLE, seconds.
    Idle(Option<u32>),
    /// SITE UMASK
    Umask(Option<u32>),
    /// SITE WHO
    Who,
    /// SITE QUOTA
    Quota,
}

/// Whom a verb concerns, for the permission and for the docs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// The session itself.
    Session,
    /// Reads names, facts or contents.
    Read,
    /// Creates, changes or removes.
    Write,
    /// Prepares or ends a data connection.
    Data,
}

/// What a verb may do while a transfer runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum During {
    /// Waits until the transfer has ended.
    Waits,
    /// Is answered at once.
    Answers,
}

/// One verb.
#[derive(Clone, Copy)]
pub struct Row {
    /// In capitals.
    pub verb: &'static str,
    /// Its old name (RFC 775: `XPWD`), understood and not announced.
    pub alias: Option<&'static str>,
    /// The argument, for HELP.
    pub argument: &'static str,
    /// In words, for HELP and the docs.
    pub help: &'static str,
    /// Whom it concerns.
    pub class: Class,
    /// Whether one must be logged in.
    pub login: bool,
    /// Whether it moves data over a data connection.
    pub data: bool,
    /// Whether a REST before it stays in force (RFC 3659 §5.1 and what clients do).
    pub keeps_restart: bool,
    /// What happens while a transfer runs.
    pub during: During,
    /// Whether there is none where TLS is off.
    pub tls: bool,
    /// Its line in the answer to FEAT, if it has one of its own (MLST's is made of the facts).
    pub feat: Option<&'static str>,
    /// RFC and section.
    pub rfc: &'static str,
    /// Reads the argument: what follows the first space, or nothing.
    pub parse: fn(&[u8]) -> Result<Command, BadCommand>,
}

/// Why a line is not a command of ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadCommand {
    /// Not a line at all: 500.
    Line(BadLine),
    /// An unknown verb: 500.
    Unknown,
    /// A verb of HTTP: a browser was lured here with somebody's commands in its body. 421.
    Http,
    /// A verb of an RFC that is not implemented: 502.
    Absent(&'static str),
    /// A verb of SITE that there is none of: 500 (RFC 959 §5.4).
    Site,
    /// The argument is missing or malformed: 501.
    Syntax,
    /// Well formed, but not for that parameter: 504.
    Parameter(&'static str),
    /// An unknown network protocol: 522 (RFC 2428 §2).
    Family,
    /// A protection that the mechanism has not: 536 (RFC 2228 §3).
    Protection,
}

/// What begins an HTTP request and no FTP command.
const HTTP: [&[u8]; 6] = [b"GET", b"POST", b"PUT", b"HEAD", b"CONNECT", b"OPTIONS"];

/// Reads one line.
pub fn parse(line: &[u8]) -> Result<(&'static Row, Command), BadCommand> {
    let (verb, argument) = split(line);
    let Some(row) = find(verb) else {
        return Err(match ABSENT.iter().find(|(name, _)| verb.eq_ignore_ascii_case(name.as_bytes())) {
            Some((name, _)) => BadCommand::Absent(name),
            None if HTTP.iter().any(|v| verb.eq_ignore_ascii_case(v)) => BadCommand::Http,
            None => BadCommand::Unknown,
        });
    };
    (row.parse)(argument).map(|command| (row, command))
}

/// The row of a verb or of its old name.
pub fn find(verb: &[u8]) -> Option<&'static Row> {
    ROWS.iter().find(|row| {
        verb.eq_ignore_ascii_case(row.verb.as_bytes())
            || row.alias.is_some_and(|a| verb.eq_ignore_ascii_case(a.as_bytes()))
    })
}

/// A control line as it may be shown: the argument of PASS and ACCT is `****`.
pub fn masked(line: &[u8]) -> Vec<u8> {
    let (verb, _) = split(line);
    if verb.eq_ignore_ascii_case(b"PASS") || verb.eq_ignore_ascii_case(b"ACCT") {
        let mut out = verb.to_vec();
        out.extend(b" ****");
        return out;
    }
    line.to_vec()
}

/// Verb and argument. The argument is everything after the first space, spaces included: a name may
/// begin and end with them.
fn split(line: &[u8]) -> (&[u8], &[u8]) {
    match line.iter().position(|&b| b == b' ') {
        Some(at) => (&line[..at], &line[at + 1..]),
        None => (line, b""),
    }
}

/// The verbs tables of the docs, in Markdown: what there is, then what it is answered with.
pub fn markdown() -> String {
    let mut out = String::from("| Verb | Argument | What it does | Class | RFC |\n|---|---|---|---|---|\n");
    for row in ROWS {
        let class = match row.class {
            Class::Session => "session",
            Class::Read => "read",
            Class::Write => "write",
            Class::Data => "data",
        };
        // A bar ends a cell, in code too.
        let argument = match row.argument {
            "" => String::new(),
            a => alloc::format!("`{}`", a.replace('|', "\\|")),
        };
        out.push_str(&alloc::format!(
            "| {} | {argument} | {} | {class} | {} |\n",
            row.verb,
            row.help,
            row.rfc
        ));
    }
    out.push_str("\n### Replies and tests\n\n");
    out.push_str(&proof::replies_markdown(ROWS));
    out
}
