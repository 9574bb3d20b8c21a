//! The service as two processes: what the monitor is told, and how a worker begins.

use super::session_password::SessionPassword;
use super::sockets::{Had, Sockets};
use super::{Beginning, Occasion, certificate, descriptors, mandate};
use crate::config::Loaded;
use crate::events::Events;
use crate::exit::{Exit, Failure};
use crate::monitor::{Asked, House, Prepared, Terminal};
use serve::listen::Want;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

/// Whether a server without a configuration is one that reloads: with certificates that are renewed some day. Not where a
/// password of this run is told: after a reload it would be another one.
pub(crate) fn is_to_reload(loaded: &Loaded) -> bool {
    let config = &loaded.config;
    let is_for_this_run = !matches!(config.sftp.port, Want::Off) && SessionPassword::is_needed(loaded);
    !certificate::files(config).is_empty() && !is_for_this_run
}

/// Keeps the sockets and starts workers, to the end of the service.
///
/// `load` reads a configuration out of a text, with the options over it; without a `file` the options are all there is.
pub(crate) fn monitor(
    file: Option<&Path>,
    load: impl Fn(String) -> Result<Loaded, Failure> + 'static,
) -> Result<(), Failure> {
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    arguments.insert(2.min(arguments.len()), OsString::from("--worker"));
    let file = file.map(Path::to_owned);
    let terminal = if file.is_some() { Terminal::Ignored } else { Terminal::of_start() };
    House::run(
        arguments,
        terminal,
        Box::new(move |running| {
            let text = file.as_deref().map_or(Ok(String::new()), Loaded::text)?;
            let loaded = load(text.clone())?;
            // Workers have it from here.
            descriptors::raise(&loaded);
            let had = match running {
                Some(p) => Had {
                    by: Some(p.loaded.clone()),
                    sockets: again(&p.sockets).map_err(super::local("sockets"))?,
                },
                None => Had::nothing(),
            };
            let sockets = Sockets::open(&loaded, had)?.into_parts();
            let (mandate, drain) = (Arc::new(mandate::of(&loaded.config)), loaded.config.server.drain);
            let certificates = certificate::files(&loaded.config);
            Ok(Prepared { loaded, text, sockets, mandate, drain, certificates })
        }),
    )
}

fn again(sockets: &[(String, OwnedFd)]) -> io::Result<Vec<(String, OwnedFd)>> {
    sockets.iter().map(|(label, socket)| Ok((label.clone(), socket.try_clone()?))).collect()
}

/// Serves what the monitor says. The monitor is told what goes wrong, and tells it.
pub(crate) fn work(
    load: impl Fn(String) -> Result<Loaded, Failure>,
    occasion: &Occasion,
    events: &Arc<Events>,
) -> Result<(), Failure> {
    let (asked, start, descriptors) = Asked::begin()?;
    // It was started as /proc/self/exe, and would be "exe" in ps and top. Without the name it serves as well.
    let _unnamed = rustix::thread::set_name(c"towline");
    // Ctrl-C reaches every process of a terminal: the monitor says what is to be done.
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
        signal_hook::flag::register(signal, Arc::default()).map_err(super::local("signals"))?;
    }
    let asked = Arc::new(asked);
    let begun = || {
        let mut parts: Vec<(String, OwnedFd)> = start.labels.into_iter().zip(descriptors).collect();
        let text =
            parts.pop().ok_or_else(|| Failure::new(Exit::Failed, "--worker", "no configuration", ""))?;
        let mut read = String::new();
        File::from(text.1).read_to_string(&mut read).map_err(super::local("the configuration"))?;
        let loaded = load(read)?;
        let sockets = Sockets::of_parts(parts)?;
        super::serve(&loaded, occasion, events, Beginning { sockets, monitor: Some(asked.clone()) })
    };
    if let Err(failure) = begun() {
        asked.failed(&failure);
        asked.ended(failure.exit);
    } else {
        asked.ended(Exit::Done);
    }
    Ok(())
}
