//! `show file systems`

use super::Unread;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// One file system.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileSystem {
    /// The one that `cd` leads to: `*`.
    pub default: bool,
    /// Octets; `-` where it has no size.
    pub size: Option<u64>,
    /// Octets free.
    pub free: Option<u64>,
    /// `disk`, `flash`, `nvram`, `network`, `opaque`, `usbflash`
    pub kind: String,
    /// `rw`, `ro`, `wo`
    pub flags: String,
    /// `flash0:`, `flash:`; a device can boot from those marked `#`.
    pub prefixes: Vec<String>,
    /// Whether `#` stands behind the prefixes.
    pub bootable: bool,
}

/// As the device prints them.
pub fn render(systems: &[FileSystem]) -> String {
    let mut out = String::from("File Systems:\n\n       Size(b)       Free(b)      Type  Flags  Prefixes\n");
    let octets = |n: Option<u64>| n.map_or("-".to_owned(), |n| n.to_string());
    for fs in systems {
        out.push_str(&format!(
            "{}{:>13} {:>13} {:>9} {:>6}   {}{}\n",
            if fs.default { '*' } else { ' ' },
            octets(fs.size),
            octets(fs.free),
            fs.kind,
            fs.flags,
            fs.prefixes.join(" "),
            if fs.bootable { "#" } else { "" },
        ));
    }
    out.push('\n');
    out
}

/// Reads them, whatever stands before and after.
pub fn parse(text: &str) -> Result<Vec<FileSystem>, Unread> {
    let mut lines = text.lines();
    lines
        .find(|l| l.trim_start().starts_with("Size(b)"))
        .ok_or_else(|| Unread::new("the header 'Size(b) Free(b) …'", text.lines().next().unwrap_or("")))?;
    let rows = lines.take_while(|l| !l.trim().is_empty());
    rows.map(|l| row(l).ok_or_else(|| Unread::new("a file system", l))).collect()
}

fn row(line: &str) -> Option<FileSystem> {
    let (default, rest) = match line.trim_start().strip_prefix('*') {
        Some(rest) => (true, rest),
        None => (false, line),
    };
    let mut words = rest.split_ascii_whitespace();
    let mut octets = || match words.next()? {
        "-" => Some(None),
        n => n.parse().ok().map(Some),
    };
    let (size, free) = (octets()?, octets()?);
    let (kind, flags) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut prefixes: Vec<String> = words.map(str::to_owned).collect();
    let last = prefixes.last_mut()?;
    let bootable = last.ends_with('#');
    last.truncate(last.len() - usize::from(bootable));
    Some(FileSystem { default, size, free, kind, flags, prefixes, bootable })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c9300_prints_the_layout_we_print() {
        let text = include_str!("../../tests/data/show_file_systems_c9300.txt");
        let systems = parse(text).expect("file systems");
        assert_eq!(systems.len(), 24);
        let (_, theirs) = text.split_once('\n').expect("the command is the first line");
        assert_eq!(render(&systems).trim_end(), theirs.trim_end());
    }

    #[test]
    fn isr_g2_marks_the_default_and_the_bootable_one() {
        let fs = |default, size, kind: &str, prefixes: &[&str], bootable| FileSystem {
            default,
            size,
            free: size.map(|n: u64| n - 60_342_272),
            kind: kind.into(),
            flags: "rw".into(),
            prefixes: prefixes.iter().map(|p| (*p).to_owned()).collect(),
            bootable,
        };
        let systems = [
            fs(false, None, "opaque", &["archive:"], false),
            fs(true, Some(256_487_424), "disk", &["flash0:", "flash:"], true),
            fs(false, None, "disk", &["flash1:"], false),
        ];
        assert_eq!(
            render(&systems),
            "File Systems:

       Size(b)       Free(b)      Type  Flags  Prefixes
             -             -    opaque     rw   archive:
*    256487424     196145152      disk     rw   flash0: flash:#
             -             -      disk     rw   flash1:

"
        );
        assert_eq!(parse(&render(&systems)).as_deref(), Ok(&systems[..]));
    }
}
