//! The runbook of an image's upgrade, step by step, for one kind of device.

use super::{Line, Step};
use crate::figures::grouped;
use client::Scheme;
use device::Profile;
use device::profile::View;
use ios_cli::image_name::ImageName;
use std::fmt;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// What is known of the image and of where it goes.
#[derive(Debug)]
pub struct Upgrade<'a> {
    /// The device.
    pub profile: Arc<Profile>,
    /// The image's name, on the server and in flash.
    pub name: &'a str,
    /// Its octets.
    pub len: u64,
    /// MD5 in lower-case hex.
    pub md5: &'a str,
    /// SHA-512 in lower-case hex.
    pub sha512: &'a str,
    /// The server as the device sees it.
    pub server: Ipv4Addr,
    /// TFTP or FTP.
    pub scheme: Scheme,
    /// The image that runs now, spelled as in `dir`.
    pub old: Option<&'a str>,
}

/// Why no runbook can be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unfit {
    /// A name that cannot be typed on a device.
    Name(String),
    /// It does not fit into the device's flash even if that were empty.
    Large {
        /// Octets of the image.
        len: u64,
        /// Octets of flash.
        flash: u64,
    },
    /// The old image and the new one have the same name.
    Same,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unfit::Name(name) => write!(f, "'{name}' cannot be typed on a device"),
            Unfit::Large { len, flash } => {
                let (len, flash) = (grouped(*len), grouped(*flash));
                write!(f, "{len} octets do not fit into the device's flash of {flash}")
            }
            Unfit::Same => f.write_str("the old image has the new one's name"),
        }
    }
}

