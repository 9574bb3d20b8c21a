//! `scp -t` at the far end: the file goes.

use super::fault;
use super::line::{Line, Stop};
use crate::{ClientError, ScpOptions};
use sftp_proto::scp::{Record, Source, SourceEvent, Times, is_name};
use std::io;
use store::Blob;
use transport::octets::{OctetsIn, OctetsOut};
use transport::tap::Dir;

/// Octets that go at once.
const BITE: u64 = 256 << 10;

/// What is said before the octets.
#[derive(Debug)]
pub(super) struct Announced {
    times: Option<Record>,
    file: Record,
}

impl Announced {
    /// Of a file of `size` octets for `path`.
    pub(super) fn new(size: u64, path: &[u8], options: &ScpOptions) -> Result<Announced, ClientError> {
        let bad = |name: &[u8]| {
            let what = format!("SCP cannot send a file as '{}'", name.escape_ascii());
            ClientError::Local(io::Error::new(io::ErrorKind::InvalidInput, what))
        };
        let last = path.rsplit(|b| *b == b'/' || *b == b':').next().unwrap_or_default();
        let name = options.name.as_deref().filter(|name| is_name(name)).unwrap_or(last);
        if !is_name(name) {
            return Err(bad(name));
        }
        let mode = options.mode.unwrap_or(0o644);
        let times = options.times.map(|times| {
            Record::Times(Times { modified: times.modified.into(), accessed: times.accessed.into() })
        });
        Ok(Announced { times, file: Record::File { mode, size, name: name.to_vec() } })
    }
}

/// Sends one file.
pub(super) async fn run<I: OctetsIn, O: OctetsOut>(
    line: &mut Line<I, O>,
    blob: &Blob,
    announced: &Announced,
) -> Result<(), Stop> {
    let mut machine = Source::new();
    agreed(&mut machine, line).await?;
    for record in announced.times.iter().chain([&announced.file]) {
        machine.record(record);
        agreed(&mut machine, line).await?;
    }
    line.announced(Dir::Sent, &announced.file);
    while line.octets() < blob.len() {
        let len = usize::try_from((blob.len() - line.octets()).min(BITE)).expect("at most BITE");
        let mut octets = Vec::with_capacity(len);
        // What cannot be read ends it before its last octet: the far end has no whole file.
        let read = blob.read_behind(line.octets(), len, &mut octets).map_err(ClientError::Local)?;
        if read == 0 {
            let what = format!("the file was {} octets long and is shorter now", blob.len());
            return Err(ClientError::Local(io::Error::new(io::ErrorKind::UnexpectedEof, what)).into());
        }
        match line.pour(octets).await {
            Ok(()) => line.moved(Dir::Sent, read),
            Err(Stop::Ended) if line.is_refused() => return Err(refusal(&mut machine, line).await),
            Err(stop) => return Err(stop),
        }
    }
    machine.whole(Ok(()));
    agreed(&mut machine, line).await
}

/// What the sink said in the middle of a file.
pub(super) async fn refusal<I: OctetsIn, O: OctetsOut>(machine: &mut Source, line: &mut Line<I, O>) -> Stop {
    machine.whole(Ok(()));
    // It is not: only what was said is to be read.
    let _unsent = machine.poll_transmit();
    agreed(machine, line).await.err().unwrap_or(Stop::Ended)
}

/// Sends what is to be sent and waits for the sink, which is to agree.
async fn agreed<I: OctetsIn, O: OctetsOut>(machine: &mut Source, line: &mut Line<I, O>) -> Result<(), Stop> {
    heard(machine, line).await?.map_err(|text| fault::said(1, text).into())
}

/// Sends what is to be sent and waits for the sink: whether it agrees, or why not.
pub(super) async fn heard<I: OctetsIn, O: OctetsOut>(
    machine: &mut Source,
    line: &mut Line<I, O>,
) -> Result<Result<(), String>, Stop> {
    loop {
        if let Some(octets) = machine.poll_transmit() {
            line.send(octets).await?;
        }
        match machine.poll_event() {
            Some(SourceEvent::Agreed) => return Ok(Ok(())),
            Some(SourceEvent::Refused(text)) => {
                line.told(&text);
                return Ok(Err(text));
            }
            Some(SourceEvent::Over { fault }) => return Err(fault::of_sink(fault, line.peer())),
            None => match line.next().await? {
                Some(octets) => machine.handle_input(&octets),
                None => machine.handle_end(),
            },
        }
    }
}
