//! What is left of the wire's octets when mode and structure are gone: text or octets of a file, marks beside them.

use super::{Broken, EOF, EOR, MARKER, Mark, ebcdic, pages};
use crate::ascii;
use crate::command::{Representation, Structure};
use alloc::vec::Vec;

/// The most octets of a marker: `MARK yyyy = mmmm` is one line.
const MARKER_MAX: usize = 128;
/// The most marks that are kept; the last ones count.
const MARKS: usize = 16;

/// Takes data and ends, gives the file's octets.
#[derive(Clone, Debug)]
pub(super) struct Content {
    text: Text,
    pages: Option<pages::Reader>,
    /// Octets of the file so far.
    written: u64,
    marker: Vec<u8>,
    pub(super) marks: Vec<Mark>,
}

#[derive(Clone, Debug)]
enum Text {
    Octets,
    Ascii(ascii::FromWire),
    /// Text whose lines are records.
    AsciiRecords,
    Ebcdic,
}

impl Content {
    pub(super) fn new(representation: Representation, structure: Structure) -> Content {
        let text = match (representation, structure) {
            (Representation::Image, _) => Text::Octets,
            (Representation::Ascii, Structure::Record) => Text::AsciiRecords,
            (Representation::Ascii, Structure::File | Structure::Page) => {
                Text::Ascii(ascii::FromWire::default())
            }
            (Representation::Ebcdic, _) => Text::Ebcdic,
        };
        let pages = (structure == Structure::Page).then(pages::Reader::default);
        Content { text, pages, written: 0, marker: Vec::new(), marks: Vec::new() }
    }

    /// Whether the last page has come; true without pages.
    pub(super) fn is_paged_out(&self) -> bool {
        self.pages.as_ref().is_none_or(pages::Reader::is_over)
    }

    pub(super) fn has_pages(&self) -> bool {
        self.pages.is_some()
    }

    pub(super) fn data(&mut self, octets: &[u8], out: &mut Vec<u8>) -> Result<(), Broken> {
        let (text, before) = (&mut self.text, out.len());
        match &mut self.pages {
            None => text.push(octets, out),
            Some(pages) => pages.push(octets, |page| text.push(page, out))?,
        }
        self.written += (out.len() - before) as u64;
        Ok(())
    }

    /// A part of a restart marker.
    pub(super) fn marker(&mut self, octets: &[u8]) -> Result<(), Broken> {
        // RFC 959 §3.4.2: printable, and no space within.
        if self.marker.len() + octets.len() > MARKER_MAX || !octets.iter().all(u8::is_ascii_graphic) {
            return Err(Broken::Marker);
        }
        self.marker.extend_from_slice(octets);
        Ok(())
    }

    /// Behind a block or a string: what its flags say.
    pub(super) fn ended(&mut self, flags: u8, out: &mut Vec<u8>) -> Result<(), Broken> {
        if flags & MARKER != 0 {
            let marker = core::mem::take(&mut self.marker);
            if marker.is_empty() {
                return Err(Broken::Marker);
            }
            if self.marks.len() == MARKS {
                self.marks.remove(0);
            }
            self.marks.push(Mark { marker, at: self.written });
        }
        if flags & EOR != 0 && !matches!(self.text, Text::Octets) {
            // A record is a line here; of octets it is nothing that a file would keep.
            out.push(b'\n');
            self.written += 1;
        }
        if flags & EOF != 0 { self.finish(out) } else { Ok(()) }
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Broken> {
        if let Text::Ascii(text) = &mut self.text {
            text.finish(out);
        }
        if self.is_paged_out() { Ok(()) } else { Err(Broken::NoEnd) }
    }
}

impl Text {
    fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        match self {
            Text::Octets | Text::AsciiRecords => out.extend_from_slice(octets),
            Text::Ascii(text) => text.push(octets, out),
            Text::Ebcdic => out.extend(octets.iter().map(|&b| ebcdic::from_wire(b))),
        }
    }
}
