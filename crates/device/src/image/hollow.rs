use super::make::{BadRecipe, Digests, What, around, head, metadata};
use super::{MIN_SIZE, file_name};
use crate::Profile;
use std::io::{self, Write};

/// The line of the metadata that says so.
pub(super) const LINE: &str = "body=zeros\n";
/// Octets that are written and looked at at a time.
pub(super) const PIECE: usize = 131_072;
pub(super) static ZEROS: [u8; PIECE] = [0; PIECE];

/// An image whose filler are zeros, which no digest inside it counts: it has its size and takes no room, is made and checked in
/// no time, and boots. A zero that is none is found all the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hollow {
    len: u64,
    head: Vec<u8>,
    end: Vec<u8>,
}

impl Hollow {
    /// One of a version, of `size` octets.
    ///
    /// # Errors
    /// No version, or too small.
    pub fn new(profile: &Profile, version: &str, size: u64) -> Result<Hollow, BadRecipe> {
        let Some(file) = file_name(profile, version) else {
            return Err(BadRecipe::Version(version.into()));
        };
        if size < MIN_SIZE {
            return Err(BadRecipe::Small { size });
        }
        Ok(Hollow::of(profile, &What { version, size, file: &file, package: None }))
    }

    pub(super) fn of(profile: &Profile, what: &What<'_>) -> Hollow {
        let mut digests = Digests::new(profile);
        let head = head(profile, &metadata(profile, what, LINE));
        digests.update(&head);
        Hollow { len: what.size.max(around(profile)), head, end: digests.end() }
    }

    /// Octets of all of it.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Never.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What is no zero of it: where, and the octets.
    pub fn pieces(&self) -> [(u64, &[u8]); 2] {
        [(0, &self.head), (self.len - self.end.len() as u64, &self.end)]
    }

    /// Writes all of it in order.
    ///
    /// # Errors
    /// `out` fails.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&self.head)?;
        let mut left = self.len - (self.head.len() + self.end.len()) as u64;
        while left > 0 {
            let n = PIECE.min(usize::try_from(left).unwrap_or(PIECE));
            out.write_all(&ZEROS[..n])?;
            left -= n as u64;
        }
        out.write_all(&self.end)?;
        out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Damage, hashes, parts, show};
    use super::*;
    use store::Blob;
    use store::memory::Shelf;

    const VERSIONS: [(&str, &str); 5] = [
        ("c2911", "15.5(3)M4a"),
        ("c2960x", "15.2(2)E7"),
        ("c3640", "12.2(23a)"),
        ("isr4331", "16.6.5"),
        ("c9300", "17.6.1"),
    ];

    fn whole(hollow: &Hollow) -> Vec<u8> {
        let mut octets = Vec::new();
        hollow.write(&mut octets).expect("written");
        assert_eq!(octets.len() as u64, hollow.len());
        for (at, piece) in hollow.pieces() {
            let at = usize::try_from(at).expect("small");
            assert_eq!(&octets[at..at + piece.len()], piece);
        }
        octets
    }

    #[test]
    fn it_is_sound_and_one_octet_that_is_another_is_damage() {
        for (name, version) in VERSIONS {
            let profile = Profile::named(name).expect("a profile");
            let hollow = Hollow::new(&profile, version, 20_001).expect("made");
            let sound = whole(&hollow);
            let facts = show(&Blob::Memory(sound.clone().into())).expect("sound");
            assert_eq!((facts.profile.as_str(), facts.len), (name, 20_001));
            assert_eq!(facts.md5, None, "nobody has hashed all of it");
            if name == "isr4331" {
                let hashes = hashes(&Blob::Memory(sound.clone().into())).expect("read");
                assert_eq!((&hashes.sha1[0], &hashes.sha512[0]), (&hashes.sha1[1], &hashes.sha512[1]));
            }
            for at in (4..sound.len()).step_by(7).chain([sound.len() - 1, 1_024, 10_000]) {
                let mut octets = sound.clone();
                octets[at] ^= 1;
                assert!(show(&Blob::Memory(octets.into())).is_err(), "{name}: the octet at {at}");
            }
            assert!(matches!(Hollow::new(&profile, version, 100), Err(BadRecipe::Small { .. })));
            assert!(matches!(Hollow::new(&profile, "latest", 9_000), Err(BadRecipe::Version(_))));
        }
    }

    #[test]
    fn its_packages_are_hollow_too_and_as_large_as_those_of_another() {
        let profile = Profile::named("c9300").expect("a profile");
        let image = Hollow::new(&profile, "17.6.1", 1_000_003).expect("made");
        let blob = Blob::Memory(whole(&image).into());
        let facts = show(&blob).expect("sound");
        let mut sum = 0;
        for part in parts(&profile, &facts) {
            let mut octets = Vec::new();
            part.write(&profile, &facts, &blob, &mut octets).expect("written");
            assert_eq!(octets, whole(&part.hollow(&profile, &facts)), "{}", part.name);
            let of = show(&Blob::Memory(octets.into())).expect("sound");
            assert_eq!((of.package.as_deref(), of.len), (Some(part.name.as_str()), part.size));
            sum += part.size - around(&profile);
        }
        assert_eq!(sum, 1_000_003 - around(&profile));
    }

    #[test]
    fn half_a_gibibyte_takes_no_room() {
        let shelf = Shelf::new(&std::env::temp_dir());
        let profile = Profile::named("isr4331").expect("a profile");
        let hollow = Hollow::new(&profile, "16.6.5", 1 << 29).expect("made");
        let blob = shelf.sparse(hollow.len(), &hollow.pieces()).expect("room");
        let began = std::time::Instant::now();
        assert_eq!(show(&blob).expect("sound").len, 1 << 29);
        println!("half a gibibyte was looked into in {:?}", began.elapsed());
        let Blob::File { file, .. } = &blob else { panic!("it is large") };
        let blocks = rustix::fs::fstat(file).expect("facts").st_blocks;
        assert!(blocks < 1_000, "{blocks} blocks of 512 octets are taken");
    }

    #[test]
    fn damage_inside_is_told_as_a_wrong_digest() {
        let profile = Profile::named("c2911").expect("a profile");
        let mut octets = whole(&Hollow::new(&profile, "15.5(3)M4a", 9_000).expect("made"));
        octets[5_000] = 1;
        assert!(matches!(show(&Blob::Memory(octets.into())), Err(Damage::Embedded { .. })));
    }
}
