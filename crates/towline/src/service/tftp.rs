//! TFTP's settings, from the configuration; the files that it names are read here.

use super::descriptors;
use crate::config::Loaded;
use crate::exit::{Exit, Failure};
use serve::tftp::names::ClientDirs;
use serve::tftp::names::remap::{BadRule, Rules};
use serve::tftp::{Names, TftpConfig};
use std::path::Path;
use std::sync::Arc;

/// Octets of a file of rules.
const FILE: u64 = 1 << 20;

/// The server's settings.
pub(super) fn of(loaded: &Loaded) -> Result<TftpConfig, Failure> {
    let tftp = &loaded.config.tftp;
    let config = TftpConfig::default();
    Ok(TftpConfig {
        names: Arc::new(names(loaded)?),
        port_range: tftp.ports.clone(),
        single_port: tftp.single_port,
        clamp_to_mtu: !tftp.fragments,
        // Its bound is u16's.
        max_blksize: tftp.max_blksize.and_then(|n| u16::try_from(n.0).ok()).unwrap_or(config.max_blksize),
        send_ahead: tftp.send_ahead,
        autoinstall: tftp.autoinstall,
        max_transfers: match tftp.max_transfers {
            Some(most) => usize::try_from(most.0).unwrap_or(usize::MAX),
            None => usize::try_from(descriptors::transfers()).unwrap_or(usize::MAX).min(config.max_transfers),
        },
        ..config
    })
}

fn names(loaded: &Loaded) -> Result<Names, Failure> {
    let tftp = &loaded.config.tftp;
    let dirs = tftp.client_dir.as_ref().map(|dir| {
        let bad = |why| {
            Failure::usage(
                format!("{} {dir}", loaded.thing("tftp.client-dir")),
                why,
                "see docs/tftp-server.md",
            )
        };
        ClientDirs::new(dir, tftp.client_only).map_err(bad)
    });
    Ok(Names {
        rules: rules(&loaded.thing("tftp.map"), &tftp.map, tftp.remap.as_deref())?,
        client_dirs: dirs.transpose()?,
        templates: tftp.templates,
        ignore_case: tftp.ignore_case,
    })
}

/// Reads rules: those of `map`, called `from` in messages, then those of a file. One that cannot be used is shown on
/// stderr before the failure says what is wrong.
pub(crate) fn rules(from: &str, map: &[String], file: Option<&Path>) -> Result<Rules, Failure> {
    let mut rules = Rules::default();
    // One text, so that messages count them.
    rules.add(from, &map.join("\n")).map_err(|bad| shown(&bad))?;
    if let Some(file) = file {
        let name = file.display().to_string();
        let facts = file.metadata().map_err(|e| Failure::local(&name, &e))?;
        // A FIFO or a device would hold the start up, or give octets without end.
        if !facts.is_file() || facts.len() > FILE {
            let what = "is not a file of rules: no regular file, or larger than 1 MiB";
            return Err(Failure::new(Exit::Usage, &name, what, "name a text file"));
        }
        let text = std::fs::read(file).map_err(|e| Failure::local(&name, &e))?;
        let text = String::from_utf8(text).map_err(|e| {
            let line = e.as_bytes()[..e.utf8_error().valid_up_to()].split(|&b| b == b'\n').count();
            Failure::usage(format!("{name}:{line}"), "is not UTF-8", "write other octets as \\xNN")
        })?;
        rules.add(&name, &text).map_err(|bad| shown(&bad))?;
    }
    Ok(rules)
}

fn shown(bad: &BadRule) -> Failure {
    eprintln!("{}", bad.picture());
    // `FILE:LINE:COLUMN` is the thing, what is wrong with it has its own place.
    let thing = bad.to_string();
    let thing = thing.strip_suffix(&format!(": {}", bad.what)).unwrap_or(&bad.from);
    Failure::usage(thing, &bad.what, &bad.way_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_in_the_document_can_be_used() {
        let document = include_str!("../../../../docs/tftp-server.md");
        let blocks: Vec<&str> =
            document.split("```rules\n").skip(1).filter_map(|b| b.split("```").next()).collect();
        assert!(!blocks.is_empty());
        for block in blocks {
            Rules::default()
                .add("docs/tftp-server.md", block)
                .unwrap_or_else(|e| panic!("{e}\n{}", e.picture()));
        }
    }

    #[test]
    fn what_is_no_file_of_rules_is_refused_and_never_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let rules = |name: &str| {
            super::rules("map", &[], Some(&dir.path().join(name))).map(|_| ()).map_err(|e| e.to_string())
        };
        let fifo = dir.path().join("fifo");
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert!(rules("fifo").unwrap_err().contains("no regular file"));
        assert!(rules("absent").unwrap_err().contains("no such file"));
        std::fs::write(dir.path().join("latin1"), b"a => b\n# \xe4\n").unwrap();
        let why = rules("latin1").unwrap_err();
        assert!(why.contains("latin1:2: is not UTF-8"), "{why}");
        std::fs::write(dir.path().join("good"), "a => b\n").unwrap();
        assert_eq!(rules("good"), Ok(()));
    }
}
