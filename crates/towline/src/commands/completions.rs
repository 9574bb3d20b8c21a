//! `towline completions`: a completion script for a shell.

use crate::exit::{Exit, Failure};
use clap::{Args, ValueEnum};
use std::io::Write;

const EXAMPLES: &str = "\
Examples:
  towline completions bash > ~/.local/share/bash-completion/completions/towline
  towline completions zsh > \"${fpath[1]}/_towline\"
  towline completions fish > ~/.config/fish/completions/towline.fish
";

/// Print a completion script for a shell.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Completions {
    /// The shell.
    shell: Shell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Completions {
    /// Prints it on stdout.
    pub fn run(self) -> Result<(), Failure> {
        let shell = match self.shell {
            Shell::Bash => clap_complete::Shell::Bash,
            Shell::Zsh => clap_complete::Shell::Zsh,
            Shell::Fish => clap_complete::Shell::Fish,
        };
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut super::grammar(), "towline", &mut script);
        std::io::stdout().write_all(&script).map_err(|e| Failure::new(Exit::Local, "stdout", e, ""))
    }
}
