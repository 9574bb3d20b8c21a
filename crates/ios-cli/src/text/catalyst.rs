//! What a Catalyst adds to `show version`, and `show switch`.

use super::Unread;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The parts of `show version` that only a Catalyst with classic IOS has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Catalyst {
    /// `C2960X Boot Loader (C2960X-HBOOT-M) Version 15.2(2r)E1, RELEASE SOFTWARE (fc1)`
    pub boot_loader: String,
    /// `512K bytes of flash-simulated non-volatile configuration memory.`
    pub nvram: String,
    /// `Model number` and its kin, in their order.
    pub board: Vec<(String, String)>,
    /// The members of the stack.
    pub members: Vec<Member>,
}

/// One row of the table of switches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// Whether this one answers.
    pub active: bool,
    /// 1 to 9.
    pub number: u16,
    /// How many ports it has.
    pub ports: u16,
    /// `WS-C2960X-24PS-L`
    pub model: String,
    /// `15.2(2)E7`
    pub version: String,
    /// `C2960X-UNIVERSALK9-M`
    pub image: String,
}

const MEMBERS: &str = "Switch Ports Model                     SW Version            SW Image";

impl Catalyst {
    /// From the board's rows to the table: what stands between the inventory and the register.
    pub(super) fn render(&self) -> String {
        let mut out = format!("\n{}\n", self.nvram);
        for (name, value) in &self.board {
            out += &format!("{name:<32}: {value}\n");
        }
        out += &format!(
            "\n\n{MEMBERS:<89}\n------ ----- -----                     ----------            {:<25}\n",
            "----------"
        );
        for m in &self.members {
            let mark = if m.active { '*' } else { ' ' };
            out += &format!(
                "{mark}{:>5} {:<5} {:<25} {:<21} {:<25}\n",
                m.number, m.ports, m.model, m.version, m.image
            );
        }
        out + "\n\n"
    }

    /// Reads them where they are: a text without them is no Catalyst's.
    pub(super) fn find(lines: &[&str]) -> Option<Catalyst> {
        let boot_loader = lines.iter().find_map(|l| l.strip_prefix("BOOTLDR: "))?.to_owned();
        let nvram =
            lines.iter().position(|l| l.ends_with("flash-simulated non-volatile configuration memory."))?;
        let rows = lines[nvram + 1..].iter().map_while(|l| l.split_once(':'));
        let board = rows.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect();
        let table =
            lines.iter().position(|l| l.split_ascii_whitespace().eq(MEMBERS.split_ascii_whitespace()))?;
        let members = lines[table + 2..].iter().map_while(|l| member(l)).collect();
        Some(Catalyst { boot_loader, nvram: lines[nvram].to_owned(), board, members })
    }
}

fn member(line: &str) -> Option<Member> {
    let (active, rest) = match line.trim_start().strip_prefix('*') {
        Some(rest) => (true, rest),
        None => (false, line),
    };
    let mut words = rest.split_ascii_whitespace();
    let (number, ports) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let mut text = || words.next().map(str::to_owned);
    Some(Member { active, number, ports, model: text()?, version: text()?, image: text()? })
}

/// The count of interfaces of one kind: `1 FastEthernet interface`, `28 Gigabit Ethernet interfaces`.
pub fn counted(count: usize, kind: &str) -> String {
    format!("{count} {kind} interface{}", if count == 1 { "" } else { "s" })
}

/// One row of `show switch`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stacked {
    /// Whether this one answers.
    pub active: bool,
    /// 1 to 9.
    pub number: u16,
    /// `Master`, `Member`
    pub role: String,
    /// `cc44.33ff.9922`
    pub mac: String,
    /// 1 to 15.
    pub priority: u16,
    /// `0`
    pub hardware: String,
    /// `Ready`
    pub state: String,
}

/// `show switch`: the stack's address and its members.
pub fn render_stack(mac: &str, members: &[Stacked]) -> String {
    let mut out = format!(
        "Switch/Stack Mac Address : {mac}\n{:<43}H/W   Current\nSwitch#  Role   Mac Address     Priority Version  State \n{:-<58}\n",
        "", ""
    );
    for m in members {
        let mark = if m.active { '*' } else { ' ' };
        out += &format!(
            "{mark}{:<8}{:<7}{:<17}{:<7}{:<8}{:<20}\n",
            m.number, m.role, m.mac, m.priority, m.hardware, m.state
        );
    }
    out + "\n\n"
}

