//! `show version`

use super::catalyst::Catalyst;
use super::xe::Xe;
use super::xe_switch::XeSwitch;
use super::{Unread, between, register_line, render_register};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What a device says of itself.
///
/// [`Version::parse`] also reads other classic devices and IOS-XE: what these do not print stays empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Version {
    /// `C2900 Software`
    pub software: String,
    /// `C2900-UNIVERSALK9-M`
    pub image_id: String,
    /// `15.5(3)M4a`
    pub version: String,
    /// `RELEASE SOFTWARE (fc1)`
    pub release: String,
    /// `1986-2016`
    pub copyright: String,
    /// `Thu 06-Oct-16 14:43 by mnguyen`
    pub compiled: String,
    /// `System Bootstrap, Version 15.0(1r)M15, RELEASE SOFTWARE (fc1)`
    pub rom: String,
    /// `R1`
    pub host: String,
    /// Whole minutes.
    pub uptime: u64,
    /// `reload at 10:26:47 UTC Mon Dec 9 2019`, `power-on`
    pub returned_by: String,
    /// `10:27:57 UTC Mon Dec 9 2019`
    pub restarted_at: Option<String>,
    /// `flash0:c2900-universalk9-mz.SPA.155-3.M4a.bin`
    pub image_file: String,
    /// `Normal Reload`
    pub reload_type: Option<String>,
    /// `Reload Command`
    pub reload_reason: Option<String>,
    /// `CISCO2911/K9`
    pub model: String,
    /// What stands between the model and the memory: `(revision 1.0)`.
    pub revision: String,
    /// `491520K/32768K`
    pub memory: String,
    /// `FTX152400KS`
    pub board_id: String,
    /// Interfaces, memories, drives: a line each.
    pub inventory: Vec<String>,
    /// The licence's device: product and serial number.
    pub udi: Option<(String, String)>,
    /// The technology packages, with the module they belong to.
    pub packages: Option<(String, Vec<Package>)>,
    /// Now.
    pub register: u16,
    /// At the next reload, where it differs.
    pub next_register: Option<u16>,
    /// How it is laid out, with what only that layout has.
    pub layout: Layout,
}

/// The layouts that are printed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Layout {
    /// An ISR G2's.
    IsrG2,
    /// A Catalyst's with classic IOS: no licences, but board and stack.
    Catalyst(Catalyst),
    /// A router's with IOS-XE.
    Xe(Xe),
    /// IOS up to 12.3, with where the image lies in memory: `text-base: 0x60008930, data-base: 0x6145C000`.
    Ios12(String),
    /// A Catalyst's with IOS-XE.
    XeSwitch(XeSwitch),
}

impl Layout {
    /// What every IOS-XE has.
    pub fn xe(&self) -> Option<&Xe> {
        match self {
            Layout::Xe(xe) => Some(xe),
            Layout::XeSwitch(switch) => Some(&switch.xe),
            Layout::IsrG2 | Layout::Catalyst(_) | Layout::Ios12(_) => None,
        }
    }
}

/// One row of the licence table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Package {
    /// `security`
    pub technology: String,
    /// `securityk9`, `None`
    pub current: String,
    /// `Permanent`, `None`
    pub kind: String,
    /// What it will be.
    pub next: String,
}

/// How the line of IOS up to 12.3 begins.
const IOS12: &str = "IOS (tm) ";

/// The paragraph on cryptography; an IOS up to 12.3 has none.
pub(super) fn export(v: &Version) -> &'static str {
    match v.layout {
        Layout::Ios12(_) => "",
        Layout::IsrG2 | Layout::Catalyst(_) | Layout::Xe(_) | Layout::XeSwitch(_) => EXPORT,
    }
}

/// The paragraph on cryptography.
const EXPORT: &str = "
This product contains cryptographic features and is subject to United
States and local country laws governing import, export, transfer and
use. Delivery of Cisco cryptographic products does not imply
third-party authority to import, export, distribute or use encryption.
Importers, exporters, distributors and users are responsible for
compliance with U.S. and local country laws. By using this product you
agree to comply with applicable laws and regulations. If you are unable
to comply with U.S. and local laws, return this product immediately.

A summary of U.S. laws governing Cisco cryptographic products may be found at:
http://www.cisco.com/wwl/export/crypto/tool/stqrg.html

If you require further assistance please contact us by sending email to
export@cisco.com.

";

