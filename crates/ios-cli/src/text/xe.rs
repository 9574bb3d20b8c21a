//! What IOS-XE has otherwise in `show version` of a router.

use super::version::{Package, Version, uptime};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// The parts of `show version` that only IOS-XE has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Xe {
    /// `16.06.05`: the release, where IOS itself says 16.6.5.
    pub release: String,
    /// `Everest`
    pub code: String,
    /// `2005-2018`
    pub copyright: String,
    /// Whole minutes that the processor runs.
    pub processor_uptime: u64,
    /// The technology packages.
    pub packages: Vec<Package>,
}

/// `16.06.05` of 16.6.5; what is no such version stays as it is.
pub fn padded(version: &str) -> String {
    let pad = |part: &str| {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 1 { format!("0{part}") } else { part.to_owned() }
    };
    version.split('.').map(pad).collect::<Vec<_>>().join(".")
}

/// `16.6.5` of 16.06.05.
pub fn unpadded(version: &str) -> String {
    let strip = |part: &str| match part.strip_prefix('0') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => rest.to_owned(),
        _ => part.to_owned(),
    };
    version.split('.').map(strip).collect::<Vec<_>>().join(".")
}

const PACKAGES: &str = "Technology Package License Information:";

impl Xe {
    /// The first line.
    pub(super) fn head(&self) -> String {
        format!("Cisco IOS XE Software, Version {}\n", self.release)
    }

    /// The paragraph on other people's software, behind the build's lines.
    pub(super) fn legal(&self) -> String {
        format!(
            "

Cisco IOS-XE software, Copyright (c) {} by cisco Systems, Inc.
All rights reserved.  Certain components of Cisco IOS-XE software are
licensed under the GNU General Public License (\"GPL\") Version 2.0.  The
software code licensed under GPL Version 2.0 is free software that comes
with ABSOLUTELY NO WARRANTY.  You can redistribute and/or modify such
GPL code under the terms of GPL Version 2.0.  For more details, see the
documentation or \"License Notice\" file accompanying the IOS-XE software,
or the applicable URL provided on the flyer accompanying the IOS-XE
software.

",
            self.copyright
        )
    }

    /// Behind the device's own uptime.
    pub(super) fn uptime(&self) -> String {
        format!("Uptime for this control processor is {}\n", uptime(self.processor_uptime))
    }

    /// The licences, between the paragraph on cryptography and the hardware.
    pub(super) fn licences(&self) -> String {
        let mut out = format!(
            "\n\n{PACKAGES} \n\n-----------------------------------------------------------------\nTechnology    Technology-package           Technology-package\n              Current       Type           Next reboot  \n------------------------------------------------------------------\n"
        );
        for p in &self.packages {
            out += &format!("{:<16} {:<16} {:<16} {}\n", p.technology, p.current, p.kind, p.next);
        }
        out + "\n"
    }

    /// Reads them where they are: a text without them is not IOS-XE's.
    pub(super) fn find(lines: &[&str]) -> Option<Xe> {
        let find = |prefix: &str| lines.iter().find_map(|l| l.strip_prefix(prefix));
        let release = find("Cisco IOS XE Software, Version ")?.to_owned();
        let code = find("Cisco IOS Software [").and_then(|l| l.split_once(']'))?.0.to_owned();
        let copyright = find("Cisco IOS-XE software, Copyright (c) ").and_then(|l| l.split_once(" by "))?.0;
        let processor_uptime = super::version::minutes(find("Uptime for this control processor is ")?)?;
        let at = lines.iter().position(|l| l.starts_with(PACKAGES));
        let rows = at.map_or(&[][..], |at| &lines[at..]);
        let rows =
            rows.iter().skip_while(|l| !l.starts_with("Current ")).skip(2).take_while(|l| !l.is_empty());
        let package = |line: &&str| {
            let mut words = line.split_ascii_whitespace().map(str::to_owned);
            let mut word = || words.next();
            Some(Package { technology: word()?, current: word()?, kind: word()?, next: word()? })
        };
        Some(Xe {
            release,
            code,
            copyright: copyright.to_owned(),
            processor_uptime,
            packages: rows.map(package).collect::<Option<_>>()?,
        })
    }
}

/// What the console shows of it while booting, behind the legal texts: without address and licences.
pub(super) fn banner(v: &Version) -> String {
    let inventory: String = v.inventory.iter().map(|l| format!("{l}\n")).collect();
    format!("{}Processor board ID {}\n{inventory}", super::version::hardware(v), v.board_id)
}

#[cfg(test)]
mod tests {
    use super::super::version::Layout;
    use super::*;

    const ISR4451: &str = include_str!("../../tests/data/show_version_isr4451.txt");

    /// Lines without the blanks at their ends; runs of empty lines as one.
    fn lines(text: &str) -> Vec<&str> {
        let mut lines: Vec<&str> = text.lines().map(str::trim).collect();
        lines.dedup_by(|a, b| a.is_empty() && b.is_empty());
        lines
    }

    #[test]
    fn an_isr4000_prints_the_lines_we_print() {
        // The suites of licences are not rendered.
        let (head, tail) = ISR4451.split_once("Suite License").expect("suites");
        let (_, tail) = tail.split_once(PACKAGES).expect("packages");
        let theirs = format!("{head}{PACKAGES}{tail}");
        let v = Version::parse(&theirs).expect("a version");
        let Layout::Xe(xe) = &v.layout else { panic!("not IOS-XE") };
        assert_eq!(
            (xe.release.as_str(), xe.code.as_str(), xe.processor_uptime),
            ("16.06.05", "Everest", 3_079)
        );
        assert_eq!((v.version.as_str(), v.software.as_str(), v.uptime), ("16.6.5", "ISR Software", 3_078));
        assert_eq!(xe.packages.len(), 4);
        assert_eq!(lines(v.render().trim()), lines(theirs.trim()));
        assert_eq!(Version::parse(&v.render()), Ok(v));
    }

    #[test]
    fn a_release_is_padded_where_ios_is_not() {
        for (ios, xe) in [("16.6.5", "16.06.05"), ("17.9.6a", "17.09.06a"), ("17.12.4", "17.12.04")] {
            assert_eq!((padded(ios).as_str(), unpadded(xe).as_str()), (xe, ios));
            assert_eq!((padded(xe).as_str(), unpadded(ios).as_str()), (xe, ios));
        }
    }
}
