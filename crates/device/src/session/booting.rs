use super::tty::{Leave, Tty};
use crate::boot::switch::MANUAL_BOOT;
use crate::boot::{Decision, Outcome};
use crate::profile::Loader;
use crate::{Profile, autoinstall, netboot, switch_loader, texts};
use ios_cli::dialog::{Answer, Question};
use ios_cli::text::{boot, boot_classic, boot_switch, boot_switch_xe, boot_xe};
use std::time::Duration;

/// A whole boot takes about this long at pace 1.
const LOADING: Duration = Duration::from_secs(12);
const PAUSE: Duration = Duration::from_millis(700);
/// Marks of the image's unpacking.
const MARKS: u32 = 74;

/// Power-on to IOS or the boot loader's prompt, with its texts. A break stops there.
pub(super) fn boot(tty: &mut Tty) -> Result<(), Leave> {
    let slow = tty.device.faults.slow_boot();
    if !slow.is_zero() {
        tty.pause(slow)?;
    }
    match tty.device.profile().boot.loader {
        Loader::Rommon | Loader::RommonClassic => by_rommon(tty),
        Loader::RommonXe => by_rommon_xe(tty),
        Loader::Switch => by_switch(tty),
        Loader::SwitchXe => by_switch_xe(tty),
    }
}

fn by_rommon(tty: &mut Tty) -> Result<(), Leave> {
    let profile = tty.device.profile();
    let greeting = match &profile.boot.greeting[..] {
        [] => boot::bootstrap(&profile.boot.version, &profile.version.model, profile.memory_kib / 1024),
        lines => {
            let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
            format!("\n{}\n{lines}\n", texts::bootstrap(profile))
        }
    };
    tty.print(&greeting)?;
    if pause(tty, PAUSE)? {
        return monitor(tty);
    }
    let Decision { tried, outcome } = match tty.device.faults.boot_fails() {
        true => crate::boot::fails(tty.device.profile().boot.loader),
        false => {
            let register = tty.device.state().monitor.register;
            netboot::decide(tty, register)?
        }
    };
    for text in &tried {
        tty.print(&format!("{text}\n"))?;
        if pause(tty, PAUSE)? {
            return monitor(tty);
        }
    }
    launch(tty, outcome)
}

fn by_rommon_xe(tty: &mut Tty) -> Result<(), Leave> {
    let power_on = tty.device.state().monitor.returned_by == "power-on";
    let profile = tty.device.profile();
    let greeting =
        boot_xe::bootstrap(&profile.boot.version, &profile.version.model, profile.memory_kib, power_on);
    tty.print(&greeting)?;
    if pause(tty, PAUSE)? {
        return monitor(tty);
    }
    let Decision { tried, outcome } = tty.device.decide();
    for text in &tried {
        tty.print(text)?;
        if pause(tty, PAUSE)? {
            return monitor(tty);
        }
    }
    launch(tty, outcome)
}

/// A Catalyst stops before it has looked at flash where a break (its Mode button) or `boot manual` says so.
fn by_switch(tty: &mut Tty) -> Result<(), Leave> {
    let mac = crate::texts::address(&tty.device.profile().mac).to_lowercase();
    tty.print(&boot_switch::greeting(&mac))?;
    let manual = tty.device.state().monitor.get(MANUAL_BOOT) == Some("yes");
    let stopped = pause(tty, PAUSE)?;
    if stopped || manual {
        tty.print(if stopped { boot_switch::INTERRUPTED } else { boot_switch::MANUAL })?;
        tty.device.state().interrupted = true;
        tty.device.become_booted(Outcome::Rommon);
        return Ok(());
    }
    switch_loader::flash_init(tty)?;
    tty.print("done.\n")?;
    by_list(tty)
}

/// One with IOS-XE stops where a break or `boot manual` says so, and knows its flash at once.
fn by_switch_xe(tty: &mut Tty) -> Result<(), Leave> {
    let (power_on, manual) = {
        let monitor = &tty.device.state().monitor;
        (monitor.returned_by == "power-on", monitor.get(MANUAL_BOOT) == Some("yes"))
    };
    let profile = tty.device.profile();
    let greeting = boot_switch_xe::bootstrap(
        &profile.boot.version,
        &profile.version.model,
        profile.memory_kib,
        power_on,
    );
    tty.print(&greeting)?;
    if pause(tty, PAUSE)? || manual {
        tty.device.become_booted(Outcome::Rommon);
        return Ok(());
    }
    by_list(tty)
}

/// Tries what the loader is told; a break behind a try that failed stops it.
fn by_list(tty: &mut Tty) -> Result<(), Leave> {
    let Decision { tried, outcome } = tty.device.decide();
    for text in &tried {
        tty.print(text)?;
        if pause(tty, PAUSE)? {
            tty.device.become_booted(Outcome::Rommon);
            return Ok(());
        }
    }
    launch(tty, outcome)
}

fn launch(tty: &mut Tty, outcome: Outcome) -> Result<(), Leave> {
    match &outcome {
        Outcome::Rommon => {
            tty.device.become_booted(outcome);
            Ok(())
        }
        Outcome::Booted { facts, .. } => load(tty, &facts.clone(), outcome),
    }
}

