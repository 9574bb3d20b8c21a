//! `towline device ctl`: asks devices that run, and has them go wrong.

use crate::control::ask;
use crate::exit::{Exit, Failure};
use crate::figures::grouped;
use crate::lab::desk::{Asked, Line, Question};
use clap::{Args, ValueEnum};
use std::io::Write as _;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  towline device ctl                          every device of the lab: what it is and runs
  towline device ctl R1 commands              what was typed at R1's prompts
  towline device ctl R1 fault drop-session 50 the line of R1's next copy is cut off in the middle
  towline device ctl all fault noise 1s       every device is noisy
  towline device ctl R1 fault link-down g0/1  an interface loses its carrier
  towline device ctl R1 clear-faults link-down and has it again
  towline device ctl R1 files --json          one object a line, for programs
";

/// Ask devices that run, and have them go wrong: those of a lab, or of towline device --control.
///
/// Answers come over the control socket of --control, without it of $TOWLINE_CONTROL, which the command of towline lab
/// FILE -- COMMAND finds set.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Ctl {
    /// Which device: its name or address, or all.
    #[arg(default_value = "all")]
    name: String,
    /// What is asked or done.
    #[arg(value_enum, default_value_t = Verb::Show)]
    verb: Verb,
    /// Behind fault: what goes wrong, such as slow-flash 100K; docs/device.md has all. Behind clear-faults: what is taken
    /// back, such as link-down g0/1.
    #[arg(allow_negative_numbers = true)]
    fault: Vec<String>,
    /// The control socket.
    #[arg(long, value_name = "SOCKET")]
    control: Option<PathBuf>,
    /// Print each line of the answer as a JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Verb {
    /// What it is and what runs.
    Show,
    /// What was typed at its prompts, secrets too.
    Commands,
    /// What it copied, and how that ended.
    Copies,
    /// The files of flash, with their SHA-512.
    Files,
    /// The running configuration.
    Configuration,
    /// What is wrong with it.
    Faults,
    /// Something goes wrong from now on.
    Fault,
    /// Nothing is wrong any more, or not what stands behind it.
    ClearFaults,
    /// Switch it off and on.
    PowerCycle,
}

impl Ctl {
    /// Asks and prints.
    pub(super) fn run(self) -> Result<(), Failure> {
        let asked = match self.verb {
            Verb::Show => Asked::Device,
            Verb::Commands => Asked::Commands,
            Verb::Copies => Asked::Copies,
            Verb::Files => Asked::Files,
            Verb::Configuration => Asked::Configuration,
            Verb::Faults => Asked::Faults,
            Verb::Fault => Asked::Fault { fault: self.fault.join(" ") },
            Verb::ClearFaults => {
                Asked::ClearFaults { fault: Some(self.fault.join(" ")).filter(|f| !f.is_empty()) }
            }
            Verb::PowerCycle => Asked::PowerCycle,
        };
        if !matches!(self.verb, Verb::Fault | Verb::ClearFaults) && !self.fault.is_empty() {
            let thing = self.fault.join(" ");
            return Err(Failure::usage(thing, "stands behind a verb that takes nothing", "leave it out"));
        }
        let variable = || std::env::var_os("TOWLINE_CONTROL").filter(|v| !v.is_empty()).map(PathBuf::from);
        let Some(socket) = self.control.clone().or_else(variable) else {
            let what = "there is neither --control nor TOWLINE_CONTROL";
            let way_out = "give the socket: towline lab FILE and towline device make one with control";
            return Err(Failure::usage("--control", what, way_out));
        };
        let device = Some(self.name.clone()).filter(|name| name != "all");
        let mut out = std::io::stdout().lock();
        let mut failed = None;
        ask(&socket, &Question { device, asked }, |line: Line| {
            let text = match self.json {
                true => serde_json::to_string(&line).expect("lines are maps with string keys"),
                false => words(&line),
            };
            if let Err(e) = writeln!(out, "{}", text.trim_end()) {
                failed.get_or_insert(e);
            }
        })?;
        match failed {
            // Who reads no more has seen enough.
            Some(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(Failure::new(Exit::Local, "stdout", e, ""))
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// A line for people.
fn words(line: &Line) -> String {
    match line {
        Line::Device { device, address, profile, mode, version, image, register, modified, .. } => {
            let at = address.map_or(String::new(), |address| format!(" {address}"));
            let runs = match (version, image) {
                (Some(version), Some(image)) => format!("{version} from {image}"),
                _ => mode.clone(),
            };
            let unsaved = if *modified { ", changes not saved" } else { "" };
            format!("{device}{at}  {profile}  {runs}, register {register}{unsaved}")
        }
        Line::Command { device, at, line, user, prompt, text } => {
            let who = user.as_ref().map_or(String::new(), |user| format!(" {user}"));
            format!("{device}  {at}  {line}{who}  {prompt}{text}")
        }
        Line::Copy { device, source, destination, octets, error } => {
            let how = match (octets, error) {
                (Some(octets), _) => format!("{} octets", grouped(*octets)),
                (None, Some(error)) => format!("failed: {error}"),
                (None, None) => String::from("failed"),
            };
            format!("{device}  {source} -> {destination}  {how}")
        }
        Line::File { device, name, octets, sha512 } => format!("{device}  {octets:>11}  {sha512}  {name}"),
        Line::Configuration { text, .. } => text.clone(),
        Line::Wrong { device, fault } => format!("{device}  {fault}"),
        // The last ones are not handed on.
        Line::Done | Line::Refused(_) => String::new(),
    }
}
