//! Serves a directory by SFTP over its standard streams: `sftp -D "sftp_stdio DIR"`. What SSH would carry is a socket
//! or a pair of pipes, so that a stock client speaks with the session's driver and nothing else.

use e2e::stdio::{Guest, stream};
use gate::Policy;
use serve::sftp::{End, SftpConfig};
use std::os::fd::AsFd;
use std::path::Path;
use transport::octets::Piped;

fn main() -> anyhow::Result<()> {
    let usage = || anyhow::anyhow!("usage: sftp_stdio DIR [read-only]");
    let args: Vec<String> = std::env::args().skip(1).collect();
    let dir = args.first().ok_or_else(usage)?;
    let write = args.get(1).is_none();
    let policy = Policy { show_hidden: true, symlinks: true, ..Policy::default() };
    let guest = Guest::of(Path::new(dir), write, policy)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let end = runtime.block_on(async {
        let (input, output) = (std::io::stdin(), std::io::stdout());
        let (input, output) = (stream(input.as_fd())?, stream(output.as_fd())?);
        let config = SftpConfig::default();
        // As a server does: in a task, not in the thread that waits for it.
        let run =
            serve::sftp::run(guest.session, config, guest.orders, Piped::new(input), Piped::new(output));
        anyhow::Ok(tokio::spawn(run).await?)
    })?;
    match end {
        End::Done => Ok(()),
        other => Err(anyhow::anyhow!("the session ended so: {other:?}")),
    }
}
