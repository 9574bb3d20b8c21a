//! `towline lab FILE.toml`: many devices in one process, each at an address of its own.

use e2e::poll::until;
use e2e::process::{Ended, Process};
use e2e::towline::command;
use serde_json::Value;
use sha2::Digest as _;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// A lab that runs, and where it said that it listens.
struct Lab {
    process: Process,
    telnet: u16,
}

impl Lab {
    /// Starts what `text` says, in `dir`.
    fn start(dir: &Path, text: &str) -> Lab {
        Lab::with(dir, &format!("ssh = \"off\"\n{text}"))
    }

    /// The same, where `text` says of SSH what it likes.
    fn with(dir: &Path, text: &str) -> Lab {
        let file = dir.join("lab.toml");
        std::fs::write(&file, format!("telnet = 0\nboot = \"none\"\n{text}")).expect("written");
        let mut process = Process::start(command().arg("lab").arg(&file));
        let telnet = process.wait_for("the line of Telnet", |said| {
            let line = said.err.iter().find_map(|line| line.strip_prefix("Telnet: telnet "))?;
            line.rsplit(' ').next()?.parse().ok()
        });
        Lab { process, telnet }
    }

    /// Logs in at `address`.
    fn line(&self, address: &str) -> Line {
        let ip: IpAddr = address.parse().expect("an address");
        let end = Instant::now() + PATIENCE;
        loop {
            let stream = TcpStream::connect((ip, self.telnet)).expect("it listens at every device's address");
            stream.set_read_timeout(Some(Duration::from_millis(50))).expect("set");
            let mut line = Line { stream, heard: String::new(), closed: false };
            // While it boots nobody answers.
            if line.hears("Username: ").is_ok() {
                line.say("admin");
                line.until("Password: ");
                line.say("admin");
                line.until("#");
                return line;
            }
            assert!(Instant::now() < end, "{address} does not answer");
        }
    }

    fn memory(&self) -> u64 {
        e2e::memory::resident(self.process.id())
    }

    fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.process.id())).expect("it runs").count()
    }
}

struct Line {
    stream: TcpStream,
    heard: String,
    closed: bool,
}

impl Line {
    fn say(&mut self, text: &str) {
        self.stream.write_all(format!("{text}\r\n").as_bytes()).expect("sent");
    }

    /// What comes up to `text`; the error is all that came.
    fn hears(&mut self, text: &str) -> Result<String, String> {
        let end = Instant::now() + PATIENCE;
        let mut buf = [0; 4_096];
        loop {
            if let Some(at) = self.heard.find(text) {
                let rest = self.heard.split_off(at + text.len());
                return Ok(std::mem::replace(&mut self.heard, rest));
            }
            if self.closed || Instant::now() > end {
                return Err(self.heard.clone());
            }
            match self.stream.read(&mut buf) {
                Ok(0) => self.closed = true,
                // Telnet's own octets are no text.
                Ok(n) => {
                    self.heard +=
                        &buf[..n].iter().filter(|b| b.is_ascii()).map(|b| *b as char).collect::<String>()
                }
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => self.closed = true,
            }
        }
    }

    fn until(&mut self, text: &str) -> String {
        self.hears(text).unwrap_or_else(|heard| panic!("'{text}' did not come, but\n{heard}"))
    }

    /// What a command prints, up to the next prompt.
    fn run(&mut self, prompt: &str, text: &str) -> String {
        self.say(text);
        self.until(prompt)
    }
}

const ROW: &str =
    "[[device]]\nname = \"SW\"\ncount = 300\naddress = \"127.87.0.1\"\nimages = [\"15.1(4)M4\"]\n";

#[test]
fn idle_devices_cost_some_kilobytes_and_no_descriptor() {
    let dir = e2e::scratch();
    let one = Lab::start(dir.path(), &ROW.replace("300", "1"));
    let memory = one.memory();
    let many = Lab::start(dir.path(), ROW);
    // The images' octets alone would be 20 MB, had each its own.
    let each = (many.memory().saturating_sub(memory)) / 299;
    println!("a device: {each} octets");
    assert!(each < 60_000, "{each} octets for each device");
    // Each opens its last ones once it has said that it is there.
    let alike = until(PATIENCE, || (many.descriptors() == one.descriptors()).then_some(()));
    assert!(
        alike.is_some(),
        "{} descriptors, where one device has {}",
        many.descriptors(),
        one.descriptors()
    );
    drop(one);
    // The last one is as real as the first.
    let mut line = many.line("127.87.1.44");
    let said = line.run("SW300#", "show version | include uptime|image file");
    assert!(said.contains("SW300 uptime is") && said.contains("151-4.M4.bin"), "{said}");
}

