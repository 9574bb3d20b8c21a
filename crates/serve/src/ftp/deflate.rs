//! MODE Z: one zlib stream around what MODE S would have (draft-preston-ftpext-deflate-04).
//!
//! Both ways have bounded memory: some 300 KiB for what compresses, 100 KiB for what takes, whatever a peer sends. The
//! stream ends with a checksum, so an upload that was cut is known.

use ftp_proto::command::Level;
use miniz_oxide::deflate::core::{CompressorOxide, create_comp_flags_from_zip_params};
use miniz_oxide::deflate::stream::deflate;
use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};
use std::io;

/// Octets that are inflated, or deflated, at once.
const STEP: usize = 32 << 10;
/// zlib's header, and the window that everybody understands.
const WINDOW: i32 = 15;
const DEFAULT_STRATEGY: i32 = 0;

/// Octets to a zlib stream.
pub(super) struct Deflating(Box<CompressorOxide>);

impl Deflating {
    pub(super) fn new(level: Level) -> Deflating {
        let flags = create_comp_flags_from_zip_params(i32::from(level.get()), WINDOW, DEFAULT_STRATEGY);
        Deflating(Box::new(CompressorOxide::new(flags)))
    }

    /// Appends what comes of `octets`; some of it may come later.
    pub(super) fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        self.run(octets, out, MZFlush::None)
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        self.run(&[], out, MZFlush::Finish)
    }

    fn run(&mut self, mut octets: &[u8], out: &mut Vec<u8>, flush: MZFlush) -> io::Result<()> {
        loop {
            let at = out.len();
            out.resize(at + STEP, 0);
            let done = deflate(&mut self.0, octets, &mut out[at..], flush);
            out.truncate(at + done.bytes_written);
            octets = &octets[done.bytes_consumed..];
            match done.status {
                Ok(MZStatus::StreamEnd) => return Ok(()),
                // It is full only if all of the room was taken.
                Ok(_) if flush == MZFlush::None && octets.is_empty() && done.bytes_written < STEP => {
                    return Ok(());
                }
                Ok(_) => {}
                // Nothing to do with no octets.
                Err(MZError::Buf) if octets.is_empty() => return Ok(()),
                Err(e) => return Err(io::Error::other(format!("deflate: {e:?}"))),
            }
        }
    }
}

/// A zlib stream to its octets.
pub(super) struct Inflating {
    state: Box<InflateState>,
    /// Inflated octets that wait, from `at` on.
    waits: Vec<u8>,
    at: usize,
    over: bool,
}

/// What came is no zlib stream, or one with a wrong checksum.
#[derive(Debug)]
pub(super) struct NotZlib;

impl Inflating {
    pub(super) fn new() -> Inflating {
        Inflating { state: InflateState::new_boxed(DataFormat::Zlib), waits: Vec::new(), at: 0, over: false }
    }

    /// Whether the stream's end and its checksum have come, and everything was given out.
    pub(super) fn is_over(&self) -> bool {
        self.over && self.at == self.waits.len()
    }

    /// What waits, inflating as much of `octets` as that takes; and how many of them were taken. Nothing waits where they
    /// are too few.
    pub(super) fn next(&mut self, octets: &[u8]) -> Result<(&[u8], usize), NotZlib> {
        let mut took = 0;
        if self.at == self.waits.len() && !self.over {
            self.at = 0;
            self.waits.resize(STEP, 0);
            let done = inflate(&mut self.state, octets, &mut self.waits, MZFlush::None);
            self.waits.truncate(done.bytes_written);
            took = done.bytes_consumed;
            match done.status {
                Ok(MZStatus::StreamEnd) => self.over = true,
                Ok(MZStatus::Ok) | Err(MZError::Buf) => {}
                Ok(MZStatus::NeedDict) | Err(_) => return Err(NotZlib),
            }
        }
        Ok((&self.waits[self.at..], took))
    }

    /// So many of what waited are taken.
    pub(super) fn took(&mut self, octets: usize) {
        self.at += octets;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_deflated_inflates_in_any_pieces_and_no_shorter() {
        let octets: Vec<u8> = (0..300_000u64).map(|n| (n * n / 7_001) as u8).collect();
        for (level, piece) in [(1, 1_000), (6, 70_000), (9, 300_000)] {
            let (mut deflating, mut wire) = (Deflating::new(Level::new(level).unwrap()), Vec::new());
            octets.chunks(piece).for_each(|part| deflating.push(part, &mut wire).unwrap());
            deflating.finish(&mut wire).unwrap();
            assert!(wire.len() < octets.len(), "level {level}");
            for cut in [0, 1, 5] {
                let (mut inflating, mut file) = (Inflating::new(), Vec::new());
                for part in wire[..wire.len() - cut].chunks(piece / 3) {
                    let mut rest = part;
                    loop {
                        let (waits, took) = inflating.next(rest).unwrap();
                        let n = waits.len();
                        file.extend_from_slice(waits);
                        inflating.took(n);
                        rest = &rest[took..];
                        if rest.is_empty() && n == 0 {
                            break;
                        }
                    }
                }
                assert!(inflating.is_over() == (cut == 0) && (cut > 0 || file == octets));
            }
        }
    }

    #[test]
    fn what_is_no_stream_or_has_another_checksum_is_refused() {
        let (mut deflating, mut wire) = (Deflating::new(Level::default()), Vec::new());
        deflating.push(b"hello", &mut wire).unwrap();
        deflating.finish(&mut wire).unwrap();
        *wire.last_mut().unwrap() ^= 1;
        assert!(Inflating::new().next(&wire).is_err());
        assert!(Inflating::new().next(b"not zlib at all").is_err());
    }

    #[test]
    fn a_bomb_is_given_out_piece_by_piece() {
        let (mut deflating, mut wire) = (Deflating::new(Level::default()), Vec::new());
        for _ in 0..1_000 {
            deflating.push(&[0; 100_000], &mut wire).unwrap();
        }
        deflating.finish(&mut wire).unwrap();
        assert!(wire.len() < 200_000);
        let (mut inflating, mut rest, mut total) = (Inflating::new(), wire.as_slice(), 0);
        while !inflating.is_over() {
            let (waits, took) = inflating.next(rest).unwrap();
            let n = waits.len();
            assert!(n <= STEP);
            (total, rest) = (total + n, &rest[took..]);
            inflating.took(n);
        }
        assert_eq!(total, 100_000_000);
    }
}
