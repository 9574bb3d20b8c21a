//! The pump's conversions: what TYPE, STRU and MODE make of a file on the wire.

use super::deflate::{Deflating, Inflating, NotZlib};
use ftp_proto::ascii;
use ftp_proto::command::{Form, Representation, Structure, TransferMode};
use ftp_proto::form::{Broken, FromWire, Mark, ToWire};
use ftp_proto::reply::Code;
use ftp_proto::server::End;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use transport::pump::Convert;

/// Of a download; nothing where the octets are those of the file, so that the system can send it by itself.
pub(super) fn outgoing(form: Form, offset: u64) -> Option<Box<dyn Convert>> {
    let deflating = || match form.mode {
        TransferMode::Deflate(level) => Some((Deflating::new(level), Vec::new())),
        TransferMode::Stream | TransferMode::Block | TransferMode::Compressed => None,
    };
    let out = || Out { to: ToWire::new(form, offset), deflating: deflating() };
    (!form.is_plain()).then(|| Box::new(out()) as Box<dyn Convert>)
}

/// Of an upload, whose restart markers go to `marks`; it ends where more octets of a file come than ALLO announced.
pub(super) fn incoming(form: Form, marks: &Marks, announced: Option<u64>) -> Option<Box<dyn Convert>> {
    let inflating = || match form.mode {
        TransferMode::Deflate(_) => Some(Inflating::new()),
        TransferMode::Stream | TransferMode::Block | TransferMode::Compressed => None,
    };
    let (from, announced) = (FromWire::new(form), announced.map(|octets| (octets, octets)));
    let taken = || In { from, inflating: inflating(), marks: marks.clone(), announced };
    (!form.is_plain()).then(|| Box::new(taken()) as Box<dyn Convert>)
}

/// The restart markers of an upload, told when it has ended.
#[derive(Clone, Default)]
// The mutex is around the markers between the conversion, which the pump has, and whoever has the upload open: never both at once.
pub(super) struct Marks(Arc<Mutex<Vec<Mark>>>);

impl Marks {
    pub(super) fn take(&self) -> Vec<Mark> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct Out {
    to: ToWire,
    /// MODE Z, and what it is to deflate.
    deflating: Option<(Deflating, Vec<u8>)>,
}

impl Convert for Out {
    fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) -> io::Result<usize> {
        match &mut self.deflating {
            None => self.to.push(octets, out),
            Some((deflating, stream)) => {
                stream.clear();
                self.to.push(octets, stream);
                deflating.push(stream, out)?;
            }
        }
        Ok(octets.len())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        match &mut self.deflating {
            None => self.to.finish(out),
            Some((deflating, stream)) => {
                stream.clear();
                self.to.finish(stream);
                deflating.push(stream, out)?;
                deflating.finish(out)?;
            }
        }
        Ok(())
    }
}

struct In {
    from: FromWire,
    /// MODE Z.
    inflating: Option<Inflating>,
    marks: Marks,
    /// What ALLO announced, and how much of it is not there yet: little on the wire can be much of a file.
    announced: Option<(u64, u64)>,
}

impl Convert for In {
    fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) -> io::Result<usize> {
        let before = out.len();
        let took = self.take(octets, out).map_err(unlike)?;
        if let Some((announced, left)) = &mut self.announced {
            let more = (out.len() - before) as u64;
            *left = left.checked_sub(more).ok_or_else(|| unlike(Unlike::TooMuch(*announced)))?;
        }
        if !self.from.marks().is_empty() {
            *self.marks.0.lock().unwrap_or_else(PoisonError::into_inner) = self.from.marks().to_vec();
        }
        Ok(took)
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        if self.inflating.as_ref().is_some_and(|inflating| !inflating.is_over()) {
            return Err(unlike(Unlike::Form(Broken::NoEnd)));
        }
        self.from.finish(out).map_err(|why| unlike(Unlike::Form(why)))
    }

    fn is_over(&self) -> bool {
        self.inflating.as_ref().map_or_else(|| self.from.is_over(), Inflating::is_over)
    }
}

