//! `show privilege`

use super::Unread;
use alloc::format;
use alloc::string::String;

const TEXT: &str = "Current privilege level is ";

/// As the device prints it.
pub fn render(level: u8) -> String {
    format!("{TEXT}{level}\n")
}

/// Reads it.
pub fn parse(text: &str) -> Result<u8, Unread> {
    let level = text.lines().find_map(|l| l.trim().strip_prefix(TEXT)?.parse().ok());
    level.filter(|l| *l <= 15).ok_or_else(|| Unread::new("'Current privilege level is N'", text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_of_a_real_device() {
        let text = include_str!("../../tests/data/show_privilege.txt");
        assert_eq!(parse(text), Ok(15));
        assert_eq!(render(15), text);
        assert!(parse("Current privilege level is 16").is_err());
    }
}
