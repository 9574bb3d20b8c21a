//! A router's ROMMON.
//!
//! Boot field 0 stops in ROMMON, 1 takes the first image of flash; 2 to F try the `boot system` lines in
//! their order, then the first image of flash. Only where nothing boots does the device stop in ROMMON.

use super::{Decision, Outcome, Probe};
use crate::config::{BootLine, BootSource};
use crate::ifs::{Net, Url};
use crate::image::{Damage, Facts};
use crate::profile::Loader;
use ios_cli::text::boot_classic;
use store::VPath;

/// Fetches an image of another host, once the image of flash that does so has been chosen: what it is, or what is said
/// where it does not come. What was said so far may be taken and shown first.
pub type Fetch<'a> = dyn FnMut(&mut Vec<String>, &Facts, &Net) -> Result<Facts, String> + 'a;

/// Decides, as this loader. `flash` is what the device calls its flash, `files` are the names there in directory order;
/// `probe` looks at one of them, `fetch` at one of another host.
pub fn decide(
    loader: Loader,
    flash: &str,
    register: u16,
    lines: &[BootLine],
    files: &[String],
    probe: &mut dyn FnMut(&str) -> Probe,
    fetch: &mut Fetch<'_>,
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
                BootSource::Elsewhere(what) => {
                    let Some(net) = over_the_network(what) else {
                        tried.push(format!("boot: cannot load \"{what}\"\n"));
                        continue;
                    };
                    // The first image of flash does it: the boot loader has no network.
                    let helper = files.iter().find_map(|file| match probe(file) {
                        Probe::Sound(facts) => Some(facts),
                        Probe::Absent | Probe::Damaged(_) | Probe::Foreign(_) => None,
                    });
                    let Some(helper) = helper else {
                        tried.push(boot_classic::no_helper(flash, &what.replacen(' ', ":", 1)));
                        continue;
                    };
                    match fetch(&mut tried, &helper, &net) {
                        Ok(facts) => {
                            let name = net.path.as_deref().unwrap_or_default();
                            let file = name.rsplit('/').next().unwrap_or(name).to_owned();
                            let shown = net.to_string();
                            let outcome = Outcome::Booted { file, shown, facts: Box::new(facts) };
                            return Decision { tried, outcome };
                        }
                        Err(text) => tried.push(text),
                    }
                }
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

/// `tftp FILE HOST`, `ftp FILE HOST`, `tftp://HOST/FILE`: an image of another host, which is everybody where none is named.
pub fn over_the_network(line: &str) -> Option<Net> {
    let mut words = line.split_whitespace();
    let first = words.next()?;
    let url = match (first.to_ascii_lowercase().as_str(), words.next(), words.next()) {
        (scheme @ ("tftp" | "ftp"), Some(file), host) => {
            format!("{scheme}://{}/{file}", host.unwrap_or("255.255.255.255"))
        }
        (url, _, _) if url.starts_with("tftp://") || url.starts_with("ftp://") => first.to_owned(),
        _ => return None,
    };
    match Url::parse(&url, &VPath::root(), &[]) {
        Ok(Url::Net(net)) if net.host.is_some() && net.path.is_some() => Some(net),
        Ok(_) | Err(_) => None,
    }
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

/// Why it does not boot.
pub(crate) fn complaint(flash: &str, file: &str, found: &Probe) -> String {
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
            md5: None,
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
        let mut net = |tried: &mut Vec<String>, helper: &Facts, net: &Net| {
            assert_eq!(helper.version, "15.1(4)M4", "the first image of flash fetches");
            tried.push(format!("{net}?\n"));
            match net.path.as_deref() {
                Some("net.bin") => Ok(facts("15.7(3)M")),
                _ => Err(format!("{net} no\n")),
            }
        };
        let (booted, said) =
            decide(Loader::Rommon, "flash0:", register, &lines, &files, &mut flash, &mut net).told();
        (booted.map(|(file, _)| file), said)
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
            boot(0x2102, &["rom"], &["old.bin"]),
            (Some("old.bin".into()), "boot: cannot load \"rom\"\n".into())
        );
        assert_eq!(boot(0x2101, &["flash:new.bin"], &["old.bin", "new.bin"]).0.as_deref(), Some("old.bin"));
    }

    #[test]
    fn an_image_of_another_host_is_fetched_by_the_first_of_flash() {
        let lines = ["tftp absent.bin 10.0.0.1", "ftp://bob@10.0.0.2/a/net.bin", "tftp net.bin 10.0.0.1"];
        let said = "tftp://10.0.0.1/absent.bin?\ntftp://10.0.0.1/absent.bin no\nftp://*:*@10.0.0.2/a/net.bin?\n\
                    ftp://*:*@10.0.0.2/a/net.bin no\ntftp://10.0.0.1/net.bin?\n";
        assert_eq!(boot(0x2102, &lines, &["x.xml", "old.bin"]), (Some("net.bin".into()), said.into()));
        // Register 0x2101 looks at no line.
        assert_eq!(boot(0x2101, &lines, &["old.bin"]), (Some("old.bin".into()), String::new()));
        // Nothing is left in flash that could fetch it.
        let (booted, said) = boot(0x2102, &["tftp net.bin 10.0.0.1"], &["x.xml"]);
        assert!(booted.is_none() && said.contains("boot: cannot load \"tftp:net.bin 10.0.0.1\"\n"), "{said}");
        // Nobody is named: everybody is asked.
        let net = over_the_network("tftp net.bin").expect("an image");
        assert_eq!(net.host.as_deref(), Some("255.255.255.255"));
        for line in ["rom", "rcp x 10.0.0.1", "tftp", "mop x", "tftp://10.0.0.1"] {
            assert!(over_the_network(line).is_none(), "{line}");
        }
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
