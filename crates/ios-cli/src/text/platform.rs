//! `show platform` of an IOS-XE router.

use super::Unread;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Chassis and slots.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Platform {
    /// `ISR4331/K9`
    pub chassis: String,
    /// In their order.
    pub slots: Vec<Slot>,
    /// Of the slots that have firmware: slot, CPLD, firmware.
    pub firmware: Vec<[String; 3]>,
}

/// One slot, or one card of a slot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Slot {
    /// `0`, `0/1` (a card, one blank further in), `R0`
    pub slot: String,
    /// `ISR4331/K9`
    pub kind: String,
    /// `ok`, `ok, active`
    pub state: String,
    /// `3w5d`
    pub inserted: String,
}

/// `3w5d`, `2d03h`, `00:12:34`: a time as tables show it, of seconds.
pub fn ago(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days / 7, days) {
        (0, 0) => format!("{hours:02}:{:02}:{:02}", minutes % 60, seconds % 60),
        (0, _) => format!("{days}d{:02}h", hours % 24),
        (weeks, _) => format!("{weeks}w{}d", days % 7),
    }
}

impl Platform {
    /// As the device prints it.
    pub fn render(&self) -> String {
        let mut out = format!(
            "Chassis type: {:<20}\n\nSlot      Type                State                 Insert time (ago) \n\
             --------- ------------------- --------------------- ----------------- \n",
            self.chassis
        );
        for s in &self.slots {
            let slot = if s.slot.contains('/') { format!(" {}", s.slot) } else { s.slot.clone() };
            out += &format!("{slot:<9} {:<19} {:<21} {:<13} \n", s.kind, s.state, s.inserted);
        }
        out += "\nSlot      CPLD Version        Firmware Version                        \n\
                --------- ------------------- --------------------------------------- \n";
        for [slot, cpld, firmware] in &self.firmware {
            out += &format!("{slot:<9} {cpld:<19} {firmware:<34}  \n");
        }
        out + "\n"
    }

    /// Reads it.
    pub fn parse(text: &str) -> Result<Platform, Unread> {
        let chassis = text.lines().find_map(|l| l.trim().strip_prefix("Chassis type: "));
        let chassis =
            chassis.ok_or_else(|| Unread::new("'Chassis type: …'", text.lines().next().unwrap_or("")))?;
        let mut platform =
            Platform { chassis: chassis.trim().to_owned(), slots: Vec::new(), firmware: Vec::new() };
        let mut tables = 0;
        for line in text.lines() {
            if line.starts_with("---") {
                tables += 1;
                continue;
            }
            let column =
                |from: usize, to: usize| line.get(from..to.min(line.len())).unwrap_or("").trim().to_owned();
            match (tables, line.trim().is_empty() || line.starts_with("Slot ") || line.len() < 31) {
                (1, false) => platform.slots.push(Slot {
                    slot: column(0, 10),
                    kind: column(10, 30),
                    state: column(30, 52),
                    inserted: column(52, usize::MAX),
                }),
                (2, false) => platform.firmware.push([column(0, 10), column(10, 30), column(30, usize::MAX)]),
                (_, _) => {}
            }
        }
        Ok(platform)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_router_prints_the_lines_we_print() {
        let text = include_str!("../../tests/data/show_platform_isr4k.txt");
        let platform = Platform::parse(text).expect("a platform");
        assert_eq!((platform.slots.len(), platform.firmware.len()), (9, 4));
        assert_eq!(
            (platform.slots[2].slot.as_str(), platform.slots[5].state.as_str()),
            ("0/1", "ok, active")
        );
        let ours = platform.render();
        assert_eq!(Platform::parse(&ours), Ok(platform));
        let trimmed = |text: &str| text.lines().map(str::trim_end).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(trimmed(ours.trim()), trimmed(text.trim()));
        assert!(Platform::parse("% Invalid").is_err());
    }

    #[test]
    fn times_as_tables_show_them() {
        for (seconds, text) in [(754, "00:12:34"), (183_600, "2d03h"), (2_246_400, "3w5d")] {
            assert_eq!(ago(seconds), text);
        }
    }
}
