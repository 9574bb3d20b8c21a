//! `show bootvar`

use super::{Unread, register_line, render_register};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What the boot loader will be told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BootVar {
    /// The images in their order; `None` where the variable does not exist.
    pub boot: Option<Vec<Image>>,
    /// `CONFIG_FILE`, often empty.
    pub config_file: Option<String>,
    /// `BOOTLDR`
    pub bootldr: Option<String>,
    /// Now; `None`: it is said elsewhere.
    pub register: Option<u16>,
    /// At the next reload, where it differs.
    pub next: Option<u16>,
    /// Whether the boot loader waits for a person, where it says so: chassis with two supervisors.
    pub manual: Option<bool>,
}

/// One image of the `BOOT` variable: `flash:a.bin,1`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Image {
    /// `flash0:a.bin`, `bootflash:/asr1000rpx.bin`
    pub file: String,
    /// The number behind the comma: 1 where the line was `boot system flash NAME`, 12 where it named the file system.
    pub number: Option<u16>,
}

impl Image {
    /// As it stands in the variable.
    pub fn render(&self) -> String {
        match self.number {
            Some(n) => format!("{},{n};", self.file),
            None => format!("{};", self.file),
        }
    }
}

impl BootVar {
    /// As the device prints it.
    pub fn render(&self) -> String {
        let boot = self.boot.as_ref().map(|images| images.iter().map(Image::render).collect());
        let line = |name: &str, value: Option<String>| match value {
            Some(value) => format!("{name} variable = {value}\n"),
            None => format!("{name} variable does not exist\n"),
        };
        let mut out = line("BOOT", boot);
        out.push_str(&line("CONFIG_FILE", self.config_file.clone()));
        out.push_str(&line("BOOTLDR", self.bootldr.clone()));
        if let Some(register) = self.register {
            out.push_str(&render_register(register, self.next));
            out.push('\n');
        }
        if let Some(manual) = self.manual {
            out.push_str(&line("MANUAL_BOOT", Some(if manual { "yes" } else { "no" }.to_owned())));
        }
        out
    }

    /// Reads it; lines of a standby supervisor are not looked at.
    pub fn parse(text: &str) -> Result<BootVar, Unread> {
        let mut is_there = false;
        let (mut boot, mut config_file, mut bootldr, mut register) = (None, None, None, None);
        let mut manual = None;
        for line in text.lines().map(str::trim) {
            if let Some((name, value)) =
                line.split_once(" variable = ").or_else(|| Some((line.strip_suffix(" variable =")?, "")))
            {
                match name {
                    "BOOT" => (is_there, boot) = (true, Some(value)),
                    "CONFIG_FILE" => config_file = Some(value.to_owned()),
                    "BOOTLDR" => bootldr = Some(value.to_owned()),
                    "MANUAL_BOOT" => match value {
                        "yes" => manual = Some(true),
                        "no" => manual = Some(false),
                        other => return Err(Unread::new("yes or no", other)),
                    },
                    _ => {}
                }
            } else if let Some(found) = register_line(line) {
                register = Some(found);
            }
        }
        // Catalysts with two supervisors say it in `show version` only.
        let (register, next) = match register {
            Some((register, next)) => (Some(register), next),
            None if is_there => (None, None),
            None => {
                let found = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
                return Err(Unread::new("'BOOT variable = …'", found));
            }
        };
        let image = |text: &str| match text.rsplit_once(',') {
            Some((file, number)) if number.parse::<u16>().is_ok() => {
                Image { file: file.to_owned(), number: number.parse().ok() }
            }
            _ => Image { file: text.to_owned(), number: None },
        };
        let images = |value: &str| value.split(';').filter(|i| !i.is_empty()).map(image).collect();
        Ok(BootVar { boot: boot.map(images), config_file, bootldr, register, next, manual })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asr1k_prints_the_layout_we_print() {
        let text = include_str!("../../tests/data/show_bootvar_asr1k.txt");
        let found = BootVar::parse(text).expect("boot variables");
        assert_eq!(
            found.boot,
            Some([Image { file: "bootflash:/asr1000rpx.bin".into(), number: Some(12) }].into())
        );
        assert_eq!(found.register, Some(0x2002));
        let (active, _) = text.split_once("\n\nStandby").expect("a standby");
        assert_eq!(found.render().trim_end(), active);
    }

    #[test]
    fn two_boot_lines_and_a_changed_register() {
        let image = |f: &str| Image { file: f.into(), number: Some(1) };
        let var = BootVar {
            boot: Some([image("flash0:a.bin"), image("flash0:b.bin")].into()),
            config_file: None,
            bootldr: None,
            register: Some(0x2102),
            next: Some(0x2142),
            manual: None,
        };
        assert_eq!(
            var.render(),
            "BOOT variable = flash0:a.bin,1;flash0:b.bin,1;
CONFIG_FILE variable does not exist
BOOTLDR variable does not exist
Configuration register is 0x2102 (will be 0x2142 at next reload)
"
        );
        assert_eq!(BootVar::parse(&var.render()), Ok(var));
    }

    /// A Catalyst 9400's, as genielibs' tests of `verify_boot_variable` have it.
    #[test]
    fn a_chassis_says_whether_its_boot_loader_waits() {
        let text = "BOOT variable = bootflash:cat9k_iosxe.BLD_V173_THROTTLE_LATEST_20200421_032634.SSA.bin;
Configuration Register is 0x102
MANUAL_BOOT variable = no
BAUD variable = 9600
ENABLE_BREAK variable does not exist
BOOTMODE variable does not exist
IPXE_TIMEOUT variable does not exist
CONFIG_FILE variable =
";
        let said = BootVar::parse(text).expect("boot variables");
        assert_eq!((said.register, said.manual), (Some(0x102), Some(false)));
        assert_eq!(said.config_file.as_deref(), Some(""));
        assert_eq!(BootVar::parse(&said.render()), Ok(said));
        let waits = BootVar::parse(&text.replace("= no", "= yes")).expect("boot variables");
        assert_eq!(waits.manual, Some(true));
        assert!(BootVar::parse(&text.replace("= no", "= maybe")).is_err());
    }

    #[test]
    fn a_chassis_may_have_its_register_elsewhere() {
        let text = include_str!("../../tests/data/show_boot_c9500.txt");
        let said = BootVar::parse(text).expect("boot variables");
        assert_eq!((said.register, said.next, said.manual), (None, None, Some(false)));
        let images: Vec<_> = said.boot.iter().flatten().map(|image| image.file.as_str()).collect();
        assert_eq!(images, ["bootflash:packages.conf"]);
        assert_eq!(BootVar::parse(&said.render()), Ok(said));
    }

    #[test]
    fn a_variable_or_the_register_must_be_there() {
        assert!(BootVar::parse("\nStandby BOOT variable = a;\n").is_err());
        assert_eq!(BootVar::parse("\nnothing\n").expect_err("nothing").found, "nothing");
    }
}
