//! Who signed what runs and what lies in flash; what a switch says of its licences.

use crate::bench::{Bench, NEW, NEW_VERSION, OLD, SIZE, image};
use crate::models::Model;
use ios_cli::text::authenticity::{Running, parse_file, parse_running};
use ios_cli::text::smart_licence::parse;

/// A section's heading, the unit that is signed for, and who looked at it.
fn heads(all: &[Running]) -> Vec<(&str, &str, &str)> {
    all.iter().map(|r| (r.what.as_str(), r.signature.unit.as_str(), r.verifier.as_str())).collect()
}

#[test]
fn a_router_tells_who_signed_what_runs_and_what_lies_in_flash() {
    let bench = Bench::r1();
    bench.put(NEW, &image(NEW_VERSION, SIZE));
    let mut damaged = image(NEW_VERSION, SIZE);
    damaged[40_000] ^= 1;
    bench.put("damaged.bin", &damaged);
    bench.put("notes.txt", b"nobody signed this");
    let mut p = bench.enabled();
    let text = p.run("show software authenticity running");
    let all = parse_running(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert_eq!(heads(&all), [("SYSTEM IMAGE", "C2900", "ROMMON 1")]);
    assert_eq!((all[0].signature.kind.as_str(), all[0].signature.key.as_str()), ("Production", "A"));
    assert!(all[0].version.starts_with("System Bootstrap, Version 15.0(1r)M15, RELEASE SOFTWARE (fc1)\n"));
    // What runs is the file that it was loaded from, and no other.
    let mut of = |file: &str| p.run(&format!("show software authenticity file {file}"));
    let (name, old) = parse_file(&of(&format!("flash:{OLD}"))).expect("signed");
    assert_eq!((name, &old), (format!("flash:{OLD}"), &all[0].signature));
    let (_, new) = parse_file(&of(NEW)).expect("signed");
    assert_ne!(new.serial, old.serial);
    for file in ["flash:damaged.bin", "flash:notes.txt"] {
        assert_eq!(of(file), format!("%ERROR:Signature not found in file {file}.\n"));
    }
    assert_eq!(of("flash:none"), "%Error opening flash:none (No such file or directory)\n");
    let cut = p.run("show software authenticity running | include Serial");
    assert_eq!(cut, format!("    Certificate Serial Number : {}\n", old.serial));
}

#[test]
fn a_switch_tells_it_of_each_package_and_names_its_licences() {
    let model = Model::installed("c9300");
    let mut p = model.lab.bench.enabled();
    p.run("terminal width 0");
    let text = p.run("show software authenticity running");
    let all = parse_running(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert!(heads(&all).contains(&("PACKAGE cat9k-rpbase.17.06.01.SPA.pkg", "IOS-XE", "rp_base")), "{text}");
    assert_eq!(heads(&all).last(), Some(&("SYSTEM IMAGE", "IOS-XE", "ROMMON")), "{text}");
    let packages = std::fs::read_dir(model.lab.bench.flash("")).expect("flash");
    let packages = packages.flatten().filter(|e| e.file_name().to_string_lossy().ends_with(".pkg")).count();
    assert_eq!(all.len(), packages + 1, "{text}");
    let uses = parse(&p.run("show license summary")).expect("licences");
    assert_eq!(
        uses.iter().map(|u| u.name.as_str()).collect::<Vec<_>>(),
        ["network-advantage", "dna-advantage"]
    );
    assert_eq!(p.run("show license udi"), "UDI: PID:C9300-24P,SN:FCW2223G0B9\n\n");
    let status = p.run("show license status");
    assert!(status.contains("Smart Licensing Using Policy:\n  Status: ENABLED\n"), "{status}");
    assert!(p.run("show license").contains("% Incomplete command."));
    // The SHA-512 of a whole file, as it was typed and otherwise.
    let said = p.run("verify /sha512 flash:packages.conf");
    let digest = said.trim_end().rsplit(" = ").next().expect("a digest").to_owned();
    assert_eq!(digest.len(), 128, "{said}");
    assert!(
        p.run(&format!("verify /sha512 flash:packages.conf {digest}"))
            .contains("Verified (flash:packages.conf) = ")
    );
    assert!(
        p.run("verify /sha512 flash:packages.conf 00").contains("%Error verifying flash:packages.conf\n")
    );
}