#[test]
fn a_device_reaches_the_lines_of_another_over_telnet_and_ssh() {
    let dir = e2e::scratch();
    let lab = Lab::with(
        dir.path(),
        "ssh = 0\n[[device]]\nname = \"R\"\ncount = 2\naddress = \"127.89.0.1\"\nimages = [\"15.1(4)M4\"]\n",
    );
    let mut line = lab.line("127.89.0.1");
    line.say("telnet 127.89.0.2");
    line.until("Trying 127.89.0.2 ... Open");
    line.until("Username: ");
    line.say("admin");
    line.until("Password: ");
    line.say("admin");
    line.until("R2#");
    // It is there from the device's own address.
    let said = line.run("R2#", "show users");
    assert!(said.contains("127.89.0.1"), "{said}");
    line.say("exit");
    line.until("[Connection to 127.89.0.2 closed by foreign host]");
    line.until("R1#");
    line.say("ssh -l admin 127.89.0.2");
    line.until("Password: ");
    line.say("admin");
    line.until("R2#");
    line.stream.write_all(b"\x1ex").expect("sent");
    line.until("R1#");
    let said = line.run("R1#", "show sessions");
    assert!(said.contains("*  1 127.89.0.2"), "{said}");
}

/// The host keys that devices show, as ssh-keyscan prints them. `None`: skipped.
fn host_keys(lab: &Lab, port: u16, addresses: &[&str]) -> Option<Vec<String>> {
    let peer = e2e::peers::Peer::find("openssh", "ssh-keyscan")?;
    let key = |address: &&str| {
        let mut command = peer.command();
        command.args(["-t", "rsa", "-T", "60", "-p", &port.to_string(), address]);
        let ended = e2e::process::run(&mut command);
        let line = ended.out.lines().find(|line| line.contains(" ssh-rsa ")).map(str::to_owned);
        let line = line.unwrap_or_else(|| panic!("{address}: no key: {ended:?}; lab {}", lab.process.id()));
        line.split(" ssh-rsa ").nth(1).expect("a key").to_owned()
    };
    Some(addresses.iter().map(key).collect())
}

#[test]
fn each_device_has_a_host_key_of_its_own_that_is_the_same_again() {
    let addresses = ["127.90.0.1", "127.90.0.2"];
    let text = "ssh = 0\n[[device]]\nname = \"R\"\ncount = 2\naddress = \"127.90.0.1\"\nssh-profile = \"ios-xe-17\"\nimages = [\"15.1(4)M4\"]\n";
    let shown = |text: &str| {
        let dir = e2e::scratch();
        let mut lab = Lab::with(dir.path(), text);
        let port = lab.process.wait_for("the line of SSH", |said| {
            let line = said.err.iter().find_map(|line| line.strip_prefix("SSH: ssh -p "))?;
            line.split(' ').next()?.parse().ok()
        });
        let keys = host_keys(&lab, port, &addresses)?;
        // What the device itself says of its key.
        let mut line = lab.line(addresses[1]);
        line.run("R2#", "terminal length 0");
        let said = line.run("R2#", "show ip ssh").replace(['\r', '\n'], "");
        assert!(said.contains(&keys[1]), "{said}");
        Some(keys)
    };
    let Some(first) = shown(text) else { return };
    assert_ne!(first[0], first[1]);
    assert_eq!(shown(text).as_ref(), Some(&first), "another start of the same lab");
    let other = shown(&format!("seed = 2\n{text}")).expect("not skipped");
    assert!(other.iter().all(|key| !first.contains(key)), "another seed");
}

