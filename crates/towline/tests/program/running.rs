//! A `towline serve` under test: its events as they come, signals, its end.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Running {
    child: Child,
    events: Receiver<Value>,
    pub(crate) seen: Vec<Value>,
}

impl Running {
    /// Starts `towline serve --json` with these arguments and waits until each protocol listens.
    pub(crate) fn serve(args: &[&str], protocols: usize) -> Running {
        let mut running = Running::start(&[&["serve", "--json"], args].concat());
        let mut listening = Vec::new();
        while listening.len() < protocols {
            let event = running.next();
            assert_eq!(event["event"], "listening", "the first events: {event}");
            let protocol = event["protocol"].clone();
            if !listening.contains(&protocol) {
                listening.push(protocol);
            }
        }
        running
    }

    pub(crate) fn start(args: &[&str]) -> Running {
        let mut child = Command::new(env!("CARGO_BIN_EXE_towline"))
            .env("XDG_CACHE_HOME", "/dev/null")
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let (tell, events) = channel();
        std::thread::spawn(move || {
            for line in out.lines() {
                let line = line.expect("UTF-8");
                let event: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
                let _ = tell.send(event);
            }
        });
        Running { child, events, seen: Vec::new() }
    }

    /// The next event; every one is checked against the table.
    pub(crate) fn next(&mut self) -> Value {
        let event = self.events.recv_timeout(PATIENCE).expect("an event in time");
        assert_eq!(towline::events::faults(&event), Vec::<String>::new(), "{event}");
        assert_eq!(event["seq"], self.seen.len() + 1, "seq counts the lines");
        self.seen.push(event.clone());
        event
    }

    /// Waits for an event of this name.
    pub(crate) fn until(&mut self, name: &str) -> Value {
        loop {
            let event = self.next();
            if event["event"] == name {
                return event;
            }
        }
    }

    /// Where a protocol listens.
    pub(crate) fn address(&self, protocol: &str) -> SocketAddr {
        let event = self.seen.iter().find(|e| e["event"] == "listening" && e["protocol"] == protocol);
        event.expect("listening")["address"].as_str().expect("text").parse().expect("an address")
    }

    /// Its number, for /proc.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn interrupt(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
    }

    /// Waits for its end; gives the status and what it said on stderr.
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        while let Ok(event) = self.events.recv_timeout(PATIENCE) {
            assert_eq!(towline::events::faults(&event), Vec::<String>::new(), "{event}");
            self.seen.push(event);
        }
        let mut text = String::new();
        let _ = self.child.stderr.take().expect("piped").read_to_string(&mut text);
        let status = self.child.wait().expect("ends");
        (status, text)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
