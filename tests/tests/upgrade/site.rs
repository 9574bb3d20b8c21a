//! A lab of devices, the images for them, and what a device says of itself by its control socket.

use e2e::process::{Ended, Process};
use e2e::towline::command;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// Octets of an image: small, for the tests are many.
pub(crate) const SIZE: u64 = 150_000;

/// A model, the version that it runs and the one that it is to run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Model {
    pub(crate) profile: &'static str,
    pub(crate) old: &'static str,
    pub(crate) new: &'static str,
    pub(crate) old_version: &'static str,
    pub(crate) new_version: &'static str,
}

/// Those whose software lies in flash as one image.
pub(crate) const BUNDLE: [Model; 4] = [
    Model {
        profile: "c2911",
        old: "c2900-universalk9-mz.SPA.151-4.M4.bin",
        new: "c2900-universalk9-mz.SPA.155-3.M4a.bin",
        old_version: "15.1(4)M4",
        new_version: "15.5(3)M4a",
    },
    Model {
        profile: "c2960x",
        old: "c2960x-universalk9-mz.152-2.E7.bin",
        new: "c2960x-universalk9-mz.152-4.E8.bin",
        old_version: "15.2(2)E7",
        new_version: "15.2(4)E8",
    },
    Model {
        profile: "c3640",
        old: "c3640-ik9s-mz.122-23a.bin",
        new: "c3640-ik9s-mz.122-26.bin",
        old_version: "12.2(23a)",
        new_version: "12.2(26)",
    },
    Model {
        profile: "isr4331",
        old: "isr4300-universalk9.16.06.05.SPA.bin",
        new: "isr4300-universalk9.16.09.03.SPA.bin",
        old_version: "16.6.5",
        new_version: "16.9.3",
    },
];

/// The one whose software lies in flash as packages.
pub(crate) const INSTALL: Model = Model {
    profile: "c9300",
    old: "packages.conf",
    new: "cat9k_iosxe.17.09.04.SPA.bin",
    old_version: "17.6.1",
    new_version: "17.9.4",
};

/// A lab that runs. Every test has addresses of its own.
pub(crate) struct Site {
    home: tempfile::TempDir,
    _lab: Process,
    telnet: u16,
}

impl Site {
    /// Devices as `text` says, beside the images of all models.
    pub(crate) fn start(text: &str) -> Site {
        let home = e2e::scratch();
        let file = home.path().join("lab.toml");
        let control = home.path().join("control");
        let head = format!("telnet = 0\nssh = \"off\"\ncontrol = \"{}\"\n", control.display());
        std::fs::write(&file, head + text).expect("written");
        let mut lab = Process::start(command().arg("lab").arg(&file));
        let telnet = lab.wait_for("the line of Telnet", |said| {
            let line = said.err.iter().find_map(|line| line.strip_prefix("Telnet: telnet "))?;
            line.rsplit(' ').next()?.parse().ok()
        });
        let site = Site { home, _lab: lab, telnet };
        for model in BUNDLE.into_iter().chain([INSTALL]) {
            site.make(&model, SIZE);
        }
        site
    }

    /// Makes the image that a model is to run, of that many octets.
    pub(crate) fn make(&self, model: &Model, octets: u64) {
        let mut c = command();
        c.args(["image", "make", "--profile", model.profile, "--version", model.new_version, "--size"]);
        let ended = Process::start(c.arg(octets.to_string()).arg(self.path().join(model.new))).wait(PATIENCE);
        assert_eq!(ended.code(), 0, "{ended:?}");
    }

    /// As the device is named on the command line.
    pub(crate) fn device(&self, address: &str) -> String {
        format!("telnet://admin:admin@{address}:{}", self.telnet)
    }

    /// Runs `towline upgrade VERB` with these words, with nothing of the user's.
    pub(crate) fn upgrade(&self, words: &[&str]) -> Ended {
        self.begin(words).wait(PATIENCE)
    }

    /// The same, while it runs.
    pub(crate) fn begin(&self, words: &[&str]) -> Process {
        let mut c = command();
        c.arg("upgrade").args(words).current_dir(self.home.path());
        c.env("HOME", self.home.path()).env_remove("XDG_STATE_HOME").env("TOWLINE_PASSWORD", "admin");
        Process::start(&mut c)
    }

    /// Asks the control socket.
    pub(crate) fn ctl(&self, words: &[&str]) -> Vec<Value> {
        let mut c = command();
        c.args(["device", "ctl", "--json", "--control"]).arg(self.home.path().join("control")).args(words);
        let ended = Process::start(&mut c).wait(PATIENCE);
        assert_eq!(ended.code(), 0, "{words:?}: {ended:?}");
        ended.out.lines().map(|line| serde_json::from_str(line).expect("an object")).collect()
    }

    /// What a device is.
    pub(crate) fn state(&self, name: &str) -> Value {
        self.ctl(&[name]).remove(0)
    }

    pub(crate) fn path(&self) -> &Path {
        self.home.path()
    }
}