/// 300 devices of which 20 copy at once; with `E2E_SOAK` 10,000 and 200.
#[test]
fn many_copy_at_once_while_thousands_stand_idle_and_the_image_is_held_once() {
    let (count, movers) = if e2e::is_soak() { (10_000, 200) } else { (300, 20) };
    let dir = e2e::scratch();
    std::fs::create_dir(dir.path().join("images")).expect("made");
    let image = e2e::content::Content::random(1_000_000);
    image.write(&dir.path().join("images/new.bin")).expect("written");
    let begun = Instant::now();
    let lab = Lab::start(
        dir.path(),
        &format!(
            "control = \"control\"\n[servers]\nroot = \"images\"\ntftp = 0\nftp = 0\n\
             [[device]]\nname = \"D\"\ncount = {count}\naddress = \"127.100.0.1\"\n"
        ),
    );
    let (started, idle) = (begun.elapsed(), lab.memory());
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for n in 0..movers {
            let lab = &lab;
            scope.spawn(move || {
                let [_, _, c, d] = (n + 1_u32).to_be_bytes();
                let mut line = lab.line(&format!("127.100.{c}.{d}"));
                line.say("copy tftp://127.0.0.1/new.bin flash:");
                line.until("]? ");
                line.say("");
                line.until("1000000 bytes copied");
            });
        }
    });
    let (took, after) = (begun.elapsed(), lab.memory());
    let copies = ctl(&dir.path().join("control"), &["all", "copies"]);
    assert_eq!(copies.len(), movers as usize);
    assert!(copies.iter().all(|copy| copy["octets"] == 1_000_000), "{copies:?}");
    println!(
        "soak: {count} devices were there after {:.1} s with {} MiB; {movers} of them copied 1,000,000 octets over TFTP at once in {:.1} s, {} MiB then",
        started.as_secs_f64(),
        idle >> 20,
        took.as_secs_f64(),
        after >> 20
    );
    assert!(idle < 200 << 20, "{idle} octets");
    // Had each of them the image for itself, it would be a megabyte each.
    assert!(after < idle + u64::from(movers) * 400_000 + (16 << 20), "{after} octets behind {idle}");
}

#[test]
fn devices_copy_from_the_labs_servers_keep_their_own_files_and_come_back_from_a_reload() {
    let dir = e2e::scratch();
    let root = dir.path().join("images");
    std::fs::create_dir(&root).expect("made");
    let made = Process::start(
        command()
            .args(["image", "make", "--version", "15.5(3)M4a", "--size", "100K"])
            .arg(root.join("new.bin")),
    )
    .wait(PATIENCE);
    assert!(made.status.success(), "{}", made.err);
    let lab = Lab::start(
        dir.path(),
        "[servers]\nroot = \"images\"\naddress = \"10.0.0.1\"\ntftp = 0\nftp = 0\nwrite = true\n\
         [[device]]\nname = \"R\"\ncount = 3\naddress = \"127.88.0.1\"\n",
    );
    let (mut one, mut two) = (lab.line("127.88.0.1"), lab.line("127.88.0.2"));
    one.say("copy tftp://10.0.0.1/new.bin flash:");
    two.say("copy ftp://cisco:cisco@10.0.0.1/new.bin flash:");
    for line in [&mut one, &mut two] {
        line.until("[new.bin]? ");
        line.say("");
        line.until("102400 bytes copied");
        line.until("#");
    }
    let mut three = lab.line("127.88.0.3");
    assert!(!three.run("R3#", "dir flash:").contains("new.bin"), "the third one has its own flash");
    assert!(two.run("R2#", "dir flash:").contains("  102400  "));
    // A new boot line, saved: the device comes back with the new version, though nobody is at its console.
    for text in ["configure terminal", "no boot system", "boot system flash:new.bin", "end", "write memory"] {
        one.run("#", text);
    }
    one.say("reload");
    one.until("[confirm]");
    one.say("");
    assert!(one.hears("R1#").is_err(), "the session ends with the reload");
    let mut again = lab.line("127.88.0.1");
    let said = again.run("R1#", "show version | include Version|ROM by");
    assert!(said.contains("15.5(3)M4a") && said.contains("reload"), "{said}");
    assert!(
        two.run("R2#", "show version | include Version").contains("15.1(4)M4"),
        "only the first one reloaded"
    );
    // And gives its configuration back to the servers.
    again.say("copy running-config tftp://10.0.0.1/r1.cfg");
    again.until("[r1.cfg]? ");
    again.say("");
    again.until("bytes copied");
    until(PATIENCE, || root.join("r1.cfg").exists().then_some(())).expect("it is stored");
    assert!(
        std::fs::read_to_string(root.join("r1.cfg")).expect("text").contains("boot system flash:new.bin")
    );
}

#[test]
fn the_file_of_the_docs_is_the_lab_that_they_show() {
    let docs = std::fs::read_to_string(e2e::root().join("docs/topologies.md")).expect("text");
    let (_, toml) = docs.split_once("```toml\n").expect("a file");
    let (toml, rest) = toml.split_once("```").expect("its end");
    let dir = e2e::scratch();
    std::fs::create_dir(dir.path().join("images")).expect("made");
    // Their ports may be taken here.
    let servers = "[servers]\ntftp = 0\nftp = 0";
    let mut lab = Lab::start(dir.path(), &toml.replace("[servers]", servers));
    let ready =
        lab.process.wait_for("Ready", |said| said.err.iter().find(|l| l.starts_with("Ready")).cloned());
    assert!(rest.contains(&format!("\n{ready}\n")), "{ready} is not in the docs");
    let mut line = lab.line("127.1.1.7");
    assert!(line.run("SW7#", "dir flash:").contains("155-3.M4a.bin"));
    assert!(line.run("SW7#", "show ip interface brief").contains("127.1.1.7"));
}

