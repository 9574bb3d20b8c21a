//! `request platform software package` on a Catalyst 9300, and `boot config-file` on a 2960-X.

use crate::bench::{Person, SIZE, image_for};
use crate::models::{Model, reload, runs, save};
use device::install::PACKAGES;
use ios_cli::text::install::Summary;
use ios_cli::text::path_list::PathList;

const REQUEST: &str = "request platform software package";

fn files(p: &Person) -> Vec<String> {
    p.device.facts().flash.into_iter().map(|f| f.name).collect()
}

/// At `R1#` of a C9300 with the new image in flash.
fn c9300(model: &Model) -> Person {
    let bench = &model.lab.bench;
    bench.put(&model.new, &image_for(&model.profile, model.new_version, SIZE));
    let mut p = bench.enabled();
    p.run("terminal width 0");
    p.run("configure terminal");
    p.run("boot system flash:packages.conf");
    p.run("end");
    save(&mut p);
    p
}

#[test]
fn packages_are_provided_for_the_next_boot_and_the_old_ones_cleaned_away() {
    let model = Model::installed("c9300");
    let mut p = c9300(&model);
    let text = p.run(&format!("{REQUEST} install switch all file flash:{} auto-copy", model.new));
    for part in [
        "Expanding image file: flash:cat9k_iosxe.17.09.04.SPA.bin\n[1]: Expanding file\n",
        "SUCCESS: Finished expanding all-in-one software package.\n",
        "Old files list:\n  Removed cat9k-cc_srdriver.17.06.01.SPA.pkg\n",
        "New files list:\n  Added cat9k-cc_srdriver.17.09.04.SPA.pkg\n",
        "SUCCESS: Software provisioned.  New software will load on reboot.\n",
        "SUCCESS: Finished install: Success on [1]\n",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    // Nothing restarts by itself; neither what runs nor what boots next is in anybody's way.
    runs(&mut p, model.old_version, "packages.conf");
    p.keys(&format!("{REQUEST} clean switch all\r"));
    let offered = p.until("Do you want to proceed? [y/n]");
    assert!(offered.contains("/flash/cat9k_iosxe.17.09.04.SPA.bin\n"), "{offered}");
    let (_, gone) = offered.split_once("The following files will be deleted:").expect("a list");
    assert!(!gone.contains(".pkg"), "{gone}");
    p.keys("n\r");
    p.until("R1#");
    assert!(files(&p).contains(&model.new));
    reload(&mut p);
    p.run("terminal width 0");
    runs(&mut p, model.new_version, "packages.conf");
    let text = p.run("show install summary");
    let summary = Summary::parse(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    let rows: Vec<_> = summary.rows.iter().map(|row| format!("{} {}", row.state, row.name)).collect();
    assert!(rows.len() == 1 && rows[0].starts_with("C 17.09.04.0."), "{rows:?}");
    p.keys(&format!("{REQUEST} clean\r"));
    p.until("Do you want to proceed? [y/n]");
    p.keys("y\r");
    let deleted = p.until("R1#");
    assert!(deleted.contains("Deleting file flash:cat9k-rpbase.17.06.01.SPA.pkg ... done.\n"), "{deleted}");
    assert!(deleted.contains("SUCCESS: Files deleted.\n"), "{deleted}");
    assert!(
        !files(&p).iter().any(|name| name.contains("17.06.01") || name.ends_with(".bin")),
        "{:?}",
        files(&p)
    );
    assert!(p.run(&format!("{REQUEST} clean")).contains("Nothing to clean.\n"));
    reload(&mut p);
    runs(&mut p, model.new_version, "packages.conf");
}

#[test]
fn a_whole_image_is_expanded_and_its_packages_boot() {
    let model = Model::of("c9300");
    let mut p = c9300(&model);
    runs(&mut p, model.old_version, &model.old);
    let refused = p.run(&format!("{REQUEST} install switch all file flash:{}", model.new));
    assert!(refused.contains("FAILED: ") && !files(&p).contains(&PACKAGES.to_owned()), "{refused}");
    for (file, why) in [("flash:none.bin", "FAILED: "), ("flash:notes.txt", "FAILED: ")] {
        let said = p.run(&format!("{REQUEST} expand file {file}"));
        assert!(said.contains(why), "{said}");
    }
    let said = p.run(&format!("{REQUEST} expand switch all file flash:{}", model.new));
    assert!(said.contains("SUCCESS: Finished expanding all-in-one software package.\n"), "{said}");
    assert!(files(&p).contains(&PACKAGES.to_owned()), "{:?}", files(&p));
    reload(&mut p);
    p.run("terminal width 0");
    runs(&mut p, model.new_version, "packages.conf");
    // The name is taken now: the image's own is what another one gets.
    let said = p.run(&format!("{REQUEST} expand file flash:{}", model.old));
    assert!(said.contains("SUCCESS: Finished expanding"), "{said}");
    assert!(files(&p).contains(&"cat9k_iosxe.17.06.01.SPA.conf".to_owned()), "{:?}", files(&p));
    reload(&mut p);
    runs(&mut p, model.new_version, "packages.conf");
}

#[test]
fn a_switch_saves_to_the_file_that_boot_config_file_names() {
    let model = Model::of("c2960x");
    let mut p = model.lab.bench.enabled();
    let config_file = |p: &mut Person| PathList::parse(&p.run("show boot")).expect("a list").config_file;
    assert_eq!(config_file(&mut p), "flash:/config.text");
    let configure = |p: &mut Person, line: &str| {
        p.run("configure terminal");
        assert_eq!(p.run(line), "");
        p.run("end");
    };
    configure(&mut p, "boot config-file flash:/other.text");
    assert_eq!(config_file(&mut p), "flash:/other.text");
    assert!(p.run("show startup-config").contains("startup-config is not present"));
    configure(&mut p, "ip domain name other.example");
    save(&mut p);
    assert!(
        std::fs::read_to_string(model.lab.bench.flash("other.text"))
            .expect("written")
            .contains("other.example")
    );
    assert!(!model.lab.bench.saved().contains("other.example"), "the file before is as it was");
    reload(&mut p);
    assert!(p.run("show running-config | include domain name").contains("other.example"));
    configure(&mut p, "no boot config-file");
    reload(&mut p);
    assert_eq!(config_file(&mut p), "flash:/config.text");
    assert!(!p.run("show running-config | include domain name").contains("other.example"));
}
