//! One file over SFTP with russh-sftp's client: `russh-sftp-client put|get PORT USER PASSWORD REMOTE LOCAL`.

use russh::client::{self, Handler};
use russh::keys::PublicKeyOrCertificate;
use russh_sftp::client::SftpSession;
use std::error::Error;
use std::sync::Arc;
use tokio::fs::File;
use tokio::io::{AsyncWriteExt, copy};

struct Anybody;

impl Handler for Anybody {
    type Error = russh::Error;

    async fn check_server_key(&mut self, _: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        Ok(true)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [verb, port, user, password, remote, local] = &words[..] else {
        return Err("put|get PORT USER PASSWORD REMOTE LOCAL".into());
    };
    let server = ("127.0.0.1", port.parse()?);
    let mut connection = client::connect(Arc::new(client::Config::default()), server, Anybody).await?;
    if !connection.authenticate_password(user, password).await?.success() {
        return Err("the password is refused".into());
    }
    let channel = connection.channel_open_session().await?;
    channel.request_subsystem(true, "sftp").await?;
    let sftp = SftpSession::new(channel.into_stream()).await?;
    match verb.as_str() {
        "put" => {
            let mut file = sftp.create(remote).await?;
            copy(&mut File::open(local).await?, &mut file).await?;
            file.shutdown().await?;
        }
        "get" => {
            let mut file = File::create(local).await?;
            copy(&mut sftp.open(remote).await?, &mut file).await?;
            file.flush().await?;
            if !sftp.read_dir(".").await?.any(|entry| entry.file_name() == *remote) {
                return Err("what was fetched is not listed".into());
            }
        }
        other => return Err(format!("put or get, not {other}").into()),
    }
    sftp.close().await?;
    Ok(())
}
