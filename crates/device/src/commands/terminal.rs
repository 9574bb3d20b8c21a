//! `terminal …`: what holds for one's own line until one leaves it.

use super::exec::Exec;
use super::show::{clock_of, source_of};
use super::table::Id;
use crate::device::LineId;
use crate::session::Leave;
use ios_cli::text::load::Cpu;
use ios_cli::{Match, Modes, Row};

/// What a row sets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Terminal {
    Length,
    Width,
    Monitor(bool),
    Timestamps(bool),
    /// What makes no difference here.
    Other,
}

const EXEC: Modes = Modes::EXEC;
const DOC: &str = "Set terminal line parameters";
const NO: &str = "Negate a command or set its defaults";
const LENGTH: &str = "Set number of lines on a screen";
const WIDTH: &str = "Set width of the display terminal";
const MONITOR: &str = "Copy debug output to the current terminal line";
const PREFERENCES: &str = "Set EXEC preferences";
const PROMPT: &str = "Set EXEC prompt preferences";
const TIMESTAMP: &str = "Print timestamps for show commands";

pub(super) const TERMINAL: &[Row<Id>] = &[
    Row::new(
        "terminal length <lines:0-512>",
        &[DOC, LENGTH, "Number of lines on screen (0 for no pausing)"],
        EXEC,
        1,
        Id::Terminal(Terminal::Length),
    ),
    Row::new(
        "terminal width <columns:0-512>",
        &[DOC, WIDTH, "Number of characters on a screen line"],
        EXEC,
        1,
        Id::Terminal(Terminal::Width),
    ),
    Row::new("terminal monitor", &[DOC, MONITOR], EXEC, 1, Id::Terminal(Terminal::Monitor(true))),
    Row::new("terminal no monitor", &[DOC, NO, MONITOR], EXEC, 1, Id::Terminal(Terminal::Monitor(false))),
    Row::new("terminal no length", &[DOC, NO, LENGTH], EXEC, 1, Id::Terminal(Terminal::Length)),
    Row::new("terminal no width", &[DOC, NO, WIDTH], EXEC, 1, Id::Terminal(Terminal::Width)),
    Row::new(
        "terminal exec prompt timestamp",
        &[DOC, PREFERENCES, PROMPT, TIMESTAMP],
        EXEC,
        1,
        Id::Terminal(Terminal::Timestamps(true)),
    ),
    Row::new(
        "terminal no exec prompt timestamp",
        &[DOC, NO, PREFERENCES, PROMPT, TIMESTAMP],
        EXEC,
        1,
        Id::Terminal(Terminal::Timestamps(false)),
    ),
    Row::new(
        "terminal [no] {history | editing | escape-character | terminal-type | shell} [<rest:line>]",
        &[
            DOC,
            NO,
            "Enable and control the command history function",
            "Enable command line editing",
            "Change the current line's escape character",
            "Set the terminal type",
            "Configure Cisco Shell (CShell)",
            "Parameters",
        ],
        EXEC,
        1,
        Id::Terminal(Terminal::Other),
    ),
];

/// Lines and columns that a line has where nobody said otherwise.
const LINES: u64 = 24;
const COLUMNS: u64 = 80;

impl Exec<'_> {
    pub(super) fn terminal(&mut self, what: Terminal, found: &Match<Id>) -> Result<(), Leave> {
        let number = |name, default| usize::try_from(found.number(name).unwrap_or(default)).ok();
        match what {
            Terminal::Length => self.tty.resize(number("lines", LINES), None),
            Terminal::Width => self.tty.resize(None, number("columns", COLUMNS)),
            Terminal::Monitor(true) if self.tty.line == LineId::Console => {
                return self.tty.print("% Console already monitors\n");
            }
            Terminal::Monitor(on) => self.tty.watch_messages(on),
            Terminal::Timestamps(on) => self.tty.timestamps = on,
            Terminal::Other => {}
        }
        Ok(())
    }

    /// The load and the time, where they are to stand before what is shown.
    pub(super) fn timestamp(&mut self) -> Result<(), Leave> {
        if !self.tty.timestamps {
            return Ok(());
        }
        let idle = Cpu { five_seconds: 0, interrupts: 0, minute: 0, five_minutes: 0 };
        let text = clock_of(&self.tty.device).preamble(idle, source_of(&self.tty.device));
        self.tty.print(&text)
    }
}
