//! `--trace[=WHERE]`: where traces go.

use super::{Capture, End, Picture, Trace};
use crate::exit::{Exit, Failure};
use clap::builder::{OsStringValueParser, TypedValueParser};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use transport::tap::Tap;

/// Where one trace goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// A ladder, drawn while it happens.
    Stderr,
    /// A ladder as text.
    Text(PathBuf),
    /// A capture for Wireshark.
    Capture(PathBuf),
    /// A ladder as a picture.
    Picture(PathBuf),
}

/// Endings of files, and what such a file is.
type Ending = (&'static str, fn(PathBuf) -> Place);

const ENDINGS: &[Ending] = &[("pcapng", Place::Capture), ("svg", Place::Picture), ("txt", Place::Text)];

/// Those that make a word behind a bare `--trace` its value. Not `txt`: that may be a file to serve or to copy.
const TAKEN: &[&str] = &["pcapng", "svg"];

impl Place {
    /// For clap.
    pub(crate) fn parser() -> impl TypedValueParser<Value = Place> {
        OsStringValueParser::new().try_map(Place::parse)
    }

    /// `-`, or a file by its ending.
    fn parse(text: OsString) -> Result<Place, String> {
        if text == "-" {
            return Ok(Place::Stderr);
        }
        let path = PathBuf::from(text);
        let kind = ENDINGS.iter().find(|(ending, _)| ends(&path, ending));
        kind.map(|(_, place)| place(path)).ok_or_else(|| {
            let known: Vec<String> = ENDINGS.iter().map(|(ending, _)| format!(".{ending}")).collect();
            format!("the name of a trace ends in {}", known.join(", "))
        })
    }
}

fn ends(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case(ending))
}

/// Makes `--trace=FILE.pcapng` of `--trace FILE.pcapng`: the word behind a bare `--trace` is its value where it
/// can only be that, and clap cannot tell.
pub(crate) fn joined(args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut out: Vec<OsString> = Vec::new();
    let mut options = true;
    for arg in args {
        let taken = TAKEN.iter().any(|ending| ends(Path::new(&arg), ending));
        match out.last_mut() {
            Some(last) if options && last == "--trace" && taken => {
                last.push("=");
                last.push(arg);
            }
            _ => {
                options &= arg != "--";
                out.push(arg);
            }
        }
    }
    out
}

/// The option, as all commands have it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Tracing {
    /// Draw every packet, command, reply and data connection: on stderr, or into FILE.txt; FILE.svg is a
    /// picture, FILE.pcapng is for Wireshark. May be repeated. (--trace FILE.svg and --trace FILE.pcapng are
    /// understood too.)
    #[arg(
        long,
        value_name = "FILE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "-",
        value_parser = Place::parser()
    )]
    trace: Vec<Place>,
}

impl Tracing {
    /// Whether anything is to be traced.
    pub(crate) fn is_asked(&self) -> bool {
        !self.trace.is_empty()
    }

    /// Opens the traces, for what is seen at the end `tapped`; files that are there are written over.
    pub(crate) fn open(
        &self,
        tapped: End,
        stderr: impl Fn() -> Box<dyn Write + Send>,
    ) -> Result<Traces, Failure> {
        let open = |place: &Place| {
            let kind = match place {
                Place::Stderr => Kind::Ladder(Arc::new(Trace::new(tapped, stderr()))),
                Place::Text(path) => Kind::Ladder(Arc::new(Trace::new(tapped, create(path)?))),
                Place::Capture(path) => {
                    let capture = Capture::new(create(path)?).map_err(|e| broken(path, &e))?;
                    Kind::Capture(Arc::new(capture))
                }
                Place::Picture(path) => Kind::Picture(Arc::new(Picture::new(tapped, create(path)?))),
            };
            Ok(Open { place: place.clone(), kind })
        };
        self.trace.iter().map(open).collect::<Result<_, _>>().map(Traces)
    }
}

/// The traces of one command.
pub(crate) struct Traces(Vec<Open>);

/// One of them.
struct Open {
    place: Place,
    kind: Kind,
}

enum Kind {
    Ladder(Arc<Trace>),
    Capture(Arc<Capture>),
    Picture(Arc<Picture>),
}

impl Traces {
    /// Whether one is drawn on stderr: nothing else should move there.
    pub(crate) fn on_stderr(&self) -> bool {
        self.0.iter().any(|open| open.place == Place::Stderr)
    }

    /// What must see everything.
    pub(crate) fn taps(&self) -> Vec<Arc<dyn Tap>> {
        let tap = |open: &Open| match &open.kind {
            Kind::Ladder(trace) => trace.clone() as Arc<dyn Tap>,
            Kind::Capture(capture) => capture.clone() as Arc<dyn Tap>,
            Kind::Picture(picture) => picture.clone() as Arc<dyn Tap>,
        };
        self.0.iter().map(tap).collect()
    }

    /// Writes what was kept back; fails where a file is not whole. A terminal that is gone is no failure.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        let mut result = Ok(());
        for Open { place, kind } in self.0 {
            let done = match kind {
                Kind::Ladder(trace) => trace.finish(),
                Kind::Capture(capture) => capture.finish(),
                Kind::Picture(picture) => picture.finish(),
            };
            match (place, done) {
                (_, Ok(())) | (Place::Stderr, Err(_)) => {}
                (Place::Text(path) | Place::Capture(path) | Place::Picture(path), Err(e)) => {
                    result = result.and(Err(broken(&path, &e)));
                }
            }
        }
        result
    }
}

fn create(path: &Path) -> Result<Box<dyn Write + Send>, Failure> {
    let local = |e: io::Error| Failure { exit: Exit::Local, ..Failure::local(path.display(), &e) };
    Ok(Box::new(File::create(path).map_err(local)?))
}

fn broken(path: &Path, error: &io::Error) -> Failure {
    let failure = Failure::local(path.display(), error);
    Failure { exit: Exit::Local, what: format!("the trace is not whole: {}", failure.what), ..failure }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Vec<String> {
        joined(line.split(' ').map(OsString::from)).into_iter().map(|a| a.into_string().unwrap()).collect()
    }

    #[test]
    fn only_a_word_that_can_be_nothing_else_belongs_to_a_bare_trace() {
        assert_eq!(split("serve --trace a.pcapng images"), ["serve", "--trace=a.pcapng", "images"]);
        assert_eq!(split("serve --trace images"), ["serve", "--trace", "images"]);
        assert_eq!(split("serve images --trace"), ["serve", "images", "--trace"]);
        assert_eq!(
            split("copy --trace --trace x.PCAPNG a b"),
            ["copy", "--trace", "--trace=x.PCAPNG", "a", "b"]
        );
        assert_eq!(split("serve -- --trace a.pcapng"), ["serve", "--", "--trace", "a.pcapng"]);
        assert_eq!(split("serve --trace -- a.pcapng"), ["serve", "--trace", "--", "a.pcapng"]);
    }

    #[test]
    fn a_file_is_what_its_ending_says() {
        assert_eq!(Place::parse("-".into()), Ok(Place::Stderr));
        assert_eq!(Place::parse("a/b.pcapng".into()), Ok(Place::Capture("a/b.pcapng".into())));
        assert_eq!(Place::parse("b.svg".into()), Ok(Place::Picture("b.svg".into())));
        assert_eq!(Place::parse("b.txt".into()), Ok(Place::Text("b.txt".into())));
        for wrong in ["b.pcap", "b", "", ".pcapng"] {
            assert!(Place::parse(wrong.into()).unwrap_err().contains(".pcapng"), "{wrong}");
        }
    }
}
