//! The running configuration as a whole: merged, replaced, archived, and put back where nobody confirms a change.

use crate::commands::{Merged, merge, reason_of};
use crate::config::Config;
use crate::device::{Device, Running};
use crate::ifs::{Fs, Url};
use ios_cli::text::copy::Reason;
use std::time::{Duration, SystemTime};
use store::{Sink as _, VPath};

/// The archive of this IOS: what was saved since it runs.
#[derive(Default)]
pub(crate) struct Archived {
    /// Names, the oldest first.
    pub(crate) saved: Vec<String>,
    /// The number of the next one.
    pub(crate) next: u32,
}

/// A change that is to be confirmed.
#[derive(Clone)]
pub(crate) struct Pending {
    /// Where the configuration before it is archived.
    pub(crate) file: String,
    /// That configuration.
    before: String,
    /// When the timer was set.
    pub(crate) configured: SystemTime,
    pub(crate) minutes: u64,
    /// Who has to confirm.
    pub(crate) user: String,
    /// It was said that a minute is left.
    warned: bool,
}

impl Pending {
    fn due(&self) -> SystemTime {
        self.configured + Duration::from_secs(self.minutes * 60)
    }
}

/// Why nothing was archived.
pub(crate) enum NotArchived {
    /// No `path` is configured.
    Off,
    /// The file cannot be written.
    File(String, Reason),
}

impl Device {
    /// Merges a configuration file into the running one; the lines that are refused.
    pub(crate) fn take_configuration(&self, by: &str, text: &str) -> Vec<String> {
        let merged = self.reconfigure(by, |config| merge(&self.config.profile, config, text));
        let merged = merged.unwrap_or_default();
        self.told(&merged);
        merged.refused
    }

    /// Puts a whole configuration in place of the running one. The lines that are refused, and whether anything is
    /// another than before; with `or_restore` nothing changes where a line is refused.
    pub(crate) fn replace_configuration(
        &self,
        by: &str,
        text: &str,
        or_restore: bool,
    ) -> (Vec<String>, bool) {
        let mut target = Config::before_boot(&self.config.profile, text);
        let merged = merge(&self.config.profile, &mut target, text);
        if or_restore && !merged.refused.is_empty() {
            return (merged.refused, false);
        }
        let changes = self.running_config() != target;
        if changes {
            self.reconfigure(by, |config| *config = target);
        }
        self.told(&merged);
        (merged.refused, changes)
    }

    /// What a configuration says to the boot loader.
    fn told(&self, merged: &Merged) {
        let mut state = self.state();
        if let Some(register) = merged.register {
            state.monitor.register = register;
            state.save_monitor();
        }
        for (name, value) in &merged.variables {
            state.set_variable(name, value.as_deref());
        }
    }

    /// `archive config`: saves the running configuration beside those that are there; the oldest goes where there are too
    /// many. Gives its name.
    pub(crate) fn archive_config(&self) -> Result<String, NotArchived> {
        let archive = self.running_config().archive().ok_or(NotArchived::Off)?;
        let text = self.running(|r| crate::texts::configuration(r)).unwrap_or_default();
        let number = self.running(|r| r.archived.next).unwrap_or_default();
        let stamp = crate::texts::stamp(self.now());
        // `Nov-27-12-20-30.123`
        let stamp = stamp.replace("  ", "--").replace([' ', ':'], "-");
        let name = self.archive_name(&archive.path, &stamp, number);
        let failed = |why| NotArchived::File(name.clone(), why);
        self.write_flash(&name, text.as_bytes()).map_err(failed)?;
        let old = self.running(|r| {
            r.archived.saved.push(name.clone());
            r.archived.next += 1;
            let many = r.archived.saved.len().saturating_sub(usize::from(archive.maximum));
            r.archived.saved.drain(..many).collect::<Vec<_>>()
        });
        for name in old.unwrap_or_default() {
            if let Ok(path) = self.flash_path(&name) {
                // Somebody may have deleted it.
                let _ = self.flash.remove(&path);
            }
        }
        Ok(name)
    }

    /// The name of the archived configuration of that number.
    pub(crate) fn archive_name(&self, path: &str, stamp: &str, number: u32) -> String {
        let host = self.running_config().hostname;
        let has_time = path.contains("$t");
        let path = path.replace("$h", &host).replace("$t", stamp);
        if has_time { format!("{path}-{number}") } else { format!("{path}-{stamp}-{number}") }
    }

    fn flash_path(&self, name: &str) -> Result<VPath, Reason> {
        match Url::parse(name, &VPath::root(), &self.config.profile.flash.prefixes) {
            Ok(Url::Local { fs: Fs::Flash, path, .. }) if !path.is_root() => Ok(path),
            Ok(Url::Local { .. } | Url::Net(_)) | Err(_) => Err(Reason::BadFileName),
        }
    }

