//! `delete`, `verify`, `erase`, `write`, `format`, `mkdir`, `rmdir`: questions and results.

use super::Unread;
use super::copy::Reason;
use alloc::format;
use alloc::string::{String, ToString};

/// `Delete filename`; `[x]? ` follows.
pub const DELETE_NAME: &str = "Delete filename";

/// Before `[confirm]`: `Delete flash:/x? `.
pub fn delete_question(path: &str) -> String {
    format!("Delete {path}? ")
}

/// `%Error deleting flash:x (No such file or directory)`
pub fn delete_error(path: &str, reason: Reason) -> String {
    format!("%Error deleting {path} ({reason})\n")
}

/// `Verify filename`; `[x]? ` follows.
pub const VERIFY_NAME: &str = "Verify filename";

/// Behind the dots of `verify /md5`.
pub const VERIFY_DONE: &str = "Done!\n";

/// What `verify /md5` says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Digest {
    /// No digest was given: here it is.
    Computed {
        /// `md5`, `sha512`
        algorithm: String,
        /// `flash:x`
        path: String,
        /// Hexadecimal.
        digest: String,
    },
    /// The digest given is the file's.
    Verified {
        /// `flash:x`
        path: String,
        /// Hexadecimal.
        digest: String,
    },
    /// It is not.
    Mismatch {
        /// `flash:x`
        path: String,
        /// The file's.
        computed: String,
        /// As typed.
        submitted: String,
    },
}

impl Digest {
    /// As the device prints it.
    pub fn render(&self) -> String {
        match self {
            Digest::Computed { algorithm, path, digest } => {
                format!("verify /{algorithm} ({path}) = {digest}\n")
            }
            Digest::Verified { path, digest } => format!("Verified ({path}) = {digest}\n"),
            Digest::Mismatch { path, computed, submitted } => format!(
                "%Error verifying {path}\nComputed signature  = {computed}\nSubmitted signature = {submitted}\n"
            ),
        }
    }

    /// Finds it in what the device printed.
    pub fn parse(text: &str) -> Result<Digest, Unread> {
        let mut lines = text.lines().map(str::trim);
        let found = lines.find_map(|line| {
            if let Some(path) = line.strip_prefix("%Error verifying ") {
                return Some((line, Some(path)));
            }
            (line.starts_with("verify /") || line.starts_with("Verified (")).then_some((line, None))
        });
        let bad =
            || Unread::new("'verify /md5 (x) = …', 'Verified (x) = …' or '%Error verifying x'", text.trim());
        let (line, failed) = found.ok_or_else(bad)?;
        if let Some(path) = failed {
            let mut value = |name: &str| {
                lines.next()?.strip_prefix(name)?.trim_start().strip_prefix("= ").map(str::to_string)
            };
            let (computed, submitted) = (value("Computed signature"), value("Submitted signature"));
            let (computed, submitted) = computed.zip(submitted).ok_or_else(bad)?;
            return Ok(Digest::Mismatch { path: path.to_string(), computed, submitted });
        }
        let (head, digest) = line.rsplit_once(" = ").ok_or_else(bad)?;
        let (how, path) = head.strip_suffix(')').and_then(|h| h.split_once(" (")).ok_or_else(bad)?;
        let (path, digest) = (path.to_string(), digest.to_string());
        Ok(match how.strip_prefix("verify /") {
            Some(algorithm) => Digest::Computed { algorithm: algorithm.to_string(), path, digest },
            None => Digest::Verified { path, digest },
        })
    }
}

/// `verify` of an image that carries its MD5 and a signature; the dots and `Done!` stand before it. The last
/// line of a damaged one is not confirmed on a device; that no `Signature Verified` stands there is.
pub fn embedded(embedded: &str, computed: &str, whole_file: &str) -> String {
    let mut out = format!(
        "Embedded Hash   MD5 : {}\nComputed Hash   MD5 : {}\nCCO Hash        MD5 : {}\n",
        embedded.to_ascii_uppercase(),
        computed.to_ascii_uppercase(),
        whole_file.to_ascii_uppercase()
    );
    if embedded.eq_ignore_ascii_case(computed) {
        out.push_str("Signature Verified\n");
    } else {
        out.push_str("%ERROR: Embedded hash does not match the computed one: the file is damaged.\n");
    }
    out
}

