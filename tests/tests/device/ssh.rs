//! The device's SSH as clients meet it: what it offers, whom it refuses, what it runs.

use crate::bench::{Bench, R1};
use device::{Device, Rack, SshLines};
use e2e::peers::Peer;
use e2e::process::Ended;
use e2e::ssh_clients::{self, Typed};
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use transport::ssh::{Ios, Offer, PrivateKey, client};

/// Lines of the device on a free port.
pub(crate) fn lines(device: &Arc<Device>, ios: Ios) -> SshLines {
    // RSA takes its time: one for all tests.
    static KEY: OnceLock<PrivateKey> = OnceLock::new();
    let key = KEY.get_or_init(|| {
        let [_, _, rsa] = PrivateKey::of_host().expect("there is randomness");
        rsa
    });
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    SshLines::start(Rack::one(device.clone(), ios), listener, key.clone()).expect("threads")
}

/// R1, running, where bob has privilege 15.
fn device() -> (Bench, Arc<Device>) {
    let bench = Bench::r1();
    bench.startup(&format!("version 15.1\nusername bob privilege 15 secret {}\n{R1}", e2e::battery::USER.1));
    let device = bench.device();
    device.power_on();
    (bench, device)
}

/// What a server says first, to the letter.
fn first_words(at: SocketAddr) -> (String, Offer) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut stream = tokio::net::TcpStream::connect(at).await.expect("it listens");
        let patience = Duration::from_secs(60);
        let greeting = client::greet(&mut stream, "SSH-2.0-looker", patience).await.expect("it speaks");
        let hello = greeting.hello.expect("SSH");
        (String::from_utf8(hello.ident).expect("ASCII"), hello.offer.expect("an offer"))
    })
}

#[test]
fn each_generation_offers_its_names_in_its_order_and_no_other() {
    let (_bench, device) = device();
    let gex = "diffie-hellman-group-exchange-sha1,diffie-hellman-group14-sha1";
    let with_group1 = format!("{gex},diffie-hellman-group1-sha1");
    let (ctr, cbc) = ("aes128-ctr,aes192-ctr,aes256-ctr", "aes128-cbc,3des-cbc,aes192-cbc,aes256-cbc");
    let both = format!("{ctr},{cbc}");
    let new = "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,\
               ecdh-sha2-nistp521,diffie-hellman-group14-sha256,diffie-hellman-group16-sha512";
    let gcm = format!("chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,aes256-gcm@openssh.com,{ctr}");
    let etm = "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com";
    for (ios, kex, keys, ciphers, macs) in [
        (Ios::Xe17, new, "rsa-sha2-512,rsa-sha2-256", gcm.as_str(), etm),
        (Ios::V15_5, gex, "ssh-rsa", ctr, "hmac-sha2-256,hmac-sha2-512,hmac-sha1"),
        (Ios::V15_2, &with_group1, "ssh-rsa", &both, "hmac-sha1"),
        (Ios::V12_4, &with_group1, "ssh-rsa", cbc, "hmac-sha1"),
    ] {
        let lines = lines(&device, ios);
        let (ident, offer) = first_words(lines.address());
        let names = |list: &str| list.split(',').map(str::to_owned).collect::<Vec<_>>();
        let twice = |list: &str| [names(list), names(list)];
        let expected = Offer {
            key_exchanges: names(kex),
            host_keys: names(keys),
            ciphers: twice(ciphers),
            macs: twice(macs),
            compressions: twice("none"),
        };
        assert_eq!((ident.trim_end(), offer), ("SSH-2.0-Cisco-1.25", expected), "{ios}");
    }
}

/// Runs the stock ssh as bob with these options. `None`: skipped.
fn ssh(at: SocketAddr, options: &[&str], command: &[&str]) -> Option<Ended> {
    let peer = Peer::find("openssh", "ssh")?;
    let home = e2e::scratch();
    let mut arguments = ssh_clients::openssh(home.path());
    // What it says of an offer is no error to it.
    let options = [&["LogLevel=INFO"], options].concat();
    let said = options.iter().flat_map(|option| [String::from("-o"), (*option).to_owned()]);
    // The first that is said of an option counts.
    arguments.splice(0..0, said);
    arguments
        .extend(["-o", "User=bob", "-p", &at.port().to_string(), &at.ip().to_string()].map(str::to_owned));
    arguments.extend(command.iter().map(|word| (*word).to_owned()));
    Some(ssh_clients::run(&peer, &Typed { arguments, script: String::new() }, home.path()))
}

