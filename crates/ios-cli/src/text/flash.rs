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

/// The layouts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Layout {
    /// ISR G1 and G2.
    Classic,
    /// IOS-XE: paths begin with `/bootflash/`.
    Xe,
    /// A low-end file system's, with the KiB of its chips: no dates, but deleted files.
    LowEnd(u64),
}

/// One file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct File {
    /// The number of the file.
    pub index: u32,
    /// Octets.
    pub length: u64,
    /// When it was written; a low-end file system does not show it.
    pub stamp: Option<Stamp>,
    /// `c2900-universalk9-mz.SPA.155-3.M4a.bin`, `config/a.cfg`
    pub path: String,
    /// It is only marked: its space is taken.
    pub deleted: bool,
}

const CLASSIC: &str = "-#- --length-- -----date/time------ path";
const XE: &str = "-#- --length-- ---------date/time--------- path";
const LOW_END: &str = "File  Length   Name/status";
const CHIPS: &str = "K bytes of processor board System flash (Read/Write)";
const DELETED: &str = " [deleted]";

const EMPTY: &str = "No files on device";

impl Flash {
    /// As the device prints it.
    pub fn render(&self) -> String {
        let (head, xe) = match self.layout {
            Layout::Classic => (CLASSIC, false),
            Layout::Xe => (XE, true),
            Layout::LowEnd(kib) => return self.render_low_end(kib),
        };
        // An empty disk has no head.
        let bare = self.files.is_empty() && self.layout == Layout::Classic;
        let mut out = if bare { String::new() } else { format!("{head}\n") };
        for f in &self.files {
            let s = f.stamp.unwrap_or_else(|| Stamp::from_unix(0));
            let (time, month) = (s.time(), s.civil.month_name());
            out.push_str(&match xe {
                true => format!(
                    "{:>3} {:>10} {month} {:02} {} {time} {}\n",
                    f.index, f.length, s.civil.day, s.civil.year, f.path
                ),
                false => format!("{:<3} {:>10} {} {time} {}\n", f.index, f.length, s.day(), f.path),
            });
        }
        if self.files.is_empty() {
            out.push_str(EMPTY);
            out.push('\n');
        }
        out.push_str(&format!("\n{} bytes available ({} bytes used)\n", self.available, self.used));
        out
    }

    fn render_low_end(&self, kib: u64) -> String {
        let mut out = String::from("\nSystem flash directory:\n");
        match self.files.is_empty() {
            true => out.push_str("No files in System flash\n"),
            false => out.push_str(&format!("{LOW_END}\n")),
        }
        for f in &self.files {
            let status = if f.deleted { DELETED } else { "" };
            out.push_str(&format!("{:>3}   {:<8}  {}{status}\n", f.index, f.length, f.path));
        }
        let (used, free) = (self.used, self.available);
        out.push_str(&format!(
            "[{used} bytes used, {free} available, {} total]\n{kib}{CHIPS}\n\n",
            used.saturating_add(free)
        ));
        out
    }

    /// Reads it, whatever stands before and after.
    pub fn parse(text: &str) -> Result<Flash, Unread> {
        if text.lines().any(|l| l.trim() == "System flash directory:") {
            return Flash::parse_low_end(text);
        }
        let mut lines = text.lines().map(str::trim_end);
        let head = |l: &str| match l.strip_prefix("Bootflash:").unwrap_or(l).trim() {
            CLASSIC => Some(Layout::Classic),
            XE => Some(Layout::Xe),
            _ => None,
        };
        let bare = lines.clone().any(|l| l == EMPTY).then_some(Layout::Classic);
        let layout = match lines.clone().find_map(head) {
            // What stands before the head is no file.
            Some(layout) => lines.find_map(|l| head(l).map(|_| layout)),
            None => bare,
        };
        let layout =
            layout.ok_or_else(|| Unread::new("'-#- --length-- …'", text.lines().next().unwrap_or("")))?;
        let lines = lines.skip_while(|l| bare.is_some() && *l != EMPTY);
        let mut files = Vec::new();
        for line in lines {
            if let Some((available, used)) = space(line) {
                return Ok(Flash { layout, files, available, used });
            }
            if line.is_empty() || line == EMPTY {
                continue;
            }
            files.push(file(line).ok_or_else(|| Unread::new("a file of the flash", line))?);
        }
        Err(Unread::new("'N bytes available (M bytes used)'", ""))
    }

