//! What a device may say that is no answer to a command.

use regex::Regex;
use std::sync::LazyLock;

/// What a last line asks for, or tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Meaning {
    /// Who comes.
    User,
    /// With which password.
    Password,
    /// A key, so that it begins.
    Return,
    /// A key, so that it goes on.
    More,
    /// No system runs: a boot loader waits.
    Loader,
    /// No configuration is there: a dialog would make one.
    Setup,
}

/// By the last line, the first row that fits. Whoever is asked something else waits, and then says what stood there.
const ROWS: [(&str, Meaning); 6] = [
    (r"^ *((?i-u:username|login|user name)): *$", Meaning::User),
    (r"^ *((?i-u:enable ))?((?i-u:password)): *$", Meaning::Password),
    (r"Press RETURN to get started", Meaning::Return),
    (r"-- ?More ?--", Meaning::More),
    (r"^(rommon [0-9]+ ?>|rommon>|switch:|grub>) *$", Meaning::Loader),
    (r"(initial configuration dialog\? \[yes/no\]|terminate autoinstall\? \[yes\]):? *$", Meaning::Setup),
];

/// Lines that say that nobody is let in, wherever they stand.
const REFUSALS: &str = r"^% ?(?i-u:Login invalid|Authentication failed|Bad passwords?|Bad secrets?|Access denied|Password required, but none set)";
/// Lines that come of themselves, with or without a time.
const NOISE: &str = r"^(\*|\.)?([A-Z][a-z]{2} +[0-9]+ [0-9:.]+.*|[0-9]+: .*|[0-9:.]+.*|[0-9]+[wdy][0-9]+[dhw].*)?%[A-Z][A-Z0-9_]+-([^ ]+-)?[0-9]-[A-Z0-9_]+: ";
/// What a command line is refused with.
const COMPLAINTS: &str = r"^(% ?(Invalid input|Invalid command|Incomplete command|Ambiguous command|Unknown command|Bad IP address|Unrecognized (command|host)|Authorization failed|Error)|Command authorization failed)";
/// A prompt that nobody has learned yet: a name, perhaps a mode, and what it ends in.
const PROMPT: &str = r"^[A-Za-z0-9_.:/~@+-]{1,64}(\([^() ]*\))?[>#] ?$";

static COMPILED: LazyLock<Vec<(Regex, Meaning)>> =
    LazyLock::new(|| ROWS.iter().map(|(pattern, meaning)| (compiled(pattern), *meaning)).collect());
static REFUSED: LazyLock<Regex> = LazyLock::new(|| compiled(REFUSALS));
static NOISY: LazyLock<Regex> = LazyLock::new(|| compiled(NOISE));
static COMPLAINED: LazyLock<Regex> = LazyLock::new(|| compiled(COMPLAINTS));
static PROMPTING: LazyLock<Regex> = LazyLock::new(|| compiled(PROMPT));

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern of ours")
}

/// What a last line means.
pub(super) fn meaning(line: &str) -> Option<Meaning> {
    COMPILED.iter().find(|(pattern, _)| pattern.is_match(line)).map(|(_, meaning)| *meaning)
}

/// Whether a line says that nobody is let in.
pub(super) fn is_refusal(line: &str) -> bool {
    REFUSED.is_match(line)
}

/// Whether a line came of itself.
pub(super) fn is_noise(line: &str) -> bool {
    NOISY.is_match(line)
}

/// A line without what came of itself behind a prompt: `R1#*Mar  1 00:00:12: %SYS-5-CONFIG_I: Configured`.
pub(super) fn without_noise(line: &str) -> &str {
    let end = line.find(['>', '#']).map_or(0, |at| at + 1);
    if is_noise(&line[end..]) && is_promptlike(&line[..end]) { &line[..end] } else { line }
}

/// Whether a line refuses a command.
pub(super) fn is_complaint(line: &str) -> bool {
    COMPLAINED.is_match(line)
}

/// Whether a line could be a prompt.
pub(super) fn is_promptlike(line: &str) -> bool {
    PROMPTING.is_match(line)
}

/// The prompts of one device: in any mode, in maintenance too (`(maint-mode)(config)`), and as long as names are in modes (20
/// octets). No pattern: each session has its own, and one takes 300 KiB while it is made.
#[derive(Debug)]
pub(super) struct Prompts {
    name: String,
    short: String,
}

