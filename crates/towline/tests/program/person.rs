//! A person at a pseudo-terminal on which the program runs.

use super::running::PATIENCE;
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::io::{Read, Write};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};

pub(crate) struct Person {
    child: Child,
    keyboard: std::fs::File,
    screen: Receiver<Vec<u8>>,
    seen: String,
}

impl Person {
    pub(crate) fn sits_at(args: &[&str]) -> Person {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = || rustix::fs::open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_towline"))
            .args(args)
            .stdin(slave())
            .stdout(slave())
            .stderr(slave())
            .spawn()
            .expect("starts");
        Person::of(child, std::fs::File::from(master))
    }

    /// Sits at another terminal than the one the program was started on.
    pub(crate) fn of(child: Child, keyboard: std::fs::File) -> Person {
        let mut out = keyboard.try_clone().unwrap();
        let (tell, screen) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4_096];
            // A terminal that nobody holds any more ends in an error (EIO).
            while let Ok(n @ 1..) = out.read(&mut buffer) {
                if tell.send(buffer[..n].to_vec()).is_err() {
                    return;
                }
            }
        });
        Person { child, keyboard, screen, seen: String::new() }
    }

    pub(crate) fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Reads until `words` appear; gives what came before and forgets both.
    pub(crate) fn until(&mut self, words: &str) -> String {
        loop {
            if let Some(at) = self.seen.find(words) {
                let rest = self.seen.split_off(at + words.len());
                return std::mem::replace(&mut self.seen, rest);
            }
            let more = self.screen.recv_timeout(PATIENCE);
            let more = more.unwrap_or_else(|e| panic!("{e} before {words:?}: {}", self.seen));
            self.seen.push_str(&String::from_utf8_lossy(&more));
        }
    }

    pub(crate) fn exit(mut self) -> Option<i32> {
        self.child.wait().expect("ends").code()
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