/// The first four lines, which the boot banner and the restart message have too.
pub fn software(v: &Version) -> String {
    if let Layout::Ios12(base) = &v.layout {
        return format!(
            "Cisco Internetwork Operating System Software \nIOS (tm) {} ({}), Version {}, {}\nCopyright (c) {} by cisco Systems, Inc.\nCompiled {}\nImage {base}\n",
            v.software, v.image_id, v.version, v.release, v.copyright, v.compiled
        );
    }
    let train = v.layout.xe().map(|xe| format!(" [{}]", xe.code)).unwrap_or_default();
    format!(
        "Cisco IOS Software{train}, {} ({}), Version {}, {}\nTechnical Support: http://www.cisco.com/techsupport\nCopyright (c) {} by Cisco Systems, Inc.\nCompiled {}\n",
        v.software, v.image_id, v.version, v.release, v.copyright, v.compiled
    )
}

/// The line of model and memory.
pub(super) fn hardware(v: &Version) -> String {
    let cisco = match v.layout {
        Layout::IsrG2 => "Cisco",
        Layout::Catalyst(_) | Layout::Xe(_) | Layout::XeSwitch(_) | Layout::Ios12(_) => "cisco",
    };
    format!("{cisco} {} {} with {} bytes of memory.\n", v.model, v.revision, v.memory)
}

impl Version {
    /// As the device prints it.
    pub fn render(&self) -> String {
        let xe = self.layout.xe();
        let part = |of: fn(&Xe) -> String| xe.map(of).unwrap_or_default();
        let mut out = part(Xe::head) + &software(self) + &part(Xe::legal);
        out += &format!("\nROM: {}\n", self.rom);
        match &self.layout {
            Layout::Catalyst(Catalyst { boot_loader, .. })
            | Layout::XeSwitch(XeSwitch { boot_loader, .. }) => {
                out += &format!("BOOTLDR: {boot_loader}\n");
            }
            Layout::IsrG2 | Layout::Xe(_) | Layout::Ios12(_) => {}
        }
        out += "\n";
        out += &format!("{} uptime is {}\n", self.host, uptime(self.uptime));
        out += &part(Xe::uptime);
        out += &format!("System returned to ROM by {}\n", self.returned_by);
        if let Some(at) = &self.restarted_at {
            out += &format!("System restarted at {at}\n");
        }
        out += &format!("System image file is \"{}\"\n", self.image_file);
        for (name, value) in
            [("Last reload type: ", &self.reload_type), ("Last reload reason: ", &self.reload_reason)]
        {
            out += &value.as_ref().map_or(String::new(), |v| format!("{name}{v}\n"));
        }
        out += match &self.layout {
            Layout::Ios12(_) => "\n",
            Layout::IsrG2 | Layout::Catalyst(_) | Layout::Xe(_) | Layout::XeSwitch(_) => "\n\n",
        };
        out += export(self);
        match &self.layout {
            Layout::Xe(xe) => out += &xe.licences(),
            Layout::XeSwitch(switch) => out += &switch.licences(),
            Layout::IsrG2 | Layout::Catalyst(_) | Layout::Ios12(_) => {}
        }
        out += &hardware(self);
        out += &format!("Processor board ID {}\n", self.board_id);
        self.inventory.iter().for_each(|l| out += &format!("{l}\n"));
        match &self.layout {
            Layout::IsrG2 => out += "\n\n",
            Layout::Xe(_) | Layout::Ios12(_) => out += "\n",
            Layout::Catalyst(c) => out += &c.render(),
            Layout::XeSwitch(switch) => out += &switch.render(),
        }
        if let Some((pid, sn)) = &self.udi {
            out += &format!(
                "License Info:\n\nLicense UDI:\n\n-------------------------------------------------\nDevice#   PID                   SN\n-------------------------------------------------\n*0        {pid:<21} {sn:<16}\n\n\n\n"
            );
        }
        if let Some((module, packages)) = &self.packages {
            out += &format!(
                "Technology Package License Information for Module:'{module}' \n\n-----------------------------------------------------------------\nTechnology    Technology-package           Technology-package\n              Current       Type           Next reboot  \n------------------------------------------------------------------\n"
            );
            for p in packages {
                out += &format!("{:<13} {:<13} {:<14} {}\n", p.technology, p.current, p.kind, p.next);
            }
            out += "\n";
        }
        out += &render_register(self.register, self.next_register);
        out += "\n\n";
        out
    }

