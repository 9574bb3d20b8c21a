//! What `serve` can be told about TFTP alone.

use crate::exit::Failure;
use clap::Args;
use serve::tftp::{Names, TftpConfig};
use std::sync::Arc;

/// TFTP's own flags.
#[derive(Debug, Args)]
#[command(next_help_heading = "TFTP")]
pub(crate) struct TftpFlags {
    /// Find a name also in another case (TFTP); the exact name wins, two that fit are refused.
    #[arg(long)]
    ignore_case: bool,
}

impl TftpFlags {
    /// The server's settings. Files that flags name are read here.
    pub(crate) fn config(&self) -> Result<TftpConfig, Failure> {
        Ok(TftpConfig { names: Arc::new(self.names()?), ..TftpConfig::default() })
    }

    fn names(&self) -> Result<Names, Failure> {
        Ok(Names { ignore_case: self.ignore_case })
    }
}
