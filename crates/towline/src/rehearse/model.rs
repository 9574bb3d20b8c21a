//! Which profile stands for which model.

use device::Profile;
use std::sync::Arc;

/// A profile, and whom it stands for: what images for them begin with, and their models. The first row of these that fits counts.
struct Row {
    profile: &'static str,
    platforms: &'static [&'static str],
    models: &'static [&'static str],
}

const ROWS: [Row; 5] = [
    Row {
        profile: "c2911",
        platforms: &["c2900", "c1900", "c2951", "c3900", "c3900e"],
        models: &["CISCO29", "CISCO19", "CISCO39"],
    },
    Row {
        profile: "isr4331",
        platforms: &["isr4300", "isr4200", "isr4400", "isr4400v2"],
        models: &["ISR43", "ISR42", "ISR44"],
    },
    Row {
        profile: "c2960x",
        platforms: &["c2960x", "c2960", "c2960s", "c2960cx", "c3560cx", "c3560e", "c3750e"],
        models: &["WS-C2960", "WS-C3560", "WS-C3750"],
    },
    Row {
        profile: "c9300",
        platforms: &["cat9k", "cat9k_lite"],
        models: &["C9300", "C9200", "C9400", "C9500"],
    },
    Row {
        profile: "c3640",
        platforms: &["c3640", "c3620", "c3660", "c2600"],
        models: &["3640", "3620", "3660", "26"],
    },
];

/// How near a profile is to a device.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Nearness {
    /// The very model.
    Same,
    /// One that runs the same images.
    Images,
    /// One that boots and is typed at in the same way.
    Kin,
}

/// The profile that stands for a model whose images are for `platform`; `None`: none does.
pub fn nearest(model: &str, platform: Option<&str>) -> Option<(Arc<Profile>, Nearness)> {
    let of_platform = |row: &&Row| platform.is_some_and(|platform| row.platforms.contains(&platform));
    let of_model = |row: &&Row| row.models.iter().any(|begin| model.starts_with(begin));
    let row = ROWS.iter().find(of_platform).or_else(|| ROWS.iter().find(of_model))?;
    let profile = Profile::named(row.profile)?;
    let nearness = match platform {
        _ if profile.version.model == *model => Nearness::Same,
        Some(platform) if profile.image.platform == *platform => Nearness::Images,
        Some(_) | None => Nearness::Kin,
    };
    Some((profile, nearness))
}

/// Whom there are twins of, for people.
pub fn known() -> String {
    let rows = ROWS.iter().map(|row| format!("{} (as {})", row.platforms.join(", "), row.profile));
    rows.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_stands_for_its_own_model_and_its_kin() {
        for (profile, _) in Profile::all() {
            let (found, nearness) =
                nearest(&profile.version.model, Some(&*profile.image.platform)).expect("its own");
            assert_eq!((&*found.name, nearness), (&*profile.name, Nearness::Same));
        }
        for (model, platform, right) in [
            ("CISCO2901/K9", Some("c2900"), Some(("c2911", Nearness::Images))),
            ("CISCO1921/K9", Some("c1900"), Some(("c2911", Nearness::Kin))),
            ("ISR4451-X/K9", None, Some(("isr4331", Nearness::Kin))),
            ("ISR4321/K9", Some("x86"), Some(("isr4331", Nearness::Kin))),
            ("C9300-48U", Some("cat9k"), Some(("c9300", Nearness::Images))),
            ("WS-C2960X-48FPD-L", Some("c2960x"), Some(("c2960x", Nearness::Images))),
            ("N9K-C93180YC-EX", Some("nxos"), None),
            ("7206VXR", Some("c7200"), None),
        ] {
            let found = nearest(model, platform);
            assert_eq!(found.as_ref().map(|(p, n)| (&*p.name, *n)), right, "{model}");
        }
        assert!(known().contains("isr4300") && known().contains("(as c9300)"), "{}", known());
    }
}
