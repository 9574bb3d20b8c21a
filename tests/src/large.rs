//! Large files that cost neither a disk nor its time: holes with marks, compared on the way.

use crate::matrix::compared_streams;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// 5 GiB and some octets: the last block is not a full one, and 32 bits do not count them.
pub const LARGE: u64 = (5 << 30) + 4_321;

/// From one mark to the next: less than a TFTP block of 65,464 and a read of 65,536, so that one that is lost,
/// doubled or misplaced moves a mark; whole pages, so that there is little to write and few extents to free.
const STRIDE: usize = 60 << 10;

/// Makes a file of holes with marks, each the number of its own place.
///
/// # Panics
/// When there is no room for it.
pub fn marked(path: &Path, len: u64) {
    let mut file = File::create(path).expect("room for a file");
    for at in (0..len).step_by(STRIDE) {
        file.seek(SeekFrom::Start(at)).expect("a file seeks");
        let mark = (at ^ 0x5EED_5EED_5EED_5EED).to_le_bytes();
        let n = usize::try_from(len - at).unwrap_or(8).min(8);
        file.write_all(&mark[..n]).expect("room for a mark");
    }
    file.set_len(len).expect("room for the end");
}

/// Runs a client that writes the file to standard output and compares it on the way; how many octets it wrote.
///
/// # Panics
/// When it fails, or what it writes is not the original.
pub fn streamed(peer: &str, operation: &str, c: &mut Command, original: &Path) -> u64 {
    let begin = Instant::now();
    let mut child = c.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the client starts");
    let copy = child.stdout.take().expect("stdout is piped");
    let n = compared_streams(peer, operation, copy, File::open(original).expect("the original"));
    let status = child.wait().expect("the client ends");
    assert!(status.success(), "{c:?}: {status}");
    println!("soak: {peer}: {operation}: {n} octets in {:.1} s", begin.elapsed().as_secs_f64());
    n
}

/// Compares a file that arrived with the original, and removes it; how many octets there were.
///
/// # Panics
/// When it is not the original.
pub fn arrived(peer: &str, operation: &str, copy: &Path, original: &Path) -> u64 {
    let open = |p: &Path| File::open(p).unwrap_or_else(|e| panic!("{peer}, {operation}: {p:?}: {e}"));
    let n = compared_streams(peer, operation, open(copy), open(original));
    std::fs::remove_file(copy).expect("our directory");
    n
}
