//! `test crash`: somebody chooses how the software crashes. What is known of it goes into a file of flash, and to ROMMON.

use super::exec::Exec;
use super::files::{reason_of, unix};
use super::table::Id;
use crate::session::Leave;
use clock::civil::Civil;
use ios_cli::text::crash::{self as texts, Crash};
use ios_cli::text::version;
use ios_cli::{Modes, Row};
use std::time::SystemTime;
use store::{Sink, StoreError, VPath};

/// What IOS has, not IOS-XE.
pub(super) const CRASHES: &[Row<Id>] = &[Row::new(
    "test crash",
    &["Test subsystems, memory, and interfaces", "Crash the system"],
    Modes::EXEC,
    15,
    Id::TestCrash,
)];

/// Where a crash is written down.
struct Collection {
    on: bool,
    /// A name in flash.
    file: String,
}

impl Exec<'_> {
    pub(super) fn test_crash(&mut self) -> Result<(), Leave> {
        self.tty.print(texts::WARNING)?;
        let mut collection = Collection { on: true, file: named(self.tty.device.now()) };
        // What crashes has to be enabled right before.
        let mut enabled = false;
        loop {
            self.tty.print(&texts::menu())?;
            let Some(typed) = self.tty.ask_plain_or(texts::SELECT)? else { return Ok(()) };
            let selected = texts::MENU.iter().find(|(key, ..)| typed.chars().eq([*key]));
            let was_enabled = std::mem::take(&mut enabled);
            match selected {
                Some((key, _, Some((kind, address)))) if was_enabled => {
                    let address = match key {
                        'R' | 'U' => {
                            let typed = self.tty.ask_plain(texts::ADDRESS)?;
                            u32::from_str_radix(typed.trim_start_matches("0x"), 16).unwrap_or(0)
                        }
                        _ => *address,
                    };
                    return self.crash(Crash { kind: *kind, address }, &collection);
                }
                Some(('C', ..)) => enabled = true,
                Some(('d', ..)) => collection.on = false,
                Some(('e', ..)) => collection.on = true,
                Some(('n', ..)) => {
                    let typed = self.tty.ask_plain(texts::FILE)?;
                    let name = typed.rsplit(['/', ':']).next().unwrap_or_default();
                    if !name.is_empty() {
                        name.clone_into(&mut collection.file);
                    }
                }
                Some(('i', ..)) => {
                    let text =
                        self.newest().map_or_else(|| texts::NO_FILE.into(), |file| self.text_of_file(&file));
                    self.tty.page(&text)?;
                }
                Some(('s', ..)) => self.write_down(&collection.file, &self.software())?,
                Some(('t', ..)) => {
                    let text = self.software();
                    self.tty.page(&text)?;
                }
                Some(('q' | 'x', ..)) => return Ok(()),
                // Nothing is kept in memory, and a file is closed when it is written.
                Some(_) | None => {}
            }
        }
    }

    fn crash(&mut self, crash: Crash, collection: &Collection) -> Result<(), Leave> {
        if collection.on {
            let text = crash.information(&self.software());
            self.write_down(&collection.file, &text)?;
        }
        self.tty.print(&crash.exception())?;
        self.tty.device.crash(crash);
        Err(Leave::Restart)
    }

    fn write_down(&mut self, file: &str, text: &str) -> Result<(), Leave> {
        let shown = format!("{}{file}", self.flash());
        self.tty.print(&texts::writing(&shown))?;
        let written = VPath::parse(file.as_bytes()).map_err(|_| StoreError::Absent).and_then(|path| {
            let mut upload = self.tty.device.flash.create(&path)?;
            upload.write_at(0, text.as_bytes())?;
            upload.commit()
        });
        match written {
            Ok(_) => Ok(()),
            Err(e) => self.tty.print(&format!("%Error opening {shown} ({})\n", reason_of(&e))),
        }
    }

    /// The lines that name the software.
    fn software(&self) -> String {
        let device = &self.tty.device;
        let register = device.state().monitor.register;
        let shown = device.running(|r| crate::texts::version_of(device, r, register, "power-on"));
        shown.map(|shown| version::software(&shown)).unwrap_or_default()
    }

    /// The file of the last crash.
    fn newest(&self) -> Option<String> {
        let rows = self.tty.device.flash.list(&VPath::root()).ok()?;
        let names = rows.iter().filter(|row| !row.directory).map(|row| row.name());
        names.filter(|name| name.starts_with(PREFIX)).max()
    }

    fn text_of_file(&mut self, file: &str) -> String {
        match self.blob(file) {
            Ok(blob) => super::copy::text_of(&blob),
            Err(why) => format!("%Error opening {}{file} ({why})\n", self.flash()),
        }
    }
}

const PREFIX: &str = "crashinfo_";

/// `crashinfo_20261128-010203-UTC`
fn named(now: SystemTime) -> String {
    let Civil { year, month, day, hour, minute, second, .. } = Civil::from_unix(unix(now));
    format!("{PREFIX}{year:04}{month:02}{day:02}-{hour:02}{minute:02}{second:02}-UTC")
}
