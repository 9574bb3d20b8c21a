//! `tftp-server`: files of flash for whoever asks by TFTP, by this house's TFTP server.
//!
//! What it does not do: access lists, other file systems, uploads. What is served is looked up for each request, so that
//! a line of the configuration holds at once; while no IOS runs there is no file.

use crate::config::Config;
use crate::device::Device;
use crate::ifs::{Fs, Url};
use gate::{Gate, Policy};
use serve::tftp::{TftpConfig, TftpServer};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Weak};
use std::time::SystemTime;
use store::{Blob, Capabilities, Cursor, Entry, Facts, Kind, Result, Space, Store, StoreError, VPath};

/// A TFTP server for the files that a device's configuration names. Dropped it ends, with what is under way.
pub struct TftpFiles {
    server: TftpServer,
}

impl TftpFiles {
    /// Answers on `socket`.
    ///
    /// # Errors
    /// No thread, or the socket cannot be used.
    pub fn start(device: &Arc<Device>, socket: UdpSocket) -> io::Result<TftpFiles> {
        let files = Arc::new(Listed { device: Arc::downgrade(device) });
        // Nobody listens to the events: a router keeps no record.
        let (gate, _events) = Gate::new(files, Policy { write: false, ..Policy::default() });
        let tap = device.config.tap.clone();
        Ok(TftpFiles { server: TftpServer::start(gate, vec![socket], TftpConfig::default(), tap)? })
    }

    /// Where it answers.
    pub fn address(&self) -> SocketAddr {
        self.server.addresses()[0]
    }
}

impl Config {
    /// What `tftp-server` lines serve: the name it is asked for by, and the file.
    pub fn tftp_files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.kept.iter().filter_map(|line| {
            let mut words = line.strip_prefix("tftp-server ")?.split_whitespace();
            let file = words.next()?;
            let name = match words.next() {
                Some("alias") => words.next()?,
                Some(_) | None => file.split_once(':').map_or(file, |(_, path)| path),
            };
            Some((name.trim_start_matches('/'), file))
        })
    }
}

/// The files that are listed, and nothing else.
struct Listed {
    device: Weak<Device>,
}

impl Listed {
    /// The file of flash that `asked` stands for, on a device that runs.
    fn find(&self, asked: &VPath) -> Result<(Arc<Device>, VPath)> {
        let device = self.device.upgrade().ok_or(StoreError::Absent)?;
        let config = device.running(|r| r.config.clone()).ok_or(StoreError::Absent)?;
        let mut listed = config.tftp_files();
        let (_, file) =
            listed.find(|(name, _)| name.as_bytes() == asked.relative()).ok_or(StoreError::Absent)?;
        match Url::parse(file, &VPath::root(), &device.profile().flash.prefixes) {
            Ok(Url::Local { fs: Fs::Flash, path, .. }) => Ok((device, path)),
            Ok(Url::Local { .. } | Url::Net(_)) | Err(_) => Err(StoreError::Absent),
        }
    }
}

/// Nothing is listed as such: TFTP asks for files only.
struct NoNames;

impl Cursor for NoNames {
    fn next(&mut self) -> Result<Vec<Entry>> {
        Ok(Vec::new())
    }
}

impl Store for Listed {
    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    fn stat(&self, path: &VPath) -> Result<Facts> {
        if path.is_root() {
            let modified = SystemTime::UNIX_EPOCH;
            return Ok(Facts { kind: Kind::Directory, len: 0, modified, mode: 0o555, unique: (0, 0) });
        }
        let (device, file) = self.find(path)?;
        device.flash.facts(&file)
    }

    fn list(&self, _: &VPath) -> Result<Box<dyn Cursor>> {
        Ok(Box::new(NoNames))
    }

    fn open(&self, path: &VPath) -> Result<Blob> {
        let (device, file) = self.find(path)?;
        device.flash.open(&file)
    }

    fn space(&self, _: &VPath) -> Result<Space> {
        Ok(Space { total: 0, free: 0, files: None, quota: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::C2911;

    #[test]
    fn lines_name_files_and_what_they_are_asked_for_by() {
        let mut config = Config::new(&C2911);
        let refused = config.merge(
            &C2911,
            "tftp-server flash:a.bin\ntftp-server flash0:/dir/b.bin\ntftp-server flash:c alias d.bin 10\ntftp-server flash:e 10\nend\n",
        );
        assert!(refused.is_empty(), "{refused:?}");
        let expected = [
            ("a.bin", "flash:a.bin"),
            ("dir/b.bin", "flash0:/dir/b.bin"),
            ("d.bin", "flash:c"),
            ("e", "flash:e"),
        ];
        assert_eq!(config.tftp_files().collect::<Vec<_>>(), expected);
    }
}
