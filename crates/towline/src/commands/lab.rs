//! `towline lab`: the lesson on TFTP and FTP, at a router's console.

use crate::exit::{Exit, Failure};
use crate::figures::parse_octets;
use crate::interrupt::on_interrupt;
use crate::lab::compare;
use crate::lab::guide::{Guide, Scenery};
use crate::lab::ladders::{LADDERS, RunError, drawn};
use crate::lab::lesson::{Course, State, steps};
use crate::lab::quiz;
use crate::lab::scenario::{self, Scenario, Start};
use crate::lab::scene::{Fault, Foreign, Litter, Scene, Setup};
use crate::lab::script::{self, Report};
use crate::lab::topology::run;
use crate::lab::typist::Show;
use clap::{Args, Subcommand, ValueEnum};
use device::TerminalPort;
use device::image::{LESSON_SIZE, MIN_SIZE};
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::channel;
use transport::terminal::{Terminal, restore};

const EXAMPLES: &str = "\
Examples:
  towline lab                        sit at R1's console; Ctrl-] h gives a hint
  towline lab --script               watch it done; 0 only if R1 really runs the new version
  towline lab --firewall             why active FTP fails behind a firewall
  towline lab quiz                   six questions
  towline lab compare                TFTP, FTP, SFTP, SCP and FTPS side by side, from a run
  towline lab ladder 3               one of six drawings, from a run
  towline lab password-recovery      what to do when: also full-flash, misspelt-boot, damaged-image,
                                     class-b-flash
  towline lab campus.toml            devices of your own, as many as the file says
  towline lab campus.toml -- pytest  the same as long as a command runs
";

/// The lesson: copy a new IOS image to a router over TFTP and over FTP, boot it; or a lab of your own.
///
/// Starts a TFTP and an FTP server and a router R1 with its old image, all in this process and on
/// loopback; the images are synthetic. Nothing outside a temporary directory is touched.
///
/// With a FILE: the devices of that file (docs/topologies.md), each at an address of its own, over Telnet and SSH; nothing
/// of them stays. With a command behind -- the lab lasts as long as that and ends with its exit code; TOWLINE_CONTROL
/// names its control socket, for towline device ctl.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Lab {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    lesson: Lesson,
    /// Devices of your own: a TOML file; or a scenario: password-recovery, full-flash, misspelt-boot, damaged-image, class-b-flash,
    /// catalyst-upgrade, install-mode.
    #[arg(value_name = "FILE.toml|SCENARIO", conflicts_with_all = ["firewall", "servers", "broken"])]
    file: Option<PathBuf>,
    /// What is run while the lab is there.
    #[arg(last = true, value_name = "COMMAND", requires = "file")]
    command: Vec<OsString>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Day43(Lesson),
    Quiz(Quiz),
    Compare(Compare),
    Ladder(Ladder),
}

/// The lesson itself, as without a name.
#[derive(Debug, Args)]
#[command(before_help = "Example:\n  towline lab day43 --script\n")]
struct Lesson {
    /// Type the lesson, print the session, and judge it.
    #[arg(long)]
    script: bool,
    /// Drop every connection towards R1: active FTP fails, passive FTP works.
    #[arg(long)]
    firewall: bool,
    /// Use other servers that run already; the new image is written to DIR for the time of the lab.
    #[arg(
        long,
        value_name = "tftp=IP:PORT,ftp=IP:PORT,root=DIR[,user=NAME,password=TEXT]",
        value_parser = foreign,
        conflicts_with = "broken"
    )]
    servers: Option<Foreign>,
    /// Break something on purpose: R1 must give its error and must not boot the image.
    #[arg(long = "break", value_name = "WHAT", requires = "script", conflicts_with = "firewall")]
    broken: Option<Broken>,
    /// Boot without the waits of a real device; --script never waits.
    #[arg(long)]
    fast: bool,
    /// Octets of each image; K and M are understood. The lesson's own size crosses TFTP's 16-bit block number.
    #[arg(long, value_parser = size, default_value_t = LESSON_SIZE)]
    size: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Broken {
    /// The server stops in the middle of the copy.
    Stop,
    /// The image is not on the server.
    Absent,
    /// One octet of the server's image is changed.
    Flip,
}