/// What people tell a stock ssh for such devices.
const GROUP14: &str = "KexAlgorithms=+diffie-hellman-group14-sha1";
const RSA: &str = "HostKeyAlgorithms=+ssh-rsa";

#[test]
fn a_stock_ssh_refuses_the_device_as_it_does_a_router() {
    let (_bench, device) = device();
    let recent = lines(&device, Ios::V15_5);
    let old = lines(&device, Ios::V12_4);
    let gex = "diffie-hellman-group-exchange-sha1,diffie-hellman-group14-sha1";
    let no_kex = |more| format!("no matching key exchange method found. Their offer: {gex}{more}\r\n");
    let no_key = "no matching host key type found. Their offer: ssh-rsa\r\n";
    let no_cipher = "no matching cipher found. Their offer: aes128-cbc,3des-cbc,aes192-cbc,aes256-cbc\r\n";
    for (lines, options, says) in [
        (&recent, &[][..], no_kex("").as_str()),
        (&recent, &[GROUP14], no_key),
        (&old, &[], &no_kex(",diffie-hellman-group1-sha1")),
        (&old, &[GROUP14], no_key),
        (&old, &[GROUP14, RSA], no_cipher),
    ] {
        let Some(ended) = ssh(lines.address(), options, &["show", "version"]) else { return };
        assert_eq!(ended.code(), 255, "{options:?} {ended:?}");
        assert!(ended.err.starts_with("Unable to negotiate with 127.0.0.1 port "), "{options:?} {ended:?}");
        assert!(ended.err.ends_with(says), "{options:?} {ended:?}");
    }
}

/// The options with which each generation is reached by a stock ssh.
const REACHED: [(Ios, &[&str]); 4] = [
    (Ios::Xe17, &[]),
    (Ios::V15_5, &[GROUP14, RSA]),
    (Ios::V15_2, &["KexAlgorithms=diffie-hellman-group-exchange-sha1", RSA, "Ciphers=aes192-ctr"]),
    (Ios::V12_4, &["KexAlgorithms=diffie-hellman-group1-sha1", RSA, "Ciphers=3des-cbc", "MACs=hmac-sha1"]),
];

#[test]
fn a_command_is_run_without_prompt_echo_and_pages_over_each_generation() {
    let (_bench, device) = device();
    for (ios, options) in REACHED {
        let lines = lines(&device, ios);
        let Some(ended) = ssh(lines.address(), options, &["show", "version"]) else { return };
        assert_eq!(ended.code(), 0, "{ios} {ended:?}");
        assert!(ended.out.starts_with("\r\nCisco IOS Software, C2900 Software"), "{ios} {ended:?}");
        assert!(ended.out.ends_with("Configuration register is 0x2102\r\n\r\n"), "{ios} {ended:?}");
        assert!(ended.out.lines().count() > 24, "longer than a page: {ended:?}");
        for never in ["--More--", "R1#", "show version"] {
            assert!(!ended.out.contains(never), "{ios}: {never} in {ended:?}");
        }
    }
}

