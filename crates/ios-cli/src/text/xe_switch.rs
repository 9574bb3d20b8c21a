//! What a Catalyst with IOS-XE has otherwise in `show version`, and its `show switch`.

use super::catalyst::Stacked;
use super::version::Package;
use super::xe::Xe;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// The parts of `show version` that only it has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct XeSwitch {
    /// What every IOS-XE has; its packages are the licences.
    pub xe: Xe,
    /// `System Bootstrap, Version 17.5.2r, RELEASE SOFTWARE (P)`
    pub boot_loader: String,
    /// `Smart Licensing Status: `
    pub licensing: String,
    /// `Model Number` and its kin, in their order.
    pub board: Vec<(String, String)>,
    /// The members of the stack.
    pub members: Vec<XeMember>,
}

/// One row of the table of switches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct XeMember {
    /// Whether this one answers.
    pub active: bool,
    /// 1 to 9.
    pub number: u16,
    /// How many ports it has.
    pub ports: u16,
    /// `C9300-24P`
    pub model: String,
    /// `17.06.01`
    pub version: String,
    /// `CAT9K_IOSXE`
    pub image: String,
    /// Whether it runs packages: `INSTALL`, else `BUNDLE`.
    pub install: bool,
}

const LICENCES: &str = "Technology-package                                     Technology-package";
const STATUS: &str = "Smart Licensing Status: ";
const MEMBERS: &str = "Switch Ports Model              SW Version        SW Image              Mode";

impl XeSwitch {
    /// The licences, between the paragraph on cryptography and the hardware.
    pub(super) fn licences(&self) -> String {
        let rule = "------------------------------------------------------------------------------";
        let mut out = format!(
            "\n\nTechnology Package License Information: \n\n{rule}\n{LICENCES}\nCurrent                        Type                       Next reboot  \n{rule}\n"
        );
        for p in &self.xe.packages {
            out += &format!("{:<20}\t{:<30}\t {:<20}\n", p.current, p.kind, p.next);
        }
        out + &format!("\n\n{STATUS}{}\n\n", self.licensing)
    }

    /// The board's rows.
    pub(super) fn board(&self) -> String {
        self.board.iter().map(|(name, value)| format!("{name:<35}: {value}\n")).collect()
    }

    /// What stands between the inventory and the register.
    pub(super) fn render(&self) -> String {
        let mut out = format!(
            "\n{}\n\n{MEMBERS}   \n------ ----- -----              ----------        ----------            ----   \n",
            self.board()
        );
        for m in &self.members {
            let mark = if m.active { '*' } else { ' ' };
            let mode = if m.install { "INSTALL" } else { "BUNDLE" };
            out += &format!(
                "{mark}{:>5} {:<5} {:<18} {:<17} {:<21} {mode:<7}\n",
                m.number, m.ports, m.model, m.version, m.image
            );
        }
        out + "\n\n"
    }

    /// Reads them where they are: a text without them is no such Catalyst's.
    pub(super) fn find(lines: &[&str]) -> Option<XeSwitch> {
        let find = |prefix: &str| lines.iter().find_map(|l| l.strip_prefix(prefix)).map(str::to_owned);
        let same = |a: &str, b: &str| a.split_ascii_whitespace().eq(b.split_ascii_whitespace());
        let table = lines.iter().position(|l| same(l, MEMBERS))?;
        let boot_loader = find("BOOTLDR: ")?;
        let licensing = find(STATUS)?;
        let head = lines.iter().position(|l| same(l, LICENCES));
        let rows = head.map_or(&[][..], |at| &lines[at + 1..]).iter().skip(2);
        let package = |line: &&str| {
            let mut words = line.split_ascii_whitespace();
            let current = words.next()?.to_owned();
            let mut kind: Vec<&str> = words.collect();
            let next = kind.pop()?.to_owned();
            Some(Package { technology: String::new(), current, kind: kind.join(" "), next })
        };
        let packages =
            rows.map_while(|l| if l.contains("License Level") { None } else { package(l) }).collect();
        let xe = Xe { packages, ..Xe::find(lines)? };
        let board = lines.iter().position(|l| l.starts_with("Base Ethernet MAC Address"));
        let board = board.map_or(&[][..], |at| &lines[at..]);
        let row = |l: &&str| l.split_once(':').map(|(n, v)| (n.trim().to_owned(), v.trim().to_owned()));
        let board = board.iter().map_while(row).collect();
        let members = lines[table + 2..].iter().map_while(|l| member(l)).collect();
        Some(XeSwitch { xe, boot_loader, licensing, board, members })
    }
}

