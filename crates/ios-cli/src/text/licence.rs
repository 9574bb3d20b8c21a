//! `show license`, its `udi` and `feature`, of routers whose licences are features.

use super::Unread;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// A feature that may be licensed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Feature {
    /// `securityk9`
    pub name: String,
    /// Bought for good, and in use; else nobody has asked for it.
    pub permanent: bool,
}

/// `show license`
pub fn render(features: &[Feature]) -> String {
    let mut out = String::new();
    for (n, feature) in features.iter().enumerate() {
        out += &format!("Index {} Feature: {}\n", n + 1, feature.name);
        out += if feature.permanent { PERMANENT } else { UNUSED };
    }
    out
}

const PERMANENT: &str = "\tPeriod left: Life time
\tLicense Type: Permanent
\tLicense State: Active, In Use
\tLicense Count: Non-Counted
\tLicense Priority: Medium
";
const UNUSED: &str = "\tPeriod left: Not Activated
\tPeriod Used: 0  minute  0  second\u{20}\u{20}
\tLicense Type: EvalRightToUse
\tLicense State: Not in Use, EULA not accepted
\tLicense Count: Non-Counted
\tLicense Priority: None
";

/// Reads it.
pub fn parse(text: &str) -> Result<Vec<Feature>, Unread> {
    let mut features: Vec<Feature> = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some((_, name)) = line.strip_prefix("Index ").and_then(|l| l.split_once(" Feature: ")) {
            features.push(Feature { name: name.to_owned(), permanent: false });
        } else if let (Some(kind), Some(last)) = (line.strip_prefix("License Type: "), features.last_mut()) {
            last.permanent = kind == "Permanent";
        }
    }
    if features.is_empty() { Err(Unread::new("'Index 1 Feature: …'", text)) } else { Ok(features) }
}

/// `show license feature`
pub fn feature(features: &[Feature]) -> String {
    let mut out = String::from(
        "Feature name             Enforcement  Evaluation  Subscription   Enabled  RightToUse\n",
    );
    for f in features {
        let (sold, enabled) = if f.permanent { ("no", "yes") } else { ("yes", "no") };
        out += &format!("{:<24} {sold:<12} {sold:<11} no             {enabled:<8} {sold}\n", f.name);
    }
    out
}

/// `show license udi`
pub fn udi(pid: &str, serial: &str) -> String {
    format!(
        "Device#   PID                   SN                      UDI
-----------------------------------------------------------------------------------
*0        {pid:<21} {serial:<15} {pid}:{serial}
"
    )
}

/// Reads it: product and serial number.
pub fn parse_udi(text: &str) -> Result<(String, String), Unread> {
    let row = text.lines().find_map(|l| l.trim().strip_prefix("*0 "));
    let mut words = row.unwrap_or_default().split_whitespace();
    match (words.next(), words.next()) {
        (Some(pid), Some(serial)) => Ok((pid.to_owned(), serial.to_owned())),
        (_, _) => Err(Unread::new("'*0 PID SN UDI'", text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_read_back() {
        let feature = |name: &str, permanent| Feature { name: name.into(), permanent };
        let features = Vec::from([feature("ipbasek9", true), feature("securityk9", false)]);
        let text = render(&features);
        assert!(text.starts_with("Index 1 Feature: ipbasek9\n\tPeriod left: Life time\n"), "{text}");
        assert_eq!(parse(&text), Ok(features.clone()));
        assert!(parse("").is_err());
        assert_eq!(
            super::feature(&features).lines().last(),
            Some("securityk9               yes          yes         no             no       yes")
        );
        assert_eq!(parse_udi(&udi("CISCO2911/K9", "FTX1")), Ok(("CISCO2911/K9".into(), "FTX1".into())));
        assert!(parse_udi("*0 x").is_err());
    }
}
