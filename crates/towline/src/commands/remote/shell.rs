//! `towline shell`: a server's files, line by line.

use super::{Reach, Shared, named};
use crate::exit::Failure;
use crate::shell;
use clap::Args;
use std::ffi::OsString;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  towline shell sftp://bob@10.0.0.1/            lines with history, and Tab for names on both sides
  towline shell sftp://bob@10.0.0.1/~/ < job    a script: stops at the first line that fails
  printf 'cd /flash\\n-rm old.bin\\nput new.bin\\n' | towline shell sftp://admin@10.0.0.2/
";

/// Work on a server over one connection: ls, cd, get, put, reget, reput, mget, mput, rm, ren, mkdir, rmdir, chmod,
/// hash; help says more. Names have patterns and quotes as in a shell.
///
/// Ctrl-C ends what runs, not the shell. Lines that are no terminal's are a script: it stops at the first one that
/// fails, with its exit code, unless the line begins with `-`.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Shell {
    /// Where to begin: `sftp://`.
    #[arg(value_name = "URL")]
    url: OsString,
    /// Remember no lines. (They are in $XDG_STATE_HOME/towline/shell_history, nobody else's to read; a line that
    /// begins with a space never is.)
    #[arg(long)]
    no_history: bool,
    /// Print nothing about files that moved.
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    reach: Reach,
}

impl Shell {
    /// Does lines.
    pub fn run(self, events: &Shared) -> Result<(), Failure> {
        if self.reach.json {
            return Err(Failure::usage("--json", "the shell has no events", "use the verbs themselves"));
        }
        let [remote] = &named(std::slice::from_ref(&self.url))?[..] else {
            return Err(Failure::usage(self.url.display(), "stands for several names", "give one"));
        };
        let options = self.reach.without_signals(events)?;
        let history = options.ssh.learned.as_ref().map(|known| known.with_file_name("shell_history"));
        let shell = shell::Shell::open(remote, options, events, self.quiet)?;
        if io::stdin().is_terminal() {
            let history: Option<PathBuf> = history.filter(|_| !self.no_history);
            shell::typed(shell, history.as_deref())
        } else {
            shell::script(shell)
        }
    }
}
