//! Where a file is: on this machine, on standard input or output, or on a server.
//!
//! `docs/urls.md` is the table of what each text means; a test reads it.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::net::Ipv6Addr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

#[cfg(test)]
mod tests;

/// A parsed argument of `copy`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Locator {
    /// A path of this machine.
    Local(PathBuf),
    /// `-`: standard input or output.
    Stdio,
    /// A URL.
    Remote(Remote),
}

/// Which protocol a URL names.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Scheme {
    /// `tftp://` (RFC 3617)
    Tftp,
    /// `ftp://` (RFC 1738 §3.2)
    Ftp,
    /// `ftps://`: FTP under TLS from the first octet
    Ftps,
    /// `sftp://` (draft-ietf-secsh-scp-sftp-ssh-uri-04)
    Sftp,
    /// `scp://`, as `scp` of OpenSSH reads it, with the paths of `sftp://`
    Scp,
    /// `http://` (RFC 9110 §4.2.1)
    Http,
    /// `https://` (RFC 9110 §4.2.2)
    Https,
}

impl Scheme {
    /// Each.
    pub const ALL: [Scheme; 7] =
        [Scheme::Tftp, Scheme::Ftp, Scheme::Ftps, Scheme::Sftp, Scheme::Scp, Scheme::Http, Scheme::Https];

    /// By its name, in upper or lower case.
    pub fn named(name: &str) -> Option<Scheme> {
        Scheme::ALL.into_iter().find(|scheme| scheme.name().eq_ignore_ascii_case(name))
    }

    /// What a URL begins with, and what stands behind its `://`.
    pub fn of_url(text: &[u8]) -> Option<(Scheme, &[u8])> {
        let (name, rest) = split_scheme(text)?;
        Some((Scheme::named(name)?, rest.strip_prefix(b"//")?))
    }

    /// As a URL has it.
    fn name(self) -> &'static str {
        match self {
            Scheme::Tftp => "tftp",
            Scheme::Ftp => "ftp",
            Scheme::Ftps => "ftps",
            Scheme::Sftp => "sftp",
            Scheme::Scp => "scp",
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// The protocol's own port.
    pub fn port(self) -> u16 {
        match self {
            Scheme::Tftp => 69,
            Scheme::Ftp => 21,
            Scheme::Ftps => 990,
            Scheme::Sftp | Scheme::Scp => 22,
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How octets are represented on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Type {
    /// TFTP `octet`, FTP `TYPE I`: bit for bit.
    #[default]
    Image,
    /// TFTP `netascii`, FTP `TYPE A`: line ends are converted.
    Text,
}

/// One file (or directory) of one server.
#[derive(Clone, PartialEq, Eq)]
pub struct Remote {
    /// The protocol.
    pub scheme: Scheme,
    /// User of the URL; `None`: anonymous where the protocol logs in.
    pub user: Option<String>,
    /// Password of the URL, or given otherwise.
    pub password: Option<String>,
    /// Host name or address literal, without brackets.
    pub host: String,
    /// Port, or the protocol's own.
    pub port: Option<u16>,
    /// The name sent to the server, octets, percent-decoded. A leading `/` is absolute on the server,
    /// otherwise it is relative to the start directory. Without NUL, CR and LF where parsed from a URL. Of HTTP it is the
    /// path and the query as they stand in the URL, escapes and all: what they mean is the server's business.
    pub path: Vec<u8>,
    /// `;mode=netascii`, `;type=a`: text. Otherwise, and over SSH always, the octets as they are.
    pub kind: Type,
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}://{}:{:?}/{}", self.scheme, self.host, self.port, self.path.escape_ascii())
    }
}

/// The URL, without the password.
impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme)?;
        if let Some(user) = &self.user {
            encode(f, user.as_bytes(), b"")?;
            f.write_str("@")?;
        }
        match &self.host {
            host if host.contains(':') => write!(f, "[{}]", host.replace('%', "%25"))?,
            host => f.write_str(host)?,
        }
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        let path = match (self.scheme, &self.path[..]) {
            (Scheme::Tftp | Scheme::Ftp | Scheme::Ftps, path) => {
                f.write_str("/")?;
                path
            }
            (Scheme::Http | Scheme::Https, path) => return write!(f, "/{}", String::from_utf8_lossy(path)),
            // A directory of this name, and not the start directory.
            (Scheme::Sftp | Scheme::Scp, [b'/', b'~', rest @ ..]) => {
                f.write_str("/%7E")?;
                rest
            }
            (Scheme::Sftp | Scheme::Scp, path @ [b'/', ..]) => path,
            (Scheme::Sftp | Scheme::Scp, path) => {
                f.write_str("/~/")?;
                path
            }
        };
        encode(f, path, b"/")?;
        match (self.scheme, self.kind) {
            (_, Type::Image) => Ok(()),
            (Scheme::Tftp, Type::Text) => f.write_str(";mode=netascii"),
            (Scheme::Ftp | Scheme::Ftps, Type::Text) => f.write_str(";type=a"),
            (Scheme::Sftp | Scheme::Scp | Scheme::Http | Scheme::Https, Type::Text) => Ok(()),
        }
    }
}