#[test]
fn a_command_is_run_at_the_user_s_privilege_and_a_wrong_one_is_an_autocommand() {
    let (bench, device) = device();
    let text = bench.saved().replace("username bob privilege 15", "username bob");
    bench.startup(&format!("banner motd ^C hands off ^C\n{text}"));
    device.power_cycle();
    device.power_on();
    let lines = lines(&device, Ios::Xe17);
    let Some(ended) = ssh(lines.address(), &[], &["show", "privilege"]) else { return };
    assert_eq!((ended.code(), ended.out.as_str()), (0, "\r\nCurrent privilege level is 1\r\n"), "{ended:?}");
    for (line, says) in [
        ("show running-config", "Line has invalid autocommand \"show running-config\""),
        ("frobnicate", "Line has invalid autocommand \"frobnicate\""),
        ("show", "% Incomplete command."),
        ("show ip interface brief | include Gig.*0/0", "GigabitEthernet0/0         10.0.0.2"),
    ] {
        let ended = ssh(lines.address(), &[], &[line]).expect("it is there");
        assert_eq!(ended.code(), 0, "{line}: {ended:?}");
        assert!(ended.out.starts_with(&format!("\r\n{says}")), "{line}: {ended:?}");
    }
    // No subsystem is there.
    let ended = ssh(lines.address(), &["LogLevel=ERROR"], &["-s", "sftp"]).expect("it is there");
    assert_ne!(ended.code(), 0, "{ended:?}");
}

#[test]
fn the_login_banner_comes_before_the_password_and_the_exec_banner_in_the_shell() {
    let (bench, device) = device();
    let text = bench.saved();
    bench.startup(&format!("banner login ^COnly staff\nand guests^C\nbanner exec ^CWelcome^C\n{text}"));
    device.power_cycle();
    device.power_on();
    let lines = lines(&device, Ios::Xe17);
    let Some(ended) = ssh(lines.address(), &[], &["show", "privilege"]) else { return };
    // A command has neither in its output.
    assert_eq!(ended.out, "\r\nCurrent privilege level is 15\r\n", "{ended:?}");
    assert!(ended.err.replace('\r', "").contains("Only staff\nand guests\n"), "{ended:?}");
    // A shell, whose input is over at once.
    let ended = ssh(lines.address(), &[], &[]).expect("it is there");
    assert!(ended.err.contains("Only staff") && !ended.out.contains("Only staff"), "{ended:?}");
    assert!(ended.out.contains("Welcome"), "{ended:?}");
}

/// Somebody connects, and gets so far: our name, or nothing.
fn connects(at: SocketAddr) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(at).expect("it listens");
    let mut name = String::new();
    // Cut off at once it is an error or an end.
    let _ = BufReader::new(&mut stream).read_line(&mut name);
    (stream, name.trim_end().to_owned())
}

#[test]
fn a_connection_has_a_line_and_who_comes_when_none_is_free_is_not_even_told_our_name() {
    let (_bench, device) = device();
    let lines = lines(&device, Ios::Xe17);
    let mut sitting: Vec<_> = (0..device.profile().vty_lines).map(|_| connects(lines.address())).collect();
    assert!(sitting.iter().all(|(_, name)| name == "SSH-2.0-Cisco-1.25"), "{sitting:?}");
    assert_eq!(connects(lines.address()).1, "");
    if let Some(ended) = ssh(lines.address(), &[], &["show", "users"]) {
        assert_eq!((ended.code(), ended.out.as_str()), (255, ""), "{ended:?}");
    }
    // The third leaves, and the next who comes has vty 2.
    drop(sitting.remove(2));
    let free = || (!connects(lines.address()).1.is_empty()).then_some(());
    e2e::poll::until(e2e::poll::PATIENCE, free).expect("a line is free");
    let shown = || {
        ssh(lines.address(), &[], &["show", "users"])
            .is_none_or(|ended| {
                let own = "*390 vty 2     bob        idle                 00:00:00 127.0.0.1\r\n";
                ended.out.contains(own)
            })
            .then_some(())
    };
    e2e::poll::until(e2e::poll::PATIENCE, shown).expect("bob has it");
}

/// One connection, one command: what libraries get. Their way to run a command, with the port behind it.
fn run_by_library(name: &'static str, script: &str, port: u16) -> Option<Vec<serde_json::Value>> {
    let mut python = Peer::python(name)?.command();
    python.args(["-c", script, &port.to_string(), e2e::battery::USER.1]).stdin(std::process::Stdio::null());
    let ran = python.output().expect("python starts");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    Some(serde_json::from_slice(&ran.stdout).expect("JSON"))
}

