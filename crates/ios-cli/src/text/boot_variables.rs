//! `show boot` of a Catalyst with IOS-XE.

use super::Unread;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

/// What the boot loader was told at this boot, and will be at the next one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BootVariables {
    /// `Switch 1`
    pub member: String,
    /// `flash:packages.conf;`
    pub current: Option<String>,
    /// Likewise.
    pub next: Option<String>,
    /// Whether the boot loader waits for a person.
    pub manual: bool,
    /// Whether a break stops the boot loader.
    pub enable_break: bool,
}

const RULE: &str = "---------------------------";

impl BootVariables {
    /// As the device prints it.
    pub fn render(&self) -> String {
        let variable = |value: &Option<String>| match value {
            Some(value) => format!("BOOT variable = {value}"),
            None => "BOOT variable does not exist".into(),
        };
        let yes = |value| if value { "yes" } else { "no" };
        format!(
            "{RULE}
{}
{RULE}
Current Boot Variables:
{}

Boot Variables on next reload:
{}
Manual Boot = {}
Enable Break = {}
Boot Mode = DEVICE
iPXE Timeout = 0
",
            self.member,
            variable(&self.current),
            variable(&self.next),
            yes(self.manual),
            yes(self.enable_break)
        )
    }

    /// Reads it; of a stack, what its first member says.
    pub fn parse(text: &str) -> Result<BootVariables, Unread> {
        let lines = || text.lines().map(str::trim);
        let head = lines().skip_while(|l| *l != RULE).nth(1).ok_or(Unread::new(RULE, text.trim()))?;
        let behind = |head: &'static str| {
            let line = lines().skip_while(|l| *l != head).nth(1).ok_or(Unread::new(head, ""))?;
            match line {
                "BOOT variable does not exist" => Ok(None),
                line => match line.strip_prefix("BOOT variable = ") {
                    Some(value) => Ok(Some(value.to_owned())),
                    None => Err(Unread::new("BOOT variable", line)),
                },
            }
        };
        let flag = |name: &'static str, variable: &str| {
            // As the boot loader has it, or nothing at all.
            let found = lines().find_map(|l| l.strip_prefix(name).or_else(|| l.strip_prefix(variable)));
            match found.ok_or(Unread::new(name, ""))?.trim_start_matches([' ', '=']) {
                "yes" | "1" => Ok(true),
                "no" | "0" | "variable does not exist" => Ok(false),
                other => Err(Unread::new("yes or no", other)),
            }
        };
        Ok(BootVariables {
            member: head.to_owned(),
            current: behind("Current Boot Variables:")?,
            next: behind("Boot Variables on next reload:")?,
            manual: flag("Manual Boot", "MANUAL_BOOT")?,
            enable_break: flag("Enable Break", "ENABLE_BREAK")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_c9300_prints_the_lines_we_print() {
        let text = include_str!("../../tests/data/show_boot_c9300.txt");
        let said = BootVariables::parse(text).expect("variables");
        assert_eq!(
            (said.member.as_str(), said.current.as_deref()),
            ("Switch 1", Some("flash:packages.conf;"))
        );
        assert_eq!((said.manual, said.enable_break), (false, true));
        let (_, theirs) = text.split_once("#show boot\n").expect("the command");
        assert_eq!(said.render().trim(), theirs.trim());
        let none = BootVariables {
            current: None,
            next: Some("flash:a.bin;flash:b.bin".into()),
            manual: true,
            ..said
        };
        assert_eq!(BootVariables::parse(&none.render()), Ok(none));
        assert!(BootVariables::parse("BOOT path-list : x\n").is_err());
    }

    /// `show boot` of Catalysts 9300 in the states of unicon.plugins' mock_data/iosxe/iosxe_mock_data_cat9k_reload.yaml.
    #[test]
    fn flags_are_read_as_a_boot_loader_has_them() {
        let text = |flags: &str| {
            format!(
                "{RULE}\nSwitch 1\n{RULE}\nCurrent Boot Variables:\nBOOT variable does not exist\n
Boot Variables on next reload:\nBOOT variable does not exist\n{flags}\nBoot Mode = DEVICE\niPXE Timeout = 0\n"
            )
        };
        for (flags, right) in [
            ("Manual Boot = yes\nEnable Break = 1", (true, true)),
            ("Manual Boot = yes\nEnable Break = 0", (true, false)),
            ("Manual Boot = no\nENABLE_BREAK variable does not exist", (false, false)),
        ] {
            let said = BootVariables::parse(&text(flags)).expect(flags);
            assert_eq!((said.manual, said.enable_break), right, "{flags}");
        }
        assert!(BootVariables::parse(&text("Manual Boot = perhaps\nEnable Break = 0")).is_err());
        assert!(BootVariables::parse(&text("Enable Break = 0")).is_err());
    }
}
