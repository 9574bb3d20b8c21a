//! A Catalyst's boot loader: the images of its BOOT variable in their order, or without one the first image of
//! flash, directories before what comes after them. What the variable names is all that is tried.

use super::{Decision, Outcome, Probe, first_sound, in_turn, listed};
use crate::image::Damage;
use crate::profile::Prefix;
use ios_cli::text::boot_switch as texts;

/// The variables that the configuration sets and the boot loader obeys.
pub const BOOT: &str = "BOOT";
/// The file of the saved configuration.
pub const CONFIG_FILE: &str = "CONFIG_FILE";
/// `yes`: a person boots.
pub const MANUAL_BOOT: &str = "MANUAL_BOOT";
/// `yes`: a break on the console stops the boot loader.
pub const ENABLE_BREAK: &str = "ENABLE_BREAK";

/// Decides. `list` is the BOOT variable, `files` are all names of flash in the order they are searched.
pub fn decide(
    flash: &str,
    list: Option<&str>,
    files: &[String],
    probe: &mut dyn FnMut(&str) -> Probe,
) -> Decision {
    let told: Vec<String> = match list {
        Some(list) => listed(list),
        // A file that is no image is passed over without a word.
        None => first_sound(files, probe).map(|file| format!("{flash}/{file}")).into_iter().collect(),
    };
    in_turn(&told, texts::FAILED, |shown| attempt(shown, probe))
}

/// Tries one file, named with its prefix; the text of the failure otherwise.
pub fn attempt(shown: &str, probe: &mut dyn FnMut(&str) -> Probe) -> Result<Outcome, String> {
    let file = Prefix::strip(shown).unwrap_or(shown).trim_start_matches('/');
    let why = match probe(file) {
        Probe::Sound(facts) => {
            return Ok(Outcome::Booted {
                file: file.to_owned(),
                shown: shown.to_owned(),
                facts: Box::new(facts),
            });
        }
        Probe::Absent => texts::absent(shown),
        Probe::Damaged(Damage::Magic { .. } | Damage::NoMetadata) => texts::no_magic(shown),
        Probe::Damaged(Damage::Io(e)) => format!("{shown}: {e}\n"),
        Probe::Foreign(_) | Probe::Damaged(_) => {
            format!("{}......{}", texts::verifying(shown), texts::UNSIGNED)
        }
    };
    Err(format!("{}{why}{}", texts::loading(shown), texts::not_loaded(shown)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Facts;

    fn flash(name: &str) -> Probe {
        let facts = |version: &str| Facts {
            profile: "c2960x".into(),
            platform: "C2960X".into(),
            feature: "UNIVERSALK9-M".into(),
            version: version.into(),
            len: 1,
            embedded_md5: String::new(),
            md5: None,
            package: None,
        };
        match name {
            "old.bin" | "new/new.bin" => Probe::Sound(facts("15.2(2)E7")),
            "bad.bin" => Probe::Damaged(Damage::Signature),
            "config.text" => Probe::Damaged(Damage::Magic { found: 0 }),
            _ => Probe::Absent,
        }
    }

    fn boot(list: Option<&str>, files: &[&str]) -> (Option<String>, String) {
        let files: Vec<_> = files.iter().map(|f| (*f).to_owned()).collect();
        let (booted, said) = decide("flash:", list, &files, &mut flash).told();
        (booted.map(|(_, shown)| shown), said)
    }

    #[test]
    fn the_variable_s_images_are_tried_and_no_other() {
        let all = ["config.text", "old.bin"];
        assert_eq!(boot(Some("flash:/old.bin"), &all), (Some("flash:/old.bin".into()), String::new()));
        assert_eq!(
            boot(Some("flash:new/new.bin;flash:/old.bin"), &all).0.as_deref(),
            Some("flash:new/new.bin")
        );
        let (booted, said) = boot(Some("flash:/odl.bin;flash:/old.bin"), &all);
        assert_eq!(booted.as_deref(), Some("flash:/old.bin"));
        assert_eq!(
            said,
            "Loading \"flash:/odl.bin\"...flash:/odl.bin: no such file or directory\n\n\
             Error loading \"flash:/odl.bin\"\n\nInterrupt within 5 seconds to abort boot process.\n"
        );
        let (booted, said) = boot(Some("flash:/odl.bin"), &all);
        assert_eq!(booted, None, "the other image is not taken");
        assert!(said.ends_with(texts::FAILED), "{said}");
        assert!(boot(Some("flash:/bad.bin"), &all).1.contains("Image failed digital signature verification"));
        assert!(boot(Some("flash:/config.text"), &all).1.contains("bad mzip file"));
    }

    #[test]
    fn without_a_variable_the_first_image_boots() {
        assert_eq!(
            boot(None, &["config.text", "bad.bin", "old.bin"]),
            (Some("flash:/old.bin".into()), String::new())
        );
        assert_eq!(boot(None, &["config.text"]), (None, texts::FAILED.into()));
        assert_eq!(boot(None, &[]), (None, texts::FAILED.into()));
    }
}
