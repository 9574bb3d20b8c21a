//! `show romvar` and `show rom-monitor` of IOS-XE.

use super::Unread;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

const HEAD: &str = "ROMMON variables:";

/// Variables of a boot loader, in its order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Variables(pub Vec<(String, String)>);

impl Variables {
    /// As the device prints them.
    pub fn render(&self) -> String {
        let rows =
            self.0.iter().map(|(name, value)| format!("\n{}\n", format!("{name} = {value}").trim_end()));
        format!("{HEAD}\n{}", rows.collect::<String>())
    }

    /// Reads what a device printed.
    ///
    /// # Errors
    /// What stands in the place of the first line, or of a variable.
    pub fn parse(text: &str) -> Result<Variables, Unread> {
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let first = lines.next().unwrap_or_default();
        if first.trim() != HEAD {
            return Err(Unread::new("'ROMMON variables:'", first));
        }
        let variable = |line: &str| {
            let (name, value) = line.split_once('=').ok_or_else(|| Unread::new("'NAME = VALUE'", line))?;
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        };
        lines.map(variable).collect::<Result<_, _>>().map(Variables)
    }
}

/// `show rom-monitor SLOT`, from the loader's first line.
pub fn rom_monitor(bootstrap: &str) -> String {
    format!("\n{bootstrap}\nCopyright (c) 1994-2019  by cisco Systems, Inc.\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_read_as_they_are_printed() {
        let two = [("PS1", "rommon ! >"), ("CONFIG_FILE", "")];
        let variables = Variables(two.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec());
        assert_eq!(variables.render(), "ROMMON variables:\n\nPS1 = rommon ! >\n\nCONFIG_FILE =\n");
        assert_eq!(Variables::parse(&variables.render()).as_ref(), Ok(&variables));
        assert!(Variables::parse("").is_err() && Variables::parse("ROMMON variables:\nx").is_err());
    }
}