/// Six questions on the lesson; each answer ends with the command that proves it.
#[derive(Debug, Args)]
#[command(before_help = "Example:\n  towline lab quiz\n")]
struct Quiz {}

/// One file over TFTP, FTP, SFTP, SCP and FTP under TLS, in tables filled from the run.
#[derive(Debug, Args)]
#[command(before_help = "Example:\n  towline lab compare\n")]
struct Compare {}

/// Draw a live run: who sends what, from and to which port.
#[derive(Debug, Args)]
#[command(before_help = "Examples:\n  towline lab ladder 5\n  towline lab ladder      all six\n")]
struct Ladder {
    /// 1 TFTP with a loss, 2 its phases, 3 its ports, 4 FTP control, 5 FTP active, 6 FTP passive.
    #[arg(value_parser = clap::value_parser!(u8).range(1..=6))]
    number: Option<u8>,
}

fn size(text: &str) -> Result<u64, String> {
    let octets = parse_octets(text)?;
    if octets < MIN_SIZE { Err(format!("an image has at least {MIN_SIZE} octets")) } else { Ok(octets) }
}

fn foreign(text: &str) -> Result<Foreign, String> {
    let part = |key: &str| {
        text.split(',').find_map(|p| p.split_once('=').filter(|(k, _)| *k == key)).map(|(_, v)| v.to_owned())
    };
    let known = ["tftp", "ftp", "root", "user", "password"];
    if let Some(odd) = text.split(',').find(|p| !p.split_once('=').is_some_and(|(k, _)| known.contains(&k))) {
        return Err(format!("'{odd}' is none of tftp=, ftp=, root=, user=, password="));
    }
    let address = |key: &str| {
        let value = part(key).ok_or_else(|| format!("{key}=IP:PORT is missing"))?;
        value.parse().map_err(|_| format!("{key}={value}: give IP:PORT, like 127.0.0.1:6969"))
    };
    Ok(Foreign {
        tftp: address("tftp")?,
        ftp: address("ftp")?,
        root: part("root")
            .map(PathBuf::from)
            .ok_or("root=DIR is missing: the lab writes the new image there")?,
        user: part("user").unwrap_or_else(|| "cisco".into()),
        password: part("password").unwrap_or_else(|| "cisco".into()),
    })
}

impl Lab {
    /// Does it.
    pub fn run(self) -> Result<(), Failure> {
        match self.verb {
            None => match &self.file {
                Some(name) => match name.to_str().and_then(scenario::named) {
                    Some(scenario) => self.lesson.scenario(scenario, &self.command),
                    None => self.lesson.topology(name, &self.command),
                },
                None => self.lesson.run(),
            },
            Some(Verb::Day43(lesson)) => lesson.run(),
            Some(Verb::Quiz(Quiz {})) => {
                quiz::run(&mut io::stdin().lock(), &mut io::stdout().lock()).map_err(|e| stdout(&e))?;
                Ok(())
            }
            Some(Verb::Compare(Compare {})) => {
                let columns = compare::run().map_err(|e| not_run("lab compare", e))?;
                print(&compare::render(&columns))
            }
            Some(Verb::Ladder(ladder)) => {
                let which = match ladder.number {
                    Some(n) => usize::from(n) - 1..usize::from(n),
                    None => 0..LADDERS.len(),
                };
                for index in which {
                    let text = drawn(index).map_err(|e| not_run("lab ladder", e))?;
                    print(&format!("{text}\n"))?;
                }
                Ok(())
            }
        }
    }
}

