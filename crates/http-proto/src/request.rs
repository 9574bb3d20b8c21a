//! What a head means to us, or which status it earns.

use crate::condition::Conditions;
use crate::head::{Head, Version, trim};
use crate::login::{self, Login};
use crate::status::Status;
use crate::target::{self, BadTarget, Target};
use alloc::string::String;
use alloc::vec::Vec;

/// Content of a request that is read and thrown away, so that the connection can go on; more ends it.
pub const MAX_CONTENT: u64 = 65_536;

/// The methods that we have. Both read (RFC 9110 §9.3.1, §9.3.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// The content.
    Get,
    /// The head that GET would have.
    Head,
}

/// Methods that are defined and that we do not have: 405, and not 501 (RFC 9110 §9.1, RFC 5789).
const OTHERS: [&[u8]; 7] = [b"CONNECT", b"DELETE", b"OPTIONS", b"PATCH", b"POST", b"PUT", b"TRACE"];

/// A request that can be answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// What is wanted of it.
    pub method: Method,
    /// What.
    pub target: Target,
    /// By whom.
    pub login: Login,
    /// Whether a directory is wanted as JSON.
    pub json: bool,
}

/// A request with what the machine alone needs of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Wanted {
    pub(crate) request: Request,
    pub(crate) version: Version,
    pub(crate) close: bool,
    /// Octets of content that follow.
    pub(crate) content: u64,
    /// Whether the client waits for a 100.
    pub(crate) expects: bool,
    pub(crate) conditions: Conditions,
    pub(crate) range: Option<Vec<u8>>,
}

/// Why a head is not answered with what it asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Refused {
    pub(crate) status: Status,
    pub(crate) text: &'static str,
    /// Whether the connection cannot go on.
    pub(crate) close: bool,
    pub(crate) head_only: bool,
    pub(crate) version: Version,
}

pub(crate) fn read(head: &Head<'_>) -> Result<Wanted, Refused> {
    let head_only = head.method == b"HEAD";
    let refused = |status, text, close| Refused { status, text, close, head_only, version: head.version };
    let bad = |text| refused(Status::BadRequest, text, true);

    let content = framing(head).map_err(|(status, text)| refused(status, text, true))?;
    host(head).map_err(bad)?;
    let close = closes(head);
    // From here on it is known where the next request begins, unless more content comes than we read.
    let ends = close || content > 0;
    let method = match head.method {
        b"GET" => Method::Get,
        b"HEAD" => Method::Head,
        other if OTHERS.contains(&other) => {
            let text = "this server gives files and takes none";
            return Err(refused(Status::MethodNotAllowed, text, ends));
        }
        _ => return Err(refused(Status::NotImplemented, "no such method", ends)),
    };
    let expects = match (single(head, "expect").map_err(bad)?, head.version) {
        // RFC 9110 §10.1.1: of an HTTP/1.0 client it is ignored.
        (None, _) | (Some(_), Version::Old) => false,
        (Some(value), Version::Current) if value.eq_ignore_ascii_case(b"100-continue") => true,
        (Some(_), Version::Current) => {
            return Err(refused(Status::ExpectationFailed, "only 100-continue can be expected", ends));
        }
    };
    if content > MAX_CONTENT {
        return Err(refused(Status::ContentTooLarge, "a GET needs no content", true));
    }
    let target = target::parse(head.target).map_err(|why| {
        let text = match why {
            BadTarget::Malformed => "not a request target",
            BadTarget::Encoding => "a '%' without two hexadecimal digits",
            BadTarget::Name => "no name can hold an encoded '/' or NUL",
            BadTarget::Climbs => "'..' in the path",
            BadTarget::OtherForm => "not a target of this method",
        };
        refused(Status::BadRequest, text, ends)
    })?;
    let login = single(head, "authorization").map_err(bad)?.map_or(Login::None, login::parse);
    let conditions = Conditions {
        if_match: list(head, "if-match"),
        if_unmodified_since: single(head, "if-unmodified-since").map_err(bad)?.map(<[u8]>::to_vec),
        if_none_match: list(head, "if-none-match"),
        if_modified_since: single(head, "if-modified-since").map_err(bad)?.map(<[u8]>::to_vec),
        if_range: single(head, "if-range").map_err(bad)?.map(<[u8]>::to_vec),
    };
    // RFC 9110 §14.2: a Range of another method than GET is ignored.
    let range = single(head, "range").map_err(bad)?.filter(|_| method == Method::Get).map(<[u8]>::to_vec);
    let json = wants_json(list(head, "accept").as_deref());
    let request = Request { method, target, login, json };
    Ok(Wanted { request, version: head.version, close, content, expects, conditions, range })
}