    fn parse_low_end(text: &str) -> Result<Flash, Unread> {
        let lines = text.lines().map(str::trim_end).skip_while(|l| l.trim() != "System flash directory:");
        let (mut files, mut space) = (Vec::new(), None);
        for line in lines.skip(1) {
            if let Some(kib) = line.trim().strip_suffix(CHIPS).and_then(|n| n.parse().ok())
                && let Some((used, available)) = space
            {
                return Ok(Flash { layout: Layout::LowEnd(kib), files, available, used });
            }
            match line.trim() {
                "" | LOW_END | "No files in System flash" => {}
                line if line.starts_with('[') => space = Some(bracketed(line)?),
                _ => files.push(low_end_file(line).ok_or_else(|| Unread::new("a file of the flash", line))?),
            }
        }
        Err(Unread::new("'NK bytes of processor board System flash (Read/Write)'", ""))
    }
}

/// `[U bytes used, A available, T total]`
fn bracketed(line: &str) -> Result<(u64, u64), Unread> {
    let space = || {
        let (used, rest) = line.strip_prefix('[')?.split_once(" bytes used, ")?;
        let (available, _) = rest.split_once(" available, ")?;
        Some((used.parse().ok()?, available.parse().ok()?))
    };
    space().ok_or_else(|| Unread::new("'[U bytes used, A available, T total]'", line))
}

fn low_end_file(line: &str) -> Option<File> {
    let (index, rest) = line.trim().split_once(' ')?;
    let (length, name) = rest.trim_start().split_once(' ')?;
    let name = name.trim_start();
    let (path, deleted) = match name.strip_suffix(DELETED) {
        Some(path) => (path, true),
        None => (name, false),
    };
    let (index, length) = (index.parse().ok()?, length.parse().ok()?);
    Some(File { index, length, stamp: None, path: path.to_owned(), deleted })
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
    Some(File { index, length, stamp: Some(stamp), path: line[at..].to_owned(), deleted: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_disk_has_no_head() {
        let empty = |layout| Flash { layout, files: Vec::new(), available: 66_875_392, used: 0 };
        let text = empty(Layout::Classic).render();
        assert_eq!(text, "No files on device\n\n66875392 bytes available (0 bytes used)\n");
        for layout in [Layout::Classic, Layout::Xe] {
            assert_eq!(Flash::parse(&empty(layout).render()), Ok(empty(layout)));
        }
        assert!(Flash::parse("No files\n").is_err());
    }

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
            stamp: Some(Stamp::from_unix(1_341_000_000)),
            path: name.into(),
            deleted: false,
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

    #[test]
    fn a_low_end_flash_shows_what_is_only_marked() {
        let file = |index, length, path: &str, deleted| File {
            index,
            length,
            stamp: None,
            path: path.into(),
            deleted,
        };
        let mut flash = Flash {
            layout: Layout::LowEnd(32_768),
            files: [
                file(1, 12_124_536, "c3640-ik9s-mz.122-23a.bin", false),
                file(2, 1_396, "r1-confg", true),
            ]
            .into(),
            available: 20_904_084,
            used: 12_126_060,
        };
        assert_eq!(
            flash.render(),
            "
System flash directory:
File  Length   Name/status
  1   12124536  c3640-ik9s-mz.122-23a.bin
  2   1396      r1-confg [deleted]
[12126060 bytes used, 20904084 available, 33030144 total]
32768K bytes of processor board System flash (Read/Write)

"
        );
        assert_eq!(Flash::parse(&flash.render()).as_ref(), Ok(&flash));
        flash.files.clear();
        assert_eq!(Flash::parse(&flash.render()).as_ref(), Ok(&flash));
        assert!(Flash::parse("System flash directory:\n[1 bytes]\n").is_err());
    }
}
