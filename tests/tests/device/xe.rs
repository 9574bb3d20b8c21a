//! An ISR 4331 with IOS-XE in bundle mode.

use crate::models::{Model, fetch, reload, runs, save};
use ios_cli::text::flash::{Flash, Layout as Listing};
use ios_cli::text::version::{Layout, Version};

#[test]
fn an_xe_router_says_what_it_is() {
    let model = Model::of("isr4331");
    let mut p = model.lab.bench.enabled();
    let text = p.run("show version");
    assert!(
        text.starts_with(
            "Cisco IOS XE Software, Version 16.06.05\nCisco IOS Software [Everest], ISR Software \
             (X86_64_LINUX_IOSD-UNIVERSALK9-M), Version 16.6.5, RELEASE SOFTWARE (fc3)\n"
        ),
        "{text}"
    );
    let said = Version::parse(&text).expect("a version");
    assert_eq!(said.image_file, "bootflash:isr4300-universalk9.16.06.05.SPA.bin");
    assert_eq!((said.model.as_str(), said.register), ("ISR4331/K9", 0x2102));
    assert!(matches!(&said.layout, Layout::Xe(xe) if xe.release == "16.06.05"));
    assert!(p.run("dir").starts_with("Directory of bootflash:/\n"));
    assert!(p.run("dir flash:").starts_with("Directory of bootflash:/\n"));
    let listed = Flash::parse(&p.run("show bootflash:")).expect("files");
    assert_eq!(listed.layout, Listing::Xe);
    assert_eq!(listed.files[0].path, "/bootflash/isr4300-universalk9.16.06.05.SPA.bin");
    let port = p.run("show running-config interface g0/0/1");
    assert!(port.contains(" no ip address\n shutdown\n negotiation auto\nend\n"), "{port}");
    let parts = p.run("show inventory");
    assert!(
        parts.contains("NAME: \"Chassis\", DESCR: \"Cisco ISR4331 Chassis\"\nPID: ISR4331/K9"),
        "{parts}"
    );
    p.run("configure terminal");
    p.run("interface g0/0/1");
    p.run("no negotiation auto");
    p.run("speed 100");
    let port = p.run("do show running-config interface g0/0/1");
    assert!(port.contains(" no negotiation auto\n speed 100\nend\n"), "{port}");
    p.run("negotiation auto");
    let port = p.run("do show running-config interface g0/0/1");
    assert!(port.contains(" negotiation auto\n speed 100\nend\n"), "{port}");
    p.run("end");
    assert!(p.run("show running-config").contains("\nversion 16.6\n"));
}

#[test]
fn a_misspelt_boot_line_ends_in_the_attempt_of_every_file() {
    let model = Model::of("isr4331");
    // Older than the images: the first in directory order.
    model.lab.bench.put("aaa.txt", b"no image");
    let file = std::fs::File::options().write(true).open(model.lab.bench.flash("aaa.txt")).expect("there");
    file.set_modified(std::time::UNIX_EPOCH).expect("set");
    let mut p = model.lab.bench.enabled();
    p.run("terminal width 0");
    fetch(&mut p, &model);
    p.run("configure terminal");
    p.run(&format!("boot system bootflash:{}x", model.new));
    p.run("end");
    save(&mut p);
    assert_eq!(
        p.run("show bootvar").lines().next(),
        Some(format!("BOOT variable = bootflash:{}x,12;", model.new).as_str())
    );
    let console = reload(&mut p);
    let order = [
        "no valid BOOT image found",
        "Final autoboot attempt",
        "Located aaa.txt",
        "Unsigned package found",
        "Image validated",
    ];
    let at: Vec<_> = order.iter().map(|text| console.find(text)).collect();
    assert!(at.iter().all(Option::is_some) && at.is_sorted(), "{at:?}: {console}");
    // The first in directory order: the old one.
    runs(&mut p, model.old_version, &model.old);
}

#[test]
fn a_damaged_package_is_not_booted_and_rommon_takes_another_over_the_network() {
    let model = Model::of("isr4331");
    let file = model.lab.bench.flash(&model.old);
    let mut octets = std::fs::read(&file).expect("there");
    octets[30_000] ^= 1;
    std::fs::write(&file, octets).expect("written");
    let mut p = model.lab.bench.person();
    p.until("Package header rev 3 structure detected");
    p.until("autoboot: boot failed");
    p.until("rommon 1 > ");
    assert!(p.answer("dir bootflash:", "rommon 2 > ").contains(&model.old));
    assert!(
        p.answer(&format!("boot bootflash:{}", model.old), "rommon 3 > ").contains("integrity check failed")
    );
    assert!(p.answer("boot usb0:x", "rommon 4 > ").contains("usage: boot"));
    for (n, line) in
        ["IP_ADDRESS=10.0.0.2", "IP_SUBNET_MASK=255.255.255.0", "DEFAULT_GATEWAY=10.0.0.1"].iter().enumerate()
    {
        p.answer(line, &format!("rommon {} > ", n + 5));
    }
    p.keys(&format!("boot tftp://10.0.0.1/{}\r", model.new));
    p.started();
    runs(&mut p, model.new_version, &model.new);
}

#[test]
fn verify_compares_the_hashes_of_ios_xe() {
    for name in ["isr4331", "c9300"] {
        let model = Model::of(name);
        let mut p = model.lab.bench.enabled();
        let file = format!("flash:{}", model.old);
        let text = p.run(&format!("verify {file}"));
        let hash = |kind: &str| {
            let (_, rest) = text.split_once(kind).unwrap_or_else(|| panic!("{kind}: {text}"));
            let words = rest.split_whitespace();
            words.take_while(|w| w.bytes().all(|b| b.is_ascii_hexdigit())).collect::<String>()
        };
        let [sha1, sha512] = ["SHA1 : ", "SHA2: "]
            .map(|k| ["Embedded Hash   ", "Computed Hash   "].map(|of| hash(&(of.to_owned() + k))));
        assert_eq!((sha1[0].len(), sha512[0].len()), (40, 128), "{text}");
        assert_eq!((&sha1[0], &sha512[0]), (&sha1[1], &sha512[1]), "{text}");
        assert!(
            text.starts_with(&format!("Verifying file integrity of {file}..\nEmbedded Hash   SHA1 : ")),
            "{text}"
        );
        assert!(
            text.ends_with(&format!("Digital signature successfully verified in file {file}\n")),
            "{text}"
        );
        assert!(!text.contains("MD5") && !text.contains("Done!\nEmbedded"), "{text}");
        assert!(p.device.facts().verified.contains(&model.old));
        // One octet that is not what was made.
        let path = model.lab.bench.flash(&model.old);
        let mut octets = std::fs::read(&path).expect("there");
        let at = octets.len() / 2;
        octets[at] ^= 1;
        std::fs::write(&path, octets).expect("written");
        let text = p.run(&format!("verify {file}"));
        assert!(text.contains("is damaged") && !text.contains("successfully"), "{text}");
    }
}
