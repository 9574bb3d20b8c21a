//! `scp -f` at the far end: the file comes.

use super::fault;
use super::line::{Line, Stop};
use crate::ClientError;
use sftp_proto::scp::{Record, Sink as Machine, SinkEvent, Times};
use store::Sink;
use transport::octets::{OctetsIn, OctetsOut};
use transport::tap::Dir;

/// What came.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) octets: u64,
    /// Its permissions.
    pub(super) mode: u32,
    /// Where they were asked for and sent.
    pub(super) times: Option<Times>,
}

/// Fetches the one file that was asked for.
pub(super) async fn run<I: OctetsIn, O: OctetsOut>(
    line: &mut Line<I, O>,
    path: &[u8],
    into: &mut dyn Sink,
) -> Result<Got, Stop> {
    let mut machine = Machine::new(false);
    // Its size, permissions and times, once it is announced.
    let mut file: Option<(u64, u32, Option<Times>)> = None;
    let mut said: Option<String> = None;
    loop {
        if let Some(octets) = machine.poll_transmit() {
            line.send(octets).await?;
        }
        match machine.poll_event() {
            None if machine.wants_input() => match line.next().await {
                Ok(Some(octets)) => machine.handle_input(octets),
                Ok(None) => machine.handle_end(),
                Err(stop) => return Err(said.map_or(stop, |text| fault::said(1, text).into())),
            },
            None => {}
            Some(SinkEvent::File { name, mode, size, times }) => {
                if !is_asked(path, &name) {
                    let what = format!(
                        "expected the file '{}', and it sends '{}'",
                        path.escape_ascii(),
                        name.escape_ascii()
                    );
                    return refuse(machine, line, ClientError::Protocol { peer: line.peer(), what }).await;
                }
                line.announced(Dir::Received, &Record::File { mode, size, name });
                file = Some((size, mode & 0o777, times));
                machine.answer(Ok(()));
            }
            Some(SinkEvent::Content(octets)) => {
                if let Err(e) = into.write_at(line.octets(), &octets) {
                    return refuse(machine, line, ClientError::Local(e)).await;
                }
                line.moved(Dir::Received, octets.len());
            }
            Some(SinkEvent::Whole { wrong: None }) => {
                machine.answer(Ok(()));
                if let Some(octets) = machine.poll_transmit() {
                    line.send(octets).await?;
                }
                // More than one was not asked for, and is not looked at.
                let (_, mode, times) = file.expect("a file is whole behind its announcement");
                return Ok(Got { octets: line.octets(), mode, times });
            }
            Some(SinkEvent::Whole { wrong: Some(text) }) => return Err(fault::said(1, text).into()),
            Some(SinkEvent::Complaint(text)) => {
                line.told(&text);
                said = said.or(Some(text));
            }
            Some(SinkEvent::Enter { .. } | SinkEvent::Leave) => {
                unreachable!("a sink that takes no directories ends where one comes")
            }
            Some(SinkEvent::Over { fault }) => {
                if let Some(octets) = machine.poll_transmit() {
                    line.send(octets).await?;
                }
                let size = file.map(|(size, ..)| size);
                return Err(fault::of_source(fault, said, size, line.octets(), line.peer()));
            }
        }
    }
}

/// Tells the far end that we end it.
pub(super) async fn refuse<T, I: OctetsIn, O: OctetsOut>(
    mut machine: Machine,
    line: &mut Line<I, O>,
    error: ClientError,
) -> Result<T, Stop> {
    machine.abort("ended by the client");
    if let Some(octets) = machine.poll_transmit() {
        // It ends either way.
        let _ = line.send(octets).await;
    }
    Err(error.into())
}

/// Whether this is what a file of this path is called (CVE-2019-6111): its last component, with the prefix of its
/// device or without.
fn is_asked(path: &[u8], name: &[u8]) -> bool {
    let last = path.rsplit(|b| *b == b'/').next().unwrap_or_default();
    let bare = last.rsplit(|b| *b == b':').next().unwrap_or_default();
    name == last || name == bare
}
