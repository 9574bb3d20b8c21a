//! `verify`: the hashes inside an image, and those that somebody types.

use super::exec::Exec;
use super::table::Id;
use crate::ifs::Fs;
use crate::image::{self, Damage};
use crate::profile::Layout;
use crate::session::Leave;
use ios_cli::text::files::{self as texts, Digest};
use ios_cli::text::flash_class;
use ios_cli::{Match, Modes, Row};
use std::io;
use store::Blob;

type DigestOf = fn(&Blob) -> io::Result<String>;

/// Of what digests of a whole file there are.
const DIGESTS: &[(&str, &str, DigestOf)] =
    &[("/md5", "md5", image::md5), ("/sha512", "sha512", image::sha512)];

/// What IOS-XE has besides.
pub(super) const XE_VERIFY: &[Row<Id>] = &[Row::new(
    "verify /sha512 <file:file> [<hash:word>]",
    &[
        "Verify a file",
        "Compute a sha512 signature for a file",
        "File to be verified",
        "Expected sha512 signature",
    ],
    Modes::EXEC,
    15,
    Id::Verify,
)];

impl Exec<'_> {
    pub(super) fn verify(&mut self, found: &Match<Id>) -> Result<(), Leave> {
        let mut text = found.text("file").unwrap_or_default().to_owned();
        if let Ok((_, prefix, path)) = self.local(&text)
            && path.is_root()
        {
            let Some(name) = self.tty.ask_line("Verify filename", "")? else { return Ok(()) };
            text = format!("{prefix}{name}");
        }
        let blob = match self.blob(&text) {
            Ok(blob) => blob,
            Err(why) => return self.tty.print(&format!("%Error opening {text} ({why})\n")),
        };
        for (word, algorithm, of) in DIGESTS {
            if found.has(word) {
                return self.verify_digest(&text, &blob, (algorithm, *of), found.text("hash"));
            }
        }
        self.verify_image(&text, &blob)
    }

    /// Looks for the embedded hash and the signature.
    pub(super) fn verify_image(&mut self, text: &str, blob: &Blob) -> Result<(), Leave> {
        if self.tty.device.flash.rules().sums {
            // A real one keeps a sum of what it wrote. None is kept here: an image is looked into.
            return match image::show(blob) {
                Err(Damage::Embedded { .. } | Damage::Signature | Damage::Length { .. }) => {
                    self.tty.print(&flash_class::not_verified(text))
                }
                Ok(_) | Err(_) => {
                    self.found_sound(text);
                    self.tty.print(&flash_class::verified(text))
                }
            };
        }
        self.tty.print(&texts::verifying(text))?;
        let xe = matches!(self.tty.device.profile().version.layout, Layout::Xe(_) | Layout::XeSwitch(_));
        self.dots(blob, if xe { "\n" } else { texts::VERIFY_DONE })?;
        match image::show(blob) {
            Ok(_) if xe => {
                self.found_sound(text);
                self.verify_hashes(text, blob)
            }
            Err(Damage::Embedded { .. }) if xe => self.verify_hashes(text, blob),
            Ok(facts) => {
                self.found_sound(text);
                let whole = facts.md5.or_else(|| image::md5(blob).ok()).unwrap_or_default();
                let text = texts::embedded(&facts.embedded_md5, &facts.embedded_md5, &whole);
                self.tty.print(&text)
            }
            Err(Damage::Embedded { expected, computed }) => {
                let whole = image::md5(blob).unwrap_or_default();
                self.tty.print(&texts::embedded(&expected, &computed, &whole))
            }
            Err(Damage::Signature) => {
                self.tty.print(&format!("%ERROR:Signature is not valid in file {text}.\n"))
            }
            Err(_) => {
                self.tty.print(&texts::no_signature(text))?;
                // What could be verified then is nothing; the answer changes no octet.
                self.tty.confirm(texts::PROCEED_UNSIGNED).map(drop)
            }
        }
    }

    /// IOS-XE has hashes of its own.
    fn verify_hashes(&mut self, text: &str, blob: &Blob) -> Result<(), Leave> {
        match image::hashes(blob) {
            Ok(hashes) => self.tty.print(&texts::embedded_xe(text, &hashes.sha1, &hashes.sha512)),
            Err(e) => self.tty.print(&format!("%Error reading {text} ({e})\n")),
        }
    }

    /// The digest of a whole file, or whether it is the one that was typed.
    fn verify_digest(
        &mut self,
        text: &str,
        blob: &Blob,
        (algorithm, of): (&str, DigestOf),
        expected: Option<&str>,
    ) -> Result<(), Leave> {
        self.dots(blob, texts::VERIFY_DONE)?;
        let digest = match of(blob) {
            Ok(digest) => digest,
            Err(e) => return self.tty.print(&format!("%Error reading {text} ({e})\n")),
        };
        let path = text.to_owned();
        let said = match expected {
            None => Digest::Computed { algorithm: algorithm.into(), path, digest },
            Some(hash) if hash.eq_ignore_ascii_case(&digest) => {
                self.found_sound(text);
                Digest::Verified { path, digest }
            }
            Some(hash) => Digest::Mismatch { path, computed: digest, submitted: hash.to_owned() },
        };
        self.tty.print(&said.render())
    }

    /// Remembers it for the facts.
    fn found_sound(&mut self, text: &str) {
        if let Ok((Fs::Flash, _, path)) = self.local(text) {
            let name = String::from_utf8_lossy(path.relative()).into_owned();
            self.tty.device.state().verified.insert(name);
        }
    }

    /// One dot for each 512 KiB, at least two, then `end`.
    fn dots(&mut self, blob: &Blob, end: &str) -> Result<(), Leave> {
        let dots = usize::try_from(blob.len() >> 19).unwrap_or(0).clamp(2, 200);
        let width = self.tty.width();
        for n in 0..dots {
            self.tty.print(".")?;
            if width > 0 && (n + 1) % width == 0 {
                self.tty.print("\n")?;
            }
        }
        self.tty.print(end)
    }
}
