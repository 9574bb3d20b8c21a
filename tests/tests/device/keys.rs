//! RSA keys: made, taken away and saved, and what clients see of it.

use crate::bench::{Bench, Person, R1};
use crate::models::Model;
use std::net::SocketAddr;
use std::time::Duration;
use transport::ssh::Ios;

/// R1 with lines of SSH, somebody enabled at its console.
fn r1(bench: &Bench) -> (Person, device::SshLines) {
    bench.startup(&format!("version 15.1\nip domain name lab.example\n{R1}"));
    let p = bench.enabled();
    let lines = crate::ssh::lines(&p.device, Ios::Xe17);
    (p, lines)
}

/// The key that SSH shows, as a client has it; `None`: nobody is let near.
fn shown(at: SocketAddr) -> Option<String> {
    let home = e2e::scratch();
    let mut c = e2e::towline::command();
    c.args(["ls", &format!("sftp://bob:x@{at}/"), "--host-key", "accept-new"]);
    c.env("HOME", home.path()).env("XDG_STATE_HOME", home.path().join("state")).env_remove("SSH_AUTH_SOCK");
    let ended = e2e::process::Process::start(&mut c).wait(Duration::from_secs(60));
    let known = std::fs::read_to_string(home.path().join("state/towline/known_hosts"));
    assert_eq!(known.is_err(), ended.code() != 4, "it is met, and refuses who comes: {ended:?}");
    known.ok().and_then(|line| line.split_whitespace().nth(2).map(str::to_owned))
}

#[test]
fn a_key_is_made_in_the_place_of_another_and_ssh_shows_it() {
    let bench = Bench::r1();
    let (mut p, lines) = r1(&bench);
    let at = lines.address();
    let first = shown(at).expect("it has a key");
    p.run("configure terminal");
    p.answer("crypto key generate rsa", "% Do you really want to replace them? [yes/no]: ");
    assert!(p.screen().contains("% You already have RSA keys defined named R1.lab.example.\n"));
    p.keys("no\r");
    p.until("R1(config)#");
    assert_eq!(shown(at).as_ref(), Some(&first), "nothing has happened");
    p.answer("crypto key generate rsa", "[yes/no]: ");
    p.keys("yes\r");
    let said = p.until("How many bits in the modulus [512]: ");
    assert_eq!(
        said,
        "yes\nChoose the size of the key modulus in the range of 360 to 4096 for your\n  General Purpose Keys. \
         Choosing a key modulus greater than 512 may take\n  a few minutes.\n\nHow many bits in the modulus [512]: "
    );
    p.until("%SSH-5-DISABLED: SSH 2.0 has been disabled");
    assert_eq!(shown(at), None, "there is no key");
    p.keys("359\r");
    p.until("% A decimal number between 360 and 4096.\r\nHow many bits in the modulus [512]: ");
    p.keys("1024\r");
    let said = p.until("R1(config)#");
    let made =
        "1024\n% Generating 1024 bit RSA keys, keys will be non-exportable...\n[OK] (elapsed time was ";
    assert!(said.starts_with(made), "{said}");
    p.until("%SSH-5-ENABLED: SSH 2.0 has been enabled");
    let second = shown(at).expect("it has one again");
    assert_ne!(first, second);
    p.run("end");
    let listed = p.run("show crypto key mypubkey rsa");
    let pairs = ios_cli::text::crypto_key::parse(&listed).expect("read");
    assert_eq!(
        (pairs.len(), pairs[0].name.as_str(), pairs[0].data.len()),
        (1, "R1.lab.example", 162),
        "{listed}"
    );
    let known = "\n Storage Device: not specified\n Usage: General Purpose Key\n Key is not exportable.";
    assert!(listed.contains(known), "{listed}");
    let ssh = p.run("show ip ssh").replace('\n', "");
    assert!(ssh.starts_with("SSH Enabled - version 2.0") && ssh.contains(&second), "{ssh}");
    assert_eq!(p.run("show running-config | include crypto|PRIVATE"), "", "keys are no lines");
    // What was not saved is not there after a restart, and what was is.
    p.device.power_cycle();
    p.started();
    assert_eq!(shown(at).as_ref(), Some(&first));
    p.run("configure terminal");
    let said = p.run("crypto key generate rsa modulus 1024");
    let replaced = "% You already have RSA keys defined named R1.lab.example.\n% They will be replaced.\n\n\
                    % The key modulus size is 1024 bits\n% Generating 1024 bit RSA keys";
    assert!(said.starts_with(replaced), "{said}");
    p.run("end");
    p.run("write memory");
    let third = shown(at).expect("it has a key");
    p.device.power_cycle();
    p.started();
    assert_eq!(shown(at).as_ref(), Some(&third));
    drop(lines);
    drop(p.leave());
    // Another process finds it too, and nobody else does.
    use std::os::unix::fs::PermissionsExt;
    let file = std::fs::metadata(bench.dir.path().join("keys")).expect("kept");
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
    let p = bench.enabled();
    let lines = crate::ssh::lines(&p.device, Ios::Xe17);
    assert_eq!(shown(lines.address()), Some(third));
}

