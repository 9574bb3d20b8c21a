//! The modes of the command line.

use alloc::format;
use alloc::string::String;
use bitflags::bitflags;

bitflags! {
    /// A set of modes; a [`crate::graph::Row`] names those in which it can be typed.
    ///
    /// User and privileged EXEC are one mode: what a user sees there is a matter of privilege.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
    pub struct Modes: u32 {
        /// `R1>` and `R1#`.
        const EXEC = 1;
        /// `R1(config)#`
        const CONFIG = 1 << 1;
        /// `R1(config-if)#`
        const INTERFACE = 1 << 2;
        /// `R1(config-line)#`
        const LINE = 1 << 3;
        /// `R1(config-archive)#`
        const ARCHIVE = 1 << 4;
        /// `rommon 1 >`
        const ROMMON = 1 << 5;
    }
}

/// Characters of the host name that a configuration prompt keeps: the prompts of real devices are cut
/// so that `(config-…)#` still fits, and netmiko, for one, compares the first 16 only.
const CONFIG_HOST: usize = 20;

impl Modes {
    /// The mode whose commands are tried when this one does not know the line: `interface g0/1`
    /// may be typed in `(config-line)#`.
    pub fn parent(self) -> Option<Modes> {
        let sub = Modes::INTERFACE | Modes::LINE | Modes::ARCHIVE;
        (!self.is_empty() && sub.contains(self)).then_some(Modes::CONFIG)
    }

    /// Whether `do` works here, and `end` and Ctrl-Z lead to EXEC.
    pub fn is_config(self) -> bool {
        (Modes::CONFIG | Modes::INTERFACE | Modes::LINE | Modes::ARCHIVE).contains(self) && !self.is_empty()
    }

    /// The prompt of this mode. `#` appears at every privilege above 1. ROMMON's counts its lines:
    /// see [`crate::text::rommon::prompt`].
    pub fn prompt(self, host: &str, privilege: u8) -> String {
        let inner = match self {
            Modes::CONFIG => "config",
            Modes::INTERFACE => "config-if",
            Modes::LINE => "config-line",
            Modes::ARCHIVE => "config-archive",
            _ => return format!("{host}{}", if privilege > 1 { '#' } else { '>' }),
        };
        let cut: String = host.chars().take(CONFIG_HOST).collect();
        format!("{cut}({inner})#")
    }

    /// The first line of `?` on an empty line.
    pub fn header(self) -> &'static str {
        match self {
            Modes::CONFIG => "Configure commands:",
            Modes::INTERFACE => "Interface configuration commands:",
            Modes::LINE => "Line configuration commands:",
            Modes::ARCHIVE => "Archive configuration commands:",
            _ => "Exec commands:",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_configuration_prompts_cut_a_long_host_name() {
        let host = "branch-office-router-number-42";
        assert_eq!(Modes::EXEC.prompt(host, 15), "branch-office-router-number-42#");
        assert_eq!(Modes::EXEC.prompt(host, 1), "branch-office-router-number-42>");
        assert_eq!(Modes::INTERFACE.prompt(host, 15), "branch-office-router(config-if)#");
    }
}
