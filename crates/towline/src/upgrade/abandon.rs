//! Whether a device that was left may be given up: only while its next start is the one that it was before.

use upgrade::{Effect, Happened};

/// Why a device with these entries may be given up as it is, in words for its end.
///
/// # Errors
/// It may not: what was done to it that goes on without us.
pub fn abandoned(entries: &[Happened]) -> Result<String, &'static str> {
    let intended = |is: fn(&Effect) -> bool| {
        entries.iter().any(|entry| matches!(entry, Happened::Intent { effect, .. } if is(effect)))
    };
    if intended(|effect| effect.restarts()) {
        return Err("it was told to restart");
    }
    // Also where the device said no: it may have taken half of it.
    if intended(|effect| matches!(effect, Effect::SetBoot(_) | Effect::Save)) {
        return Err("what its next start tries was being changed");
    }
    let mut left = Vec::new();
    for entry in entries {
        match entry {
            Happened::Done { effect: Effect::Delete(file), .. } => left.push(format!("{file} is deleted")),
            Happened::Intent { effect: Effect::Copy, .. }
                if left.last().is_none_or(|last| last != COPIED) =>
            {
                left.push(String::from(COPIED));
            }
            Happened::Intent { .. }
            | Happened::Done { .. }
            | Happened::Began { .. }
            | Happened::Failed { .. }
            | Happened::TurnedBack(_)
            | Happened::Ended(_)
            | Happened::Resumed => {}
        }
    }
    Ok(match left.as_slice() {
        [] => String::from("given up by hand before anything was done"),
        left => format!("given up by hand; {}", left.join(", ")),
    })
}

const COPIED: &str = "some or all of the image is in flash";

#[cfg(test)]
mod tests {
    use super::*;
    use upgrade::Start;

    fn intent(effect: Effect) -> Happened {
        Happened::Intent {
            effect,
            at: 0,
            start: Start { uptime: 1, reason: None, image: "a".into(), version: String::new() },
        }
    }

    fn done(effect: Effect) -> Happened {
        Happened::Done { effect, md5: None }
    }

    #[test]
    fn a_device_is_given_up_only_while_it_starts_as_before() {
        let delete = || Effect::Delete("old.bin".into());
        let boot = || Effect::SetBoot(vec!["flash:new.bin".into()]);
        let failed = |effect| Happened::Failed { effect, why: "no".into() };
        let nothing = "given up by hand before anything was done";
        let deleted = "given up by hand; old.bin is deleted";
        let copied = "given up by hand; old.bin is deleted, some or all of the image is in flash";
        let boots = "what its next start tries was being changed";
        for (entries, expected) in [
            (vec![], Ok(nothing)),
            (vec![intent(delete())], Ok(nothing)),
            (vec![intent(delete()), done(delete())], Ok(deleted)),
            (
                vec![
                    intent(delete()),
                    done(delete()),
                    intent(Effect::Copy),
                    failed(Effect::Copy),
                    intent(Effect::Copy),
                ],
                Ok(copied),
            ),
            (vec![intent(Effect::Digest), done(Effect::Digest), Happened::Resumed], Ok(nothing)),
            (vec![intent(boot())], Err(boots)),
            (vec![intent(boot()), failed(boot())], Err(boots)),
            (vec![intent(Effect::Save)], Err(boots)),
            (vec![intent(boot()), done(boot()), intent(Effect::Reload)], Err("it was told to restart")),
            (vec![intent(Effect::Reload), done(Effect::Reload)], Err("it was told to restart")),
        ] {
            assert_eq!(abandoned(&entries), expected.map(String::from), "{entries:?}");
        }
    }
}
