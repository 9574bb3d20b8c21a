//! pyntc, a library that upgrades such devices: its `IOSDevice` against ours, from the facts to the version that runs behind it.

use crate::bench::{Bench, Person, SIZE, image_for};
use crate::models::Model;
use crate::tools::PASSWORD;
use device::{Attendant, Device, Mode};
use e2e::peers::Peer;
use serde_json::Value;
use std::process::Stdio;
use std::sync::Arc;
use transport::ssh::Ios;

const NOTES: &[u8] = b"from this side\n";

/// What each script begins with. pyntc looks every ten seconds whether a device is back, and lets a command that the restart cuts
/// off wait for half an hour: nobody learns from that.
const HEAD: &str = r#"
import hashlib, json, os, sys, threading, time, types, warnings
import pyntc.devices.ios_device as driver
from pyntc.errors import NTCError
from pyntc.utils.models import FileCopyModel
warnings.simplefilter("ignore")
driver.time = types.SimpleNamespace(time=time.time, sleep=lambda seconds: threading.Event().wait(min(seconds, 0.3)))
port, password, new, local = sys.argv[1:]
content = open(os.path.join(os.path.dirname(local), new), "rb").read()
device = driver.IOSDevice("127.0.0.1", "bob", password, port=int(port))
got = {}
def known(what):
    return {name: getattr(what, name) for name in ("vendor", "hostname", "fqdn", "model", "os_version", "serial_number", "uptime",
        "config_register", "interfaces", "vlans", "boot_options", "install_mode", "redundancy_state")}
def comes(url, by="md5", **more):
    digest = hashlib.new(by, content).hexdigest()
    device.remote_file_copy(FileCopyModel(download_url=url, checksum=digest, hashing_algorithm=by, file_name=new,
                                          file_size=len(content), timeout=60, **more))
got["facts"] = known(device)
"#;

/// What each ends with.
const TAIL: &str = r#"
# What it keeps.
device.refresh()
got["after"] = known(device)
got["running"] = device.running_config
device.close()
print(json.dumps(got))
"#;

/// A router's: files both ways, the configuration, an upgrade.
const BUNDLE: &str = r#"
device.file_copy(local)
got["again"] = device.file_copy_remote_exists(local)
comes("tftp://10.0.0.1/" + new)
device.config(["interface GigabitEthernet0/1", "description by pyntc"])
device.checkpoint("checkpoint.cfg")
device.config("ip domain name changed.example")
got["changed"] = "ip domain name changed.example" in device.running_config
device.rollback("checkpoint.cfg")
try:
    device.config(["interface GigabitEthernet0/1", "no such command"])
except NTCError as error:
    got["refused"] = str(error)
try:
    device.set_boot_options("absent.bin")
except NTCError as error:
    got["absent"] = str(error)
got["installed"] = device.install_os(new)
got["no_need"] = device.install_os(new)
"#;

/// Somebody with pyntc, and what is to be copied.
struct Operator {
    pyntc: Peer,
    home: tempfile::TempDir,
    image: Vec<u8>,
}

impl Operator {
    /// With the new image of the model, which the server has too. `None`: skipped.
    fn of(model: &Model) -> Option<Operator> {
        let pyntc = Peer::python("pyntc")?;
        let home = e2e::scratch();
        let image = image_for(&model.profile, model.new_version, SIZE);
        model.lab.serve(&model.new, image.clone());
        std::fs::write(home.path().join(&model.new), &image).expect("room");
        std::fs::write(home.path().join("notes.txt"), NOTES).expect("room");
        Some(Operator { pyntc, home, image })
    }

