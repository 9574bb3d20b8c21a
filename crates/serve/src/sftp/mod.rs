//! SFTP's sessions, over whatever carries their octets.
//!
//! | file | its one idea |
//! |---|---|
//! | `mod` | configuration, and how a session ends |
//! | `session` | one task: the machine, the channel, and the files, which go to a thread that may wait and come back |
//! | `buffers` | what was sent and is read into again |
//! | `files` | what one client has open, and what is done with a batch of questions |
//! | `open` | a file being read or written, a directory being listed; how each ends |
//! | `names` | requests about names, and what is opened by one |
//! | `check` | digests of parts of files |
//! | `extensions` | requests beyond version 3 |
//! | `facts` | attributes, and the lines that people are shown |
//! | `sights` | what a tap is told |
//! | `refusal` | the gate's refusals as statuses |

mod buffers;
mod check;
mod extensions;
mod facts;
mod files;
mod names;
mod open;
mod refusal;
mod session;
mod sights;

pub use session::{run, run_seen};
pub use sights::Seen;

use sftp_proto::server::Fault;
use std::time::Duration;

/// What the owner can set.
#[derive(Clone, Debug)]
pub struct SftpConfig {
    /// Files and directories that a client may have open.
    pub handles: u32,
    /// The end of a session without requests in which nothing is open.
    pub idle: Duration,
    /// The end of a session in which nothing moves although something is open.
    pub no_progress: Duration,
}

impl Default for SftpConfig {
    fn default() -> Self {
        // As long as FTP waits.
        let patience = Duration::from_secs(16 * 60);
        SftpConfig { handles: 1_024, idle: patience, no_progress: patience }
    }
}

/// How a session ended.
#[derive(Debug)]
pub enum End {
    /// The client was done, and has every answer.
    Done,
    /// The connection is gone.
    Lost,
    /// The client broke the protocol: the channel is to be closed.
    Broke(Fault),
    /// Nothing moved for too long.
    Stalled,
    /// The owner ended it.
    Kicked,
    /// The server stops.
    Drained,
    /// A panic of ours.
    Failed,
}
