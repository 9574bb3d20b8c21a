//! unicon's mock of devices (`mock_device_cli`) at a terminal behind Telnet, with its own data: what devices of many kinds printed,
//! how they are logged in to, what they ask. Where it has no `dir` and no boot variables those of others are added.

use crate::asked::{events, text, towline};
use crate::line::Line;
use client::Options;
use client::terminal::{Over, Place};
use e2e::matrix::compared_streams;
use e2e::peers::Peer;
use fleet::ios::{Fault, Login, Session, Texts, Trouble, Undone, Why, act};
use serde_json::{Map, Value, json};
use std::fs::File;
use upgrade::{Effect, Target};

/// Every user and password of its data.
const CISCO: &str = "cisco";

/// It, in a state of its data, with more commands of its states.
fn mock(system: &'static str, state: &str, more: Value) -> Option<Line> {
    let peer = Peer::double("unicon")?;
    let state = state.to_owned();
    Some(Line::program(move || {
        let mut c = peer.command();
        c.arg(e2e::root().join("tests/peers/unicon/mock.py")).args([system, &state]).arg(more.to_string());
        c
    }))
}

/// Commands of a state: each answered with a text of a real device.
fn says(state: &str, texts: &[(&str, &str)]) -> Value {
    let commands: Map<String, Value> =
        texts.iter().map(|(command, file)| ((*command).to_owned(), Value::from(text(file)))).collect();
    json!({ state: commands })
}

/// A state of its data, the one in which it is privileged, what is added to that, and facts of the device.
type Case<'a> = (&'static str, &'a str, &'a str, &'a [(&'a str, &'a str)], Value);

const BOOTVAR: (&str, &str) = ("show bootvar", "show_bootvar_asr1k.txt");
const CHASSIS: (&str, &str) = ("show bootvar", "show_boot_c9400.txt");