/// What a console shows while an image is loaded.
struct Loading {
    /// Before the marks, and one of them.
    before: String,
    mark: &'static str,
    /// Behind them, up to the banner.
    behind: String,
}

fn loading(profile: &Profile, octets: u64, shown: &str) -> Loading {
    match profile.boot.loader {
        Loader::Rommon => Loading {
            before: boot::load(octets),
            mark: "#",
            behind: format!("{}{}", boot::UNPACKED, boot::smart_init(profile.memory_kib / 1024)),
        },
        Loader::RommonClassic => Loading {
            before: boot_classic::load(octets),
            mark: "#",
            behind: format!("{}{}", boot::UNPACKED, boot::LEGEND),
        },
        Loader::RommonXe => Loading {
            before: boot_xe::located(shown.rsplit([':', '/']).next().unwrap_or(shown)),
            mark: "#",
            behind: format!("{}{}", boot_xe::validated(octets), boot::LEGEND),
        },
        Loader::Switch => Loading {
            before: format!(
                "{}{}......{}",
                boot_switch::loading(shown),
                boot_switch::verifying(shown),
                boot_switch::SIGNED
            ),
            mark: "$",
            behind: format!("{}{}", boot_switch::installed(shown), boot::LEGEND),
        },
        Loader::SwitchXe => Loading {
            before: boot_switch_xe::attempting(shown),
            mark: "#",
            behind: format!("{}{}", boot_switch_xe::LOADED, boot::LEGEND),
        },
    }
}

/// The lines of an image that only fetches another: a break is for whoever comes then.
pub(crate) fn load_helper(tty: &mut Tty, facts: &crate::image::Facts) -> Result<(), Leave> {
    let Loading { before, mark, .. } = loading(tty.device.profile(), facts.len, "");
    tty.print(&before)?;
    for _ in 0..MARKS {
        tty.print(mark)?;
        pause(tty, LOADING / MARKS)?;
    }
    tty.print(boot::UNPACKED)
}

/// From the loader's lines to the banner: also for the `boot` of the boot loaders and `tftpdnld -r`.
pub(crate) fn load(tty: &mut Tty, facts: &crate::image::Facts, outcome: Outcome) -> Result<(), Leave> {
    let shown = match &outcome {
        Outcome::Booted { shown, .. } => shown.as_str(),
        Outcome::Rommon => "",
    };
    let Loading { before, mark, behind } = loading(tty.device.profile(), facts.len, shown);
    tty.print(&before)?;
    for _ in 0..MARKS {
        tty.print(mark)?;
        if pause(tty, LOADING / MARKS)? {
            return monitor(tty);
        }
    }
    tty.print(&behind)?;
    if pause(tty, PAUSE)? {
        return monitor(tty);
    }
    tty.device.become_booted(outcome);
    let (register, returned_by) = {
        let state = tty.device.state();
        (state.monitor.register, state.monitor.returned_by.clone())
    };
    if let Some(version) = tty.device.running(|r| texts::version_of(&tty.device, r, register, &returned_by)) {
        tty.print(&boot::banner(&version))?;
        tty.device.log(boot::restarted(&version).trim_end());
    }
    // The setup dialog sees to a device without a configuration.
    if !tty.device.running(|r| r.setup).unwrap_or(true) {
        autoinstall::install(tty)?;
    }
    Ok(())
}

/// Without a startup-config (or with register 0x2142) IOS asks first.
pub(super) fn setup_dialog(tty: &mut Tty) -> Result<(), Leave> {
    tty.print(boot::SETUP)?;
    let mut installed = false;
    if tty.device.config.lease.is_some() {
        // The question stands there while a configuration is looked for, and comes again then.
        tty.print(&format!("{} [yes/no]: \n", boot::ENTER_SETUP))?;
        installed = autoinstall::install(tty)?;
        tty.fresh_line()?;
    }
    loop {
        match tty.ask(&Question::yes_no(boot::ENTER_SETUP, None))? {
            Answer::Yes => {
                super::setup::run(tty)?;
                tty.device.running(|r| r.setup = false);
                return Ok(());
            }
            Answer::No | Answer::Aborted => break,
            Answer::Text(_) | Answer::Again(_) => {}
        }
    }
    tty.print("\n")?;
    if !installed {
        // Whatever is answered: there is no autoinstall to go on with.
        tty.ask(&Question::yes_no(boot::END_AUTOINSTALL, Some(true)))?;
    }
    tty.device.running(|r| r.setup = false);
    Ok(())
}

fn monitor(tty: &mut Tty) -> Result<(), Leave> {
    tty.print(match tty.device.profile().boot.loader {
        Loader::Rommon | Loader::RommonClassic | Loader::RommonXe => {
            "\nmonitor: command \"boot\" aborted due to user interrupt\n"
        }
        Loader::Switch | Loader::SwitchXe => "\n",
    })?;
    tty.device.become_booted(Outcome::Rommon);
    Ok(())
}

fn pause(tty: &mut Tty, wait: Duration) -> Result<bool, Leave> {
    let pace = tty.device.config.pace.max(0.0);
    tty.pause(wait.mul_f64(pace))
}
