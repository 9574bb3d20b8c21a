//! What was seen of a server over SSH, line by line and as an event.

use super::findings::Found;
use super::report::{failure, findings};
use super::ssh::SshReport;
use crate::events::Event;
use crate::exit::{Exit, Failure};
use crate::figures::{grouped, took};
use crate::ladder::printable;
use client::{Abilities, Agreed, AlgorithmKind, Offer, ShownKey, Standing};
use std::time::Duration;

impl SshReport {
    /// What was seen and found, as lines.
    pub fn lines(&self, elapsed: Duration) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(ident) = &self.ident {
            lines.push(format!("{} is {ident}", self.place));
        }
        if let Some(offer) = &self.offer {
            lines.push(format!("key exchange  {}", offer.key_exchanges.join(", ")));
            lines.push(format!("host keys     {}", offer.host_keys.join(", ")));
            lines.extend(both("ciphers     ", &offer.ciphers));
            lines.extend(both("MACs        ", &offer.macs));
            lines.extend(both("compression ", &offer.compressions));
        }
        lines.extend(
            self.profiles
                .iter()
                .map(|(profile, met)| format!("{:<13} {}", profile.to_string(), met_words(met))),
        );
        lines.extend(self.keys.iter().map(|key| format!("host key      {}", key_words(key))));
        lines.extend(self.ways.iter().map(|ways| format!("login by      {}", way_words(ways))));
        if let Some(sftp) = &self.sftp {
            lines.push(format!("SFTP          version {}; {}", sftp.version, limits(sftp)));
            lines.push(format!("extensions    {}", extensions(sftp)));
        }
        lines.extend(findings(&self.found));
        let wrong = self.found.iter().any(|found: &Found| found.exit() != Exit::Done);
        let verdict = if wrong { "something is wrong" } else { "nothing wrong" };
        lines.push(format!("{verdict} ({})", took(elapsed)));
        lines
    }

    /// The gravest finding as the command's failure; nothing where nothing is wrong.
    pub fn failure(&self, url: &str) -> Option<Failure> {
        failure(&self.found, url)
    }

    /// What was seen, for programs.
    pub fn event(&self, url: String, elapsed: Duration) -> Event {
        let offered = |of: fn(&Offer) -> String| self.offer.as_ref().map(of);
        let profile = |n: usize| self.profiles.get(n).map(|(_, met)| met_words(met));
        Event::SshExamined {
            url,
            server: self.server.map(|at| at.to_string()),
            seconds: elapsed.as_secs_f64(),
            ident: self.ident.clone(),
            key_exchanges: offered(|offer| offer.key_exchanges.join(",")),
            host_keys: offered(|offer| offer.host_keys.join(",")),
            ciphers: offered(|offer| each(&offer.ciphers)),
            macs: offered(|offer| each(&offer.macs)),
            compressions: offered(|offer| each(&offer.compressions)),
            modern: profile(0),
            compat: profile(1),
            legacy_ios: profile(2),
            keys: self.keys.iter().map(key_words).collect::<Vec<_>>().join("; "),
            login: self.ways.as_ref().map(|ways| way_words(ways)),
            sftp_version: self.sftp.as_ref().map(|sftp| u64::from(sftp.version)),
            sftp_extensions: self.sftp.as_ref().map(extensions),
            sftp_limits: self.sftp.as_ref().map(limits),
        }
    }
}

/// One line, or two where each way has its own.
fn both(what: &str, [up, down]: &[Vec<String>; 2]) -> Vec<String> {
    if up == down {
        return vec![format!("{what}  {}", up.join(", "))];
    }
    vec![format!("{what}  to it {}", up.join(", ")), format!("{what}  from it {}", down.join(", "))]
}

fn each([up, down]: &[Vec<String>; 2]) -> String {
    if up == down { up.join(",") } else { format!("{};{}", up.join(","), down.join(",")) }
}

fn met_words(met: &Result<Agreed, AlgorithmKind>) -> String {
    match met {
        Ok(agreed) => format!("connects: {agreed}"),
        Err(kind) => format!("does not connect: no {kind} in common"),
    }
}

fn key_words(key: &ShownKey) -> String {
    let known = match &key.standing {
        Standing::Right => "known",
        Standing::Revoked { .. } => "revoked",
        Standing::Other { .. } => "not the one that is known",
        Standing::New => "nothing is known of the host",
    };
    format!("{} {}, {known}", key.fingerprint, key.algorithm)
}

fn way_words(ways: &[String]) -> String {
    if ways.is_empty() {
        String::from("nothing: it asks nobody")
    } else {
        printable(ways.join(", ").as_bytes())
    }
}

fn extensions(sftp: &Abilities) -> String {
    let each = sftp.extensions.iter().map(|(name, data)| {
        let name = printable(name);
        // Versions; what others have there may be long, and in octets.
        let is_version = data.len() < 8 && data.iter().all(u8::is_ascii_digit);
        if is_version && !data.is_empty() { format!("{name} {}", printable(data)) } else { name }
    });
    let each: Vec<_> = each.collect();
    if each.is_empty() { String::from("none") } else { each.join(", ") }
}

fn limits(sftp: &Abilities) -> String {
    let figures = &sftp.limits;
    if !sftp.has("limits@openssh.com") {
        return String::from("limits not told");
    }
    let of = |figure: u64| if figure == 0 { String::from("not told") } else { grouped(figure) };
    format!(
        "octets of a packet {}, of a read {}, of a write {}; handles {}",
        of(figures.packet),
        of(figures.read),
        of(figures.write),
        of(figures.handles)
    )
}
