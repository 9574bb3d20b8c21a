//! The device's SSH as clients meet it: what it offers, whom it refuses, what it runs.

use crate::bench::{Bench, R1};
use device::{Device, SshLines};
use e2e::peers::Peer;
use e2e::process::Ended;
use e2e::ssh_clients::{self, Typed};
use std::net::{SocketAddr, TcpListener};
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
    SshLines::start(device, listener, key.clone(), ios).expect("threads")
}

/// R1, running, where bob has privilege 15.
fn device() -> (Bench, Arc<Device>) {
    let bench = Bench::r1();
    bench.startup(&format!("version 15.5\nusername bob privilege 15 secret {}\n{R1}", e2e::battery::USER.1));
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
    arguments.extend(["-p".into(), at.port().to_string(), "-l".into(), "bob".into(), at.ip().to_string()]);
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