impl Upgrade<'_> {
    /// What stands above the first step: lines.
    pub fn head(&self) -> Vec<String> {
        let model = &self.profile.version.model;
        let what = ImageName::parse(self.name);
        let over = self.scheme.to_string().to_uppercase();
        let mut head =
            vec![format!("Upgrade of a {} ({model}) to", self.profile.name), format!("  {}", self.name)];
        head.extend(what.as_ref().map(|n| format!("  ({n})")));
        head.extend([
            format!("  {} octets, from {} over {over}", grouped(self.len), self.server),
            format!("  MD5      {}", self.md5),
            format!("  SHA-512  {}", self.sha512),
            String::from("Compare one of them with the vendor's page before you begin."),
            String::new(),
            String::from("Type it in privileged mode, line by line, each when the prompt or the"),
            String::from("question is there. An empty line is Enter; the device ignores what"),
            String::from("begins with '!'."),
        ]);
        let ours = &*self.profile.image.platform;
        if let Some(name) = what.filter(|name| name.platform != *ours) {
            head.push(format!("WARNING: this is an image of {}, a {model} runs {ours}.", name.platform));
        }
        head
    }

    /// The steps.
    ///
    /// # Errors
    /// When the image is none for such a device.
    pub fn steps(&self) -> Result<Vec<Step>, Unfit> {
        self.check()?;
        Ok(vec![
            self.before(),
            self.room(),
            self.copy(),
            self.verify(),
            self.boot(),
            step(
                "Check it",
                &["The new image stands first. Names must be spelled as 'dir flash:' shows them: nobody \
                   checks that."],
                vec![command("show running-config | include boot system")],
            ),
            self.save(),
            step(
                "Restart: everybody behind the device is cut off for some minutes",
                &[
                    "The question '[confirm]' is answered by Enter. If it asks whether to save before, step 7 \
                   was left out: answer yes.",
                ],
                vec![command("reload"), enter("Proceed with reload? [confirm]")],
            ),
            self.after(),
        ])
    }

    fn before(&self) -> Step {
        step(
            "What runs now",
            &["'System image file is' names the old image."],
            vec![command("terminal length 0"), command("show version")],
        )
    }

    fn room(&self) -> Step {
        let room = self.len.next_multiple_of(self.profile.flash.cluster.get());
        step(
            "Room in flash",
            &[
                &format!(
                    "'bytes free' in the last line must be {room} or more. Too little: delete files that are \
                     not needed, never the image that runs ('delete flash:NAME', twice Enter)."
                ),
                "If the new image's name is there already, delete that file, or go on at step 4.",
            ],
            vec![command("dir flash:")],
        )
    }

    fn copy(&self) -> Step {
        let (scheme, server, name) = (self.scheme, self.server, self.name);
        let more = match scheme {
            Scheme::Tftp => {
                "Slow: 'ip tftp blocksize 8192' in configuration mode first (1468 where fragments are dropped)."
            }
            Scheme::Ftp | Scheme::Ftps => {
                "As anonymous; for a user: 'ip ftp username NAME' and 'ip ftp password WORD' in configuration \
                 mode first."
            }
            Scheme::Http | Scheme::Https => {
                "For a user: 'ip http client username NAME' and 'ip http client password WORD' first."
            }
            Scheme::Sftp | Scheme::Scp => "The device asks for the password of the user there.",
        };
        step(
            "Copy the image",
            &[&format!("'[OK - {} bytes]' ends it. Its question is answered by Enter.", self.len), more],
            vec![command(format!("copy {scheme}://{server}/{name} flash:")), enter("Destination filename")],
        )
    }

    fn verify(&self) -> Step {
        step(
            "Compare the digest with that of the file here",
            &["Go on only after 'Verified (flash:...) ='. After '%Error verifying' the file is damaged or \
               another one: delete it and go back to step 3."],
            vec![command(format!("verify /md5 flash:{} {}", self.name, self.md5))],
        )
    }

    fn boot(&self) -> Step {
        match self.profile.boot.view {
            View::Bootvar => self.boot_lines(),
            View::PathList | View::Variables => self.boot_list(),
        }
    }

    /// A list in one line: it takes the place of what was there, and counts at once.
    fn boot_list(&self) -> Step {
        let mut says = vec!["It takes the place of what was there, and counts at once, saved or not."];
        if self.old.is_none() {
            says.push(
                "Put ';flash:/OLD' behind it with the image that step 1 showed, spelled as in 'dir flash:': it \
                 boots if the new one does not.",
            );
        }
        let old = self.old.map(|old| format!(";flash:/{old}")).unwrap_or_default();
        let lines = vec![
            command("configure terminal"),
            command(format!("boot system flash:/{}{old}", self.name)),
            command("end"),
        ];
        step("Say what boots: the new image, then the old one", &says, lines)
    }

    fn boot_lines(&self) -> Step {
        let mut says = vec!["'no boot system' takes the old lines away: a new one would stand behind them."];
        if self.old.is_none() {
            says.push(
                "Before 'end' add 'boot system flash:OLD' with the image that step 1 showed, spelled as in \
                 'dir flash:': it boots if the new one does not.",
            );
        }
        let mut lines = vec![
            command("configure terminal"),
            command("no boot system"),
            command(format!("boot system flash:{}", self.name)),
        ];
        lines.extend(self.old.map(|old| command(format!("boot system flash:{old}"))));
        lines.push(command("end"));
        step("Say what boots: the new image, then the old one", &says, lines)
    }

    fn save(&self) -> Step {
        let (says, show): (&[&str], _) = match self.profile.boot.view {
            View::Bootvar => (
                &[
                    "'[OK]'; then 'BOOT variable =' with the same order.",
                    "'Configuration register is 0x2102': its last digit must not be 0 or 1 ('config-register \
                     0x2102' in configuration mode).",
                ],
                "show bootvar",
            ),
            View::Variables => (
                &[
                    "'[OK]'; then 'BOOT variable =' under 'Boot Variables on next reload:' with the same order, and \
                     'Manual Boot = no' ('no boot manual' in configuration mode).",
                ],
                "show boot",
            ),
            View::PathList => (
                &[
                    "'[OK]'; then 'BOOT path-list' with the same order, and 'Manual Boot : no' ('no boot manual' in \
                   configuration mode).",
                ],
                "show boot",
            ),
        };
        step(
            "Save, and see what the boot loader will be given",
            says,
            vec![command("write memory"), command(show)],
        )
    }

    fn after(&self) -> Step {
        let version = ImageName::parse(self.name).map(|image| format!(" and Version {}", image.version));
        step(
            "When 'Press RETURN to get started!' is there: Enter, log in, look",
            &[
                &format!("'System image file is' must name the new image{}.", version.unwrap_or_default()),
                "If it names the old one, the new one did not boot: the lines above 'Press RETURN' say why.",
            ],
            vec![command("enable"), command("terminal length 0"), command("show version")],
        )
    }

    fn check(&self) -> Result<(), Unfit> {
        // '?' asks for help, '|' filters, and blanks end a name.
        let typed = |name: &str| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|b| b.is_ascii_graphic() && !matches!(b, b'?' | b'|' | b'"' | b'!' | b';'))
        };
        for name in [Some(self.name), self.old].into_iter().flatten() {
            if !typed(name) {
                return Err(Unfit::Name(name.to_owned()));
            }
        }
        let flash = self.profile.flash.total.get();
        if self.len > flash {
            return Err(Unfit::Large { len: self.len, flash });
        }
        if self.old == Some(self.name) { Err(Unfit::Same) } else { Ok(()) }
    }
}

