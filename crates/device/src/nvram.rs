//! The saved configuration: in NVRAM, or in a file of flash where that is only simulated.

use crate::boot::switch::CONFIG_FILE;
use crate::device::Device;
use store::{Blob, Mode, Sink, StoreError, VPath};

impl Device {
    /// The text of the startup configuration; `None` where there is none.
    pub(crate) fn startup(&self) -> Option<String> {
        let blob = self.startup_blob()?;
        let mut octets = vec![0; usize::try_from(blob.len().min(4 << 20)).ok()?];
        let n = blob.read_at(0, &mut octets).ok()?;
        octets.truncate(n);
        Some(String::from_utf8_lossy(&octets).into_owned()).filter(|t| !t.is_empty())
    }

    /// The file of flash that is the saved configuration, where it is one: `boot config-file` names another than the model's.
    pub(crate) fn config_file(&self) -> Option<VPath> {
        let own = self.config.profile.nvram.file.as_ref()?.path().clone();
        let told = self.state().monitor.get(CONFIG_FILE).map(str::to_owned);
        let told = told.and_then(|told| {
            let name = crate::profile::Prefix::strip(&told)?;
            VPath::parse(name.as_bytes()).ok().filter(|path| !path.is_root())
        });
        Some(told.unwrap_or(own))
    }

    fn startup_blob(&self) -> Option<Blob> {
        match self.config_file() {
            Some(file) => self.flash.open(&file).ok(),
            None => self.nvram.open(&startup_path()).ok(),
        }
    }

    /// Replaces the startup configuration.
    pub(crate) fn write_startup(&self, text: &str) -> Result<(), StoreError> {
        if text.len() as u64 > self.config.profile.nvram.total.get() {
            return Err(StoreError::NoSpace);
        }
        match self.config_file() {
            Some(file) => {
                let mut upload = self.flash.create(&file)?;
                upload.write_at(0, text.as_bytes())?;
                upload.commit()?;
            }
            None => {
                let mut upload = self.nvram.create(&startup_path(), Mode::Overwrite, "device")?;
                upload.write_at(0, text.as_bytes())?;
                upload.commit()?;
            }
        }
        Ok(())
    }

    /// `erase startup-config`.
    pub(crate) fn erase_startup(&self) -> Result<(), StoreError> {
        let removed = match self.config_file() {
            Some(file) => self.flash.remove(&file),
            None => self.nvram.remove(&startup_path()).map(drop),
        };
        match removed {
            Ok(()) | Err(StoreError::Absent) => {}
            Err(e) => return Err(e),
        }
        self.running(|r| r.saved = None);
        self.erase_keys();
        Ok(())
    }

    /// Octets of NVRAM in use.
    pub(crate) fn nvram_used(&self) -> u64 {
        self.startup().map_or(0, |t| t.len() as u64)
    }
}

fn startup_path() -> VPath {
    VPath::parse(b"/startup-config").expect("a plain name")
}
