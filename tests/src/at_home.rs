//! `towline` as somebody runs it who has a home of their own, no agent and no terminal.

use crate::battery::USER;
use crate::process::{Ended, Process};
use crate::ssh_clients;
use crate::ssh_servers::Reached;
use crate::terminal::Terminal;
use crate::towline::Serve;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// The longest that one command may take on a loaded machine.
const ONE: Duration = Duration::from_secs(90);

/// The command, in a session without a terminal, which it is the only process of.
pub fn towline(home: &Path, arguments: &[&str]) -> Command {
    let bare = at_home(home, arguments);
    let mut c = Command::new("setsid");
    c.arg("--wait").arg(bare.get_program()).args(bare.get_args()).current_dir(home);
    crate::process::with_variables_of(&mut c, &bare);
    c
}

/// Runs it to its end.
///
/// # Panics
/// When it does not end.
pub fn run(home: &Path, arguments: &[&str]) -> Ended {
    Process::start(&mut towline(home, arguments)).wait(ONE)
}

/// Runs it at a terminal.
pub fn typed(home: &Path, arguments: &[&str]) -> Terminal {
    Terminal::run(&at_home(home, arguments))
}

fn at_home(home: &Path, arguments: &[&str]) -> Command {
    let mut c = crate::towline::command();
    c.args(arguments).current_dir(home).env("HOME", home).env("XDG_STATE_HOME", home.join("state"));
    c.env_remove("SSH_AUTH_SOCK").env_remove("TOWLINE_PASSWORD");
    c
}

/// A server of SFTP, ours or another one, and how it is reached.
pub struct Server {
    /// Ends in `/`, and is [`Server::served`].
    pub url: String,
    /// Its tree.
    pub served: PathBuf,
    /// What lets in.
    pub flags: Vec<String>,
    /// A home for who runs commands.
    pub home: TempDir,
    password: Option<&'static str>,
    _runs: Box<dyn std::any::Any>,
}

impl Server {
    /// One of other people's.
    pub fn of(reached: Reached) -> Server {
        let (url, served, flags) =
            (reached.server.url.clone(), reached.server.served.clone(), reached.flags.clone());
        Server { url, served, flags, home: crate::scratch(), password: None, _runs: Box::new(reached) }
    }

    /// Ours.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn ours() -> Server {
        let (root, home) = (crate::scratch(), crate::scratch());
        let mut serve: Serve = ssh_clients::start(root.path(), home.path());
        let url = format!("sftp://{}@{}/", USER.0, serve.listening("sftp"));
        let flags = vec![String::from("--host-key"), ssh_clients::fingerprint()];
        let served = root.path().to_path_buf();
        Server { url, served, flags, home, password: Some(USER.1), _runs: Box::new((serve, root)) }
    }

    /// The same over SCP.
    pub fn over_scp(mut self) -> Server {
        self.url = self.url.replace("sftp://", "scp://");
        self
    }

    /// Of this name there.
    pub fn url(&self, name: &str) -> String {
        format!("{}{name}", self.url)
    }

    /// A verb with these arguments, from the home.
    pub fn command(&self, verb: &str, arguments: &[&str]) -> Command {
        self.with_password(towline(self.home.path(), &self.words(verb, arguments)))
    }

    /// The same at a terminal.
    pub fn typed(&self, verb: &str, arguments: &[&str]) -> Terminal {
        Terminal::run(&self.with_password(at_home(self.home.path(), &self.words(verb, arguments))))
    }

    fn words<'a>(&'a self, verb: &'a str, arguments: &[&'a str]) -> Vec<&'a str> {
        let flags = self.flags.iter().map(String::as_str);
        [verb].into_iter().chain(flags).chain(arguments.iter().copied()).collect()
    }

    fn with_password(&self, mut c: Command) -> Command {
        if let Some(password) = self.password {
            c.env("TOWLINE_PASSWORD", password);
        }
        c
    }

    /// Runs one to its end.
    ///
    /// # Panics
    /// When it does not end.
    pub fn run(&self, verb: &str, arguments: &[&str]) -> Ended {
        Process::start(&mut self.command(verb, arguments)).wait(ONE)
    }

    /// The same, with this on its standard input.
    ///
    /// # Panics
    /// When it does not end.
    pub fn run_with(&self, verb: &str, arguments: &[&str], input: &str) -> Ended {
        use std::io::Write as _;
        let mut process = Process::start_with(&mut self.command(verb, arguments), Stdio::piped());
        let mut stdin = process.input().expect("a pipe");
        // One that has ended before reads no more.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        process.wait(ONE)
    }
}

/// The events that a command has printed.
///
/// # Panics
/// When a line is none.
pub fn events(ended: &Ended) -> Vec<Value> {
    ended.out.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}
