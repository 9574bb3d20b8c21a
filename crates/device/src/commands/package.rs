//! `request platform software package`: packages as IOS-XE 16 installs them; the ledger of `install` learns of it at the next boot.

use super::exec::Exec;
use super::table::Id;
use crate::ifs::Row as File;
use crate::install::{Installing, PACKAGES, Provision};
use crate::session::Leave;
use ios_cli::text::install::{BUNDLE, BUSY, NOTHING_TO_CLEAN};
use ios_cli::text::package as texts;
use ios_cli::{Match, Modes, Row};
use store::VPath;

const REQUEST: &str = "Request handling subsystem";
const PLATFORM: &str = "Platform request command";
const SOFTWARE: &str = "Software";
const PACKAGE: &str = "Package command";
const SWITCH: &str = "Switch information";
const ALL: &str = "All switches";
const ONE: &str = "Switch number";
const FILE: &str = "Image file";
const URL: &str = "Image file URL";

/// What models with install mode have besides it.
pub(super) const REQUESTS: &[Row<Id>] = &[
    Row::new(
        "request platform software package clean [switch {all | 1}]",
        &[
            REQUEST,
            PLATFORM,
            SOFTWARE,
            PACKAGE,
            "Clean unnecessary package files from media",
            SWITCH,
            ALL,
            ONE,
        ],
        Modes::EXEC,
        15,
        Id::Package,
    ),
    Row::new(
        "request platform software package expand [switch {all | 1}] file <file:file>",
        &[REQUEST, PLATFORM, SOFTWARE, PACKAGE, "Expand all-in-one package", SWITCH, ALL, ONE, FILE, URL],
        Modes::EXEC,
        15,
        Id::Package,
    ),
    Row::new(
        "request platform software package install switch {all | 1} file <file:file> [auto-copy]",
        &[
            REQUEST,
            PLATFORM,
            SOFTWARE,
            PACKAGE,
            "Package installation",
            SWITCH,
            ALL,
            ONE,
            FILE,
            URL,
            "Copy to the other switches",
        ],
        Modes::EXEC,
        15,
        Id::Package,
    ),
    Row::new(
        "request platform software package install switch {all | 1} file <file:file> new auto-copy",
        &[
            REQUEST,
            PLATFORM,
            SOFTWARE,
            PACKAGE,
            "Package installation",
            SWITCH,
            ALL,
            ONE,
            FILE,
            URL,
            "Replace all packages",
            "Copy to the other switches",
        ],
        Modes::EXEC,
        15,
        Id::Package,
    ),
];

impl Exec<'_> {
    pub(super) fn request_package(&mut self, found: &Match<Id>) -> Result<(), Leave> {
        let device = self.tty.device.clone();
        let Some(_one) = Installing::begin(&device) else { return self.tty.print(BUSY) };
        let Some(file) = found.text("file").map(str::to_owned) else { return self.clean_packages() };
        let installs = found.has("install");
        if installs && device.running(|r| r.packages.is_none()).unwrap_or(true) {
            return self.tty.print(&texts::failed(BUNDLE));
        }
        self.tty.print(if installs { texts::LOCKING } else { texts::RUNNING })?;
        self.tty.print(&texts::expanding(&file))?;
        self.wait()?;
        let done = self.looked_at(&file).and_then(|there| self.taken_apart(&there).map(|()| there));
        let there = match done {
            Ok(there) => there,
            Err(why) => return self.tty.print(&texts::failed(&why)),
        };
        self.tty.print(texts::EXPANDED)?;
        if !installs {
            let conf = Provision::of(device.profile(), &there.facts.version).render();
            // The name that boots, unless something has it already.
            let taken = self.stat(PACKAGES).is_some();
            let name = if taken { there.image.conf.as_str() } else { PACKAGES };
            let written =
                VPath::parse(name.as_bytes()).map(|path| device.write_whole(&path, conf.as_bytes()));
            return match written {
                Ok(Ok(())) => Ok(()),
                Ok(Err(e)) => self.tty.print(&texts::failed(&format!("{name}: {e}"))),
                Err(e) => self.tty.print(&texts::failed(&format!("{name}: {e}"))),
            };
        }
        let mut old = device.running(|r| r.packages.clone()).flatten().unwrap_or_default();
        old.sort_unstable();
        if let Err(why) = device.provide(&there.image) {
            return self.tty.print(&texts::failed(&why));
        }
        self.tty.print(&texts::changes(&old, &there.image.packages))
    }

    /// Everything of install mode that neither runs nor is needed to come back.
    fn clean_packages(&mut self) -> Result<(), Leave> {
        let device = self.tty.device.clone();
        self.tty.print(texts::RUNNING)?;
        let rows = device.flash.list(&VPath::root()).unwrap_or_default();
        let own = rows.into_iter().filter(|row| self.is_install_file(row));
        // What the next boot takes is in use, whoever provided it.
        let next = device.packages_of(PACKAGES).unwrap_or_default();
        let (kept, gone): (Vec<File>, Vec<File>) =
            own.partition(|row| self.is_in_use(row) || next.contains(&row.name()));
        let mount = self.flash().to_owned();
        let kept: Vec<String> = kept.iter().map(File::name).collect();
        let paths: Vec<String> = gone.iter().map(|row| self.mounted(&row.name())).collect();
        self.tty.print(&texts::cleaning(&format!("{mount}{PACKAGES}"), &mount, &kept, &paths))?;
        if gone.is_empty() {
            return self.tty.print(NOTHING_TO_CLEAN);
        }
        if self.ask_letter(&format!("{} [y/n]", texts::PROCEED), "yn")? != Some('y') {
            return self.tty.print(texts::NOT_DELETED);
        }
        self.tty.print("[1]:\n")?;
        for row in &gone {
            let shown = format!("{mount}{}", row.name());
            match device.flash.remove(&row.path) {
                Ok(()) => self.tty.print(&texts::deleting(&shown))?,
                Err(e) => self.tty.print(&format!("{shown}: {e}\n"))?,
            }
        }
        self.forget_added(&gone);
        self.tty.print(texts::DELETED)
    }
}