/// How much content follows (RFC 9112 §6). What could be read in two ways is refused.
fn framing(head: &Head<'_>) -> Result<u64, (Status, &'static str)> {
    let bad = |text| (Status::BadRequest, text);
    let length = single(head, "content-length").map_err(|_| bad("two Content-Length"))?;
    let coding = single(head, "transfer-encoding").map_err(|_| bad("two Transfer-Encoding"))?;
    match (length, coding) {
        (Some(_), Some(_)) => Err(bad("both Content-Length and Transfer-Encoding")),
        (None, Some(_)) if head.version == Version::Old => Err(bad("Transfer-Encoding in HTTP/1.0")),
        (None, Some(coding)) if coding.eq_ignore_ascii_case(b"chunked") => {
            Err((Status::LengthRequired, "content without Content-Length"))
        }
        (None, Some(_)) => Err((Status::NotImplemented, "no such transfer coding")),
        (None, None) => Ok(0),
        (Some(length), None) => {
            // No sign, no list, no space: a number and nothing else.
            let digits = core::str::from_utf8(length).ok().filter(|t| t.bytes().all(|b| b.is_ascii_digit()));
            digits.and_then(|t| t.parse().ok()).ok_or(bad("Content-Length is not a number"))
        }
    }
}

/// RFC 9112 §3.2: exactly one Host in HTTP/1.1, at most one in HTTP/1.0.
fn host(head: &Head<'_>) -> Result<(), &'static str> {
    match (single(head, "host")?, head.version) {
        (None, Version::Current) => Err("no Host"),
        (None, Version::Old) => Ok(()),
        (Some(host), _) => {
            let fits = |b: &u8| b.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(b);
            if host.iter().all(fits) { Ok(()) } else { Err("not a Host") }
        }
    }
}

/// RFC 9112 §9.3.
fn closes(head: &Head<'_>) -> bool {
    let has = |word: &str| {
        head.all("connection")
            .flat_map(|v| v.split(|&b| b == b','))
            .any(|v| trim(v).eq_ignore_ascii_case(word.as_bytes()))
    };
    match head.version {
        Version::Current => has("close"),
        Version::Old => has("close") || !has("keep-alive"),
    }
}

/// The value of a field that comes once at most.
fn single<'a>(head: &Head<'a>, name: &str) -> Result<Option<&'a [u8]>, &'static str> {
    let mut all = head.all(name);
    let first = all.next();
    if all.next().is_some() { Err("a header field is there twice") } else { Ok(first) }
}

/// A list, which may come in several fields (RFC 9110 §5.3).
fn list(head: &Head<'_>, name: &str) -> Option<Vec<u8>> {
    let mut joined: Option<Vec<u8>> = None;
    for value in head.all(name) {
        match &mut joined {
            None => joined = Some(value.to_vec()),
            Some(all) => {
                all.extend_from_slice(b", ");
                all.extend_from_slice(value);
            }
        }
    }
    joined
}

/// RFC 9110 §12.5.1, as far as it tells between our two forms: JSON is named, and HTML is not wanted more.
fn wants_json(accept: Option<&[u8]>) -> bool {
    let weight = |kind: &str| {
        let accept = accept.unwrap_or_default();
        accept.split(|&b| b == b',').find_map(|range| {
            let mut parts = range.split(|&b| b == b';');
            trim(parts.next()?).eq_ignore_ascii_case(kind.as_bytes()).then_some(())?;
            let q = parts.map(trim).find_map(|p| p.strip_prefix(b"q=").or_else(|| p.strip_prefix(b"Q=")));
            Some(q.map_or(1_000, thousandths))
        })
    };
    match (weight("application/json"), weight("text/html")) {
        (None | Some(0), _) => false,
        (Some(json), html) => json >= html.unwrap_or(0),
    }
}

