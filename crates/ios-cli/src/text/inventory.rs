//! `show inventory`

use super::{Unread, between};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// One part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// `Chassis`
    pub name: String,
    /// `Cisco ISR4331 Chassis`
    pub description: String,
    /// Product.
    pub pid: String,
    /// Version; may be empty.
    pub vid: String,
    /// Serial number; may be empty.
    pub serial: String,
}

/// What IOS-XE prints before it.
pub const INFO: &str = "
+++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++
INFO: Please use \"show license UDI\" to get serial number for licensing.
+++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++

";

/// As the device prints it.
pub fn render(parts: &[Part]) -> String {
    let part = |p: &Part| {
        format!(
            "NAME: \"{}\", DESCR: \"{}\"\nPID: {:<18}, VID: {:<5}, SN: {}\n\n",
            p.name, p.description, p.pid, p.vid, p.serial
        )
    };
    parts.iter().map(part).collect::<String>() + "\n"
}

/// Reads it.
pub fn parse(text: &str) -> Result<Vec<Part>, Unread> {
    let mut lines = text.lines().skip_while(|l| !l.starts_with("NAME: "));
    let mut parts = Vec::new();
    while let Some(line) = lines.next() {
        if line.trim().is_empty() {
            continue;
        }
        let names = between(line, "NAME: \"", "\", DESCR: \"").zip(line.strip_suffix('"'));
        let (name, rest) = names.ok_or_else(|| Unread::new("'NAME: \"…\", DESCR: \"…\"'", line))?;
        let description = rest.rsplit_once("DESCR: \"").map_or("", |(_, d)| d);
        let line = lines.next().unwrap_or_default();
        let fields = between(line, "PID: ", ", VID: ").zip(line.split_once(", VID: "));
        let (pid, (_, rest)) = fields.ok_or_else(|| Unread::new("'PID: …, VID: …, SN: …'", line))?;
        let (vid, serial) =
            rest.split_once(", SN:").ok_or_else(|| Unread::new("'PID: …, VID: …, SN: …'", line))?;
        parts.push(Part {
            name: name.to_owned(),
            description: description.to_owned(),
            pid: pid.trim().to_owned(),
            vid: vid.trim().to_owned(),
            serial: serial.trim().to_owned(),
        });
    }
    match parts.is_empty() {
        true => Err(Unread::new("a part", text)),
        false => Ok(parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_real_device_are_read_and_printed_again() {
        let text = include_str!("../../tests/data/show_inventory_isr4k.txt");
        let parts = parse(text).expect("parts");
        assert_eq!((parts[0].pid.as_str(), parts[0].serial.as_str()), ("ISR4331/K9", "FDO2201A0SR"));
        assert_eq!(parts[2].serial, "");
        let ours = render(&parts);
        assert_eq!(parse(&ours), Ok(parts));
        // Blanks apart (a transceiver fills its own name up), it is what the device printed.
        let (head, theirs) = text.split_once("NAME").expect("its head");
        assert!(head.ends_with(INFO), "{head}");
        let plain = |text: &str| -> Vec<String> {
            text.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
        };
        assert_eq!(plain(ours.trim()), plain(format!("NAME{theirs}").trim()));
        assert!(parse("").is_err() && parse("NAME: \"a\"\n").is_err());
    }
}
