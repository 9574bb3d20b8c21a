//! What was read ahead, for all transfers together.
//!
//! A lock-step transfer needs 1,428 octets a round trip; a system call for each costs more than the copy.
//! Files are read in chunks of 128 KiB into memory that all transfers share, so that a fleet fetching one image
//! reads it once, and a transfer has no buffer of its own.

use gate::store::{Blob, Identity};
use std::collections::HashMap;
use std::io;

/// Octets of a chunk.
const CHUNK: usize = 131_072;
/// The most chunks: 8 MiB in all, taken as they are needed.
const CHUNKS: usize = 64;
/// Up to this a run is taken out of a chunk (a window of 16 Ethernet frames is); bigger ones are worth a read of
/// their own, and would too often lie across an edge.
const SMALL: usize = 32_768;
/// Chunks thrown away hardly used, after which reading ahead is given up for a while: more files are read
/// at once, or at more places, than there are chunks.
const WASTED: u32 = 32;
/// For how many reads.
const PAUSE: u32 = 4_096;

/// Whose octets: two readers with the same key read the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Source {
    /// A file that has not changed for a while: its identity tells whether it does.
    File(Identity),
    /// This reader alone.
    One(u64),
}

/// Which chunk of it.
type Name = (Source, u64);

struct Chunk {
    name: Name,
    octets: Box<[u8]>,
    len: usize,
    /// Octets handed out.
    used: usize,
    /// Asked for since the hand last passed.
    fresh: bool,
}

#[derive(Default)]
pub(super) struct Chunks {
    chunks: Vec<Chunk>,
    by_name: HashMap<Name, usize>,
    /// The next to be thrown away, unless it was used since (the clock algorithm).
    hand: usize,
    wasted: u32,
    paused: u32,
}

impl Chunks {
    /// Up to `want` octets at `from`, fewer only at the end of the file. `None`: read them yourself. `hint`
    /// is the caller's, kept between calls.
    pub(super) fn get(
        &mut self,
        source: Source,
        blob: &Blob,
        from: u64,
        want: usize,
        hint: &mut usize,
    ) -> io::Result<Option<&[u8]>> {
        let (number, at) = (from / CHUNK as u64, (from % CHUNK as u64) as usize);
        if want > SMALL || at + want > CHUNK {
            return Ok(None);
        }
        let name = (source, number);
        let place = match self.chunks.get(*hint) {
            Some(chunk) if chunk.name == name => *hint,
            Some(_) | None => match self.by_name.get(&name).copied() {
                Some(place) => place,
                None => match self.read(name, blob)? {
                    Some(place) => place,
                    None => return Ok(None),
                },
            },
        };
        *hint = place;
        let chunk = &mut self.chunks[place];
        chunk.fresh = true;
        let end = chunk.len.min(at + want);
        chunk.used += end.saturating_sub(at);
        Ok(Some(&chunk.octets[at.min(end)..end]))
    }

    /// Reads a chunk; its place.
    fn read(&mut self, name: Name, blob: &Blob) -> io::Result<Option<usize>> {
        if self.paused > 0 {
            self.paused -= 1;
            return Ok(None);
        }
        let place = if self.chunks.len() < CHUNKS {
            let octets = vec![0; CHUNK].into_boxed_slice();
            self.chunks.push(Chunk { name, octets, len: 0, used: 0, fresh: true });
            self.chunks.len() - 1
        } else {
            self.throw_away()
        };
        let chunk = &mut self.chunks[place];
        self.by_name.remove(&chunk.name);
        (chunk.name, chunk.used, chunk.len, chunk.fresh) = (name, 0, 0, true);
        // Not beyond the end: to be told that there is nothing would be one more call.
        let from = name.1 * CHUNK as u64;
        let want = usize::try_from(blob.len().saturating_sub(from)).unwrap_or(CHUNK).min(CHUNK);
        chunk.len = blob.read_at(from, &mut chunk.octets[..want])?;
        self.by_name.insert(name, place);
        Ok(Some(place))
    }

    fn throw_away(&mut self) -> usize {
        loop {
            self.hand = (self.hand + 1) % CHUNKS;
            let chunk = &mut self.chunks[self.hand];
            if !std::mem::take(&mut chunk.fresh) {
                if chunk.used < chunk.len / 2 {
                    self.wasted += 1;
                    if self.wasted >= WASTED {
                        (self.wasted, self.paused) = (0, PAUSE);
                    }
                } else {
                    self.wasted = self.wasted.saturating_sub(1);
                }
                return self.hand;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn blob(len: usize) -> (Blob, Vec<u8>) {
        let octets: Vec<u8> = (0..len).map(|n| (n / 251 + n) as u8).collect();
        (Blob::Memory(Bytes::from(octets.clone())), octets)
    }

    #[test]
    fn what_is_read_ahead_is_what_is_there() {
        let (blob, octets) = blob(3 * CHUNK + 5_000);
        let (mut chunks, mut hint) = (Chunks::default(), 0);
        let mut from = 0;
        while from < octets.len() {
            let end = (from + 1_428).min(octets.len());
            let got = chunks.get(Source::One(1), &blob, from as u64, 1_428, &mut hint).unwrap();
            match got {
                Some(got) => assert!(got == &octets[from..end], "at {from}"),
                None => assert!(from / CHUNK < (from + 1_428) / CHUNK, "only across an edge: {from}"),
            }
            from = end;
        }
        assert_eq!(chunks.chunks.len(), 4);
        let behind = chunks.get(Source::One(1), &blob, octets.len() as u64, 512, &mut hint).unwrap();
        assert_eq!(behind, Some(&[][..]), "the empty last block");
    }

    #[test]
    fn readers_of_one_file_share_and_others_do_not() {
        let ((a, octets), (b, _)) = (blob(CHUNK), blob(9));
        let (mut chunks, mut hint) = (Chunks::default(), 0);
        chunks.get(Source::One(1), &a, 0, 512, &mut hint).unwrap();
        // The same name, another content: what is there already is given.
        assert_eq!(chunks.get(Source::One(1), &b, 0, 512, &mut 5).unwrap(), Some(&octets[..512]));
        assert_eq!(chunks.get(Source::One(2), &b, 0, 512, &mut hint).unwrap().unwrap().len(), 9);
        assert_eq!(chunks.chunks.len(), 2);
    }

    #[test]
    fn more_places_than_chunks_do_not_read_ahead_in_vain() {
        let (blob, _) = blob(CHUNK);
        let mut chunks = Chunks::default();
        let ahead = |chunks: &mut Chunks, n: u64| {
            chunks.get(Source::One(n), &blob, 0, 512, &mut 0).unwrap().is_some()
        };
        let served = (0..3_000).filter(|n| ahead(&mut chunks, *n)).count();
        assert_eq!(served, CHUNKS + WASTED as usize, "then it pauses");
        assert_eq!(chunks.chunks.len(), CHUNKS);
    }
}
