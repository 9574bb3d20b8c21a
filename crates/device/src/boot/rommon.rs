//! A router's ROMMON.
//!
//! Boot field 0 stops in ROMMON, 1 takes the first image of flash; 2 to F try the `boot system` lines in
//! their order, then the first image of flash. Only where nothing boots does the device stop in ROMMON.

use super::{Decision, Outcome, Probe};
use crate::config::{BootLine, BootSource};
use crate::image::{Damage, Facts};
use crate::profile::Loader;
use ios_cli::text::boot_classic;

/// Decides, as this loader. `flash` is what the device calls its flash, `files` are the names there in directory order;
/// `probe` looks at one of them.
pub fn decide(
    loader: Loader,
    flash: &str,
    register: u16,
    lines: &[BootLine],
    files: &[String],
    probe: &mut dyn FnMut(&str) -> Probe,
) -> Decision {
    let mut tried = Vec::new();
    let field = register & 0xf;
    if field == 0 {
        return Decision { tried, outcome: Outcome::Rommon };
    }
    if field >= 2 {
        for line in lines {
            match line.source() {
                BootSource::Flash(Some(file)) => match attempt(flash, file, probe) {
                    Ok(outcome) => return Decision { tried, outcome },
                    Err(text) => tried.push(text),
                },
                BootSource::Flash(None) => break,
                BootSource::Elsewhere(what) => tried.push(format!("boot: cannot load \"{what}\"\n")),
            }
        }
    }
    let mut executables = 0;
    for file in files {
        match probe(file) {
            Probe::Sound(facts) => {
                return Decision { tried, outcome: booted(flash, file, facts) };
            }
            // A file without the magic is no candidate, and nothing is said about it.
            Probe::Absent | Probe::Damaged(Damage::Magic { .. }) => {}
            found => {
                executables += 1;
                tried.push(complaint(flash, file, &found));
            }
        }
    }
    if executables == 0 {
        tried.push(match loader {
            Loader::RommonClassic => boot_classic::none(flash),
            Loader::Rommon | Loader::RommonXe | Loader::Switch | Loader::SwitchXe => {
                format!("boot: cannot determine first executable file name on device \"{flash}\"\n")
            }
        });
    }
    Decision { tried, outcome: Outcome::Rommon }
}

/// Tries one file; the text of the failure otherwise.
pub fn attempt(flash: &str, file: &str, probe: &mut dyn FnMut(&str) -> Probe) -> Result<Outcome, String> {
    match probe(file) {
        Probe::Sound(facts) => Ok(booted(flash, file, facts)),
        found => Err(complaint(flash, file, &found)),
    }
}

fn booted(flash: &str, file: &str, facts: Facts) -> Outcome {
    Outcome::Booted { file: file.to_owned(), shown: format!("{flash}{file}"), facts: Box::new(facts) }
}

fn complaint(flash: &str, file: &str, found: &Probe) -> String {
    let why = match found {
        Probe::Sound(_) => return String::new(),
        Probe::Absent => return format!("boot: cannot open \"{flash}{file}\"\n"),
        Probe::Foreign(facts) => format!("loadprog: error - image is for {}\n", facts.platform),
        Probe::Damaged(damage) => match damage {
            Damage::Magic { found } => format!("loadprog: bad file magic number:      0x{found:x}\n"),
            Damage::NoMetadata | Damage::Package(_) | Damage::Provision(_) => {
                "loadprog: error - no loadable segments\n".into()
            }
            Damage::Length { expected, found } => {
                format!(
                    "Error : uncompressed image size is incorrect {found:#X}\nExpected a size of {expected:#X}\n"
                )
            }
            Damage::Embedded { expected, computed } => format!(
                "Error : compressed image checksum is incorrect {}\nExpected a checksum of {}\n\n",
                short(computed),
                short(expected)
            ),
            Damage::Unsigned => "Signature not found. Image is not signed.\n".into(),
            Damage::Signature => {
                "Code Sign Verification FAILED: the signature does not fit the image.\n".into()
            }
            Damage::Io(e) => format!("loadprog: error - on file read ({e})\n"),
        },
    };
    format!("{why}boot: cannot load \"{flash}{file}\"\n")
}

