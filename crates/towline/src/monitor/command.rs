//! Runs a program with input, time limit and bounded output.

use super::Argv;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Gid, Pid, PidfdFlags, Signal, Uid, kill_process_group, pidfd_open};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Octets that are kept of each output; what comes after is read and dropped.
pub(super) const KEPT: usize = 16 << 10;
/// The programs that a script finds by name.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A program to be run.
#[derive(Debug)]
pub struct Run<'a> {
    /// What.
    pub argv: &'a Argv,
    /// Its variables, besides PATH.
    pub environment: &'a [(String, String)],
    /// Its standard input.
    pub input: &'a [u8],
    /// How long it may take.
    pub patience: Duration,
    /// Whom it runs as, without other groups; none: as this process.
    pub as_user: Option<(Uid, Gid)>,
}

/// How it went.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ran {
    /// The code that it ended with; none: a signal ended it.
    pub code: Option<i32>,
    /// Whether its time was over and we ended it.
    pub timed_out: bool,
    /// The beginning of its standard output.
    pub output: Vec<u8>,
    /// The beginning of its standard error.
    pub errors: Vec<u8>,
}

impl Ran {
    /// The first line of its standard error after a colon, escaped and short; nothing if there is none. What a
    /// program says is its own affair, and shown where it failed.
    pub fn words(&self) -> String {
        let line = self.errors.split(|b| *b == b'\n').next().unwrap_or_default();
        let line = &line[..line.len().min(200)];
        if line.is_empty() { String::new() } else { format!(": {}", line.escape_ascii()) }
    }
}

/// Why it could not be run.
#[derive(Debug, thiserror::Error)]
#[error("{program}: {source}")]
pub struct Failed {
    program: String,
    source: io::Error,
}

/// Groups of programs that run now. Guards the numbers: one that is in it is not reaped, so that its number is nobody
/// else's.
static RUNNING: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

/// Ends whatever [`run`] still waits for: the process ends, and nobody would hold it to its time limit.
pub fn end_all() {
    for group in &*RUNNING.lock().unwrap_or_else(PoisonError::into_inner) {
        if let Some(group) = Pid::from_raw(*group) {
            // Gone already: the end is what was wanted.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Runs it to its end. A child of its own that it leaves behind goes on, unless the time was over.
///
/// # Errors
/// It cannot be started.
pub fn run(run: &Run<'_>) -> Result<Ran, Failed> {
    let fault = |source| Failed { program: run.argv.program.display().to_string(), source };
    let mut command = Command::new(&run.argv.program);
    command.args(&run.argv.arguments).current_dir("/").env_clear().env("PATH", PATH);
    command.envs(run.environment.iter().map(|(name, value)| (name, value)));
    // A group of its own, so that all of it can be ended.
    command.process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some((uid, gid)) = run.as_user {
        command.uid(uid.as_raw()).gid(gid.as_raw());
    }
    let mut running = Running::start(command, run.input).map_err(fault)?;
    let timed_out = running.attend(Instant::now() + run.patience).map_err(fault)?;
    running.end(timed_out).map_err(fault)
}

/// A program with the group that it leads, until it is reaped. One that is dropped before is ended: nobody would hold
/// it to its time limit.
struct Group {
    child: Child,
    reaped: bool,
}

impl Group {
    fn of(child: Child) -> Group {
        let group = Group { child, reaped: false };
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).insert(group.pid().as_raw_pid());
        group
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    fn kill(&self) {
        // Gone already: the end is what was wanted.
        let _ = kill_process_group(self.pid(), Signal::KILL);
    }

    fn reap(&mut self) -> io::Result<ExitStatus> {
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.pid().as_raw_pid());
        self.reaped = true;
        self.child.wait()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.reaped {
            self.kill();
            let _status = self.reap();
        }
    }
}

/// A program and its three pipes; none: closed.
struct Running<'a> {
    group: Group,
    /// Readable when it has ended.
    over: OwnedFd,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    input: &'a [u8],
    output: Vec<u8>,
    errors: Vec<u8>,
}

impl<'a> Running<'a> {
    fn start(mut command: Command, input: &'a [u8]) -> io::Result<Running<'a>> {
        let mut group = Group::of(command.spawn()?);
        let over = pidfd_open(group.pid(), PidfdFlags::empty())?;
        let child = &mut group.child;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        for fd in [
            stdin.as_ref().map(AsFd::as_fd),
            stdout.as_ref().map(AsFd::as_fd),
            stderr.as_ref().map(AsFd::as_fd),
        ] {
            fd.map_or(Ok(()), |fd| rustix::io::ioctl_fionbio(fd, true))?;
        }
        Ok(Running { group, over, stdin, stdout, stderr, input, output: Vec::new(), errors: Vec::new() })
    }

    /// Feeds and reads it until it ends; whether its time was over before.
    fn attend(&mut self, deadline: Instant) -> io::Result<bool> {
        loop {
            self.feed();
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(true);
            }
            let mut fds = vec![PollFd::new(&self.over, PollFlags::IN)];
            fds.extend(self.stdin.as_ref().map(|p| PollFd::new(p, PollFlags::OUT)));
            fds.extend(self.stdout.as_ref().map(|p| PollFd::new(p, PollFlags::IN)));
            fds.extend(self.stderr.as_ref().map(|p| PollFd::new(p, PollFlags::IN)));
            let left = left.try_into().expect("a time limit fits a timespec");
            match poll(&mut fds, Some(&left)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(e.into()),
            }
            let over = !fds[0].revents().is_empty();
            self.read();
            if over {
                return Ok(false);
            }
        }
    }

    fn feed(&mut self) {
        let Some(stdin) = &mut self.stdin else { return };
        while !self.input.is_empty() {
            match stdin.write(self.input) {
                Ok(n) => self.input = &self.input[n..],
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return,
                // It does not want the rest.
                Err(_) => break,
            }
        }
        self.stdin = None;
    }

    fn read(&mut self) {
        drain(&mut self.stdout, &mut self.output);
        drain(&mut self.stderr, &mut self.errors);
    }

    fn end(mut self, timed_out: bool) -> io::Result<Ran> {
        if timed_out {
            self.group.kill();
        }
        let code = self.group.reap()?.code();
        self.read();
        Ok(Ran { code, timed_out, output: self.output, errors: self.errors })
    }
}

/// Takes what is there, some pipes full at most: a flood must not keep us from looking at the clock.
fn drain(pipe: &mut Option<impl io::Read>, kept: &mut Vec<u8>) {
    let mut piece = [0; 8 << 10];
    for _ in 0..32 {
        let Some(from) = pipe else { return };
        match from.read(&mut piece) {
            Ok(0) => *pipe = None,
            Ok(n) => kept.extend_from_slice(&piece[..n.min(KEPT.saturating_sub(kept.len()))]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => return,
            Err(_) => *pipe = None,
        }
    }
}
