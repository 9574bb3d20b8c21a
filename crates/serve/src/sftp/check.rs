//! Digests of parts of files (filexfer-extensions-00 §3).

use super::files::Files;
use super::names::resolve;
use super::open::Open;
use super::refusal;
use crate::hashing::{BEGUN, fold};
use gate::store::Blob;
use gate::{End, Outcome, Refusal};
use sftp_proto::server::{Answer, File};
use sftp_proto::{Check, Checked, Status};

/// The draft's least block.
const LEAST_BLOCK: u32 = 256;
/// Octets of digests in one answer, which is one packet.
const MOST_DIGESTS: usize = 128 << 10;

impl Files {
    /// Of an open file, also of one that is being written.
    pub(super) fn check(&mut self, file: Option<File>, check: &Check<'_>) -> Result<Answer, Refusal> {
        let session = self.session.clone();
        let go_on = || !session.is_kicked();
        match self.of_mut(file)? {
            Open::Reading(download) => {
                let blob = download.blob().clone();
                digests(check, blob.len(), &go_on, |offset, len, out| read(&blob, offset, len, out))
            }
            Open::Writing(upload) => {
                let all = upload.writing.len();
                digests(check, all, &go_on, |offset, len, out| upload.read(offset, len, out))
            }
            Open::Directory(_) => Err(Refusal::IsDirectory),
        }
    }

    /// The same of a name, for which it is opened as for a download that moves nothing.
    pub(super) fn check_name(&mut self, path: &[u8], check: &Check<'_>) -> Result<Answer, Refusal> {
        let reading = self.session.read(&resolve(path)?)?;
        let go_on = || !reading.is_kicked();
        let blob = reading.blob();
        let answer = digests(check, blob.len(), &go_on, |offset, len, out| read(blob, offset, len, out));
        let end = End { expected: Some(0), ..End::new(Outcome::Complete, 0) };
        reading.finish(end.note("only digests were wanted"));
        answer
    }
}

fn read(blob: &Blob, offset: u64, len: usize, out: &mut Vec<u8>) -> Result<usize, Refusal> {
    blob.read_behind(offset, len, out).map_err(refusal::of_disk)
}

fn wrong(text: &str) -> Answer {
    Answer::Refused(Status::Failure, String::from(text))
}

/// Digests of what `read` gives of `all` octets, in bites; between them `go_on` is asked.
fn digests(
    check: &Check<'_>,
    all: u64,
    go_on: &dyn Fn() -> bool,
    mut read: impl FnMut(u64, usize, &mut Vec<u8>) -> Result<usize, Refusal>,
) -> Result<Answer, Refusal> {
    let named = |name: &[u8]| BEGUN.iter().find(|row| row.0.as_bytes() == name);
    let Some((name, begin)) = check.algorithms.split(|b| *b == b',').find_map(named) else {
        return Ok(wrong("None of these algorithms: md5, sha1, sha256, sha384 and sha512 are known."));
    };
    if check.block > 0 && check.block < LEAST_BLOCK {
        return Ok(wrong("A block has at least 256 octets; 0 is one for all."));
    }
    if check.start > all {
        return Ok(wrong("The start is beyond the end of the file."));
    }
    let there = all - check.start;
    let len = if check.len == 0 { there } else { check.len.min(there) };
    let block = if check.block == 0 { len.max(1) } else { u64::from(check.block) };
    let mut digest = begin();
    let blocks = len.div_ceil(block).max(1);
    if usize::try_from(blocks).is_ok_and(|n| n * digest.output_size() <= MOST_DIGESTS) {
        let (mut digests, mut octets) = (Vec::new(), Vec::new());
        let (mut at, end) = (check.start, check.start + len);
        for n in 1..=blocks {
            let until = end.min(check.start.saturating_add(block.saturating_mul(n)));
            if !fold(&mut |octets| digest.update(octets), at, until, &mut octets, go_on, &mut read)? {
                return Ok(wrong("The file became shorter meanwhile."));
            }
            at = until;
            digests.extend_from_slice(&digest.finalize_reset());
        }
        let checked = Checked { algorithm: name.as_bytes(), digests: &digests };
        return Ok(Answer::Octets(checked.octets()));
    }
    Ok(wrong("So many blocks have no room in an answer: ask for larger ones, or for a part."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use md5::Md5;
    use sha2::{Digest, Sha256};

    fn of(
        content: &[u8],
        algorithms: &[u8],
        start: u64,
        len: u64,
        block: u32,
    ) -> Result<(String, Vec<u8>), Answer> {
        let check = Check { algorithms, start, len, block };
        let answer = digests(&check, content.len() as u64, &|| true, |offset, len, out| {
            let from = offset as usize;
            // Short, as a file system may be.
            let piece = &content[from..content.len().min(from + len.min(1_000))];
            out.extend_from_slice(piece);
            Ok(piece.len())
        });
        match answer.unwrap() {
            Answer::Octets(octets) => {
                let checked = Checked::parse(&octets).unwrap();
                Ok((String::from_utf8(checked.algorithm.to_vec()).unwrap(), checked.digests.to_vec()))
            }
            other => Err(other),
        }
    }

    #[test]
    fn the_first_known_algorithm_is_taken_and_each_block_has_its_digest() {
        let content: Vec<u8> = (0..=255).cycle().take(5_000).collect();
        let sha = |range: std::ops::Range<usize>| Sha256::digest(&content[range]).to_vec();
        let algorithms = b"crc32,sha256,md5";
        let (name, all) = of(&content, algorithms, 0, 0, 0).unwrap();
        assert_eq!((&name[..], all), ("sha256", sha(0..5_000)));
        assert_eq!(of(&content, algorithms, 10, 3_000, 0).unwrap().1, sha(10..3_010));
        let blocks = [sha(1_000..3_048), sha(3_048..5_000)].concat();
        assert_eq!(of(&content, algorithms, 1_000, u64::MAX, 2_048).unwrap().1, blocks);
        assert_eq!(of(&content, b"md5", 5_000, 0, 0).unwrap().1, Md5::digest(b"").to_vec());
        for (name, begin) in BEGUN {
            assert_eq!(of(b"x", name.as_bytes(), 0, 0, 0).unwrap().1.len(), begin().output_size(), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused_before_anything_is_read() {
        for (algorithms, start, block, words) in [
            (&b"crc32"[..], 0, 0, "algorithms"),
            (b"", 0, 0, "algorithms"),
            (b"md5", 0, 255, "256"),
            (b"md5", 5_001, 0, "beyond"),
        ] {
            let Err(Answer::Refused(Status::Failure, text)) = of(&[0; 5_000], algorithms, start, 0, block)
            else {
                panic!("{words}")
            };
            assert!(text.contains(words), "{text}");
        }
        let check = Check { algorithms: b"md5", start: 0, len: 0, block: 256 };
        let never = |_, _, _: &mut Vec<u8>| panic!("it was read");
        let answer = digests(&check, 1 << 40, &|| true, never).unwrap();
        assert!(matches!(answer, Answer::Refused(Status::Failure, text) if text.contains("larger")));
        let whole = Check { block: 0, ..check };
        assert_eq!(digests(&whole, 1 << 40, &|| false, never), Err(Refusal::Denied), "who is kicked");
    }
}
