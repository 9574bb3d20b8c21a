//! SCP: one command of a client, over whatever carries its octets.
//!
//! | file | its one idea |
//! |---|---|
//! | `mod` | which of the two ends we are, and waiting for the other |
//! | `take` | `scp -t`: files come, each published whole or not at all |
//! | `give` | `scp -f`: files go, directories with all that is in them |
//! | `names` | what a pattern stands for: no shell expands it |

mod give;
mod names;
mod take;
#[cfg(test)]
mod tests;

use crate::streams::Orders;
use bytes::Bytes;
use gate::store::VPath;
use gate::{Cause, Meter, Outcome, Refusal, Session};
use sftp_proto::scp::Way;
pub use sftp_proto::scp::{Exec, complaint};
use std::time::{Duration, Instant};
use transport::octets::{OctetsIn, OctetsOut};

/// The status of a command that did all that it was to do.
const DONE: u32 = 0;
/// Of one that did not; what was wrong has been said.
const FAILED: u32 = 1;

/// What the owner can set.
#[derive(Clone, Debug)]
pub struct ScpConfig {
    /// The end of a command in which nothing moves. Devices pause for minutes while they erase their flash.
    pub no_progress: Duration,
}

impl Default for ScpConfig {
    fn default() -> Self {
        ScpConfig { no_progress: crate::sftp::SftpConfig::default().no_progress }
    }
}

/// Does what a command says, for a session over [`gate::Protocol::Scp`]; gives its exit status. What was wrong is said to the
/// client, as `0x01 scp: …`.
pub async fn run<I: OctetsIn, O: OctetsOut>(
    session: Session,
    config: ScpConfig,
    orders: Orders,
    exec: &Exec,
    input: I,
    output: O,
) -> u32 {
    let mut line = Line { input, output, session: session.clone(), orders, patience: config.no_progress };
    match exec.way {
        Way::To => take::run(session, exec, &mut line).await,
        Way::From => give::run(session, exec, &mut line).await,
    }
}

/// Why nothing more is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stop {
    /// The connection is gone.
    Lost,
    /// Nothing moved for too long.
    Stalled,
    /// The owner ended it.
    Kicked,
}

impl Stop {
    /// What becomes of a transfer.
    fn end(self) -> (Outcome, Cause) {
        match self {
            Stop::Lost => (Outcome::Aborted, Cause::Plain),
            Stop::Stalled => (Outcome::TimedOut, Cause::Plain),
            Stop::Kicked => (Outcome::Aborted, Cause::Kicked),
        }
    }
}

/// The channel, and what else may happen while it is waited for.
struct Line<I, O> {
    input: I,
    output: O,
    session: Session,
    orders: Orders,
    patience: Duration,
}

impl<I: OctetsIn, O: OctetsOut> Line<I, O> {
    /// The next octets; `None`: there are no more.
    async fn next(&mut self) -> Result<Option<Bytes>, Stop> {
        let Line { input, session, orders, patience, .. } = self;
        or_stop(session, orders, *patience, input.next()).await
    }

    async fn send(&mut self, octets: impl Into<Bytes>) -> Result<(), Stop> {
        let Line { output, session, orders, patience, .. } = self;
        or_stop(session, orders, *patience, output.send(octets.into())).await
    }

    /// Waits until a rate lets something move, and says how much.
    async fn turn_of(&mut self, meter: &mut Option<Box<Meter>>) -> Result<u64, Stop> {
        let Some(meter) = meter else { return Ok(u64::MAX) };
        let wait = meter.wait(Instant::now(), 0);
        // The timer counts in milliseconds; what is less is caught up with at once.
        if wait >= Duration::from_millis(1) {
            let Line { session, orders, .. } = self;
            let wait = async {
                tokio::time::sleep(wait).await;
                Ok(())
            };
            or_stop(session, orders, Duration::MAX, wait).await?;
        }
        Ok(meter.credit())
    }
}

/// Waits for something, as long as the owner and the peer's patience let it.
async fn or_stop<T>(
    session: &Session,
    orders: &mut Orders,
    patience: Duration,
    what: impl Future<Output = std::io::Result<T>>,
) -> Result<T, Stop> {
    let mut what = std::pin::pin!(what);
    let timer = async {
        match Instant::now().checked_add(patience) {
            Some(at) => tokio::time::sleep_until(at.into()).await,
            None => std::future::pending().await,
        }
    };
    let mut timer = std::pin::pin!(timer);
    loop {
        tokio::select! {
            biased;
            done = &mut what => return done.map_err(|_| Stop::Lost),
            Ok(()) = orders.kicked.changed() => {
                if session.is_kicked() {
                    return Err(Stop::Kicked);
                }
            }
            () = &mut timer => return Err(Stop::Stalled),
        }
    }
}

/// Does something that may wait for a disk.
async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(act).await;
    done.unwrap_or_else(|_| Err(Refusal::Io(String::from("a fault of the server"))))
}

/// What a peer is told of a refusal of this name.
fn about(path: &VPath, why: &Refusal) -> String {
    match why {
        // What the operating system says stays with the owner (audit).
        Refusal::Io(_) => format!("{path}: storage error"),
        told => format!("{path}: {told}"),
    }
}
