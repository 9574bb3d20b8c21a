use super::hollow::Hollow;
use super::make::{What, around, seal};
use super::{Facts, HEADER, META};
use crate::Profile;
use ios_cli::text::xe;
use std::io::{self, Write};
use store::Blob;

/// One package of an image: where its octets stand there, and what its file is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// `rpbase`.
    pub name: String,
    /// `cat9k-rpbase.17.06.01.SPA.pkg`.
    pub file: String,
    /// Octets of that file.
    pub size: u64,
    /// Where its piece of the image begins.
    from: u64,
}

/// The name of a package's file: `cat9k-rpbase.17.06.01.SPA.pkg`.
pub fn package_name(profile: &Profile, version: &str, package: &str) -> String {
    let signed = profile.image.signed.as_ref().map(|word| format!(".{word}")).unwrap_or_default();
    format!("{}-{package}.{}{signed}.pkg", profile.image.platform, xe::padded(version))
}

/// What a sound image of a model with install mode is taken apart into, in the order of the profile. Empty for other models.
pub fn parts(profile: &Profile, image: &Facts) -> Vec<Part> {
    let Some(install) = &profile.install else { return Vec::new() };
    let around = around(profile);
    let body = image.len.saturating_sub(around);
    let whole: u64 = install.packages.iter().map(|(_, share)| u64::from(*share)).sum();
    let mut before = 0;
    let part = |(name, share): &(crate::profile::Word, u32)| {
        // Shares of the octets, so that no octet is in two of them and none is lost.
        let at =
            |shares: u64| u64::try_from(u128::from(body) * u128::from(shares) / u128::from(whole.max(1)));
        let from = at(before).unwrap_or(body);
        before += u64::from(*share);
        let to = at(before).unwrap_or(body);
        Part {
            name: name.to_string(),
            file: package_name(profile, &image.version, name),
            size: to - from + around,
            from: (HEADER + META) as u64 + from,
        }
    };
    install.packages.iter().map(part).collect()
}

impl Part {
    /// Writes its file out of the image it is part of, in order, in bounded memory.
    ///
    /// # Errors
    /// The image cannot be read, `out` not written.
    pub fn write(
        &self,
        profile: &Profile,
        image: &Facts,
        from: &Blob,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        if image.md5.is_none() {
            return self.hollow(profile, image).write(out);
        }
        seal(profile, &self.what(image), out, &mut |buf, before| {
            let mut done = 0;
            while done < buf.len() {
                let n = from.read_at(self.from + before + done as u64, &mut buf[done..])?;
                if n == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                done += n;
            }
            Ok(())
        })
    }

    /// Its file, of a hollow image.
    pub fn hollow(&self, profile: &Profile, image: &Facts) -> Hollow {
        Hollow::of(profile, &self.what(image))
    }

    fn what<'a>(&'a self, image: &'a Facts) -> What<'a> {
        What { version: &image.version, size: self.size, file: &self.file, package: Some(&self.name) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Recipe, TRAILER, make, show};
    use super::*;

    #[test]
    fn the_packages_of_an_image_are_whole_files_with_all_of_its_octets() {
        let profile = Profile::named("c9300").expect("a profile");
        for size in [4_096, 65_700, 1_000_003] {
            let mut octets = Vec::new();
            make(&Recipe { profile: &profile, version: "17.6.1", size, seed: size }, &mut octets)
                .expect("made");
            let image = Blob::Memory(octets.clone().into());
            let facts = show(&image).expect("sound");
            let parts = parts(&profile, &facts);
            assert_eq!(parts.len(), profile.install.as_ref().map_or(0, |i| i.packages.len()));
            let mut all = Vec::new();
            for part in &parts {
                let mut file = Vec::new();
                part.write(&profile, &facts, &image, &mut file).expect("written");
                assert_eq!(file.len() as u64, part.size, "{}", part.name);
                let of = show(&Blob::Memory(file.clone().into())).expect("sound");
                assert_eq!(
                    (of.package.as_deref(), of.version.as_str()),
                    (Some(part.name.as_str()), "17.6.1")
                );
                assert!(
                    part.file.starts_with("cat9k-") && part.file.ends_with(".17.06.01.SPA.pkg"),
                    "{}",
                    part.file
                );
                all.extend_from_slice(&file[HEADER + META..file.len() - super::super::HASHES - TRAILER]);
            }
            assert!(
                all == octets[HEADER + META..octets.len() - super::super::HASHES - TRAILER],
                "{size} octets"
            );
        }
    }
}