#[test]
fn every_model_stands_in_a_lab_with_an_image_of_its_own() {
    let dir = e2e::scratch();
    let listed = Process::start(command().args(["device", "--list-profiles"])).wait(PATIENCE);
    let models: Vec<&str> = listed.out.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(
        models.contains(&"c2911") && models.contains(&"c2960x") && models.contains(&"isr4331"),
        "{models:?}"
    );
    let row = |(n, model): (usize, &&str)| {
        format!("[[device]]\nname = \"M{n}\"\naddress = \"127.91.0.{}\"\nprofile = \"{model}\"\n", n + 1)
    };
    let rows: String = models.iter().enumerate().map(row).collect();
    let lab = Lab::start(dir.path(), &format!("control = \"control\"\n{rows}"));
    for (device, model) in ctl(&dir.path().join("control"), &[]).iter().zip(&models) {
        assert_eq!(
            (device["profile"].as_str(), device["mode"].as_str()),
            (Some(*model), Some("ios")),
            "{device}"
        );
        let (name, address) =
            (device["device"].as_str().expect("a name"), device["address"].as_str().expect("one"));
        let mut line = lab.line(address);
        let prompt = format!("{name}#");
        let version = device["version"].as_str().expect("a version");
        let said = line.run(&prompt, "show version | include Version");
        assert!(said.contains(version), "{model}: {version} is not in {said}");
        // What it began with is what is saved: nothing is asked before a reload.
        line.run(&prompt, "write memory");
        line.say("reload");
        line.until("Proceed with reload? [confirm]");
        line.say("");
        assert!(line.hears(&prompt).is_err(), "{model}: the session ends with the reload");
        let mut again = lab.line(address);
        assert!(
            again.run(&prompt, "show ip interface brief | include 127").contains(address),
            "{model} has its address again"
        );
    }
}

