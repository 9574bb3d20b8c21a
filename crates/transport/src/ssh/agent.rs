//! A user's agent: it has keys and signs with them, and gives none of them away.

use super::Key;
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::ssh_key::PublicKey;
use std::io;
use std::path::Path;
use tokio::net::UnixStream;

/// A connection to an agent (draft-ietf-sshm-ssh-agent), with the keys that it had at first.
pub struct Agent {
    pub(super) client: AgentClient<UnixStream>,
    pub(super) keys: Vec<PublicKey>,
}

impl Agent {
    /// Connects to the socket that `SSH_AUTH_SOCK` names.
    ///
    /// # Errors
    /// Nobody is there, or it is no agent.
    pub async fn connect(socket: &Path) -> io::Result<Agent> {
        let stream = UnixStream::connect(socket).await?;
        let mut client = AgentClient::connect(stream);
        let identities = client.request_identities().await.map_err(|e| io::Error::other(e.to_string()))?;
        let keys = identities
            .into_iter()
            .filter_map(|identity| match identity {
                AgentIdentity::PublicKey { key, .. } => Some(key),
                // Its key stands beside it.
                AgentIdentity::Certificate { .. } => None,
            })
            .collect();
        Ok(Agent { client, keys })
    }

    /// Its keys, by which they are named in [`with_agent`](super::client::Connection::with_agent).
    pub fn keys(&self) -> Vec<Key> {
        self.keys.iter().map(Key::of).collect()
    }
}
