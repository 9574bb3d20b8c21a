//! What the device says of itself, from its profile and state.

use crate::Profile;
use crate::device::Running;
use clock::civil::Civil;
use ios_cli::text::version::{Package, Version};
use std::time::{SystemTime, UNIX_EPOCH};

fn civil(at: SystemTime) -> (Civil, u32) {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    (Civil::from_unix(i64::try_from(since.as_secs()).unwrap_or(0)), since.subsec_millis())
}

/// `Nov 23 19:14:05.123`: what stands before a system message.
pub(crate) fn stamp(at: SystemTime) -> String {
    let (c, millis) = civil(at);
    format!("{} {:>2} {:02}:{:02}:{:02}.{millis:03}", c.month_name(), c.day, c.hour, c.minute, c.second)
}

/// `19:14:05 UTC Mon Nov 23 2026`.
pub(crate) fn moment(at: SystemTime) -> String {
    let (c, _) = civil(at);
    format!(
        "{:02}:{:02}:{:02} UTC {} {} {} {}",
        c.hour,
        c.minute,
        c.second,
        c.day_name(),
        c.month_name(),
        c.day,
        c.year
    )
}

/// `15.5` of `15.5(3)M4a`: what configurations carry.
pub(crate) fn train(version: &str) -> String {
    version.split('(').next().unwrap_or(version).to_owned()
}

/// The running configuration as a file: with its comments, without `Building configuration...`.
pub(crate) fn configuration(r: &Running) -> String {
    let mut out = String::from("!\n");
    let line = |what: &str, at: &Option<(SystemTime, String)>| match at {
        Some((at, by)) if by != "console" => format!("! {what} at {} by {by}\n", moment(*at)),
        Some((at, _)) => format!("! {what} at {}\n", moment(*at)),
        None => String::new(),
    };
    out.push_str(&line("Last configuration change", &r.changed));
    out.push_str(&line("NVRAM config last updated", &r.written));
    out.push_str("!\n");
    out.push_str(&r.config.render(&train(&r.facts.version)));
    out
}

/// What `show version` and the boot banner say.
pub(crate) fn version_of(profile: &Profile, r: &Running, register: u16, returned_by: &str) -> Version {
    let build = profile.build(&r.facts.version);
    let gigabit = profile.interfaces.iter().filter(|i| i.starts_with("Gigabit")).count();
    let package = |technology: &str, name: Option<&str>| Package {
        technology: technology.into(),
        current: name.unwrap_or("None").into(),
        kind: if name.is_some() { "Permanent" } else { "None" }.into(),
        next: name.unwrap_or("None").into(),
    };
    Version {
        software: profile.version.software.to_string(),
        image_id: format!("{}-{}", r.facts.platform, r.facts.feature),
        version: r.facts.version.clone(),
        release: "RELEASE SOFTWARE (fc1)".into(),
        copyright: build.copyright.to_string(),
        compiled: build.compiled.to_string(),
        rom: format!("System Bootstrap, Version {}, RELEASE SOFTWARE (fc1)", profile.boot.version),
        host: r.config.hostname.clone(),
        uptime: r.since.elapsed().unwrap_or_default().as_secs() / 60,
        returned_by: returned_by.into(),
        restarted_at: (returned_by != "power-on").then(|| moment(r.since)),
        image_file: match r.file.contains("://") {
            // Loaded by ROMMON into memory.
            true => r.file.clone(),
            false => format!("{}{}", profile.flash.prefix(), r.file),
        },
        reload_type: Some("Normal Reload".into()),
        reload_reason: (returned_by != "power-on").then(|| "Reload Command".into()),
        model: profile.version.model.to_string(),
        revision: "(revision 1.0)".into(),
        memory: profile.version.memory.to_string(),
        board_id: profile.serial.to_string(),
        inventory: vec![
            format!("{gigabit} Gigabit Ethernet interfaces"),
            "1 terminal line".into(),
            "DRAM configuration is 64 bits wide with parity disabled.".into(),
            profile.version.nvram.to_string(),
            profile.version.flash.to_string(),
        ],
        udi: Some((profile.version.model.to_string(), profile.serial.to_string())),
        packages: Some((
            profile.image.platform.to_string(),
            vec![
                package("ipbase", Some("ipbasek9")),
                package("security", None),
                package("uc", None),
                package("data", None),
            ],
        )),
        register: r.register,
        next_register: (register != r.register).then_some(register),
    }
}