#[test]
fn without_keys_nobody_comes_in_and_their_names_count() {
    let bench = Bench::r1();
    let (mut p, lines) = r1(&bench);
    let at = lines.address();
    p.run("configure terminal");
    p.answer("crypto key zeroize rsa", "Do you really want to remove these keys? [yes/no]: ");
    assert!(p.screen().contains(
        "% All RSA keys will be removed.\n% All router certs issued using these keys will also be removed.\n"
    ));
    p.keys("yes\r");
    p.until("R1(config)#");
    p.until("%SSH-5-DISABLED: SSH 2.0 has been disabled");
    assert_eq!(shown(at), None);
    assert_eq!(p.run("crypto key zeroize rsa"), "% No Signature RSA Keys found in configuration.\n");
    assert!(p.run("do show ip ssh").starts_with("SSH Disabled - version 1.99\n%Please create RSA keys"));
    // One that is too small for version 2.
    let said = p.run("crypto key generate rsa modulus 512 label SMALL");
    assert!(
        said.starts_with("The name for the keys will be: SMALL\n\n% The key modulus size is 512 bits\n"),
        "{said}"
    );
    assert_eq!(shown(at), None);
    p.answer("crypto key zeroize rsa SMALL", "[yes/no]: ");
    p.keys("yes\r");
    p.until("R1(config)#");
    p.run("crypto key generate rsa general-keys label ONE modulus 1024");
    p.until("%SSH-5-ENABLED");
    let one = shown(at).expect("a key");
    p.run("crypto key generate rsa label TWO modulus 1024");
    assert_eq!(shown(at).as_ref(), Some(&one), "the first goes on");
    p.run("ip ssh rsa keypair-name TWO");
    let two = shown(at).expect("a key");
    assert_ne!(one, two);
    p.answer("crypto key zeroize rsa TWO", "[yes/no]: ");
    assert!(p.screen().contains("% Keys to be removed are named 'TWO'.\n"));
    p.keys("yes\r");
    p.until("%SSH-5-DISABLED");
    p.run("no ip domain name lab.example");
    assert_eq!(p.run("crypto key generate rsa"), "% Please define a domain-name first.\n");
    p.keys("no hostname\r");
    p.until("Router(config)#");
    p.answer("crypto key generate rsa modulus 1024", "% Please define a hostname other than Router.");
}

#[test]
fn releases_ask_for_keys_and_show_them_each_in_its_way() {
    for (name, asked, shown) in [
        ("c3640", "How many bits in the modulus [512]: ", " Usage: General Purpose Key\n Key Data:\n"),
        ("c9300", "How many bits in the modulus [1024]: ", " Storage Device: private-config\n"),
    ] {
        let mut p = Model::of(name).lab.bench.enabled();
        p.run("configure terminal");
        p.run("ip domain name lab.example");
        p.answer("crypto key generate rsa", asked);
        p.keys("\u{3}");
        p.until("R1(config)#");
        p.run("crypto key generate rsa modulus 1024");
        p.run("end");
        let listed = p.run("show crypto key mypubkey rsa");
        assert!(listed.contains(shown) && listed.contains("Key name: R1.lab.example\n"), "{name}: {listed}");
        assert!(p.run("show ip ssh").starts_with("SSH Enabled - version 2.0\n"), "{name}");
    }
}
