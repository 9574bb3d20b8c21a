//! FakeNOS, a network of pretended devices over SSH: as it is, and with the texts of a real device in its mouth.

use crate::asked::{SECRET, events, text, towline};
use e2e::matrix::compared_streams;
use e2e::peers::Peer;
use e2e::ports::Port;
use e2e::process::Process;
use serde_json::{Value, json};
use std::fs::File;

/// A host of it, and how it is named.
fn host(name: &str, commands: &Value) -> Option<(Process, String, Port)> {
    let peer = Peer::double("fakenos")?;
    let port = Port::take();
    let mut c = peer.command();
    c.arg(e2e::root().join("tests/peers/fakenos/host.py")).arg(port.number.to_string());
    let mut host = Process::start(c.args([name, SECRET]).arg(commands.to_string()));
    host.wait_for("that it listens", |said| said.out.iter().any(|line| line == "it listens").then_some(()));
    let place = format!("admin@127.0.0.1:{}", port.number);
    Some((host, place, port))
}

#[test]
fn what_it_says_of_itself_is_no_device_and_what_it_does_not_know_is_refused_in_words() {
    let Some((_host, place, _port)) = host("R9", &json!({})) else { return };
    let home = e2e::scratch();
    let ended = towline(home.path(), SECRET, &["facts", "--host-key", "accept-new", &place]);
    // Its first lines are broken where no device breaks them.
    let why = "what it says to 'show version' was not understood: expected 'Cisco IOS Software, NAME (IMAGE), Version …'";
    assert!(ended.code() != 0 && ended.err.contains(why), "{ended:?}");
    let ended = towline(home.path(), "wrong", &["facts", "--host-key", "accept-new", &place]);
    assert!(ended.code() == 4 && ended.err.contains("login refused"), "{ended:?}");
    std::fs::write(home.path().join("c2900-universalk9-mz.SPA.155-3.M4a.bin"), [7; 1_000]).expect("written");
    let plan =
        ["upgrade", "plan", "--host-key", "accept-new", "--image", "c2900-universalk9-mz.SPA.155-3.M4a.bin"];
    let ended = towline(home.path(), SECRET, &[&plan[..], &[&place]].concat());
    assert!(ended.code() != 0 && ended.err.contains(why), "{ended:?}");
}

#[test]
fn with_the_texts_of_a_router_it_is_one() {
    let configuration = text("show_running-config_c2811.txt");
    let mut says = json!({
        "show version": text("show_version_c2811.txt"),
        "show bootvar": text("show_bootvar_asr1k.txt"),
        "dir flash:": text("dir_iosv.txt"),
        "show running-config": configuration,
        "show startup-config": configuration,
    });
    let Some((_host, place, _port)) = host("rtr2811", &says) else { return };
    let home = e2e::scratch();
    let known = ["--host-key", "accept-new"];
    let ended = towline(home.path(), SECRET, &[&["facts", "--json"], &known[..], &[&place]].concat());
    assert_eq!(ended.code(), 0, "{ended:?}");
    let facts = &events(&ended, "facts")[0];
    for (name, right) in [
        ("hostname", json!("rtr2811")),
        ("model", json!("2811")),
        ("serial", json!("FTX1316A0WK")),
        ("version", json!("15.1(3)T4")),
        ("register", json!("0x2102")),
        ("unsaved", json!("no")),
        ("free", json!(1_989_595_136_u64)),
    ] {
        assert_eq!(facts[name], right, "{name}: {facts}");
    }
    assert!(facts.get("reload").is_none(), "it does not know 'show reload': {facts}");
    let ended = towline(home.path(), SECRET, &[&["backup", "--to", "kept"], &known[..], &[&place]].concat());
    assert_eq!(ended.code(), 0, "{ended:?}");
    let kept = File::open(home.path().join("kept/rtr2811.cfg")).expect("there");
    let (_, whole) = configuration.split_once(" bytes\n").expect("a head");
    compared_streams("fakenos", "our backup", kept, whole.as_bytes());
    // What runs is not what is saved.
    says["show startup-config"] = json!(text("show_startup-config_c2811.txt"));
    let Some((_host, place, _port)) = host("rtr2811", &says) else { return };
    let image = "c2800nm-adventerprisek9_ivs_li-mz.151-4.M12.bin";
    std::fs::write(home.path().join(image), vec![7; 100_000]).expect("written");
    let plan = ["upgrade", "plan", "--json", "--image", image];
    let ended = towline(home.path(), SECRET, &[&plan[..], &known, &[&place]].concat());
    let planned = &events(&ended, "planned")[0];
    assert_eq!(planned["state"], "blocked", "{planned}");
    for block in ["running-image", "boot-variable", "unsaved"] {
        assert!(planned["blocks"].to_string().contains(block), "{block}: {planned}");
    }
}