impl Remote {
    /// Puts a name behind the path of a directory.
    pub fn push_name(&mut self, name: &[u8]) {
        match self.scheme {
            Scheme::Http | Scheme::Https => {
                for b in name {
                    match b {
                        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                            self.path.push(*b)
                        }
                        _ => self.path.extend_from_slice(format!("%{b:02X}").as_bytes()),
                    }
                }
            }
            _ => self.path.extend_from_slice(name),
        }
    }

    /// The last component of the path; empty for a directory (`ftp://h/`, `ftp://h/dir/`), and of HTTP where its escapes
    /// make no name.
    pub fn name(&self) -> Cow<'_, [u8]> {
        let last = |path: &[u8]| path.iter().rposition(|&b| b == b'/').map_or(0, |at| at + 1);
        match self.scheme {
            Scheme::Http | Scheme::Https => {
                let path = self.path.split(|&b| b == b'?').next().unwrap_or_default();
                let name = decode(&path[last(path)..]).unwrap_or_default();
                let is_name = !name.iter().any(|b| b"/\0\r\n".contains(b));
                Cow::Owned(if is_name { name } else { Vec::new() })
            }
            _ => Cow::Borrowed(&self.path[last(&self.path)..]),
        }
    }
}

/// Why a text is no locator: what is wrong, and what to write.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadLocator {
    /// Nothing at all.
    #[error("an empty name: give a path, a URL or '-'")]
    Empty,
    /// `ssh://…`
    #[error("unknown scheme '{scheme}://': {advice}")]
    UnknownScheme {
        /// As written.
        scheme: String,
        /// What to write.
        advice: &'static str,
    },
    /// `tftp:file`, `ftp:/h/p`
    #[error("'{scheme}:' without '//': write {scheme}://HOST/PATH, or ./{scheme}:… for a local file")]
    NoSlashes {
        /// As written.
        scheme: String,
    },
    /// `tftp:///file`
    #[error("the host is missing: write {scheme}://HOST/PATH")]
    NoHost {
        /// Which.
        scheme: Scheme,
    },
    /// A name that cannot be a host.
    #[error("bad host '{host}': a name or an address is wanted, an IPv6 address in brackets ([::1])")]
    BadHost {
        /// As written.
        host: String,
    },
    /// Not 1 to 65535.
    #[error("bad port '{port}': 1 to 65535 is wanted")]
    BadPort {
        /// As written.
        port: String,
    },
    /// `tftp://user@host/file`
    #[error("TFTP has no users: write tftp://HOST/PATH, or use ftp://")]
    UserInTftp,
    /// User or password that are not text.
    #[error("user and password must be UTF-8 without control characters")]
    BadUser,
    /// `%` without two hex digits.
    #[error("bad escape '{escape}': '%' and two hex digits are wanted, '%25' for '%' itself")]
    BadEscape {
        /// As written.
        escape: String,
    },
    /// An octet that no command line or request can carry.
    #[error("the path contains a NUL or a line end")]
    BadOctet,
    /// `;mode=` or `;type=` of another protocol, or an unknown value.
    #[error("bad ';{suffix}': {advice}")]
    BadType {
        /// As written.
        suffix: String,
        /// What to write.
        advice: &'static str,
    },
    /// `file://other-host/…`
    #[error("'file://' names this machine only: write file:///PATH or the path itself")]
    FileHost,
}

