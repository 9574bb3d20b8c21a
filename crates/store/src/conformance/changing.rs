//! What changes a file that is there, or its name.

use super::{content, names, p, put, suspended};
use crate::{Mode, Store, StoreError, Target};
use std::collections::BTreeSet;

pub(super) fn modify_starts_from_the_old_content(store: &dyn Store) {
    if !store.capabilities().resume {
        return;
    }
    put(store, "/f", b"0123456789");
    let mut upload = store.create(&p("/f"), Mode::Modify, "user a").unwrap();
    assert_eq!((upload.start(), upload.len()), (0, 10));
    upload.write_at(3, b"xyz").unwrap();
    let mut back = [0; 16];
    assert_eq!(upload.read_at(0, &mut back).unwrap(), 10);
    assert_eq!(&back[..10], b"012xyz6789");
    assert_eq!(content(store, "/f"), b"0123456789", "the old file stays until commit");
    assert_eq!(upload.commit().unwrap().len, 10);
    assert_eq!(content(store, "/f"), b"012xyz6789");
    let mut upload = store.create(&p("/f"), Mode::Modify, "user a").unwrap();
    upload.write_at(9, b"longer").unwrap();
    drop(upload);
    assert_eq!(content(store, "/f"), b"012xyz6789", "dropped it leaves the old file");
    // Nothing written is no change; nothing there is an empty file.
    assert_eq!(store.create(&p("/f"), Mode::Modify, "").unwrap().commit().unwrap().len, 10);
    let upload = store.create(&p("/new"), Mode::Modify, "").unwrap();
    assert_eq!((upload.start(), upload.is_empty()), (0, true));
    assert!(matches!(store.stat(&p("/new")), Err(StoreError::Absent)));
    upload.commit().unwrap();
    assert_eq!(content(store, "/new"), b"");
    assert_eq!(names(store, "/"), BTreeSet::from([b"f".to_vec(), b"new".to_vec()]));
}

pub(super) fn modify_has_nothing_to_do_with_partials(store: &dyn Store) {
    if !store.capabilities().resume {
        return;
    }
    put(store, "/f", b"the old file");
    suspended(store, "/f", "user a", b"half").suspend().unwrap();
    let mut upload = store.create(&p("/f"), Mode::Modify, "user a").unwrap();
    assert_eq!(upload.len(), 12);
    upload.write_at(0, b"X").unwrap();
    upload.suspend().unwrap();
    assert_eq!(store.partial(&p("/f"), "user a"), Some(4), "the one that was there stays");
    assert_eq!(content(store, "/f"), b"the old file");
}

pub(super) fn an_upload_is_cut_off_and_stretched(store: &dyn Store) {
    let mut upload = store.create(&p("/f"), Mode::New, "").unwrap();
    upload.write_at(0, b"0123456789").unwrap();
    upload.set_len(4).unwrap();
    assert_eq!(upload.len(), 4);
    upload.set_len(6).unwrap();
    assert_eq!(upload.len(), 6);
    upload.write_at(8, b"x").unwrap();
    assert_eq!(upload.commit().unwrap().len, 9);
    assert_eq!(content(store, "/f"), b"0123\0\0\0\0x");
    if !store.capabilities().resume {
        return;
    }
    let mut upload = store.create(&p("/f"), Mode::Modify, "").unwrap();
    upload.set_len(2).unwrap();
    assert_eq!(content(store, "/f").len(), 9, "the old file stays until commit");
    upload.commit().unwrap();
    assert_eq!(content(store, "/f"), b"01");
}

pub(super) fn a_rename_to_a_free_name_replaces_nothing(store: &dyn Store) {
    put(store, "/f", b"f");
    put(store, "/g", b"g");
    let free = |from, to| store.rename_to(&p(from), &p(to), Target::Free);
    assert!(matches!(free("/f", "/g"), Err(StoreError::Exists)));
    assert!(matches!(free("/f", "/f"), Err(StoreError::Exists)));
    assert!(matches!(free("/absent", "/new"), Err(StoreError::Absent)));
    assert_eq!((content(store, "/f"), content(store, "/g")), (b"f".to_vec(), b"g".to_vec()));
    free("/f", "/h").unwrap();
    assert_eq!(content(store, "/h"), b"f");
    assert_eq!(names(store, "/"), BTreeSet::from([b"g".to_vec(), b"h".to_vec()]));
    if !store.capabilities().directories {
        return;
    }
    for dir in ["/d", "/empty"] {
        store.make_dir(&p(dir)).unwrap();
    }
    assert!(matches!(free("/d", "/empty"), Err(StoreError::Exists)));
    assert!(matches!(free("/h", "/d"), Err(StoreError::Exists)));
    assert!(matches!(free("/d", "/d/below"), Err(StoreError::Denied)));
    free("/h", "/d/f").unwrap();
    free("/d", "/e").unwrap();
    assert_eq!(content(store, "/e/f"), b"f");
}
