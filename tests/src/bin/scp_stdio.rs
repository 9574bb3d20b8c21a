//! Does what `ssh HOST COMMAND` would have a server do for `scp -O -S scp_stdio`: the last argument is the command, the
//! served directory is in `SCP_STDIO_DIR`, and standard input and output are the channel.

use anyhow::Context as _;
use e2e::stdio::{Guest, stream};
use gate::{Policy, Protocol};
use serve::scp::{Exec, ScpConfig, complaint};
use std::convert::Infallible;
use std::io::Write as _;
use std::net::Shutdown;
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use transport::octets::Piped;

fn main() -> anyhow::Result<()> {
    match served()? {}
}

fn served() -> anyhow::Result<Infallible> {
    let dir = PathBuf::from(std::env::var_os("SCP_STDIO_DIR").context("SCP_STDIO_DIR is not set")?);
    let command = std::env::args_os().next_back().context("no command")?;
    let exec = match Exec::parse(command.as_bytes()) {
        Ok(exec) => exec,
        Err(why) => {
            std::io::stdout().write_all(&complaint(&why.to_string()))?;
            std::io::stdout().flush()?;
            return leave(1);
        }
    };
    let guest = Guest::of(&dir, true, Policy::default())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let status = runtime.block_on(async {
        let (input, output) = (std::io::stdin(), std::io::stdout());
        let (input, output) = (Piped::new(stream(input.as_fd())?), Piped::new(stream(output.as_fd())?));
        let session = guest.session.over(Protocol::Scp);
        // As a server does: in a task, not in the thread that waits for it.
        let run = async move {
            serve::scp::run(session, ScpConfig::default(), guest.orders, &exec, input, output).await
        };
        anyhow::Ok(tokio::spawn(run).await?)
    })?;
    leave(i32::try_from(status)?)
}

/// Ends as a channel of SSH does, whose octets still arrive: a socket that is closed with octets in it takes back what was
/// sent.
fn leave(status: i32) -> anyhow::Result<Infallible> {
    let channel = UnixStream::from(std::io::stdout().as_fd().try_clone_to_owned()?);
    channel.set_nonblocking(false)?;
    channel.shutdown(Shutdown::Write)?;
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    std::process::exit(status)
}