impl Locator {
    /// Parses a path, a URL or `-`.
    pub fn parse(text: impl AsRef<OsStr>) -> Result<Locator, BadLocator> {
        let text = text.as_ref().as_bytes();
        if text.is_empty() {
            return Err(BadLocator::Empty);
        }
        if text == b"-" {
            return Ok(Locator::Stdio);
        }
        let local = || Ok(Locator::Local(PathBuf::from(OsString::from_vec(text.to_vec()))));
        let Some((scheme, rest)) = split_scheme(text) else { return local() };
        let Some(known) = Scheme::named(scheme) else {
            return match (scheme.to_ascii_lowercase().as_str(), rest.strip_prefix(b"//")) {
                ("file", Some(path)) => parse_file(path),
                // A name with a colon in it, as `flash:x` or `2026-11-23T12:00`, is a local one.
                (_, None) => local(),
                (other, Some(_)) => {
                    Err(BadLocator::UnknownScheme { scheme: scheme.to_owned(), advice: advice(other) })
                }
            };
        };
        match rest.strip_prefix(b"//") {
            Some(rest) => parse_remote(known, rest).map(Locator::Remote),
            None => Err(BadLocator::NoSlashes { scheme: scheme.to_ascii_lowercase() }),
        }
    }
}

/// Splits off what RFC 3986 §3.1 takes for a scheme. One letter is a drive (`C:\x`).
fn split_scheme(text: &[u8]) -> Option<(&str, &[u8])> {
    let colon = text.iter().position(|&b| b == b':').filter(|&n| n >= 2)?;
    let scheme = &text[..colon];
    let good = scheme[0].is_ascii_alphabetic()
        && scheme.iter().all(|b| b.is_ascii_alphanumeric() || b"+.-".contains(b));
    let scheme = std::str::from_utf8(scheme).ok().filter(|_| good)?;
    Some((scheme, &text[colon + 1..]))
}

fn advice(scheme: &str) -> &'static str {
    match scheme {
        "ssh" => "files over SSH are sftp:// and scp://",
        "tfpt" | "ttfp" | "tft" | "tftpd" | "trftp" => "did you mean tftp://?",
        "fpt" | "ftpd" | "ftpp" | "fttp" => "did you mean ftp://?",
        "sfpt" | "stfp" | "fstp" | "sftpd" => "did you mean sftp://?",
        _ => "tftp://, ftp://, ftps://, sftp://, scp://, http:// and https:// are known",
    }
}

fn parse_file(rest: &[u8]) -> Result<Locator, BadLocator> {
    let path = rest.strip_prefix(b"localhost").unwrap_or(rest);
    if path.first() != Some(&b'/') {
        return Err(BadLocator::FileHost);
    }
    let path = decode(path)?;
    if path.contains(&0) {
        return Err(BadLocator::BadOctet);
    }
    Ok(Locator::Local(PathBuf::from(OsString::from_vec(path))))
}

