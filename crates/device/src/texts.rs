//! What the device says of itself, from its profile and state.

use crate::device::Running;
use crate::profile::{Catalyst, Layout, Port, Xe, XeSwitch};
use crate::{Device, Profile};
use clock::civil::Civil;
use ios_cli::text::catalyst;
use ios_cli::text::version::{self, Package, Version};
use ios_cli::text::{xe, xe_switch};
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
    match version.split_once('(') {
        Some((train, _)) => train.to_owned(),
        // 16.6 of 16.6.5.
        None => version.split('.').take(2).collect::<Vec<_>>().join("."),
    }
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

/// `System Bootstrap, Version 15.0(1r)M15, RELEASE SOFTWARE (fc1)`: what the boot loader calls itself.
pub(crate) fn bootstrap(profile: &Profile) -> String {
    format!("System Bootstrap, Version {}, {}", profile.boot.version, profile.boot.release)
}

/// What `show version` and the boot banner say.
pub(crate) fn version_of(device: &Device, r: &Running, register: u16, returned_by: &str) -> Version {
    let profile: &Profile = device.profile();
    let build = profile.build(&r.facts.version);
    let (model, serial) = (profile.version.model.to_string(), device.serial().to_owned());
    let mut version = Version {
        software: profile.version.software.to_string(),
        image_id: format!("{}-{}", r.facts.platform, r.facts.feature),
        version: r.facts.version.clone(),
        release: profile.version.release.to_string(),
        copyright: build.copyright.to_string(),
        compiled: build.compiled.to_string(),
        rom: bootstrap(profile),
        host: r.config.hostname.clone(),
        uptime: r.since.elapsed().unwrap_or_default().as_secs() / 60,
        returned_by: returned_by.into(),
        restarted_at: Some(moment(r.since)),
        image_file: r.shown.clone(),
        reload_type: Some("Normal Reload".into()),
        reload_reason: match returned_by {
            "power-on" => None,
            crashed if ios_cli::text::crash::is_crash(crashed) => Some(crashed.into()),
            _ => Some("Reload Command".into()),
        },
        model: model.clone(),
        revision: "(revision 1.0)".into(),
        memory: profile.version.memory.to_string(),
        board_id: serial.clone(),
        inventory: Vec::new(),
        udi: None,
        packages: None,
        register: r.register,
        next_register: (register != r.register).then_some(register),
        layout: version::Layout::IsrG2,
    };
    match &profile.version.layout {
        Layout::IsrG2(own) => {
            let gigabit = profile.interfaces.iter().filter(|i| i.starts_with("Gigabit")).count();
            version.inventory = vec![
                format!("{gigabit} Gigabit Ethernet interfaces"),
                "1 terminal line".into(),
                "DRAM configuration is 64 bits wide with parity disabled.".into(),
                own.nvram.to_string(),
                own.flash.to_string(),
            ];
            version.udi = Some((model, serial));
            version.packages = Some((profile.image.platform.to_string(), packages()));
        }
        Layout::Catalyst(own) => catalyst(&mut version, profile, own),
        Layout::Xe(own) => xe_router(&mut version, profile, own, &r.facts.feature),
        Layout::XeSwitch(own) => xe_catalyst(&mut version, profile, own, r.packages.is_some()),
        Layout::Ios12(own) => {
            version.inventory = own.inventory.iter().map(ToString::to_string).collect();
            version.revision = own.processor.to_string();
            (version.reload_type, version.reload_reason) = (None, None);
            version.layout = version::Layout::Ios12(own.base.to_string());
        }
    }
    version
}

/// The licences of an ISR G2 that nobody bought any for.
fn packages() -> Vec<Package> {
    let package = |technology: &str, name: Option<&str>| Package {
        technology: technology.into(),
        current: name.unwrap_or("None").into(),
        kind: if name.is_some() { "Permanent" } else { "None" }.into(),
        next: name.unwrap_or("None").into(),
    };
    vec![
        package("ipbase", Some("ipbasek9")),
        package("security", None),
        package("uc", None),
        package("data", None),
    ]
}

/// What every IOS-XE says of its last restart, and the parts of its layout.
fn xe_parts(version: &mut Version, own: &crate::profile::Codes, packages: Vec<Package>) -> xe::Xe {
    version.reload_type = None;
    version.returned_by = version.returned_by.replacen("reload at", "Reload Command at", 1);
    version.reload_reason = Some(match version.returned_by.as_str() {
        "power-on" => "PowerOn".into(),
        // What install mode restarts for has a name of its own.
        INSTALL => INSTALL.into(),
        _ => "Reload Command".into(),
    });
    let last = version.copyright.rsplit('-').next().unwrap_or_default();
    xe::Xe {
        release: xe::padded(&version.version),
        code: own.of(&train(&version.version)).to_string(),
        copyright: format!("2005-{last}"),
        processor_uptime: version.uptime + 1,
        packages,
    }
}

/// What a device of install mode was restarted by.
pub(crate) const INSTALL: &str = "Install";

