//! The lines of the device: con0 and vty 0 to 4 over one shared [`Device`].
//!
//! [`Device::console`] shows booting, ROMMON, the setup dialog and the EXEC, and goes on through every
//! reload until its terminal is gone. [`Device::vty`] is one login. Both block: give each a thread.

mod booting;
mod login;
mod port;
mod setup;
mod tty;
mod vty;

pub(crate) use booting::{load, load_helper};
pub use port::{Heard, Port, TerminalPort};
pub(crate) use setup::run as run_setup;
pub use tty::Leave;
pub(crate) use tty::Tty;
pub(crate) use vty::{Vty, Vtys};

use crate::commands::run_session;
use crate::device::{Device, LineId, Power};
use crate::profile::Loader;
use crate::{rommon, switch_loader};
use ios_cli::editor::{Event, Input};
use ios_cli::text::boot;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Why a line was not given.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refused {
    /// Another terminal has the console.
    #[error("the console is in use by another terminal")]
    ConsoleTaken,
    /// All vty lines are in use, or no IOS runs.
    #[error("no vty line is free")]
    NoLine,
}

impl Device {
    /// Gives the console to a terminal until that is gone. A device that is off boots on it.
    pub fn console(self: &Arc<Self>, terminal: Box<dyn Port>) -> Result<(), Refused> {
        if self.console_taken.swap(true, Ordering::SeqCst) {
            return Err(Refused::ConsoleTaken);
        }
        self.state().boots_at = None;
        let mut tty = Tty::new(Arc::clone(self), LineId::Console, terminal);
        let mut fresh = true;
        loop {
            let now = match &self.state().power {
                Power::Off => Now::Off,
                Power::Rommon => Now::Rommon,
                Power::Running(r) => Now::Running { setup: r.setup },
            };
            let went = match now {
                Now::Off => {
                    tty.renew();
                    fresh = true;
                    booting::boot(&mut tty)
                }
                Now::Rommon => match tty.device.profile().boot.loader {
                    Loader::Rommon | Loader::RommonClassic | Loader::RommonXe => rommon::run(&mut tty),
                    Loader::Switch | Loader::SwitchXe => switch_loader::run(&mut tty),
                },
                Now::Running { setup: true } => booting::setup_dialog(&mut tty),
                Now::Running { setup: false } => con0(&mut tty, std::mem::take(&mut fresh)),
            };
            match went {
                Ok(()) | Err(Leave::Restart | Leave::Logout) => {}
                Err(Leave::Gone) => break,
            }
        }
        self.console_taken.store(false, Ordering::SeqCst);
        self.left_alone();
        Ok(())
    }
}

enum Now {
    Off,
    Rommon,
    Running { setup: bool },
}

/// One login on the console: waits for Return, then the EXEC until it is left.
fn con0(tty: &mut Tty, fresh: bool) -> Result<(), Leave> {
    let text = match fresh {
        true => boot::PRESS_RETURN.to_owned(),
        false => boot::idle(&tty.device.running_config().hostname),
    };
    tty.print(&text)?;
    tty.limit(None);
    loop {
        let event = tty.next_event(Input::Password, "")?;
        if matches!(event, Event::Line(_)) {
            break;
        }
    }
    let Some((privilege, user)) = login::login(tty)? else { return Ok(()) };
    login::welcome(tty)?;
    match run_session(tty, privilege, user) {
        Leave::Logout => {
            tty.renew();
            Ok(())
        }
        leave => Err(leave),
    }
}
