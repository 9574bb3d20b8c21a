//! The digests of images and of what was uploaded, computed beside serving on a thread of their own.

use super::announce;
use crate::events::Event;
use gate::audit::What;
use gate::{Algorithm, Digest, Gate};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::time::{Duration, Instant};
use store::{Blob, Identity, Store, VPath};
use transport::Cancel;

/// Uploads that wait for their digests; one more has none.
const WAITING: usize = 1_024;
/// Hashing waits until nothing was transferred for so long: it is not to slow transfers down.
const QUIET: Duration = Duration::from_secs(1);
/// But not longer than this.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// An upload that has ended complete.
pub(super) struct Uploaded {
    pub(super) transfer: u64,
    pub(super) path: VPath,
    /// Of the content as it was published.
    pub(super) identity: Identity,
}

/// The thread; dropped, it ends after the octets that it is reading.
pub(super) struct Digesting {
    uploads: SyncSender<Uploaded>,
    told: Receiver<(String, Event)>,
    cancel: Cancel,
}

impl Digesting {
    /// Begins with the images.
    pub(super) fn start(
        gate: &Arc<Gate>,
        store: Arc<dyn Store>,
        images: Vec<VPath>,
        cancel: Cancel,
    ) -> Digesting {
        let (uploads, queue) = mpsc::sync_channel::<Uploaded>(WAITING);
        let (tell, told) = mpsc::channel();
        let work = Work { gate: gate.clone(), store, cancel: cancel.clone() };
        let run = move || {
            for path in images {
                if let Some(known) = work.image(&path)
                    && tell.send(known).is_err()
                {
                    return;
                }
            }
            while let Ok(uploaded) = queue.recv() {
                if let Some(digested) = work.upload(&uploaded) {
                    work.gate.tell(digested);
                }
            }
        };
        // Without the thread nothing is missing but the digests.
        let _ = std::thread::Builder::new().name("digests".into()).spawn(run);
        Digesting { uploads, told, cancel }
    }

    /// Has an upload's digests computed, some time.
    pub(super) fn take(&self, uploaded: Uploaded) {
        // A full queue: so many uploads in so short a time have no digests in the log.
        let _ = self.uploads.try_send(uploaded);
    }

    /// What is known of images meanwhile: lines for people, and the event.
    pub(super) fn known(&self) -> Option<(String, Event)> {
        self.told.try_recv().ok()
    }
}

impl Drop for Digesting {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

struct Work {
    gate: Arc<Gate>,
    store: Arc<dyn Store>,
    cancel: Cancel,
}

impl Work {
    fn image(&self, path: &VPath) -> Option<(String, Event)> {
        // A file that went away meanwhile has no digest to show.
        let blob = self.store.open(path).ok()?;
        let (md5, sha512) = (self.digest(&blob, Algorithm::Md5)?, self.digest(&blob, Algorithm::Sha512)?);
        let name = String::from_utf8_lossy(path.name()).into_owned();
        let decoded = ios_cli::image_name::ImageName::parse(&name).map(|i| i.to_string());
        let text = announce::image(&name, &md5, &sha512);
        let (path, octets) = (path.to_string(), blob.len());
        Some((text, Event::Image { path, octets, md5, sha512, name: decoded }))
    }

    fn upload(&self, uploaded: &Uploaded) -> Option<What> {
        self.wait_for_quiet();
        let blob = self.store.open(&uploaded.path).ok()?;
        // Somebody has replaced it: these would be digests of something else.
        let Blob::File { identity: now, .. } = &blob else { return None };
        let then = &uploaded.identity;
        if (now.dev, now.ino, now.len, now.modified) != (then.dev, then.ino, then.len, then.modified) {
            return None;
        }
        let digest = |algorithm| Some(Digest { algorithm, hex: self.digest(&blob, algorithm)? });
        let digests = vec![digest(Algorithm::Md5)?, digest(Algorithm::Sha256)?];
        let (path, octets) = (uploaded.path.clone(), blob.len());
        Some(What::Digested { transfer: uploaded.transfer, path, octets, digests })
    }

    fn digest(&self, blob: &Blob, algorithm: Algorithm) -> Option<String> {
        let go_on = || !self.cancel.is_cancelled();
        Some(self.gate.digests().of(blob, algorithm, &go_on).ok()??.hex)
    }

    fn wait_for_quiet(&self) {
        let began = Instant::now();
        let mut busy = began;
        while !self.cancel.is_cancelled() && busy.elapsed() < QUIET && began.elapsed() < PATIENCE {
            if self.gate.open().1 > 0 {
                busy = Instant::now();
            }
            std::thread::sleep(LOOK);
        }
    }
}
