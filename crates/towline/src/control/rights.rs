use transport::Caller;

/// Who may ask: root, the server's own user, and the members of the socket's group.
///
/// The socket's mode says the same, but a mode is changed with one word, and a directory copied with its rights
/// lost. What the kernel says of the caller holds in any case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rights {
    /// The group whose members may.
    pub group: Option<u32>,
}

impl Rights {
    /// Whether this caller may ask a server that runs as the user `own`.
    pub fn allow(self, caller: &Caller, own: u32) -> bool {
        caller.uid == 0 || caller.uid == own || self.group.is_some_and(|group| caller.groups.contains(&group))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_oneself_and_the_group_may_and_nobody_else() {
        let rights = Rights { group: Some(70) };
        for (uid, groups, may) in [
            (0, vec![0], true),
            (500, vec![500], true),
            (501, vec![501, 70], true),
            (501, vec![70], true),
            (501, vec![501, 71], false),
            (65_534, vec![65_534], false),
        ] {
            let caller = Caller { pid: 1, uid, groups };
            assert_eq!(rights.allow(&caller, 500), may, "{caller:?}");
        }
        let caller = Caller { pid: 1, uid: 501, groups: vec![0] };
        assert!(!Rights { group: None }.allow(&caller, 500), "without a group nobody has one");
    }
}
