//! Heads and short bodies.

use super::{Server, State, Text, Transmit};
use crate::date;
use crate::head::Version;
use crate::status::Status;
use crate::target;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// A head being written.
pub(super) struct Writing(Vec<u8>);

impl Writing {
    pub(super) fn field(&mut self, name: &str, value: &str) {
        debug_assert!(!value.bytes().any(|b| matches!(b, b'\r' | b'\n')), "{name} would split the response");
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b": ");
        self.0.extend_from_slice(value.as_bytes());
        self.0.extend_from_slice(b"\r\n");
    }

    pub(super) fn end(mut self) -> Vec<u8> {
        self.0.extend_from_slice(b"\r\n");
        self.0
    }
}

impl Server {
    /// The status line and what every response has.
    pub(super) fn head(&self, status: Status) -> Writing {
        let mut octets = Vec::with_capacity(384);
        // RFC 9112 §2.3: our own version, also to a client of 1.0.
        octets.extend_from_slice(format!("HTTP/1.1 {} {}\r\n", status.code(), status.reason()).as_bytes());
        let mut head = Writing(octets);
        head.field("Date", &date::write(self.date));
        match (self.close, self.version) {
            (true, _) => head.field("Connection", "close"),
            (false, Version::Old) => head.field("Connection", "keep-alive"),
            (false, Version::Current) => {}
        }
        // A type that somebody guesses from the content is how text becomes a script.
        head.field("X-Content-Type-Options", "nosniff");
        head
    }

    /// A refusal with a sentence for people.
    pub(super) fn refuse(&mut self, status: Status, text: &str) {
        let body = format!("{} {}: {text}\n", status.code(), status.reason()).into_bytes();
        self.text(&Text { status, media: "text/plain; charset=utf-8", body });
    }

    pub(super) fn text(&mut self, text: &Text) {
        let mut head = self.head(text.status);
        head.field("Content-Type", text.media);
        head.field("Content-Length", &format!("{}", text.body.len()));
        head.field("Cache-Control", "no-store");
        match text.status {
            // RFC 9110 §11.6.1; RFC 7617 §2.1.
            Status::Unauthorized => {
                let challenge = format!("Basic realm=\"{}\", charset=\"UTF-8\"", self.config.realm);
                head.field("WWW-Authenticate", &challenge);
            }
            // RFC 9110 §15.5.6: a 405 has Allow.
            Status::MethodNotAllowed => head.field("Allow", "GET, HEAD"),
            Status::TooManyRequests | Status::ServiceUnavailable => head.field("Retry-After", "10"),
            Status::Continue
            | Status::Ok
            | Status::PartialContent
            | Status::MovedPermanently
            | Status::NotModified
            | Status::BadRequest
            | Status::Forbidden
            | Status::NotFound
            | Status::RequestTimeout
            | Status::LengthRequired
            | Status::PreconditionFailed
            | Status::ContentTooLarge
            | Status::UriTooLong
            | Status::RangeNotSatisfiable
            | Status::ExpectationFailed
            | Status::HeadTooLarge
            | Status::InternalServerError
            | Status::NotImplemented
            | Status::VersionNotSupported
            | Status::InsufficientStorage => {}
        }
        self.reply(head, &text.body);
    }

    /// RFC 9110 §10.2.2: a directory's own name, so that the links in it lead into it.
    pub(super) fn elsewhere(&mut self, path: &[u8]) {
        let mut to = Vec::new();
        target::encode(path, &mut to);
        to.push(b'/');
        let to = String::from_utf8(to).expect("what is encoded is ASCII");
        let body = format!("this is a directory: {to}\n").into_bytes();
        let mut head = self.head(Status::MovedPermanently);
        head.field("Location", &to);
        head.field("Content-Type", "text/plain; charset=utf-8");
        head.field("Content-Length", &format!("{}", body.len()));
        self.reply(head, &body);
    }

    pub(super) fn reply(&mut self, head: Writing, body: &[u8]) {
        let mut octets = head.end();
        if !self.head_only {
            octets.extend_from_slice(body);
        }
        self.timers.stop(super::HEAD);
        self.out.push_back(Transmit::octets(octets));
        self.state = State::Replying;
    }
}