/// `verify` of an image of IOS-XE: what it says its hashes are, and what they are, hexadecimal; the dots stand before it. The
/// last line of a damaged one is not confirmed on a device.
pub fn embedded_xe(path: &str, sha1: &[String; 2], sha512: &[String; 2]) -> String {
    let lines = |hash: &str| {
        let rows: alloc::vec::Vec<&str> =
            (0..hash.len()).step_by(32).filter_map(|at| hash.get(at..(at + 32).min(hash.len()))).collect();
        rows.join("\n                      ") + "\n                      \n"
    };
    let mut out = format!(
        "Embedded Hash   SHA1 : {}\nComputed Hash   SHA1 : {}\nStarting image verification\nHash Computation:    100%Done!\nComputed Hash   SHA2: {}Embedded Hash   SHA2: {}",
        sha1[0].to_ascii_uppercase(),
        sha1[1].to_ascii_uppercase(),
        lines(&sha512[1]),
        lines(&sha512[0])
    );
    if sha1[0] == sha1[1] && sha512[0] == sha512[1] {
        out += &format!("Digital signature successfully verified in file {path}\n");
    } else {
        out += &format!("%ERROR: Embedded hash does not match the computed one: {path} is damaged.\n");
    }
    out
}

/// The first line of `verify` without `/md5`; dots follow it.
pub fn verifying(path: &str) -> String {
    format!("Verifying file integrity of {path}")
}

/// `verify` of a file that carries none; the question is asked with `[confirm]`.
pub fn no_signature(path: &str) -> String {
    format!("%ERROR:Signature not found in file {path}.\n")
}

/// Before `[confirm]` behind [`no_signature`].
pub const PROCEED_UNSIGNED: &str = "Signature not present. Proceed with verify? ";

/// Before `[confirm]` of `erase startup-config` and `write erase`.
pub const ERASE_NVRAM: &str = "Erasing the nvram filesystem will remove all configuration files! Continue? ";

/// Behind it.
pub const ERASED_NVRAM: &str = "[OK]\nErase of nvram: complete\n";

/// `%SYS-7-NV_BLOCK_INIT`, which the log says then.
pub const NV_BLOCK_INIT: &str = "%SYS-7-NV_BLOCK_INIT: Initialized the geometry of nvram";

/// Behind `write` and `copy running-config startup-config`.
pub const BUILDING: &str = "Building configuration...\n";

/// In its place where the saved configuration cannot be opened.
pub const BUSY: &str = "startup-config file open failed (Device or resource busy)\n";

/// Behind it when the configuration is stored.
pub const STORED: &str = "[OK]\n";

/// Before `[confirm]` when another version wrote the startup-config. No blank stands before the bracket.
pub const OTHER_VERSION: &str = "Warning: Attempting to overwrite an NVRAM configuration previously written\nby a different version of the system image.\nOverwrite the previous NVRAM configuration?";

/// `Created dir flash0:/d`
pub fn created(path: &str) -> String {
    format!("Created dir {path}\n")
}

/// `Removed dir flash0:d`
pub fn removed(path: &str) -> String {
    format!("Removed dir {path}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_answers_of_verify() {
        for (text, digest) in [
            (
                "..........Done!\nverify /md5 (flash:a.bin) = e1588a2bda3583feb9188933d265ba11\n",
                Digest::Computed {
                    algorithm: "md5".into(),
                    path: "flash:a.bin".into(),
                    digest: "e1588a2bda3583feb9188933d265ba11".into(),
                },
            ),
            (
                "...Done!\nVerified (flash:a.bin) = e158\n",
                Digest::Verified { path: "flash:a.bin".into(), digest: "e158".into() },
            ),
            (
                "...Done!\n%Error verifying flash:a.bin\nComputed signature  = e158\nSubmitted signature = ffff\n",
                Digest::Mismatch {
                    path: "flash:a.bin".into(),
                    computed: "e158".into(),
                    submitted: "ffff".into(),
                },
            ),
        ] {
            assert_eq!(Digest::parse(text).as_ref(), Ok(&digest));
            assert!(text.ends_with(&digest.render()), "{}", digest.render());
        }
        assert!(Digest::parse("Done!").is_err());
        assert!(Digest::parse("%Error verifying x\n").is_err());
    }

    #[test]
    fn a_damaged_image_does_not_verify() {
        assert_eq!(
            embedded("cfa2", "CFA2", "44a7"),
            "Embedded Hash   MD5 : CFA2\nComputed Hash   MD5 : CFA2\nCCO Hash        MD5 : 44A7\nSignature Verified\n"
        );
        assert!(!embedded("cfa2", "cfa3", "44a7").contains("Signature Verified"));
    }
}
