//! The passwords themselves: each is fetched once, before anything is connected to.

use super::credential::Credential;
use super::device::Device;
use crate::exit::{Exit, Failure};
use crate::monitor::{Argv, Run, run};
use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

/// How long a command may take: somebody may have to open a vault first.
const PATIENCE: Duration = Duration::from_secs(60);
/// Octets of a file that are looked at for its first line.
const LARGEST: u64 = 64 << 10;

/// Who is asked for passwords.
pub(crate) trait Person {
    /// What they type; `None`: there is nobody.
    fn ask(&mut self, what: &str) -> Option<String>;
}

/// Whoever sits at the terminal.
pub(crate) struct AtTerminal;

impl Person for AtTerminal {
    fn ask(&mut self, what: &str) -> Option<String> {
        if !std::io::stdin().is_terminal() {
            return None;
        }
        rpassword::prompt_password(format!("{what}: ")).ok()
    }
}

/// What credentials refer to. Nothing prints it.
#[derive(Default)]
pub(crate) struct Passwords(BTreeMap<Credential, String>);

impl Passwords {
    /// Fetches those of these devices, each once.
    ///
    /// # Errors
    /// The first that cannot be had, with its device.
    pub(crate) fn of<'a>(
        devices: impl IntoIterator<Item = &'a Device>,
        person: &mut dyn Person,
    ) -> Result<Passwords, Failure> {
        let mut all = BTreeMap::new();
        for device in devices {
            for credential in [&device.password, &device.enable].into_iter().flatten() {
                if *credential != Credential::Agent && !all.contains_key(credential) {
                    all.insert(credential.clone(), fetched(credential, &device.name, person)?);
                }
            }
        }
        Ok(Passwords(all))
    }

    /// The password; none where keys are all there is.
    pub(crate) fn get(&self, credential: &Credential) -> Option<&str> {
        self.0.get(credential).map(String::as_str)
    }
}

fn fetched(credential: &Credential, name: &str, person: &mut dyn Person) -> Result<String, Failure> {
    let text = match credential {
        Credential::Written(text) => text.clone(),
        Credential::Environment(variable) => std::env::var(variable).map_err(|_| {
            Failure::usage(
                name,
                format!("the variable {variable} is not set, which its password is in"),
                "set it",
            )
        })?,
        Credential::File(path) => of_file(path)?,
        Credential::Command(words) => printed(name, words)?,
        Credential::Prompt(what) => person.ask(what).ok_or_else(|| {
            let way_out = "run it at a terminal, or say in the inventory which env, file or command has it";
            Failure::usage(name, format!("nobody is there to ask for '{what}'"), way_out)
        })?,
        Credential::Agent => String::new(),
    };
    let line = text.split('\n').next().unwrap_or_default();
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        let what = format!("its password is empty ({})", credential.place());
        return Err(Failure::usage(name, what, "put it there; { agent = true } is for keys"));
    }
    Ok(line.to_owned())
}

/// The text of a file that nobody else may read.
fn of_file(path: &Path) -> Result<String, Failure> {
    let fault = |e: std::io::Error| Failure::local(path.display(), &e);
    let nonblock = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).expect("one bit of few");
    // A FIFO would wait for its writer.
    let file = std::fs::File::options().read(true).custom_flags(nonblock).open(path).map_err(fault)?;
    let meta = file.metadata().map_err(fault)?;
    if !meta.is_file() {
        return Err(Failure::new(Exit::Local, path.display(), "is no regular file", "name a file"));
    }
    if meta.mode() & 0o077 != 0 {
        let what = format!("mode {:04o} lets others at the password", meta.mode() & 0o7777);
        let way_out = format!("chmod 600 {}", path.display());
        return Err(Failure::new(Exit::Local, path.display(), what, way_out));
    }
    let mut text = Vec::new();
    file.take(LARGEST).read_to_end(&mut text).map_err(fault)?;
    let line = text.split(|b| *b == b'\n').next().unwrap_or_default().to_vec();
    String::from_utf8(line)
        .map_err(|_| Failure::new(Exit::Local, path.display(), "its first line is no text", "check the file"))
}

