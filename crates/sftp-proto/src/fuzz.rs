//! What must hold for any octets. The fuzz targets call these, and the corpora are replayed as a test.

mod server;

pub use server::sftp_server;

use crate::client::{Begin, Client, Event, Facts, Making, Transmit, Verb};
use crate::scp;
use crate::{Answer, Checked, FileSystem, Frames, Limits, Named, Reply, Request, Space};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use bytes::Bytes;

/// A stream of a client: however it is cut up it is the same requests, and one that is read is written as it was.
pub fn sftp_request(data: &[u8]) {
    let packets = packets(data);
    for packet in &packets {
        let Ok(request) = Request::parse(packet) else { continue };
        let mut out = Vec::new();
        request.write(&mut out);
        assert_eq!(Request::parse(&out[4..]).as_ref(), Ok(&request), "written and read again it is another");
        assert!(out.len() - 4 <= packet.len(), "it grew");
    }
}

/// The same of a server, and of what its extensions answer.
pub fn sftp_reply(data: &[u8]) {
    for packet in &packets(data) {
        let Ok(reply) = Reply::parse(packet) else { continue };
        let mut out = Vec::new();
        reply.write(&mut out);
        assert_eq!(Reply::parse(&out[4..]).as_ref(), Ok(&reply), "written and read again it is another");
        let Reply::Answered { answer: Answer::Extended(data), .. } = reply else { continue };
        // What stands behind the fields is left out.
        if let Ok(system) = FileSystem::parse(data) {
            assert!(data.starts_with(&system.octets()));
        }
        if let Ok(limits) = Limits::parse(data) {
            assert!(data.starts_with(&limits.octets()));
        }
        if let Ok(space) = Space::parse(data) {
            assert!(data.starts_with(&space.octets()));
        }
        if let Ok(named) = Named::parse(data) {
            assert!(data.starts_with(&named.octets()));
        }
        if let Ok(checked) = Checked::parse(data) {
            assert_eq!(data, checked.octets());
        }
    }
}

/// A server's octets for a client with jobs of each kind: it ends with a fault or goes on, what it has open is bounded,
/// each octet of a file comes once, and each job is over once.
pub fn sftp_client(data: &[u8]) {
    for piece in [data.len().max(1), 1] {
        client(data, piece);
    }
}

fn client(data: &[u8], piece: usize) {
    let mut client = Client::new();
    let path = || b"p".to_vec();
    for verb in [
        Verb::Get { path: path(), from: 0, len: None },
        Verb::Put { path: path(), len: 300_000, begin: Begin::Behind, facts: Facts::default() },
        Verb::List { path: path() },
        Verb::Realpath { path: path() },
        Verb::Check { path: path(), algorithms: b"sha256".to_vec() },
        Verb::FileSystem { path: path() },
        Verb::Pieces { path: path(), making: Making::There },
    ] {
        client.start(verb);
    }
    let (mut out, mut over, mut came) = (Vec::new(), Vec::new(), BTreeMap::new());
    let mut drain = |client: &mut Client| {
        loop {
            out.clear();
            match client.poll_transmit(&mut out) {
                Transmit::Nothing => break,
                Transmit::Requests => {}
                Transmit::Body { head, .. } => assert!(head <= out.len()),
            }
        }
        let (requests, octets) = client.in_flight();
        assert!(
            requests <= 256 && octets <= (16 << 20) + (255 << 10),
            "{requests} requests, {octets} octets"
        );
        while let Some(event) = client.poll_event() {
            match event {
                Event::Data { offset, octets, .. } => {
                    let end = offset + octets.len() as u64;
                    let before = came.range(..end).next_back().is_none_or(|(_, other)| *other <= offset);
                    assert!(before, "an octet came twice");
                    came.insert(offset, end);
                }
                Event::Over { job, .. } => {
                    assert!(!over.contains(&job), "over twice");
                    over.push(job);
                }
                Event::Opened { job, .. } => {
                    client.deal(job, 7, 300_000);
                    client.all_dealt(job);
                }
                Event::Ready | Event::Size { .. } | Event::Stored { .. } | Event::Names { .. } => {}
            }
        }
    };
    drain(&mut client);
    for piece in data.chunks(piece) {
        let result = client.handle(Bytes::copy_from_slice(piece));
        drain(&mut client);
        if let Err(fault) = result {
            assert_eq!(client.closed(), Err(fault), "it stays so");
            return;
        }
    }
}

/// The packets of a stream, at once and octet by octet.
fn packets(data: &[u8]) -> Vec<Vec<u8>> {
    let whole = framed(data, data.len().max(1));
    assert_eq!(whole, framed(data, 1), "the pieces in which it comes make a difference");
    whole
}

