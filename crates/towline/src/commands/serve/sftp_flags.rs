//! The flags of SFTP.

use super::want;
use crate::config::Loaded;
use crate::config::sftp::Profile;
use clap::Args;
use serve::listen::Want;
use std::path::PathBuf;

/// SFTP and SCP: off unless asked for.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "SFTP and SCP")]
pub(crate) struct SftpFlags {
    /// Serve over SFTP too: a port, or default: 22, and 2222 where 22 is not to be had. Without users there is
    /// one for this run, whose password is printed.
    #[arg(long, value_name = "PORT|default|off", value_parser = want)]
    sftp: Option<Want>,
    /// The directory with the host's keys, made where there are none.
    #[arg(long, value_name = "DIR", requires = "sftp")]
    host_keys: Option<PathBuf>,
    /// Which algorithms SSH takes: modern, compat (SHA-1 too) or legacy-ios (group1, CBC and 3DES too).
    #[arg(long, value_name = "PROFILE", value_parser = profile, requires = "sftp")]
    ssh_profile: Option<Profile>,
}

fn profile(text: &str) -> Result<Profile, String> {
    let row = Profile::ALL.iter().find(|(_, word)| *word == text);
    row.map(|(profile, _)| *profile).ok_or_else(|| String::from("give modern, compat or legacy-ios"))
}

impl SftpFlags {
    /// Sets what the flags say.
    pub(super) fn apply(&self, loaded: &mut Loaded) {
        if let Some(want) = self.sftp {
            loaded.flag("sftp.port", "--sftp").sftp.port = want;
        }
        if let Some(dir) = &self.host_keys {
            loaded.flag("sftp.host-keys", "--host-keys").sftp.host_keys = Some(dir.clone());
        }
        if let Some(profile) = self.ssh_profile {
            loaded.flag("sftp.profile", "--ssh-profile").sftp.profile = profile;
        }
    }
}
