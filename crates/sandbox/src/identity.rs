//! Users, groups, capabilities.

use crate::Fault;
use rustix::process::{Gid, Uid};
use rustix::thread::{
    CapabilitySet, capability_is_in_bounding_set, remove_capability_from_bounding_set, set_thread_groups,
    set_thread_res_gid, set_thread_res_uid,
};

/// Whom to become; never root.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Become {
    uid: Uid,
    gid: Gid,
}

impl Become {
    /// That user with that one group; `None` where one of them is root's, or no identity at all.
    pub fn new(uid: u32, gid: u32) -> Option<Become> {
        let fits = |id: u32| id != 0 && id != u32::MAX;
        (fits(uid) && fits(gid)).then(|| Become { uid: Uid::from_raw(uid), gid: Gid::from_raw(gid) })
    }

    /// The user.
    pub fn uid(self) -> Uid {
        self.uid
    }

    /// The group.
    pub fn gid(self) -> Gid {
        self.gid
    }

    /// Becomes it for good: no group, saved identity or capability is left. Before the first thread.
    ///
    /// # Errors
    /// See [`Fault`]: the process must end.
    pub fn become_it(self) -> Result<(), Fault> {
        crate::plan::alone()?;
        let fault = |e: rustix::io::Errno| Fault::Identity(e.into());
        // Already him (a service manager saw to it): groups cannot be changed, nor need they be.
        if (rustix::process::getuid(), rustix::process::getgid()) == (self.uid, self.gid)
            && rustix::process::geteuid() == self.uid
        {
            return Ok(());
        }
        drop_bounding_set();
        set_thread_groups(&[self.gid]).map_err(fault)?;
        set_thread_res_gid(self.gid, self.gid, self.gid).map_err(fault)?;
        set_thread_res_uid(self.uid, self.uid, self.uid).map_err(fault)?;
        match set_thread_res_uid(Uid::ROOT, Uid::ROOT, Uid::ROOT) {
            Err(_) => Ok(()),
            Ok(()) => Err(Fault::StillRoot),
        }
    }
}

/// No program that is started from here on has a capability, whatever its file says. Needs CAP_SETPCAP;
/// without it no_new_privs says the same.
fn drop_bounding_set() {
    for capability in CapabilitySet::all().iter() {
        // A kernel that does not know one has none to drop.
        if capability_is_in_bounding_set(capability).unwrap_or(false) {
            let _ = remove_capability_from_bounding_set(capability);
        }
    }
}

/// The user of this process.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
