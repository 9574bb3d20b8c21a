//! `more /binary`, `more /ebcdic`: octets that are no text, for people.

use alloc::format;
use alloc::string::String;
use core::fmt::Write as _;

/// Octets in a line.
const LINE: usize = 16;

/// Lines of an offset, four words in hexadecimal and what of them is ASCII.
pub fn render(octets: &[u8]) -> String {
    let mut out = String::new();
    for (n, line) in octets.chunks(LINE).enumerate() {
        let mut words = String::new();
        let mut shown = String::new();
        for (at, octet) in line.iter().enumerate() {
            let blank = if at % 4 == 3 { " " } else { "" };
            let _ = write!(words, "{octet:02X}{blank}");
            let c = if (0x20..0x7f).contains(octet) { char::from(*octet) } else { '.' };
            let _ = write!(shown, "{c}{blank}");
        }
        let _ = writeln!(out, "{:08X}:  {words:<36}   {}", n * LINE, shown.trim_end());
    }
    out
}

/// What the octets are in EBCDIC (code page 037), as far as it is ASCII; `.` for the rest.
pub fn ebcdic(octets: &[u8]) -> String {
    let line = |octets: &[u8]| -> String { octets.iter().map(|octet| letter(*octet)).collect() };
    octets.split(|octet| matches!(octet, 0x15 | 0x25)).map(|octets| format!("{}\n", line(octets))).collect()
}

/// Runs of characters with their first octet.
const RUNS: &[(u8, &str)] = &[
    (0x40, " "),
    (0x4b, ".<(+|&"),
    (0x5a, "!$*);"),
    (0x60, "-/"),
    (0x6b, ",%_>?"),
    (0x79, "`:#@'=\""),
    (0x81, "abcdefghi"),
    (0x91, "jklmnopqr"),
    (0xa1, "~stuvwxyz"),
    (0xb0, "^"),
    (0xba, "[]"),
    (0xc0, "{ABCDEFGHI"),
    (0xd0, "}JKLMNOPQR"),
    (0xe0, "\\"),
    (0xe2, "STUVWXYZ"),
    (0xf0, "0123456789"),
];

fn letter(octet: u8) -> char {
    let of = |(first, run): &(u8, &str)| {
        run.as_bytes().get(usize::from(octet.checked_sub(*first)?)).map(|c| char::from(*c))
    };
    RUNS.iter().find_map(of).unwrap_or('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_are_shown_in_words_and_as_text() {
        let shown = render(b"\x7fELF\x01\x02\x01\x00hello, world");
        assert_eq!(
            shown,
            "00000000:  7F454C46 01020100 68656C6C 6F2C2077    .ELF .... hell o, w\n\
             00000010:  6F726C64                               orld\n"
        );
        assert_eq!(render(b""), "");
    }

    #[test]
    fn a_mainframe_s_text_is_read() {
        let text = [0xc8, 0x85, 0x93, 0x93, 0x96, 0x6b, 0x40, 0xe6, 0xd6, 0xf1, 0x5a, 0x6f, 0x00, 0x25, 0xa9];
        assert_eq!(ebcdic(&text), "Hello, WO1!?.\nz\n");
        for (octet, letter) in [(0x4b, '.'), (0x4c, '<'), (0x50, '&'), (0x60, '-'), (0x61, '/'), (0x7f, '"')]
        {
            assert_eq!(ebcdic(&[octet]), format!("{letter}\n"), "{octet:#x}");
        }
    }
}
