//! Times and modes.

use super::{p, put};
use crate::{Attributes, Mode, Store, StoreError};
use std::time::{Duration, UNIX_EPOCH};

pub(super) fn modes_can_be_set(store: &dyn Store) {
    if !store.capabilities().facts {
        return;
    }
    put(store, "/f", b"x");
    let mode = |path: &str| store.stat(&p(path)).unwrap().mode;
    // The owner, who serves it, can always read it; what is not a permission is dropped.
    for (asked, is) in [(0o640, 0o640), (0o4711, 0o711), (0o000, 0o400), (0o444, 0o444), (0o600, 0o600)] {
        store.set_mode(&p("/f"), asked).unwrap();
        assert_eq!(mode("/f"), is, "{asked:o}");
    }
    put(store, "/f", b"another content");
    assert_eq!(mode("/f"), 0o600, "a private file does not become public");
    assert!(matches!(store.set_mode(&p("/g"), 0o600), Err(StoreError::Absent)));
    if store.capabilities().directories {
        store.make_dir(&p("/d")).unwrap();
        store.set_mode(&p("/d"), 0).unwrap();
        assert_eq!(mode("/d"), 0o700);
        put(store, "/d/f", b"still goes in");
    }
}

pub(super) fn an_upload_brings_its_time_and_mode(store: &dyn Store) {
    if !store.capabilities().facts {
        return;
    }
    let then = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let put = |path: &str, attributes: &[Attributes]| {
        let mut upload = store.create(&p(path), Mode::Overwrite, "").unwrap();
        for one in attributes {
            upload.set_attributes(*one).unwrap();
        }
        upload.write_at(0, b"content").unwrap();
        upload.commit().unwrap();
        let facts = store.stat(&p(path)).unwrap();
        (facts.mode, facts.modified == then)
    };
    let new = |mode| Attributes { mode_if_new: Some(mode), ..Attributes::default() };
    let set = |mode| Attributes { mode: Some(mode), ..Attributes::default() };
    let timed = Attributes { modified: Some(then), ..Attributes::default() };
    assert_eq!(put("/f", &[new(0o700), timed]), (0o700, true));
    assert_eq!(put("/f", &[new(0o755)]), (0o700, false), "only where it is new");
    assert_eq!(put("/f", &[set(0o640), timed, set(0o660)]), (0o660, true));
    assert_eq!(put("/g", &[new(0o722)]).0 & 0o022, 0, "others do not write to what is new");
}