#[test]
fn devices_of_its_data_are_logged_in_to_and_read() {
    let cases: [Case<'_>; 14] = [
        (
            "ios",
            "login",
            "enable",
            &[BOOTVAR, ("dir disk2:", "dir_iosv.txt")],
            json!({"model": "7206VXR", "serial": "34579393", "version": "15.0(20100325:222114)",
                "image": "disk2:image-si-ats-7200-28-34", "uptime_minutes": 73_491, "register": "0x0000",
                "memory": 1_006_632_960_u64, "free": 1_989_595_136_u64, "mode": "bundle"}),
        ),
        (
            "iosxe",
            "c9k_exec2",
            "enable_c9k2",
            &[CHASSIS, ("dir bootflash:", "dir_c3850.txt")],
            json!({"model": "C9410R", "serial": "FXS2248Q2SG", "version": "16.12.03a", "mode": "install",
                "image": "bootflash:packages.conf", "register": "0x0102", "manual_boot": "no"}),
        ),
        (
            "iosxe",
            "asr_exec",
            "enable_asr",
            &[BOOTVAR, ("dir harddisk:", "dir_csr1000v.txt")],
            json!({"model": "ASR1006", "serial": null, "register": "0x0001", "uptime_minutes": 76,
                "image": "harddisk:/asr_image.issu-asr-lns"}),
        ),
        (
            "iosxe",
            "cat3k_exec",
            "enable_cat3k",
            &[("show boot", "show_boot_c3850.txt"), ("dir flash:", "dir_c3850.txt")],
            json!({"model": "WS-C3850-24P", "serial": "FCW1932C0QQ", "manual_boot": "yes", "free": 880_939_008_u64}),
        ),
        (
            "iosxe",
            "isr_exec",
            "enable_isr",
            &[BOOTVAR, ("dir bootflash:", "dir_csr1000v.txt")],
            json!({"model": "ISR4451-X/K9", "serial": "FTX1743ANAS", "version": "15.3(2)S1"}),
        ),
        (
            "iosxe",
            "c8kv_enable",
            "c8kv_enable",
            &[BOOTVAR, ("dir boot:", "dir_csr1000v.txt")],
            json!({"model": "C8000V", "serial": "9IRPW025PYC", "mode": "install", "register": "0x2102"}),
        ),
        (
            "iosxe",
            "ha_asr1k_enable",
            "ha_asr1k_enable",
            &[BOOTVAR, ("dir bootflash:", "dir_csr1000v.txt")],
            json!({"model": "ASR1009-X", "serial": "FXS2230Q31P"}),
        ),
        // A stack; its boot variables and members are in its data. It was booted over the network.
        (
            "iosxe",
            "stack_exec",
            "stack_enable",
            &[("dir", "dir_c3850.txt")],
            json!({"model": "WS-C3850-24P", "serial": "FCW1914C0JJ", "boot": ["flash:packages.conf"], "manual_boot": "yes"}),
        ),
        (
            "iosxe",
            "ha_cat9k_enable",
            "ha_cat9k_enable",
            &[BOOTVAR, ("dir bootflash:", "dir_csr1000v.txt")],
            json!({"model": "C9800-L-C-K9", "serial": "FCL24180011", "reason": "Image Install"}),
        ),
        // At a prompt in recovery mode, and in maintenance.
        (
            "iosxe",
            "ewlc_exec_recovery_mode",
            "ewlc_enable_recovery_mode",
            &[BOOTVAR, ("dir bootflash:", "dir_csr1000v.txt")],
            json!({"model": "C9800-CL", "serial": "9QJ0NRWISBJ"}),
        ),
        (
            "iosxe",
            "general_maintenance_mode",
            "general_maintenance_mode",
            &[BOOTVAR, ("dir harddisk:", "dir_csr1000v.txt")],
            json!({"model": "ASR1006", "hostname": "Router"}),
        ),
        (
            "iosxe",
            "sdwan_controller_mode_enable_1",
            "sdwan_controller_mode_enable_1",
            &[BOOTVAR, ("dir bootflash:", "dir_csr1000v.txt")],
            json!({"model": "C8530-12X4QC", "serial": "FLX273502YF"}),
        ),
        (
            "iosxe",
            "sdwan_controller_mode_enable_2",
            "sdwan_controller_mode_enable_2",
            &[BOOTVAR, ("dir bootflash:", "dir_csr1000v.txt")],
            json!({"model": "ISR1100-6G", "serial": "FGL2443LA48", "register": "0x1822"}),
        ),
        (
            "iosxe",
            "sdwan_controller_mode_enable_3",
            "sdwan_controller_mode_enable_3",
            &[BOOTVAR, ("dir bootflash:", "dir_csr1000v.txt")],
            json!({"model": "C1111-4P", "serial": "FGL2402LKX6"}),
        ),
    ];
    let mut lines = Vec::new();
    for (system, state, privileged, more, facts) in &cases {
        let Some(line) = mock(system, state, says(privileged, more)) else { return };
        lines.push((state, line, facts));
    }
    let home = e2e::scratch();
    let places: Vec<String> = lines.iter().map(|(_, line, _)| line.place(CISCO)).collect();
    let mut words = vec!["facts", "--json", "--parallel", "4"];
    words.extend(places.iter().map(String::as_str));
    let ended = towline(home.path(), CISCO, &words);
    let found = events(&ended, "facts");
    let mut wrong = Vec::new();
    for ((state, _, right), place) in lines.iter().zip(&places) {
        let Some(facts) = found.iter().find(|facts| facts["device"] == **place) else {
            wrong.push(format!("{state}: no facts"));
            continue;
        };
        for (name, right) in right.as_object().expect("facts") {
            if facts[name] != *right {
                wrong.push(format!("{state}: {name} is {}, not {right}", facts[name]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{ended:?}", wrong.join("\n"));
    assert_eq!(ended.code(), 0, "{ended:?}");
}

/// The ways to a prompt that are in its data: consoles that wait for Return, terminal servers, logins with and without a user.
#[test]
fn every_way_to_a_prompt_is_gone_and_those_that_are_none_are_told() {
    let home = e2e::scratch();
    let more = || says("enable", &[BOOTVAR, ("dir disk2:", "dir_iosv.txt")]);
    let mut good = Vec::new();
    for state in [
        "ios_connect_console_server",
        "ios_connect_console_server_with_uav",
        "ios_connect_console_server_with_username",
        "ios_connect_console_server_with_password",
        "press_return",
        "press_return_followed_by_console_log",
    ] {
        let Some(line) = mock("ios", state, more()) else { return };
        good.push((state, line));
    }
    let places: Vec<String> = good.iter().map(|(_, line)| line.place(CISCO)).collect();
    let mut words = vec!["facts", "--json", "--parallel", "6"];
    words.extend(places.iter().map(String::as_str));
    let ended = towline(home.path(), CISCO, &words);
    let found = events(&ended, "facts");
    for ((state, _), place) in good.iter().zip(&places) {
        assert!(found.iter().any(|facts| facts["device"] == **place), "{state}: {}", ended.err);
    }
    let mut bad = Vec::new();
    let refused = "it lets nobody in with what was given";
    for (state, why) in [
        ("ts_login", refused),
        ("password_retries", refused),
        ("console_test_enable_bad_secret", refused),
        ("custom_login", "it asks something that is not known, and got no answer: 'Identifier:'"),
        ("reload_data", "it has no configuration, and asks whether to make one"),
    ] {
        let Some(line) = mock("ios", state, more()) else { return };
        bad.push((state, why, line));
    }
    let places: Vec<String> = bad.iter().map(|(_, _, line)| line.place(CISCO)).collect();
    let mut words = vec!["facts", "--json", "--parallel", "6"];
    words.extend(places.iter().map(String::as_str));
    let ended = towline(home.path(), CISCO, &words);
    assert_eq!((events(&ended, "facts").len(), ended.code()), (0, 1), "{ended:?}");
    for ((state, why, _), place) in bad.iter().zip(&places) {
        let told = format!("{place}: ");
        let line = ended.err.lines().find(|line| line.contains(&told)).unwrap_or_default();
        assert!(line.contains(why), "{state}: {ended:?}");
    }
}

#[test]
fn its_configuration_is_backed_up_octet_for_octet() {
    let configuration = text("show_running-config_c2811.txt");
    let Some(line) = mock("ios", "login", json!({"enable": {"show running-config": configuration}})) else {
        return;
    };
    let home = e2e::scratch();
    let ended = towline(home.path(), CISCO, &["backup", &line.place(CISCO), "--to", "kept"]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    let kept = File::open(home.path().join("kept/Router.cfg")).expect("there");
    let (_, whole) = configuration.split_once(" bytes\n").expect("a head");
    compared_streams("unicon", "our backup", kept, whole.as_bytes());
}

/// What comes of an effect at a device in that state, which says more.
fn done(
    system: &'static str,
    state: &str,
    more: Value,
    effect: &Effect,
    name: &str,
) -> Option<Result<(), Undone>> {
    let line = mock(system, state, more)?;
    let some = || Some(CISCO.to_owned());
    let login = Login { user: some(), password: some(), enable: some() };
    let place = Place { over: Over::Telnet, user: some(), host: "127.0.0.1".into(), port: Some(line.port()) };
    let texts = Texts {
        version: text("show_version_c3945.txt"),
        boot: text("show_bootvar_asr1k.txt"),
        dir: text("dir_iosv.txt"),
        ..Texts::default()
    };
    let facts = texts.facts("Router").expect("facts");
    let target = Target {
        name: name.to_owned(),
        size: 613_363_720,
        md5: String::new(),
        platform: None,
        feature: None,
        version: None,
        damage: None,
    };
    let mut session = Some(Session::open(&place, login, &Options::default()).expect("a prompt"));
    Some(act(&mut session, effect, &facts, &target, "tftp://10.1.0.207/x.bin").map(|_| ()))
}

#[test]
fn its_copies_and_restarts_are_answered_and_what_no_table_knows_is_not() {
    let name = "/cat3k_caa-universalk9.bld_polaris.bin";
    let copy = format!("copy tftp://10.1.0.207/x.bin flash0:{name}");
    let leads = |state: &str, command: &str, to: &str| json!({ state: { command: { "new_state": to } } });
    // It asks for the name in flash, copies for a while, and says how much that was.
    let Some(came) = done("ios", "exec", leads("enable", &copy, "dest_file"), &Effect::Copy, name) else {
        return;
    };
    assert!(came.is_ok(), "{came:?}");
    // A VRF, and an image that is said to be none for this device: Return would be an answer. A reload that is warned of.
    let unknown = [
        ("ios", "exec", leads("enable", &copy, "vrf_prompt"), Effect::Copy, "Enter vrf"),
        (
            "iosxe",
            "c9k_enable",
            leads("c9k_enable", "reload", "reload_proceed_confirm"),
            Effect::Reload,
            "anyway[confirm]",
        ),
    ];
    // What is printed to a console behind a reload ends nowhere: it is gone.
    let known = ["c9k_reload_proceed", "c9k_quick_reload_proceed", "c9k_fast_reload_proceed"];
    std::thread::scope(|scope| {
        for (system, state, more, effect, question) in unknown {
            scope.spawn(move || match done(system, state, more, &effect, name) {
                Some(Err(Undone::Fault(Fault::Trouble(trouble)))) => {
                    let asks = trouble.lines.last().map(String::as_str).unwrap_or_default();
                    assert!(trouble.why == Why::Unknown && asks.contains(question), "{trouble:?}");
                }
                other => panic!("{question}: {other:?}"),
            });
        }
        for state in known {
            let more = leads("c9k_enable", "reload", state);
            scope.spawn(move || {
                let came = done("iosxe", "c9k_enable", more, &Effect::Reload, name);
                assert!(matches!(came, Some(Ok(()))), "{state}: {came:?}");
            });
        }
    });
    // One that has lost its configuration asks whether to make one.
    match done("ios", "exec", json!({}), &Effect::Reload, name) {
        Some(Err(Undone::Fault(Fault::Trouble(Trouble { why: Why::Setup, .. })))) => {}
        other => panic!("{other:?}"),
    }
}
