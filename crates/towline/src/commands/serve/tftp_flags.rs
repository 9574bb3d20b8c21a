//! What `serve` can be told about TFTP alone.

use super::tftp_wire::WireFlags;
use crate::config::Loaded;
use clap::Args;
use std::path::PathBuf;

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
    #[arg(long)]
    tftp_client_only: bool,
    /// Where NAME is not there, send NAME.tmpl with {{ip}}, {{name}}, … filled in for the client.
    #[arg(long)]
    tftp_templates: bool,
    #[command(flatten)]
    wire: WireFlags,
}

/// The rules that turn names into others.
#[derive(Debug, Args)]
struct RuleFlags {
    /// Turn names into others by the rules in this file, one a line: PATTERN => NAME [flags]
    /// (docs/tftp-server.md). `towline tftp remap-test` shows what they do.
    #[arg(long, value_name = "FILE")]
    tftp_remap: Option<PathBuf>,
    /// One rule, before those of the file: '^boot/(.*)$ => images/{1}'. May be repeated.
    #[arg(long, value_name = "RULE")]
    tftp_map: Vec<String>,
}

impl TftpFlags {
    /// Sets what the flags say.
    pub(crate) fn apply(&self, loaded: &mut Loaded) {
        if self.ignore_case {
            loaded.flag("tftp.ignore-case", "--ignore-case").tftp.ignore_case = true;
        }
        if let Some(file) = &self.rules.tftp_remap {
            loaded.flag("tftp.remap", "--tftp-remap").tftp.remap = Some(file.clone());
        }
        if !self.rules.tftp_map.is_empty() {
            loaded.flag("tftp.map", "--tftp-map").tftp.map.clone_from(&self.rules.tftp_map);
        }
        if let Some(dir) = &self.tftp_client_dir {
            loaded.flag("tftp.client-dir", "--tftp-client-dir").tftp.client_dir = Some(dir.clone());
        }
        if self.tftp_client_only {
            loaded.flag("tftp.client-only", "--tftp-client-only").tftp.client_only = true;
        }
        if self.tftp_templates {
            loaded.flag("tftp.templates", "--tftp-templates").tftp.templates = true;
        }
        self.wire.apply(loaded);
    }
}
