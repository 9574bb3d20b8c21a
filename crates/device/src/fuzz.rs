//! Entry points for the fuzzer; each must neither panic nor break what it asserts.

use crate::commands::merge;
use crate::{Config, Profile};

/// Reads `data` as a saved configuration of some model, as its boot does and as a copy into what runs does: whatever is
/// taken of it is written as a configuration that means the same.
pub fn ios_configuration(data: &[u8]) {
    let Some((&first, text)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(text);
    let models = Profile::all().count();
    let (profile, _) = Profile::all().nth(usize::from(first) % models).expect("one of them");
    let boot = |text: &str| {
        let mut config = Config::before_boot(profile, text);
        let refused = merge(profile, &mut config, text).refused;
        assert!(refused.len() <= text.lines().count(), "a line is refused once");
        config
    };
    let written = boot(&text).render("15.1");
    let again = boot(&written).render("15.1");
    assert_eq!(again, written, "what was written means the same");
    let mut merged = boot(&written);
    merge(profile, &mut merged, &text);
    let _ = merged.render("15.1");
}
