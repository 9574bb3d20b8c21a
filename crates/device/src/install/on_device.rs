//! Install mode on a device: what boots by a provisioning file, what is remembered in flash, and a trial that is over.

use super::{BadProvision, Image, KEPT, Ledger, LogEntry, PACKAGES, Provision, St, Timer, Verb};
use crate::profile::Loader;
use crate::{Device, boot, image};
use ios_cli::text::install as texts;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use store::{Blob, Sink, VPath};

impl Device {
    /// What a switch's boot loader makes of one file, named with its prefix; the text of the failure otherwise.
    pub(crate) fn attempt(&self, shown: &str) -> Result<boot::Outcome, String> {
        let probe = &mut |file: &str| self.probe(file);
        match self.profile().boot.loader {
            Loader::SwitchXe => boot::switch_xe::attempt(shown, probe),
            Loader::Switch | Loader::Rommon | Loader::RommonClassic | Loader::RommonXe => {
                boot::switch::attempt(shown, probe)
            }
        }
    }

    /// What a provisioning file boots, and its packages.
    pub(crate) fn provisioned(&self, blob: &Blob) -> Result<(image::Facts, Vec<String>), BadProvision> {
        let provision = Provision::parse(&Provision::text_of(blob).unwrap_or_default())?;
        let facts = provision.check(self.profile(), &mut |file| {
            let path = VPath::parse(file.as_bytes()).ok()?;
            self.flash.open(&path).ok().map(|blob| self.config.known.show(&blob))
        })?;
        Ok((facts, provision.files()))
    }

    /// The packages that a file of flash names, if it names some that boot.
    pub(crate) fn packages_of(&self, file: &str) -> Option<Vec<String>> {
        self.profile().install.as_ref()?;
        let blob = self.flash.open(&VPath::parse(file.as_bytes()).ok()?).ok()?;
        Provision::text_of(&blob)?;
        self.provisioned(&blob).ok().map(|(_, packages)| packages)
    }
}

// ---- what install mode remembers

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

impl Device {
    /// What install mode remembers; nothing where its file is gone.
    pub(crate) fn ledger(&self) -> Ledger {
        let blob = VPath::parse(KEPT.as_bytes()).ok().and_then(|path| self.flash.open(&path).ok());
        let text = blob.and_then(|blob| {
            let mut octets = vec![0; usize::try_from(blob.len().min(1 << 20)).ok()?];
            let n = blob.read_at(0, &mut octets).ok()?;
            octets.truncate(n);
            String::from_utf8(octets).ok()
        });
        Ledger::parse(&text.unwrap_or_default())
    }

    /// The images that are there as packages, each with its state and version; nothing while a whole image runs, or none.
    pub fn installed(&self) -> Vec<(St, String)> {
        match self.running(|r| r.packages.is_some()) {
            Some(true) => {
                self.ledger().rows().iter().map(|(state, image)| (*state, image.version())).collect()
            }
            Some(false) | None => Vec::new(),
        }
    }

    /// Remembers it.
    pub(crate) fn keep_ledger(&self, ledger: &Ledger) {
        if let Ok(path) = VPath::parse(KEPT.as_bytes()) {
            // It may be there already; a full flash costs what is remembered, not what runs.
            let _there = self.flash.make_dir(&path.parent());
            let _ = self.write_whole(&path, ledger.render().as_bytes());
        }
        let trial = self.running(|r| r.packages.is_some()).and_then(|is| ledger.timer().filter(|_| is));
        self.state().trial = trial;
        self.tell();
    }

    /// Writes a file of flash whole.
    pub(crate) fn write_whole(&self, path: &VPath, octets: &[u8]) -> store::Result<()> {
        let mut upload = self.flash.create(path)?;
        upload.write_at(0, octets)?;
        upload.commit().map(drop)
    }

    /// IOS has been loaded: if from packages, the ledger knows.
    pub(crate) fn packages_booted(&self) {
        let Some(install) = &self.profile().install else { return };
        let booted = self.running(|r| Some((r.facts.version.clone(), r.packages.clone()?))).flatten();
        let Some((version, packages)) = booted else { return };
        let Some(image) = super::image(self.profile(), &version, packages) else { return };
        let (mut ledger, at) = (self.ledger(), now());
        ledger.booted(at, image);
        ledger.note(LogEntry { operation: "install_op_boot".into(), from: at, to: at, good: true });
        self.keep_ledger(&ledger);
        if let Some(left) = ledger.left(at, self.faults.haste()) {
            self.log(&texts::timer_message(&install.member, left));
        }
    }

    /// Has `packages.conf` name the packages of an image, if all of them boot; why not otherwise.
    pub(crate) fn provide(&self, image: &Image) -> Result<(), String> {
        let profile = self.profile();
        let text = Provision::of(profile, &image.version()).render();
        let bad = |e: BadProvision| texts::package(&e.to_string());
        let (_, packages) = self.provisioned(&Blob::Memory(text.clone().into_bytes().into())).map_err(bad)?;
        debug_assert_eq!(packages.len(), image.packages.len());
        let path = VPath::parse(PACKAGES.as_bytes()).map_err(|e| e.to_string())?;
        self.write_whole(&path, text.as_bytes()).map_err(|e| format!("{PACKAGES}: {e}"))
    }

    // ---- the auto-abort timer

    /// How long packages still run on trial; `None`: none do, or without an end.
    pub(crate) fn trial_left(&self) -> Option<Duration> {
        let Timer::Running { since, seconds } = self.state().trial? else { return None };
        let haste = u64::from(self.faults.haste());
        let whole = Duration::from_millis(seconds.saturating_mul(1_000) / haste);
        let passed = SystemTime::now().duration_since(UNIX_EPOCH + Duration::from_secs(since));
        Some(whole.saturating_sub(passed.unwrap_or_default()))
    }

    /// Undoes what ran on trial, if its time is over; what the console says then. The device restarts. What is needed for that
    /// may be gone: then what runs goes on.
    pub(crate) fn undo_if_due(&self) -> Option<String> {
        let member = self.profile().install.as_ref()?.member.to_string();
        self.trial_left().filter(Duration::is_zero)?;
        let _one = Installing::begin(self)?;
        let (mut ledger, from) = (self.ledger(), now());
        let back = ledger.behind()?.clone();
        let done = Ledger::allows(Verb::Expire, ledger.mode(true)).is_ok().then(|| self.provide(&back))?;
        let good = done.is_ok();
        match &done {
            Ok(()) => drop(ledger.back()),
            Err(_) => ledger.stop_timer(),
        }
        ledger.note(LogEntry { operation: "install_auto_abort".into(), from, to: now(), good });
        self.keep_ledger(&ledger);
        let stamp = self.stamp();
        match done {
            Ok(()) => {
                self.restart(crate::texts::INSTALL);
                Some(format!("\n{stamp}: {}\n{}", texts::expired_message(&member), texts::RELOADING))
            }
            Err(why) => {
                self.log(&texts::failed_message(&member, "install abort", &why));
                None
            }
        }
    }
}

/// An operation of install mode, which is alone.
pub(crate) struct Installing<'a>(&'a Device);

impl Installing<'_> {
    /// Begins one; `None`: another is under way.
    pub(crate) fn begin(device: &Device) -> Option<Installing<'_>> {
        let is_free = device.installing.compare_exchange(false, true, Ordering::SeqCst, Ordering::SeqCst);
        is_free.ok().map(|_| Installing(device))
    }
}

impl Drop for Installing<'_> {
    fn drop(&mut self) {
        self.0.installing.store(false, Ordering::SeqCst);
    }
}
