//! How a file is on the wire: TYPE, STRU and MODE together, as two converting streams (RFC 959 §3.1 to §3.5).
//!
//! | file | its one idea |
//! |---|---|
//! | `mod` | both streams: representation, then structure, then mode; and back |
//! | `ebcdic` | TYPE E |
//! | `records` | STRU R in MODE S |
//! | `pages` | STRU P |
//! | `block` | MODE B |
//! | `compressed` | MODE C |
//! | `content` | what is left of the wire when structure and mode are gone |
//!
//! MODE Z is not here: it is MODE S, compressed by whoever drives this (a compressor needs more than this crate may import).

mod block;
mod compressed;
mod content;
mod ebcdic;
mod pages;
mod records;
#[cfg(test)]
mod tests;

use crate::ascii;
use crate::command::{Form, Representation, Structure, TransferMode};
use alloc::vec::Vec;
use content::Content;
use core::fmt;

/// The descriptor codes of MODE B and C (RFC 959 §3.4.2), for all of this module.
const EOR: u8 = 128;
const EOF: u8 = 64;
const MARKER: u8 = 16;

/// Where the output of one call stops growing: MODE C makes 63 octets of one.
const FULL: usize = 64 << 10;
/// Octets of the file between two restart markers.
const MARK_EVERY: u64 = 1 << 20;

/// A restart marker that came, and the octet of the file that it stands before, counted from the transfer's first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    /// Printable.
    pub marker: Vec<u8>,
    /// Octets of the file before it.
    pub at: u64,
}

/// What came is not what structure and mode say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Broken {
    /// It ended without the mark of its end.
    NoEnd,
    /// Octets behind the mark of its end.
    AfterEnd,
    /// STRU R: an escape that is none.
    Escape(u8),
    /// MODE B and C: a descriptor with bits that mean nothing.
    Descriptor(u8),
    /// A restart marker that is empty, too long or not printable.
    Marker,
    /// STRU P: there is no such type.
    PageType(u8),
    /// STRU P: a header of a length that its type has not.
    PageHeader(u8),
    /// STRU P: pages come in their order here.
    PageIndex {
        /// Which was to come.
        expected: u8,
        /// Which came.
        found: u8,
    },
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::NoEnd => f.write_str("the data ended without the mark of its end"),
            Broken::AfterEnd => f.write_str("octets came behind the mark of the end"),
            Broken::Escape(code) => {
                write!(f, "{code:#04x} behind the escape, where 1, 2, 3 or 0xff are known")
            }
            Broken::Descriptor(code) => write!(f, "the descriptor {code:#04x} has bits that mean nothing"),
            Broken::Marker => f.write_str("a restart marker is empty, too long or not printable"),
            Broken::PageType(kind) => write!(f, "page type {kind} is unknown; 0 to 3 are known"),
            Broken::PageHeader(len) => write!(f, "a page of that type has no header of {len}"),
            Broken::PageIndex { expected, found } => {
                write!(f, "page {found} came where page {expected} was next")
            }
        }
    }
}

impl core::error::Error for Broken {}

/// File to wire. Call [`ToWire::finish`] at the end, also of an empty file.
#[derive(Clone, Debug)]
pub struct ToWire {
    form: Form,
    text: ascii::ToWire,
    pages: Option<pages::Writer>,
    /// Of the file: where we are, and where the next restart marker stands.
    at: u64,
    mark: u64,
    scratch: Vec<u8>,
}

impl ToWire {
    /// For a file from its octet `offset` on.
    pub fn new(form: Form, offset: u64) -> ToWire {
        let pages = (form.structure == Structure::Page).then(pages::Writer::default);
        let (at, mark) = (offset, offset + MARK_EVERY);
        ToWire { form, text: ascii::ToWire::default(), pages, at, mark, scratch: Vec::new() }
    }

    /// Appends the wire form of `octets`.
    pub fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        let mut rest = octets;
        // REST begins at an octet, which only files of octets have.
        while self.has_marks() && self.at + rest.len() as u64 >= self.mark {
            let (now, later) = rest.split_at(usize::try_from(self.mark - self.at).expect("in this piece"));
            self.piece(now, out);
            let marker = alloc::format!("{}", self.mark);
            match self.form.mode {
                TransferMode::Block => block::mark(marker.as_bytes(), out),
                TransferMode::Compressed => compressed::mark(marker.as_bytes(), out),
                TransferMode::Stream | TransferMode::Deflate(_) => unreachable!("see has_marks"),
            }
            self.mark += MARK_EVERY;
            rest = later;
        }
        self.piece(rest, out);
    }

    /// Appends the mark of the end, where there is one.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if let Some(mut pages) = self.pages.take() {
            pages.finish(|octets| frame(self.form, octets, out));
        }
        // A file of octets is one record; of text each line is one, and what is behind the last LF has no end.
        let is_record = self.form.structure == Structure::Record && !self.form.representation.is_text();
        let record = if is_record { EOR } else { 0 };
        end(self.form, record | EOF, out);
    }

    fn has_marks(&self) -> bool {
        let Form { representation, structure, mode } = self.form;
        matches!(mode, TransferMode::Block | TransferMode::Compressed)
            && structure == Structure::File
            && !representation.is_text()
    }

    fn piece(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        self.at += octets.len() as u64;
        if self.form.structure != Structure::Record || !self.form.representation.is_text() {
            return self.data(octets, out);
        }
        for line in octets.split_inclusive(|&b| b == b'\n') {
            match line.strip_suffix(b"\n") {
                Some(record) => {
                    self.data(record, out);
                    end(self.form, EOR, out);
                }
                None => self.data(line, out),
            }
        }
    }

    fn data(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        self.scratch.clear();
        let octets = match (self.form.representation, self.form.structure) {
            (Representation::Image, _) | (Representation::Ascii, Structure::Record) => octets,
            (Representation::Ascii, Structure::File | Structure::Page) => {
                self.text.push(octets, &mut self.scratch);
                &self.scratch
            }
            (Representation::Ebcdic, _) => {
                self.scratch.extend(octets.iter().map(|&b| ebcdic::to_wire(b)));
                &self.scratch
            }
        };
        match &mut self.pages {
            Some(pages) => pages.push(octets, |octets| frame(self.form, octets, out)),
            None => frame(self.form, octets, out),
        }
    }
}

