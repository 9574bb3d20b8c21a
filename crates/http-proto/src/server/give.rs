//! A file: preconditions, ranges, the runs of the content.

use super::{Answer, Ask, Content, Server, State, Transmit};
use crate::condition::{Judged, Validators};
use crate::date;
use crate::range::{self, Ranges, Run};
use crate::request::Wanted;
use crate::status::Status;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;
use clock::Instant;

/// A response that waits for the content to be begun.
#[derive(Debug)]
pub(super) struct Ready {
    parts: Vec<Transmit>,
}

impl Server {
    pub(super) fn give(&mut self, wanted: &Wanted, content: Content) {
        // RFC 9110 §8.8.2.1: no time later than Date is told.
        let modified = content.modified.min(self.date);
        let it = Validators { tag: content.tag, modified, now: self.date };
        match wanted.conditions.judge(&it) {
            Judged::NotModified => self.without_content(Status::NotModified, &content, modified),
            Judged::Failed => self.refuse(Status::PreconditionFailed, "the content has changed"),
            Judged::Give { ranges: false } => self.whole(&content, modified),
            Judged::Give { ranges: true } => {
                match wanted.range.as_ref().map_or(Ranges::Ignored, |r| range::parse(r, content.len)) {
                    Ranges::Ignored => self.whole(&content, modified),
                    Ranges::Unsatisfiable => self.unsatisfiable(content.len),
                    Ranges::Runs(runs) => self.ranges(&content, modified, &runs),
                }
            }
        }
    }

    /// RFC 9110 §15.4.5: a 304 has the fields that a 200 would have had, of these.
    fn without_content(&mut self, status: Status, content: &Content, modified: i64) {
        let mut head = self.head(status);
        head.field("ETag", &content.tag.text());
        head.field("Last-Modified", &date::write(modified));
        head.field("Cache-Control", "no-cache");
        let octets = head.end();
        self.out.push_back(Transmit::octets(octets));
        self.state = State::Replying;
    }

    /// RFC 9110 §15.5.17: a 416 tells the length.
    fn unsatisfiable(&mut self, len: u64) {
        let body = format!("416 Range Not Satisfiable: the content has {len} octets\n");
        let mut head = self.head(Status::RangeNotSatisfiable);
        head.field("Content-Range", &format!("bytes */{len}"));
        head.field("Content-Type", "text/plain; charset=utf-8");
        head.field("Content-Length", &format!("{}", body.len()));
        self.reply(head, body.as_bytes());
    }

    fn whole(&mut self, content: &Content, modified: i64) {
        let mut head = self.described(Status::Ok, content, modified);
        head.field("Content-Type", content.media);
        head.field("Content-Length", &format!("{}", content.len));
        let run = Run { from: 0, len: content.len };
        self.begin(head.end(), &[(Vec::new(), run)], Vec::new());
    }

    fn ranges(&mut self, content: &Content, modified: i64, runs: &[Run]) {
        let of = |run: &Run| format!("bytes {}-{}/{}", run.from, run.from + run.len - 1, content.len);
        let mut head = self.described(Status::PartialContent, content, modified);
        if let [run] = runs {
            head.field("Content-Type", content.media);
            head.field("Content-Range", &of(run));
            head.field("Content-Length", &format!("{}", run.len));
            return self.begin(head.end(), &[(Vec::new(), *run)], Vec::new());
        }
        // RFC 9110 §14.6. That the boundary is not in the content cannot be proved without reading it; it is 128
        // bits of a hash over the file's identity.
        let tag = content.tag.text();
        let boundary = tag.trim_matches('"');
        let mut parts: Vec<(Vec<u8>, Run)> = Vec::with_capacity(runs.len());
        for run in runs {
            let head = format!(
                "\r\n--{boundary}\r\nContent-Type: {}\r\nContent-Range: {}\r\n\r\n",
                content.media,
                of(run)
            );
            parts.push((head.into_bytes(), *run));
        }
        let last = format!("\r\n--{boundary}--\r\n").into_bytes();
        let len: u64 =
            parts.iter().map(|(head, run)| head.len() as u64 + run.len).sum::<u64>() + last.len() as u64;
        let kind: String = format!("multipart/byteranges; boundary={boundary}");
        head.field("Content-Type", &kind);
        head.field("Content-Length", &format!("{len}"));
        self.begin(head.end(), &parts, last);
    }

    fn described(&self, status: Status, content: &Content, modified: i64) -> super::reply::Writing {
        let mut head = self.head(status);
        head.field("ETag", &content.tag.text());
        head.field("Last-Modified", &date::write(modified));
        head.field("Accept-Ranges", "bytes");
        // A copy may be kept, and is asked for before it is used: a file here may be replaced at any time.
        head.field("Cache-Control", "no-cache");
        head
    }

    fn begin(&mut self, mut head: Vec<u8>, parts: &[(Vec<u8>, Run)], last: Vec<u8>) {
        if self.head_only {
            self.out.push_back(Transmit::octets(head));
            self.state = State::Replying;
            return;
        }
        let octets = parts.iter().map(|(_, run)| run.len).sum();
        let mut out = Vec::with_capacity(parts.len() + 1);
        for (before, run) in parts {
            head.extend_from_slice(before);
            let follows = run.len > 0;
            let before = core::mem::take(&mut head);
            out.push(match follows {
                true => Transmit::Run { before: Bytes::from(before), from: run.from, len: run.len },
                false => Transmit::octets(before),
            });
        }
        if !last.is_empty() {
            out.push(Transmit::octets(last));
        }
        let id = self.ask(Ask::Begin { octets });
        self.state = State::Beginning { id, ready: Box::new(Ready { parts: out }) };
    }

    pub(super) fn begun(&mut self, _now: Instant, ready: Ready, answer: Answer) {
        match answer {
            Answer::Begun => {
                self.out.extend(ready.parts);
                self.state = State::Giving;
            }
            Answer::Refused(status, text) => self.refuse(status, &text),
            Answer::Content(_)
            | Answer::Listing
            | Answer::Text(_)
            | Answer::Directory(_)
            | Answer::Entries(_) => {
                debug_assert!(false, "not an answer to Begin");
                self.refuse(Status::InternalServerError, "internal error");
            }
        }
    }
}
