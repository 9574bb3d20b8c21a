//! A network of its own: where a server may have port 69 of 127.0.0.1 whatever else runs on this machine.

use crate::peers::{Peer, is_root};
use crate::ports::udp_listens;
use crate::process::{Process, with_variables_of};
use std::process::{Command, Stdio};

/// A network namespace with nothing but its loopback, up. Dropped: gone, once its processes are.
#[derive(Debug)]
pub struct Namespace {
    /// Holds it; ends when its input does.
    holder: Process,
}

impl Namespace {
    /// Makes one, for the peer `name` that needs it. `None`: it may be missing here, and the test returns.
    ///
    /// # Panics
    /// Under `CI=true`, when it cannot be had and `tests/skips.toml` has no reason for that.
    pub fn new(name: &'static str) -> Option<Namespace> {
        let busybox = Peer::find(name, "busybox")?;
        if !is_root(name) {
            return None;
        }
        let mut c = Command::new("unshare");
        // `cat` keeps the process, and so the namespace, until we let go of its input.
        // The second address is for programs that ask for names with AI_ADDRCONFIG (tftpd-hpa): they take no
        // address of a machine that has only loopback's.
        let script =
            r#""$0" ip link set lo up && "$0" ip addr add 10.69.0.1/32 dev lo && echo up && exec "$0" cat"#;
        c.arg("--net").arg("--").arg(busybox.path()).args(["sh", "-c", script]).arg(busybox.path());
        let mut holder = Process::start_with(&mut c, Stdio::piped());
        holder.wait_for("the namespace's loopback", |said| {
            said.out.iter().any(|line| line == "up").then_some(())
        });
        Some(Namespace { holder })
    }

    /// The same command, run inside.
    pub fn enter(&self, command: &Command) -> Command {
        let mut c = Command::new("nsenter");
        c.arg(format!("--net=/proc/{}/ns/net", self.holder.id()));
        inside(c, command)
    }

    /// Whether somebody holds this UDP port inside, on any address.
    pub fn udp_listens(&self, port: u16) -> bool {
        udp_listens(&self.holder.id().to_string(), port)
    }
}

/// `command` as what `nsenter`, which says where, runs there: its arguments, variables and directory are kept.
pub(crate) fn inside(mut nsenter: Command, command: &Command) -> Command {
    nsenter.arg("--").arg(command.get_program()).args(command.get_args());
    with_variables_of(&mut nsenter, command);
    if let Some(dir) = command.get_current_dir() {
        nsenter.current_dir(dir);
    }
    nsenter
}

#[cfg(test)]
mod tests {
    use super::Namespace;
    use crate::process::run;
    use std::process::Command;

    #[test]
    fn inside_there_is_only_loopback() {
        let Some(space) = Namespace::new("busybox") else { return };
        let ended = run(&mut space.enter(Command::new("cat").arg("/proc/net/dev")));
        let devices: Vec<&str> =
            ended.out.lines().skip(2).filter_map(|l| Some(l.split_once(':')?.0.trim())).collect();
        assert_eq!((ended.code(), devices), (0, vec!["lo"]), "{ended:?}");
        assert!(!space.udp_listens(69));
    }
}
