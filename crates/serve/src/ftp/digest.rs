//! HASH and its kin: a file is opened as for a download that moves nothing.

use crate::hashing::fold;
use crc::{CRC_32_ISO_HDLC, Crc};
use ftp_proto::command::Algorithm;
use ftp_proto::reply::Code;
use ftp_proto::server::Answer;
use gate::store::{StoreError, VPath};
use gate::{End, Outcome, Refusal, Session};
use md5::Md5;
use sha1::Sha1;
use sha2::digest::DynDigest;
use sha2::{Sha256, Sha512};

/// As zlib and XCRC have it.
const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// The digest of a part of a file, which ends where the file does.
pub(super) fn of(
    session: &Session,
    path: &VPath,
    algorithm: Algorithm,
    range: Option<(u64, u64)>,
) -> Result<Answer, Refusal> {
    let reading = session.read(path)?;
    let (blob, go_on) = (reading.blob(), || !reading.is_kicked());
    let len = blob.len();
    let (from, end) = range.map_or((0, len), |(from, end)| (from, end.min(len)));
    let through = |update: &mut dyn FnMut(&[u8])| {
        if from > end {
            return Err(Refusal::BeyondEnd { offset: from, len });
        }
        let read = |at, len, out: &mut Vec<u8>| {
            blob.read_behind(at, len, out).map_err(|e| Refusal::from(StoreError::from(e)))
        };
        fold(update, from, end, &mut Vec::new(), &go_on, read)
    };
    let by = |mut digest: Box<dyn DynDigest>| {
        through(&mut |octets| digest.update(octets)).map(|whole| whole.then(|| digest.finalize().to_vec()))
    };
    let digest = match algorithm {
        Algorithm::Crc32 => {
            let mut digest = CRC.digest();
            let whole = through(&mut |octets| digest.update(octets));
            whole.map(|whole| whole.then(|| digest.finalize().to_be_bytes().to_vec()))
        }
        Algorithm::Md5 => by(Box::<Md5>::default()),
        Algorithm::Sha1 => by(Box::<Sha1>::default()),
        Algorithm::Sha256 => by(Box::<Sha256>::default()),
        Algorithm::Sha512 => by(Box::<Sha512>::default()),
    };
    let over = End { expected: Some(0), ..End::new(Outcome::Complete, 0) };
    reading.finish(over.note("only digests were wanted"));
    Ok(match digest? {
        Some(digest) => Answer::Digest(digest, (from, end)),
        None => Answer::Refused(Code(451), String::from("The file became shorter meanwhile.")),
    })
}
