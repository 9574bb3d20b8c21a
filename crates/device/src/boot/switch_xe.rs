//! The boot loader of a Catalyst with IOS-XE: the files of its BOOT variable in their order, each an image or a provisioning
//! file. Without one it takes `packages.conf`, else the first image of flash; which of them a real one takes is not confirmed.

use super::{Decision, Outcome, Probe, first_sound, in_turn, listed};
use crate::image::Damage;
use crate::install::{BadProvision, PACKAGES};
use crate::profile::Prefix;
use ios_cli::text::boot_switch_xe as texts;

/// `1`: the saved configuration is not obeyed: the way back from a lost password.
pub const IGNORE_STARTUP: &str = "SWITCH_IGNORE_STARTUP_CFG";

/// Decides. `list` is the BOOT variable, `files` are all names of flash in the order they are searched.
pub fn decide(
    flash: &str,
    list: Option<&str>,
    files: &[String],
    probe: &mut dyn FnMut(&str) -> Probe,
) -> Decision {
    let told: Vec<String> = match list {
        Some(list) => listed(list),
        None if files.iter().any(|f| f == PACKAGES) => vec![format!("{flash}{PACKAGES}")],
        None => first_sound(files, probe).map(|file| format!("{flash}{file}")).into_iter().collect(),
    };
    in_turn(&told, texts::EXHAUSTED, |shown| attempt(shown, probe))
}

/// Tries one file, named with its prefix; the text of the failure otherwise.
pub fn attempt(shown: &str, probe: &mut dyn FnMut(&str) -> Probe) -> Result<Outcome, String> {
    let file = Prefix::strip(shown).unwrap_or(shown).trim_start_matches('/');
    let (what, why) = match probe(file) {
        Probe::Sound(facts) => {
            return Ok(Outcome::Booted {
                file: file.to_owned(),
                shown: shown.to_owned(),
                facts: Box::new(facts),
            });
        }
        Probe::Absent => (file.to_owned(), texts::NOT_FOUND),
        Probe::Foreign(_) => (file.to_owned(), texts::UNSUPPORTED),
        Probe::Damaged(damage) => complaint(file, &damage),
    };
    Err(texts::attempting(shown) + &texts::failed(shown, &what, why))
}

/// Which file does not boot, and why.
fn complaint(file: &str, damage: &Damage) -> (String, &'static str) {
    match damage {
        Damage::Provision(BadProvision::Missing(package)) => (package.clone(), texts::NOT_FOUND),
        Damage::Provision(BadProvision::Damaged { package, why }) => complaint(package, why),
        Damage::Provision(BadProvision::Mixed { package, .. }) => (package.clone(), texts::UNSUPPORTED),
        Damage::Provision(BadProvision::Checksum { .. } | BadProvision::Line(_))
        | Damage::Magic { .. }
        | Damage::NoMetadata
        | Damage::Length { .. }
        | Damage::Package(_)
        | Damage::Io(_) => (file.to_owned(), texts::LOAD_ERROR),
        Damage::Unsigned | Damage::Embedded { .. } | Damage::Signature => {
            (file.to_owned(), texts::SECURITY_VIOLATION)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Facts;

    fn flash(name: &str) -> Probe {
        let facts = Facts {
            profile: "c9300".into(),
            platform: "CAT9K".into(),
            feature: "IOSXE".into(),
            version: "17.6.1".into(),
            len: 1,
            embedded_md5: String::new(),
            md5: None,
            package: None,
        };
        match name {
            "packages.conf" | "old.bin" => Probe::Sound(facts),
            "lost.conf" => Probe::Damaged(BadProvision::Missing("cat9k-rpboot.pkg".into()).into()),
            "bad.bin" => Probe::Damaged(Damage::Signature),
            "a.pkg" => Probe::Damaged(Damage::Package("rpbase".into())),
            _ => Probe::Absent,
        }
    }

    fn boot(list: Option<&str>, files: &[&str]) -> (Option<String>, String) {
        let files: Vec<_> = files.iter().map(|f| (*f).to_owned()).collect();
        let (booted, said) = decide("flash:", list, &files, &mut flash).told();
        (booted.map(|(_, shown)| shown), said)
    }

    #[test]
    fn the_variable_is_all_that_is_tried() {
        let said = |list| boot(Some(list), &["packages.conf", "old.bin"]);
        assert_eq!(said("flash:packages.conf;"), (Some("flash:packages.conf".into()), String::new()));
        let (shown, text) = said("flash:lost.conf;flash:bad.bin;flash:/old.bin");
        assert_eq!(shown.as_deref(), Some("flash:/old.bin"));
        for part in [
            "boot: failed to load flash:/user/cat9k-rpboot.pkg\n\nERROR: failed to boot from flash:lost.conf (Not Found)",
            "ERROR: failed to boot from flash:bad.bin (Security Violation)",
        ] {
            assert!(text.contains(part), "{text}");
        }
        let (shown, text) = said("flash:a.pkg;flash:nix");
        assert!(
            shown.is_none() && text.contains("a.pkg (Load Error)") && text.ends_with(texts::EXHAUSTED),
            "{text}"
        );
    }

    #[test]
    fn without_the_variable_packages_come_first() {
        assert_eq!(boot(None, &["old.bin", "packages.conf"]).0.as_deref(), Some("flash:packages.conf"));
        assert_eq!(boot(None, &["bad.bin", "old.bin"]), (Some("flash:old.bin".into()), String::new()));
        assert_eq!(boot(None, &["bad.bin"]).0, None);
    }
}
