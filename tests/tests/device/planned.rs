//! `towline upgrade plan` against devices of each model, with what stands in the way of an upgrade.

use crate::bench::{Person, SIZE, image_for};
use crate::models::Model;
use crate::ssh::lines;
use crate::surveyed::{running, value_of};
use device::SshLines;
use e2e::process::{Ended, Process};
use std::path::Path;
use std::time::Duration;
use transport::ssh::Ios;

/// A device, who sits at its console, and a way to it.
struct Site {
    model: Model,
    person: Person,
    ssh: SshLines,
    home: tempfile::TempDir,
}

impl Site {
    fn of(model: Model) -> Site {
        let (person, device) = running(&model);
        let ssh = lines(&device, Ios::V15_2);
        let home = e2e::scratch();
        let image = image_for(&model.profile, model.new_version, SIZE);
        std::fs::write(home.path().join(&model.new), image).expect("room");
        Site { model, person, ssh, home }
    }

    fn plan(&self, words: &[&str]) -> Ended {
        self.plan_of(&self.model.new, words)
    }

    fn plan_of(&self, image: &str, words: &[&str]) -> Ended {
        let mut c = e2e::towline::command();
        c.args(["upgrade", "plan", "--json", "--host-key", "accept-new", "--ssh-profile", "legacy-ios"]);
        c.arg(format!("bob:s3cret@{}", self.ssh.address())).args(["--image", image]).args(words);
        c.current_dir(self.home.path())
            .env("HOME", self.home.path())
            .env_remove("XDG_STATE_HOME")
            .env_remove("SSH_AUTH_SOCK");
        Process::start(&mut c).wait(Duration::from_secs(60))
    }

    fn copy_of(&self, name: &str) -> String {
        std::fs::copy(self.home.path().join(&self.model.new), self.home.path().join(name)).expect("room");
        name.to_owned()
    }

    fn configure(&mut self, line: &str) {
        self.person.run("conf t");
        self.person.run(line);
        self.person.run("end");
        self.person.run("write memory");
    }
}

fn field<'a>(ended: &'a Ended, field: &str) -> &'a str {
    value_of(&ended.out, "planned", field)
}

/// That exactly this stands in the way.
fn blocked(ended: &Ended, check: &str, found: &str) {
    let blocks = field(ended, "blocks");
    assert_eq!((ended.code(), field(ended, "state")), (4, "blocked"), "{check}: {ended:?}");
    assert_eq!(blocks.matches("\"").count(), 2, "{check} and nothing else: {blocks}");
    assert!(
        blocks.starts_with(&format!("[\"{check}: expected ")) && blocks.contains(found),
        "{check}: {blocks}"
    );
    assert!(ended.err.contains(check) && ended.err.contains("; "), "a way out: {}", ended.err);
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(dir)
        .expect("flash")
        .map(|e| e.expect("an entry").file_name().into_string().expect("a name"))
        .collect();
    names.sort();
    names
}

#[test]
fn each_model_is_ready_and_nothing_on_it_changes() {
    for model in Model::all() {
        let site = Site::of(model);
        let (before, saved) =
            (names(&site.model.lab.bench.dir.path().join("flash")), site.model.lab.bench.saved());
        let ended = site.plan(&[]);
        let name = &site.model.profile.name;
        assert_eq!((ended.code(), field(&ended, "state")), (0, "ready"), "{name}: {ended:?}");
        let actions = field(&ended, "actions");
        let steps: Vec<&str> = actions
            .split("\",\"")
            .map(|a| a.trim_start_matches("[\"").split(':').next().expect("a step"))
            .collect();
        assert_eq!(
            steps,
            ["transfer", "verify", "set-boot", "save", "reload", "confirm"],
            "{name}: {actions}"
        );
        assert_eq!(field(&ended, "octets"), SIZE.to_string(), "{name}");
        assert_eq!(names(&site.model.lab.bench.dir.path().join("flash")), before, "{name}");
        assert_eq!(site.model.lab.bench.saved(), saved, "{name}");
    }
}

