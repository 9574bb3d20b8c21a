//! An upgrade that is tried on a twin: what becomes of it, and that the device hears nothing of it.

use crate::applied::typed;
use crate::site::{BUNDLE, Site};
use serde_json::Value;

const R1: &str = "[[device]]\nname = \"R1\"\naddress = \"127.98.0.1\"\nimages = [\"15.1(4)M4\"]\n";

fn rehearsals(out: &str) -> Vec<Value> {
    let all = out.lines().map(|line| serde_json::from_str::<Value>(line).expect("an object"));
    all.filter(|event| event["event"] == "rehearsal").collect()
}

#[test]
fn faults_of_a_file_go_wrong_on_a_twin_and_nothing_is_done_to_the_device() {
    let site = Site::start(R1);
    let model = BUNDLE[0];
    let faults = "when copy: drop-session 50\nwhen reload: damaged IMAGE # not loaded\nwhen copy: full-flash 5K; noise 50ms\n";
    std::fs::write(site.path().join("faults"), faults.replace("IMAGE", model.new)).expect("written");
    let device = site.device("127.98.0.1");
    let ended = site.upgrade(&["rehearse", &device, "--image", model.new, "--faults", "faults", "--json"]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    let said = rehearsals(&ended.out);
    let of = |field: &str| said.iter().map(|event| event[field].clone()).collect::<Vec<_>>();
    assert_eq!(of("outcome"), ["upgraded", "rolled-back", "held"], "{ended:?}");
    assert_eq!(of("boots"), [model.new, model.old, model.old], "{ended:?}");
    assert_eq!(of("begun"), ["yes"; 3]);
    assert!(
        said[2]["why"].as_str().is_some_and(|why| why.contains("octets are needed in flash0:")),
        "{ended:?}"
    );
    assert_eq!(said[0]["otherwise"], serde_json::json!([]), "{ended:?}");
    for line in typed(&site, "R1") {
        let reads = ["enable", "terminal ", "show ", "dir "].iter().any(|begin| line.starts_with(begin));
        assert!(reads, "'{line}' was typed at the device");
    }
    assert_eq!(site.state("R1")["image"], model.old);
}

#[test]
fn an_image_of_a_vendor_is_played_by_one_of_the_emulator() {
    let site = Site::start(R1);
    let image = "c2900-universalk9-mz.SPA.157-3.M8.bin";
    // Nothing that a device of ours would boot.
    std::fs::write(site.path().join(image), vec![0x5a; 200_003]).expect("written");
    let device = site.device("127.98.0.1");
    let ended = site.upgrade(&["rehearse", &device, "--image", image]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert!(ended.out.contains(&format!("otherwise than the device: {image} is an image of the emulator")));
    assert!(ended.out.contains("  upgraded ") && ended.out.contains("nothing goes wrong"), "{ended:?}");
}

#[test]
fn what_cannot_be_rehearsed_is_said() {
    let site = Site::start(R1);
    let device = site.device("127.98.0.1");
    std::fs::write(site.path().join("bad"), "boot-fails\n\nnonsense\n").expect("written");
    std::fs::write(site.path().join("none"), "# nothing\n").expect("written");
    site.ctl(&["R1", "fault", "full-flash", "10K"]);
    for (image, faults, exit, says) in [
        (BUNDLE[0].new, "bad", 2, "bad:3"),
        (BUNDLE[0].new, "none", 2, "has no fault"),
        (BUNDLE[0].new, "absent", 5, "absent"),
        // It is what stands in the way of the real one.
        (BUNDLE[0].new, "", 4, "room: expected"),
        (BUNDLE[3].new, "", 4, "platform: expected"),
    ] {
        let mut words = vec!["rehearse", &device, "--image", image];
        if !faults.is_empty() {
            words.extend(["--faults", faults]);
        }
        let ended = site.upgrade(&words);
        assert!(ended.code() == exit && ended.err.contains(says), "{faults} {image}: {ended:?}");
    }
}

/// Of one model; `cargo xtask soak rehearsals` has every one.
#[test]
fn each_fault_at_each_step_ends_as_the_table_says() {
    let site = Site::start(R1);
    let device = site.device("127.98.0.1");
    let ended = site.upgrade(&[
        "rehearse",
        &device,
        "--image",
        BUNDLE[0].new,
        "--fault-every-step",
        "--twins",
        "16",
        "--json",
    ]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    let said = rehearsals(&ended.out);
    assert!(said.len() > 40, "{} rehearsals", said.len());
    let wrong: Vec<&Value> =
        said.iter().filter(|event| event["right"] != "yes" || event["begun"] != "yes").collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    for step in ["survey", "transfer", "verify", "set-boot", "save", "reload"] {
        assert!(said.iter().any(|event| event["step"] == step), "nothing went wrong at {step}");
    }
}
