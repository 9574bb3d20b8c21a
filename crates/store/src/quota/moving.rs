//! What is moved from under some limits under others.

use super::ledger::{Ledger, Table};
use crate::{Amount, Result, StoreError, VPath};

/// So much of what a directory holds itself, which is to be in another.
pub(super) struct Move {
    pub(super) old: VPath,
    pub(super) new: VPath,
    pub(super) amount: Amount,
}

/// Moves that have taken their room where they come to.
pub(super) struct Moving {
    moves: Vec<Move>,
    /// By area.
    taken: Vec<(usize, Amount)>,
}

impl Moving {
    fn give(&self, table: &mut Table) {
        self.taken.iter().for_each(|(nth, amount)| table.give(&vec![*nth], *amount));
    }
}

impl Table {
    /// Whether so much is left in each of these areas: of octets first.
    fn have_room(&self, taken: &[(usize, Amount)]) -> Result<()> {
        if !self.known && !taken.is_empty() {
            return Err(StoreError::Counting);
        }
        let only = |octets: bool, amount: Amount| match octets {
            true => Amount { files: 0, ..amount },
            false => Amount { octets: 0, ..amount },
        };
        for octets in [true, false] {
            taken.iter().try_for_each(|(nth, more)| self.areas[*nth].room().fits(only(octets, *more)))?;
        }
        Ok(())
    }
}

impl Ledger {
    /// Whether the same limits hold for whatever is in a directory under either of two names.
    pub(super) fn is_same_under(&self, old: &VPath, new: &VPath) -> bool {
        // One that begins at the directory or below it, or at each of the directories that it is one of.
        let is_about = |dir: &VPath| {
            self.rations
                .iter()
                .any(|r| r.at.is_within(dir) || (r.each && !dir.is_root() && dir.parent() == r.at))
        };
        self.area_paths(old) == self.area_paths(new) && !is_about(old) && !is_about(new)
    }

    /// Takes the room for what is moved, of the limits that hold for it under its new name and not under the old
    /// one. [`StoreError::Busy`]: an upload runs below `old` and would come under other limits.
    pub(super) fn take_moves(&self, old: &VPath, new: &VPath, moves: Vec<Move>) -> Result<Moving> {
        let mut table = self.table();
        for dir in table.runs.values().filter(|dir| dir.is_within(old)) {
            let moved = dir.below(old).and_then(|rest| rest.under(new).ok()).ok_or(StoreError::Denied)?;
            if self.area_paths(dir) != self.area_paths(&moved) {
                return Err(StoreError::Busy);
            }
        }
        let mut taken: Vec<(usize, Amount)> = Vec::new();
        for one in moves.iter().filter(|one| one.amount != Amount::NONE) {
            let left = self.areas(&mut table, &one.old);
            for nth in self.areas(&mut table, &one.new).into_iter().filter(|nth| !left.contains(nth)) {
                match taken.iter_mut().find(|(other, _)| *other == nth) {
                    Some((_, sum)) => *sum += one.amount,
                    None => taken.push((nth, one.amount)),
                }
            }
        }
        table.have_room(&taken).inspect_err(|_| table.forget())?;
        for (nth, more) in &taken {
            table.areas[*nth].open += *more;
        }
        Ok(Moving { moves, taken })
    }

    /// Nothing was moved.
    pub(super) fn give_moves(&self, moving: &Moving) {
        moving.give(&mut self.table());
    }

    /// It was; `gone`, in the directory where it is now, is what stood there. Within a turn.
    pub(super) fn settle_moves(&self, moving: Moving, gone: (&VPath, Amount)) {
        // In one moment: what is given back here is free for nobody else.
        let mut table = self.table();
        moving.give(&mut table);
        for one in moving.moves {
            self.settle_in(&mut table, &one.old, Amount::NONE, one.amount);
            self.settle_in(&mut table, &one.new, one.amount, Amount::NONE);
        }
        self.settle_in(&mut table, gone.0, Amount::NONE, gone.1);
    }

    /// A directory has another path now, and with it the uploads that run in it. Within a turn.
    pub(super) fn moved_a_directory(&self, old: &VPath, new: &VPath) {
        let mut table = self.table();
        table.void_walk();
        for dir in table.runs.values_mut() {
            if let Some(moved) = dir.below(old).and_then(|rest| rest.under(new).ok()) {
                *dir = moved;
            }
        }
    }
}
