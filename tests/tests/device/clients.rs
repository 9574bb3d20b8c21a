//! The libraries of people who automate such devices, over Telnet and SSH.

use crate::bench::{Bench, NEW, NEW_VERSION, R1, SIZE, image};
use crate::lab::Lab;
use e2e::peers::Peer;
use std::net::TcpListener;
use std::process::Stdio;

/// What a script with netmiko does; it prints what it got, one JSON object.
const NETMIKO: &str = r#"
import json, sys
from netmiko import ConnectHandler
port, image = int(sys.argv[1]), sys.argv[2]
c = ConnectHandler(device_type=sys.argv[3], host="127.0.0.1", port=port,
                   username="jeremy", password="ccna", secret="cisco")
user = c.find_prompt()
c.enable()
got = {"user": user, "privileged": c.find_prompt()}
got["version"] = c.send_command("show version")
got["config"] = c.send_config_set(["interface g0/1", "description by netmiko", "exit", "no ip domain lookup"])
got["ranged"] = c.send_config_set(["interface range g0/1 - 2", "bandwidth 500", "interface Loopback5",
    "ip address 10.255.0.5 255.255.255.255", "interface g0/1.10", "encapsulation dot1Q 10",
    "ip address 10.10.0.1 255.255.255.0", "default interface g0/2"])
got["saved"] = c.save_config()
copied = c.send_command("copy tftp: flash:", expect_string=r"\?")
copied += c.send_command("10.0.0.1", expect_string=r"\?")
copied += c.send_command(image, expect_string=r"\?")
got["copied"] = copied + c.send_command("new.bin", expect_string=r"R1#")
got["dir"] = c.send_command("dir")
got["md5"] = c.send_command("verify /md5 flash:new.bin")
print(json.dumps(got))
c.remote_conn.close()
"#;

#[test]
fn netmiko_logs_in_configures_copies_and_saves() {
    netmiko_works("cisco_ios_telnet", |device| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
        let port = listener.local_addr().expect("bound").port();
        let line = std::thread::spawn(move || {
            let (stream, _) = listener.accept().expect("accepted");
            let terminal = transport::Terminal::telnet(stream).expect("a terminal");
            device.vty(Box::new(device::TerminalPort::from(terminal)))
        });
        (port, move || line.join().expect("no panic").expect("a line"))
    });
}

/// What netmiko finds out of itself, on a device whose name no prompt of configuration holds whole; then files both ways.
const BY_ITSELF: &str = r#"
import json, sys
from netmiko import ConnectHandler, SSHDetect, file_transfer, ssh_autodetect
at = dict(host="127.0.0.1", port=int(sys.argv[1]), username="bob", password=sys.argv[2])
got = {}
# It goes through all the kinds that it knows, two minutes long: here only those told apart by what "show version" says.
ssh_autodetect.SSH_MAPPER_BASE = [m for m in ssh_autodetect.SSH_MAPPER_BASE if m[1].get("cmd") == "show version"]
guess = SSHDetect(device_type="autodetect", **at)
got["kind"] = guess.autodetect()
guess.connection.disconnect()
with ConnectHandler(device_type="cisco_xe", **at) as c:
    got["long"] = c.send_config_set(["hostname the-router-of-a-branch-office", "interface g0/1", "mtu 1400"])
    c.set_base_prompt()
    got["prompt"] = c.find_prompt()
    got["back"] = c.send_config_set(["hostname R1"])
with ConnectHandler(device_type="cisco_ios", **at) as c:
    got["before"] = c.check_enable_mode()
    for name in sys.argv[3:]:
        there = dict(source_file=name, dest_file=name, file_system="flash:", direction="put", overwrite_file=True)
        got["put " + name] = file_transfer(c, **there)
        got["again " + name] = file_transfer(c, **there)
        got["get " + name] = file_transfer(c, source_file=name, dest_file=name + ".back", file_system="flash:",
                                           direction="get")
print(json.dumps(got))
"#;

