use super::tty::{Leave, Tty};
use crate::config::{AAA, Login};
use crate::device::{Device, LineId};
use std::time::Duration;

/// Tries before a line is closed.
const TRIES: usize = 3;
/// Time for each answer: `timeout login response`, 30 s by default.
const RESPONSE: Duration = Duration::from_secs(30);

impl Device {
    /// The privilege of a user of the running configuration, or of the guest, where this is the password.
    pub fn knows(&self, name: &str, password: &str) -> Option<u8> {
        if self.faults.lets_nobody_in() {
            return None;
        }
        if let Some(guest) = &self.config.guest
            && guest.user == name
        {
            return (guest.password == password).then_some(15);
        }
        let config = self.running_config();
        let user = config.users.iter().find(|u| u.name == name)?;
        user.password.as_ref().is_some_and(|p| p.matches(password)).then_some(user.privilege)
    }
}

/// The greeting for somebody who is known already.
pub(super) fn greet(tty: &mut Tty) -> Result<(), Leave> {
    let config = tty.device.running_config();
    show(tty, config.banner_motd.as_deref())?;
    welcome(tty)?;
    tty.print("\n")
}

/// What whoever is in sees before the first prompt: `banner exec`, where there is one.
pub(super) fn welcome(tty: &mut Tty) -> Result<(), Leave> {
    let config = tty.device.running_config();
    show(tty, config.banner_exec.as_deref())
}

fn show(tty: &mut Tty, banner: Option<&str>) -> Result<(), Leave> {
    match banner {
        Some(banner) => tty.print(&format!("\n{}\n", banner.trim_end())),
        None => Ok(()),
    }
}

/// The privilege of somebody with this one of their own on the line.
pub(super) fn level(tty: &Tty, own: u8) -> u8 {
    let config = tty.device.running_config();
    config.line(&tty.line.name()).and_then(|line| line.privilege).unwrap_or(1).max(own)
}

/// What stands before the first question: `banner login`, where there is one.
fn ask_to_log_in(tty: &mut Tty) -> Result<(), Leave> {
    let config = tty.device.running_config();
    show(tty, config.banner_login.as_deref())?;
    tty.print("\n\nUser Access Verification\n\n")
}

/// Asks what the line asks. Gives the privilege and the user's name; `None`: refused.
pub(super) fn login(tty: &mut Tty) -> Result<Option<(u8, Option<String>)>, Leave> {
    let config = tty.device.running_config();
    let Some(line) = config.line(&tty.line.name()).cloned() else { return Ok(None) };
    show(tty, config.banner_motd.as_deref())?;
    let privilege = line.privilege.unwrap_or(1);
    tty.limit(Some(RESPONSE));
    match config.login_of(&line) {
        Login::No => Ok(Some((privilege, None))),
        Login::Line => {
            let Some(password) = &line.password else {
                // The console without a password lets everybody in; the network nobody.
                if tty.line == LineId::Console {
                    return Ok(Some((privilege, None)));
                }
                tty.print("\n\nPassword required, but none set\n")?;
                return Ok(None);
            };
            ask_to_log_in(tty)?;
            for _ in 0..TRIES {
                let typed = tty.ask_password("Password: ")?;
                if password.matches(&typed) && !tty.device.faults.lets_nobody_in() {
                    return Ok(Some((privilege, None)));
                }
            }
            tty.print("% Bad passwords\n")?;
            Ok(None)
        }
        Login::Local => {
            ask_to_log_in(tty)?;
            for _ in 0..TRIES {
                let name = tty.ask_plain("Username: ")?;
                let typed = tty.ask_password("Password: ")?;
                if let Some(own) = tty.device.knows(&name, &typed) {
                    if config.has(AAA) {
                        tty.print("\n")?;
                    }
                    return Ok(Some((own.max(privilege), Some(name))));
                }
                tty.print(if config.has(AAA) {
                    "% Authentication failed\n\n"
                } else {
                    "% Login invalid\n\n"
                })?;
            }
            Ok(None)
        }
    }
}
