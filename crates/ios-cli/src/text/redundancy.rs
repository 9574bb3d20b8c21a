//! `show redundancy` of a device with one processor.

use super::{Unread, between};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

/// What it says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Redundancy {
    /// `1 day, 18 hours, 48 minutes`
    pub uptime: String,
    /// `none`; `unsupported` where there is no such thing at all.
    pub last_switchover: String,
    /// Configured and operating mode, `Non-redundant`, where there are any.
    pub modes: Option<(String, String)>,
    /// `slot 0`
    pub location: String,
    /// The four lines that name the software: `Cisco IOS Software, …`, and those behind it.
    pub software: String,
    /// `bootflash:a.bin,12;`, where the device shows it.
    pub boot: Option<String>,
    /// Now.
    pub register: u16,
}

impl Redundancy {
    /// As the device prints it.
    pub fn render(&self) -> String {
        let modes = match &self.modes {
            Some((configured, operating)) => {
                let configured = format!("    Configured Redundancy Mode = {configured}\n");
                configured + &format!("     Operating Redundancy Mode = {operating}\n")
            }
            None => String::new(),
        };
        let boot = self.boot.as_ref().map_or(String::new(), |b| format!("{:>30} = {b}\n", "BOOT"));
        format!(
            "Redundant System Information :
------------------------------
       Available system uptime = {}
Switchovers system experienced = 0
              Standby failures = 0
        Last switchover reason = {}

                 Hardware Mode = Simplex
{modes}              Maintenance Mode = Disabled
                Communications = Down      Reason: Failure

Current Processor Information :
-------------------------------
               Active Location = {location}
        Current Software state = ACTIVE
       Uptime in current state = {}
                 Image Version = {}{boot}        Configuration register = 0x{:X}

Peer ({}) information is not available because it is in 'DISABLED' state
",
            self.uptime,
            self.last_switchover,
            self.uptime,
            self.software,
            self.register,
            self.location.replacen(' ', ": ", 1),
            location = self.location,
        )
    }

    /// Reads it.
    pub fn parse(text: &str) -> Result<Redundancy, Unread> {
        let value = |name: &str| {
            let line = text.lines().find_map(|l| l.trim().strip_prefix(name)?.strip_prefix(" = "));
            line.map(|l| l.trim_end().to_owned())
        };
        let need = |name: &'static str| value(name).ok_or_else(|| Unread::new(name, ""));
        let (_, rest) =
            text.split_once("Image Version = ").ok_or_else(|| Unread::new("Image Version", ""))?;
        let lines = rest.split_inclusive('\n');
        let software = lines
            .take_while(|l| !l.trim_start().starts_with("BOOT = ") && !l.contains("Configuration register"));
        let register = need("Configuration register")?;
        Ok(Redundancy {
            uptime: need("Available system uptime")?,
            last_switchover: need("Last switchover reason")?,
            modes: value("Configured Redundancy Mode").zip(value("Operating Redundancy Mode")),
            location: need("Active Location")?,
            software: software.collect(),
            boot: value("BOOT"),
            register: super::hex(&register).ok_or_else(|| Unread::new("0x2102", &register))?,
        })
        .and_then(|r| match between(text, "Hardware Mode = ", "\n").map(str::trim_end) {
            Some("Simplex") => Ok(r),
            other => Err(Unread::new("'Hardware Mode = Simplex'", other.unwrap_or(""))),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_processor_is_read_back_in_both_forms() {
        let classic = Redundancy {
            uptime: "1 day, 16 hours, 42 minutes".into(),
            last_switchover: "unsupported".into(),
            modes: None,
            location: "slot 0".into(),
            software: "Cisco IOS Software, X\nTechnical Support: y\nCompiled z\n".into(),
            boot: None,
            register: 0x2102,
        };
        let text = classic.render();
        assert!(text.contains(
            "                 Hardware Mode = Simplex\n              Maintenance Mode = Disabled\n"
        ));
        assert!(
            text.ends_with(
                "\nPeer (slot: 0) information is not available because it is in 'DISABLED' state\n"
            )
        );
        assert_eq!(Redundancy::parse(&text), Ok(classic.clone()));
        let mode = "Non-redundant".to_owned();
        let boot = Some("bootflash:a.bin,12;".to_owned());
        let xe = Redundancy { modes: Some((mode.clone(), mode)), boot, ..classic };
        let text = xe.render();
        assert!(text.contains("\n    Configured Redundancy Mode = Non-redundant\n"), "{text}");
        assert!(text.contains("\n                          BOOT = bootflash:a.bin,12;\n"), "{text}");
        assert_eq!(Redundancy::parse(&text), Ok(xe));
        assert!(Redundancy::parse("").is_err());
        assert!(Redundancy::parse(&text.replace("Simplex", "Duplex")).is_err());
    }
}
