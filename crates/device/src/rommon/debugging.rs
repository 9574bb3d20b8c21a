//! What ROMMON knows of software that crashed, until the next image is launched.

use crate::session::{Leave, Tty};
use ios_cli::text::crash::{invalid, no_crash};

/// `context`, `stack`, `frame [N]`, `sysret`, `break`, `cont`.
pub(super) fn debug(tty: &mut Tty, verb: &str, rest: &[&str]) -> Result<(), Leave> {
    let (crash, by) = {
        let state = tty.device.state();
        (state.crash, state.monitor.returned_by.clone())
    };
    let count = tty.device.generation() + 1;
    let number = rest.last().and_then(|n| n.parse().ok()).unwrap_or(0);
    let text = match (crash, verb) {
        (Some(crash), "sysret") => crash.sysret(count),
        (None, "sysret") => no_crash(count, &by),
        (Some(crash), "stack") => crash.stack(),
        (Some(crash), "context") => crash.context(),
        (Some(crash), "frame") => {
            crash.frame(number).unwrap_or_else(|| format!("frame: no frame {number}\n"))
        }
        // Where it stands it goes wrong again.
        (Some(crash), "cont") => crash.exception(),
        (Some(_), "break") => "break: no breakpoint is set\n".into(),
        (Some(_) | None, verb) => invalid(verb),
    };
    tty.print(&text)
}