/// Reads it.
pub fn parse_stack(text: &str) -> Result<(String, Vec<Stacked>), Unread> {
    let mac = text.lines().find_map(|l| l.trim().strip_prefix("Switch/Stack Mac Address : "));
    let mac =
        mac.ok_or_else(|| Unread::new("'Switch/Stack Mac Address : …'", text.lines().next().unwrap_or("")))?;
    let mac = mac.split(" - ").next().unwrap_or(mac).trim().to_owned();
    let rows =
        text.lines().skip_while(|l| !l.starts_with("---")).skip(1).take_while(|l| !l.trim().is_empty());
    let row = |line: &str| {
        let (active, rest) = match line.trim_start().strip_prefix('*') {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let mut words = rest.split_ascii_whitespace().map(ToString::to_string);
        Some(Stacked {
            active,
            number: words.next()?.parse().ok()?,
            role: words.next()?,
            mac: words.next()?,
            priority: words.next()?.parse().ok()?,
            hardware: words.next()?,
            state: words.next()?,
        })
    };
    let members: Result<_, _> = rows.map(|l| row(l).ok_or_else(|| Unread::new("a member", l))).collect();
    Ok((mac, members?))
}

#[cfg(test)]
mod tests {
    use super::super::version::{Layout, Version};
    use super::*;

    const C2960X: &str = include_str!("../../tests/data/show_version_c2960x.txt");
    const C3750X: &str = include_str!("../../tests/data/show_version_c3750x.txt");

    /// Lines without the blanks at their ends; runs of empty lines as one.
    fn lines(text: &str) -> Vec<&str> {
        let mut lines: Vec<&str> = text.lines().map(str::trim).collect();
        lines.dedup_by(|a, b| a.is_empty() && b.is_empty());
        lines
    }

    #[test]
    fn catalysts_print_the_lines_we_print() {
        // What other members of a stack say of themselves, and the licence level, are not rendered.
        let (head, tail) = C2960X.split_once("Switch 01").expect("another member");
        let (_, register) = tail.split_once("Configuration").expect("a register");
        let one = format!("{head}Configuration{register}");
        let (head, tail) = C3750X.split_once("License Level").expect("a licence");
        let (_, tail) = tail.split_once("\n\n").expect("its end");
        let other = format!("{head}{tail}");
        for (theirs, version, model, members) in
            [(one, "15.2(2)E7", "WS-C2960X-48FPD-L", 2), (other, "15.2(2)E8", "WS-C3750X-24S-E", 1)]
        {
            let v = Version::parse(&theirs).expect(version);
            let Layout::Catalyst(catalyst) = &v.layout else { panic!("{version} is a Catalyst's") };
            assert_eq!((v.version.as_str(), v.register), (version, 0xf));
            assert_eq!(catalyst.members.len(), members);
            let row = |name| catalyst.board.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
            assert_eq!(row("Model number"), Some(model));
            assert!(row("System serial number").is_some());
            assert_eq!(lines(v.render().trim()), lines(theirs.trim()));
            assert_eq!(Version::parse(&v.render()), Ok(v));
        }
    }

    #[test]
    fn a_stack_of_one() {
        let one = Stacked {
            active: true,
            number: 1,
            role: "Master".into(),
            mac: "cc44.33ff.9900".into(),
            priority: 1,
            hardware: "0".into(),
            state: "Ready".into(),
        };
        let text = render_stack("cc44.33ff.9900", core::slice::from_ref(&one));
        assert_eq!(
            text.trim_end(),
            "Switch/Stack Mac Address : cc44.33ff.9900
                                           H/W   Current
Switch#  Role   Mac Address     Priority Version  State \n----------------------------------------------------------
*1       Master cc44.33ff.9900   1      0       Ready"
        );
        assert_eq!(parse_stack(&text), Ok(("cc44.33ff.9900".into(), [one].into())));
        assert!(parse_stack("% Invalid input").is_err());
    }
}
