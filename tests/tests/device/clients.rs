//! The libraries of people who automate such devices, over Telnet and SSH.

use crate::bench::{NEW, NEW_VERSION, R1, SIZE, image};
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
