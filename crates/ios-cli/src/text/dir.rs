//! `dir`

use super::{Stamp, Unread};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// A directory, or one file of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listing {
    /// `flash0:/`, `flash0:/boot/`; for a file its own path.
    pub directory: String,
    /// Its files.
    pub entries: Vec<Entry>,
    /// Octets of the file system.
    pub total: u64,
    /// Octets that are free.
    pub free: u64,
    /// Whether sizes stand in the wide column of IOS-XE; never without files.
    pub wide: bool,
}

/// One file or directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The number of the file.
    pub index: u32,
    /// `-rw-`, `drw-`, `-rwx`
    pub permissions: String,
    /// Octets.
    pub size: u64,
    /// When it was written; `<no date>` without.
    pub stamp: Option<Stamp>,
    /// Without its directory.
    pub name: String,
}

impl Entry {
    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.permissions.starts_with('d')
    }
}

impl Listing {
    /// As the device prints it.
    pub fn render(&self) -> String {
        let mut out = format!("Directory of {}\n\n", self.directory);
        for e in &self.entries {
            let date = match &e.stamp {
                Some(s) => format!("{:>11} {}", s.day(), s.time()),
                None => format!("{:>27}", "<no date>"),
            };
            let size = if self.wide { WIDE } else { NARROW };
            out.push_str(&format!(
                "{:>5}  {:<4}  {:>size$}  {date}  {}\n",
                e.index, e.permissions, e.size, e.name
            ));
        }
        if self.entries.is_empty() {
            out.push_str("No files in directory\n");
        }
        out.push_str(&format!("\n{} bytes total ({} bytes free)\n", self.total, self.free));
        out
    }

    /// Reads it, whatever stands before and after.
    pub fn parse(text: &str) -> Result<Listing, Unread> {
        let mut lines = text.lines().map(str::trim_end);
        let directory = lines.find_map(|l| l.trim_start().strip_prefix("Directory of "));
        let directory =
            directory.ok_or_else(|| Unread::new("'Directory of …'", text.lines().next().unwrap_or("")))?;
        let mut entries = Vec::new();
        let mut wide = false;
        for line in lines {
            if let Some((total, free)) = totals(line) {
                return Ok(Listing { directory: directory.to_owned(), entries, total, free, wide });
            }
            if line.is_empty() || line == "No files in directory" {
                continue;
            }
            entries.push(entry(line).ok_or_else(|| Unread::new("a file of the directory", line))?);
            wide |= is_wide(line);
        }
        Err(Unread::new("'N bytes total (M bytes free)'", ""))
    }
}

/// `%Error opening flash:/flash (No such file or directory)`
pub fn error_opening(path: &str, reason: super::copy::Reason) -> String {
    format!("%Error opening {path} ({reason})\n")
}

fn totals(line: &str) -> Option<(u64, u64)> {
    let (total, rest) = line.trim().split_once(" bytes total (")?;
    Some((total.parse().ok()?, rest.strip_suffix(" bytes free)")?.parse().ok()?))
}

/// Columns of a size.
const NARROW: usize = 10;
const WIDE: usize = 15;

/// Whether the size ends where only the wide column does: counted from the permissions, whatever the index takes.
fn is_wide(line: &str) -> bool {
    let line = line.trim_start();
    let Some(rest) = line.find(' ').map(|at| line[at..].trim_start()) else { return false };
    let letters = |word: &str| !word.bytes().any(|b| b.is_ascii_digit());
    let blanks = rest.split(' ').take_while(|word| letters(word)).map(|word| word.len() + 1).sum::<usize>();
    let digits = rest[blanks.min(rest.len())..].bytes().take_while(u8::is_ascii_digit).count();
    blanks + digits >= 4 + 2 + WIDE
}

fn entry(line: &str) -> Option<Entry> {
    let (index, rest) = line.trim_start().split_once(' ')?;
    let rest = rest.trim_start();
    // Some devices print `-rw  -`: the letters end where a number stands alone.
    let mut permissions = String::new();
    let mut words = rest.split_ascii_whitespace();
    let size = loop {
        let word = words.next()?;
        match word.parse::<u64>() {
            Ok(size) if !permissions.is_empty() => break size,
            _ if permissions.len() + word.len() <= 4 => permissions.push_str(word),
            _ => return None,
        }
    };
    let mut next = || words.next();
    let first = next()?;
    let stamp = if first == "<no" {
        next().filter(|w| *w == "date>")?;
        None
    } else {
        Some(Stamp::parse([first, next()?, next()?, next()?, next()?])?)
    };
    let first = next()?;
    let at = first.as_ptr() as usize - line.as_ptr() as usize;
    Some(Entry {
        index: index.parse().ok()?,
        permissions,
        size,
        stamp,
        name: line[at..].trim_end().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iosv_prints_the_layout_we_print() {
        let text = include_str!("../../tests/data/dir_iosv.txt");
        let listing = Listing::parse(text).expect("a listing");
        assert_eq!(listing.render().trim(), text.trim());
        assert_eq!(listing.entries[2].name, "vios-adventerprisek9-m");
        assert!(listing.entries[0].is_directory());
        assert_eq!(listing.free, 1_989_595_136);
    }

    #[test]
    fn wider_layouts_and_empty_directories_are_read() {
        for (text, files) in [
            (include_str!("../../tests/data/dir_c3850.txt"), 18),
            (include_str!("../../tests/data/dir_csr1000v.txt"), 12),
            (include_str!("../../tests/data/dir_no_files.txt"), 0),
        ] {
            let listing = Listing::parse(text).expect("a listing");
            assert_eq!((listing.entries.len(), listing.wide), (files, files > 0));
            // A stray blank in one of the permissions apart.
            assert_eq!(listing.render().trim(), text.replace("-rw  - ", "-rw- ").trim());
            assert_eq!(Listing::parse(&listing.render()), Ok(listing));
        }
        let text = include_str!("../../tests/data/dir_no_files.txt");
        assert_eq!(Listing::parse(text).expect("a listing").render(), text);
    }

    #[test]
    fn a_file_without_a_date_and_a_day_of_one_digit() {
        let listing = Listing {
            directory: "nvram:/".into(),
            entries: [
                Entry {
                    index: 254,
                    permissions: "-rw-".into(),
                    size: 1396,
                    stamp: None,
                    name: "startup-config".into(),
                },
                Entry {
                    index: 1,
                    permissions: "-rw-".into(),
                    size: 12_124_536,
                    stamp: Some(Stamp { zone: -420, ..Stamp::from_unix(1_083_681_577) }),
                    name: "a b.bin".into(),
                },
            ]
            .into(),
            total: 262_136,
            free: 250_790,
            wide: false,
        };
        assert_eq!(
            listing.render(),
            "Directory of nvram:/

  254  -rw-        1396                    <no date>  startup-config
    1  -rw-    12124536   May 4 2004 14:39:37 -07:00  a b.bin

262136 bytes total (250790 bytes free)
"
        );
        assert_eq!(Listing::parse(&listing.render()), Ok(listing));
    }

    #[test]
    fn an_error_is_not_a_listing() {
        let text = error_opening("flash:/flash", super::super::copy::Reason::NoSuchFile);
        assert_eq!(text, "%Error opening flash:/flash (No such file or directory)\n");
        assert_eq!(Listing::parse(&text), Err(Unread::new("'Directory of …'", text.trim_end())));
    }
}