fn framed(data: &[u8], piece: usize) -> Vec<Vec<u8>> {
    let (mut frames, mut out) = (Frames::default(), Vec::new());
    for piece in data.chunks(piece) {
        frames.push(piece);
        while let Ok(Some(packet)) = frames.next_packet() {
            out.push(packet.to_vec());
        }
    }
    out
}

/// A command of a client: what is taken is one way, with paths, and is read again from what it says.
pub fn scp_exec(data: &[u8]) {
    let Ok(exec) = scp::Exec::parse(data) else { return };
    assert!(!exec.paths.is_empty());
    for path in exec.paths.iter().filter_map(scp::Pattern::literal) {
        let again = scp::Exec::command(exec.way, exec.recursive, exec.preserve, &path);
        let again = scp::Exec::parse(&again).expect("what we write is read");
        assert_eq!((again.way, again.paths[0].literal()), (exec.way, Some(path)));
    }
    for path in &exec.paths {
        // However long both are it ends.
        path.components().for_each(|part| {
            let _either = part.fits(data);
        });
    }
}

/// A source, as our sink sees it: however the octets are cut up it is the same, and no name leads anywhere.
pub fn scp_sink(data: &[u8]) {
    let whole = sunk(data, data.len().max(1));
    assert_eq!(whole, sunk(data, 1), "cut up it is another");
    for line in data.split(|&b| b == b'\n') {
        let Ok(record) = scp::Record::parse(line) else { continue };
        let mut out = Vec::new();
        record.write(&mut out);
        assert_eq!(scp::Record::parse(&out[..out.len() - 1]).as_ref(), Ok(&record));
    }
}

/// A sink, as our source sees it: however the octets are cut up it is the same, and what it says moves no terminal.
pub fn scp_source(data: &[u8]) {
    let whole = sourced(data, data.len().max(1));
    assert_eq!(whole, sourced(data, 1), "cut up it is another");
    for event in &whole.1 {
        if let scp::SourceEvent::Refused(text)
        | scp::SourceEvent::Over { fault: Some(scp::SourceFault::Fatal(text)) } = event
        {
            assert!(!text.bytes().any(|b| b.is_ascii_control()), "{text:?}");
        }
    }
}

/// What a source sends and tells; it has files without end.
fn sourced(data: &[u8], bite: usize) -> (Vec<u8>, Vec<scp::SourceEvent>) {
    let (mut source, mut out, mut told) = (scp::Source::new(), Vec::new(), Vec::new());
    let mut pieces = data.chunks(bite);
    let mut is_content = false;
    loop {
        out.extend(source.poll_transmit().unwrap_or_default());
        if let Some(event) = source.poll_event() {
            let is_over = matches!(event, scp::SourceEvent::Over { .. });
            // Behind an agreed record comes its content, behind that the next record.
            is_content = !is_content && event == scp::SourceEvent::Agreed && !told.is_empty();
            told.push(event);
            if is_over {
                return (out, told);
            }
            if is_content {
                source.whole(Ok(()));
            } else {
                source.record(&scp::Record::File { mode: 0o644, size: 0, name: alloc::vec![b'x'] });
            }
        } else if source.wants_input() {
            match pieces.next() {
                Some(piece) => source.handle_input(piece),
                None => source.handle_end(),
            }
        }
    }
}

/// What a sink answers and tells; every second question is refused.
fn sunk(data: &[u8], bite: usize) -> (Vec<u8>, Vec<scp::SinkEvent>) {
    let (mut sink, mut out, mut told) = (scp::Sink::new(true), Vec::new(), Vec::new());
    let (mut pieces, mut count, mut content) = (data.chunks(bite), 0, Vec::new());
    loop {
        out.extend(sink.poll_transmit().unwrap_or_default());
        match sink.poll_event() {
            Some(scp::SinkEvent::Content(octets)) => content.extend_from_slice(&octets),
            Some(event @ scp::SinkEvent::Over { .. }) => {
                out.extend(sink.poll_transmit().unwrap_or_default());
                out.extend(content);
                told.push(event);
                return (out, told);
            }
            Some(event) => {
                if let scp::SinkEvent::File { name, .. } | scp::SinkEvent::Enter { name, .. } = &event {
                    assert!(scp::is_name(name));
                }
                if !matches!(event, scp::SinkEvent::Complaint(_)) {
                    count += 1;
                    sink.answer(if count % 2 == 0 { Err("no") } else { Ok(()) });
                }
                told.push(event);
            }
            None if sink.wants_input() => match pieces.next() {
                Some(piece) => sink.handle_input(Bytes::copy_from_slice(piece)),
                None => sink.handle_end(),
            },
            None => unreachable!("it waits for nothing"),
        }
    }
}