fn parse_remote(scheme: Scheme, rest: &[u8]) -> Result<Remote, BadLocator> {
    let slash = rest.iter().position(|&b| b == b'/');
    let (authority, path) = match slash {
        Some(n) => (&rest[..n], &rest[n + 1..]),
        None => (rest, &b""[..]),
    };
    // A password may contain '@' by mistake, a host never does: the last one counts.
    let (user, password, host) = match authority.iter().rposition(|&b| b == b'@') {
        None => (None, None, authority),
        Some(_) if scheme == Scheme::Tftp => return Err(BadLocator::UserInTftp),
        Some(n) => {
            let mut parts = authority[..n].splitn(2, |&b| b == b':');
            let user = parts.next().map(decode_text).transpose()?.filter(|u| !u.is_empty());
            (user, parts.next().map(decode_text).transpose()?, &authority[n + 1..])
        }
    };
    let (host, port) = parse_host(scheme, host)?;
    let (path, kind) = parse_type(scheme, path)?;
    let path = match scheme {
        Scheme::Tftp | Scheme::Ftp | Scheme::Ftps => decode(path)?,
        Scheme::Sftp | Scheme::Scp => decode_ssh(slash.is_some(), path)?,
        // That its escapes are some, and none of them a line end.
        Scheme::Http | Scheme::Https => decode(path).map(|_| as_target(path))?,
    };
    // In FTP a line end in a path would be a second command; in SCP the end of its own; in TFTP a NUL would end the
    // name. In SFTP a name may be anything that a file's name is.
    let never: &[u8] = if scheme == Scheme::Sftp { b"\0" } else { b"\0\r\n" };
    if path.iter().any(|b| never.contains(b)) {
        return Err(BadLocator::BadOctet);
    }
    Ok(Remote { scheme, user, password, host, port, path, kind })
}

fn parse_host(scheme: Scheme, text: &[u8]) -> Result<(String, Option<u16>), BadLocator> {
    let bad = || BadLocator::BadHost { host: String::from_utf8_lossy(text).into_owned() };
    let (host, port) = if let Some(inside) = text.strip_prefix(b"[") {
        let end = inside.iter().position(|&b| b == b']').ok_or_else(bad)?;
        // A zone is written %25eth0 (RFC 6874), or as it is.
        let literal = String::from_utf8(inside[..end].to_vec()).map_err(|_| bad())?.replace("%25", "%");
        let (address, zone) = literal.split_once('%').unwrap_or((&literal, "any"));
        let good = address.parse::<Ipv6Addr>().is_ok()
            && !zone.is_empty()
            && zone.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        if !good {
            return Err(bad());
        }
        let port = match &inside[end + 1..] {
            [] => &[][..],
            [b':', port @ ..] => port,
            _ => return Err(bad()),
        };
        (literal, port)
    } else {
        let mut parts = text.split(|&b| b == b':');
        let (host, port) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        // More colons: an IPv6 address without brackets, where nobody can tell the port.
        if parts.next().is_some() {
            return Err(bad());
        }
        if host.is_empty() {
            return Err(BadLocator::NoHost { scheme });
        }
        let host = std::str::from_utf8(host).map_err(|_| bad())?;
        // What is not ASCII is left to the resolver.
        let good =
            |c: char| c.is_ascii_alphanumeric() || "-._".contains(c) || (!c.is_ascii() && !c.is_control());
        if !host.chars().all(good) {
            return Err(bad());
        }
        (host.to_owned(), port)
    };
    if port.is_empty() {
        return Ok((host, None));
    }
    let bad_port = || BadLocator::BadPort { port: String::from_utf8_lossy(port).into_owned() };
    let digits = std::str::from_utf8(port).ok().filter(|p| p.bytes().all(|b| b.is_ascii_digit()));
    let number: u16 = digits.and_then(|d| d.parse().ok()).filter(|&n| n > 0).ok_or_else(bad_port)?;
    Ok((host, Some(number)))
}

/// The path behind the host: absolute, or behind `~/` relative to the start directory, which is also what no path at
/// all is.
fn decode_ssh(has_path: bool, path: &[u8]) -> Result<Vec<u8>, BadLocator> {
    if !has_path || path == b"~" {
        return Ok(Vec::new());
    }
    if let Some(relative) = path.strip_prefix(b"~/") {
        // `/~//x` stays below the start directory.
        let slashes = relative.iter().take_while(|&&b| b == b'/').count();
        return decode(&relative[slashes..]);
    }
    let slashes = path.iter().take_while(|&&b| b == b'/').count();
    Ok([b"/", &decode(&path[slashes..])?[..]].concat())
}

