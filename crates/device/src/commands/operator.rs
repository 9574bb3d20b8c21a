//! What an operator does beside files and configurations: sets the clock, writes to others, looks at all at once.

use super::exec::Exec;
use super::graph::graph;
use super::show::clock_of;
use super::table::Id;
use crate::device::LineId;
use crate::ifs::offers;
use crate::messages::{Post, To};
use crate::session::Leave;
use clock::civil::Civil;
use ios_cli::editor::{Event, Input};
use ios_cli::text::{clock as clock_text, file_information, send, tech};
use ios_cli::{Match, Modes, Outcome, Row, Scope};
use std::time::{Duration, UNIX_EPOCH};

/// What a row does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Operator {
    ClockSet,
    Send,
    SendLog,
    FileInformation,
    TechSupport,
}

const EXEC: Modes = Modes::EXEC;
const SHOW: &str = "Show running system information";
const CLOCK: &str = "Manage the system clock";
const SET: &str = "Set the time and date";
const TIME: &str = "Current Time";
const DAY: &str = "Day of the month";
const MONTH: &str = "Month of the year";
const YEAR: &str = "Year";
const SEND: &str = "Send a message to other tty lines";
const VTY: &str = "Virtual terminal";
const LINE: &str = "Line number";
const TECH: &str = "Show system information for Tech-Support";

pub(super) const OPERATOR: &[Row<Id>] = &[
    Row::new(
        "clock set <time:time> <day:1-31> <month:month> <year:1993-2035>",
        &[CLOCK, SET, TIME, DAY, MONTH, YEAR],
        EXEC,
        15,
        Id::Operator(Operator::ClockSet),
    ),
    Row::new(
        "clock set <time:time> <month:month> <day:1-31> <year:1993-2035>",
        &[CLOCK, SET, TIME, MONTH, DAY, YEAR],
        EXEC,
        15,
        Id::Operator(Operator::ClockSet),
    ),
    Row::new("send *", &[SEND, "All tty lines"], EXEC, 15, Id::Operator(Operator::Send)),
    Row::new(
        "send console <line:0-0>",
        &[SEND, "Primary terminal line", LINE],
        EXEC,
        15,
        Id::Operator(Operator::Send),
    ),
    Row::new(
        "send log [<level:0-7>] <text:line>",
        &[SEND, "Logging destinations", "Logging severity level", "Message text"],
        EXEC,
        15,
        Id::Operator(Operator::SendLog),
    ),
    Row::new(
        "show file information <file:file>",
        &[SHOW, "Show filesystem information", "Information on a particular file", "File"],
        EXEC,
        1,
        Id::Operator(Operator::FileInformation),
    )
    .piped(),
    Row::new(
        "show tech-support [password]",
        &[SHOW, TECH, "Include passwords"],
        EXEC,
        15,
        Id::Operator(Operator::TechSupport),
    )
    .piped(),
];

/// Lines of a router.
pub(super) const ROUTER_OPERATOR: &[Row<Id>] =
    &[Row::new("send vty <line:0-4>", &[SEND, VTY, LINE], EXEC, 15, Id::Operator(Operator::Send))];

/// Lines of a switch.
pub(super) const SWITCH_OPERATOR: &[Row<Id>] =
    &[Row::new("send vty <line:0-15>", &[SEND, VTY, LINE], EXEC, 15, Id::Operator(Operator::Send))];

/// What `show tech-support` is made of; what a model has not is left out.
const TECH_SUPPORT: &[&str] = &[
    "show clock",
    "show version",
    "show platform",
    "show redundancy",
    "show running-config",
    "show boot",
    "show switch",
    "show install summary",
    "show interfaces",
    "show ip interface brief",
    "show ip route",
    "show vlan",
    "show processes cpu",
    "show memory statistics",
    "show file systems",
    "dir nvram:",
    "show flash:",
    "show inventory",
    "show license",
    "show users",
    "show logging",
];

/// Octets that tell whether a file is text.
const LOOK: usize = 1_024;

