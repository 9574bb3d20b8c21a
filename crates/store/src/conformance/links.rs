//! Second names, and links that name a path.

use super::{content, p, put};
use crate::{Store, StoreError};

pub(super) fn a_second_name_is_a_file_of_its_own(store: &dyn Store) {
    if !store.capabilities().links {
        return;
    }
    put(store, "/f", b"content");
    store.link(&p("/f"), &p("/g")).unwrap();
    assert_eq!(content(store, "/g"), b"content");
    assert!(matches!(store.link(&p("/f"), &p("/g")), Err(StoreError::Exists)));
    assert!(matches!(store.link(&p("/absent"), &p("/h")), Err(StoreError::Absent)));
    assert!(matches!(store.link(&p("/f"), &p("/absent/h")), Err(StoreError::Absent)));
    assert!(matches!(store.link(&p("/f"), &p("/.towline-temp-1")), Err(StoreError::Denied)));
    put(store, "/f", b"new");
    assert_eq!((content(store, "/f"), content(store, "/g")), (b"new".to_vec(), b"content".to_vec()));
    store.remove(&p("/f")).unwrap();
    assert_eq!(content(store, "/g"), b"content");
    if store.capabilities().directories {
        store.make_dir(&p("/d")).unwrap();
        assert!(matches!(store.link(&p("/d"), &p("/e")), Err(StoreError::IsDirectory)));
    }
}

pub(super) fn symbolic_links_stay_within_the_root(store: &dyn Store) {
    if !store.capabilities().symlinks {
        return;
    }
    store.make_dir(&p("/d")).unwrap();
    put(store, "/d/f", b"content");
    store.make_dir(&p("/e")).unwrap();
    for (link, to) in [("/e/l", "/d/f"), ("/d/up", "/"), ("/top", "/d"), ("/e/absent", "/nothing/there")] {
        store.symlink(&p(link), &p(to)).unwrap();
        assert_eq!(store.read_link(&p(link)).unwrap(), Some(p(to)), "{link}");
    }
    assert_eq!(store.read_link(&p("/d/f")).unwrap(), None);
    assert_eq!(store.read_link(&p("/d")).unwrap(), None);
    assert!(matches!(store.read_link(&p("/d/absent")), Err(StoreError::Absent)));
    assert!(matches!(store.symlink(&p("/top"), &p("/d")), Err(StoreError::Exists)));
    assert!(matches!(store.symlink(&p("/x"), &p("/.towline")), Err(StoreError::Denied)));
    assert!(matches!(store.symlink(&p("/.towline-temp-1"), &p("/d")), Err(StoreError::Denied)));
    store.remove(&p("/e/l")).unwrap();
    assert_eq!(content(store, "/d/f"), b"content", "the link went, not what it named");
}