    /// Reads it, whatever stands before. The version, uptime, image file and register must be there.
    pub fn parse(text: &str) -> Result<Version, Unread> {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let find = |f: &dyn Fn(&str) -> Option<String>| lines.iter().find_map(|l| f(l));
        let after = |prefix: &str| find(&|l| l.strip_prefix(prefix).map(str::to_owned));
        let want = |found: Option<String>, expected| found.ok_or_else(|| Unread::new(expected, ""));

        let head = lines.iter().find(|l| {
            (l.starts_with("Cisco IOS Software") || l.starts_with(IOS12)) && l.contains(" Version ")
        });
        let first = lines.iter().find(|l| !l.is_empty());
        let head = *head.ok_or_else(|| {
            Unread::new("'Cisco IOS Software, NAME (IMAGE), Version …'", first.unwrap_or(&""))
        })?;
        let bad = || Unread::new("'Cisco IOS Software, NAME (IMAGE), Version …'", head);
        // What is built for a few customers, or for oneself, is experimental.
        let (name, rest) = head
            .split_once(", Version ")
            .or_else(|| head.split_once(", Experimental Version "))
            .ok_or_else(bad)?;
        let (name, image_id) = name.strip_suffix(')').and_then(|n| n.rsplit_once(" (")).ok_or_else(bad)?;
        let software = name.strip_prefix(IOS12).or_else(|| Some(name.split_once(", ")?.1)).ok_or_else(bad)?;
        // `15.5(3)M4a, RELEASE …`, `03.06.05E RELEASE …`, `15.2(20120817:095748) [builder 241]`, `17.7.1`
        let (version, release) = rest.split_once([',', ' ']).unwrap_or((rest, ""));
        if version.is_empty() {
            return Err(bad());
        }

        let up = lines.iter().find_map(|l| l.split_once(" uptime is "));
        let (host, up) = up.ok_or_else(|| Unread::new("'HOST uptime is …'", ""))?;
        let uptime = minutes(up).ok_or_else(|| Unread::new("an uptime", up))?;
        let hardware = lines.iter().position(|l| {
            [" bytes of memory", " bytes of physical memory"].iter().any(|of| l.contains(of))
                && l.get(..6).is_some_and(|c| c.eq_ignore_ascii_case("cisco "))
        });
        let register = lines.iter().rev().find_map(|l| register_line(l));
        let (register, next_register) =
            register.ok_or_else(|| Unread::new("'Configuration register is 0x…'", ""))?;

        let (model, revision, memory) = hardware.and_then(|n| hardware_line(lines[n])).unwrap_or_default();
        let board = lines.iter().position(|l| l.starts_with("Processor board ID"));
        let inventory = board.map_or(&[][..], |n| &lines[n + 1..]);
        let stop = |l: &&&str| {
            !(l.is_empty() || l.starts_with("Configuration register") || l.starts_with("License"))
        };
        Ok(Version {
            software: software.to_owned(),
            image_id: image_id.to_owned(),
            version: version.to_owned(),
            release: release.trim_start().to_owned(),
            copyright: find(&|l| {
                let by = |who| between(l, "Copyright (c) ", who).map(str::to_owned);
                by(" by Cisco").or_else(|| by(" by cisco"))
            })
            .unwrap_or_default(),
            compiled: after("Compiled ").unwrap_or_default(),
            rom: after("ROM: ").unwrap_or_default(),
            host: host.to_owned(),
            uptime,
            returned_by: after("System returned to ROM by ").unwrap_or_default(),
            restarted_at: after("System restarted at "),
            image_file: want(
                find(&|l| between(l, "System image file is \"", "\"").map(str::to_owned)),
                "'System image file is \"…\"'",
            )?,
            reload_type: after("Last reload type: "),
            reload_reason: after("Last reload reason: "),
            model,
            revision,
            memory,
            board_id: after("Processor board ID ").unwrap_or_default(),
            inventory: inventory.iter().take_while(stop).map(|l| (*l).to_owned()).collect(),
            udi: find_udi(&lines),
            packages: find_packages(&lines),
            register,
            next_register,
            layout: Catalyst::find(&lines)
                .map(Layout::Catalyst)
                .or_else(|| XeSwitch::find(&lines).map(Layout::XeSwitch))
                .or_else(|| Xe::find(&lines).map(Layout::Xe))
                .or_else(|| Some(Layout::Ios12(after("Image ").filter(|_| head.starts_with(IOS12))?)))
                .unwrap_or(Layout::IsrG2),
        })
    }
}

