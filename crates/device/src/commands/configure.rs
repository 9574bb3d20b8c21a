//! Configuration mode.

use super::exec::Exec;
use super::graph::graph;
use super::table::Id;
use crate::config::{Applied, Complaint, Config, Section, begins_another};
use crate::session::Leave;
use ios_cli::{Match, Modes, Outcome, Scope};
use std::fmt::Write;

impl Exec<'_> {
    pub(super) fn configure(&mut self, found: &Match<Id>) -> Result<(), Leave> {
        if !found.has("terminal") {
            let Some(answer) =
                self.tty.ask_line("Configuring from terminal, memory, or network", "terminal")?
            else {
                return Ok(());
            };
            if !"terminal".starts_with(&answer.to_ascii_lowercase()) {
                return self.tty.print("?Must be \"terminal\", \"memory\" or \"network\"\n");
            }
        }
        if let Some(minutes) = found.number("minutes")
            && !self.revertible(minutes)?
        {
            return Ok(());
        }
        self.tty.print("Enter configuration commands, one per line.  End with CNTL/Z.\n")?;
        self.mode = Modes::CONFIG;
        self.section = Section::Global;
        Ok(())
    }

    /// Applies a line that the graph knows.
    pub(super) fn apply(&mut self, found: &Match<Id>, line: &str) -> Result<(), Leave> {
        let mut canonical = canonical(found, line);
        // `banner motd #` goes on until the delimiter comes again.
        if found.id == Id::BannerLine && !found.no {
            let text = found.text("text").unwrap_or_default();
            let mark = text.chars().next().unwrap_or('#');
            if text.chars().filter(|c| *c == mark).count() < 2 {
                self.tty.print(&format!("Enter TEXT message.  End with the character '{mark}'.\n"))?;
                loop {
                    let event = self.tty.next_event(ios_cli::editor::Input::Answer, "")?;
                    let ios_cli::editor::Event::Line(more) = event else { return Ok(()) };
                    canonical.push('\n');
                    canonical.push_str(&more);
                    if more.contains(mark) {
                        break;
                    }
                }
            }
        }
        if !self.may_change(found)? {
            return Ok(());
        }
        let section = if found.mode == Modes::CONFIG { Section::Global } else { self.section.clone() };
        match self.change(section, &canonical) {
            Ok(applied) => self.applied(&applied),
            Err(complaint) => {
                let text = text_of(&complaint, line, self.prompt().len());
                self.tty.print(&text)
            }
        }
    }

    /// Takes a line that the graph does not know but real configurations have; `false`: it is none.
    pub(super) fn keep(&mut self, line: &str) -> Result<bool, Leave> {
        // The register is typed in hexadecimal, which the graph sees to.
        if line.trim_start().starts_with("config-register") {
            return Ok(false);
        }
        match self.change(self.section.clone(), line.trim()) {
            Ok(applied) => {
                self.applied(&applied)?;
                Ok(true)
            }
            Err(Complaint::Incomplete) => {
                self.tty.print("% Incomplete command.\n\n")?;
                Ok(true)
            }
            Err(_) => Ok(false),
        }
    }

    /// Whether the first word of a global line is short for more than one command, those that are only kept among them.
    pub(super) fn is_short_for_many(&self, line: &str, outcome: &Outcome<Id>) -> bool {
        let Some(word) = line.split_whitespace().next().map(str::to_ascii_lowercase) else { return false };
        let known = match outcome {
            Outcome::Match(found) if found.via_do || found.no => return false,
            Outcome::Match(found) => found.words.first().copied(),
            Outcome::Invalid { word: 0, .. } => None,
            Outcome::Invalid { .. } | Outcome::Empty | Outcome::Ambiguous | Outcome::Incomplete => {
                return false;
            }
        };
        let others = begins_another(&word, known);
        self.mode == Modes::CONFIG
            && known != Some(word.as_str())
            && others + usize::from(known.is_some()) > 1
    }

    fn change(&mut self, section: Section, line: &str) -> Result<Applied, Complaint> {
        let profile = self.tty.device.profile().clone();
        let who = self.who();
        let changed = self.tty.device.reconfigure(&who, |c| c.apply(&profile, section, line));
        self.configured = true;
        changed.unwrap_or(Err(Complaint::Invalid))
    }

    fn applied(&mut self, applied: &Applied) -> Result<(), Leave> {
        self.section = applied.section.clone();
        self.mode = mode_of(&applied.section);
        if let Some(register) = applied.register {
            let mut state = self.tty.device.state();
            state.monitor.register = register;
            state.save_monitor();
        }
        if let Some((name, value)) = &applied.variable {
            self.tty.device.state().set_variable(name, value.as_deref());
        }
        match &applied.notice {
            Some(notice) => self.tty.print(&format!("{notice}\n")),
            None => Ok(()),
        }
    }
}

fn mode_of(section: &Section) -> Modes {
    match section {
        Section::Global => Modes::CONFIG,
        Section::Interface(_) | Section::Range(_) => Modes::INTERFACE,
        Section::Line(_) => Modes::LINE,
        Section::Kept(_) => Modes::ARCHIVE,
    }
}

/// What the device prints for a refused line.
fn text_of(complaint: &Complaint, line: &str, prompt: usize) -> String {
    match complaint {
        // The graph has taken every word; what is wrong is the last one's value.
        Complaint::Invalid => {
            let column = line.trim_end().rfind(' ').map_or(0, |at| at + 1);
            format!(
                "{:>width$}\n% Invalid input detected at '^' marker.\n\n",
                '^',
                width = prompt + column + 1
            )
        }
        Complaint::Incomplete => "% Incomplete command.\n\n".into(),
        Complaint::BadMask { .. } | Complaint::Overlaps { .. } => format!("% {complaint}\n"),
        Complaint::Hostname | Complaint::Physical => format!("% {complaint}\n"),
        Complaint::NoEncapsulation => format!("\n% {complaint}\n\n"),
        Complaint::SameVlan { .. } => format!("\n%{complaint}\n\n"),
    }
}