fn xe_catalyst(version: &mut Version, profile: &Profile, own: &XeSwitch, install: bool) {
    version.inventory = counts(profile);
    version.inventory.extend(own.memories.iter().map(ToString::to_string));
    version.image_id = format!("{}_{}", profile.image.platform, profile.image.feature).to_uppercase();
    version.rom = own.rom.to_string();
    version.revision = own.processor.to_string();
    let licence = |(name, kind): &(crate::profile::Text, crate::profile::Text)| Package {
        technology: String::new(),
        current: name.to_string(),
        kind: kind.to_string(),
        next: name.to_string(),
    };
    let xe = xe_parts(version, &own.codes, own.licences.iter().map(licence).collect());
    let member = xe_switch::XeMember {
        active: true,
        number: 1,
        ports: u16::try_from(profile.switched.len()).unwrap_or(u16::MAX),
        model: version.model.clone(),
        version: xe.release.clone(),
        image: version.image_id.clone(),
        install,
    };
    version.layout = version::Layout::XeSwitch(xe_switch::XeSwitch {
        xe,
        boot_loader: format!("System Bootstrap, Version {}, RELEASE SOFTWARE (P)", profile.boot.version),
        licensing: own.licensing.to_string(),
        board: board(version, profile, &own.board, str::to_lowercase),
        members: vec![member],
    });
}

fn xe_router(version: &mut Version, profile: &Profile, own: &Xe, feature: &str) {
    // The management port is not counted.
    let counts = |i: &&Port| i.starts_with("Gigabit") && i.contains('/');
    let gigabit = profile.interfaces.iter().filter(counts).count();
    version.inventory = vec![catalyst::counted(gigabit, "Gigabit Ethernet")];
    version.inventory.extend(own.memories.iter().map(ToString::to_string));
    version.image_id = format!("{}-{feature}", own.id);
    version.rom = own.rom.to_string();
    version.revision = own.processor.to_string();
    let package = |technology: &str, name: Option<&str>, kind: &str| Package {
        technology: technology.into(),
        current: name.unwrap_or("None").into(),
        kind: kind.into(),
        next: name.unwrap_or("None").into(),
    };
    let packages = vec![
        package("appxk9", None, "None"),
        package("uck9", None, "None"),
        package("securityk9", None, "None"),
        package("ipbase", Some("ipbasek9"), "Permanent"),
    ];
    version.layout = version::Layout::Xe(xe_parts(version, &own.codes, packages));
}

/// Interfaces as a Catalyst counts them: how their names begin, what they are called.
const COUNTED: &[(&str, &str)] = &[
    ("Vlan", "Virtual Ethernet"),
    ("FastEthernet", "FastEthernet"),
    ("Gigabit", "Gigabit Ethernet"),
    ("TenGigabit", "Ten Gigabit Ethernet"),
    ("TwentyFiveGig", "TwentyFive Gigabit Ethernet"),
    ("FortyGigabit", "Forty Gigabit Ethernet"),
];

fn counts(profile: &Profile) -> Vec<String> {
    // The management port is not counted.
    let counts = |i: &&Port, kind: &str| i.starts_with(kind) && **i != profile.boot.port;
    let count = |kind: &str| profile.interfaces.iter().filter(|i| counts(i, kind)).count();
    let counted = COUNTED.iter().map(|(kind, name)| (count(kind), name)).filter(|(n, _)| *n > 0);
    counted.map(|(n, name)| catalyst::counted(n, name)).collect()
}

/// The board's rows, with the device's own where they stand for it.
fn board(
    version: &Version,
    profile: &Profile,
    rows: &[(crate::profile::Text, crate::profile::Text)],
    case: fn(&str) -> String,
) -> Vec<(String, String)> {
    let value = |text: &str| match text {
        "MAC" => case(&address(&profile.mac)),
        "MODEL" => version.model.clone(),
        "SERIAL" => version.board_id.clone(),
        other => other.to_owned(),
    };
    rows.iter().map(|(name, text)| (name.to_string(), value(text))).collect()
}

fn catalyst(version: &mut Version, profile: &Profile, own: &Catalyst) {
    let reset = if version.returned_by == "power-on" { "power-on" } else { "Reload" };
    let count = |kind: &str| profile.interfaces.iter().filter(|i| i.starts_with(kind)).count();
    let mut inventory = vec![format!("Last reset from {reset}")];
    let counted = COUNTED.iter().map(|(kind, name)| (count(kind), name)).filter(|(n, _)| *n > 0);
    inventory.extend(counted.map(|(n, name)| catalyst::counted(n, name)));
    inventory.push("The password-recovery mechanism is enabled.".into());
    let board = board(version, profile, &own.board, str::to_owned);
    let member = catalyst::Member {
        active: true,
        number: 1,
        ports: u16::try_from(profile.switched.len()).unwrap_or(u16::MAX),
        model: version.model.clone(),
        version: version.version.clone(),
        image: version.image_id.clone(),
    };
    version.layout = version::Layout::Catalyst(catalyst::Catalyst {
        boot_loader: profile.boot.version.to_string(),
        nvram: own.nvram.to_string(),
        board,
        members: vec![member],
    });
    version.inventory = inventory;
    version.rom = own.rom.to_string();
    version.revision = own.processor.to_string();
    version.reload_type = None;
    version.reload_reason = Some("Reload command".into());
}

/// `CC:44:33:FF:99:00` of `cc44.33ff.9900`.
pub(crate) fn address(mac: &str) -> String {
    let digits: Vec<char> = mac.chars().filter(char::is_ascii_hexdigit).collect();
    let pairs = digits.chunks(2).map(|pair| pair.iter().collect::<String>().to_uppercase());
    pairs.collect::<Vec<_>>().join(":")
}
