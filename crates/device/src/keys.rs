//! RSA keys: the one that the device came with, and those of `crypto key generate rsa`. Without one of 768 bits nobody comes
//! over SSH.
//!
//! They are no part of the configuration's text. They are saved with it, and what was made or taken away since is undone by
//! a restart.

use crate::Device;
use crate::ssh::Offered;
use ios_cli::text::crypto_key;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use transport::ssh::{Key, PrivateKey};

/// SSH version 2 wants so many bits.
const LEAST: u16 = 768;

/// A pair of keys.
#[derive(Clone)]
pub(crate) enum Pair {
    /// The host key of its SSH lines, where it has any; it is called as the device is.
    Given,
    /// Of `crypto key generate rsa`.
    Made(Arc<Made>),
}

pub(crate) struct Made {
    pub(crate) name: String,
    /// As many as were asked for: the key itself has 1,024 at least.
    pub(crate) bits: u16,
    pub(crate) at: SystemTime,
    pub(crate) key: PrivateKey,
}

/// A pair as it is shown.
pub(crate) struct Shown {
    pub(crate) name: String,
    pub(crate) at: SystemTime,
    pub(crate) key: Key,
}

impl Device {
    /// The pairs that there are.
    fn pairs(&self) -> Vec<Pair> {
        let is_there = |pair: &Pair| matches!(pair, Pair::Made(_)) || self.ssh.get().is_some();
        let pairs = self.running(|r| r.keys.clone()).unwrap_or_default();
        pairs.into_iter().filter(is_there).collect()
    }

    fn name_of(&self, pair: &Pair) -> String {
        match pair {
            Pair::Given => self.running_config().full_name(),
            Pair::Made(made) => made.name.clone(),
        }
    }

    /// Whether there are any, or one of that name.
    pub(crate) fn has_keys(&self, name: Option<&str>) -> bool {
        self.pairs().iter().any(|pair| name.is_none_or(|name| self.name_of(pair) == name))
    }

    /// The pair that SSH shows: the one of `ip ssh rsa keypair-name`, else the one that is called as the device is, else the
    /// first. A device goes on with what it came with whatever a configuration from elsewhere says.
    fn chosen(&self) -> Option<Pair> {
        let config = self.running_config();
        let wanted = config.kept.iter().find_map(|line| line.strip_prefix("ip ssh rsa keypair-name "));
        let pairs = self.pairs();
        let called = |name: &str| pairs.iter().find(|pair| self.name_of(pair) == name).cloned();
        let given = || pairs.iter().find(|pair| matches!(pair, Pair::Given)).cloned();
        let chosen = match wanted {
            Some(name) => called(name).or_else(given),
            None => called(&config.full_name()).or_else(|| pairs.first().cloned()),
        };
        chosen.filter(|pair| !matches!(pair, Pair::Made(made) if made.bits < LEAST))
    }

    /// Whether anybody can come over SSH.
    pub(crate) fn has_ssh(&self) -> bool {
        self.chosen().is_some()
    }

    /// The key that SSH shows; one of the device's own may have to be made first, which takes a processor its time.
    pub(crate) fn host_key(&self) -> Option<PrivateKey> {
        match self.chosen()? {
            Pair::Given => self.ssh.get().and_then(|Offered { key, .. }| key.get().ok().cloned()),
            Pair::Made(made) => Some(made.key.clone()),
        }
    }

    /// The name of the pair that SSH shows, and its public half.
    pub(crate) fn shown_key(&self) -> Option<(String, Key)> {
        let name = self.name_of(&self.chosen()?);
        Some((name, self.host_key()?.public()))
    }

    /// All pairs.
    pub(crate) fn shown_keys(&self) -> Vec<Shown> {
        let since = self.running(|r| r.since).unwrap_or(UNIX_EPOCH);
        let shown = |pair: &Pair| {
            let (at, key) = match pair {
                Pair::Given => (since, self.ssh.get()?.key.get().ok()?.public()),
                Pair::Made(made) => (made.at, made.key.public()),
            };
            Some(Shown { name: self.name_of(pair), at, key })
        };
        self.pairs().iter().filter_map(shown).collect()
    }

    /// A new pair, behind the others.
    pub(crate) fn add_keys(&self, made: Made) {
        self.change_keys(|keys, _| keys.push(Pair::Made(Arc::new(made))));
    }

