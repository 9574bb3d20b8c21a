//! `show tech-support`: other commands' outputs under their names, and configurations whose passwords are left out.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What stands in the place of a password.
pub const REMOVED: &str = "<removed>";

/// One command's output, under its name.
pub fn section(command: &str, output: &str) -> String {
    let end = if output.is_empty() || output.ends_with('\n') { "" } else { "\n" };
    format!("\n------------------ {command} ------------------\n\n{output}{end}\n")
}

/// Words behind which a secret stands, and whether it goes to the end of its line.
const BEFORE: &[(&str, bool)] =
    &[("secret", true), ("password", true), ("community", false), ("key-string", true), ("key", true)];

/// A configuration with [`REMOVED`] for each password, its kind (`7`) left.
pub fn without_secrets(config: &str) -> String {
    config.split_inclusive('\n').map(line).collect()
}

fn line(line: &str) -> String {
    let text = line.trim_end_matches('\n');
    // What somebody writes is no password.
    if ["description ", "remark ", "hostname "].iter().any(|head| text.trim_start().starts_with(head)) {
        return line.into();
    }
    let words: Vec<&str> = text.split(' ').collect();
    let found = words.iter().enumerate().find_map(|(at, word)| {
        let (_, whole) = BEFORE.iter().find(|(before, _)| before == word)?;
        Some((at + 1, *whole))
    });
    let Some((mut at, whole)) = found else { return line.into() };
    let is_kind = |word: &&str| word.len() == 1 && word.as_bytes()[0].is_ascii_digit();
    if words.len() > at + 1 && words.get(at).is_some_and(is_kind) {
        at += 1;
    }
    if at >= words.len() {
        return line.into();
    }
    let mut kept = words[..at].to_vec();
    kept.push(REMOVED);
    if !whole {
        kept.extend(&words[at + 1..]);
    }
    let end = &line[text.len()..];
    format!("{}{end}", kept.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_left_out_and_their_kind_stays() {
        for (line, shown) in [
            ("enable secret 5 $1$abcd$efgh", "enable secret 5 <removed>"),
            ("enable password cisco", "enable password <removed>"),
            ("username jeremy privilege 15 secret 9 $9$x", "username jeremy privilege 15 secret 9 <removed>"),
            ("username 7 password 7 0822455D0A16", "username 7 password 7 <removed>"),
            (" password two words", " password <removed>"),
            (" password 7", " password <removed>"),
            ("snmp-server community public RO 10", "snmp-server community <removed> RO 10"),
            ("ip ftp password ccna", "ip ftp password <removed>"),
            ("service password-encryption", "service password-encryption"),
            (" description the password is elsewhere", " description the password is elsewhere"),
            ("no ip ftp password", "no ip ftp password"),
        ] {
            assert_eq!(without_secrets(&format!("{line}\n!\n")), format!("{shown}\n!\n"));
        }
        assert_eq!(without_secrets("enable secret x"), "enable secret <removed>");
    }

    #[test]
    fn a_section_has_its_command_for_its_head() {
        assert_eq!(
            section("show clock", "*10:00:00.000 UTC\n"),
            "\n------------------ show clock ------------------\n\n*10:00:00.000 UTC\n\n"
        );
        assert_eq!(section("show x", "y"), "\n------------------ show x ------------------\n\ny\n\n");
    }
}