    fn write_flash(&self, name: &str, octets: &[u8]) -> Result<(), Reason> {
        let mut upload = self.flash.create(&self.flash_path(name)?).map_err(|e| reason_of(&e))?;
        upload.write_at(0, octets).map_err(|e| reason_of(&e.into()))?;
        upload.commit().map(drop).map_err(|e| reason_of(&e))
    }

    // ---- a change that is to be confirmed

    /// What the running configuration is now comes back after so many minutes, unless somebody confirms. `None`: on an
    /// error only, nothing waits. Gives where it is archived.
    pub(crate) fn to_be_confirmed(&self, minutes: Option<u64>, user: &str) -> Result<String, NotArchived> {
        let file = self.archive_config()?;
        let before = self.running(|r| crate::texts::configuration(r)).unwrap_or_default();
        let Some(minutes) = minutes else { return Ok(file) };
        let configured = SystemTime::now();
        let (name, user) = (file.clone(), user.to_owned());
        self.log(&format!(
            "%ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_START_ABSTIMER: User: {user}: Scheduled to rollback to config {file} in {minutes} minutes"
        ));
        self.running(|r| {
            r.pending = Some(Pending { file: name, before, configured, minutes, user, warned: false });
        });
        self.tell();
        Ok(file)
    }

    /// Sets the timer anew; `false`: nothing is pending.
    pub(crate) fn postpone(&self, minutes: u64) -> bool {
        let postponed = self.with_pending(|pending| {
            (pending.configured, pending.minutes, pending.warned) = (SystemTime::now(), minutes, false);
        });
        self.tell();
        postponed.is_some()
    }

    /// What was changed stays; `false`: nothing is pending.
    pub(crate) fn confirm_change(&self, user: &str) -> bool {
        let confirmed = self.running(|r| r.pending.take()).flatten().is_some();
        if confirmed {
            self.log(&format!(
                "%ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_CONFIRM: User: {user}: Confirm the configuration change"
            ));
            self.tell();
        }
        confirmed
    }

    /// Puts back what was before; where from. `None`: nothing is pending.
    pub(crate) fn revert_now(&self) -> Option<String> {
        let pending = self.running(|r| r.pending.take()).flatten()?;
        self.log(&format!(
            "%ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_ROLLBACK_START: Start rolling to: {}",
            pending.file
        ));
        let (_refused, _changes) = self.replace_configuration(&pending.user, &pending.before, false);
        self.tell();
        Some(pending.file)
    }

    pub(crate) fn with_pending<T>(&self, with: impl FnOnce(&mut Pending) -> T) -> Option<T> {
        self.running(|r| r.pending.as_mut().map(with)).flatten()
    }

    /// Does what is due of a change that is to be confirmed.
    pub(crate) fn revert_if_due(&self) {
        let now = SystemTime::now();
        let left = |pending: &mut Pending| {
            let left = pending.due().duration_since(now).unwrap_or_default();
            let warns = left <= Duration::from_secs(60) && pending.minutes > 1 && !pending.warned;
            pending.warned |= warns;
            (left.is_zero(), (warns && !left.is_zero()).then(|| pending.file.clone()))
        };
        match self.with_pending(left) {
            None | Some((false, None)) => {}
            Some((true, _)) => drop(self.revert_now()),
            Some((false, Some(file))) => self.log(&format!(
                "%ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_WARNING_ABSTIMER: System will rollback to config {file} in one minute. \
                 Enter \"configure confirm\" if you wish to keep what you've configured"
            )),
        }
    }
}

