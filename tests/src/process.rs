//! Children that die with their owner, and what they said.

use crate::poll::{PATIENCE, until};
use std::fs::DirEntry;
use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// A running child. Dropped: killed and waited for.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    /// Guards the lines that came so far: the readers add, the test looks.
    said: Arc<Mutex<Said>>,
    readers: Vec<JoinHandle<()>>,
}

/// The lines of a child so far.
#[derive(Clone, Default, Debug)]
pub struct Said {
    /// Standard output.
    pub out: Vec<String>,
    /// Standard error.
    pub err: Vec<String>,
}

/// A child that ended.
#[derive(Debug)]
pub struct Ended {
    /// How.
    pub status: ExitStatus,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ended {
    /// The exit code, -1 for a signal.
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or(-1)
    }
}

impl Process {
    /// Starts `command` with no input, its outputs read into memory.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(command: &mut Command) -> Process {
        Process::start_with(command, Stdio::null())
    }

    /// Starts `command` with this input.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start_with(command: &mut Command, input: Stdio) -> Process {
        let name = format!("{command:?}");
        command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|e| panic!("cannot start {name}: {e}"));
        let said = Arc::new(Mutex::new(Said::default()));
        let out = child.stdout.take().expect("stdout is piped");
        let err = child.stderr.take().expect("stderr is piped");
        let readers = vec![reader(out, &said, |s| &mut s.out), reader(err, &said, |s| &mut s.err)];
        Process { name, child, said, readers }
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The child's input, once, where it was started with a pipe.
    pub fn input(&mut self) -> Option<std::process::ChildStdin> {
        self.child.stdin.take()
    }

    /// The lines so far.
    pub fn said(&self) -> Said {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until `find` finds something in the lines.
    ///
    /// # Panics
    /// When the child ends before or nothing is found in time; with all it said.
    pub fn wait_for<T>(&mut self, what: &str, mut find: impl FnMut(&Said) -> Option<T>) -> T {
        let found = until(PATIENCE, || {
            // The end first: what was said before it has been read when `find` looks after it.
            let over = self.has_ended();
            match find(&self.said()) {
                Some(found) => Some(Some(found)),
                None if over => Some(None),
                None => None,
            }
        });
        match found.flatten() {
            Some(found) => found,
            None => panic!("{}: {what} did not come; it said {:#?}", self.name, self.said()),
        }
    }

    /// Whether it has ended; then all that it said has been read.
    pub fn has_ended(&mut self) -> bool {
        let over = matches!(self.child.try_wait(), Ok(Some(_)));
        if over {
            for r in self.readers.drain(..) {
                drop(r.join());
            }
        }
        over
    }

    /// Waits for the end.
    ///
    /// # Panics
    /// When it does not come within `patience`.
    pub fn wait(mut self, patience: Duration) -> Ended {
        let status = until(patience, || self.child.try_wait().expect("a child can be waited for"));
        let Some(status) = status else {
            panic!("{} still runs after {patience:?}; it said {:#?}", self.name, self.said());
        };
        for r in self.readers.drain(..) {
            drop(r.join());
        }
        let said = self.said();
        Ended { status, out: joined(&said.out), err: joined(&said.err) }
    }

    /// Sends a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        // It may have ended on its own; then there is nobody to tell.
        let _gone = rustix::process::kill_process(pid, signal);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Errors mean that it is gone already.
        let _gone = self.child.kill();
        let _status = self.child.wait();
        if std::thread::panicking() {
            eprintln!("{} said {:#?}", self.name, self.said());
        }
    }
}

/// Runs `command` to its end.
///
/// # Panics
/// When it does not start or does not end within two minutes.
pub fn run(command: &mut Command) -> Ended {
    Process::start(command).wait(Duration::from_secs(120))
}

/// The processes that a process has started, the newest last.
pub fn children(of: u32) -> Vec<i32> {
    let threads = std::fs::read_dir(format!("/proc/{of}/task")).into_iter().flatten();
    let of =
        |thread: io::Result<DirEntry>| std::fs::read_to_string(thread.ok()?.path().join("children")).ok();
    let mut all = Vec::new();
    for text in threads.filter_map(of) {
        all.extend(text.split_whitespace().map(|n| n.parse::<i32>().expect("a number of a process")));
    }
    all
}

/// Gives a command the variables of another, which it runs.
pub fn with_variables_of<'c>(command: &'c mut Command, other: &Command) -> &'c mut Command {
    for (name, value) in other.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

fn joined(lines: &[String]) -> String {
    lines.iter().flat_map(|l| [l.as_str(), "\n"]).collect()
}

fn reader(
    from: impl Read + Send + 'static,
    said: &Arc<Mutex<Said>>,
    lines: fn(&mut Said) -> &mut Vec<String>,
) -> JoinHandle<()> {
    let said = Arc::clone(said);
    std::thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            lines(&mut said.lock().unwrap_or_else(PoisonError::into_inner)).push(line);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{Process, run};
    use std::process::Command;

    #[test]
    fn lines_are_seen_while_it_runs_and_after() {
        let mut cat = Process::start(
            Command::new("sh").args(["-c", "echo one; echo two >&2; exec cat /dev/zero >/dev/null"]),
        );
        cat.wait_for("both lines", |s| (s.out == ["one"] && s.err == ["two"]).then_some(()));
        let ended = run(Command::new("sh").args(["-c", "echo a; echo b; exit 3"]));
        assert_eq!((ended.code(), ended.out.as_str(), ended.err.as_str()), (3, "a\nb\n", ""));
    }

    #[test]
    fn dropping_kills() {
        let cat = Process::start(Command::new("cat").arg("/dev/zero"));
        let proc = format!("/proc/{}", cat.id());
        assert!(std::path::Path::new(&proc).exists());
        drop(cat);
        assert!(!std::path::Path::new(&proc).exists());
    }
}
