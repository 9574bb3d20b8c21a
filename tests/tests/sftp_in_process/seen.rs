//! What a tap sees of a session.

use crate::talk::{house, writable};
use serve::sftp::{Seen, SftpConfig};
use sftp_proto::{Ask, Attrs, OpenFlags, Status};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use store::memory::Memory;
use transport::tap::{Dir, Sight, Tap, What};

#[derive(Default)]
struct Kept(Mutex<Vec<String>>);

impl Tap for Kept {
    fn see(&self, sight: &Sight<'_>) {
        let arrow = match sight.dir {
            Dir::Received => "<",
            Dir::Sent => ">",
            Dir::Here => "-",
        };
        let text = match &sight.what {
            What::Control(line) => String::from_utf8_lossy(line).into_owned(),
            other => format!("{other:?}"),
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{arrow} {text}"));
    }
}

#[test]
fn requests_and_answers_are_seen_as_words_and_content_as_octets() {
    let house = house(Memory::new(), writable());
    let tap = Arc::new(Kept::default());
    let at = SocketAddr::from(([127, 0, 0, 1], 1));
    let seen = Seen { tap: tap.clone(), local: at, peer: at };
    let mut talk = house.talk_seen(64 << 10, SftpConfig::default(), Some(seen));
    assert_eq!(talk.size(Ask::Stat { path: b"/~secret/f" }), Err(Status::NoSuchFile));
    let handle = talk.create(b"/f");
    talk.status(Ask::Write { handle: &handle, offset: 0, data: b"12345" });
    talk.close(&handle);
    let handle = talk.open(b"/f", OpenFlags::READ);
    talk.read(&handle, 0, 9).unwrap();
    talk.status(Ask::Fsetstat { handle: &handle, attrs: Attrs::default() });
    talk.status(Ask::Rename { from: b"/f", to: b"/g" });
    talk.leave();
    let kept = tap.0.lock().unwrap_or_else(PoisonError::into_inner);
    let wanted = [
        "< Connected { role: Sftp }",
        "< STAT /~****/f",
        "> STATUS 2 No such file or directory.",
        "< OPEN /f",
        "> HANDLE",
        "< Data { len: 5, total: 5 }",
        "< CLOSE /f",
        "> OK",
        "< OPEN /f",
        "> HANDLE",
        "> Data { len: 5, total: 10 }",
        "< FSETSTAT /f",
        "> OK",
        "< RENAME /f /g",
        "> OK",
        "- Closed { role: Sftp, total: 10 }",
    ];
    assert_eq!(kept[..], wanted);
}
