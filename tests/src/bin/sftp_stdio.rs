//! Serves a directory by SFTP over its standard streams: `sftp -D "sftp_stdio DIR"`. What SSH would carry is a socket
//! or a pair of pipes, so that a stock client speaks with the session's driver and nothing else.

use e2e::stdio::stream;
use gate::{Credentials, Gate, Knock, Policy, Protocol, Secret, Security, User};
use serve::sftp::{End, Orders, SftpConfig};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use store::local::{Local, LocalOptions};
use tokio::sync::watch;
use transport::octets::Piped;

fn main() -> anyhow::Result<()> {
    let usage = || anyhow::anyhow!("usage: sftp_stdio DIR [read-only]");
    let args: Vec<String> = std::env::args().skip(1).collect();
    let dir = args.first().ok_or_else(usage)?;
    let write = args.get(1).is_none();
    let store = Local::open(Path::new(dir), LocalOptions { write, ..LocalOptions::default() })?;
    let user = User::with_password("test", &Secret::new("test"))?;
    let policy = Policy { users: vec![user], write, show_hidden: true, symlinks: true, ..Policy::default() };
    let (gate, _events) = Gate::new(Arc::new(store), policy);
    let peer = SocketAddr::from(([127, 0, 0, 1], 1));
    let session = gate.admit(&Knock {
        protocol: Protocol::Sftp,
        local: peer,
        peer,
        security: Security::Ssh,
        credentials: Credentials::Password { user: String::from("test"), password: Secret::new("test") },
    })?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let end = runtime.block_on(async {
        let ((_drain, draining), (_kick, kicked)) = (watch::channel(false), watch::channel(()));
        let orders = Orders { draining, kicked };
        let (input, output) = (std::io::stdin(), std::io::stdout());
        let (input, output) = (stream(input.as_fd())?, stream(output.as_fd())?);
        let config = SftpConfig::default();
        // As a server does: in a task, not in the thread that waits for it.
        let run = serve::sftp::run(session, config, orders, Piped::new(input), Piped::new(output));
        anyhow::Ok(tokio::spawn(run).await?)
    })?;
    match end {
        End::Done => Ok(()),
        other => Err(anyhow::anyhow!("the session ended so: {other:?}")),
    }
}
