use crate::Profile;
use crate::image::{Damage, Facts, hex, package_name};
use ios_cli::text::xe;
use sha1::{Digest, Sha1};

/// What a provisioning file begins with.
pub const CONF: &str = "#! /usr/binos/bin/packages_conf.sh\n";
const SUM: &str = "sha1sum: ";
/// One is a few thousand octets; nobody reads more.
const MOST: u64 = 65_536;

/// A provisioning file: which packages boot together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Provision {
    /// `17.06.01`
    pub build: String,
    /// Kind, slot, role and file of each line, in their order.
    pub lines: Vec<[String; 4]>,
}

/// Why a provisioning file does not boot.
#[derive(Debug, thiserror::Error)]
pub enum BadProvision {
    /// Somebody changed it.
    #[error("the provisioning file says sha1sum {expected} of itself, computed {computed}")]
    Checksum {
        /// What it says of itself.
        expected: String,
        /// What is so.
        computed: String,
    },
    /// A line that says nothing known, or no line at all.
    #[error(
        "'{0}' is no line of a provisioning file: expected a kind, three words of a slot, a role and a file"
    )]
    Line(String),
    /// A package that it names is not there.
    #[error("the package {0} is not there")]
    Missing(String),
    /// A package that it names is not what it should be.
    #[error("the package {package} does not boot: {why}")]
    Damaged {
        /// Its file.
        package: String,
        /// What is wrong with it.
        why: Box<Damage>,
    },
    /// A package of another release, or of another model.
    #[error("the package {package} is of {found}, expected {expected}")]
    Mixed {
        /// Its file.
        package: String,
        /// Model and version that it is of.
        found: String,
        /// Model and version that the others are of.
        expected: String,
    },
}

impl Provision {
    /// That of the packages of a version.
    pub fn of(profile: &Profile, version: &str) -> Provision {
        let rows = profile.install.iter().flat_map(|install| &install.provisioning);
        let line = |row: &crate::profile::Provisioned| {
            let file = package_name(profile, version, &row.package);
            [row.kind.to_string(), row.slot.to_string(), row.role.to_string(), file]
        };
        Provision { build: xe::padded(version), lines: rows.map(line).collect() }
    }

    /// Its text, with its checksum.
    pub fn render(&self) -> String {
        let mut body = format!(
            "\n# sha1sum above - used to verify that this file is not corrupted.\n#\n# package.conf: provisioned software file for build {}\n#\n# A file that is changed by hand does not boot.\n\n",
            self.build
        );
        for [kind, slot, role, file] in &self.lines {
            body += &format!("{kind:<6} {slot}   {role} {file}\n");
        }
        body += &format!(
            "\n# -start- superpackage .pkginfo\n#\n# pkginfo: Build: {}\n#\n# -end- superpackage .pkginfo\n",
            self.build
        );
        format!("{CONF}\n{SUM}{}\n{body}", sum(&body))
    }

    /// Whether a text is one at all, whatever is wrong with it.
    pub fn is_one(text: &str) -> bool {
        text.starts_with(CONF)
    }

    /// The text of a file that is one; `None`: it is something else.
    pub fn text_of(blob: &store::Blob) -> Option<String> {
        let len = usize::try_from(blob.len().min(MOST)).ok()?;
        let mut octets = vec![0; CONF.len().min(len)];
        let n = blob.read_at(0, &mut octets).ok()?;
        if octets.get(..n)? != CONF.as_bytes() {
            return None;
        }
        octets.resize(len, 0);
        let mut at = n;
        while at < len {
            match blob.read_at(at as u64, &mut octets[at..]).ok()? {
                0 => break,
                n => at += n,
            }
        }
        octets.truncate(at);
        Some(String::from_utf8_lossy(&octets).into_owned())
    }