impl Exec<'_> {
    /// What changes something.
    pub(super) fn operate(&mut self, what: Operator, found: &Match<Id>) -> Result<(), Leave> {
        match what {
            Operator::ClockSet => self.set_clock(found),
            Operator::Send => self.write_to_lines(found),
            Operator::SendLog => {
                let level = found.number("level").and_then(|n| u8::try_from(n).ok());
                let (from, user) = (self.line_number(self.tty.line), self.user.clone().unwrap_or_default());
                let text = found.text("text").unwrap_or_default();
                self.tty.device.log(&send::logged(level.unwrap_or(send::DEBUGGING), from, &user, text));
                Ok(())
            }
            Operator::FileInformation | Operator::TechSupport => Ok(()),
        }
    }

    /// What only shows.
    pub(super) fn show_to_operator(&mut self, what: Operator, found: &Match<Id>) -> String {
        match what {
            Operator::FileInformation => self.file_information(found.text("file").unwrap_or_default()),
            Operator::TechSupport => self.tech_support(found.has("password")),
            Operator::ClockSet | Operator::Send | Operator::SendLog => String::new(),
        }
    }

    fn set_clock(&mut self, found: &Match<Id>) -> Result<(), Leave> {
        let number = |name| found.number(name).unwrap_or(0);
        let field = |n: u64| u8::try_from(n).unwrap_or(0);
        let time = number("time");
        let civil = Civil {
            year: i64::try_from(number("year")).unwrap_or(0),
            month: field(number("month")),
            day: field(number("day")),
            hour: field(time / 3_600),
            minute: field(time / 60 % 60),
            second: field(time % 60),
        };
        let seconds = civil.to_unix();
        // 30 February is no day.
        let real = Civil::from_unix(seconds) == civil;
        let (true, Ok(seconds)) = (real, u64::try_from(seconds)) else {
            return self.tty.print("% Invalid day of month\n\n");
        };
        let device = &self.tty.device;
        let to = UNIX_EPOCH + Duration::from_secs(seconds);
        let before = clock_of(device);
        device.set_clock(to);
        let by = match &self.user {
            Some(user) => format!("{user} on {}", self.by()),
            None => self.by(),
        };
        device.log(&clock_text::Clock { civil, ..before.clone() }.updated(&before, &by));
        Ok(())
    }

    /// The number of a line among all.
    fn line_number(&self, line: LineId) -> u16 {
        match line {
            LineId::Console => 0,
            LineId::Vty(n) => self.tty.device.profile().first_vty + n,
        }
    }

    fn write_to_lines(&mut self, found: &Match<Id>) -> Result<(), Leave> {
        let to = match found.number("line").and_then(|n| u16::try_from(n).ok()) {
            Some(_) if found.has("console") => To::Line(LineId::Console),
            Some(n) => To::Line(LineId::Vty(n)),
            None => To::All,
        };
        self.tty.print(send::ENTER)?;
        let mut lines = Vec::new();
        loop {
            match self.tty.next_event(Input::Answer, "")? {
                Event::Line(line) => lines.push(line),
                Event::CtrlZ(line) => {
                    lines.push(line);
                    break;
                }
                Event::Interrupt(_) => return Ok(()),
                Event::Key(_) | Event::Help(_) | Event::Tab(_) => {}
            }
        }
        if !self.tty.confirm(send::CONFIRM)? {
            return Ok(());
        }
        let named = match to {
            To::Line(line) => Some(self.line_number(line)),
            To::All | To::AllBut(_) => None,
        };
        let text = send::framed(self.line_number(self.tty.line), named, lines.join("\n").trim_end());
        self.tty.device.posts.push(Post { to, text });
        Ok(())
    }

    fn file_information(&mut self, name: &str) -> String {
        let blob = match self.blob(name) {
            Ok(blob) => blob,
            Err(why) => return format!("%Error opening {name} ({why})\n"),
        };
        let profile = self.tty.device.profile();
        let mut head = [0; 4];
        // A shorter one is no image.
        let _ = blob.read_at(0, &mut head);
        let kind = match crate::image::glance(&blob) {
            Ok(glance) => file_information::Kind::Image {
                format: match &head {
                    b"\x7fELF" => "elf",
                    b"MZIP" => "mzip",
                    _ => "pkg",
                }
                .into(),
                octets: blob.len(),
                runs_here: glance.profile == *profile.name,
            },
            Err(_) => {
                let mut head = vec![0; LOOK];
                let n = blob.read_at(0, &mut head).unwrap_or(0);
                let plain = |octet: &u8| matches!(octet, b'\t' | b'\n' | b'\r' | 0x20..=0x7e);
                match n > 0 && head[..n].iter().all(plain) {
                    true => file_information::Kind::Text,
                    false => file_information::Kind::Unknown,
                }
            }
        };
        file_information::render(name, &kind)
    }

    /// The outputs of many commands, as this line's user would see them.
    fn tech_support(&mut self, passwords: bool) -> String {
        let mut out = String::new();
        for command in TECH_SUPPORT {
            let outcome = {
                let offers = offers(self.tty.device.profile());
                let scope = Scope { mode: Modes::EXEC, privilege: self.privilege, offers: &offers };
                graph(self.tty.device.profile()).read(&scope, command)
            };
            let Outcome::Match(found) = outcome else { continue };
            let mut text = self.output(&found);
            if !passwords && found.id == Id::ShowRunning {
                text = tech::without_secrets(&text);
            }
            out.push_str(&tech::section(command, &text));
        }
        out
    }
}
