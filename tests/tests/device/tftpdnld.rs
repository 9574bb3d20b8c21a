use crate::bench::{Bench, NEW, NEW_VERSION, OLD, Person, SIZE, image};
use crate::lab::Lab;
use device::Mode;

/// A person at `rommon 1 >`.
fn monitor(bench: &Bench) -> Person {
    let device = bench.device();
    device.send_break();
    let mut p = Person::at(device);
    p.until("rommon 1 > ");
    p
}

fn five(p: &mut Person) {
    for (n, line) in [
        "IP_ADDRESS=10.0.0.2",
        "IP_SUBNET_MASK=255.255.255.0",
        "DEFAULT_GATEWAY=10.0.0.1",
        "TFTP_SERVER=10.0.0.1",
        &format!("TFTP_FILE={NEW}"),
    ]
    .iter()
    .enumerate()
    {
        let text = p.answer(line, &format!("rommon {} > ", n + 2));
        assert_eq!(text, "", "{line}");
    }
}

#[test]
fn item_9_tftpdnld_needs_five_variables_as_they_are_written() {
    let lab = Lab::new();
    let mut p = monitor(&lab.bench);
    p.answer("ip_address=10.0.0.2", "rommon 2 > ");
    let text = p.answer("IP_ADDRESS = 10.0.0.2", "rommon 3 > ");
    assert!(text.contains("not found"), "no blanks round '=': {text}");
    let text = p.answer("tftpdnld", "rommon 4 > ");
    assert!(text.contains("Missing or illegal ip address for variable IP_ADDRESS"), "{text}");
    assert!(text.contains("DEFAULT_GATEWAY: The default gateway for this unit"), "{text}");
}

#[test]
fn item_9_it_warns_asks_and_leaves_only_the_new_image() {
    let lab = Lab::new();
    let octets = image(NEW_VERSION, SIZE);
    lab.serve(NEW, octets.clone());
    let mut p = monitor(&lab.bench);
    five(&mut p);
    p.keys("tftpdnld\r");
    let text = p.until("Do you wish to continue? y/n:  [n]:  ");
    assert!(text.contains("WARNING: all existing data in all partitions on flash will be lost!"), "{text}");
    p.keys("\r");
    p.until("rommon 7 > ");
    assert_eq!(p.device.facts().flash[0].name, OLD, "Enter means no");
    p.keys("tftpdnld\r");
    p.until("[n]:  ");
    p.keys("y\r");
    let text = lab.as_if_in_time(&p.until("rommon 8 > "));
    assert!(text.contains(&format!("Receiving {NEW} from 10.0.0.1 !!!!!!!!!!!!\n")), "{text}");
    assert!(text.contains("File reception completed.\n"), "{text}");
    let names: Vec<_> = p.device.facts().flash.into_iter().map(|f| f.name).collect();
    assert_eq!(names, [NEW], "flash holds only the new image");
    assert_eq!(std::fs::read(lab.bench.flash(NEW)).expect("there"), octets);
    assert!(lab.bench.saved().contains("hostname R1"), "NVRAM survives");
    assert_eq!(p.device.facts().mode, Mode::Rommon, "it starts no IOS by itself");
    p.keys("reset\r");
    p.started();
    assert!(matches!(p.device.facts().mode, Mode::Ios { version, .. } if version == NEW_VERSION));
}

#[test]
fn item_9_r_writes_nothing_and_boots_from_ram() {
    let lab = Lab::new();
    lab.serve(NEW, image(NEW_VERSION, SIZE));
    let mut p = monitor(&lab.bench);
    five(&mut p);
    p.keys("tftpdnld -r\r");
    p.started();
    let facts = p.device.facts();
    assert!(matches!(facts.mode, Mode::Ios { version, .. } if version == NEW_VERSION));
    assert_eq!(facts.flash.len(), 1);
    assert_eq!(facts.flash[0].name, OLD);
    let shown = p.run("show version");
    assert!(shown.contains(&format!("System image file is \"tftp://10.0.0.1/{NEW}\"")), "{shown}");
}

#[test]
fn an_absent_file_leaves_flash_as_it_was() {
    let lab = Lab::new();
    let mut p = monitor(&lab.bench);
    five(&mut p);
    p.keys("tftpdnld\r");
    p.until("[n]:  ");
    p.keys("y\r");
    let text = p.until("rommon 7 > ");
    assert!(text.contains("TFTP: File not found"), "{text}");
    assert_eq!(p.device.facts().flash[0].name, OLD);
    // Variables outlive a reset once they are synced.
    p.answer("sync", "rommon 8 > ");
    assert!(
        std::fs::read_to_string(lab.bench.dir.path().join("monitor"))
            .expect("there")
            .contains("var TFTP_FILE=")
    );
}
