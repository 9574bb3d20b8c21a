//! `show install`, and `install remove`.

use super::exec::Exec;
use super::install::date;
use super::table::Id;
use crate::ifs::Row;
use crate::image;
use crate::install::{self, Installing, LogEntry, PACKAGES, Provision, St};
use crate::session::Leave;
use ios_cli::Match;
use ios_cli::text::install::{self as texts, Asked, AutoAbort, Summary};
use sha1::{Digest, Sha1};
use std::time::{Duration, UNIX_EPOCH};
use store::{Blob, VPath};

/// What is asked for, by its word.
const VIEWS: &[(&str, Asked)] = &[
    ("summary", Asked::Installed),
    ("active", Asked::Active),
    ("inactive", Asked::Inactive),
    ("committed", Asked::Committed),
    ("uncommitted", Asked::Uncommitted),
];

fn moment(seconds: u64) -> String {
    date(UNIX_EPOCH + Duration::from_secs(seconds))
}

impl Exec<'_> {
    pub(super) fn show_install(&mut self, found: &Match<Id>) -> String {
        if let Some((_, asked)) = VIEWS.iter().find(|(word, _)| found.has(word)) {
            return self.install_summary(*asked);
        }
        let ledger = self.tty.device.ledger();
        if found.has("log") {
            let entry = |(n, e): (usize, &LogEntry)| {
                texts::log_entry(n, &e.operation, &moment(e.from), &moment(e.to), e.good)
            };
            return ledger.log().iter().enumerate().map(entry).collect();
        }
        if found.has("package") {
            return self.install_package(found.text("file").unwrap_or_default());
        }
        match found.number("id").map(|id| u32::try_from(id).ok()) {
            None => {
                let ids: Vec<u32> = ledger.points().iter().rev().map(|point| point.id).collect();
                texts::points(&ids)
            }
            Some(id) => match id.and_then(|id| ledger.point(Some(id))) {
                Some(point) => texts::point(point.id, &moment(point.at), &point.image.release),
                None => format!("% {}\n", texts::NO_SUCH_POINT),
            },
        }
    }

    fn install_summary(&self, asked: Asked) -> String {
        let device = &self.tty.device;
        let row = |state, name: &str| texts::Row { kind: "IMG".into(), state, name: name.to_owned() };
        let running = device.running(|r| (r.packages.is_some(), install::release(&r.facts.version)));
        let ledger = device.ledger();
        let rows = match running {
            // A whole image is what it is, for good.
            Some((false, release)) => vec![row('C', &release)],
            Some((true, _)) | None => {
                let letter = |state| match state {
                    St::Inactive => 'I',
                    St::Uncommitted => 'U',
                    St::Committed => 'C',
                };
                ledger.rows().iter().map(|(state, image)| row(letter(*state), &image.release)).collect()
            }
        };
        let left = device.trial_left().map(|left| left.as_secs() * u64::from(device.faults.haste()));
        let timer = match left {
            Some(left) => AutoAbort::Active("install_activate".into(), left),
            None => AutoAbort::Inactive,
        };
        let rows = rows.into_iter().filter(|row| asked.wants(row.state)).collect();
        Summary { member: self.member(), asked, rows, timer }.render()
    }

    fn install_package(&mut self, file: &str) -> String {
        let blob = match self.blob(file) {
            Ok(blob) => blob,
            Err(why) => return format!("%Error opening {file} ({why})\n"),
        };
        let facts = match image::show(&blob) {
            Ok(facts) => facts,
            Err(why) => return format!("% {}: {why}\n", texts::not_an_image(file)),
        };
        let profile = self.tty.device.profile();
        let path = self.mounted(file);
        let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
        let modified = self.local(file).ok().and_then(|(_, _, path)| self.tty.device.flash.stat(&path).ok());
        let package = |part: &image::Part| (part.file.clone(), part.size, part.name.clone());
        let contents = if facts.package.is_none() { image::parts(profile, &facts) } else { Vec::new() };
        texts::Package {
            size: facts.len,
            timestamp: modified.map(|row: Row| date(row.modified)),
            path,
            sha1: sha1(&blob),
            kind: facts.package.clone().unwrap_or_else(|| "rp_super".into()),
            platform: facts.platform.clone(),
            build: ios_cli::text::xe::padded(&facts.version),
            bootable: facts.package.as_deref().is_none_or(|p| p == "rpboot"),
            contents: contents.iter().map(package).collect(),
            name,
        }
        .render()
    }

    // ---- install remove

    pub(super) fn install_remove(&mut self, found: &Match<Id>) -> Result<(), Leave> {
        let device = self.tty.device.clone();
        let Some(_one) = Installing::begin(&device) else { return self.tty.print(texts::BUSY) };
        let (name, from, member) = ("install_remove", install::now(), self.member());
        let typed = found
            .text("file")
            .map_or("install remove inactive".into(), |f| format!("install remove file {f}"));
        device.log(&texts::started_message(&member, &typed));
        self.tty.print(&texts::start(name, &date(device.now())))?;
        let rows = device.flash.list(&VPath::root()).unwrap_or_default();
        let gone = match found.text("file").map(str::to_owned) {
            None => {
                let (kept, gone): (Vec<Row>, Vec<Row>) = rows
                    .into_iter()
                    .filter(|row| self.is_install_file(row))
                    .partition(|row| self.is_in_use(row));
                let mount = self.mounted("");
                let kept: Vec<String> = kept.iter().map(Row::name).collect();
                let paths: Vec<String> = gone.iter().map(|row| self.mounted(&row.name())).collect();
                let packages = format!("{}{PACKAGES}", self.flash());
                self.tty.print(&texts::cleaning(&packages, mount.trim_end_matches('/'), &kept, &paths))?;
                if gone.is_empty() {
                    self.tty.print(texts::NOTHING_TO_CLEAN)?;
                }
                gone
            }
            Some(file) => match self.removable(&file, &rows) {
                Ok(gone) => {
                    self.tty.print(texts::REMOVING)?;
                    gone
                }
                Err(why) => return self.fail_as(name, &typed, &format!("{} ", self.mounted(&file)), &why),
            },
        };
        let asks = !found.has("none") && !gone.is_empty();
        if asks && self.ask_letter(&format!("{} [y/n]", texts::REMOVE), "yn")? != Some('y') {
            self.tty.print(&texts::not_removed(&member))?;
        } else if !gone.is_empty() {
            for row in &gone {
                match device.flash.remove(&row.path) {
                    Ok(()) => self.tty.print(&texts::deleting(&self.mounted(&row.name())))?,
                    Err(e) => self.tty.print(&format!("{}: {e}\n", row.name()))?,
                }
            }
            self.forget_added(&gone);
            self.tty.print(&texts::removed(&member))?;
        }
        self.change_ledger(|ledger| {
            ledger.note(LogEntry { operation: name.into(), from, to: install::now(), good: true });
        });
        self.tty.print(&texts::success(name, "", &date(device.now())))?;
        device.log(&texts::completed_message(&member, &typed));
        Ok(())
    }

    /// An added image of which files are gone is none any more.
    pub(super) fn forget_added(&self, gone: &[Row]) {
        self.change_ledger(|ledger| {
            let lost = |file: &String| gone.iter().any(|row| row.name() == *file);
            if ledger.added().is_some_and(|image| image.packages.iter().any(lost)) {
                ledger.drop_added();
            }
        });
    }

    /// Whether a file of flash is one of install mode: an image, a package, a provisioning file.
    pub(super) fn is_install_file(&self, row: &Row) -> bool {
        let device = &self.tty.device;
        if row.directory {
            return false;
        }
        let Ok(blob) = device.flash.open(&row.path) else { return false };
        let own = |glance: image::Glance| glance.profile == *device.profile().name;
        Provision::text_of(&blob).is_some() || image::glance(&blob).is_ok_and(own)
    }

    pub(super) fn is_in_use(&self, row: &Row) -> bool {
        let device = &self.tty.device;
        let name = row.name();
        let runs = device.running(|r| {
            r.file == name || r.packages.as_ref().is_some_and(|packages| packages.contains(&name))
        });
        name == PACKAGES || runs.unwrap_or(false) || device.ledger().in_use().any(|file| file == name)
    }

    /// What goes with one file: with an image or the provisioning file of what was added, its packages too.
    fn removable(&self, file: &str, rows: &[Row]) -> Result<Vec<Row>, String> {
        let (_, _, path) = self.local(file).map_err(|_| texts::absent(file))?;
        let row = rows.iter().find(|row| row.path == path).ok_or_else(|| texts::absent(file))?;
        if !self.is_install_file(row) {
            return Err(texts::not_an_image(file));
        }
        if self.is_in_use(row) {
            return Err(texts::in_use(file));
        }
        let ledger = self.tty.device.ledger();
        let name = row.name();
        let stem = |name: &str| name.trim_end_matches(".bin").trim_end_matches(".conf").to_owned();
        let of_added = ledger.added().filter(|added| stem(&added.conf) == stem(&name));
        let with = |other: &&Row| {
            other.path == path
                || of_added.is_some_and(|a| a.conf == other.name() || a.packages.contains(&other.name()))
        };
        let all = rows.iter().filter(with).cloned();
        Ok(all.filter(|row| !self.is_in_use(row)).collect())
    }
}

/// The SHA-1 of a whole file.
fn sha1(blob: &Blob) -> String {
    let (mut sha, mut at, mut buf) = (Sha1::new(), 0, vec![0; 131_072]);
    while let Ok(n @ 1..) = blob.read_at(at, &mut buf) {
        sha.update(&buf[..n]);
        at += n as u64;
    }
    image::hex(&sha.finalize()[..])
}
