//! What ROMMON says of the board it runs on, and its aliases.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// `meminfo`: main memory and NVRAM, KiB, and so much of a hundred for packets.
pub fn meminfo(main: u32, packets: u32, nvram: u32) -> String {
    format!(
        "\nMain memory size: {} MB.\nAvailable main memory starts at 0xa0015000, size {}KB\n\
         IO (packet) memory size: {packets} percent of main memory.\nNVRAM size: {nvram}KB\n",
        main / 1_024,
        // What stands below it is the loader's own.
        main.saturating_sub(84)
    )
}

/// Octets of a cookie.
const COOKIE: usize = 64;

/// `cookie`: the board's PROM in hex: what it is, its hardware address, its serial number; the rest was never written.
pub fn cookie(mac: &str, serial: &str) -> String {
    let digits: Vec<u8> = mac.bytes().filter(u8::is_ascii_hexdigit).collect();
    let octet =
        |pair: &[u8]| core::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let mut octets: Vec<u8> = [1, 1].to_vec();
    octets.extend(digits.chunks(2).filter_map(octet));
    octets.extend(serial.bytes());
    octets.resize(COOKIE, 0xff);
    let row = |octets: &[u8]| {
        let words: Vec<String> = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        words.join(" ") + "\n"
    };
    let rows: String = octets.chunks(16).map(row).collect();
    format!("cookie:\n{rows}")
}

/// Other words for commands.
#[derive(Clone, Debug)]
pub struct Aliases(Vec<(String, String)>);

impl Default for Aliases {
    /// Those that it has by itself.
    fn default() -> Aliases {
        let own = [
            ("r", "repeat"),
            ("h", "history"),
            ("?", "help"),
            ("b", "boot"),
            ("ls", "dir"),
            ("i", "reset"),
            ("k", "stack"),
        ];
        Aliases(own.iter().map(|(name, of)| ((*name).to_owned(), (*of).to_owned())).collect())
    }
}

impl Aliases {
    /// A line with what its first word stands for.
    pub fn spelled_out(&self, line: &str) -> String {
        let (first, rest) = line.split_once(' ').map_or((line, None), |(first, rest)| (first, Some(rest)));
        let Some((_, of)) = self.0.iter().find(|(name, _)| name == first) else { return line.to_owned() };
        rest.map_or_else(|| of.clone(), |rest| format!("{of} {rest}"))
    }

    /// `alias`, `alias NAME=COMMAND`: what is printed.
    pub fn alias(&mut self, text: &str) -> String {
        if text.is_empty() {
            return self.0.iter().map(|(name, of)| format!("{name}={of}\n")).collect();
        }
        let Some((name, of)) = text.split_once('=').filter(|(name, of)| is_word(name) && !of.is_empty())
        else {
            return "usage: alias [NAME=COMMAND]\n".to_owned();
        };
        let of = of.trim_matches('"').to_owned();
        self.0.retain(|(there, _)| there != name);
        // So many are kept.
        if self.0.len() < 32 {
            self.0.push((name.to_owned(), of));
        }
        String::new()
    }

    /// `unalias NAME`
    pub fn unalias(&mut self, name: &str) -> String {
        let before = self.0.len();
        self.0.retain(|(there, _)| there != name);
        match (name.is_empty(), self.0.len() == before) {
            (true, _) => "usage: unalias NAME\n".to_owned(),
            (false, true) => format!("unalias: {name}: no such alias\n"),
            (false, false) => String::new(),
        }
    }
}

fn is_word(name: &str) -> bool {
    !name.is_empty() && !name.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_cookie_are_those_of_the_board() {
        assert_eq!(
            meminfo(524_288, 6, 255),
            "\nMain memory size: 512 MB.\nAvailable main memory starts at 0xa0015000, size 524204KB\n\
             IO (packet) memory size: 6 percent of main memory.\nNVRAM size: 255KB\n"
        );
        let shown = cookie("0017.95c0.ffee", "FTX152400KS");
        let first = "cookie:\n01 01 00 17 95 c0 ff ee 46 54 58 31 35 32 34 30\n30 4b 53 ff ff";
        assert!(shown.starts_with(first) && shown.lines().count() == 5, "{shown}");
    }

    #[test]
    fn aliases_stand_for_the_first_word_alone() {
        let mut aliases = Aliases::default();
        assert_eq!(aliases.spelled_out("b flash:x"), "boot flash:x");
        assert_eq!(aliases.spelled_out("boot b"), "boot b");
        assert!(aliases.alias("").starts_with("r=repeat\nh=history\n"));
        assert_eq!(aliases.alias("l=dir flash:"), "");
        assert_eq!(aliases.spelled_out("l"), "dir flash:");
        assert_eq!(aliases.unalias("l"), "");
        assert_eq!(aliases.spelled_out("l"), "l");
        assert!(aliases.unalias("l").contains("no such alias"));
        assert!(aliases.alias("x").starts_with("usage: ") && aliases.unalias("").starts_with("usage: "));
    }
}