/// What a program prints, with our own variables: what opens a vault needs HOME, and more.
fn printed(name: &str, words: &[String]) -> Result<String, Failure> {
    let (program, arguments) = words.split_first().expect("read with a program");
    let argv = Argv { program: program.into(), arguments: arguments.to_vec() };
    let environment: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(n, v)| Some((n.into_string().ok()?, v.into_string().ok()?)))
        .collect();
    let how = Run { argv: &argv, environment: &environment, input: b"", patience: PATIENCE, as_user: None };
    let ran = run(&how).map_err(|e| Failure::usage(name, e, "check the program"))?;
    let what = match (ran.timed_out, ran.code) {
        (true, _) => format!("{program} took more than {} s", PATIENCE.as_secs()),
        (false, None) => format!("{program} was ended by a signal"),
        (false, Some(0)) => {
            let line = ran.output.split(|b| *b == b'\n').next().unwrap_or_default().to_vec();
            let text = String::from_utf8(line);
            return text.map_err(|_| Failure::usage(name, format!("{program} prints no text"), "check it"));
        }
        // What it says on stderr may help; what it printed on stdout may be the password.
        (false, Some(code)) => format!("{program} ended with {code}{}", ran.words()),
    };
    Err(Failure::usage(name, what, "run it by hand"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    /// Says what it was asked for, and how often.
    #[derive(Default)]
    struct Told(Vec<String>);

    impl Person for Told {
        fn ask(&mut self, what: &str) -> Option<String> {
            self.0.push(what.to_owned());
            (what != "nobody").then(|| format!("{what}-answer"))
        }
    }

    fn device(password: Option<Credential>, enable: Option<Credential>) -> Device {
        let mut inventory = super::super::tests::read("i.toml", "[[device]]\nname = 'r1'\n").expect("one");
        Device { password, enable, ..inventory.devices.remove(0) }
    }

    fn one(credential: Credential) -> Result<String, Failure> {
        let devices = [device(Some(credential.clone()), None)];
        let passwords = Passwords::of(&devices, &mut Told::default())?;
        Ok(passwords.get(&credential).unwrap_or_default().to_owned())
    }

    #[test]
    fn each_password_is_fetched_once_for_all_that_share_it() {
        let prompt = |what: &str| Some(Credential::Prompt(what.into()));
        let dir = tempfile::tempdir().unwrap();
        let count = dir.path().join("count");
        let words = ["/bin/sh", "-c", "echo x >> $0; echo S3cret; echo more"].map(String::from);
        let command = Credential::Command(words.into_iter().chain([count.display().to_string()]).collect());
        let devices = [
            device(prompt("TACACS"), prompt("enable")),
            device(prompt("TACACS"), None),
            device(Some(command.clone()), prompt("enable")),
            device(Some(command.clone()), Some(Credential::Agent)),
        ];
        let mut told = Told::default();
        let passwords = Passwords::of(&devices, &mut told).unwrap();
        assert_eq!(told.0, ["TACACS", "enable"]);
        assert_eq!(passwords.get(&Credential::Prompt("TACACS".into())), Some("TACACS-answer"));
        assert_eq!(passwords.get(&command), Some("S3cret"));
        assert_eq!(passwords.get(&Credential::Agent), None);
        assert_eq!(std::fs::read_to_string(count).unwrap(), "x\n");
        let nobody = one(Credential::Prompt("nobody".into())).unwrap_err().to_string();
        assert!(nobody.contains("r1: nobody is there to ask for 'nobody'"), "{nobody}");
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_and_a_failing_command_shows_no_output() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pw");
        std::fs::write(&file, "S3cret\r\nmore\n").unwrap();
        for (mode, is_right) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o620, false)]
        {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            match one(Credential::File(file.clone())) {
                Ok(text) => assert!(is_right && text == "S3cret", "{mode:o}"),
                Err(e) => {
                    let told = e.to_string();
                    assert!(!is_right && told.contains("chmod 600") && !told.contains("S3cret"), "{told}");
                }
            }
        }
        for (words, says) in [
            (
                vec!["/bin/sh", "-c", "echo S3cret; echo no such entry >&2; exit 3"],
                "ended with 3: no such entry",
            ),
            (vec!["/no/such/program"], "check the program"),
            (vec!["/bin/true"], "its password is empty (command /bin/true)"),
        ] {
            let told = one(Credential::Command(words.iter().map(|w| (*w).to_owned()).collect())).unwrap_err();
            let told = told.to_string();
            assert!(told.contains(says) && !told.contains("S3cret"), "{told}");
        }
        let unset = one(Credential::Environment("NO_SUCH_VARIABLE_HERE".into())).unwrap_err().to_string();
        assert!(unset.contains("NO_SUCH_VARIABLE_HERE is not set"), "{unset}");
        assert!(one(Credential::File(dir.path().into())).is_err());
    }
}
