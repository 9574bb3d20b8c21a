//! An upload whose octets count as they come.

use super::Inner;
use super::ledger::Taken;
use crate::{Amount, Attributes, Mode, Published, Result, Sink, Suspended, Upload, VPath};
use std::io;
use std::sync::Arc;

pub(super) struct Counted {
    quota: Arc<Inner>,
    /// Its number in the ledger, which knows the directory, also when that is renamed.
    run: u64,
    /// None once it has ended.
    upload: Option<Box<dyn Upload>>,
    areas: Taken,
    /// What it has taken.
    taken: Amount,
}

impl Counted {
    pub(super) fn begin(
        quota: &Arc<Inner>,
        path: &VPath,
        mode: Mode,
        owner: &str,
    ) -> Result<Box<dyn Upload>> {
        let (store, ledger, dir) = (&quota.store, &quota.ledger, path.parent());
        quota.wait();
        let _turn = ledger.turn();
        let areas = ledger.take(&dir, Amount::file(0))?;
        // From here on it ends by being dropped.
        let mut counted = Counted {
            quota: quota.clone(),
            run: ledger.begin_run(&dir),
            upload: None,
            areas,
            taken: Amount::file(0),
        };
        let partial = match mode {
            Mode::New | Mode::Overwrite | Mode::Modify => None,
            Mode::Resume(_) => store.partial(path, owner),
            Mode::Append if store.stat(path).is_ok() => None,
            Mode::Append => store.partial(path, owner),
        };
        let upload = store.create(path, mode, owner)?;
        if let Some(octets) = partial {
            // It counts as this upload now, which takes it along whatever its end is.
            ledger.settle(&dir, Amount::NONE, Amount::file(octets));
        }
        let start = upload.len();
        counted.upload = Some(upload);
        if let Err(why) = counted.grow(start) {
            // Here, within our turn. The partial goes with it.
            drop(counted.upload.take());
            return Err(why);
        }
        Ok(Box::new(counted))
    }

    fn grow(&mut self, to: u64) -> Result<()> {
        let more = Amount { octets: to.saturating_sub(self.taken.octets), files: 0 };
        if more.octets > 0 {
            self.quota.ledger.take_more(&self.areas, more)?;
            self.taken += more;
        }
        Ok(())
    }

    fn upload(&self) -> &dyn Upload {
        self.upload.as_deref().expect("there until commit() or suspend(), which take self")
    }

    fn upload_mut(&mut self) -> &mut Box<dyn Upload> {
        self.upload.as_mut().expect("there until commit() or suspend(), which take self")
    }

    /// Counts what it left in place of what it had taken.
    fn settle(&mut self, more: Amount, less: Amount) {
        let (areas, taken) = (std::mem::take(&mut self.areas), std::mem::take(&mut self.taken));
        let (ledger, dir) = (&self.quota.ledger, self.quota.ledger.dir_of_run(self.run));
        ledger.settle_taken(&areas, taken, &dir, more, less);
    }
}

impl Sink for Counted {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<()> {
        if let Err(why) = self.grow(offset.saturating_add(octets.len() as u64)) {
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, why));
        }
        self.upload_mut().write_at(offset, octets)
    }

    // No descriptor: what is written through it is not counted before it is there.
}

impl Upload for Counted {
    fn len(&self) -> u64 {
        self.upload().len()
    }

    fn start(&self) -> u64 {
        self.upload().start()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.upload().read_at(offset, buf)
    }

    fn wrote_to(&mut self, end: u64) {
        self.upload_mut().wrote_to(end);
    }

    fn reserve(&mut self, len: u64) -> Result<()> {
        self.grow(len)?;
        self.upload_mut().reserve(len)
    }

    fn set_len(&mut self, len: u64) -> Result<()> {
        self.grow(len)?;
        self.upload_mut().set_len(len)?;
        let less = Amount { octets: self.taken.octets.saturating_sub(len), files: 0 };
        if less.octets > 0 {
            self.quota.ledger.give(&self.areas, less);
            self.taken = self.taken.less(less);
        }
        Ok(())
    }