/// What a lab's control socket answers, a JSON object a line.
fn ctl(socket: &Path, words: &[&str]) -> Vec<Value> {
    let ended =
        Process::start(command().args(["device", "ctl", "--json", "--control"]).arg(socket).args(words))
            .wait(PATIENCE);
    assert_eq!(ended.code(), 0, "{words:?}: {}", ended.err);
    ended.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn what_clients_did_to_a_device_can_be_asserted_and_what_goes_wrong_be_chosen() {
    let dir = e2e::scratch();
    let root = dir.path().join("images");
    std::fs::create_dir(&root).expect("made");
    let octets = e2e::content::Content::random(100_000).octets();
    std::fs::write(root.join("new.bin"), &octets).expect("written");
    let lab = Lab::start(
        dir.path(),
        "control = \"control\"\n[servers]\nroot = \"images\"\ntftp = 0\nftp = 0\n\
         [[device]]\nname = \"R\"\ncount = 2\naddress = \"127.90.0.1\"\nfaults = [\"full-flash 90K\"]\n",
    );
    let socket = dir.path().join("control");
    let devices = ctl(&socket, &[]);
    let names: Vec<_> =
        devices.iter().map(|d| (d["device"].clone(), d["mode"].clone(), d["version"].clone())).collect();
    assert_eq!(
        names,
        [("R1".into(), "ios".into(), "15.1(4)M4".into()), ("R2".into(), "ios".into(), "15.1(4)M4".into())]
    );
    assert_eq!(ctl(&socket, &["R2", "faults"])[0]["fault"], "full-flash 92160");
    assert_eq!(ctl(&socket, &["R2", "clear-faults"]), [] as [Value; 0]);
    // One has room, the other has not; each is told what it printed.
    for (address, prompt) in [("127.90.0.1", "R1#"), ("127.90.0.2", "R2#")] {
        let mut line = lab.line(address);
        line.say("copy tftp://127.0.0.1/new.bin flash:");
        line.until("]? ");
        line.say("");
        line.until(prompt);
    }
    let copies = ctl(&socket, &["all", "copies"]);
    assert_eq!(copies[0]["error"], "Not enough space on device");
    assert_eq!((copies[1]["device"].clone(), copies[1]["octets"].clone()), ("R2".into(), 100_000.into()));
    let files = ctl(&socket, &["127.90.0.2", "files"]);
    let digest = sha2::Sha512::digest(&octets);
    let sha512: String = digest.iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!((files[1]["name"].clone(), files[1]["sha512"].clone()), ("new.bin".into(), sha512.into()));
    assert_eq!(ctl(&socket, &["R1", "files"]).len(), 1);
    let commands = ctl(&socket, &["R2", "commands"]);
    let typed = commands.last().expect("a command");
    assert_eq!(
        (typed["line"].clone(), typed["user"].clone(), typed["prompt"].clone()),
        ("vty 0".into(), "admin".into(), "R2#".into())
    );
    assert_eq!(typed["text"], "copy tftp://127.0.0.1/new.bin flash:");
    assert!(
        ctl(&socket, &["R2", "configuration"])[0]["text"].as_str().expect("text").contains("hostname R2\n")
    );
    // The next boot stops in ROMMON; the one after that does not.
    ctl(&socket, &["R1", "fault", "boot-fails", "1"]);
    for mode in ["rommon", "ios"] {
        ctl(&socket, &["R1", "power-cycle"]);
        let is = || (ctl(&socket, &["R1"])[0]["mode"] == mode).then_some(());
        until(PATIENCE, is).unwrap_or_else(|| panic!("R1 is not in {mode}"));
    }
    for (words, code, what) in [
        (&["R9"][..], 5, "there is no such device here; there are R1, R2"),
        (&["R1", "fault", "slow"], 2, "'slow' is no fault: expected one of slow-flash"),
        (&["R1", "show", "it"], 2, "stands behind a verb that takes nothing"),
    ] {
        let ended = Process::start(command().args(["device", "ctl", "--control"]).arg(&socket).args(words))
            .wait(PATIENCE);
        assert_eq!(ended.code(), code, "{}", ended.err);
        assert!(ended.err.contains(what), "{}", ended.err);
    }
}

/// Runs a lab that is not to come about.
fn refused(dir: &Path, text: &str) -> Ended {
    let file = dir.join("lab.toml");
    std::fs::write(&file, text).expect("written");
    Process::start(command().arg("lab").arg(&file).args(["--", "true"])).wait(PATIENCE)
}

#[test]
fn what_is_wrong_with_a_file_is_told_with_its_line() {
    let dir = e2e::scratch();
    for (text, line, words) in [
        ("telnet = 0\n", "lab.toml:1", "the file has no devices"),
        (
            "telnet = \"default\"\n[[device]]\nname = \"R\"\naddress = \"127.89.0.1\"\n",
            "telnet",
            "no default port",
        ),
        ("[[device]]\nname = \"R\"\naddress = \"192.0.2.1\"\n", ":3", "192.0.2.1 is no address of this host"),
        (
            "[[device]]\nname = \"R\"\naddress = \"127.89.0.1\"\nprofile = \"c1\"\n",
            ":4",
            "'c1': no such profile",
        ),
        ("[[device]]\nname = \"R\"\nadress = \"127.89.0.1\"\n", ":3", "unknown key 'adress'"),
        (
            "[[device]]\nname = \"R\"\naddress = \"127.89.0.1\"\nimages = [\"new\"]\n",
            ":4",
            "'new' is no version",
        ),
        (
            "[[device]]\nname = \"R\"\naddress = \"127.89.0.1\"\n[[device]]\nname = \"R\"\naddress = \"127.89.0.1\"\n",
            ":6",
            "would have the address 127.89.0.1 of another device",
        ),
    ] {
        let ended = refused(dir.path(), text);
        assert_eq!(ended.code(), 2, "{text}\n{}", ended.err);
        assert!(ended.err.contains(line) && ended.err.contains(words), "{text}\n{}", ended.err);
    }
    // All at once.
    assert!(refused(dir.path(), "[[device]]\nname = 1\naddress = 2\n").err.contains("2 faults"));
}

#[test]
fn a_command_has_the_lab_for_as_long_as_it_runs_and_its_exit_code_counts() {
    let dir = e2e::scratch();
    let file = dir.path().join("lab.toml");
    std::fs::write(&file, "telnet = 0\nssh = \"off\"\n[[device]]\nname = \"R\"\naddress = \"127.89.1.1\"\n")
        .expect("written");
    for code in [0, 7] {
        // The command finds the control socket.
        let ask = format!("{} device ctl R", e2e::towline::program().display());
        let run = format!("{ask} | grep -q 'R 127.89.1.1  c2911  15.1(4)M4 from ' || exit 9; exit {code}");
        let ended =
            Process::start(command().arg("lab").arg(&file).args(["--", "sh", "-c", &run])).wait(PATIENCE);
        assert_eq!(ended.code(), code, "{}", ended.err);
        assert!(ended.err.contains("Ready: R at 127.89.1.1\n"), "{}", ended.err);
    }
}
