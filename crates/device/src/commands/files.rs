//! Commands on the device's own file systems.

use super::exec::Exec;
use super::table::Id;
use crate::config::FilePrompt;
use crate::ifs::{BadUrl, Fs, Place, Url};
use crate::profile::{Listing, Loader, Text};
use crate::session::Leave;
use ios_cli::Match;
use ios_cli::text::copy::Reason;
use ios_cli::text::{Stamp, dir, file_systems, flash};
use std::time::{SystemTime, UNIX_EPOCH};
use store::{Blob, Sink, StoreError, VPath};

/// What an error of a store is to the device.
pub(crate) fn reason_of(error: &StoreError) -> Reason {
    match error {
        StoreError::Absent => Reason::NoSuchFile,
        StoreError::Exists => Reason::Exists,
        StoreError::IsDirectory => Reason::IsDirectory,
        StoreError::NotEmpty => Reason::NotEmpty,
        StoreError::NoSpace => Reason::NoSpace,
        StoreError::Denied | StoreError::NotRegular => Reason::PermissionDenied,
        StoreError::NotDirectory => Reason::BadFileName,
        StoreError::Unsupported(_) => Reason::NotSupported,
        _ => Reason::Undefined,
    }
}

/// `No such file or directory` and its kin, as every `%Error` ends.
pub(crate) fn reason(error: &StoreError) -> String {
    reason_of(error).to_string()
}

/// Seconds since 1970.
pub(crate) fn unix(at: SystemTime) -> i64 {
    at.duration_since(UNIX_EPOCH).ok().and_then(|d| i64::try_from(d.as_secs()).ok()).unwrap_or(0)
}

fn numbered(n: usize) -> u32 {
    u32::try_from(n + 1).unwrap_or(u32::MAX)
}