/// The first 32 bits of a hash, as the self-decompressor prints its checksum.
fn short(hash: &str) -> String {
    format!("0x{}", hash.get(..8).unwrap_or(hash).to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(version: &str) -> Facts {
        Facts {
            profile: "c2911".into(),
            platform: "C2900".into(),
            feature: "UNIVERSALK9-M".into(),
            version: version.into(),
            len: 1,
            embedded_md5: String::new(),
            md5: String::new(),
            package: None,
        }
    }

    /// `old.bin`, `new.bin` are sound, `bad.bin` damaged, `x.xml` no image, all else absent.
    fn flash(name: &str) -> Probe {
        match name {
            "old.bin" => Probe::Sound(facts("15.1(4)M4")),
            "new.bin" => Probe::Sound(facts("15.5(3)M4a")),
            "bad.bin" => Probe::Damaged(Damage::Embedded {
                expected: "aabbccdd00".into(),
                computed: "11223344".into(),
            }),
            "x.xml" => Probe::Damaged(Damage::Magic { found: 0x3c3f_786d }),
            _ => Probe::Absent,
        }
    }

    fn boot(register: u16, lines: &[&str], files: &[&str]) -> (Option<String>, String) {
        let lines: Vec<_> = lines.iter().map(|l| BootLine((*l).into())).collect();
        let files: Vec<_> = files.iter().map(|f| (*f).to_owned()).collect();
        let d = decide(Loader::Rommon, "flash0:", register, &lines, &files, &mut flash);
        let file = match d.outcome {
            Outcome::Booted { file, .. } => Some(file),
            Outcome::Rommon => None,
        };
        (file, d.tried.concat())
    }

    #[test]
    fn the_first_line_that_boots_wins() {
        let all = ["x.xml", "old.bin", "new.bin"];
        assert_eq!(boot(0x2102, &["flash new.bin"], &all), (Some("new.bin".into()), String::new()));
        assert_eq!(
            boot(0x2102, &["flash:old.bin", "flash0:/new.bin"], &all),
            (Some("old.bin".into()), String::new())
        );
        assert_eq!(
            boot(0x2102, &["flash nwe.bin", "flash:new.bin"], &all),
            (Some("new.bin".into()), "boot: cannot open \"flash0:nwe.bin\"\n".into())
        );
    }

    #[test]
    fn without_a_good_line_the_first_image_of_flash_boots() {
        let all = ["x.xml", "bad.bin", "old.bin", "new.bin"];
        let damaged = "Error : compressed image checksum is incorrect 0x11223344\nExpected a checksum of 0xAABBCCDD\n\n\
             boot: cannot load \"flash0:bad.bin\"\n";
        assert_eq!(boot(0x2102, &[], &all), (Some("old.bin".into()), damaged.into()));
        assert_eq!(
            boot(0x2102, &["tftp new.bin 10.0.0.1"], &["old.bin"]),
            (Some("old.bin".into()), "boot: cannot load \"tftp new.bin 10.0.0.1\"\n".into())
        );
        assert_eq!(boot(0x2101, &["flash:new.bin"], &["old.bin", "new.bin"]).0.as_deref(), Some("old.bin"));
    }

    #[test]
    fn rommon_only_when_nothing_boots() {
        let none = "boot: cannot determine first executable file name on device \"flash0:\"\n";
        assert_eq!(boot(0x2102, &[], &["x.xml"]), (None, none.into()));
        assert_eq!(boot(0x2100, &["flash:new.bin"], &["new.bin"]), (None, String::new()));
        assert_eq!(boot(0x2102, &[], &["bad.bin"]).0, None);
        // 0x2142 ignores the startup-config; the boot variable still counts.
        assert_eq!(boot(0x2142, &["flash:new.bin"], &["old.bin", "new.bin"]).0.as_deref(), Some("new.bin"));
    }
}
