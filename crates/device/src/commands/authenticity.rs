//! `show software authenticity`: who signed what runs and what lies in flash.

use super::exec::Exec;
use super::table::Id;
use crate::image::{self, Facts};
use crate::profile::{Layout, Profile};
use crate::texts;
use ios_cli::text::authenticity::{self, PACKAGE, Running, Signature};
use ios_cli::text::files::no_signature;
use ios_cli::{Match, Modes, Row};
use std::sync::Arc;

const SHOW: &str = "Show running system information";
const SOFTWARE: &str = "Show software information";
const AUTHENTICITY: &str = "Show software authenticity info";

/// What models have whose images are signed.
pub(super) const AUTHENTICITIES: &[Row<Id>] = &[
    Row::new(
        "show software authenticity running",
        &[SHOW, SOFTWARE, AUTHENTICITY, "Show software authenticity info of running images"],
        Modes::EXEC,
        15,
        Id::Authenticity,
    )
    .piped(),
    Row::new(
        "show software authenticity file <file:file>",
        &[SHOW, SOFTWARE, AUTHENTICITY, "Show software authenticity info of a file", "File name"],
        Modes::EXEC,
        15,
        Id::Authenticity,
    )
    .piped(),
];

/// How `SPA` is read: signed, for production or something special, with key A. The certificate's number is made of the
/// image's own digest: nobody has issued one.
fn signature(profile: &Profile, facts: &Facts) -> Option<Signature> {
    let word = profile.image.signed.as_ref()?;
    let mut letters = word.chars().skip(1);
    let kind = match letters.next()? {
        'P' => "Production",
        _ => "Special",
    };
    let unit = match profile.version.layout {
        Layout::Xe(_) | Layout::XeSwitch(_) => "IOS-XE".to_owned(),
        Layout::IsrG2(_) | Layout::Catalyst(_) | Layout::Ios12(_) => facts.platform.to_uppercase(),
    };
    let serial = facts.embedded_md5.get(..8).unwrap_or_default().to_uppercase();
    Some(Signature { kind: kind.into(), unit, serial, key: letters.collect() })
}

impl Exec<'_> {
    pub(super) fn show_authenticity(&mut self, found: &Match<Id>) -> String {
        match found.text("file").map(str::to_owned) {
            Some(file) => self.authenticity_of(&file),
            None => self.running_authenticity(),
        }
    }

    fn authenticity_of(&mut self, typed: &str) -> String {
        let blob = match self.blob(typed) {
            Ok(blob) => blob,
            Err(why) => return format!("%Error opening {typed} ({why})\n"),
        };
        let name = self.url(typed).map_or_else(|_| typed.to_owned(), |url| url.to_string());
        let facts = image::show(&blob).ok();
        // An image for another model is signed for that.
        let signed = facts.and_then(|facts| signature(&*Profile::named(&facts.profile)?, &facts));
        signed.map_or_else(|| no_signature(&name), |signature| authenticity::file(&name, &signature))
    }

    fn running_authenticity(&self) -> String {
        let device = &self.tty.device;
        let profile: &Arc<Profile> = device.profile();
        let Some((facts, packages)) = device.running(|r| (r.facts.clone(), r.packages.clone())) else {
            return String::new();
        };
        let Some(whole) = signature(profile, &facts) else { return String::new() };
        let package = |file: String| Running {
            what: format!("{PACKAGE}{file}"),
            signature: whole.clone(),
            verifier: "rp_base".into(),
            version: facts.version.clone(),
        };
        let mut all: Vec<Running> = packages.into_iter().flatten().map(package).collect();
        let bootstrap = texts::bootstrap(profile);
        let (verifier, version) = match profile.version.layout {
            Layout::Xe(_) | Layout::XeSwitch(_) => {
                ("ROMMON", format!("System Bootstrap, Version {}", profile.boot.version))
            }
            Layout::IsrG2(_) | Layout::Catalyst(_) | Layout::Ios12(_) => {
                ("ROMMON 1", format!("{bootstrap}\nTechnical Support: http://www.cisco.com/techsupport"))
            }
        };
        all.push(Running {
            what: "SYSTEM IMAGE".into(),
            signature: whole,
            verifier: verifier.into(),
            version,
        });
        authenticity::running(&all)
    }
}
