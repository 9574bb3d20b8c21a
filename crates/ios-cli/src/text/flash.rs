//! `show flash:`

use super::{Stamp, Unread};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// All files of a flash, by path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Flash {
    /// How it is laid out.
    pub layout: Layout,
    /// The files, directories included.
    pub files: Vec<File>,
    /// Octets free.
    pub available: u64,
    /// Octets taken.
    pub used: u64,
}

/// The two layouts of a flash with a real file system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Layout {
    /// ISR G1 and G2.
    Classic,
    /// IOS-XE: paths begin with `/bootflash/`.
    Xe,
}

/// One file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct File {
    /// The number of the file.
    pub index: u32,
    /// Octets.
    pub length: u64,
    /// When it was written.
    pub stamp: Stamp,
    /// `c2900-universalk9-mz.SPA.155-3.M4a.bin`, `config/a.cfg`
    pub path: String,
}

const CLASSIC: &str = "-#- --length-- -----date/time------ path";
const XE: &str = "-#- --length-- ---------date/time--------- path";

impl Flash {
    /// As the device prints it.
    pub fn render(&self) -> String {
        let mut out = match self.layout {
            Layout::Classic => format!("{CLASSIC}\n"),
            Layout::Xe => format!("{XE}\n"),
        };
        for f in &self.files {
            let (s, time) = (&f.stamp, f.stamp.time());
            out.push_str(&match self.layout {
                Layout::Classic => format!("{:<3} {:>10} {} {time} {}\n", f.index, f.length, s.day(), f.path),
                Layout::Xe => format!(
                    "{:>3} {:>10} {} {:02} {} {time} {}\n",
                    f.index,
                    f.length,
                    s.civil.month_name(),
                    s.civil.day,
                    s.civil.year,
                    f.path
                ),
            });
        }
        if self.files.is_empty() {
            out.push_str("No files on device\n");
        }
        out.push_str(&format!("\n{} bytes available ({} bytes used)\n", self.available, self.used));
        out
    }

    /// Reads it, whatever stands before and after.
    pub fn parse(text: &str) -> Result<Flash, Unread> {
        let mut lines = text.lines().map(str::trim_end);
        let head = |l: &str| match l.strip_prefix("Bootflash:").unwrap_or(l).trim() {
            CLASSIC => Some(Layout::Classic),
            XE => Some(Layout::Xe),
            _ => None,
        };
        let layout = lines.find_map(head);
        let layout =
            layout.ok_or_else(|| Unread::new("'-#- --length-- …'", text.lines().next().unwrap_or("")))?;
        let mut files = Vec::new();
        for line in lines {
            if let Some((available, used)) = space(line) {
                return Ok(Flash { layout, files, available, used });
            }
            if line.is_empty() || line == "No files on device" {
                continue;
            }
            files.push(file(line).ok_or_else(|| Unread::new("a file of the flash", line))?);
        }
        Err(Unread::new("'N bytes available (M bytes used)'", ""))
    }
}

/// `N bytes available (M bytes used)`, which stands under a copy that found no room, too.
pub fn space(line: &str) -> Option<(u64, u64)> {
    let (available, rest) = line.trim().split_once(" bytes available (")?;
    Some((available.parse().ok()?, rest.strip_suffix(" bytes used)")?.parse().ok()?))
}

fn file(line: &str) -> Option<File> {
    let mut words = line.split_ascii_whitespace();
    let mut next = || words.next();
    let (index, length) = (next()?.parse().ok()?, next()?.parse().ok()?);
    let stamp = Stamp::parse([next()?, next()?, next()?, next()?, next()?])?;
    let at = next()?.as_ptr() as usize - line.as_ptr() as usize;
    Some(File { index, length, stamp, path: line[at..].to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn isr4300_prints_the_layout_we_print() {
        let text = include_str!("../../tests/data/show_bootflash_isr4300.txt");
        let flash = Flash::parse(text).expect("a flash");
        assert_eq!(flash.files.len(), 18);
        let ours = flash.render();
        assert_eq!(ours.trim(), text.trim().trim_start_matches("Bootflash:").trim());
        assert_eq!(Flash::parse(&ours), Ok(flash));
    }

    #[test]
    fn the_lessons_router() {
        let file = |index, name: &str| File {
            index,
            length: 33_591_768,
            stamp: Stamp::from_unix(1_341_000_000),
            path: name.into(),
        };
        let mut flash = Flash {
            layout: Layout::Classic,
            files: [file(1, "c2900-universalk9-mz.SPA.151-4.M4.bin")].into(),
            available: 222_892_032,
            used: 33_595_392,
        };
        assert_eq!(
            flash.render(),
            "-#- --length-- -----date/time------ path
1     33591768 Jun 29 2012 20:00:00 +00:00 c2900-universalk9-mz.SPA.151-4.M4.bin

222892032 bytes available (33595392 bytes used)
"
        );
        assert_eq!(Flash::parse(&flash.render()).as_ref(), Ok(&flash));
        flash.files.clear();
        assert_eq!(Flash::parse(&flash.render()).as_ref(), Ok(&flash));
    }
}
