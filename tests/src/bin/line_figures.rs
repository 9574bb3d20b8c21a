//! What an open line to a device costs whoever holds it: `towline facts` at 10 and at 100 devices of a lab that say nothing,
//! over Telnet and over SSH; prints the memory of its own (RssAnon) that each line more takes.
//!
//! ```text
//! cargo build --release --bin towline && cargo build -p e2e --bin line_figures
//! E2E_TOWLINE=target/release/towline target/debug/line_figures
//! ```

use e2e::poll::until;
use e2e::process::Process;
use e2e::towline::command;
use std::time::Duration;

const FEW: usize = 10;
const MANY: usize = 100;
/// Key exchanges of devices take the processor's time.
const PATIENCE: Duration = Duration::from_secs(45);

fn main() {
    for kind in ["telnet", "ssh"] {
        let [few, many] = [FEW, MANY].map(|count| held(kind, count));
        let each = many.saturating_sub(few) / (MANY - FEW) as u64;
        println!(
            "{kind}: {FEW} lines {} KiB, {MANY} lines {} KiB: {} KiB each",
            few >> 10,
            many >> 10,
            each >> 10
        );
    }
}

/// Octets that `towline facts` holds while so many devices have been asked and say nothing.
fn held(kind: &str, count: usize) -> u64 {
    let home = e2e::scratch();
    let (file, control) = (home.path().join("lab.toml"), home.path().join("control"));
    let lab = format!(
        "telnet = 0\nssh = 0\ncontrol = \"{}\"\n[[device]]\nname = \"D\"\naddress = \"127.5.0.1\"\ncount = {count}\n\
         faults = [\"when show version: silent 50s\"]\n",
        control.display()
    );
    std::fs::write(&file, lab).expect("written");
    let mut lab = Process::start(command().arg("lab").arg(&file));
    let begin = if kind == "ssh" { "SSH: ssh -p " } else { "Telnet: telnet 127.5.0.1 " };
    let port: u16 = lab.wait_for("the line of the port", |said| {
        let line = said.err.iter().find_map(|line| line.strip_prefix(begin))?;
        line.split(' ').next()?.parse().ok()
    });
    let mut c = command();
    c.arg("facts").args(["--parallel", &count.to_string(), "--host-key", "accept-new"]);
    c.args(["--ssh-profile", "compat"]).env("HOME", home.path()).env_remove("XDG_STATE_HOME");
    c.args((1..=count).map(|n| format!("{kind}://admin:admin@127.5.0.{n}:{port}")));
    let asking = Process::start(&mut c);
    let is_asked = |n: usize| {
        let mut c = command();
        c.args(["device", "ctl", "--json", "--control"]).arg(&control).args([&format!("D{n}"), "commands"]);
        Process::start(&mut c).wait(PATIENCE).out.contains("show version").then_some(())
    };
    let all = (1..=count).all(|n| until(PATIENCE, || is_asked(n)).is_some());
    assert!(all, "each is asked: {:?}", asking.said());
    e2e::memory::resident(asking.id())
}