impl Exec<'_> {
    /// Parses a name; one without a prefix is a file of flash, in the directory the line is in.
    pub(super) fn url(&self, text: &str) -> Result<Url, BadUrl> {
        Url::parse(text, &self.cwd, &self.tty.device.profile().flash.prefixes)
    }

    /// `flash0:`: what this model calls its flash.
    pub(super) fn flash(&self) -> &'static str {
        self.tty.device.profile().flash.prefix()
    }

    /// Parses a local name; the text of the error otherwise.
    pub(super) fn local(&self, text: &str) -> Result<(Fs, &'static str, VPath), String> {
        match self.url(text) {
            Ok(Url::Local { fs, prefix, path }) => Ok((fs, prefix, path)),
            Ok(Url::Net(_)) | Err(_) => Err(format!("%Error parsing filename (Bad file name) {text}\n")),
        }
    }

    // ---- what is there

    pub(super) fn dir(&mut self, found: &Match<Id>) -> String {
        if found.has("all-filesystems") {
            let flash = self.dir_flash(found, self.flash(), &VPath::root());
            return [self.dir_system(), flash, self.dir_nvram()].join("\n");
        }
        let text = found.text("file").map_or_else(|| format!("{}{}", self.flash(), self.cwd), str::to_owned);
        let (fs, prefix, path) = match self.local(&text) {
            Ok(parts) => parts,
            Err(text) => return text,
        };
        match fs {
            Fs::Flash => self.dir_flash(found, prefix, &path),
            Fs::Nvram => self.dir_nvram(),
            Fs::System => self.dir_system(),
            Fs::Null | Fs::Xmodem | Fs::Ymodem => {
                format!("%Error opening {prefix} (Operation not supported)\n")
            }
        }
    }

    fn dir_system(&self) -> String {
        let entry = dir::Entry {
            index: 1,
            permissions: "-rw-".into(),
            size: self.running_text().len() as u64,
            stamp: None,
            name: "running-config".into(),
        };
        let entries = vec![entry];
        dir::Listing { directory: "system:/".into(), entries, total: 0, free: 0, wide: false }
            .render()
            .replace("0 bytes total (0 bytes free)", "No space information available")
    }

    fn dir_flash(&self, found: &Match<Id>, prefix: &str, path: &VPath) -> String {
        let flash = &self.tty.device.flash;
        let shown = self.flash();
        // An alias is its file system's first name there.
        let error = |e: StoreError| format!("%Error opening {shown}{path} ({})\n", reason(&e));
        // A file argument lists that file alone, under its own name.
        let (rows, directory) = match flash.stat(path) {
            Err(_) if path.is_root() => (Ok(Vec::new()), format!("{shown}/")),
            Err(e) => return error(e),
            Ok(row) if !row.directory => (Ok(vec![row]), format!("{prefix}{path}")),
            Ok(_) if found.has("/recursive") => (flash.walk(), format!("{shown}/")),
            Ok(_) if path.is_root() => (flash.list(path), format!("{shown}/")),
            Ok(_) => (flash.list(path), format!("{shown}{path}/")),
        };
        let places = match rows {
            Ok(_) if path.is_root() && flash.rules().marks => flash.places(),
            Ok(rows) => Ok(rows.into_iter().map(|row| Place { row, deleted: None }).collect()),
            Err(e) => Err(e),
        };
        let places: Vec<Place> = match places {
            Ok(places) => places,
            Err(e) => return error(e),
        };
        let shows = |place: &Place| match &place.deleted {
            Some(_) => found.has("/all") || found.has("/deleted"),
            None => !found.has("/deleted"),
        };
        let (file_flags, directory_flags) = &self.tty.device.profile().flash.permissions;
        let directory_size = self.tty.device.profile().flash.directory;
        // A file keeps its number while others are marked.
        let entry = |(n, place): (usize, &Place)| dir::Entry {
            index: numbered(n),
            permissions: if place.row.directory { directory_flags } else { file_flags }.to_string(),
            size: if place.row.directory { directory_size } else { place.row.len },
            stamp: Some(Stamp::from_unix(unix(place.row.modified))),
            name: match place.deleted {
                Some(_) => format!("[{}]", place.row.name()),
                None => place.row.name(),
            },
        };
        dir::Listing {
            directory,
            entries: places.iter().enumerate().filter(|(_, p)| shows(p)).map(entry).collect(),
            total: flash.total(),
            free: flash.free().unwrap_or(0),
            wide: !places.is_empty() && self.tty.device.profile().flash.listing == Listing::Xe,
        }
        .render()
    }

    fn dir_nvram(&self) -> String {
        let total = self.tty.device.profile().nvram.total.get();
        let used = self.tty.device.nvram_used();
        let entry = |len| dir::Entry {
            index: 1,
            permissions: "-rw-".into(),
            size: len,
            stamp: None,
            name: "startup-config".into(),
        };
        let entries = if used > 0 { vec![entry(used)] } else { Vec::new() };
        let free = total.saturating_sub(used);
        dir::Listing { directory: "nvram:/".into(), entries, total, free, wide: false }.render()
    }

    pub(super) fn show_fs(&mut self, found: &Match<Id>) -> String {
        let text = found.text("fs").unwrap_or("flash:");
        match self.local(text) {
            Ok((Fs::Flash, ..)) => self.show_flash(),
            Ok((Fs::Nvram, ..)) => self.dir_nvram(),
            Ok((Fs::System | Fs::Null | Fs::Xmodem | Fs::Ymodem, ..)) | Err(_) => {
                format!("%Error opening {text} (Operation not supported)\n")
            }
        }
    }

    fn show_flash(&self) -> String {
        let fs = &self.tty.device.flash;
        let listing = self.tty.device.profile().flash.listing;
        let places = match fs.rules().marks {
            true => fs.places(),
            false => fs.walk().map(|rows| rows.into_iter().map(|row| Place { row, deleted: None }).collect()),
        };
        let places = match places {
            Ok(places) => places,
            Err(e) => return format!("%Error opening {}/ ({})\n", self.flash(), reason(&e)),
        };
        let file = |(n, Place { row, deleted }): (usize, &Place)| flash::File {
            index: numbered(n),
            length: row.len,
            stamp: match listing {
                Listing::Classic | Listing::Xe => Some(Stamp::from_unix(unix(row.modified))),
                Listing::LowEnd(_) => None,
            },
            path: match listing {
                Listing::Classic | Listing::LowEnd(_) => {
                    String::from_utf8_lossy(row.path.relative()).into_owned()
                }
                Listing::Xe => format!("/bootflash{}", row.path),
            },
            deleted: deleted.is_some(),
        };
        let free = fs.free().unwrap_or(0);
        // Only a low-end file system's layout has words for what is marked.
        let shows = |place: &Place| place.deleted.is_none() || matches!(listing, Listing::LowEnd(_));
        flash::Flash {
            layout: match listing {
                Listing::Classic => flash::Layout::Classic,
                Listing::Xe => flash::Layout::Xe,
                Listing::LowEnd(kib) => flash::Layout::LowEnd(kib),
            },
            files: places.iter().enumerate().filter(|(_, p)| shows(p)).map(file).collect(),
            available: free,
            used: fs.total() - free,
        }
        .render()
    }

    pub(super) fn show_file_systems(&self) -> String {
        let device = &self.tty.device;
        let flash = &device.profile().flash;
        let sizes = |prefix: &str| match prefix {
            prefix if prefix == flash.prefix() => (Some(device.flash.total()), device.flash.free().ok()),
            "nvram:" => {
                let total = device.profile().nvram.total.get();
                (Some(total), Some(total.saturating_sub(device.nvram_used())))
            }
            _ => (None, None),
        };
        let row = |(kind, flags, prefix): &(Text, Text, Text)| {
            let (size, free) = sizes(prefix);
            let own = **prefix == *flash.prefix();
            let prefixes = match own {
                true => flash.prefixes.iter().map(ToString::to_string).collect(),
                false => vec![prefix.to_string()],
            };
            file_systems::FileSystem {
                default: own,
                size,
                free,
                kind: kind.to_string(),
                flags: flags.to_string(),
                prefixes,
                // Of the transcripts only an ISR G2's have the mark.
                bootable: own && device.profile().boot.loader == Loader::Rommon,
            }
        };
        file_systems::render(&device.profile().file_systems.iter().map(row).collect::<Vec<_>>())
    }

    /// A local file's content; why not otherwise.
    pub(super) fn blob(&mut self, text: &str) -> Result<Blob, String> {
        let url = self.url(text).map_err(|_| "Bad file name".to_owned())?;
        if url.is_running() {
            return Ok(Blob::Memory(self.running_text().into_bytes().into()));
        }
        match url {
            Url::Local { fs: Fs::Flash, path, .. } => {
                self.tty.device.flash.open(&path).map_err(|e| reason(&e))
            }
            url if url.is_startup() => match self.tty.device.startup() {
                Some(text) => Ok(Blob::Memory(text.into_bytes().into())),
                None => Err("No such file or directory".into()),
            },
            Url::Local { .. } | Url::Net(_) => Err("No such file or directory".into()),
        }
    }

    // ---- changes

    pub(super) fn delete(&mut self, found: &Match<Id>) -> Result<(), Leave> {
        let typed = found.text("file").unwrap_or_default().to_owned();
        let (fs, prefix, path) = match self.local(&typed) {
            Ok(parts) => parts,
            Err(text) => return self.tty.print(&text),
        };
        let force = found.has("/force");
        let mut path = path;
        let quiet = self.tty.device.running_config().file_prompt == FilePrompt::Quiet;
        if path.is_root() || !(force || quiet) {
            let default = String::from_utf8_lossy(path.relative()).into_owned();
            let Some(name) = self.tty.ask_line("Delete filename", &default)? else { return Ok(()) };
            match VPath::parse(name.as_bytes()) {
                Ok(p) if !p.is_root() => path = p,
                Ok(_) | Err(_) => return self.tty.print("%Error parsing filename (Bad file name)\n"),
            }
        }
        let shown = format!("{prefix}{}", String::from_utf8_lossy(path.relative()));
        if fs == Fs::Nvram && path.name() == b"startup-config" {
            return match self.tty.confirm(&format!("Delete {prefix}startup-config? "))? {
                true => {
                    let _ = self.tty.device.erase_startup();
                    self.tty.print("[OK]\n")
                }
                false => Ok(()),
            };
        }
        if fs != Fs::Flash {
            return self.tty.print(&format!("%Error deleting {shown} (No such file or directory)\n"));
        }
        let names = self.matching(&path);
        if names.is_empty() {
            return self.tty.print(&format!("%Error deleting {shown} (No such file or directory)\n"));
        }
        for path in names {
            let shown = format!("{prefix}{path}");
            let row = match self.tty.device.flash.stat(&path) {
                Ok(row) => row,
                Err(e) => {
                    self.tty.print(&format!("%Error deleting {shown} ({})\n", reason(&e)))?;
                    continue;
                }
            };
            if !force && !self.tty.confirm(&format!("Delete {shown}? "))? {
                continue;
            }
            // The running image may go: it runs from memory.
            let done = match row.directory {
                false => self.tty.device.flash.remove(&path),
                true if found.has("/recursive") => self.remove_tree(&path),
                true => Err(StoreError::IsDirectory),
            };
            if let Err(e) = done {
                self.tty.print(&format!("%Error deleting {shown} ({})\n", reason(&e)))?;
            }
        }
        Ok(())
    }

    /// The files a name stands for: `*` in its last part matches any.
    fn matching(&self, path: &VPath) -> Vec<VPath> {
        let pattern = String::from_utf8_lossy(path.name()).into_owned();
        if !pattern.contains('*') {
            return self.tty.device.flash.stat(path).map(|_| path.clone()).into_iter().collect();
        }
        let rows = self.tty.device.flash.list(&path.parent()).unwrap_or_default();
        let files = rows.into_iter().filter(|r| !r.directory && glob(&pattern, &r.name()));
        files.map(|r| r.path).collect()
    }

    fn remove_tree(&self, path: &VPath) -> store::Result<()> {
        let flash = &self.tty.device.flash;
        for row in flash.list(path)? {
            match row.directory {
                true => self.remove_tree(&row.path)?,
                false => flash.remove(&row.path)?,
            }
        }
        flash.remove_dir(path)
    }

    pub(super) fn mkdir(&mut self, found: &Match<Id>) -> Result<(), Leave> {
        let typed = found.text("file").unwrap_or_default().to_owned();
        let (fs, prefix, path) = match self.local(&typed) {
            Ok(parts) => parts,
            Err(text) => return self.tty.print(&text),
        };
        let default = String::from_utf8_lossy(path.relative()).into_owned();
        let Some(name) = self.tty.ask_line("Create directory filename", &default)? else { return Ok(()) };
        let Ok(path) = VPath::parse(name.as_bytes()) else {
            return self.tty.print("%Error parsing filename (Bad file name)\n");
        };
        let done = match fs {
            Fs::Flash => self.tty.device.flash.make_dir(&path).map_err(|e| reason(&e)),
            Fs::Nvram | Fs::System | Fs::Null | Fs::Xmodem | Fs::Ymodem => {
                Err("Operation not supported".into())
            }
        };
        let text = match done {
            Ok(()) => format!("Created dir {prefix}{path}\n"),
            Err(why) => format!("%Error Creating dir {prefix}{path} ({why})\n"),
        };
        self.tty.print(&text)
    }

    pub(super) fn rmdir(&mut self, found: &Match<Id>) -> Result<(), Leave> {
        let typed = found.text("file").unwrap_or_default().to_owned();
        let (fs, prefix, path) = match self.local(&typed) {
            Ok(parts) => parts,
            Err(text) => return self.tty.print(&text),
        };
        let default = String::from_utf8_lossy(path.relative()).into_owned();
        let Some(name) = self.tty.ask_line("Remove directory filename", &default)? else { return Ok(()) };
        let Ok(path) = VPath::parse(name.as_bytes()) else {
            return self.tty.print("%Error parsing filename (Bad file name)\n");
        };
        let shown = format!("{prefix}{}", String::from_utf8_lossy(path.relative()));
        if !self.tty.confirm(&format!("Delete {shown}? "))? {
            return Ok(());
        }
        let done = match fs {
            Fs::Flash => self.tty.device.flash.remove_dir(&path).map_err(|e| reason(&e)),
            Fs::Nvram | Fs::System | Fs::Null | Fs::Xmodem | Fs::Ymodem => {
                Err("Operation not supported".into())
            }
        };
        let text = match done {
            Ok(()) => format!("Removed dir {shown}\n"),
            Err(why) => format!("%Error Removing dir {shown} ({why})\n"),
        };
        self.tty.print(&text)
    }

    /// `rename`: within flash, never over a file that is there.
    pub(super) fn rename(&mut self, found: &Match<Id>) -> Result<(), Leave> {
        let typed = |name| found.text(name).unwrap_or_default().to_owned();
        let (from, to) = match (self.local(&typed("file")), self.local(&typed("to"))) {
            (Ok(from), Ok(to)) => (from, to),
            (Err(text), _) | (_, Err(text)) => return self.tty.print(&text),
        };
        let default = String::from_utf8_lossy(to.2.relative()).into_owned();
        let Some(name) = self.tty.ask_line("Destination filename", &default)? else { return Ok(()) };
        let Ok(path) = VPath::parse(name.as_bytes()) else {
            return self.tty.print("%Error parsing filename (Bad file name)\n");
        };
        let done = match (from.0, to.0) {
            (Fs::Flash, Fs::Flash) => self.tty.device.flash.rename(&from.2, &path).map_err(|e| reason(&e)),
            _ => Err("Operation not supported".into()),
        };
        match done {
            Ok(()) => Ok(()),
            Err(why) => {
                let shown = String::from_utf8_lossy(from.2.relative()).into_owned();
                self.tty.print(&format!("%Error renaming {}{shown} ({why})\n", from.1))
            }
        }
    }

    pub(super) fn cd(&mut self, found: &Match<Id>) -> Result<(), Leave> {
        let typed = found.text("file").unwrap_or(self.flash()).to_owned();
        let path = match self.local(&typed) {
            Ok((Fs::Flash, _, path)) => path,
            Ok(_) => {
                return self.tty.print(&format!("%Error changing dir {typed} (Operation not supported)\n"));
            }
            Err(text) => return self.tty.print(&text),
        };
        match self.tty.device.flash.stat(&path) {
            Ok(row) if !row.directory => {
                self.tty.print(&format!("%Error changing dir {typed} (Not a directory)\n"))
            }
            Err(e) if !path.is_root() => {
                self.tty.print(&format!("%Error changing dir {typed} ({})\n", reason(&e)))
            }
            Ok(_) | Err(_) => {
                self.cwd = path;
                Ok(())
            }
        }
    }

    /// `| redirect`, `| append`, `| tee` into flash; all but `append` to a server too.
    pub(super) fn redirect(&mut self, url: &str, text: &str, append: bool) -> Result<(), Leave> {
        let path = match self.url(url.trim()) {
            Ok(Url::Local { fs: Fs::Flash, path, .. }) if !path.is_root() => path,
            Ok(Url::Local { fs: Fs::Null, .. }) => return Ok(()),
            Ok(to @ Url::Net(_)) if to.is_complete() && !append => {
                let Url::Net(to) = to else { return Ok(()) };
                return self.put(&Blob::Memory(text.as_bytes().to_vec().into()), &to).map(drop);
            }
            Ok(_) | Err(_) => {
                return self.tty.print(&format!("%Error opening {url} (Operation not supported)\n"));
            }
        };
        let before = match append {
            true => self.blob(url.trim()).ok().map(|b| {
                let mut octets = vec![0; usize::try_from(b.len()).unwrap_or(0)];
                let n = b.read_at(0, &mut octets).unwrap_or(0);
                octets.truncate(n);
                octets
            }),
            false => None,
        };
        let mut octets = before.unwrap_or_default();
        octets.extend_from_slice(text.as_bytes());
        let written = self.tty.device.flash.create(&path).and_then(|mut upload| {
            upload.write_at(0, &octets)?;
            upload.commit()
        });
        match written {
            Ok(_) => Ok(()),
            Err(e) => self.tty.print(&format!("%Error opening {url} ({})\n", reason(&e))),
        }
    }
}

/// Whether `name` fits a pattern in which `*` stands for anything.
fn glob(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, rest)) => name.strip_prefix(head).is_some_and(|name| {
            (0..=name.len()).any(|at| name.is_char_boundary(at) && glob(rest, &name[at..]))
        }),
    }
}
