use super::{Text, Word};
use serde::Deserialize;

/// How a model installs images.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "File")]
pub struct Install {
    /// What it calls itself where each member says what it does: `Switch 1`, `R0`.
    pub member: Text,
    /// Where its flash is mounted: `/flash`.
    pub mount: Text,
    /// The packages of an image, each with its share of the octets.
    pub packages: Vec<(Word, u32)>,
    /// The lines of a provisioning file.
    pub provisioning: Vec<Provisioned>,
}

/// A line of a provisioning file: `iso   rp 0 0   rp_base cat9k-rpbase.17.06.01.SPA.pkg`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(from = "(Text, Text, Text, Word)")]
pub struct Provisioned {
    /// `boot` or `iso`.
    pub kind: Text,
    /// `rp 0 0`
    pub slot: Text,
    /// `rp_base`
    pub role: Text,
    /// `rpbase`
    pub package: Word,
}

impl From<(Text, Text, Text, Word)> for Provisioned {
    fn from((kind, slot, role, package): (Text, Text, Text, Word)) -> Provisioned {
        Provisioned { kind, slot, role, package }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    member: Text,
    mount: Text,
    packages: Vec<(Word, u32)>,
    provisioning: Vec<Provisioned>,
}

impl TryFrom<File> for Install {
    type Error = String;

    fn try_from(file: File) -> Result<Install, String> {
        let File { member, mount, packages, provisioning } = file;
        if let Some((name, _)) = packages.iter().find(|(_, share)| *share == 0) {
            return Err(format!("the package '{name}' has no share of the image: expected 1 or more"));
        }
        let known = |line: &&Provisioned| !packages.iter().any(|(name, _)| *name == line.package);
        if let Some(line) = provisioning.iter().find(known) {
            return Err(format!("'{}' is none of the packages: expected one of them", line.package));
        }
        let unused = |(name, _): &&(Word, u32)| !provisioning.iter().any(|line| line.package == *name);
        if let Some((name, _)) = packages.iter().find(unused) {
            return Err(format!("the package '{name}' is in no line of provisioning: expected it in one"));
        }
        match provisioning.first() {
            Some(line) if line.kind == "boot" => Ok(Install { member, mount, packages, provisioning }),
            Some(_) | None => {
                Err("expected provisioning to begin with the package that boots: [\"boot\", ...]".into())
            }
        }
    }
}