    /// Runs a script at a device that is reached over SSH; what it printed.
    fn runs(&self, script: &str, device: &Arc<Device>, new: &str) -> Value {
        let lines = crate::ssh::lines(device, Ios::Xe17);
        let mut python = self.pyntc.command();
        python.args([
            "-c",
            &[HEAD, script, TAIL].concat(),
            &lines.address().port().to_string(),
            PASSWORD,
            new,
        ]);
        python.arg(self.home.path().join("notes.txt")).stdin(Stdio::null());
        let out = python.output().expect("python starts");
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{said}\n{:#?}", typed(device));
        serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {out:?}"))
    }
}

/// The lines that somebody typed, in their order, without those that are empty.
fn typed(device: &Device) -> Vec<String> {
    device.heard().into_iter().map(|typed| typed.text).collect()
}

/// Whether these lines were typed in this order.
fn in_order(typed: &[String], lines: &[&str]) -> bool {
    let mut typed = typed.iter();
    lines.iter().all(|line| typed.any(|t| t.starts_with(line)))
}

/// A device with what bob needs and what it boots, besides what the model has saved, and who looks after it.
fn switched_on(bench: &Bench, boot: &str) -> (Arc<Device>, Attendant) {
    let lines = format!(
        "username bob privilege 15 secret {PASSWORD}\nip scp server enable\narchive\n path flash:arch\n{boot}\n\
         line vty 0 4\n login local\nline con 0"
    );
    bench.startup(&bench.saved().replace("line con 0", &lines));
    let device = bench.device();
    let attendant = Attendant::start(std::slice::from_ref(&device)).expect("a thread");
    device.power_on();
    (device, attendant)
}

/// The boot loader of a new switch was told nothing: somebody sets what it boots at the console.
fn tell_its_loader(device: &Arc<Device>, boot: &str) {
    let mut p = Person::at(Arc::clone(device));
    p.keys("\r");
    p.until("R1#");
    for line in ["configure terminal", boot, "end", "write memory"] {
        p.run(line);
    }
    drop(p.leave());
}

#[test]
fn pyntc_upgrades_a_router() {
    let model = Model::of("c2911");
    let Some(operator) = Operator::of(&model) else { return };
    let bench = &model.lab.bench;
    let boot = format!("boot system flash0:{}", model.old);
    let (device, _attendant) = switched_on(bench, &boot);
    let got = operator.runs(BUNDLE, &device, &model.new);
    let facts = &got["facts"];
    for (name, value) in [
        ("hostname", "R1"),
        ("os_version", model.old_version),
        ("config_register", "0x2102"),
        ("redundancy_state", "active"),
    ] {
        assert_eq!(facts[name], value, "{facts}");
    }
    assert_eq!(facts["boot_options"]["sys"], model.old, "{facts}");
    assert!(facts["interfaces"].to_string().contains("GigabitEthernet0/1"), "{facts}");
    // What its table of `show version` knows of the Catalysts only.
    assert_eq!((&facts["model"], &facts["serial_number"]), (&"".into(), &"".into()), "{facts}");
    assert_eq!(got["again"], true, "{got}");
    assert!(got["refused"].to_string().contains("% Invalid input detected"), "{got}");
    assert!(got["absent"].to_string().contains("absent.bin"), "{got}");
    assert_eq!((&got["installed"], &got["no_need"]), (&true.into(), &false.into()), "{got}");
    let after = &got["after"];
    assert_eq!(after["boot_options"]["sys"], model.new, "{after}");
    assert!(after["os_version"].to_string().contains(model.new_version), "{after}");
    // What it did is what the device has, and was told.
    assert!(matches!(device.facts().mode, Mode::Ios { version, .. } if version == model.new_version));
    assert_eq!(std::fs::read(bench.flash(&model.new)).expect("copied"), operator.image);
    assert_eq!(std::fs::read(bench.flash("notes.txt")).expect("copied"), NOTES);
    let running = got["running"].as_str().expect("text");
    assert!(running.contains("\nhostname R1\n") && running.contains(" description by pyntc\n"), "{running}");
    assert!(running.contains(&format!("\nboot system flash0:{}\n", model.new)), "{running}");
    assert!(!running.contains(&model.old) && !running.contains("changed.example"), "{running}");
    assert_eq!(got["changed"], true, "{got}");
    let typed = typed(&device);
    let copy = format!("copy tftp://10.0.0.1/{0} flash0:{0}", model.new);
    let boot = format!("boot system flash0:{}", model.new);
    let lines = [
        copy.as_str(),
        "configure replace flash0:checkpoint.cfg force",
        "no boot system",
        &boot,
        "copy running-config startup-config",
        "reload",
        "show version",
    ];
    assert!(in_order(&typed, &lines), "{typed:#?}");
}

/// A Catalyst's in bundle mode.
const CATALYST: &str = r#"
comes("ftp://10.0.0.1/" + new, username="jeremy", token="ccna")
device.set_boot_options(new)
device.reboot(wait_for_reload=True)
got["no_need"] = device.install_os(new)
"#;

#[test]
fn pyntc_upgrades_a_catalyst_by_its_boot_list() {
    let model = Model::of("c2960x");
    let Some(operator) = Operator::of(&model) else { return };
    let bench = &model.lab.bench;
    let boot = format!("boot system flash:/{}", model.old);
    let (device, _attendant) = switched_on(bench, &boot);
    tell_its_loader(&device, &boot);
    let got = operator.runs(CATALYST, &device, &model.new);
    let facts = &got["facts"];
    for (name, value) in [
        ("hostname", "R1"),
        ("model", "WS-C2960X-24PS-L"),
        ("serial_number", "FOC1913S46M"),
        ("os_version", model.old_version),
        ("config_register", "0xF"),
    ] {
        assert_eq!(facts[name], value, "{facts}");
    }
    assert_eq!(facts["boot_options"]["sys"], model.old, "{facts}");
    assert!(facts["vlans"].to_string().contains("\"1\""), "{facts}");
    assert_eq!(got["no_need"], false, "{got}");
    assert_eq!(got["after"]["boot_options"]["sys"], model.new, "{got}");
    assert!(matches!(device.facts().mode, Mode::Ios { version, .. } if version == model.new_version));
    assert_eq!(std::fs::read(bench.flash(&model.new)).expect("copied"), operator.image);
    let copy = format!("copy ftp://jeremy:ccna@10.0.0.1/{0} flash:{0}", model.new);
    let boot = format!("boot system flash:/{}", model.new);
    assert!(in_order(&typed(&device), &[&copy, "no boot system", &boot, "reload"]), "{:#?}", typed(&device));
}

/// A switch's in install mode. The device restarts behind the line that says SUCCESS, without a prompt, as real ones do; netmiko
/// takes no notice of a session that ends, and `install_os` waits for the prompt as long as it may, then fails.
const INSTALL: &str = r#"
comes("tftp://10.0.0.1/" + new, by="sha512")
# What a router of one processor has not.
got["redundancy"] = device.redundancy_mode
try:
    device.install_os(new, read_timeout=3)
except Exception as error:
    got["left"] = type(error).__name__
# As it goes on itself where the session's end is noticed.
device._wait_for_device_reboot(timeout=60)
got["booted"] = device._image_booted(driver.INSTALL_MODE_FILE_NAME)
got["no_need"] = device.install_os(new)
"#;

#[test]
fn pyntc_upgrades_in_install_mode() {
    let model = Model::installed("c9300");
    let Some(operator) = Operator::of(&model) else { return };
    let bench = &model.lab.bench;
    let boot = "boot system flash:packages.conf";
    let (device, _attendant) = switched_on(bench, boot);
    tell_its_loader(&device, boot);
    let got = operator.runs(INSTALL, &device, &model.new);
    let facts = &got["facts"];
    assert_eq!(
        (&facts["install_mode"], &facts["boot_options"]["sys"]),
        (&true.into(), &"packages.conf".into())
    );
    assert_eq!(
        (&facts["os_version"], &got["redundancy"]),
        (&model.old_version.into(), &"non-redundant".into())
    );
    assert_eq!(
        (&got["left"], &got["booted"], &got["no_need"]),
        (&"ReadTimeout".into(), &true.into(), &false.into()),
        "{got}"
    );
    assert!(matches!(device.facts().mode, Mode::Ios { version, .. } if version == model.new_version));
    assert_eq!(got["after"]["os_version"], model.new_version, "{got}");
    let install = format!("install add file flash:{} activate commit prompt-level none", model.new);
    assert!(in_order(&typed(&device), &["verify /sha512 flash:/", &install]), "{:#?}", typed(&device));
}
