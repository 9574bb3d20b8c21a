//! Uploads one file through the gate or the store and kills itself where it is told: what `crash.rs`
//! drives.
//!
//! `uploader DIR NAME HOW SEED LEN POINT` · HOW `tftp` (through the gate, keeps the old file), `store`
//! (replaces it), `named` (with named temporaries) · POINT `none`, a named point, or an offset.

use e2e::content::{Content, Kind};
use gate::{Ask, Credentials, End, Gate, Knock, Outcome, Policy, Protocol, Security};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use store::local::{Local, LocalOptions};
use store::{Mode, Sink, Store, VPath};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [dir, name, how, seed, len, point] = &args[..] else {
        panic!("uploader DIR NAME HOW SEED LEN POINT, found {args:?}")
    };
    let len: u64 = len.parse().expect("LEN is a number");
    let options = LocalOptions {
        write: true,
        unnamed: how != "named",
        at: Some(e2e::kill::observer(point, len)),
        ..LocalOptions::default()
    };
    let local = Arc::new(Local::open(Path::new(dir), options).expect("DIR opens"));
    let path = VPath::parse(name.as_bytes()).expect("NAME is a path");
    let content = Content { seed: seed.parse().expect("SEED is a number"), len, kind: Kind::Octets };
    if how == "tftp" {
        let (gate, _events) = Gate::new(local, Policy { write: true, ..Policy::default() });
        let peer = "127.0.0.1:50000".parse().expect("an address");
        let knock = Knock {
            protocol: Protocol::Tftp,
            local: peer,
            peer,
            security: Security::Clear,
            credentials: Credentials::None,
            agreed: None,
            certificate: None,
            host: None,
        };
        let session = gate.admit(&knock).expect("TFTP is let in");
        let ask = Ask { mode: Mode::Overwrite, expected: Some(len) };
        let mut writing = session.write(&path, ask).expect("the upload begins");
        fill(&mut writing, content);
        writing.commit(End::new(Outcome::Complete, len)).expect("the upload is published");
    } else {
        let mut upload = local.create(&path, Mode::Overwrite, "user a").expect("the upload begins");
        fill(&mut *upload, content);
        upload.commit().expect("the upload is published");
    }
}

/// Block by block, as TFTP brings them.
fn fill(sink: &mut dyn Sink, content: Content) {
    let mut from = content.reader();
    let (mut at, mut block) = (0, Vec::new());
    while at < content.len {
        block.clear();
        (&mut from).take(512).read_to_end(&mut block).expect("a generator does not fail");
        sink.write_at(at, &block).expect("there is space");
        at += block.len() as u64;
    }
}
