//! Transfers, from their place to their end.

use super::{Asker, BEGAN, Model, Transfer, What, civil};
use crate::grants::Ended;
use crate::places::{room, room_of_user};
use crate::rights::{Old, Verb, Who};
use crate::{Answer, Counted, Mode, Name, Protocol, Right, Why};

impl Model {
    /// Takes a place.
    pub(super) fn place(&self, asker: &Asker) -> Result<Option<String>, Why> {
        let held = self.holders(Counted::Transfers);
        room(&self.config, Counted::Transfers, &held, self.sessions[asker.session].knock.peer.ip())?;
        match &asker.who {
            Who::User(user) => {
                room_of_user(&self.config, Counted::Transfers, &held, &user.name)?;
                Ok(Some(user.name.clone()))
            }
            Who::Nobody | Who::Anonymous | Who::Grant(_) => Ok(None),
        }
    }

    pub(super) fn spend(&mut self, asker: &Asker, right: Right) -> Result<Option<usize>, Why> {
        let Who::Grant(given) = &asker.who else { return Ok(None) };
        let knock = &self.sessions[asker.session].knock;
        let repeats = knock.protocol == Protocol::Tftp;
        let spent = self.grants.spend(given.nth, knock.peer, &asker.path, right, repeats, self.now);
        spent.map(Some).ok_or(Why::Denied)
    }

    pub(super) fn read(
        &mut self,
        transfer: usize,
        slot: usize,
        name: &Name,
        looks: bool,
    ) -> Result<Answer, Why> {
        if self.transfers.contains_key(&transfer) {
            return Ok(Answer::Skipped);
        }
        let Some(asker) = self.asker(slot, name, true)? else { return Ok(Answer::Skipped) };
        self.judge(&asker).may(Verb::Read, Right::Read, &asker.path)?;
        // A look at what could not be read is refused as well; TFTP, which may ask again, does not look.
        if let Who::Grant(given) = &asker.who
            && looks
            && self.sessions[asker.session].knock.protocol != Protocol::Tftp
            && self.grants.is_used_up(given.nth)
        {
            return Err(Why::Denied);
        }
        let content = self.tree.open(&asker.path);
        let (user, content) = match looks {
            true => content.and_then(|content| Ok((self.place(&asker)?, content)))?,
            false => (self.place(&asker)?, content?),
        };
        let spent = self.spend(&asker, Right::Read)?;
        let begun = Transfer { session: asker.session, user, spent, what: What::Read };
        self.transfers.insert(transfer, begun);
        Ok(Answer::Content(content))
    }

    pub(super) fn write(
        &mut self,
        transfer: usize,
        slot: usize,
        name: &Name,
        mode: Mode,
        expected: Option<u64>,
    ) -> Result<Answer, Why> {
        if self.transfers.contains_key(&transfer) {
            return Ok(Answer::Skipped);
        }
        let Some(mut asker) = self.asker(slot, name, true)? else { return Ok(Answer::Skipped) };
        let judge = self.judge(&asker);
        let (old, no_new) = judge.upload(&asker.path)?;
        if !self.tree.is_written(&asker.path) {
            return Err(Why::Denied);
        }
        let goes_on = matches!(mode, Mode::Resume(_) | Mode::Append);
        let is_drop_box = judge.is_drop_box(&asker.path);
        if is_drop_box && goes_on {
            return Err(Why::Unsupported);
        }
        if is_drop_box && asker.path == "/" {
            return Err(Why::IsDirectory);
        }
        if let Some(why) = no_new.filter(|_| self.tree.stat(&asker.path) == Err(Why::Absent)) {
            return Err(why);
        }
        let user = self.place(&asker)?;
        if let Some(expected) = expected {
            self.tree.announced(&asker.path, expected)?;
        }
        let upload = self.begun;
        let (mode, owner) = match old {
            _ if is_drop_box => {
                asker.path = self.stamped(&asker.path)?;
                (Mode::New, None)
            }
            Old::Stays if goes_on => return Err(Why::Unsupported),
            Old::Stays => (Mode::New, self.owner(&asker)),
            Old::Replaced | Old::Kept => (mode, self.owner(&asker)),
        };
        let keeps = owner.is_some();
        let start = self.tree.begin(upload, &asker.path, mode, &owner.unwrap_or_default())?;
        self.tree.upload(upload).keeps_old = old == Old::Kept && mode != Mode::New;
        let room = expected.map_or(Ok(()), |expected| self.tree.reserve(upload, start.max(expected)));
        let spent = match room.and_then(|()| self.spend(&asker, Right::Write)) {
            Ok(spent) => spent,
            Err(why) => {
                self.tree.abandon(upload);
                return Err(why);
            }
        };
        self.begun += 1;
        let what = What::Write { upload, keeps, came: 0 };
        self.transfers.insert(transfer, Transfer { session: asker.session, user, spent, what });
        Ok(Answer::From(start))
    }

    /// The name of its own that an upload into a drop box has: with the time, and a number if that is taken.
    pub(super) fn stamped(&self, path: &str) -> Result<String, Why> {
        let stamp = civil(BEGAN + self.now);
        for n in 1..=1_000 {
            let path = if n == 1 { format!("{path}.{stamp}") } else { format!("{path}.{stamp}-{n}") };
            match self.tree.stat(&path) {
                _ if self.tree.is_uploaded(&path) => {}
                Err(Why::Absent) => return Ok(path),
                Ok(_) => {}
                Err(why) => return Err(why),
            }
        }
        Err(Why::Busy)
    }

    /// All of a file was read.
    pub(super) fn sent(&mut self, transfer: usize) -> Answer {
        match self.transfers.get(&transfer).map(|t| &t.what) {
            Some(What::Read) => self.ended(transfer, Ended::Complete),
            Some(What::Write { .. }) | None => return Answer::Skipped,
        }
        Answer::Done
    }

    pub(super) fn ended(&mut self, transfer: usize, how: Ended) {
        let over = self.transfers.remove(&transfer).expect("it runs");
        if let Some(spent) = over.spent {
            self.grants.ended(spent, how);
        }
    }
}