/// The lab of a file, until it is interrupted or the command has ended.
fn topology(file: &Path, command: &[OsString]) -> Result<(), Failure> {
    let own = match command {
        [] => None,
        _ => Some(tempfile::tempdir().map_err(|e| Failure::local("the temporary directory", &e))?),
    };
    let socket = own.as_ref().map(|dir| dir.path().join("control"));
    let lab = run::start(file, socket.as_deref())?;
    eprint!("{}", run::described(&lab));
    let Some((program, words)) = command.split_first() else {
        let (over, is_over) = channel();
        on_interrupt(move |_| over.send(()).unwrap_or_default())
            .map_err(|e| Failure::new(Exit::Local, "signals", e, ""))?;
        // The only sender is the signals' thread.
        let _ = is_over.recv();
        return Ok(());
    };
    let name = program.to_string_lossy();
    let control = lab.control.as_ref().map(|socket| ("TOWLINE_CONTROL", socket));
    let status = Command::new(program)
        .args(words)
        .envs(control)
        .status()
        .map_err(|e| Failure::new(Exit::Local, &name, format!("not run: {e}"), "name a program"))?;
    drop((lab, own));
    match status.code() {
        Some(0) => Ok(()),
        code => std::process::exit(code.unwrap_or(i32::from(Exit::Failed.code()))),
    }
}

fn not_run(thing: &str, error: RunError) -> Failure {
    match error {
        RunError::Local(e) => Failure::local(thing, &e),
        RunError::Transfer(e) => Failure::transfer(thing, &e),
    }
}

fn print(text: &str) -> Result<(), Failure> {
    io::stdout().write_all(text.as_bytes()).map_err(|e| stdout(&e))
}

fn stdout(error: &io::Error) -> Failure {
    Failure::new(Exit::Local, "stdout", error, "")
}

impl Lesson {
    /// The lab of a file.
    fn topology(&self, file: &Path, command: &[OsString]) -> Result<(), Failure> {
        let is_file = file.extension().is_some_and(|e| e == "toml") || file.exists();
        if !is_file {
            let known: Vec<&str> = scenario::all().iter().map(|scenario| scenario.name).collect();
            let way_out = format!("give a file, or one of {}", known.join(", "));
            return Err(Failure::usage(file.display(), "is neither a file nor a scenario", way_out));
        }
        if self.script || self.fast || self.size != LESSON_SIZE {
            let way_out = "the file says how long a boot takes, and how large images are";
            return Err(Failure::usage(
                "--script, --fast, --size",
                "are for the lesson and scenarios",
                way_out,
            ));
        }
        topology(file, command)
    }

    /// A scenario.
    fn scenario(&self, scenario: &'static Scenario, command: &[OsString]) -> Result<(), Failure> {
        if !command.is_empty() {
            return Err(Failure::usage("--", "a scenario runs no command", "leave it out, or give a file"));
        }
        self.go(Course::Scenario(scenario.name), None, Some(scenario.start))
    }

    fn run(self) -> Result<(), Failure> {
        let fault = self.broken.map(|b| match b {
            Broken::Stop => Fault::Stop,
            Broken::Absent => Fault::Absent,
            Broken::Flip => Fault::Flip,
        });
        let course = match (fault, self.firewall, &self.servers) {
            (Some(_), ..) => Course::Broken,
            (None, true, _) => Course::Firewall,
            (None, false, Some(_)) => Course::Foreign,
            (None, false, None) => Course::Whole,
        };
        self.go(course, fault, None)
    }

    /// Sets the scene, and has somebody type.
    fn go(&self, course: Course, fault: Option<Fault>, start: Option<&'static Start>) -> Result<(), Failure> {
        let setup = Setup {
            start,
            size: self.size,
            fault,
            firewall: self.firewall,
            foreign: self.servers.clone(),
            pace: if self.script || self.fast { 0.0 } else { 0.3 },
            // Nobody wants to wait a minute for a server that was cut on purpose.
            patience: if fault.is_some() { 0.1 } else { 1.0 },
        };
        let litter = Litter::default();
        let left = litter.clone();
        on_interrupt(move |_| {
            left.remove();
            restore();
            std::process::exit(i32::from(Exit::Interrupted.code()));
        })
        .map_err(|e| Failure::new(Exit::Local, "signals", e, ""))?;
        let scene = Arc::new(Scene::set(&setup, &litter)?);
        if self.script { play(&scene, course) } else { sit(&scene, course) }
    }
}

