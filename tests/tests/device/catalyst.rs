//! A Catalyst 2960-X: its boot loader, its VLANs, and the ways back from what goes wrong with one.

use crate::bench::{Bench, Person};
use crate::models::{Model, fetch, reload, runs, save};
use ios_cli::text::catalyst::parse_stack;
use ios_cli::text::dir;
use ios_cli::text::path_list::PathList;
use ios_cli::text::version::{Layout, Version};
use ios_cli::text::{vlan, vtp};

fn configure(p: &mut Person, lines: &[&str]) {
    p.run("configure terminal");
    for line in lines {
        let said = p.run(line);
        assert_eq!(said, "", "{line}");
    }
    p.run("end");
}

#[test]
fn a_catalyst_says_what_it_is() {
    let model = Model::of("c2960x");
    let mut p = model.lab.bench.enabled();
    let said = Version::parse(&p.run("show version")).expect("a version");
    assert_eq!((said.register, said.next_register), (0xf, None));
    assert_eq!(said.image_file, "flash:/c2960x-universalk9-mz.152-2.E7.bin");
    let Layout::Catalyst(catalyst) = said.layout else { panic!("not a Catalyst's layout") };
    let row = |name| catalyst.board.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    assert_eq!(row("Model number"), Some("WS-C2960X-24PS-L"));
    assert_eq!(row("System serial number"), Some("FOC1913S46M"));
    assert_eq!(row("Base ethernet MAC Address"), Some("CC:44:33:FF:99:00"));
    assert_eq!(catalyst.members.len(), 1);
    let text = p.answer("show switch", "R1#");
    let (mac, members) = parse_stack(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert_eq!((mac.as_str(), members.len()), ("cc44.33ff.9900", 1), "{text}");
    p.answer("mkdir html", "Create directory filename [html]? ");
    p.keys("\r");
    p.until("R1#");
    let listed = dir::Listing::parse(&p.run("dir")).expect("files");
    let flags = |name: &str| listed.entries.iter().find(|e| e.name == name).map(|e| e.permissions.as_str());
    assert_eq!((flags("config.text"), flags("html")), (Some("-rwx"), Some("drwx")), "{listed:?}");
    // A router's commands are none here, and the other way round.
    assert!(p.run("show bootvar").contains("% Invalid input"));
    p.run("configure terminal");
    assert!(p.run("config-register 0x2102").contains("% Invalid input"));
    let mut router = Model::of("c2911").lab.bench.enabled();
    for line in ["show vlan", "show switch", "show vtp status"] {
        assert!(router.run(line).contains("% Invalid input"), "{line}");
    }
}

#[test]
fn vtp_status_follows_the_configuration() {
    for (model, pruning) in [("c2960x", "Disabled"), ("c9300", "Disabled (Operationally Disabled)")] {
        let model = Model::of(model);
        let mut p = model.lab.bench.enabled();
        let read = |p: &mut Person| vtp::parse(&p.run("show vtp status")).expect("its status");
        configure(&mut p, &["interface vlan 1", "no ip address"]);
        let new = read(&mut p);
        assert_eq!((&*new.mode, &*new.domain, new.vlans, &*new.pruning), ("Server", "", 5, pruning));
        assert_eq!(new.updater.as_deref(), Some("0.0.0.0 (no valid interface found)"));
        configure(&mut p, &["vlan 10", "name STAFF", "exit", "vtp domain LAB", "vtp version 2"]);
        configure(&mut p, &["interface vlan 10", "ip address 10.9.0.2 255.255.255.0", "no shutdown"]);
        let server = read(&mut p);
        assert_eq!((&*server.domain, &*server.version, server.vlans), ("LAB", "2", 6));
        let from = "10.9.0.2 on interface Vl10 (lowest numbered VLAN interface found)";
        assert_eq!(server.updater.as_deref(), Some(from));
        assert_ne!(server.digest, new.digest);
        configure(&mut p, &["vtp mode transparent"]);
        let transparent = read(&mut p);
        assert_eq!((&*transparent.mode, transparent.updater), ("Transparent", None));
        assert_eq!(transparent.digest, server.digest);
    }
}

#[test]
fn ports_of_a_switch_carry_vlans_and_take_no_address() {
    let model = Model::of("c2960x");
    let mut p = model.lab.bench.enabled();
    configure(&mut p, &["vlan 10", "name STAFF", "interface g1/0/1", "switchport access vlan 10"]);
    configure(&mut p, &["interface vlan 10", "ip address 10.1.0.2 255.255.255.0"]);
    let vlans = vlan::parse(&p.run("show vlan brief")).expect("VLANs");
    assert_eq!(vlans.len(), 2);
    assert_eq!((vlans[1].name.as_str(), vlans[1].ports.as_slice()), ("STAFF", &["Gi1/0/1".to_owned()][..]));
    assert_eq!(vlan::parse(&p.run("show vlan")), Ok(vlans));
    let brief = p.run("show ip interface brief");
    let names: Vec<&str> = brief.lines().skip(1).map(|l| l.split(' ').next().unwrap_or_default()).collect();
    assert_eq!(names[..3], ["Vlan1", "Vlan10", "FastEthernet0"]);
    p.run("configure terminal");
    p.run("interface g1/0/2");
    assert!(p.run("ip address 10.2.0.1 255.255.255.0").contains("% Invalid input"));
    p.run("end");
    assert!(
        p.run("show running-config interface g1/0/2").contains("!\ninterface GigabitEthernet1/0/2\nend\n")
    );
    save(&mut p);
    reload(&mut p);
    let config = p.run("show running-config");
    for line in ["vlan 10\n name STAFF\n", "interface Vlan10\n ip address 10.1.0.2 255.255.255.0\n"] {
        assert!(config.contains(line), "{line}: {config}");
    }
    configure(&mut p, &["no interface vlan 10"]);
    assert!(!p.run("show ip interface brief").contains("Vlan10"));
}

#[test]
fn a_switch_reaches_other_networks_by_its_default_gateway() {
    let model = Model::of("c2960x");
    let mut p = model.lab.bench.enabled();
    configure(&mut p, &["interface vlan 1", "ip address 10.0.9.2 255.255.255.0"]);
    // 10.0.0.1 is in another network now.
    assert!(p.run("ping 10.0.0.1 timeout 0").contains("Success rate is 0 percent"));
    configure(&mut p, &["ip default-gateway 10.0.9.1"]);
    assert!(p.run("ping 10.0.0.1").contains("Success rate is 80 percent"), "{}", p.screen());
    assert!(p.run("show ip route").starts_with("Default gateway is 10.0.9.1\n"), "{}", p.screen());
}

#[test]
fn boot_system_replaces_the_path_list_at_once() {
    let model = Model::of("c2960x");
    let mut p = model.lab.bench.enabled();
    let boot = |p: &mut Person| PathList::parse(&p.run("show boot")).expect("a path-list");
    assert_eq!(boot(&mut p).boot, [""; 0]);
    configure(&mut p, &["boot system flash:/a.bin", "boot manual", "boot enable-break"]);
    assert_eq!(boot(&mut p).boot, ["flash:/a.bin"]);
    configure(&mut p, &["boot system switch all flash:/b.bin;flash:/c.bin", "no boot manual"]);
    let list = boot(&mut p);
    assert_eq!(
        (list.boot.as_slice(), list.manual, list.enable_break),
        (&["flash:/b.bin".into(), "flash:/c.bin".to_owned()][..], false, true)
    );
    assert_eq!((list.config_file.as_str(), list.buffer), ("flash:/config.text", 524_288));
    let lines = p.run("show running-config | include boot system");
    assert_eq!(lines, "boot system switch all flash:/b.bin;flash:/c.bin\n");
    // It is the boot loader's: restarting without saving keeps it.
    drop(p.leave());
    let mut p = model.lab.bench.person();
    p.until("Boot process failed...");
    p.until("switch: ");
    p.answer("unset BOOT", "switch: ");
    p.keys("boot\r");
    p.started();
    assert_eq!(boot(&mut p).boot, [""; 0]);
}

#[test]
fn a_misspelt_path_falls_back_within_the_list_only() {
    let model = Model::of("c2960x");
    let mut p = model.lab.bench.enabled();
    p.run("terminal width 0");
    fetch(&mut p, &model);
    configure(&mut p, &[&format!("boot system flash:/{}x;flash:/{}", model.new, model.new)]);
    save(&mut p);
    let console = reload(&mut p);
    let new = &model.new;
    let failed = format!(
        "Loading \"flash:/{new}x\"...flash:/{new}x: no such file or directory\n\nError loading \"flash:/{new}x\"\n\n\
         Interrupt within 5 seconds to abort boot process.\nLoading \"flash:/{new}\"...Verifying image flash:/{new}"
    );
    assert!(console.contains(&failed), "{console}");
    runs(&mut p, model.new_version, &model.new);
    // Nothing else is tried, though there are two images in flash.
    configure(&mut p, &["boot system flash:/nothing.bin"]);
    save(&mut p);
    p.answer("reload", "Proceed with reload? [confirm]");
    p.keys("\r");
    p.until("The system is unable to boot automatically.  The BOOT\r\nenvironment variable needs to be set to a bootable\r\nimage.\r\n\r\n\r\nswitch: ");
    assert_eq!(p.answer("set BOOT flash:nothing.bin", "switch: "), "\n");
    assert!(p.answer("boot", "switch: ").contains("flash:nothing.bin: no such file or directory"));
    // The way back.
    p.answer(&format!("set BOOT flash:{}", model.old), "switch: ");
    p.keys("boot\r");
    p.started();
    runs(&mut p, model.old_version, &model.old);
}

#[test]
fn the_password_of_a_catalyst_is_recovered_by_another_name_of_its_configuration() {
    let model = Model::of("c2960x");
    let bench = &model.lab.bench;
    bench.startup(&format!(
        "{}enable secret lost\nend\n",
        bench.saved().replace("end\n", "").replace(" privilege level 15\n", "")
    ));
    let device = bench.device();
    // The Mode button is held.
    device.send_break();
    let mut p = Person::at(device);
    p.until("    flash_init\r\n    boot\r\n");
    p.until("switch: ");
    assert_eq!(p.answer("dir flash:", "switch: "), "unable to stat flash:/: invalid argument\n\n");
    assert!(p.answer("flash_init", "switch: ").contains("...done Initializing Flash.\n"));
    assert!(p.answer("dir flash:", "switch: ").contains("  config.text\n"));
    assert_eq!(p.answer("rename flash:config.text flash:config.old", "switch: "), "\n");
    p.keys("boot\r");
    p.until("Would you like to enter the initial configuration dialog? [yes/no]: ");
    p.keys("no\r");
    p.until("[yes]: ");
    p.keys("\r");
    p.until("Press RETURN to get started!");
    p.keys("\r");
    p.until("Switch>");
    p.answer("enable", "Switch#");
    p.answer("rename flash:config.old flash:config.text", "Destination filename [config.text]? ");
    p.keys("\r");
    p.until("Switch#");
    p.answer("copy flash:config.text system:running-config", "Destination filename [running-config]? ");
    p.keys("\r");
    p.until("R1#");
    // Copied into a running switch, its VLAN stays shut down.
    configure(&mut p, &["enable secret found", "interface vlan 1", "no shutdown"]);
    save(&mut p);
    assert!(bench.saved().contains("hostname R1\n") && bench.saved().contains("enable secret 5 "));
    drop(p.leave());
    let mut p = bench.person();
    p.until("Press RETURN to get started!");
    p.keys("\r");
    p.until("R1>");
    p.answer("enable", "Password: ");
    p.keys("found\r");
    p.until("R1#");
}

#[test]
fn a_switch_without_an_image_fetches_one_by_its_management_port() {
    let model = Model::of("c2960x");
    std::fs::remove_file(model.lab.bench.flash(&model.old)).expect("there");
    let mut p = model.lab.bench.person();
    p.until("Boot process failed...");
    p.until("switch: ");
    let copy = format!("copy tftp://10.0.0.1/{} flash:{}", model.new, model.new);
    let enter = |p: &mut Person, line: &str| {
        p.keys(&format!("{line}\r"));
        // A line that is longer than the terminal is wide scrolls.
        p.until("\r\n");
        p.until("switch: ")
    };
    assert!(enter(&mut p, &copy).contains("mgmt_init"));
    assert!(p.answer("mgmt_init", "switch: ").contains("set IP_ADDR"));
    p.answer("set IP_ADDR 10.0.0.2/255.255.255.0", "switch: ");
    p.answer("mgmt_init", "switch: ");
    let said = enter(&mut p, "copy tftp://10.0.0.1/absent.bin flash:absent.bin");
    assert!(!said.contains("successfully") && !model.lab.bench.flash("absent.bin").exists(), "{said}");
    let said = enter(&mut p, &copy);
    assert!(said.contains("successfully copied to"), "{said}");
    p.keys("boot\r");
    p.started();
    runs(&mut p, model.new_version, &model.new);
}

#[test]
fn what_a_switch_s_boot_loader_does_with_files() {
    let bench = Bench { profile: device::Profile::named("c2960x").expect("a profile"), ..Bench::bare() };
    bench.put("vlan.dat", b"vlan");
    bench.put("bad.bin", b"no image");
    let mut p = bench.person();
    p.until("switch: ");
    assert!(p.answer("boot flash:bad.bin", "switch: ").contains("magic number mismatch: bad mzip file"));
    assert_eq!(
        p.answer("copy flash:vlan.dat flash:copy.dat", "switch: "),
        "\nFile \"flash:vlan.dat\" successfully copied to \"flash:copy.dat\"\n\n"
    );
    assert_eq!(p.answer("type flash:copy.dat", "switch: "), "vlan\n");
    p.answer("delete flash:vlan.dat", "Are you sure you want to delete \"flash:vlan.dat\" (y/n)?");
    assert_eq!(p.answer("y", "switch: "), "File \"flash:vlan.dat\" deleted\n\n");
    assert!(!bench.flash("vlan.dat").exists() && bench.flash("copy.dat").exists());
    assert!(
        p.answer("rename flash:none flash:x", "switch: ").contains("flash:none: no such file or directory")
    );
    assert!(p.answer("frobnicate", "switch: ").contains("Unknown cmd: frobnicate"));
    assert!(p.answer("dir", "switch: ").contains("usage: dir"));
    assert!(p.answer("?", "switch: ").contains("flash_init"));
    p.answer("set MANUAL_BOOT yes", "switch: ");
    p.answer("set", "switch: ");
    p.answer("reset", "(y/n)?");
    p.keys("y\r");
    p.until("The system is not configured to boot automatically.");
    p.until("switch: ");
    assert!(p.answer("dir flash:", "switch: ").contains("unable to stat"), "flash was not looked at");
}