#[test]
fn netmiko_finds_out_what_it_is_and_moves_files_both_ways() {
    use e2e::content::Content;
    let Some(netmiko) = Peer::python("netmiko") else { return };
    let bench = Bench::r1();
    let password = e2e::battery::USER.1;
    bench.startup(&format!("username bob privilege 15 secret {password}\nip scp server enable\n{R1}"));
    let device = bench.device();
    device.power_on();
    let lines = crate::ssh::lines(&device, transport::ssh::Ios::Xe17);
    let home = e2e::scratch();
    let sizes = [1, 65_537, 3_000_017];
    let files = sizes.map(|len| (format!("f{len}.bin"), Content::random(len)));
    let mut python = netmiko.command();
    python.args(["-c", BY_ITSELF, &lines.address().port().to_string(), password]).stdin(Stdio::null());
    for (name, content) in &files {
        content.write(&home.path().join(name)).expect("room for a file");
        python.arg(name);
    }
    let ran = python.current_dir(home.path()).output().expect("python starts");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let got: serde_json::Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    assert_eq!((&got["kind"], &got["before"]), (&"cisco_ios".into(), &true.into()), "{got}");
    let long = got["long"].as_str().expect("text");
    assert!(long.contains("\nthe-router-of-a-bran(config-if)#mtu 1400\n"), "{long}");
    assert_eq!(got["prompt"], "the-router-of-a-branch-office#");
    for (name, content) in files {
        let how = |moved| serde_json::json!({ "file_exists": true, "file_transferred": moved, "file_verified": true });
        assert_eq!(got[format!("put {name}")], how(true), "{got}");
        // What is there already is told by its digest.
        assert_eq!(got[format!("again {name}")], how(false), "{got}");
        assert_eq!(got[format!("get {name}")], how(true), "{got}");
        e2e::matrix::compared("netmiko", "device scp put", content, &bench.flash(&name));
        e2e::matrix::compared(
            "netmiko",
            "device scp get",
            content,
            &home.path().join(format!("{name}.back")),
        );
    }
}

#[test]
fn netmiko_does_the_same_over_ssh() {
    // Its paramiko has left out what older releases offer.
    netmiko_works("cisco_ios", |device| {
        let lines = crate::ssh::lines(&device, transport::ssh::Ios::Xe17);
        (lines.address().port(), move || drop(lines))
    });
}

/// Does it on a line that `listen` opens; what that gives ends the line.
fn netmiko_works<E: FnOnce()>(kind: &str, listen: impl FnOnce(std::sync::Arc<device::Device>) -> (u16, E)) {
    // A program that comes with the library: the interpreter beside it has it.
    let Some(netmiko) = Peer::find("netmiko", "netmiko-show") else { return };
    let lab = Lab::new();
    let octets = image(NEW_VERSION, SIZE);
    lab.serve(NEW, octets.clone());
    lab.bench.startup(&format!(
        "version 15.1\nenable secret cisco\nusername jeremy secret ccna\nline vty 0 4\n login local\n{R1}"
    ));
    let device = lab.bench.device();
    device.power_on();
    let (port, end) = listen(device);
    let python = netmiko.path().with_file_name("python3");
    let mut python = std::process::Command::new(python);
    python.args(["-c", NETMIKO, &port.to_string(), NEW, kind]).stdin(Stdio::null());
    let ran = python.output().expect("python starts");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}");
    end();
    let got: serde_json::Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    let text = |name: &str| got[name].as_str().unwrap_or_default().to_owned();
    assert_eq!((text("user"), text("privileged")), ("R1>".into(), "R1#".into()));
    assert!(text("version").starts_with("Cisco IOS Software, C2900 Software"), "{}", text("version"));
    assert!(text("config").contains("R1(config-if)#description by netmiko\n"), "{}", text("config"));
    let ranged = text("ranged");
    for prompt in ["R1(config-if-range)#bandwidth 500\n", "R1(config-subif)#encapsulation dot1Q 10\n"] {
        assert!(ranged.contains(prompt), "{ranged}");
    }
    assert!(ranged.contains("Interface GigabitEthernet0/2 set to default configuration"), "{ranged}");
    let saved = lab.bench.saved();
    let blocks = [
        "interface Loopback5\n ip address 10.255.0.5",
        "interface GigabitEthernet0/1.10\n encapsulation dot1Q 10\n",
    ];
    assert!(blocks.iter().all(|block| saved.contains(block)), "{saved}");
    assert_eq!(saved.matches(" bandwidth 500\n").count(), 1, "{saved}");
    assert!(text("saved").contains("[OK]"), "{}", text("saved"));
    assert!(lab.bench.saved().contains("\n description by netmiko\n"));
    assert!(text("copied").contains(&format!("[OK - {SIZE} bytes]")), "{}", text("copied"));
    assert!(
        text("dir").contains(&format!("  {SIZE}  ")) && text("dir").contains("  new.bin"),
        "{}",
        text("dir")
    );
    assert_eq!(std::fs::read(lab.bench.flash("new.bin")).expect("copied"), octets);
    let md5 = device::image::md5(&store::Blob::Memory(octets.into())).expect("in memory");
    assert!(text("md5").ends_with(&format!("verify /md5 (flash:new.bin) = {md5}")), "{}", text("md5"));
}
