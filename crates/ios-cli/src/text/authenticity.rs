//! `show software authenticity running` and `file`: who signed what runs, or a file.

use super::{Unread, between};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// A signature.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    /// `Production`, `Special`
    pub kind: String,
    /// The organization unit: `C2900`, `IOS-XE`
    pub unit: String,
    /// The certificate's serial number: `3F693684`
    pub serial: String,
    /// The key's version: `A`
    pub key: String,
}

impl Signature {
    fn render(&self) -> String {
        format!(
            "Image type                    : {}
    Signer Information
        Common Name           : CiscoSystems
        Organization Unit     : {}
        Organization Name     : CiscoSystems
    Certificate Serial Number : {}
    Hash Algorithm            : SHA512
    Signature Algorithm       : 2048-bit RSA
    Key Version               : {}
",
            self.kind, self.unit, self.serial, self.key
        )
    }

    fn parse(text: &str) -> Result<Signature, Unread> {
        let value = |name: &'static str| {
            let found = text.lines().find_map(|line| {
                let (key, value) = line.split_once(" : ")?;
                (key.trim() == name).then(|| value.trim().to_owned())
            });
            found.ok_or_else(|| Unread::new(name, text))
        };
        Ok(Signature {
            kind: value("Image type")?,
            unit: value("Organization Unit")?,
            serial: value("Certificate Serial Number")?,
            key: value("Key Version")?,
        })
    }
}

/// Something that runs, and who has looked at its signature.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Running {
    /// `SYSTEM IMAGE`, `PACKAGE cat9k-rpbase.17.06.01.SPA.pkg`
    pub what: String,
    /// Its own.
    pub signature: Signature,
    /// `ROMMON 1`
    pub verifier: String,
    /// `System Bootstrap, Version 15.0(1r)M15, RELEASE SOFTWARE (fc1)`, and the lines behind it.
    pub version: String,
}

/// `show software authenticity running`
pub fn running(all: &[Running]) -> String {
    let mut out = String::new();
    for Running { what, signature, verifier, version } in all {
        // The line below a package's name is two longer than that.
        let line = what.len() + if what.starts_with(PACKAGE) { 2 } else { 0 };
        out += &format!(
            "{what}\n{:-<line$}\n{}\n    Verifier Information\n        Verifier Name         : {verifier}\n        \
             Verifier Version      : {version}\n\n",
            "",
            signature.render()
        );
    }
    out
}

/// Before a package's name.
pub const PACKAGE: &str = "PACKAGE ";

/// Reads it.
pub fn parse_running(text: &str) -> Result<Vec<Running>, Unread> {
    let mut all = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (what, behind) = rest.split_once('\n').ok_or_else(|| Unread::new("a heading", rest))?;
        let (_, behind) = behind.split_once('\n').ok_or_else(|| Unread::new("a line below it", rest))?;
        let (block, next) = behind
            .split_once("\n\n    Verifier Information\n")
            .ok_or_else(|| Unread::new("a verifier", rest))?;
        let (verifier, next) = next.split_once("\n\n").unwrap_or((next.trim_end(), ""));
        let name = between(verifier, "Verifier Name         : ", "\n");
        let version = verifier.split_once("Verifier Version      : ");
        let (Some(name), Some((_, version))) = (name, version) else {
            return Err(Unread::new("'Verifier Name : …' and 'Verifier Version : …'", verifier));
        };
        all.push(Running {
            what: what.trim_end().to_owned(),
            signature: Signature::parse(block)?,
            verifier: name.trim().to_owned(),
            version: version.to_owned(),
        });
        rest = next.trim_start();
    }
    if all.is_empty() { Err(Unread::new("SYSTEM IMAGE", text)) } else { Ok(all) }
}

/// `show software authenticity file NAME`
pub fn file(name: &str, signature: &Signature) -> String {
    format!("File Name                     : {name}\n{}", signature.render())
}

/// Reads it: the name and the signature.
pub fn parse_file(text: &str) -> Result<(String, Signature), Unread> {
    let name = between(text, "File Name                     : ", "\n");
    let name = name.ok_or_else(|| Unread::new("File Name : …", text))?.trim().to_owned();
    Ok((name, Signature::parse(text)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 2911's, as its manual's users show it.
    const C2911: &str = "SYSTEM IMAGE
------------
Image type                    : Production
    Signer Information
        Common Name           : CiscoSystems
        Organization Unit     : C2900
        Organization Name     : CiscoSystems
    Certificate Serial Number : 3F693684
    Hash Algorithm            : SHA512
    Signature Algorithm       : 2048-bit RSA
    Key Version               : A

    Verifier Information
        Verifier Name         : ROMMON 1
        Verifier Version      : System Bootstrap, Version 15.0(1r)M15, RELEASE SOFTWARE (fc1)
Technical Support: http://www.cisco.com/techsupport

";

    #[test]
    fn what_runs_is_read_back() {
        let all = parse_running(C2911).expect("read");
        assert_eq!(all[0].verifier, "ROMMON 1");
        assert!(all[0].version.ends_with("\nTechnical Support: http://www.cisco.com/techsupport"));
        assert_eq!(running(&all), C2911);
        let package = Running { what: format!("{PACKAGE}cat9k-lni.17.SPA.pkg"), ..all[0].clone() };
        let both = [package, all[0].clone()];
        assert!(
            running(&both).starts_with("PACKAGE cat9k-lni.17.SPA.pkg\n------------------------------\nImage")
        );
        assert_eq!(parse_running(&running(&both)).as_deref(), Ok(&both[..]));
        assert!(parse_running("").is_err());
        assert!(parse_running("% Invalid input").is_err());
    }

    #[test]
    fn a_file_is_read_back() {
        let signature = parse_running(C2911).expect("read").remove(0).signature;
        let text = file("flash0:a.bin", &signature);
        assert!(text.starts_with(
            "File Name                     : flash0:a.bin\nImage type                    : Prod"
        ));
        assert_eq!(parse_file(&text), Ok(("flash0:a.bin".into(), signature)));
        assert!(parse_file(C2911).is_err());
    }
}