impl In {
    fn take(&mut self, octets: &[u8], out: &mut Vec<u8>) -> Result<usize, Unlike> {
        let Some(inflating) = &mut self.inflating else {
            return self.from.push(octets, out).map_err(Unlike::Form);
        };
        let (before, mut at) = (out.len(), 0);
        // Until something came of it, or nothing is left that could.
        loop {
            let rest = &octets[at..];
            if inflating.is_over() && !rest.is_empty() {
                return Err(Unlike::Form(Broken::AfterEnd));
            }
            let (stream, took) = inflating.next(rest).map_err(|NotZlib| Unlike::NotZlib)?;
            let waited = stream.len();
            let taken = self.from.push(stream, out).map_err(Unlike::Form)?;
            inflating.took(taken);
            at += took;
            if out.len() > before || (took == 0 && waited == 0) {
                return Ok(at);
            }
        }
    }
}

/// What came is not what was agreed.
#[derive(Debug)]
enum Unlike {
    Form(Broken),
    NotZlib,
    /// More octets of a file than these, which ALLO announced.
    TooMuch(u64),
}

impl fmt::Display for Unlike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unlike::Form(why) => why.fmt(f),
            Unlike::NotZlib => f.write_str("it is no zlib stream, or its checksum is wrong"),
            Unlike::TooMuch(announced) => write!(f, "it is more than the {announced} octets of ALLO"),
        }
    }
}

impl std::error::Error for Unlike {}

fn unlike(why: Unlike) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// How a transfer ends in which that came.
pub(super) fn malformed(e: &io::Error) -> End {
    let code = match e.get_ref().and_then(|why| why.downcast_ref::<Unlike>()) {
        // RFC 959 §4.2.1: page type unknown.
        Some(Unlike::Form(Broken::PageType(_))) => 551,
        Some(Unlike::Form(Broken::NoEnd)) => 426,
        Some(Unlike::TooMuch(_)) => 552,
        Some(
            Unlike::Form(
                Broken::AfterEnd
                | Broken::Escape(_)
                | Broken::Descriptor(_)
                | Broken::Marker
                | Broken::PageHeader(_)
                | Broken::PageIndex { .. },
            )
            | Unlike::NotZlib,
        )
        | None => 451,
    };
    End::Malformed(Code(code), format!("Not what was agreed: {e}; not published."))
}

/// Of a listing, whose lines end with CRLF already.
pub(super) struct Lines {
    /// Back to what a file would have.
    text: ascii::FromWire,
    out: Box<dyn Convert>,
    over: bool,
}

impl Lines {
    /// RFC 959 §4.1.3: a listing is text, whatever the type. `None`: its lines are as they are to be.
    pub(super) fn of(form: Form) -> Option<Lines> {
        let representation = match form.representation {
            Representation::Ebcdic => Representation::Ebcdic,
            Representation::Ascii | Representation::Image => Representation::Ascii,
        };
        let form = Form { representation, ..form };
        let text = Form { representation, structure: Structure::File, mode: TransferMode::Stream };
        if representation == Representation::Ascii && form == text {
            return None;
        }
        Some(Lines { text: ascii::FromWire::default(), out: outgoing(form, 0)?, over: false })
    }

    /// The next of the wire for the next lines, which are none at the end; nothing at its own end, and also where a
    /// conversion waits for more.
    pub(super) fn push(&mut self, lines: &[u8]) -> io::Result<Vec<u8>> {
        let (mut file, mut wire) = (Vec::with_capacity(lines.len()), Vec::new());
        self.text.push(lines, &mut file);
        let mut rest = file.as_slice();
        while !rest.is_empty() {
            rest = &rest[self.out.push(rest, &mut wire)?..];
        }
        if lines.is_empty() && !std::mem::replace(&mut self.over, true) {
            self.out.finish(&mut wire)?;
        }
        Ok(wire)
    }
}
