//! The pump's conversions: what TYPE, STRU and MODE make of a file on the wire.

use ftp_proto::ascii;
use ftp_proto::command::{Form, Representation, Structure, TransferMode};
use ftp_proto::form::{Broken, FromWire, Mark, ToWire};
use ftp_proto::reply::Code;
use ftp_proto::server::End;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use transport::pump::Convert;

/// Of a download; nothing where the octets are those of the file, so that the system can send it by itself.
pub(super) fn outgoing(form: Form, offset: u64) -> Option<Box<dyn Convert>> {
    (!form.is_plain()).then(|| Box::new(Out(ToWire::new(form, offset))) as Box<dyn Convert>)
}

/// Of an upload, whose restart markers go to `marks`.
pub(super) fn incoming(form: Form, marks: &Marks) -> Option<Box<dyn Convert>> {
    let taken = || In { from: FromWire::new(form), marks: marks.clone() };
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

struct Out(ToWire);

impl Convert for Out {
    fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) -> io::Result<usize> {
        self.0.push(octets, out);
        Ok(octets.len())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        self.0.finish(out);
        Ok(())
    }
}

struct In {
    from: FromWire,
    marks: Marks,
}

impl Convert for In {
    fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) -> io::Result<usize> {
        let took = self.from.push(octets, out).map_err(unlike)?;
        if !self.from.marks().is_empty() {
            *self.marks.0.lock().unwrap_or_else(PoisonError::into_inner) = self.from.marks().to_vec();
        }
        Ok(took)
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        self.from.finish(out).map_err(unlike)
    }

    fn is_over(&self) -> bool {
        self.from.is_over()
    }
}

fn unlike(why: Broken) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// How a transfer ends in which that came.
pub(super) fn malformed(e: &io::Error) -> End {
    let broken = e.get_ref().and_then(|why| why.downcast_ref::<Broken>());
    let code = match broken {
        // RFC 959 §4.2.1: page type unknown.
        Some(Broken::PageType(_)) => 551,
        Some(Broken::NoEnd) => 426,
        Some(
            Broken::AfterEnd
            | Broken::Escape(_)
            | Broken::Descriptor(_)
            | Broken::Marker
            | Broken::PageHeader(_)
            | Broken::PageIndex { .. },
        )
        | None => 451,
    };
    End::Malformed(Code(code), format!("Not what STRU and MODE say: {e}; not published."))
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