fn member(line: &str) -> Option<XeMember> {
    let (active, rest) = match line.strip_prefix('*') {
        Some(rest) => (true, rest),
        None => (false, line),
    };
    let mut words = rest.split_ascii_whitespace();
    let (number, ports) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let mut text = || words.next().map(str::to_owned);
    let (model, version, image) = (text()?, text()?, text()?);
    let install = match text()?.as_str() {
        "INSTALL" => true,
        "BUNDLE" => false,
        _ => return None,
    };
    Some(XeMember { active, number, ports, model, version, image, install })
}

/// `show switch`: the stack's address and its members; [`super::catalyst::parse_stack`] reads it.
pub fn render_stack(mac: &str, members: &[Stacked]) -> String {
    let mut out = format!(
        "Switch/Stack Mac Address : {mac} - Local Mac Address\nMac persistency wait time: Indefinite\n{:<45}H/W   Current\nSwitch#   Role    Mac Address     Priority Version  State \n{:-<85}\n",
        "", ""
    );
    for m in members {
        let mark = if m.active { '*' } else { ' ' };
        out += &format!(
            "{mark}{:<9}{:<8} {:<19}{:<7}{:<8}{:<37}\n",
            m.number, m.role, m.mac, m.priority, m.hardware, m.state
        );
    }
    out + "\n\n"
}

#[cfg(test)]
mod tests {
    use super::super::catalyst::parse_stack;
    use super::super::version::{Layout, Version};
    use super::*;

    const C9300: &str = include_str!("../../tests/data/show_version_c9300.txt");
    const C9500: &str = include_str!("../../tests/data/show_version_c9500_install.txt");

    /// Lines without the blanks at their ends, tabs as one blank; runs of empty lines as one.
    fn lines(text: &str) -> Vec<String> {
        let word = |l: &str| l.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        let mut lines: Vec<String> = text.lines().map(word).collect();
        lines.dedup_by(|a, b| a.is_empty() && b.is_empty());
        lines
    }

    #[test]
    fn catalysts_print_the_lines_we_print() {
        // The level of radio licences, and what other members of a stack say of themselves, are not rendered.
        let (head, tail) = C9300.split_once("AIR License Level").expect("a level");
        let (_, tail) = tail.split_once("DNA Advantage\n\n").expect("its end");
        // A developer's build has no release, and not the line on support.
        let one = format!("{head}{tail}")
            .replace("Experimental Version 17.6.20210302:012459 [S2C-build-polaris_dev-132831-/nobackup/mcpre/BLD-BLD_POLARIS_DEV_LATEST_20210302_012043 149]", "Version 17.6.1, RELEASE SOFTWARE (fc1)\nTechnical Support: http://www.cisco.com/techsupport");
        let (head, tail) = C9500.split_once("Switch 02").expect("another member");
        let (_, register) = tail.split_once("Configuration").expect("a register");
        let other = format!("{head}Configuration{register}");
        for (theirs, version, model, install, members) in
            [(one, "17.6.1", "C9300-24P", false, 1), (other, "16.9.3", "C9500-40X", true, 2)]
        {
            let v = Version::parse(&theirs).unwrap_or_else(|e| panic!("{version}: {e}"));
            let Layout::XeSwitch(switch) = &v.layout else { panic!("{version} is a Catalyst's") };
            assert_eq!((v.version.as_str(), v.register, v.model.as_str()), (version, 0x102, model));
            assert_eq!((switch.members[0].install, switch.members.len()), (install, members));
            assert_eq!(switch.xe.packages.len(), 2);
            assert_eq!(switch.xe.packages[1].kind, "Subscription Smart License");
            assert!(switch.board.iter().any(|(name, value)| name == "Model Number" && value == model));
            assert_eq!(lines(v.render().trim()), lines(theirs.trim()));
            assert_eq!(Version::parse(&v.render()), Ok(v));
        }
        // The columns, octet for octet.
        let row = C9300.lines().find(|l| l.starts_with("*    1")).expect("a member");
        // A developer's build is read as well, though none of ours is one.
        let v = Version::parse(C9300).expect("a developer's build");
        assert_eq!((v.version.as_str(), v.model.as_str()), ("17.6.20210302:012459", "C9300-24P"));
        let one = XeMember {
            active: true,
            number: 1,
            ports: 41,
            model: "C9300-24P".into(),
            version: "17.06.01".into(),
            image: "CAT9K_IOSXE".into(),
            install: false,
        };
        assert_eq!(member(row), Some(one));
    }

    #[test]
    fn a_stack_of_one() {
        let one = Stacked {
            active: true,
            number: 1,
            role: "Active".into(),
            mac: "00b6.70ff.065e".into(),
            priority: 1,
            hardware: "V01".into(),
            state: "Ready".into(),
        };
        let text = render_stack("00b6.70ff.065e", core::slice::from_ref(&one));
        assert_eq!(parse_stack(&text), Ok(("00b6.70ff.065e".into(), [one].into())), "{text}");
    }
}
