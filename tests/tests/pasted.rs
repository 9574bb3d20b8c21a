//! The lines that `towline grant` prints, pasted at the console of `towline device`: on the usual ports, as IOS knows no
//! others, in a network of their own.

use e2e::content::Content;
use e2e::namespace::Namespace;
use e2e::poll::{PATIENCE, until};
use e2e::process::{Process, run};
use e2e::towline::{Serve, command};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Stdio};

/// A server that gives nothing to anybody without a grant, and a device beside it.
struct Scene {
    dir: tempfile::TempDir,
    device: Process,
    keys: ChildStdin,
    serve: Serve,
    _space: Namespace,
}

impl Scene {
    fn new() -> Option<Scene> {
        let space = Namespace::new("busybox")?;
        let dir = e2e::scratch();
        let at = |name: &str| dir.path().join(name);
        for name in ["root", "state", "r1/nvram"] {
            std::fs::create_dir_all(at(name)).expect("a directory");
        }
        let configuration = format!(
            "[server]\nroot = {:?}\nbind = [\"127.0.0.1\"]\nstate = {:?}\ncontrol = {:?}\nwrite = true\n\
             [tftp]\nport = 69\n[ftp]\nport = 21\n[[rule]]\ndeny = \"all\"\n",
            at("root"),
            at("state"),
            at("c.sock"),
        );
        std::fs::write(at("t.toml"), configuration).expect("written");
        let serve = Serve::start_command(
            &mut space.enter(command().args(["serve", "--json", "--config"]).arg(at("t.toml"))),
        );
        // It asks nothing back: what is pasted is all.
        let startup = "hostname R1\nfile prompt quiet\ninterface GigabitEthernet0/0\n ip address 10.0.0.2 255.255.255.0\n \
                       no shutdown\nip route 0.0.0.0 0.0.0.0 10.0.0.1\n";
        std::fs::write(at("r1/nvram/startup-config"), startup).expect("written");
        let mut c = command();
        c.args(["device", "--fast", "--state"]).arg(at("r1"));
        let mut device = Process::start_with(&mut space.enter(&c), Stdio::piped());
        let mut keys = device.input().expect("a pipe");
        device.wait_for("a console", |said| {
            said.out.iter().any(|line| line.starts_with("Press RETURN")).then_some(())
        });
        keys.write_all(b"\renable\r").expect("it reads");
        Some(Scene { dir, device, keys, serve, _space: space })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The lines of a new grant that are for a device.
    fn given(&self, arguments: &[&str]) -> Vec<String> {
        let mut c = command();
        c.args(["grant", "--from", "127.0.0.1", "--for", "1h"]).args(arguments).arg("--control");
        let ended = run(c.arg(self.path("c.sock")));
        assert_eq!(ended.code(), 0, "{ended:?}");
        ended.out.lines().filter(|line| line.starts_with("copy ")).map(str::to_owned).collect()
    }

    /// Pastes a line; what the device then says, up to the line that has `end`.
    fn pasted(&mut self, line: &str, end: &str) -> String {
        let before = self.device.said().out.len();
        self.keys.write_all(format!("{line}\r").as_bytes()).expect("it reads");
        self.device.wait_for(&format!("'{end}' after {line}"), |said| {
            let new = &said.out[before..];
            let last = new.iter().position(|line| line.contains(end))?;
            Some(new[..=last].join("\n"))
        })
    }

    /// The events of transfers' ends that name a grant, once there are so many.
    fn used(&self, n: usize) {
        let used = || self.serve.events().iter().filter(|e| e["event"] == "grant_used").count();
        until(PATIENCE, || (used() == n).then_some(())).unwrap_or_else(|| panic!("{} uses, not {n}", used()));
    }
}

fn same(a: &Path, b: &Path) {
    assert!(std::fs::read(a).expect("there") == std::fs::read(b).expect("there"), "{a:?} and {b:?} differ");
}

#[test]
fn what_a_grant_prints_copies_a_file_into_a_devices_flash_once() {
    let Some(mut scene) = Scene::new() else { return };
    Content::random(70_001).write(&scene.path("root/a.bin")).expect("written");
    for (protocol, n) in [("tftp", 1), ("ftp", 2)] {
        let lines = scene.given(&["--path", "/a.bin"]);
        let of = |start: &str| lines.iter().find(|line| line.starts_with(start)).expect("a line").clone();
        let line = of(&format!("copy {protocol}://"));
        let said = scene.pasted(&line, "bytes copied in");
        assert!(said.contains("[OK - 70001 bytes]") || said.contains("[OK - 70001/"), "{said}");
        same(&scene.path("r1/flash/a.bin"), &scene.path("root/a.bin"));
        scene.used(n);
        std::fs::remove_file(scene.path("r1/flash/a.bin")).expect("there");
        // The other line of the grant is of the same one use.
        let other = of(if protocol == "tftp" { "copy ftp://" } else { "copy tftp://" });
        scene.pasted(&other, "%Error");
        assert!(!scene.path("r1/flash/a.bin").exists());
    }
    // Without the secret there is nothing.
    scene.pasted("copy tftp://127.0.0.1/a.bin flash:a.bin", "%Error");
}

#[test]
fn what_a_grant_prints_stores_a_devices_configuration() {
    let Some(mut scene) = Scene::new() else { return };
    let lines = scene.given(&["--path", "/r1-confg", "--verbs", "create"]);
    let line = lines.iter().find(|line| line.contains(" tftp://")).expect("a line of TFTP").clone();
    assert!(line.starts_with("copy running-config tftp://127.0.0.1/~"), "{line}");
    scene.pasted(&line, "bytes copied in");
    let stored = std::fs::read_to_string(scene.path("root/r1-confg")).expect("stored");
    assert!(stored.contains("\nhostname R1\n"), "{stored}");
    scene.used(1);
}
