/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Row {
    /// When: milliseconds since 1970, UTC, by the clock of then.
    pub at: i64,
    /// Its number in its process.
    pub seq: i64,
    /// What kind.
    pub event: &'static str,
    /// The number of the session.
    pub session: Option<i64>,
    /// The number of the transfer.
    pub transfer: Option<i64>,
    /// The protocol.
    pub protocol: Option<&'static str>,
    /// The peer's address, without a port.
    pub peer: Option<String>,
    /// Who.
    pub user: Option<String>,
    /// On what.
    pub path: Option<String>,
    /// What became of it.
    pub verdict: Option<&'static str>,
    /// All of it, for programs: a JSON object.
    pub json: String,
}
