//! One scenario over every model that is compiled in: an upgrade by TFTP, and what goes wrong with one.

use crate::bench::{Bench, Person, SIZE, image_for};
use crate::lab::Lab;
use device::image::{parts, show};
use device::install::{PACKAGES, Provision};
use device::profile::View;
use device::{Mode, Profile};
use ios_cli::text::version::Version;
use std::sync::Arc;
use store::Blob;

/// The image that a model comes with, and the one it is upgraded to.
const VERSIONS: &[(&str, &str, &str)] = &[
    ("c2911", "15.1(4)M4", "15.5(3)M4a"),
    ("c2960x", "15.2(2)E7", "15.2(4)E8"),
    ("c3640", "12.2(23a)", "12.2(26)"),
    ("isr4331", "16.6.5", "16.9.3"),
    ("c9300", "17.6.1", "17.9.4"),
];

/// A model in a lab.
pub(crate) struct Model {
    pub(crate) lab: Lab,
    pub(crate) profile: Arc<Profile>,
    pub(crate) old: String,
    pub(crate) new: String,
    pub(crate) old_version: &'static str,
    pub(crate) new_version: &'static str,
}

impl Model {
    pub(crate) fn of(name: &str) -> Model {
        let row = VERSIONS.iter().find(|(n, ..)| *n == name);
        let (_, old_version, new_version) = *row.unwrap_or_else(|| panic!("{name} has no row in VERSIONS"));
        let profile = Profile::named(name).expect("a profile");
        let name = |version| device::image::file_name(&profile, version).expect("a version");
        let (old, new) = (name(old_version), name(new_version));
        let bench = Bench { profile: profile.clone(), ..Bench::bare() };
        bench.put(&old, &image_for(&profile, old_version, SIZE));
        bench.startup(&startup(&profile));
        let lab = Lab::around(bench, None);
        lab.serve(&new, image_for(&profile, new_version, SIZE));
        Model { lab, profile, old, new, old_version, new_version }
    }

    /// The same, with its image as packages.
    pub(crate) fn installed(name: &str) -> Model {
        let model = Model::of(name);
        unpack(&model.lab.bench, &model.old);
        model
    }

    pub(crate) fn all() -> impl Iterator<Item = Model> {
        Profile::all().map(|(p, _)| Model::of(&p.name))
    }

    /// What `show boot` says of the next boot.
    pub(crate) fn next_boot<'a>(&self, shown: &'a str) -> &'a str {
        match self.profile.boot.view {
            View::Bootvar | View::PathList => shown,
            View::Variables => shown.split_once("on next reload:").map_or("", |(_, next)| next),
        }
    }

    fn show_boot(&self) -> &'static str {
        if self.profile.is_router() { "show bootvar" } else { "show boot" }
    }
}

/// What R1 has saved, whatever model it is: a way to 10.0.0.1.
pub(crate) fn startup(profile: &Profile) -> String {
    // The network's: a switch's VLAN, else the port that the boot loader loads by.
    let vlan = profile.interfaces.iter().find(|p| p.starts_with("Vlan"));
    let port = vlan.unwrap_or(&profile.boot.port);
    format!(
        "hostname R1\ninterface {port}\n ip address 10.0.0.2 255.255.255.0\n no shutdown\nline con 0\n \
         exec-timeout 0 0\n privilege level 15\nend\n"
    )
}

/// Takes an image of flash apart: its packages and packages.conf take its place.
pub(crate) fn unpack(bench: &Bench, name: &str) {
    let image = Blob::Memory(std::fs::read(bench.flash(name)).expect("there").into());
    let facts = show(&image).expect("sound");
    for part in parts(&bench.profile, &facts) {
        let mut octets = Vec::new();
        part.write(&bench.profile, &facts, &image, &mut octets).expect("written");
        bench.put(&part.file, &octets);
    }
    bench.put(PACKAGES, Provision::of(&bench.profile, &facts.version).render().as_bytes());
    std::fs::remove_file(bench.flash(name)).expect("removed");
}

/// Copies the new image into flash, which is not erased.
pub(crate) fn fetch(p: &mut Person, model: &Model) -> String {
    p.answer("copy tftp: flash:", "Address or name of remote host []? ");
    p.answer("10.0.0.1", "Source filename []? ");
    p.answer(&model.new, "]? ");
    copied(p, model)
}

/// The rest of a copy, from the last answer on.
fn copied(p: &mut Person, model: &Model) -> String {
    p.keys("\r");
    if model.profile.flash.class.rules().asks_before_copy {
        p.until("Erase flash: before copying? [confirm]");
        p.keys("n");
    }
    p.until("R1#")
}

/// Restarts without a question that was not expected.
pub(crate) fn reload(p: &mut Person) -> String {
    p.answer("reload", "Proceed with reload? [confirm]");
    p.keys("\r");
    let console = p.until("Press RETURN to get started!");
    p.keys("\r");
    p.until("R1#");
    p.run("terminal length 0");
    console
}

/// Saves, also over what another version has written.
pub(crate) fn save(p: &mut Person) {
    p.keys("write memory\r");
    p.until("write memory\r\n");
    if p.until_one_of(&["R1#", "[confirm]"]).ends_with("[confirm]") {
        p.keys("\r");
        p.until("R1#");
    }
}