    fn set_attributes(&mut self, attributes: Attributes) -> Result<()> {
        self.upload_mut().set_attributes(attributes)
    }

    fn keep_old(&mut self) -> Result<()> {
        self.upload_mut().keep_old()
    }

    fn commit(mut self: Box<Self>) -> Result<Published> {
        let quota = self.quota.clone();
        let _turn = quota.ledger.turn();
        let published = self.upload.take().expect("an upload is committed once").commit()?;
        self.settle(Amount::file(published.len), published.freed);
        Ok(published)
    }

    fn suspend(mut self: Box<Self>) -> Result<Suspended> {
        let quota = self.quota.clone();
        let _turn = quota.ledger.turn();
        let suspended = self.upload.take().expect("an upload is suspended once").suspend()?;
        self.settle(suspended.kept, suspended.freed);
        Ok(suspended)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let quota = self.quota.clone();
        // Within a turn; where commit() or suspend() has failed it is theirs that is held, and another would
        // wait for a walk that waits for theirs.
        let _turn = self.upload.is_some().then(|| quota.ledger.turn());
        // First the file, so that what is given back is really free.
        drop(self.upload.take());
        self.quota.ledger.give(&self.areas, self.taken);
        self.quota.ledger.end_run(self.run);
    }
}

#[cfg(test)]
mod tests {
    use crate::memory::Memory;
    use crate::quota::{Limit, Quota, Ration};
    use crate::{Mode, Store, VPath};
    use std::sync::Arc;

    fn p(path: &str) -> VPath {
        VPath::parse(path.as_bytes()).unwrap()
    }

    fn octets(octets: u64) -> Limit {
        Limit { octets: Some(octets), files: None }
    }

    #[test]
    fn what_is_modified_counts_twice_until_it_is_there_and_what_is_cut_off_no_more() {
        let memory = Memory::new();
        memory.seed("/f", vec![1; 40]);
        let store =
            Quota::new(Arc::new(memory), vec![Ration { at: p("/"), each: false, limit: octets(100) }]);
        store.walk(false, &|| true).unwrap();
        let free = || store.space(&p("/f")).unwrap().free;
        assert_eq!(free(), 60);
        let mut upload = store.create(&p("/f"), Mode::Modify, "").unwrap();
        assert_eq!(free(), 20);
        assert!(upload.set_len(61).is_err());
        upload.set_len(60).unwrap();
        assert_eq!(free(), 0);
        upload.set_len(10).unwrap();
        assert_eq!(free(), 50);
        upload.commit().unwrap();
        assert_eq!(free(), 90);
        let mut upload = store.create(&p("/f"), Mode::Modify, "").unwrap();
        upload.set_len(90).unwrap();
        drop(upload);
        assert_eq!(free(), 90);
    }

    #[test]
    fn room_that_is_reserved_is_nobody_elses_until_the_upload_ends() {
        let at = Ration { at: p("/"), each: false, limit: octets(100) };
        let store = Quota::new(Arc::new(Memory::new()), vec![at]);
        store.walk(false, &|| true).unwrap();
        let free = || store.space(&p("/f")).unwrap().free;
        let mut first = store.create(&p("/f"), Mode::New, "").unwrap();
        first.reserve(60).unwrap();
        assert_eq!(free(), 40);
        let mut second = store.create(&p("/g"), Mode::New, "").unwrap();
        assert!(second.reserve(60).is_err());
        second.reserve(40).unwrap();
        assert_eq!(free(), 0);
        // What is written is in it, and takes nothing more.
        first.write_at(0, &[1; 50]).unwrap();
        assert!(second.write_at(40, &[1]).is_err());
        drop(second);
        assert_eq!(free(), 40);
        first.commit().unwrap();
        assert_eq!(free(), 50);
    }
}