/// The line with its keywords written out.
fn canonical(found: &Match<Id>, line: &str) -> String {
    let mut out = String::from(if found.no { "no " } else { "" });
    match found.id {
        // The value stands between two keywords.
        Id::Username => {
            let _ = write!(out, "username {}", found.text("name").unwrap_or_default());
            if let Some(level) = found.number("level") {
                let _ = write!(out, " privilege {level}");
            }
            if let Some(password) = found.text("password") {
                let kind = if found.has("secret") { "secret" } else { "password" };
                let _ = write!(out, " {kind} {password}");
            }
        }
        Id::TftpServer => {
            let _ = write!(out, "tftp-server {}", found.text("file").unwrap_or_default());
            if let Some(name) = found.text("name") {
                let _ = write!(out, " alias {name}");
            }
            if let Some(list) = found.number("list") {
                let _ = write!(out, " {list}");
            }
        }
        Id::Register => {
            let _ = write!(out, "config-register {:#06x}", found.number("value").unwrap_or(0x2102));
            if found.no {
                out = "no config-register".into();
            }
        }
        Id::IpAddress if found.has("secondary") => {
            let part = |name| found.addr(name).map(|part| format!(" {part}")).unwrap_or_default();
            let _ = write!(out, "ip address{}{} secondary", part("address"), part("mask"));
        }
        Id::Interface => {
            let name = found.arg("name").and_then(|a| a.interface()).map(ToString::to_string);
            let default = if found.words.first() == Some(&"default") { "default " } else { "" };
            let _ = write!(out, "{default}interface {}", name.unwrap_or_default());
        }
        _ => {
            out.push_str(&found.words.join(" "));
            for (_, value) in &found.args {
                out.push(' ');
                let _ = match value {
                    ios_cli::Arg::Text(t) => write!(out, "{t}"),
                    ios_cli::Arg::Number(n) => write!(out, "{n}"),
                    ios_cli::Arg::Addr(a) => write!(out, "{a}"),
                    ios_cli::Arg::Interface(i) => write!(out, "{i}"),
                };
            }
        }
    }
    debug_assert!(!out.trim().is_empty(), "{line}");
    out
}

/// What a configuration file did besides the configuration.
#[derive(Default)]
pub(crate) struct Merged {
    /// The lines that were refused.
    pub(crate) refused: Vec<String>,
    /// The register that one of them set.
    pub(crate) register: Option<u16>,
    /// Variables of the boot loader that were set or unset, in their order.
    pub(crate) variables: Vec<(&'static str, Option<String>)>,
}

/// Merges the text of a configuration file: abbreviations are understood as on the console.
///
/// Some lines mean one thing in a block and another by themselves. Where the block's lines are indented, as in
/// everything that a device writes, one that is not is not the block's.
pub(crate) fn merge(profile: &crate::Profile, config: &mut Config, text: &str) -> Merged {
    let mut section = Section::Global;
    let mut merged = Merged::default();
    let mut lines = text.lines();
    // Whether the lines of the block are indented; not known before its first one.
    let mut body = None;
    while let Some(line) = lines.next() {
        let is_indented = line.starts_with([' ', '\t']);
        let mut line = line.trim().to_owned();
        if line.is_empty() || line.starts_with('!') {
            continue;
        }
        if section != Section::Global && *body.get_or_insert(is_indented) && !is_indented {
            section = Section::Global;
        }
        if line == "end" {
            break;
        }
        // A banner of several lines.
        let banner = ["exec", "login", "motd"].iter().any(|kind| {
            line.strip_prefix("banner ")
                .and_then(|rest| rest.strip_prefix(kind))
                .is_some_and(|rest| rest.starts_with(" ^C"))
        });
        if banner && line.matches("^C").count() < 2 {
            for more in lines.by_ref() {
                line.push('\n');
                // Of several CR before the line feed none is the text's.
                line.push_str(more.trim_end_matches('\r'));
                if more.contains("^C") {
                    break;
                }
            }
        }
        let mode = mode_of(&section);
        let scope = Scope { mode, privilege: 15, offers: &[] };
        let (section_of, canonical) = match graph(profile).read(&scope, &line) {
            Outcome::Match(found) if !found.via_do && is_configuration(found.id) => (
                if found.mode == Modes::CONFIG { Section::Global } else { section.clone() },
                canonical(&found, &line),
            ),
            Outcome::Match(found) if found.id == Id::Exit => {
                section = Section::Global;
                continue;
            }
            _ => (section.clone(), line.clone()),
        };
        let is_global = section_of == Section::Global;
        match config.apply(profile, section_of, &canonical) {
            Ok(applied) => {
                if is_global || applied.section != section {
                    body = None;
                }
                section = applied.section;
                merged.register = applied.register.or(merged.register);
                merged.variables.extend(applied.variable);
            }
            Err(_) => merged.refused.push(line),
        }
    }
    merged
}

fn is_configuration(id: Id) -> bool {
    matches!(
        id,
        Id::Apply
            | Id::Interface
            | Id::Line
            | Id::SecretLine
            | Id::BannerLine
            | Id::IpAddress
            | Id::Register
            | Id::Username
            | Id::TftpServer
    )
}
