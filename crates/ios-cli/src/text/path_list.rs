//! `show boot` of a Catalyst with classic IOS.

use super::Unread;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What the boot loader of a Catalyst will do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PathList {
    /// The images in their order.
    pub boot: Vec<String>,
    /// `flash:/config.text`
    pub config_file: String,
    /// `flash:/private-config.text`
    pub private_config: String,
    /// Whether a break stops the boot loader.
    pub enable_break: bool,
    /// Whether the boot loader waits for a person.
    pub manual: bool,
    /// The size of the simulated NVRAM, octets.
    pub buffer: u64,
}

fn yes(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

impl PathList {
    /// As the device prints it.
    pub fn render(&self) -> String {
        format!(
            "BOOT path-list      : {}
Config file         : {}
Private Config file : {}
Enable Break        : {}
Manual Boot         : {}
Allow Dev Key         : yes
HELPER path-list    : \nAuto upgrade        : yes
Auto upgrade path   : \nBoot optimization   : disabled
NVRAM/Config file
    buffer size:   {}
Timeout for Config
        Download:    0 seconds
Config Download 
    via DHCP:       disabled (next boot: disabled)
",
            self.boot.join(";"),
            self.config_file,
            self.private_config,
            yes(self.enable_break),
            yes(self.manual),
            self.buffer
        )
    }

    /// Reads it; of a stack, what its first member says.
    pub fn parse(text: &str) -> Result<PathList, Unread> {
        let field = |name: &'static str| {
            let mut lines = text.lines().map(str::trim);
            let value =
                lines.find_map(|l| l.strip_prefix(name)?.trim_start().strip_prefix(':').map(str::trim));
            value.ok_or(Unread::new(name, text.lines().next().unwrap_or("")))
        };
        let flag = |name: &'static str| match field(name)? {
            "yes" => Ok(true),
            "no" => Ok(false),
            other => Err(Unread::new("yes or no", other)),
        };
        let images = field("BOOT path-list")?.split(';').filter(|i| !i.is_empty());
        let buffer = field("buffer size")?;
        Ok(PathList {
            boot: images.map(str::to_owned).collect(),
            config_file: field("Config file")?.to_owned(),
            private_config: field("Private Config file")?.to_owned(),
            enable_break: flag("Enable Break")?,
            manual: flag("Manual Boot")?,
            buffer: buffer.parse().map_err(|_| Unread::new("a number of octets", buffer))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_c2960x_prints_the_layout_we_print() {
        let text = include_str!("../../tests/data/show_boot_c2960x.txt");
        let list = PathList::parse(text).expect("a path-list");
        assert_eq!(list.boot, ["flash:/c2960x-universalk9-mz.152-4.E8.bin"]);
        assert_eq!((list.enable_break, list.manual, list.buffer), (true, false, 524_288));
        let (_, theirs) = text.split_once("#sho boot\n").expect("the command");
        let (first, _) = theirs.split_once("-----").expect("a second member");
        assert_eq!(list.render(), first);
        assert_eq!(PathList::parse(&list.render()), Ok(list));
    }

    #[test]
    fn others_are_read_too() {
        let list =
            PathList::parse(include_str!("../../tests/data/show_boot_c3560cx.txt")).expect("a path-list");
        assert_eq!(list.boot, ["flash:c3560cx-universalk9-mz.152-7.E1.bin"]);
        let none = PathList { boot: Vec::new(), manual: true, enable_break: false, ..list };
        assert_eq!(PathList::parse(&none.render()), Ok(none));
        assert!(PathList::parse("BOOT variable = a;\n").is_err());
    }
}
