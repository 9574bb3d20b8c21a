//! `towline config`: looks at the configuration of a service before the service does.

use super::serve::Serve;
use crate::config::{self, DEFAULT_FILE, Draft, Loaded, environment};
use crate::exit::{Exit, Failure};
use clap::{Args, FromArgMatches as _, Subcommand};
use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Where the package puts what is served.
const SERVED: &str = "/srv/towline";

const EXAMPLES: &str = "\
Examples:
  towline config init /etc/towline/towline.toml   every setting with its default, as comments
  towline config check                            is it right? All that is wrong, with file and line
  towline config show --origin                    what holds, and where each value comes from
  towline config show -- --write --tftp 6969      what these options of serve would make of it
  towline config schema > towline.schema.json     for editors
";

/// Check, show and make the configuration of towline serve.
///
/// Options win over environment variables (TOWLINE_SECTION__KEY), these over the one file, that over
/// defaults. docs/configuration.md has every key.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Config {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Check(Check),
    Show(Show),
    Init(Init),
    Schema(Schema),
}

const CHECK: &str = "\
Examples:
  towline config check
  towline config check towline.toml
";

/// Say everything that is wrong with a configuration, or nothing and exit code 0.
///
/// Environment variables that begin with TOWLINE_ count, as they do for towline serve.
#[derive(Debug, Args)]
#[command(before_help = CHECK)]
struct Check {
    /// The file.
    #[arg(default_value = DEFAULT_FILE)]
    file: PathBuf,
}

const SHOW: &str = "\
Examples:
  towline config show --origin
  towline config show towline.toml
  towline config show --origin towline.toml -- --write --bind 127.0.0.1
";

/// Print what holds, as a configuration file. Secrets are printed as references or as ****.
#[derive(Debug, Args)]
#[command(before_help = SHOW)]
struct Show {
    /// Say of each value where it comes from: default, FILE:LINE, a variable, an option.
    #[arg(long)]
    origin: bool,
    /// The file. Without it the usual one, where that is there.
    file: Option<PathBuf>,
    /// Options of towline serve that win over it.
    #[arg(last = true, value_name = "OPTIONS OF SERVE")]
    flags: Vec<OsString>,
}

const INIT: &str = "\
Examples:
  towline config init
  towline config init --root /srv/images /etc/towline/towline.toml
";

/// Write a configuration file with every setting: its meaning, and its default as a comment.
#[derive(Debug, Args)]
#[command(before_help = INIT)]
struct Init {
    /// The file; stdout without it. One that is there is not written over.
    file: Option<PathBuf>,
    /// What it serves. Without it /srv/towline where that is there, else this directory.
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

const SCHEMA: &str = "\
Example:
  towline config schema > towline.schema.json
";

/// Print the JSON Schema of the configuration, for editors and validators.
#[derive(Debug, Args)]
#[command(before_help = SCHEMA)]
struct Schema {}

impl Config {
    /// Does it.
    pub fn run(self) -> Result<(), Failure> {
        match self.what {
            What::Check(check) => check.run(),
            What::Show(show) => show.run(),
            What::Init(init) => init.run(),
            What::Schema(Schema {}) => print(&config::schema()),
        }
    }
}

impl Check {
    fn run(self) -> Result<(), Failure> {
        Draft::read(Some(&self.file), environment())?.checked()?;
        print(&format!("{}: nothing is wrong with it\n", self.file.display()))
    }
}

impl Show {
    fn run(self) -> Result<(), Failure> {
        let usual = Path::new(DEFAULT_FILE);
        let file = self.file.as_deref().or_else(|| usual.exists().then_some(usual));
        let mut loaded = Loaded::read(file, environment())?;
        if !self.flags.is_empty() {
            serve(self.flags)?.apply(&mut loaded);
        }
        print(&config::show(&loaded, self.origin))
    }
}

/// The options as `towline serve` understands them.
fn serve(flags: Vec<OsString>) -> Result<Serve, Failure> {
    let command = Serve::augment_args(clap::Command::new("towline serve").no_binary_name(true));
    let matches = command.try_get_matches_from(flags).and_then(|matches| Serve::from_arg_matches(&matches));
    matches.map_err(|e| Failure::usage("towline config show", super::one_line(&e.to_string()), ""))
}

impl Init {
    fn run(self) -> Result<(), Failure> {
        let text = config::init(&self.root.unwrap_or_else(served));
        let Some(path) = self.file else { return print(&text) };
        let shown = path.display().to_string();
        // Nobody else needs to know what hooks and users there are.
        let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o640).open(&path);
        let written =
            file.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
        written.map_err(|e| Failure::local(&shown, &e))?;
        print(&format!("{shown}: written; towline config check {shown}\n"))
    }
}

fn served() -> PathBuf {
    let usual = PathBuf::from(SERVED);
    let here = std::env::current_dir().ok().filter(|here| !crate::service::is_precious(here));
    if usual.is_dir() { usual } else { here.unwrap_or(usual) }
}

fn print(text: &str) -> Result<(), Failure> {
    std::io::stdout().write_all(text.as_bytes()).map_err(|e| Failure::new(Exit::Local, "stdout", e, ""))
}
