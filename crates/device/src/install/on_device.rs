//! What boots by a provisioning file.

use super::{BadProvision, Provision};
use crate::profile::Loader;
use crate::{Device, boot, image};
use store::{Blob, VPath};

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
