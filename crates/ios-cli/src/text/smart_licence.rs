//! `show license summary`, `status` and `udi` of a switch with Smart Licensing Using Policy, that nobody has told of any account.

use super::Unread;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// A licence that is in use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Use {
    /// `network-advantage`
    pub name: String,
    /// Without its brackets: `C9300-24 Network Advan...`
    pub tag: String,
    /// On so many switches.
    pub count: u32,
}

/// `show license summary`
pub fn summary(uses: &[Use]) -> String {
    let mut out = String::from(
        "Account Information:\n  Smart Account: <none>\n  Virtual Account: <none>\n\nLicense Usage:\n  \
         License                 Entitlement Tag               Count Status\n",
    );
    out += &format!("  {:-<77}\n", "");
    for Use { name, tag, count } in uses {
        out += &format!("  {name:<24}{:<30}{count:>5} IN USE\n", format!("({tag})"));
    }
    out + "\n"
}

/// Reads it.
pub fn parse(text: &str) -> Result<Vec<Use>, Unread> {
    let (_, rows) = text.split_once("\n  ----").ok_or_else(|| Unread::new("License Usage:", text))?;
    rows.lines()
        .skip(1)
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let read = || {
                let (name, rest) = line.trim().split_once('(')?;
                let (tag, rest) = rest.split_once(')')?;
                let count = rest.trim().strip_suffix("IN USE")?.trim().parse().ok()?;
                Some(Use { name: name.trim().to_owned(), tag: tag.to_owned(), count })
            };
            read().ok_or_else(|| Unread::new("'name (tag) N IN USE'", line))
        })
        .collect()
}

/// `show license udi`
pub fn udi(product: &str, serial: &str) -> String {
    format!("UDI: PID:{product},SN:{serial}\n\n")
}

/// What each kind of licence has to report, and how often: days.
const POLICY: &[(&str, [u32; 3])] = &[
    ("Unenforced/Non-Export Perpetual", [365, 0, 90]),
    ("Unenforced/Non-Export Subscription", [90, 90, 90]),
    ("Enforced (Perpetual/Subscription) License", [0, 0, 0]),
    ("Export (Perpetual/Subscription) License", [0, 0, 0]),
];

/// `show license status` with the policy that is there from the beginning.
pub fn status() -> String {
    let mut out = String::from(
        "Utility:
  Status: DISABLED

Smart Licensing Using Policy:
  Status: ENABLED

Account Information:
  Smart Account: <none>
  Virtual Account: <none>

Data Privacy:
  Sending Hostname: yes
    Callhome hostname privacy: DISABLED
    Smart Licensing hostname privacy: DISABLED
  Version privacy: DISABLED

Transport:
  Type: cslu
  Cslu address: <empty>
  Proxy:
    Not Configured
  VRF:
    Not Configured

Policy:
  Policy in use: Merged from multiple sources.
  Reporting ACK required: yes (CISCO default)
",
    );
    for (kind, [first, often, change]) in POLICY {
        out += &format!(
            "  {kind} Attributes:
    First report requirement (days): {first} (CISCO default)
    Reporting frequency (days): {often} (CISCO default)
    Report on change (days): {change} (CISCO default)
"
        );
    }
    out + "
Miscellaneous:
  Custom Id: <empty>

Usage Reporting:
  Last ACK received: <none>
  Next ACK deadline: <none>
  Reporting push interval: 0 (no reporting)
  Next ACK push check: <none>
  Next report push: <none>
  Last report push: <none>
  Last report file write: <none>

Trust Code Installed: <none>

"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_use_is_read_back() {
        let row = |name: &str, tag: &str| Use { name: name.into(), tag: tag.into(), count: 2 };
        let uses = [
            row("network-advantage", "C9300-24 Network Advan..."),
            row("dna-advantage", "C9300-24 DNA Advantage"),
        ];
        let text = summary(&uses);
        // As a C9300 prints them.
        for line in [
            "  License                 Entitlement Tag               Count Status\n",
            "  -----------------------------------------------------------------------------\n",
            "  network-advantage       (C9300-24 Network Advan...)       2 IN USE\n",
            "  dna-advantage           (C9300-24 DNA Advantage)          2 IN USE\n",
        ] {
            assert!(text.contains(line), "{line}{text}");
        }
        assert_eq!(parse(&text).as_deref(), Ok(&uses[..]));
        assert!(parse("% Invalid").is_err());
    }
}