/// Types the lesson.
fn play(scene: &Arc<Scene>, course: Course) -> Result<(), Failure> {
    let out: Box<dyn Write + Send> = Box::new(io::stdout());
    let show = if io::stdout().is_terminal() { Show::Raw(out) } else { Show::Lines(out) };
    let report = script::run(scene, course, show);
    if course == Course::Firewall {
        print(&format!("\nWhat R1 saw of its FTP sessions:\n{}", scene.trace()))?;
    }
    judge(&report, course)
}

fn judge(report: &Report, course: Course) -> Result<(), Failure> {
    eprintln!();
    for check in &report.checks {
        eprintln!("{} {}", if check.holds { "yes" } else { "NO " }, check.what);
    }
    match report.checks.iter().find(|c| !c.holds) {
        None if report.passed() => Ok(()),
        Some(check) => {
            let way_out = match course {
                Course::Broken => "that is what --break is for",
                Course::Whole | Course::Foreign | Course::Firewall | Course::Scenario(_) => {
                    "the session above shows where it stopped"
                }
            };
            Err(Failure::new(Exit::Failed, "lab", format!("not so: {}", check.what), way_out))
        }
        None => Err(Failure::new(Exit::Failed, "lab", "nothing was checked", "")),
    }
}

/// A learner at the console.
fn sit(scene: &Arc<Scene>, course: Course) -> Result<(), Failure> {
    let names = &scene.names;
    print(&format!(
        "A {} R1 (10.0.0.2) and a server (10.0.0.1) are ready; both are on this host only.\n\
         On the server, over TFTP and FTP: {}\n\
         FTP user {}, password {}. You sit at R1's console; lines that begin with | are the guide's.\n\
         Ctrl-] h gives a hint, Ctrl-] q leaves. R1 boots now: press Return when it asks for it.\n\n",
        if scene.device.profile().is_router() { "router" } else { "switch" },
        names.new,
        names.user,
        names.password
    ))?;
    if let Course::Scenario(name) = course
        && let Some(scenario) = scenario::named(name)
        && let Some(first) = scenario.steps.first()
    {
        // Where R1 begins there may be no prompt at which the guide could speak.
        print(&format!("{}: {}.\n{}\n\n", scenario.title, scenario.about, names.fill(first.task)))?;
    }
    let terminal = Terminal::stdio().map_err(|e| Failure::local("this terminal", &e))?;
    let desk = TerminalPort::from(terminal);
    let colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let guide = Guide::new(desk, names.clone(), steps(course), Box::new(Watched(scene.clone())), colour);
    scene.device.console(Box::new(guide)).map_err(|e| Failure::new(Exit::Local, "R1", e, ""))?;
    print("\n")
}

/// The lab as the guide sees it.
struct Watched(Arc<Scene>);

impl Scenery for Watched {
    fn state(&mut self) -> State {
        self.0.state()
    }

    fn power_cycle(&mut self) {
        self.0.device.power_cycle();
    }

    fn trace(&self) -> String {
        self.0.trace()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_of_others_are_given_in_one_option() {
        let got = foreign("tftp=127.0.0.1:6969,ftp=127.0.0.1:2121,root=/srv/x,user=u").unwrap();
        assert_eq!(
            (got.tftp.port(), got.ftp.port(), got.user.as_str(), got.password.as_str()),
            (6969, 2121, "u", "cisco")
        );
        assert_eq!(got.root, PathBuf::from("/srv/x"));
        for (text, want) in [
            ("tftp=127.0.0.1:69,ftp=127.0.0.1:21", "root=DIR is missing"),
            ("tftp=127.0.0.1,ftp=127.0.0.1:21,root=/", "tftp=127.0.0.1: give IP:PORT"),
            ("ftp=127.0.0.1:21,root=/", "tftp=IP:PORT is missing"),
            ("sftp=1", "'sftp=1' is none of"),
        ] {
            assert!(foreign(text).unwrap_err().contains(want), "{text}");
        }
        assert!(size("1K").is_err() && size("4K").is_ok());
    }
}
