use super::tty::{Leave, Tty};
use crate::boot::{Decision, Outcome};
use crate::texts;
use ios_cli::dialog::{Answer, Question};
use ios_cli::text::boot;
use std::time::Duration;

/// A whole boot takes about this long at pace 1.
const LOADING: Duration = Duration::from_secs(12);
const PAUSE: Duration = Duration::from_millis(700);
/// `#` of the self-decompression.
const HASHES: u32 = 74;

/// Power-on to IOS or ROMMON, with the texts of the boot loader. A break stops in ROMMON.
pub(super) fn boot(tty: &mut Tty) -> Result<(), Leave> {
    let profile = tty.device.profile();
    let memory = profile.memory_kib / 1024;
    tty.print(&boot::bootstrap(&profile.boot.version, &profile.version.model, memory))?;
    if pause(tty, PAUSE)? {
        return monitor(tty);
    }
    let Decision { tried, outcome } = tty.device.decide();
    for text in &tried {
        tty.print(&format!("{text}\n"))?;
        if pause(tty, PAUSE)? {
            return monitor(tty);
        }
    }
    let facts = match &outcome {
        Outcome::Rommon => {
            tty.device.become_booted(outcome);
            return Ok(());
        }
        Outcome::Booted { facts, .. } => facts.clone(),
    };
    load(tty, &facts, outcome)
}

/// From the loader's lines to the banner: also for ROMMON's `boot` and `tftpdnld -r`.
pub(crate) fn load(tty: &mut Tty, facts: &crate::image::Facts, outcome: Outcome) -> Result<(), Leave> {
    let memory = tty.device.profile().memory_kib / 1024;
    tty.print(&boot::load(facts.len))?;
    for _ in 0..HASHES {
        tty.print("#")?;
        if pause(tty, LOADING / HASHES)? {
            return monitor(tty);
        }
    }
    tty.print(boot::UNPACKED)?;
    tty.print(&boot::smart_init(memory))?;
    if pause(tty, PAUSE)? {
        return monitor(tty);
    }
    tty.device.become_booted(outcome);
    let (register, returned_by) = {
        let state = tty.device.state();
        (state.monitor.register, state.monitor.returned_by.clone())
    };
    let profile = tty.device.profile().clone();
    if let Some(version) = tty.device.running(|r| texts::version_of(&profile, r, register, &returned_by)) {
        tty.print(&boot::banner(&version))?;
        tty.device.log(boot::restarted(&version).trim_end());
    }
    Ok(())
}

/// Without a startup-config (or with register 0x2142) IOS asks first.
pub(super) fn setup_dialog(tty: &mut Tty) -> Result<(), Leave> {
    tty.print(boot::SETUP)?;
    loop {
        match tty.ask(&Question::yes_no(boot::ENTER_SETUP, None))? {
            Answer::Yes => {
                tty.print(
                    "\nThis emulated device has no guided setup: answer 'no' and use 'enable' and\n\
                     'configure terminal'.\n\n",
                )?;
            }
            Answer::No | Answer::Aborted => break,
            Answer::Text(_) | Answer::Again(_) => {}
        }
    }
    tty.print("\n")?;
    // Whatever is answered: there is no autoinstall to go on with.
    tty.ask(&Question::yes_no(boot::END_AUTOINSTALL, Some(true)))?;
    tty.device.running(|r| r.setup = false);
    Ok(())
}

fn monitor(tty: &mut Tty) -> Result<(), Leave> {
    tty.print("\nmonitor: command \"boot\" aborted due to user interrupt\n")?;
    tty.device.become_booted(Outcome::Rommon);
    Ok(())
}

fn pause(tty: &mut Tty, wait: Duration) -> Result<bool, Leave> {
    let pace = tty.device.config.pace.max(0.0);
    tty.pause(wait.mul_f64(pace))
}
