//! Two hosts with a cable between, each in a network of its own: for firewalls, MTUs and broadcasts.

use crate::namespace;
use crate::peers::is_root;
use crate::process::{Process, run};
use std::process::{Command, Stdio};

/// A server's host, 10.9.0.1, and a client's, 10.9.0.2, on the interfaces `cable`. Dropped: gone, once their
/// processes are.
#[derive(Debug)]
pub struct Cable {
    /// Holds the server's network; ends when its input does.
    pub server: Process,
    /// Holds the client's.
    pub client: Process,
}

impl Cable {
    /// Lays one, for the peer `name` that needs it. `None`: it may be missing here, and the test returns.
    ///
    /// # Panics
    /// Under `CI=true`, when this is not root and `tests/skips.toml` has no reason for that; when iproute2 or
    /// util-linux are missing.
    pub fn new(name: &'static str) -> Option<Cable> {
        if !is_root(name) {
            return None;
        }
        let holder = || {
            let mut c = Command::new("unshare");
            c.args(["--net", "--", "sh", "-c", "echo up && exec cat"]);
            let mut holder = Process::start_with(&mut c, Stdio::piped());
            holder.wait_for("a network", |said| said.out.iter().any(|l| l == "up").then_some(()));
            holder
        };
        let cable = Cable { server: holder(), client: holder() };
        let peer = cable.client.id().to_string();
        let link = ["link", "add", "name", "cable", "type", "veth", "peer", "name", "cable", "netns", &peer];
        ip(&cable.server, &link);
        for (side, address) in [(&cable.server, "10.9.0.1/24"), (&cable.client, "10.9.0.2/24")] {
            ip(side, &["link", "set", "lo", "up"]);
            ip(side, &["addr", "add", address, "dev", "cable"]);
            ip(side, &["link", "set", "cable", "up"]);
        }
        Some(cable)
    }
}

/// The same command, run inside the network that `holder` holds.
pub fn inside(holder: &Process, command: &Command) -> Command {
    let mut c = Command::new("nsenter");
    c.arg(format!("--net=/proc/{}/ns/net", holder.id()));
    namespace::inside(c, command)
}

/// Runs `ip` inside.
///
/// # Panics
/// When it fails.
pub fn ip(holder: &Process, arguments: &[&str]) {
    done(&mut inside(holder, Command::new("ip").args(arguments)));
}

/// Runs what must succeed.
///
/// # Panics
/// When it does not.
#[track_caller]
pub fn done(command: &mut Command) {
    let ended = run(command);
    assert_eq!(ended.code(), 0, "{ended:?}");
}