    /// Reads it.
    ///
    /// # Errors
    /// Its checksum does not fit, or a line says nothing.
    pub fn parse(text: &str) -> Result<Provision, BadProvision> {
        let line = |text: &str| BadProvision::Line(text.to_owned());
        let rest = text.strip_prefix(CONF).ok_or_else(|| line(text.lines().next().unwrap_or("")))?;
        let (expected, body) =
            rest.trim_start().strip_prefix(SUM).and_then(|r| r.split_once('\n')).ok_or_else(|| line(SUM))?;
        let computed = sum(body);
        if computed != expected.trim() {
            return Err(BadProvision::Checksum { expected: expected.trim().to_owned(), computed });
        }
        let build = body.lines().find_map(|l| l.strip_prefix("# pkginfo: Build: ")).unwrap_or_default();
        let mut lines = Vec::new();
        for text in body.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
            let words: Vec<&str> = text.split_ascii_whitespace().collect();
            let [kind, slot @ .., role, file] = &words[..] else { return Err(line(text)) };
            if slot.len() != 3 {
                return Err(line(text));
            }
            lines.push([(*kind).to_owned(), slot.join(" "), (*role).to_owned(), (*file).to_owned()]);
        }
        if lines.is_empty() {
            return Err(line(""));
        }
        Ok(Provision { build: build.to_owned(), lines })
    }

    /// The files that it names, each once, in their order.
    pub fn files(&self) -> Vec<String> {
        let mut files: Vec<String> = Vec::new();
        for [.., file] in &self.lines {
            if !files.contains(file) {
                files.push(file.clone());
            }
        }
        files
    }

    /// What boots by it, if all of its packages are there, sound, for this model and of one release. `look` looks at one;
    /// `None`: it is not there.
    ///
    /// # Errors
    /// The first package, in its order, that is not so.
    pub fn check(
        &self,
        profile: &Profile,
        look: &mut dyn FnMut(&str) -> Option<Result<Facts, Damage>>,
    ) -> Result<Facts, BadProvision> {
        let mut whole: Option<Facts> = None;
        for package in self.files() {
            let facts = match look(&package) {
                None => return Err(BadProvision::Missing(package)),
                Some(Err(why)) => return Err(BadProvision::Damaged { package, why: Box::new(why) }),
                // A whole image is no package.
                Some(Ok(facts)) if facts.package.is_none() => {
                    return Err(BadProvision::Damaged { package, why: Box::new(Damage::NoMetadata) });
                }
                Some(Ok(facts)) => facts,
            };
            let of = |profile: &str, version: &str| format!("{profile} {version}");
            let expected = match &whole {
                Some(first) => of(&first.profile, &first.version),
                None => of(&profile.name, &facts.version),
            };
            let found = of(&facts.profile, &facts.version);
            if found != expected {
                return Err(BadProvision::Mixed { package, found, expected });
            }
            match &mut whole {
                Some(first) => first.len += facts.len,
                None => whole = Some(Facts { package: None, ..facts }),
            }
        }
        whole.ok_or_else(|| BadProvision::Line(String::new()))
    }
}

fn sum(body: &str) -> String {
    hex(&Sha1::digest(body.as_bytes())[..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provision() -> (std::sync::Arc<Profile>, Provision) {
        let profile = Profile::named("c9300").expect("a profile");
        let provision = Provision::of(&profile, "17.6.1");
        (profile, provision)
    }

    fn facts(version: &str) -> Facts {
        Facts {
            profile: "c9300".into(),
            platform: "CAT9K".into(),
            feature: "IOSXE".into(),
            version: version.into(),
            len: 100,
            embedded_md5: String::new(),
            md5: None,
            package: Some("one".into()),
        }
    }

    #[test]
    fn it_is_read_back_and_names_each_package_once() {
        let (profile, provision) = provision();
        let text = provision.render();
        assert_eq!(Provision::parse(&text).expect("read"), provision);
        assert_eq!(provision.files().len(), profile.install.as_ref().map_or(0, |i| i.packages.len()));
        assert!(text.contains("\nboot   rp 0 0   rp_boot cat9k-rpboot.17.06.01.SPA.pkg\n"), "{text}");
        assert_eq!(Provision::text_of(&store::Blob::Memory(text.clone().into())), Some(text.clone()));
        assert_eq!(Provision::text_of(&store::Blob::Memory(b"#! /bin/sh\n"[..].into())), None);
        let changed = text.replace("rpboot.17.06.01", "rpboot.17.09.04");
        assert!(matches!(Provision::parse(&changed), Err(BadProvision::Checksum { .. })));
        assert!(matches!(Provision::parse("hello"), Err(BadProvision::Line(_))));
        for cut in 0..text.len() {
            let _ = Provision::parse(&text[..cut]);
        }
    }

    #[test]
    fn all_packages_must_be_there_sound_and_of_one_release() {
        let (profile, provision) = provision();
        let whole = provision.check(&profile, &mut |_| Some(Ok(facts("17.6.1")))).expect("boots");
        assert_eq!((whole.len, whole.version.as_str(), whole.package), (1_100, "17.6.1", None));
        let missing = provision.check(&profile, &mut |f| (!f.contains("webui")).then(|| Ok(facts("17.6.1"))));
        assert!(matches!(missing, Err(BadProvision::Missing(f)) if f.contains("webui")));
        let damaged = provision.check(&profile, &mut |f| {
            Some(if f.contains("rpbase") { Err(Damage::Signature) } else { Ok(facts("17.6.1")) })
        });
        assert!(matches!(damaged, Err(BadProvision::Damaged { package, .. }) if package.contains("rpbase")));
        let mixed = provision.check(&profile, &mut |f| {
            Some(Ok(facts(if f.contains("rpbase") { "17.9.4" } else { "17.6.1" })))
        });
        assert!(matches!(mixed, Err(BadProvision::Mixed { found, .. }) if found == "c9300 17.9.4"));
        let whole = Facts { package: None, ..facts("17.6.1") };
        assert!(
            provision.check(&profile, &mut |_| Some(Ok(whole.clone()))).is_err(),
            "an image is no package"
        );
        let other = Facts { profile: "c9500".into(), ..facts("17.6.1") };
        assert!(provision.check(&profile, &mut |_| Some(Ok(other.clone()))).is_err(), "another model's");
    }
}
