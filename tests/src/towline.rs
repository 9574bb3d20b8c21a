//! Our own program, as a user starts it.

use crate::process::{Process, children};
use serde_json::Value;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The program that `cargo xtask test` built, or, under a plain `cargo test -p e2e`, one built now.
/// `E2E_TOWLINE` names another.
///
/// # Panics
/// When it does not build.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        if let Some(path) = std::env::var_os("E2E_TOWLINE") {
            return path.into();
        }
        let path = crate::profile().join("towline");
        if std::env::var_os("E2E_BUILT").is_none() {
            let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
            build.args(["build", "--quiet", "--workspace", "--bin", "towline"]).current_dir(crate::root());
            if crate::profile().ends_with("release") {
                build.arg("--release");
            }
            let status = build.stdin(Stdio::null()).status().expect("cargo starts");
            assert!(
                status.success(),
                "the end-to-end tests need target/…/towline, which does not build: {status}"
            );
        }
        assert!(path.is_file(), "{} is not there; cargo build --bin towline", path.display());
        path
    })
}

/// A command that runs it, with nothing of the user's environment that changes what it says.
pub fn command() -> Command {
    command_of(program())
}

/// The same of a copy of it.
pub fn command_of(program: &Path) -> Command {
    let mut c = Command::new(program);
    c.env_remove("RUST_BACKTRACE").env("TZ", "UTC").env("LC_ALL", "C.UTF-8").env("NO_COLOR", "1");
    for variable in ["all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"] {
        c.env_remove(variable);
    }
    // Nothing is remembered of servers from one test to the next.
    c.env("XDG_CACHE_HOME", "/dev/null");
    // What a server keeps for its next run is one for all, and not the user's.
    c.env("XDG_STATE_HOME", crate::profile().join("e2e-state"));
    // A system call that the sandbox's table lacks ends the server, so that it is missed here.
    c.env("TOWLINE_SANDBOX_STRICT", "1");
    c
}

/// A running `towline serve`.
#[derive(Debug)]
pub struct Serve {
    /// The process; its JSON lines are on standard output.
    pub process: Process,
    /// Where TFTP is answered.
    pub tftp: SocketAddr,
    /// Where FTP is answered.
    pub ftp: SocketAddr,
}

impl Serve {
    /// Serves `dir` on 127.0.0.1, on free ports, with these flags besides.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start(dir: &Path, flags: &[&str]) -> Serve {
        Serve::start_on(Ipv4Addr::LOCALHOST.into(), dir, flags)
    }

    /// The same on another address.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start_on(address: IpAddr, dir: &Path, flags: &[&str]) -> Serve {
        let mut c = command();
        c.arg("serve").arg(dir).args(["--tftp", "0", "--ftp", "0", "--json", "--bind"]);
        c.arg(address.to_string()).args(flags);
        Serve::start_command(&mut c)
    }

    /// Starts this `towline serve … --json` and waits until both protocols listen.
    ///
    /// # Panics
    /// When they do not.
    pub fn start_command(command: &mut Command) -> Serve {
        let mut process = Process::start(command);
        let [tftp, ftp] = ["tftp", "ftp"].map(|protocol| {
            process.wait_for(protocol, |said| {
                said.out.iter().filter_map(|l| serde_json::from_str::<Value>(l).ok()).find_map(|v| {
                    let here = v["event"] == "listening" && v["protocol"] == protocol;
                    here.then(|| v["address"].as_str()?.parse().ok()).flatten()
                })
            })
        });
        Serve { process, tftp, ftp }
    }

    /// Where another protocol is answered: `http`, `https`, `admin`.
    ///
    /// # Panics
    /// When it is not.
    pub fn listening(&mut self, protocol: &str) -> SocketAddr {
        self.process.wait_for(protocol, |said| {
            said.out.iter().filter_map(|l| serde_json::from_str::<Value>(l).ok()).find_map(|v| {
                let here = v["event"] == "listening" && v["protocol"] == protocol;
                here.then(|| v["address"].as_str()?.parse().ok()).flatten()
            })
        })
    }

    /// The processes: what was started, and the workers that it has started.
    pub fn processes(&self) -> Vec<u32> {
        let id = self.process.id();
        std::iter::once(id).chain(children(id).into_iter().map(i32::cast_unsigned)).collect()
    }

    /// The events so far.
    pub fn events(&self) -> Vec<Value> {
        self.process.said().out.iter().filter_map(|l| serde_json::from_str(l).ok()).collect()
    }
}