fn frame(form: Form, octets: &[u8], out: &mut Vec<u8>) {
    match (form.mode, form.structure) {
        (TransferMode::Stream | TransferMode::Deflate(_), Structure::Record) => records::write(octets, out),
        (TransferMode::Stream | TransferMode::Deflate(_), Structure::File | Structure::Page) => {
            out.extend_from_slice(octets);
        }
        (TransferMode::Block, _) => block::write(octets, out),
        (TransferMode::Compressed, _) => compressed::write(octets, filler(form.representation), out),
    }
}

fn end(form: Form, flags: u8, out: &mut Vec<u8>) {
    match (form.mode, form.structure) {
        (TransferMode::Stream | TransferMode::Deflate(_), Structure::Record) => records::end(flags, out),
        (TransferMode::Stream | TransferMode::Deflate(_), Structure::File | Structure::Page) => {}
        (TransferMode::Block, _) => block::end(flags, out),
        (TransferMode::Compressed, _) => compressed::end(flags, out),
    }
}

/// RFC 959 §3.4.3: a space, or zero.
fn filler(representation: Representation) -> u8 {
    match representation {
        Representation::Ascii => b' ',
        Representation::Ebcdic => 0x40,
        Representation::Image => 0,
    }
}

/// Wire to file. Call [`FromWire::finish`] when the data connection has ended.
#[derive(Clone, Debug)]
pub struct FromWire {
    frames: Frames,
    filler: u8,
    content: Content,
}

#[derive(Clone, Debug)]
enum Frames {
    Stream,
    Records(records::Records),
    Blocks(block::Blocks),
    Runs(compressed::Runs),
}

impl FromWire {
    /// For an upload in this form.
    pub fn new(form: Form) -> FromWire {
        let frames = match (form.mode, form.structure) {
            (TransferMode::Stream | TransferMode::Deflate(_), Structure::Record) => {
                Frames::Records(records::Records::default())
            }
            (TransferMode::Stream | TransferMode::Deflate(_), Structure::File | Structure::Page) => {
                Frames::Stream
            }
            (TransferMode::Block, _) => Frames::Blocks(block::Blocks::default()),
            (TransferMode::Compressed, _) => Frames::Runs(compressed::Runs::default()),
        };
        let content = Content::new(form.representation, form.structure);
        FromWire { frames, filler: filler(form.representation), content }
    }

    /// Appends the file's form of `octets` and gives how many of them it took: fewer where `out` has become 64 KiB,
    /// which is to be emptied then.
    ///
    /// # Errors
    /// What came is not what the form says; nothing more is to be pushed.
    pub fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) -> Result<usize, Broken> {
        let content = &mut self.content;
        match &mut self.frames {
            Frames::Stream => content.data(octets, out)?,
            Frames::Records(records) => records.push(octets, content, out)?,
            Frames::Blocks(blocks) => blocks.push(octets, content, out)?,
            Frames::Runs(runs) => return runs.push(octets, self.filler, content, out),
        }
        Ok(octets.len())
    }

    /// Whether the mark of the end has come: whatever follows would be too much.
    pub fn is_over(&self) -> bool {
        match &self.frames {
            Frames::Stream => self.content.has_pages() && self.content.is_paged_out(),
            Frames::Records(records) => *records == records::Records::Over,
            Frames::Blocks(blocks) => *blocks == block::Blocks::Over,
            Frames::Runs(runs) => *runs == compressed::Runs::Over,
        }
    }

    /// The connection has ended: appends what waited for more.
    ///
    /// # Errors
    /// [`Broken::NoEnd`], where the form has a mark of its end and none came.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Broken> {
        let whole = match &self.frames {
            Frames::Stream => return self.content.finish(out),
            Frames::Runs(runs) if runs.is_at_end() && !self.is_over() => return self.content.finish(out),
            Frames::Records(_) | Frames::Blocks(_) | Frames::Runs(_) => self.is_over(),
        };
        if whole { Ok(()) } else { Err(Broken::NoEnd) }
    }

    /// The last restart markers that came.
    pub fn marks(&self) -> &[Mark] {
        &self.content.marks
    }
}
