//! What `serve` can be told about TFTP alone.

use super::tftp_wire::WireFlags;
use crate::exit::{Exit, Failure};
use clap::Args;
use serve::tftp::names::ClientDirs;
use serve::tftp::names::remap::{BadRule, Rules};
use serve::tftp::{Names, TftpConfig};
use std::path::PathBuf;
use std::sync::Arc;

/// Octets of a file of rules.
const FILE: u64 = 1 << 20;

/// TFTP's own flags.
#[derive(Debug, Args)]
#[command(next_help_heading = "TFTP")]
pub(crate) struct TftpFlags {
    /// Find a name also in another case (TFTP); the exact name wins, two that fit are refused.
    #[arg(long)]
    ignore_case: bool,
    #[command(flatten)]
    rules: RuleFlags,
    /// Look into a directory of the client's own first: ip, hex, mac-dash, … or a path with them in
    /// braces: 'clients/{ip}' (docs/tftp-server.md). Uploads go there too where it is there.
    #[arg(long, value_name = "FORM")]
    tftp_client_dir: Option<String>,
    /// Clients see nothing but their own directory; one without gets nothing.
    #[arg(long, requires = "tftp_client_dir")]
    tftp_client_only: bool,
    /// Where NAME is not there, send NAME.tmpl with {{ip}}, {{name}}, … filled in for the client.
    #[arg(long)]
    tftp_templates: bool,
    #[command(flatten)]
    wire: WireFlags,
}

/// The rules that turn names into others.
#[derive(Debug, Args)]
pub(crate) struct RuleFlags {
    /// Turn names into others by the rules in this file, one a line: PATTERN => NAME [flags]
    /// (docs/tftp-server.md). `towline tftp remap-test` shows what they do.
    #[arg(long, value_name = "FILE")]
    pub(crate) tftp_remap: Option<PathBuf>,
    /// One rule, before those of the file: '^boot/(.*)$ => images/{1}'. May be repeated.
    #[arg(long, value_name = "RULE")]
    pub(crate) tftp_map: Vec<String>,
}

impl TftpFlags {
    /// The server's settings. Files that flags name are read here.
    pub(crate) fn config(&self) -> Result<TftpConfig, Failure> {
        Ok(self.wire.apply(TftpConfig { names: Arc::new(self.names()?), ..TftpConfig::default() }))
    }

    fn names(&self) -> Result<Names, Failure> {
        let dirs = self.tftp_client_dir.as_ref().map(|dir| {
            let bad = |why| Failure::usage(format!("--tftp-client-dir {dir}"), why, "");
            ClientDirs::new(dir, self.tftp_client_only).map_err(bad)
        });
        Ok(Names {
            rules: self.rules.rules()?,
            client_dirs: dirs.transpose()?,
            templates: self.tftp_templates,
            ignore_case: self.ignore_case,
        })
    }
}

impl RuleFlags {
    /// Reads the rules. One that cannot be used is shown on stderr before the failure says what is wrong.
    pub(crate) fn rules(&self) -> Result<Rules, Failure> {
        let mut rules = Rules::default();
        // One text, so that messages count them.
        rules.add("--tftp-map", &self.tftp_map.join("\n")).map_err(|bad| shown(&bad))?;
        if let Some(file) = &self.tftp_remap {
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
        let document = include_str!("../../../../../docs/tftp-server.md");
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
            let flags = RuleFlags { tftp_remap: Some(dir.path().join(name)), tftp_map: Vec::new() };
            flags.rules().map(|_| ()).map_err(|e| e.to_string())
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