const PARAMIKO: &str = r#"
import json, sys, paramiko
c = paramiko.SSHClient()
c.set_missing_host_key_policy(paramiko.AutoAddPolicy())
c.connect("127.0.0.1", int(sys.argv[1]), "bob", sys.argv[2], look_for_keys=False, allow_agent=False)
_, out, _ = c.exec_command("show ip interface brief")
text = out.read().decode()
got = [text, out.channel.recv_exit_status()]
try:
    c.exec_command("show clock", timeout=60)
    got.append("run")
except Exception:
    got.append("refused")
print(json.dumps(got))
c.close()
"#;

const ASYNCSSH: &str = r#"
import asyncio, asyncssh, json, sys
async def main():
    at = dict(host="127.0.0.1", port=int(sys.argv[1]), username="bob", password=sys.argv[2], known_hosts=None,
              config=None, client_keys=None, agent_path=None, kex_algs=["diffie-hellman-group14-sha1"],
              server_host_key_algs=["ssh-rsa"], encryption_algs=["aes256-ctr"], mac_algs=["hmac-sha1"])
    async with asyncssh.connect(**at) as c:
        ran = await c.run("show ip interface brief")
        got = [ran.stdout, ran.exit_status]
        try:
            await c.run("show clock")
            got.append("run")
        except Exception:
            got.append("refused")
    print(json.dumps(got))
asyncio.run(main())
"#;

#[test]
fn libraries_run_one_command_on_a_connection() {
    let (_bench, device) = device();
    for (ios, name, script) in [(Ios::Xe17, "paramiko", PARAMIKO), (Ios::V15_5, "asyncssh", ASYNCSSH)] {
        let lines = lines(&device, ios);
        let Some(got) = run_by_library(name, script, lines.address().port()) else { return };
        let text = got[0].as_str().expect("text");
        assert!(text.starts_with("\r\nInterface                  IP-Address      OK? Method"), "{text:?}");
        assert!(text.contains("GigabitEthernet0/0         10.0.0.2"), "{text:?}");
        assert_eq!(got[1..], [serde_json::json!(0), serde_json::json!("refused")], "{got:?}");
    }
}

/// A command that asks, answered on its input; then a shell whose input ends behind its last line.
const INPUT: &str = r#"
import json, sys, paramiko
def session():
    c = paramiko.SSHClient()
    c.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    c.connect("127.0.0.1", int(sys.argv[1]), "bob", sys.argv[2], look_for_keys=False, allow_agent=False)
    return c, c.get_transport().open_session(timeout=60)
def rest(channel):
    channel.settimeout(60)
    text = b""
    while piece := channel.recv(4096):
        text += piece
    return text.decode()
c, channel = session()
channel.exec_command("copy running-config startup-config")
channel.sendall(b"\r")
channel.shutdown_write()
got = [rest(channel)]
c, channel = session()
channel.invoke_shell()
channel.sendall(b"terminal length 0\rshow privilege\rshow version\r")
channel.shutdown_write()
got.append(rest(channel))
print(json.dumps(got))
"#;

#[test]
fn the_end_of_input_ends_a_shell_behind_its_last_line_and_no_command() {
    let (bench, device) = device();
    let before = bench.saved();
    let lines = lines(&device, Ios::Xe17);
    let Some(got) = run_by_library("paramiko", INPUT, lines.address().port()) else { return };
    let [copied, shell] = &got[..] else { panic!("{got:?}") };
    let copied = copied.as_str().expect("text");
    assert!(copied.starts_with("\r\nDestination filename [startup-config]? \r\n"), "{copied:?}");
    assert!(copied.contains("[OK]"), "{copied:?}");
    assert_ne!(bench.saved(), before);
    let shell = shell.as_str().expect("text");
    assert!(shell.contains("R1#show privilege\r\nCurrent privilege level is 15\r\n"), "{shell:?}");
    assert!(shell.contains("Configuration register is 0x2102\r\n\r\nR1#"), "{shell:?}");
}