/// What a request names: path and query, without what the client keeps for itself (RFC 9110 §7.1). What no URI may have is
/// escaped; what is escaped stays so.
pub fn as_target(path: &[u8]) -> Vec<u8> {
    let path = path.split(|&b| b == b'#').next().unwrap_or_default();
    let mut target = Vec::with_capacity(path.len());
    for &b in path {
        // RFC 3986 §3.3, §3.4.
        if b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?%".contains(&b) {
            target.push(b);
        } else {
            target.extend_from_slice(format!("%{b:02X}").as_bytes());
        }
    }
    target
}

/// Takes `;mode=…` (RFC 3617 §3) or `;type=…` (RFC 1738 §3.2.2) off the end; any other `;` is a part of
/// the name.
fn parse_type(scheme: Scheme, path: &[u8]) -> Result<(&[u8], Type), BadLocator> {
    match scheme {
        Scheme::Tftp | Scheme::Ftp | Scheme::Ftps => {}
        Scheme::Sftp | Scheme::Scp | Scheme::Http | Scheme::Https => return Ok((path, Type::Image)),
    }
    let Some(at) = path.iter().rposition(|&b| b == b';') else { return Ok((path, Type::Image)) };
    let suffix = String::from_utf8_lossy(&path[at + 1..]).to_ascii_lowercase();
    let Some((key @ ("mode" | "type"), value)) = suffix.split_once('=') else {
        return Ok((path, Type::Image));
    };
    let kind = match (scheme, key, value) {
        (Scheme::Tftp, "mode", "octet") | (Scheme::Ftp | Scheme::Ftps, "type", "i") => Type::Image,
        (Scheme::Tftp, "mode", "netascii") | (Scheme::Ftp | Scheme::Ftps, "type", "a") => Type::Text,
        (Scheme::Tftp, _, _) => {
            return Err(BadLocator::BadType { suffix, advice: "TFTP has ;mode=octet and ;mode=netascii" });
        }
        (_, _, _) => {
            return Err(BadLocator::BadType { suffix, advice: "FTP has ;type=i and ;type=a" });
        }
    };
    Ok((&path[..at], kind))
}

fn decode_text(text: &[u8]) -> Result<String, BadLocator> {
    let text = String::from_utf8(decode(text)?).map_err(|_| BadLocator::BadUser)?;
    if text.chars().any(char::is_control) { Err(BadLocator::BadUser) } else { Ok(text) }
}

/// Percent-decoding (RFC 3986 §2.1).
fn decode(text: &[u8]) -> Result<Vec<u8>, BadLocator> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&b, tail)) = rest.split_first() {
        rest = tail;
        if b != b'%' {
            out.push(b);
            continue;
        }
        let digit = |n: usize| tail.get(n).and_then(|&d| char::from(d).to_digit(16));
        let (Some(high), Some(low)) = (digit(0), digit(1)) else {
            let shown = &tail[..tail.len().min(2)];
            return Err(BadLocator::BadEscape { escape: format!("%{}", shown.escape_ascii()) });
        };
        out.push(u8::try_from(high * 16 + low).expect("two hex digits"));
        rest = &tail[2..];
    }
    Ok(out)
}

/// Percent-encoding of all but the unreserved octets (RFC 3986 §2.3) and `also`.
fn encode(f: &mut fmt::Formatter<'_>, octets: &[u8], also: &[u8]) -> fmt::Result {
    for &b in octets {
        if b.is_ascii_alphanumeric() || b"-._~".contains(&b) || also.contains(&b) {
            write!(f, "{}", char::from(b))?;
        } else {
            write!(f, "%{b:02X}")?;
        }
    }
    Ok(())
}
