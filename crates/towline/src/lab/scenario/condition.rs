//! What holds of R1, as scenarios write it.

use crate::lab::lesson::State;
use crate::lab::names::Names;
use device::install::St;

/// Something that holds, or not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Condition {
    /// `rommon`: the boot loader prompts.
    Rommon,
    /// `runs VERSION`.
    Runs(String),
    /// `ran ShowVersion`: a command by its name in the device's table.
    Ran(String),
    /// `register 0x2142`: of the next boot.
    Register(u16),
    /// `flash has FILE`, all of its octets where it is the new image.
    Has(String),
    /// `flash lacks FILE`.
    Lacks(String),
    /// `fetched FILE`: it is in flash with all octets, and as many came over TFTP.
    Fetched(String),
    /// `verified FILE`.
    Verified(String),
    /// `boots FILE`: the first boot line of the running configuration.
    Boots(String),
    /// `saved boots FILE`: the same of the saved one.
    SavedBoots(String),
    /// `running has TEXT`.
    RunningHas(String),
    /// `running lacks TEXT`; there is a running configuration.
    RunningLacks(String),
    /// `saved has TEXT`.
    SavedHas(String),
    /// `saved lacks TEXT`; there is a saved configuration.
    SavedLacks(String),
    /// `added VERSION`: its packages are there, and do not run.
    Added(String),
    /// `on trial VERSION`: its packages run until somebody commits them.
    OnTrial(String),
    /// `committed VERSION`: they run for good.
    Committed(String),
    /// `up INTERFACE`.
    Up(String),
    /// `restarted 2`: so often since the beginning, at least.
    Restarted(u64),
    /// `copy failed REASON`: some copy did.
    CopyFailed(String),
}

impl Condition {
    /// What a text says; `None`: nothing that is known.
    pub fn parse(text: &str) -> Option<Condition> {
        let behind = |head: &str| text.strip_prefix(head).filter(|rest| !rest.is_empty()).map(str::to_owned);
        /// What makes a condition of the rest of its text.
        type Make = fn(String) -> Option<Condition>;
        const HEADS: &[(&str, Make)] = &[
            ("runs ", |v| Some(Condition::Runs(v))),
            ("ran ", |v| Some(Condition::Ran(v))),
            ("register 0x", |v| u16::from_str_radix(&v, 16).ok().map(Condition::Register)),
            ("flash has ", |v| Some(Condition::Has(v))),
            ("flash lacks ", |v| Some(Condition::Lacks(v))),
            ("fetched ", |v| Some(Condition::Fetched(v))),
            ("verified ", |v| Some(Condition::Verified(v))),
            ("boots ", |v| Some(Condition::Boots(v))),
            ("saved boots ", |v| Some(Condition::SavedBoots(v))),
            ("running has ", |v| Some(Condition::RunningHas(v))),
            ("running lacks ", |v| Some(Condition::RunningLacks(v))),
            ("saved has ", |v| Some(Condition::SavedHas(v))),
            ("saved lacks ", |v| Some(Condition::SavedLacks(v))),
            ("added ", |v| Some(Condition::Added(v))),
            ("on trial ", |v| Some(Condition::OnTrial(v))),
            ("committed ", |v| Some(Condition::Committed(v))),
            ("up ", |v| Some(Condition::Up(v))),
            ("restarted ", |v| v.parse().ok().map(Condition::Restarted)),
            ("copy failed ", |v| Some(Condition::CopyFailed(v))),
        ];
        if text == "rommon" {
            return Some(Condition::Rommon);
        }
        HEADS.iter().find_map(|(head, make)| behind(head).map(make))?
    }

    /// Whether it holds; the texts of a condition have `{old}` and the like in them.
    pub fn holds(&self, state: &State, names: &Names) -> bool {
        let is = |text: &str, what: &String| text == names.fill(what);
        match self {
            Condition::Rommon => state.rommon,
            Condition::Runs(version) => state.version.as_deref().is_some_and(|v| is(v, version)),
            Condition::Ran(command) => state.ran(command),
            Condition::Register(register) => state.register == *register,
            Condition::Has(file) => {
                let whole = |name: &str, len: u64| name != names.new || len == names.size;
                state.flash.iter().any(|(name, len)| is(name, file) && whole(name, *len))
            }
            Condition::Lacks(file) => !state.flash.iter().any(|(name, _)| is(name, file)),
            Condition::Fetched(file) => {
                Condition::Has(file.clone()).holds(state, names) && state.tftp_octets >= names.size
            }
            Condition::Verified(file) => state.verified.iter().any(|name| is(name, file)),
            Condition::Boots(file) => state.boot.first().is_some_and(|name| is(name, file)),
            Condition::SavedBoots(file) => state.saved_boot.first().is_some_and(|name| is(name, file)),
            Condition::RunningHas(text) => state.running.contains(text),
            Condition::RunningLacks(text) => !state.running.is_empty() && !state.running.contains(text),
            Condition::SavedHas(text) => state.saved.contains(text),
            Condition::SavedLacks(text) => !state.saved.is_empty() && !state.saved.contains(text),
            Condition::Added(version) => {
                state.installed.iter().any(|(s, v)| *s == St::Inactive && is(v, version))
            }
            Condition::OnTrial(version) => {
                state.installed.iter().any(|(s, v)| *s == St::Uncommitted && is(v, version))
            }
            Condition::Committed(version) => {
                state.installed.iter().any(|(s, v)| *s == St::Committed && is(v, version))
            }
            Condition::Up(interface) => state.up.contains(interface),
            Condition::Restarted(times) => state.restarts >= *times,
            Condition::CopyFailed(reason) => state.failed.contains(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        State {
            version: Some("15.1(4)M4".into()),
            flash: vec![("new.bin".into(), 8_192), ("x".into(), 1)],
            running: "hostname R1\n".into(),
            register: 0x2142,
            restarts: 2,
            up: vec!["GigabitEthernet0/0".into()],
            failed: vec!["Timed out".into()],
            installed: vec![(St::Uncommitted, "15.1(4)M4".into())],
            ..State::default()
        }
    }

    #[test]
    fn each_condition_holds_of_what_it_says_and_of_nothing_else() {
        let names = Names { new: "new.bin".into(), ..Names::of_the_lesson(8_192) };
        for (text, holds) in [
            ("rommon", false),
            ("runs {old-version}", true),
            ("runs {new-version}", false),
            ("register 0x2142", true),
            ("register 0x2102", false),
            ("flash has {new}", true),
            ("flash has {old}", false),
            ("flash lacks {old}", true),
            ("flash lacks x", false),
            ("fetched {new}", false),
            ("running has hostname R1", true),
            ("running lacks hostname R1", false),
            ("running lacks shutdown", true),
            // Nothing is saved: it lacks nothing.
            ("saved lacks shutdown", false),
            ("up GigabitEthernet0/0", true),
            ("up GigabitEthernet0/1", false),
            ("restarted 2", true),
            ("restarted 3", false),
            ("copy failed Timed out", true),
            ("on trial {old-version}", true),
            ("on trial {new-version}", false),
            ("added {old-version}", false),
            ("committed {old-version}", false),
        ] {
            let condition = Condition::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(condition.holds(&state(), &names), holds, "{text}");
        }
        let short = State { flash: vec![("new.bin".into(), 8_191)], ..state() };
        assert!(!Condition::Has("{new}".into()).holds(&short, &names), "not all of its octets");
        for text in ["", "walks", "runs ", "register 2142", "restarted often"] {
            assert_eq!(Condition::parse(text), None, "{text}");
        }
    }
}