/// `Cisco CISCO2911/K9 (revision 1.0) with 491520K/32768K bytes of memory.`
fn hardware_line(line: &str) -> Option<(String, String, String)> {
    let (model, rest) = line.get(6..)?.split_once(' ')?;
    let (rest, _) = rest.split_once(" bytes of ")?;
    let (revision, memory) = rest.rsplit_once("with ")?;
    Some((model.to_owned(), revision.trim().to_owned(), memory.to_owned()))
}

fn find_udi(lines: &[&str]) -> Option<(String, String)> {
    let row =
        lines.iter().skip_while(|l| !l.starts_with("License UDI")).find_map(|l| l.strip_prefix("*0"))?;
    let mut words = row.split_ascii_whitespace();
    Some((words.next()?.to_string(), words.next()?.to_string()))
}

fn find_packages(lines: &[&str]) -> Option<(String, Vec<Package>)> {
    let at = lines.iter().position(|l| l.starts_with("Technology Package License Information"))?;
    let module = between(lines[at], "Module:'", "'")?.to_owned();
    let head = at + lines[at..].iter().position(|l| l.starts_with("Current "))?;
    let rows = lines[head..].iter().skip(2).take_while(|l| !l.is_empty());
    let row = |line: &&str| {
        let words: Vec<String> = line.split_ascii_whitespace().map(str::to_owned).collect();
        let [technology, current, kind, next] = <[String; 4]>::try_from(words).ok()?;
        Some(Package { technology, current, kind, next })
    };
    Some((module, rows.map(row).collect::<Option<_>>()?))
}

/// Units of an uptime in minutes; a device counts years of 365 days.
const UNITS: [(&str, u64); 5] =
    [("year", 525_600), ("week", 10_080), ("day", 1_440), ("hour", 60), ("minute", 1)];

/// `1 day, 16 hours, 42 minutes`
pub fn uptime(minutes: u64) -> String {
    let mut rest = minutes;
    let mut parts = Vec::new();
    for (unit, size) in UNITS {
        let n = rest / size;
        rest %= size;
        if n > 0 || (size == 1 && parts.is_empty()) {
            parts.push(format!("{n} {unit}{}", if n == 1 { "" } else { "s" }));
        }
    }
    parts.join(", ")
}

