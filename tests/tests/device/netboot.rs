//! `boot system tftp FILE HOST`: the image comes over the network when the device boots.

use crate::bench::{Bench, NEW, NEW_VERSION, OLD, OLD_VERSION, R1, SIZE, image};
use crate::lab::Lab;
use crate::models::Model;
use device::{Attendant, Mode};

/// R1 with these boot lines in its startup-config.
fn lab(lines: &[&str]) -> Lab {
    let lab = Lab::new();
    let lines: String = lines.iter().map(|line| format!("boot system {line}\n")).collect();
    lab.bench.startup(&format!("{lines}{R1}"));
    lab
}

fn runs(mode: &Mode, version: &str) -> bool {
    matches!(mode, Mode::Ios { version: v, .. } if v == version)
}

#[test]
fn the_image_of_flash_fetches_the_one_that_boots() {
    for line in
        [format!("tftp {NEW} 10.0.0.1"), format!("tftp://10.0.0.1/{NEW}"), format!("ftp {NEW} 10.0.0.1")]
    {
        let lab = lab(&[&line]);
        lab.serve(NEW, image(NEW_VERSION, SIZE));
        let mut p = lab.bench.person();
        let console = p.until("Press RETURN to get started!");
        let ftp = line.starts_with("ftp");
        let loading = match ftp {
            true => format!("Loading {NEW} !!!"),
            false => format!("Loading {NEW} from 10.0.0.1 (via GigabitEthernet0/0): !!!"),
        };
        let mut rest = console.as_str();
        for part in [
            "Self decompressing the image : ###",
            &loading,
            if ftp { "[OK - 65700/4096 bytes]" } else { "[OK - 65700 bytes]" },
            "Self decompressing the image : ###",
            "Version 15.5(3)M4a, RELEASE SOFTWARE",
        ] {
            let at =
                rest.find(part).unwrap_or_else(|| panic!("{line}: '{part}' is not there or late: {console}"));
            rest = &rest[at + part.len()..];
        }
        p.keys("\r");
        p.until("R1#");
        p.run("terminal length 0");
        let shown = p.run("show version");
        let scheme = if ftp { "ftp" } else { "tftp" };
        assert!(shown.contains(&format!("System image file is \"{scheme}://10.0.0.1/{NEW}\"")), "{shown}");
        let names: Vec<_> = p.device.facts().flash.into_iter().map(|f| f.name).collect();
        assert_eq!(names, [OLD], "flash is as it was");
    }
}

#[test]
fn what_does_not_come_leads_to_the_next_line_and_to_the_first_image_of_flash() {
    let mut lab =
        lab(&["tftp absent.bin 10.0.0.1", "tftp notes.txt 10.0.0.1", &format!("tftp {NEW} 10.0.0.9"), "rom"]);
    lab.bench.patience = 0.02;
    lab.serve("notes.txt", b"no image".to_vec());
    let mut p = lab.bench.person();
    let console = p.until("Press RETURN to get started!");
    let mut rest = console.as_str();
    for part in [
        "%Error opening tftp://10.0.0.1/absent.bin (No such file or directory)\n",
        "Loading notes.txt from 10.0.0.1 (via GigabitEthernet0/0): !\n[OK - 8 bytes]\n",
        "loadprog: bad file magic number:      0x6e6f2069\nboot: cannot load \"tftp://10.0.0.1/notes.txt\"\n",
        &format!("%Error opening tftp://10.0.0.9/{NEW} (Timed out)\n"),
        "boot: cannot load \"rom\"\n",
        "Version 15.1(4)M4, RELEASE SOFTWARE",
    ] {
        let at = rest.find(part).unwrap_or_else(|| panic!("'{part}' is not there or late: {console}"));
        rest = &rest[at + part.len()..];
    }
    assert!(runs(&p.device.facts().mode, OLD_VERSION));
}

#[test]
fn without_an_image_in_flash_nothing_can_fetch_one() {
    let lab = lab(&[&format!("tftp {NEW} 10.0.0.1")]);
    lab.serve(NEW, image(NEW_VERSION, SIZE));
    std::fs::remove_file(lab.bench.flash(OLD)).expect("there");
    let mut p = lab.bench.person();
    let console = p.until("rommon 1 > ");
    assert!(console.contains("(monitor variable \"BOOTLDR\" is not set)\n"), "{console}");
    assert!(console.contains(&format!("boot: cannot load \"tftp:{NEW} 10.0.0.1\"\n")), "{console}");
    // The way back: an image, whichever it is.
    lab.bench.put(OLD, &image(OLD_VERSION, SIZE));
    p.keys("boot\r");
    p.started();
    assert!(runs(&p.device.facts().mode, NEW_VERSION), "it fetches the other one then");
}

#[test]
fn with_nobody_at_the_console_it_comes_too() {
    let lab = lab(&[&format!("tftp {NEW} 10.0.0.1")]);
    lab.serve(NEW, image(NEW_VERSION, SIZE));
    let device = lab.bench.device();
    let _attendant = Attendant::start(std::slice::from_ref(&device)).expect("a thread");
    device.power_on();
    assert!(runs(&device.facts().mode, NEW_VERSION));
    device.power_cycle();
    let end = std::time::Instant::now() + e2e::poll::PATIENCE;
    while !runs(&device.facts().mode, NEW_VERSION) {
        assert!(std::time::Instant::now() < end, "{:?}", device.facts().mode);
        std::thread::yield_now();
    }
}

#[test]
fn a_3640_netboots_and_a_break_before_stops_it() {
    let model = Model::of("c3640");
    let startup =
        format!("boot system tftp {} 10.0.0.1\n{}", model.new, crate::models::startup(&model.profile));
    model.lab.bench.startup(&startup);
    let mut p = model.lab.bench.enabled();
    assert!(
        p.run("show version").contains(&format!("System image file is \"tftp://10.0.0.1/{}\"", model.new))
    );
    drop(p);
    let bench = Bench { profile: model.profile.clone(), ..Bench::bare() };
    let device = bench.device();
    device.send_break();
    let mut p = crate::bench::Person::at(device);
    p.until("rommon 1 > ");
}