/// When something is due of a change that is to be confirmed.
pub(crate) fn deadline(running: &Running) -> Option<SystemTime> {
    let pending = running.pending.as_ref()?;
    Some(match pending.warned || pending.minutes <= 1 {
        true => pending.due(),
        false => pending.due() - Duration::from_secs(60),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Attendant, C2911, DeviceConfig, Stock, image};
    use std::sync::Arc;
    use std::time::Instant;
    use store::memory::Shelf;

    const LINES: &str = "hostname R1\narchive\n path flash:a\n maximum 2\nend\n";

    /// A device that runs with [`LINES`].
    fn device() -> Arc<Device> {
        let shelf = Shelf::new(&std::env::temp_dir());
        let recipe = image::Recipe { profile: &C2911, version: "15.1(4)M4", size: image::MIN_SIZE, seed: 7 };
        let mut octets = Vec::new();
        image::make(&recipe, &mut octets).expect("made");
        let content = shelf.take(&mut &octets[..]).expect("on the shelf");
        let name = VPath::parse(b"/old.bin").expect("a name");
        let stock = Stock { flash: vec![(name, content)], ..Stock::default() };
        let config = DeviceConfig { pace: 0.0, ..DeviceConfig::new("") };
        let device = Device::in_memory(config, &shelf, stock);
        device.write_startup(LINES).expect("room");
        device.power_on();
        device
    }

    fn host(device: &Device) -> String {
        device.running_config().hostname
    }

    /// What was to be confirmed so many seconds ago.
    fn ago(device: &Device, seconds: u64) {
        device.with_pending(|pending| pending.configured -= Duration::from_secs(seconds));
        device.tell();
    }

    fn pends(device: &Device) -> bool {
        device.with_pending(|_| ()).is_some()
    }

    #[test]
    fn what_nobody_confirms_goes_back_at_its_time() {
        let device = device();
        let Ok(file) = device.to_be_confirmed(Some(5), "bob") else { panic!("archiving is on") };
        device.take_configuration("bob", "hostname R2\n");
        ago(&device, 239);
        let mut seen = device.messages.end();
        device.revert_if_due();
        assert_eq!((host(&device).as_str(), device.messages.since(&mut seen).len()), ("R2", 0));
        ago(&device, 2);
        device.revert_if_due();
        device.revert_if_due();
        let said = device.messages.since(&mut seen);
        assert!(
            said.len() == 1 && said[0].text.contains(&format!("rollback to config {file} in one minute")),
            "{said:?}"
        );
        ago(&device, 60);
        device.revert_if_due();
        assert_eq!((host(&device).as_str(), pends(&device)), ("R1", false));
    }

    #[test]
    fn what_is_confirmed_or_postponed_stays() {
        let device = device();
        assert!(!device.confirm_change("bob") && !device.postpone(3) && device.revert_now().is_none());
        assert!(device.to_be_confirmed(Some(1), "bob").is_ok());
        device.take_configuration("bob", "hostname R2\n");
        ago(&device, 59);
        assert!(device.postpone(1));
        ago(&device, 59);
        device.revert_if_due();
        assert!(pends(&device) && device.confirm_change("bob"));
        device.revert_if_due();
        assert_eq!((host(&device).as_str(), pends(&device)), ("R2", false));
    }

    #[test]
    fn nobody_has_to_be_there() {
        let device = device();
        let _attendant = Attendant::start(std::slice::from_ref(&device)).expect("a thread");
        assert!(device.to_be_confirmed(Some(1), "bob").is_ok());
        device.take_configuration("bob", "hostname R2\n");
        ago(&device, 60);
        let end = Instant::now() + Duration::from_secs(20);
        while host(&device) != "R1" {
            assert!(Instant::now() < end, "not within 20 s");
            std::thread::yield_now();
        }
    }

    #[test]
    fn as_many_are_archived_as_are_allowed() {
        let device = device();
        for _ in 0..3 {
            assert!(device.archive_config().is_ok());
        }
        let saved = device.running(|r| r.archived.saved.clone()).expect("it runs");
        let names = device.flash.names();
        assert!(
            saved[0].starts_with("flash:a-") && saved[0].ends_with("-1") && saved[1].ends_with("-2"),
            "{saved:?}"
        );
        assert_eq!(names.iter().filter(|name| name.starts_with("a-")).count(), 2, "{names:?}");
        device.take_configuration("bob", "archive\n path flash:$h-at-$t\n");
        assert!(
            device
                .archive_config()
                .is_ok_and(|name| name.starts_with("flash:R1-at-") && name.ends_with("-3"))
        );
        device.take_configuration("bob", "archive\n path tftp://10.0.0.1/x\n");
        assert!(matches!(device.archive_config(), Err(NotArchived::File(_, Reason::BadFileName))));
        device.take_configuration("bob", "no archive\n");
        assert!(matches!(device.archive_config(), Err(NotArchived::Off)));
    }

    #[test]
    fn a_configuration_in_place_of_another_leaves_nothing_of_it() {
        let device = device();
        device.take_configuration(
            "bob",
            "username bob secret x\ninterface g0/0\n ip address 10.0.0.2 255.0.0.0\n no shutdown\n",
        );
        let bad = "hostname R2\nfrobnicate\nend\n";
        assert_eq!(device.replace_configuration("bob", bad, true), (vec!["frobnicate".into()], false));
        assert_eq!(host(&device), "R1");
        assert_eq!(device.replace_configuration("bob", bad, false), (vec!["frobnicate".into()], true));
        let config = device.running_config();
        assert!(config.users.is_empty() && config.interfaces.iter().all(|i| i.address.is_none()));
        assert_eq!(device.replace_configuration("bob", "hostname R2\nend\n", false), (vec![], false));
    }
}
