use crate::commands::exec::Exec;
use crate::config::FilePrompt;
use crate::ifs::{Fs, Net, Url};
use crate::session::Leave;
use client::Scheme;
use ios_cli::text::copy::{NO_HOST, OVERWRITE};
use store::VPath;

impl Exec<'_> {
    /// Asks for what is missing, in the device's order. `None`: the dialog ended, with its reason shown.
    ///
    /// 1. A local source without a name: `Source filename`.
    /// 2. A network end that is not complete: host, over SCP the user, then (source only) `Source filename`; what was typed
    ///    or used last stands in the brackets.
    /// 3. `Destination filename`, unless `file prompt quiet` and the name is known.
    /// 4. The overwrite warning, before anything is sent.
    pub(super) fn copy_dialog(&mut self, source: Url, destination: Url) -> Result<Option<(Url, Url)>, Leave> {
        let level = self.tty.device.running_config().file_prompt;
        let remembered = self.tty.device.state().remembered.clone();
        let noisy = level == FilePrompt::Noisy;
        let source = match source {
            // What comes over a Catalyst's console has no name.
            Url::Local { fs, .. } if fs.modem().is_some() && !self.tty.device.profile().is_router() => source,
            Url::Local { fs, prefix, path } if path.is_root() && fs != Fs::Null => {
                // Nor has it one on a router that anybody asked for before.
                let last = if fs.modem().is_some() { "" } else { remembered.source.as_str() };
                let Some(name) = self.tty.ask_line("Source filename", last)? else {
                    return Ok(None);
                };
                match VPath::parse(name.as_bytes()) {
                    Ok(path) if !path.is_root() => Url::Local { fs, prefix, path },
                    Ok(_) | Err(_) => return self.bad_name(),
                }
            }
            Url::Net(net) if noisy || !Url::Net(net.clone()).is_complete() => {
                match self.ask_remote(net, &remembered.host, Some(&remembered.source))? {
                    Some(net) => Url::Net(net),
                    None => return Ok(None),
                }
            }
            complete => complete,
        };
        let default = self.default_name(&source, &destination);
        let destination = match destination {
            Url::Local { fs: Fs::Null, .. } => destination,
            Url::Local { fs, prefix, path } => {
                let directory = fs == Fs::Flash
                    && !path.is_root()
                    && self.tty.device.flash.stat(&path).is_ok_and(|r| r.directory);
                let known = match (path.is_root(), directory) {
                    (true, _) => default,
                    (false, true) => format!("{}/{default}", String::from_utf8_lossy(path.relative())),
                    (false, false) => String::from_utf8_lossy(path.relative()).into_owned(),
                };
                let missing = path.is_root() || directory;
                match self.ask_name(level, missing, &known)? {
                    None => return Ok(None),
                    Some(name) => match VPath::parse(name.as_bytes()) {
                        Ok(path) if !path.is_root() => Url::Local { fs, prefix, path },
                        Ok(_) | Err(_) => return self.bad_name(),
                    },
                }
            }
            Url::Net(net) => {
                let missing = net.path.is_none();
                let net = if noisy || net.host.is_none() || missing {
                    match self.ask_remote(net, &remembered.host, None)? {
                        Some(net) => net,
                        None => return Ok(None),
                    }
                } else {
                    net
                };
                let known = net.path.clone().unwrap_or(default);
                match self.ask_name(level, missing, &known)? {
                    None => return Ok(None),
                    Some(name) if name.is_empty() => return self.bad_name(),
                    Some(name) => Url::Net(Net { path: Some(name), ..net }),
                }
            }
        };
        // A source that is not there is said before anything is asked about the destination.
        let there = match &source {
            Url::Local { fs: Fs::Flash, path, .. } => self.tty.device.flash.stat(path).is_ok(),
            Url::Local { .. } | Url::Net(_) => true,
        };
        if there && !self.may_overwrite(level, &destination)? {
            return Ok(None);
        }
        let mut state = self.tty.device.state();
        for end in [&source, &destination] {
            if let Url::Net(Net { host: Some(host), .. }) = end {
                host.clone_into(&mut state.remembered.host);
            }
        }
        match &source {
            Url::Net(Net { path: Some(path), .. }) => path.clone_into(&mut state.remembered.source),
            Url::Local { fs: Fs::Flash, path, .. } => {
                state.remembered.source = String::from_utf8_lossy(path.relative()).into_owned();
            }
            Url::Local { .. } | Url::Net(_) => {}
        }
        drop(state);
        Ok(Some((source, destination)))
    }

    /// Host, over SCP the user there, then the source's name.
    fn ask_remote(&mut self, net: Net, host: &str, file: Option<&str>) -> Result<Option<Net>, Leave> {
        let known = net.host.clone().unwrap_or_else(|| host.to_owned());
        let Some(host) = self.tty.ask_line("Address or name of remote host", &known)? else {
            return Ok(None);
        };
        if host.is_empty() {
            self.tty.print(NO_HOST)?;
            return Ok(None);
        }
        let mut net = Net { host: Some(host), ..net };
        if net.scheme == Scheme::Scp {
            let which = if file.is_some() { "Source username" } else { "Destination username" };
            let known = net.user.clone().unwrap_or_else(|| self.login());
            let Some(user) = self.tty.ask_line(which, &known)? else { return Ok(None) };
            net.user = Some(user);
        }
        if let Some(last) = file {
            let known = net.path.clone().unwrap_or_else(|| last.to_owned());
            let Some(name) = self.tty.ask_line("Source filename", &known)? else { return Ok(None) };
            if name.is_empty() {
                return self.bad_name();
            }
            // A whole URL may be pasted here.
            if let Ok(Url::Net(whole)) = self.url(&name)
                && whole.host.is_some()
                && whole.path.is_some()
            {
                return Ok(Some(whole));
            }
            net.path = Some(name);
        }
        Ok(Some(net))
    }

    fn ask_name(&mut self, level: FilePrompt, missing: bool, known: &str) -> Result<Option<String>, Leave> {
        if level == FilePrompt::Quiet && !missing {
            return Ok(Some(known.to_owned()));
        }
        self.tty.ask_line("Destination filename", known)
    }

    /// Basename of the source; for a configuration `hostname-confg`, lower case, or the keyword.
    fn default_name(&self, source: &Url, destination: &Url) -> String {
        let configuration = source.is_running() || source.is_startup();
        match destination {
            Url::Net(_) if configuration => {
                format!("{}-confg", self.tty.device.running_config().hostname.to_lowercase())
            }
            Url::Local { fs: Fs::System, .. } => "running-config".into(),
            Url::Local { fs: Fs::Nvram, .. } => "startup-config".into(),
            Url::Local { .. } | Url::Net(_) => source.base(),
        }
    }

    /// The warning, before `Accessing`.
    fn may_overwrite(&mut self, level: FilePrompt, destination: &Url) -> Result<bool, Leave> {
        let Url::Local { fs: Fs::Flash, path, .. } = destination else { return Ok(true) };
        if level == FilePrompt::Quiet || self.tty.device.flash.stat(path).is_err() {
            return Ok(true);
        }
        self.tty.confirm(OVERWRITE)
    }

    fn bad_name<T>(&mut self) -> Result<Option<T>, Leave> {
        self.tty.print("%Error parsing filename (Bad file name)\n")?;
        Ok(None)
    }
}
