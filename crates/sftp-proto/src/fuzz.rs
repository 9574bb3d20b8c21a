//! What must hold for any octets. The fuzz targets call these, and the corpora are replayed as a test.

use crate::{Answer, Checked, FileSystem, Frames, Limits, Named, Reply, Request, Space};
use alloc::vec::Vec;

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