/// `0.5` is 500; what is no weight is 0.
fn thousandths(q: &[u8]) -> u32 {
    let text = String::from_utf8_lossy(q);
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let digits = part.len() <= 3 && part.bytes().all(|b| b.is_ascii_digit());
    match whole {
        "1" if digits && part.bytes().all(|b| b == b'0') => 1_000,
        "0" if digits => part.bytes().chain(*b"000").take(3).fold(0, |n, b| n * 10 + u32::from(b - b'0')),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    fn ask(text: &str) -> Result<Wanted, Refused> {
        read(&Head::parse(text.as_bytes()).expect("a head"))
    }

    fn get(fields: &str) -> Result<Wanted, Refused> {
        ask(&format!("GET /x HTTP/1.1\r\nHost: h\r\n{fields}\r\n"))
    }

    fn status(result: Result<Wanted, Refused>) -> (u16, bool) {
        let why = result.expect_err("refused");
        (why.status.code(), why.close)
    }

    #[test]
    fn rfc9112_6_3_both_lengths_are_refused_and_the_connection_ends() {
        assert_eq!(status(get("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")), (400, true));
        assert_eq!(status(get("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n")), (400, true));
        assert_eq!(status(get("Content-Length: 5\r\nContent-Length: 5\r\n")), (400, true));
        assert_eq!(status(get("Content-Length: 5\r\nContent-Length: 6\r\n")), (400, true));
        assert_eq!(status(get("Content-Length: 5, 5\r\n")), (400, true));
        for number in ["+5", "-1", "0x5", "5 5", "99999999999999999999", ""] {
            assert_eq!(status(get(&format!("Content-Length: {number}\r\n"))), (400, true), "{number}");
        }
    }

    #[test]
    fn rfc9112_6_1_a_transfer_coding_is_not_taken() {
        assert_eq!(status(get("Transfer-Encoding: chunked\r\n")), (411, true));
        assert_eq!(status(get("Transfer-Encoding: gzip, chunked\r\n")), (501, true));
        assert_eq!(status(get("Transfer-Encoding: xchunked\r\n")), (501, true));
        assert_eq!(status(get("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n")), (400, true));
        assert_eq!(status(ask("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n")), (400, true));
    }

    #[test]
    fn rfc9110_9_3_1_content_of_a_get_is_bounded() {
        assert_eq!(get("Content-Length: 65536\r\n").unwrap().content, 65_536);
        assert_eq!(status(get("Content-Length: 65537\r\n")), (413, true));
    }

    #[test]
    fn rfc9112_3_2_one_host_in_http_1_1() {
        assert_eq!(status(ask("GET / HTTP/1.1\r\n\r\n")), (400, true));
        assert_eq!(status(get("Host: other\r\n")), (400, true));
        assert_eq!(status(ask("GET / HTTP/1.1\r\nHost: a b\r\n\r\n")), (400, true));
        assert_eq!(status(ask("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n")), (400, true));
        for host in ["10.0.0.1:8080", "[2001:db8::1]:80", "", "h"] {
            assert!(ask(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).is_ok(), "{host}");
        }
        assert!(ask("GET / HTTP/1.0\r\n\r\n").is_ok());
    }

    #[test]
    fn rfc9110_9_1_other_methods_are_405_and_unknown_ones_501() {
        for method in ["OPTIONS", "POST", "PUT", "DELETE", "TRACE", "CONNECT", "PATCH"] {
            let text = format!("{method} /x HTTP/1.1\r\nHost: h\r\n\r\n");
            assert_eq!(status(ask(&text)), (405, false), "{method}");
        }
        assert_eq!(status(ask("PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n")), (405, true));
        // RFC 9110 §9.1: methods are case-sensitive.
        for method in ["get", "Get", "FETCH", "GETX"] {
            assert_eq!(status(ask(&format!("{method} /x HTTP/1.1\r\nHost: h\r\n\r\n"))), (501, false));
        }
    }

    #[test]
    fn rfc9110_10_1_1_only_100_continue_can_be_expected() {
        assert!(get("Expect: 100-Continue\r\nContent-Length: 3\r\n").unwrap().expects);
        assert_eq!(status(get("Expect: tea\r\n")), (417, false));
        assert!(!ask("GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").unwrap().expects);
    }

    #[test]
    fn rfc9112_9_3_connections_persist_as_their_version_says() {
        let close = |text: &str| ask(text).unwrap().close;
        assert!(!get("").unwrap().close);
        assert!(get("Connection: keep-alive, Close\r\n").unwrap().close);
        assert!(close("GET / HTTP/1.0\r\n\r\n"));
        assert!(!close("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
    }

    #[test]
    fn rfc9110_14_2_a_range_is_of_get_only() {
        assert!(get("Range: bytes=0-1\r\n").unwrap().range.is_some());
        let head = ask("HEAD /x HTTP/1.1\r\nHost: h\r\nRange: bytes=0-1\r\n\r\n").unwrap();
        assert_eq!(head.range, None);
        assert_eq!(status(get("Range: bytes=0-1\r\nRange: bytes=2-3\r\n")), (400, true));
    }

    #[test]
    fn rfc9110_12_5_1_json_is_for_who_names_it() {
        let json = |accept: &str| get(&format!("Accept: {accept}\r\n")).unwrap().request.json;
        assert!(json("application/json") && json("text/html;q=0.5, application/json"));
        assert!(json("application/json;q=0.9, */*") && json("Application/JSON; q=1.000"));
        for accept in ["*/*", "text/html", "application/json;q=0", "text/html, application/json;q=0.9", "x"] {
            assert!(!json(accept), "{accept}");
        }
        assert!(!get("").unwrap().request.json);
    }
}