fn step(title: &str, says: &[&str], lines: Vec<Line>) -> Step {
    Step { title: title.to_owned(), says: says.iter().map(|s| (*s).to_owned()).collect(), lines }
}

fn command(text: impl Into<String>) -> Line {
    Line { text: text.into(), answers: None }
}

/// Enter, at this question.
fn enter(question: &'static str) -> Line {
    Line { text: String::new(), answers: Some(question) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upgrade() -> Upgrade<'static> {
        Upgrade {
            profile: device::C2911.clone(),
            name: "c2900-universalk9-mz.SPA.155-3.M4a.bin",
            len: 33_591_768,
            md5: "0f",
            sha512: "1e",
            server: Ipv4Addr::new(10, 0, 0, 1),
            scheme: Scheme::Tftp,
            old: Some("c2900-universalk9-mz.SPA.151-4.M4.bin"),
        }
    }

    fn typed(upgrade: &Upgrade<'_>) -> Vec<String> {
        upgrade.steps().unwrap().into_iter().flat_map(|s| s.lines).map(|l| l.text).collect()
    }

    #[test]
    fn what_is_typed_without_the_words() {
        assert_eq!(
            typed(&upgrade()),
            [
                "terminal length 0",
                "show version",
                "dir flash:",
                "copy tftp://10.0.0.1/c2900-universalk9-mz.SPA.155-3.M4a.bin flash:",
                "",
                "verify /md5 flash:c2900-universalk9-mz.SPA.155-3.M4a.bin 0f",
                "configure terminal",
                "no boot system",
                "boot system flash:c2900-universalk9-mz.SPA.155-3.M4a.bin",
                "boot system flash:c2900-universalk9-mz.SPA.151-4.M4.bin",
                "end",
                "show running-config | include boot system",
                "write memory",
                "show bootvar",
                "reload",
                "",
                "enable",
                "terminal length 0",
                "show version",
            ]
        );
        let ftp = Upgrade { scheme: Scheme::Ftp, ..upgrade() };
        assert!(typed(&ftp).iter().any(|l| l.starts_with("copy ftp://10.0.0.1/c2900")));
    }

    #[test]
    fn room_is_counted_in_clusters() {
        let text = super::super::text(&upgrade().head(), &upgrade().steps().unwrap());
        assert!(text.contains("must be 33595392 or more"), "{text}");
        // All but the digest fits on a console.
        let long: Vec<_> = text.lines().filter(|l| l.starts_with('!') && l.len() > 72).collect();
        // '?' asks for help, also inside a comment, and a tab completes.
        assert!(!text.contains(['?', '\t']) && text.is_ascii(), "{text}");
        assert!(long.iter().all(|l| l.contains("SHA-512")), "{long:#?}");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let name = |name| Upgrade { name, ..upgrade() }.steps().unwrap_err();
        for wrong in ["a b.bin", "what?.bin", "", "a\u{e4}.bin", "!.bin", "a|b"] {
            assert_eq!(name(wrong), Unfit::Name(wrong.into()));
        }
        assert!(matches!(Upgrade { old: Some("a b"), ..upgrade() }.steps(), Err(Unfit::Name(_))));
        assert!(matches!(Upgrade { len: 1 << 40, ..upgrade() }.steps(), Err(Unfit::Large { .. })));
        assert_eq!(Upgrade { old: Some(upgrade().name), ..upgrade() }.steps(), Err(Unfit::Same));
    }

    #[test]
    fn an_image_of_another_platform_is_warned_of() {
        let other = Upgrade { name: "c3900-universalk9-mz.SPA.155-3.M4a.bin", ..upgrade() };
        assert!(other.head().last().unwrap().starts_with("WARNING: this is an image of c3900"));
        assert!(!upgrade().head().iter().any(|l| l.contains("WARNING")));
    }
}