#[test]
fn what_is_configured_of_ssh_is_shown_obeyed_and_saved() {
    let (_bench, device) = device();
    let lines = lines(&device, Ios::V15_5);
    let options = [GROUP14, RSA];
    let run = |line: &str| ssh(lines.address(), &options, &[line]);
    let Some(shown) = run("show ip ssh") else { return };
    let head = "\r\nSSH Enabled - version 2.0\r\n\
                Authentication methods:publickey,keyboard-interactive,password\r\n\
                Hostkey Algorithms:ssh-rsa\r\n\
                Encryption Algorithms:aes128-ctr,aes192-ctr,aes256-ctr\r\n\
                MAC Algorithms:hmac-sha2-256,hmac-sha2-512,hmac-sha1\r\n\
                KEX Algorithms:diffie-hellman-group-exchange-sha1,diffie-hellman-group14-sha1\r\n\
                Authentication timeout: 120 secs; Authentication retries: 3\r\n\
                Minimum expected Diffie Hellman key size : 2048 bits\r\n\
                IOS Keys in SECSH format(ssh-rsa, base64 encoded): R1\r\nssh-rsa AAAAB3NzaC1yc2E";
    assert!(shown.out.starts_with(head), "{shown:?}");
    let row = "0          2.0     IN   aes128-ctr  hmac-sha2-256 Session started       bob\r\n";
    let shown = run("show ssh").expect("it is there");
    assert!(shown.out.contains(row) && shown.out.contains(&row.replace("IN ", "OUT")), "{shown:?}");
    // Others have done it at the console.
    let mut p = crate::bench::Person::at(Arc::clone(&device));
    p.keys("\r");
    p.until("R1#");
    p.run("configure terminal");
    p.run("ip ssh time-out 1");
    p.run("ip ssh authentication-retries 1");
    assert!(p.run("ip ssh time-out 121").contains("% Invalid input"));
    p.run("end");
    let text = p.run("show running-config | include ip ssh");
    assert!(text.contains("ip ssh time-out 1\nip ssh authentication-retries 1\n"), "{text}");
    assert!(p.run("show ip ssh").contains("Authentication timeout: 1 secs; Authentication retries: 1\n"));
    // Who says nothing is cut off, long before two minutes.
    let (mut silent, name) = connects(lines.address());
    assert_eq!(name, "SSH-2.0-Cisco-1.25");
    silent.set_read_timeout(Some(Duration::from_secs(60))).expect("it is ours");
    std::io::copy(&mut silent, &mut std::io::sink()).expect("it is over within a minute");
}

#[test]
fn without_a_server_of_it_ssh_is_disabled() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    assert!(p.run("show ip ssh").starts_with("SSH Disabled - version 1.99\n%Please create RSA keys"));
    assert_eq!(
        p.run("show ssh"),
        "%No SSHv2 server connections running.\n%No SSHv1 server connections running.\n"
    );
}

#[test]
fn who_comes_before_ios_runs_is_answered_when_it_does() {
    let bench = Bench::r1();
    let device = bench.device();
    let lines = lines(&device, Ios::V15_5);
    let (at, early) = (lines.address(), TcpStream::connect(lines.address()).expect("it listens"));
    device.power_on();
    let mut name = String::new();
    BufReader::new(early).read_line(&mut name).expect("it speaks");
    assert_eq!((name.trim_end(), connects(at).1.as_str()), ("SSH-2.0-Cisco-1.25", "SSH-2.0-Cisco-1.25"));
}

#[test]
fn a_connection_has_the_tries_that_are_configured_and_the_last_may_be_right() {
    let (bench, device) = device();
    bench.startup(&format!("ip ssh authentication-retries 1\n{}", bench.saved()));
    device.power_cycle();
    device.power_on();
    let lines = lines(&device, Ios::Xe17);
    let Some(right) = ssh(lines.address(), &[], &["show", "privilege"]) else { return };
    assert_eq!(right.code(), 0, "{right:?}");
    // A second way would be a second try.
    let options = ["User=eve", "PreferredAuthentications=password,keyboard-interactive"];
    let wrong = ssh(lines.address(), &options, &["show", "privilege"]).expect("it is there");
    assert!(wrong.code() == 255 && wrong.err.contains("Too many authentication attempts"), "{wrong:?}");
}