#[test]
fn a_plan_is_written_whole_with_what_stands_in_the_way_too() {
    use std::os::unix::fs::PermissionsExt as _;
    use towline::upgrade::{drift::drift, plan_file::PlanFile};
    let mut site = Site::of(Model::of("c2911"));
    let path = site.home.path().join("plan.json");
    let ended = site.plan(&["-o", "plan.json"]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert_eq!(std::fs::metadata(&path).expect("written").permissions().mode() & 0o777, 0o600);
    let ready = PlanFile::read(&path).expect("a plan");
    let device = &ready.devices[0];
    let place = format!("bob@{}", site.ssh.address());
    assert_eq!((ready.devices.len(), device.key.device.as_str(), &device.key.inventory), (1, &*place, &None));
    assert_eq!(device.facts.serial.as_deref(), Some(&*site.model.profile.serial));
    assert_eq!((device.octets, device.blocks.len()), (SIZE, 0));
    assert!(!std::fs::read_to_string(&path).expect("a text").contains("s3cret"));
    assert_eq!(ready.image_drift().expect("it is there"), []);
    // What changed since is told; a device that stands in its own way is in the file too, and the exit code is as without one.
    site.person.run("conf t");
    site.person.run("ip host other 10.0.0.9");
    site.person.run("end");
    let inventory = format!(
        "[[device]]\nname = 'edge'\naddress = '{}'\nport = {}\nuser = 'bob'\npassword = {{ env = 'NETPW' }}\n\
         [[device]]\nname = 'gone'\naddress = '127.0.0.1'\nport = 1\n",
        site.ssh.address().ip(),
        site.ssh.address().port()
    );
    std::fs::write(site.home.path().join("devices.toml"), inventory).expect("room");
    let mut c = e2e::towline::command();
    c.args(["upgrade", "plan", "-i", "devices.toml", "--image", &site.model.new, "-o", "plan.json"]);
    c.args(["--host-key", "accept-new", "--ssh-profile", "legacy-ios"]).current_dir(site.home.path());
    c.env("HOME", site.home.path())
        .env("NETPW", "s3cret")
        .env_remove("XDG_STATE_HOME")
        .env_remove("SSH_AUTH_SOCK");
    let ended = Process::start(&mut c).wait(Duration::from_secs(60));
    assert_eq!(ended.code(), 1, "none of two is ready, for two reasons: {ended:?}");
    let blocked = PlanFile::read(&path).expect("a plan");
    let [device] = &blocked.devices[..] else { panic!("who was not asked is not in it: {blocked:?}") };
    let inventory = device.key.inventory.as_ref().expect("of an inventory");
    assert!(inventory.is_absolute() && inventory.ends_with("devices.toml"), "{inventory:?}");
    assert_eq!((device.key.device.as_str(), device.blocks[0].check.as_str()), ("edge", "unsaved"));
    let now = upgrade::Facts::from(&device.facts);
    let told = drift(&ready.devices[0], &now, &ready.target(), &ready.wish());
    assert_eq!(
        told.iter().map(|d| (d.what.as_str(), d.found.as_str())).collect::<Vec<_>>(),
        [("unsaved", "they differ")]
    );
    // None that could be asked: none is written.
    std::fs::remove_file(&path).expect("it was there");
    let ended = site.plan_of("none.bin", &["-o", "plan.json"]);
    assert_eq!((ended.code(), path.exists()), (5, false), "{ended:?}");
}

#[test]
fn what_is_wrong_with_the_image_blocks() {
    let site = Site::of(Model::of("c2911"));
    let other = site.copy_of("c3900-universalk9-mz.SPA.155-3.M4a.bin");
    blocked(&site.plan_of(&other, &[]), "platform", "c3900");
    let npe = site.copy_of("c2900-universalk9_npe-mz.SPA.155-3.M4a.bin");
    blocked(&site.plan_of(&npe, &[]), "feature-set", "universalk9_npe");
    let nameless = site.copy_of("new.bin");
    blocked(&site.plan_of(&nameless, &[]), "platform", "new.bin, whose name does not say what it is for");
    let old = site.model.old.clone();
    let same = site.copy_of(&old);
    std::fs::write(site.home.path().join(&same), vec![7; 1_000]).expect("room");
    blocked(&site.plan_of(&same, &[]), "name", "which runs, and is another file");
    blocked(&site.plan(&["--expect", &format!("md5:{}", "0".repeat(32))]), "source", "md5:");
    blocked(&site.plan(&["--restart", "20m", "--window", "15m"]), "window", "a window of 900 s");
    let ended = site.plan(&["--restart", "10m", "--window", "15m"]);
    assert_eq!(field(&ended, "state"), "ready", "{ended:?}");
}

#[test]
fn what_is_wrong_with_the_device_blocks() {
    for model in Model::all() {
        let router = model.profile.is_router();
        let mut site = Site::of(model);
        let old = site.model.old.clone();
        site.person.run("conf t");
        site.person.run("ip host other 10.0.0.9");
        site.person.run("end");
        blocked(&site.plan(&[]), "unsaved", "they differ");
        site.person.run("conf t");
        site.person.run("no ip host other 10.0.0.9");
        site.person.run("end");
        site.person.run("write memory");
        site.person.answer("reload in 60", "[confirm]");
        site.person.keys("\r");
        site.person.until("R1#");
        blocked(&site.plan(&[]), "reload-pending", "Reload scheduled");
        site.person.run("reload cancel");
        if router {
            site.configure("config-register 0x2142");
            blocked(&site.plan(&[]), "register", "0x2142");
            site.configure("config-register 0x2102");
        } else {
            site.configure("boot manual");
            blocked(&site.plan(&[]), "manual-boot", "yes");
            site.configure("no boot manual");
        }
        site.configure("boot system flash:gone.bin");
        blocked(&site.plan(&[]), "boot-variable", "no such file");
        site.configure("no boot system flash:gone.bin");
        site.person.device.set_fault("full-flash 1000".parse().expect("a fault"));
        blocked(&site.plan(&[]), "room", "no files that may go make enough");
        site.person.device.clear_faults();
        assert_eq!(field(&site.plan(&[]), "state"), "ready", "all of it is right again");
        // The image that runs is gone.
        std::fs::remove_file(site.model.lab.bench.flash(&old)).expect("there");
        let ended = site.plan(&[]);
        assert!(field(&ended, "blocks").contains("running-image: expected"), "{ended:?}");
    }
}

#[test]
fn install_mode_has_a_ladder_of_its_own() {
    let site = Site::of(Model::installed("c9300"));
    let before = names(&site.model.lab.bench.dir.path().join("flash"));
    let ended = site.plan(&[]);
    assert_eq!((ended.code(), field(&ended, "state")), (0, "ready"), "{ended:?}");
    let actions = field(&ended, "actions");
    let steps: Vec<&str> = actions
        .split("\",\"")
        .map(|a| a.trim_start_matches("[\"").split(':').next().expect("a step"))
        .collect();
    assert_eq!(
        steps,
        ["transfer", "verify", "set-boot", "save", "add", "activate", "confirm", "commit"],
        "{actions}"
    );
    assert_eq!(names(&site.model.lab.bench.dir.path().join("flash")), before);
}

#[test]
fn what_is_in_the_way_is_named_and_the_rest_stays() {
    let site = Site::of(Model::of("c2911"));
    let bench = &site.model.lab.bench;
    for name in ["c2900-universalk9-mz.SPA.150-1.M1.bin", "vlan.dat", "notes.txt"] {
        bench.put(name, &vec![1; usize::try_from(SIZE).expect("small")]);
    }
    site.person.device.set_fault("full-flash 40000".parse().expect("a fault"));
    let ended = site.plan(&[]);
    assert_eq!(field(&ended, "state"), "ready", "{ended:?}");
    let begin = "[\"make-room: delete flash0:c2900-universalk9-mz.SPA.150-1.M1.bin\",\"transfer: copy ";
    assert!(field(&ended, "actions").starts_with(begin), "{ended:?}");
    blocked(&site.plan(&["--keep-files"]), "room", "nothing may be deleted");
}
