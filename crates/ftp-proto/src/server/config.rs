use super::{ForClient, Profile, Tls, TlsEnd, VirtualHost};
use alloc::string::String;
use alloc::sync::Arc;
use clock::Duration;

/// What is the same for all sessions of a server.
#[derive(Clone, Debug)]
pub struct Config {
    /// The text of the 220.
    pub greeting: String,
    /// Closes a session without commands, never one with a transfer.
    pub idle: Duration,
    /// From the connection to the login.
    pub login_grace: Duration,
    /// Closes the session after this many wrong passwords.
    pub max_failures: u32,
    /// Wait before the answer to a wrong password, for each failure so far.
    pub penalty: Duration,
    /// Whether there is TLS.
    pub tls: Tls,
    /// How an upload under TLS has to end.
    pub tls_end: TlsEnd,
    /// Which servers there are at this address; none: it is one, by whatever name.
    pub hosts: Arc<[VirtualHost]>,
    /// Whether CCC takes the control connection out of TLS; never where there has to be TLS.
    pub ccc: bool,
    /// What is otherwise for this client.
    pub profile: Profile,
    /// The same for who says what it is; the first that fits.
    pub by_client: Arc<[ForClient]>,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            greeting: String::from("towline ready."),
            // A device erases its flash for up to 15 minutes between the login and the transfer.
            idle: Duration::from_secs(16 * 60),
            login_grace: Duration::from_secs(60),
            max_failures: 3,
            penalty: Duration::from_millis(400),
            tls: Tls::Off,
            tls_end: TlsEnd::Require,
            hosts: Arc::new([]),
            ccc: false,
            profile: Profile::default(),
            by_client: Arc::new([]),
        }
    }
}