pub(crate) fn runs(p: &mut Person, version: &str, name: &str) {
    let text = p.run("show version");
    let said = Version::parse(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert_eq!(said.version, version);
    assert!(said.image_file.ends_with(name), "{}: {name}", said.image_file);
    let facts = p.device.facts();
    assert!(matches!(&facts.mode, Mode::Ios { version: v, .. } if v == version), "{:?}", facts.mode);
    // What it says is read back as it was.
    assert_eq!(Version::parse(&said.render()), Ok(said));
}

#[test]
fn every_model_is_upgraded_over_tftp() {
    for model in Model::all() {
        let mut p = model.lab.bench.enabled();
        p.run("terminal width 0");
        runs(&mut p, model.old_version, &model.old);
        let text = fetch(&mut p, &model);
        assert!(text.contains("[OK - 65700 bytes]") && text.contains("bytes copied in"), "{text}");
        let sums = model.profile.flash.class.rules().sums;
        let good = if sums { format!("Verified flash:{}\n", model.new) } else { "Embedded Hash".into() };
        assert!(p.run(&format!("verify flash:{}", model.new)).contains(&good), "{}", p.screen());
        p.run("configure terminal");
        p.run("no boot system");
        p.run(&format!("boot system flash:{}", model.new));
        p.run("end");
        // Nothing changes until it restarts.
        runs(&mut p, model.old_version, &model.old);
        save(&mut p);
        let shown = p.run(model.show_boot());
        assert!(model.next_boot(&shown).contains(&format!(":{}", model.new)), "{shown}");
        reload(&mut p);
        runs(&mut p, model.new_version, &model.new);
        assert!(p.run("show running-config | include boot system").contains(&model.new));
        p.run("configure terminal");
        p.run("no boot system");
        p.run("end");
        save(&mut p);
        let shown = p.run(model.show_boot());
        assert!(!model.next_boot(&shown).contains(&model.new), "{}", p.screen());
    }
}

#[test]
fn a_full_flash_costs_the_copy_and_nothing_else_on_every_model() {
    for model in Model::all() {
        let mut p = model.lab.bench.enabled();
        let free = p.device.facts().free;
        let filler = std::fs::File::create(model.lab.bench.flash("filler.bin")).expect("made");
        filler.set_len(free - SIZE / 2).expect("sparse");
        let text = fetch(&mut p, &model);
        assert!(text.contains("(Not enough space on device)"), "{}: {text}", model.profile.name);
        assert!(!model.lab.bench.flash(&model.new).exists(), "nothing is left of it");
        // The way back: room is made, and it goes.
        p.run("delete /force flash:filler.bin");
        if model.profile.flash.class.rules().marks {
            p.keys("squeeze flash:\r");
            p.until("[confirm]");
            p.keys("\r");
            p.until("R1#");
        }
        p.keys("copy tftp: flash:\r");
        p.until("Address or name of remote host [10.0.0.1]? ");
        p.keys("\r");
        p.until(&format!("Source filename [{}]? ", model.new));
        p.keys("\r");
        p.until("]? ");
        assert!(copied(&mut p, &model).contains("bytes copied in"), "{}", p.screen());
    }
}

#[test]
fn a_running_image_may_be_deleted_on_every_model() {
    for model in Model::all() {
        let mut p = model.lab.bench.enabled();
        p.run(&format!("delete /force flash:{}", model.old));
        runs(&mut p, model.old_version, &model.old);
        // What is in memory can still fetch another.
        assert!(fetch(&mut p, &model).contains("bytes copied in"));
        reload(&mut p);
        runs(&mut p, model.new_version, &model.new);
    }
}

#[test]
fn every_text_of_every_model_is_read_back() {
    use ios_cli::text::{boot_variables, bootvar, dir, file_systems, flash, interfaces, path_list};
    for model in Model::all() {
        let mut p = model.lab.bench.enabled();
        let listing = dir::Listing::parse(&p.run("dir")).expect("dir");
        assert_eq!(dir::Listing::parse(&listing.render()), Ok(listing));
        let shown = flash::Flash::parse(&p.run("show flash:"));
        let shown = shown.unwrap_or_else(|e| panic!("{}: {e}", model.profile.name));
        assert_eq!(flash::Flash::parse(&shown.render()), Ok(shown));
        let systems = file_systems::parse(&p.run("show file systems")).expect("file systems");
        assert!(systems.iter().any(|fs| fs.default && fs.size.is_some()), "{systems:?}");
        let ports = interfaces::parse(&p.run("show ip interface brief")).expect("interfaces");
        assert_eq!(ports.len(), model.profile.interfaces.len());
        let shown = p.run(model.show_boot());
        match model.profile.boot.view {
            View::Bootvar => drop(bootvar::BootVar::parse(&shown).expect("bootvar")),
            View::PathList => drop(path_list::PathList::parse(&shown).expect("boot")),
            View::Variables => drop(boot_variables::BootVariables::parse(&shown).expect("boot")),
        }
    }
}
