//! ROMMON of IOS-XE: the boot lines of the saved configuration, then every file of the default device in directory
//! order. A real one starts again and again where nothing boots; this one stops at its prompt.

use super::{Decision, Outcome, Probe};
use crate::config::{BootLine, BootSource};
use crate::image::{Damage, Facts};
use ios_cli::text::boot_xe as texts;

/// Decides. `files` are the names of the default device in directory order, with their octets.
pub fn decide(
    flash: &str,
    register: u16,
    lines: &[BootLine],
    files: &[(String, u64)],
    probe: &mut dyn FnMut(&str) -> Probe,
) -> Decision {
    let mut tried = Vec::new();
    let field = register & 0xf;
    if field == 0 {
        return Decision { tried, outcome: Outcome::Rommon };
    }
    let size = |name: &str| files.iter().find(|(n, _)| n == name).map_or(0, |(_, octets)| *octets);
    for line in lines.iter().filter(|_| field >= 2) {
        match line.source() {
            BootSource::Flash(Some(file)) => match attempt(flash, file, size(file), probe) {
                Ok(outcome) => return Decision { tried, outcome },
                Err(text) => tried.push(text),
            },
            BootSource::Flash(None) => break,
            BootSource::Elsewhere(what) => tried.push(texts::absent(what)),
        }
    }
    tried.push(texts::FINAL.into());
    for (file, octets) in files {
        match probe(file) {
            Probe::Sound(facts) => {
                tried.push(texts::found(file, *octets));
                return Decision { tried, outcome: booted(flash, file, facts) };
            }
            found => tried.push(texts::found(file, *octets) + &complaint(flash, file, *octets, &found)),
        }
    }
    tried.push(texts::FAILED.into());
    Decision { tried, outcome: Outcome::Rommon }
}

/// Tries one file of so many octets; the text of the failure otherwise.
pub fn attempt(
    flash: &str,
    file: &str,
    octets: u64,
    probe: &mut dyn FnMut(&str) -> Probe,
) -> Result<Outcome, String> {
    match probe(file) {
        Probe::Sound(facts) => Ok(booted(flash, file, facts)),
        Probe::Absent => Err(texts::absent(&format!("{flash}{file}"))),
        found => Err(texts::located(file) + &complaint(flash, file, octets, &found)),
    }
}

fn booted(flash: &str, file: &str, facts: Facts) -> Outcome {
    Outcome::Booted { file: file.to_owned(), shown: format!("{flash}{file}"), facts: Box::new(facts) }
}

/// From the marks of a file that was located to why it does not boot.
fn complaint(flash: &str, file: &str, octets: u64, found: &Probe) -> String {
    // One for each 64 KiB, a line of them at most.
    let marks = "#".repeat(usize::try_from(octets >> 16).unwrap_or(60).min(60));
    let why = match found {
        Probe::Sound(_) => String::new(),
        Probe::Absent => texts::absent(&format!("{flash}{file}")),
        Probe::Foreign(_) => texts::FOREIGN.into(),
        Probe::Damaged(Damage::Magic { .. } | Damage::NoMetadata | Damage::Unsigned) => {
            texts::unsigned(octets)
        }
        Probe::Damaged(_) => texts::damaged(octets),
    };
    marks + &why
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flash(name: &str) -> Probe {
        match name {
            "old.bin" | "new.bin" => Probe::Sound(Facts {
                profile: "isr4331".into(),
                platform: "ISR4300".into(),
                feature: "UNIVERSALK9-M".into(),
                version: "16.6.5".into(),
                len: 1,
                embedded_md5: String::new(),
                md5: None,
                package: None,
            }),
            "bad.bin" => Probe::Damaged(Damage::Signature),
            "notes.txt" => Probe::Damaged(Damage::Magic { found: 0 }),
            _ => Probe::Absent,
        }
    }

    fn boot(register: u16, lines: &[&str], files: &[&str]) -> (Option<String>, String) {
        let lines: Vec<_> = lines.iter().map(|l| BootLine((*l).into())).collect();
        let files: Vec<_> = files.iter().map(|f| ((*f).to_owned(), 20_109)).collect();
        let (booted, said) = decide("bootflash:", register, &lines, &files, &mut flash).told();
        (booted.map(|(file, _)| file), said)
    }

    #[test]
    fn the_lines_come_first_then_every_file() {
        let all = ["notes.txt", "bad.bin", "old.bin", "new.bin"];
        assert_eq!(boot(0x2102, &["flash bootflash:new.bin"], &all), (Some("new.bin".into()), String::new()));
        let (booted, said) = boot(0x2102, &["flash bootflash:nwe.bin"], &all);
        assert_eq!(booted.as_deref(), Some("old.bin"));
        let mut rest = said.as_str();
        for line in [
            "cannot find \"bootflash:nwe.bin\"",
            "no valid BOOT image found\nFinal autoboot attempt from default boot device...\n",
            "Located notes.txt \n",
            "Unsigned package found, aborting package loading...\n",
            "Located bad.bin \n",
            "Package header rev 3 structure detected\n",
            "Located old.bin \n",
        ] {
            let at =
                rest.find(line).unwrap_or_else(|| panic!("{line} is missing or out of order in\n{said}"));
            rest = &rest[at + line.len()..];
        }
        assert_eq!(
            boot(0x2101, &["bootflash:new.bin"], &["old.bin", "new.bin"]).0.as_deref(),
            Some("old.bin")
        );
        assert_eq!(boot(0x2100, &["bootflash:new.bin"], &all), (None, String::new()));
        let (booted, said) = boot(0x2102, &[], &["notes.txt"]);
        assert!(booted.is_none() && said.ends_with(texts::FAILED), "{said}");
    }
}