    /// Takes all pairs away, or those of a name.
    pub(crate) fn remove_keys(&self, name: Option<&str>) {
        self.change_keys(|keys, own| {
            keys.retain(|pair| match (name, pair) {
                (None, _) => false,
                (Some(name), Pair::Given) => name != own,
                (Some(name), Pair::Made(made)) => name != made.name,
            });
        });
    }

    /// Changes the pairs and says what it means for SSH.
    fn change_keys(&self, change: impl FnOnce(&mut Vec<Pair>, &str)) {
        let before = self.has_ssh();
        self.running(|r| change(&mut r.keys, &r.config.full_name()));
        let after = self.has_ssh();
        if before != after {
            self.log(&crypto_key::ssh(after));
        }
    }

    /// The pairs are saved with the configuration.
    pub(crate) fn save_keys(&self) {
        let Some(keys) = self.running(|r| r.keys.clone()) else { return };
        self.state().keep_keys(keys);
    }

    /// What was saved of them goes with the saved configuration; what the device came with stays.
    pub(crate) fn erase_keys(&self) {
        let mut state = self.state();
        let mut keys = state.saved_keys.clone();
        keys.retain(|pair| matches!(pair, Pair::Given));
        state.keep_keys(keys);
    }
}

impl crate::device::State {
    fn keep_keys(&mut self, keys: Vec<Pair>) {
        if let Some(file) = self.keys_file() {
            // A full host disk costs the keys, not the device.
            let _ = match keys[..] {
                // As a new device has them.
                [Pair::Given] => std::fs::remove_file(&file),
                _ => write(&file, &keys),
            };
        }
        self.saved_keys = keys;
    }
}

const GIVEN: &str = "given";
const MADE: &str = "made ";
const END: &str = "-----END OPENSSH PRIVATE KEY-----";

/// Nobody else reads the file.
fn write(file: &Path, keys: &[Pair]) -> std::io::Result<()> {
    let fresh = file.with_extension("new");
    // One that was left there could be anybody's.
    let _ = std::fs::remove_file(&fresh);
    let mut out = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
    out.write_all(render(keys).as_bytes())?;
    out.sync_all()?;
    std::fs::rename(&fresh, file)
}

/// A line for each pair, the key's text below it.
fn render(keys: &[Pair]) -> String {
    let mut out = String::new();
    for pair in keys {
        match pair {
            Pair::Given => out.push_str(&format!("{GIVEN}\n")),
            Pair::Made(made) => {
                let at = made.at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
                // A key that was made has a text.
                let text = made.key.text().unwrap_or_default();
                out.push_str(&format!("{MADE}{} {at} {}\n{}\n", made.bits, made.name, text.trim_end()));
            }
        }
    }
    out
}

/// The pairs of a file; one that was never written: the one that the device came with. What means nothing is left out.
pub(crate) fn read(file: &Path) -> Vec<Pair> {
    std::fs::read_to_string(file).map_or_else(|_| vec![Pair::Given], |text| parse(&text))
}

fn parse(text: &str) -> Vec<Pair> {
    let mut keys = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line == GIVEN {
            keys.push(Pair::Given);
        }
        let Some(head) = line.strip_prefix(MADE) else { continue };
        let mut key = String::new();
        for line in lines.by_ref() {
            key.push_str(&format!("{line}\n"));
            if line == END {
                break;
            }
        }
        let made = || {
            let (bits, rest) = head.split_once(' ')?;
            let (at, name) = rest.split_once(' ')?;
            let at = UNIX_EPOCH.checked_add(Duration::from_secs(at.parse().ok()?))?;
            let key = PrivateKey::read(&key, None).ok()?;
            Some(Made { name: name.to_owned(), bits: bits.parse().ok()?, at, key })
        };
        keys.extend(made().map(|made| Pair::Made(Arc::new(made))));
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_as_they_were_written() {
        let key = PrivateKey::rsa(1_024).expect("made");
        let at = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let made = Made { name: "R1.lab".into(), bits: 768, at, key };
        let text = render(&[Pair::Given, Pair::Made(Arc::new(made))]);
        let [Pair::Given, Pair::Made(made)] = &parse(&text)[..] else { panic!("two: {text}") };
        assert_eq!((made.name.as_str(), made.bits, made.at), ("R1.lab", 768, at));
        assert_eq!(render(&parse(&text)), text);
        for odd in ["", "made", "made 768 x y\nno key\n", "what\n"] {
            assert!(parse(odd).is_empty(), "{odd}");
        }
        let there = read(Path::new("/nowhere/keys"));
        assert!(matches!(there[..], [Pair::Given]), "of a new device");
    }
}