impl Prompts {
    /// Those of the device that has shown this one.
    pub(super) fn like(prompt: &str) -> Prompts {
        let name = prompt.trim_end().trim_end_matches(['>', '#']);
        let name = name.split('(').next().unwrap_or(name);
        Prompts { name: name.to_owned(), short: name.chars().take(20).collect() }
    }

    /// Whether a line is one of them.
    pub(super) fn is_match(&self, line: &str) -> bool {
        let line = line.strip_suffix(' ').unwrap_or(line);
        let Some(body) = line.strip_suffix(['>', '#']) else { return false };
        let mut name = body;
        let mut modes = 0;
        while modes < 2
            && let Some((before, mode)) = name.strip_suffix(')').and_then(|rest| rest.rsplit_once('('))
            && !mode.contains([')', ' '])
        {
            (name, modes) = (before, modes + 1);
        }
        name == self.name || modes > 0 && name == self.short
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_come_of_themselves_are_known() {
        for noise in [
            "*Mar  1 00:00:12.345: %SYS-5-CONFIG_I: Configured from console by console",
            "%LINK-3-UPDOWN: Interface Vlan1, changed state to up",
            "000041: *Nov 27 10:00:00.123 UTC: %SYS-5-RELOAD: Reload requested",
            ".Nov 27 10:00:00: %LINEPROTO-5-UPDOWN: Line protocol on Interface Gi0/1, changed state to down",
            "1w2d: %SYS-5-CONFIG_I: Configured from console by vty0",
            "*Nov 27 2026 10:00:00 UTC: %PLATFORM_INFRA-SW1-5-IOS_INTR_OVER_LIMIT: x",
        ] {
            assert!(is_noise(noise), "{noise}");
        }
        for text in [
            "R1#",
            "% Invalid input detected at '^' marker.",
            "%Error opening tftp://10.0.0.1/x (Timed out)",
            " 5 minute input rate 0",
        ] {
            assert!(!is_noise(text), "{text}");
        }
    }

    #[test]
    fn prompts_are_those_of_the_device_that_showed_one() {
        let like = Prompts::like("a-very-long-name-of-a-router>");
        for yes in [
            "a-very-long-name-of-a-router#",
            "a-very-long-name-of-a-router(config)#",
            "a-very-long-name-of-(config-if)#",
            "a-very-long-name-of-a-router> ",
            "a-very-long-name-of-a-router(maint-mode)#",
            "a-very-long-name-of-a-router(maint-mode)(config)#",
        ] {
            assert!(like.is_match(yes), "{yes}");
        }
        for no in [
            "R1#",
            "a-very-long-name-of-#",
            " a-very-long-name-of-a-router#",
            "a-very-long-name-of-a-router# x",
            "a-very-long-name-of-a-router##",
            "a-very-long-name-of-a-router#  ",
            "a-very-long-name-of-a-router(x y)#",
            "a-very-long-name-of-a-router(config#",
            "a-very-long-name-of-a-router(config)x#",
            "a-very-long-name-of-a-router((config))#",
            "#",
            "",
        ] {
            assert!(!like.is_match(no), "{no}");
        }
        for yes in ["R1#", "Router>", "sw1.example.net(config)#", "Switch#"] {
            assert!(is_promptlike(yes), "{yes}");
        }
        for no in ["<html>", "Password:", "Enter a number>> 5", "100%#x"] {
            assert!(!is_promptlike(no), "{no}");
        }
    }

    #[test]
    fn last_lines_mean_something_or_nothing() {
        for (line, right) in [
            ("Username: ", Some(Meaning::User)),
            ("Password: ", Some(Meaning::Password)),
            ("rommon 1 > ", Some(Meaning::Loader)),
            ("switch: ", Some(Meaning::Loader)),
            (" --More-- ", Some(Meaning::More)),
            ("Would you like to enter the initial configuration dialog? [yes/no]: ", Some(Meaning::Setup)),
            ("Proceed with reload? [confirm]", None),
            ("Destination filename [x]? ", None),
        ] {
            assert_eq!(meaning(line), right, "{line}");
        }
    }
}