pub(super) fn minutes(text: &str) -> Option<u64> {
    text.split(", ").try_fold(0_u64, |sum, part| {
        let (n, unit) = part.split_once(' ')?;
        let unit = unit.trim_end_matches('s');
        let size = UNITS.iter().find(|u| u.0 == unit)?.1;
        sum.checked_add(n.parse::<u64>().ok()?.checked_mul(size)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const C3945: &str = include_str!("../../tests/data/show_version_c3945.txt");

    /// Lines without the blanks at their ends; runs of empty lines as one.
    fn lines(text: &str) -> Vec<&str> {
        let mut lines: Vec<&str> = text.lines().map(str::trim).collect();
        lines.dedup_by(|a, b| a.is_empty() && b.is_empty());
        lines
    }

    #[test]
    fn an_isr_g2_prints_the_lines_we_print() {
        let version = Version::parse(C3945).expect("a version");
        let (_, theirs) = C3945.split_once("#show version\n").expect("the command");
        assert_eq!(lines(version.render().trim()), lines(theirs.trim()));
        assert_eq!(Version::parse(&version.render()), Ok(version));
    }

    #[test]
    fn what_an_isr_g2_says() {
        let v = Version::parse(C3945).expect("a version");
        assert_eq!((v.host.as_str(), v.version.as_str(), v.uptime), ("best-c3945-IOS3", "15.0(1)M7", 80));
        assert_eq!(v.image_file, "flash0:c3900-universalk9-mz.SPA.150-1.M7.bin");
        assert_eq!((v.model.as_str(), v.memory.as_str()), ("CISCO3945-CHASSIS", "2027520K/69632K"));
        assert_eq!((v.register, v.next_register), (0x2102, None));
        assert_eq!(v.udi, Some(("C3900-SPE150/K9".into(), "FOC16050QP6".into())));
        assert_eq!(v.packages.map(|p| p.1.len()), Some(4));
    }

    #[test]
    fn other_devices_are_read_too() {
        for (text, version, image, serial, minutes) in [
            (
                include_str!("../../tests/data/show_version_iosv.txt"),
                "15.6(3)M2",
                "flash0:/vios-adventerprisek9-m",
                "9K66Z7TOKAACDEQA24N7S",
                2442,
            ),
            (
                include_str!("../../tests/data/show_version_isr4451.txt"),
                "16.6.5",
                "bootflash:isr4400-universalk10.115.6.5.SPA.bin",
                "FGL273610NK",
                3078,
            ),
            (
                include_str!("../../tests/data/show_version_c3750x.txt"),
                "15.2(2)E8",
                "flash:c3750e-universalk9-mz.152-2.E8.bin",
                "FDO1633Q14S",
                85_587,
            ),
        ] {
            let v = Version::parse(text).expect(version);
            assert_eq!((v.version.as_str(), v.image_file.as_str(), v.uptime), (version, image, minutes));
            assert_eq!(v.board_id, serial);
        }
    }

    /// No comma before `RELEASE`, and memory that is called physical; what is experimental; nothing behind the version.
    #[test]
    fn first_lines_that_are_written_otherwise() {
        for (text, version, release, model, memory, register) in [
            (
                include_str!("../../tests/data/show_version_c3850.txt"),
                "03.06.05E",
                "RELEASE SOFTWARE (fc2)",
                "WS-C3850-48U",
                "4194304K",
                0x102,
            ),
            (
                include_str!("../../tests/data/show_version_c7206.txt"),
                "15.0(20100325:222114)",
                "[scube_alto-gclendon-alto_precollapse 221]",
                "7206VXR",
                "917504K/65536K",
                0,
            ),
            (
                include_str!("../../tests/data/show_version_c8000v.txt"),
                "17.4.20200803:054658",
                "[S2C-build-polaris_dev-119012-/nobackup/mcpre/BLD-BLD_POLARIS_DEV_LATEST_20200803_053108 218]",
                "C8000V",
                "692293K/3075K",
                0x2102,
            ),
        ] {
            let v = Version::parse(text).expect(version);
            assert_eq!((v.version.as_str(), v.release.as_str()), (version, release));
            assert_eq!((v.model.as_str(), v.memory.as_str(), v.register), (model, memory, register));
        }
        let bare = C3945.replace(", RELEASE SOFTWARE (fc2)", "");
        let v = Version::parse(&bare).expect("no release");
        assert_eq!((v.version.as_str(), v.release.as_str()), ("15.0(1)M7", ""));
        let found = |text: &str| Version::parse(text).expect_err("no version").found;
        assert_eq!(found("\n\nCisco IOS XE Software, Version 17\n"), "Cisco IOS XE Software, Version 17");
        assert_eq!(found("Cisco IOS Software, C (X), Version , A"), "Cisco IOS Software, C (X), Version , A");
    }

    #[test]
    fn a_register_that_will_change() {
        let mut v = Version::parse(C3945).expect("a version");
        v.next_register = Some(0x2142);
        assert!(v.render().ends_with("Configuration register is 0x2102 (will be 0x2142 at next reload)\n\n"));
        assert_eq!(Version::parse(&v.render()), Ok(v));
    }

    #[test]
    fn uptimes() {
        assert_eq!(uptime(0), "0 minutes");
        assert_eq!(uptime(2442), "1 day, 16 hours, 42 minutes");
        assert_eq!(uptime(525_600 + 60), "1 year, 1 hour");
        assert_eq!(minutes("1 fortnight"), None);
    }

    #[test]
    fn an_ios_12_says_it_in_two_lines() {
        let text = "Cisco Internetwork Operating System Software \nIOS (tm) 3600 Software (C3640-JS-M), Version 12.2(26), RELEASE SOFTWARE (fc2)
Copyright (c) 1986-2004 by cisco Systems, Inc.
Compiled Sat 31-Jul-04 01:09 by eaarmas
Image text-base: 0x60008930, data-base: 0x6145C000

ROM: System Bootstrap, Version 11.1(20)AA2, EARLY DEPLOYMENT RELEASE SOFTWARE (fc1)

router1 uptime is 0 minutes
System returned to ROM by reload
System image file is \"flash:c3640-js-mz.122-26.bin\"

cisco 3640 (R4700) processor (revision 0xFF) with 45056K/4096K bytes of memory.
Processor board ID 00000000
R4700 CPU at 100Mhz, Implementation 33, Rev 1.2
Bridging software.
2 FastEthernet/IEEE 802.3 interface(s)
125K bytes of non-volatile configuration memory.
8192K bytes of processor board System flash (Read/Write)

Configuration register is 0x2102

";
        let v = Version::parse(text).expect("a version");
        assert_eq!((v.software.as_str(), v.version.as_str()), ("3600 Software", "12.2(26)"));
        assert_eq!((v.model.as_str(), v.revision.as_str()), ("3640", "(R4700) processor (revision 0xFF)"));
        assert_eq!(v.inventory.len(), 5);
        assert_eq!(v.render(), text);
    }
}
