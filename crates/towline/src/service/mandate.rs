//! What a worker may ask for, from the configuration.

use crate::config::Config;
use crate::monitor::{Address, Argv, Mandate, Place, Program, Reached};
use crate::sinks::{Target, To};
use serve::listen::Want;
use std::collections::BTreeMap;

/// The programs and places that the configuration names, and FTP's data connections.
pub(super) fn of(config: &Config) -> Mandate {
    let mut programs = BTreeMap::new();
    programs.extend(argv(&config.identity.command).map(|argv| (Program::Identity, argv)));
    let mut places = BTreeMap::new();
    for (nth, hook) in (0..).zip(&config.hook) {
        programs.extend(argv(&hook.run).map(|argv| (Program::Hook(nth), argv)));
        let target = hook.url.as_deref().and_then(|url| Target::parse(url).ok());
        places.extend(target.map(|to| (Place::Hook(nth), Address::of(Reached::Tcp, to.address()))));
    }
    let syslog = match config.audit.syslog.as_deref().and_then(To::parse) {
        Some(To::Tcp(address)) => Some(Address::of(Reached::Tcp, address)),
        Some(To::Udp(address)) => Some(Address::of(Reached::Udp, address)),
        Some(To::Unix(_)) | None => None,
    };
    places.extend(syslog.map(|address| (Place::Syslog, address)));
    let user = config.server.user.as_ref().map(|user| user.value.identity());
    Mandate {
        programs,
        places,
        passive_ports: config.ftp.passive_ports.clone(),
        active: config.ftp.port != Want::Off || config.ftps.port != Want::Off,
        programs_as: user.filter(|_| rustix::process::geteuid().is_root()).map(|u| (u.uid(), u.gid())),
    }
}

fn argv(words: &[String]) -> Option<Argv> {
    let (program, arguments) = words.split_first()?;
    Some(Argv { program: program.into(), arguments: arguments.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::audit::Hook;

    #[test]
    fn what_the_configuration_names_may_be_asked_for() {
        let hook = vec![Hook::on_ends(&["/bin/a", "b"], None), Hook::on_ends(&[], Some("https://[::1]/x?y"))];
        let mut config = Config { hook, ..Config::default() };
        config.audit.syslog = Some("tcp://log.example:6514".into());
        let mandate = of(&config);
        let argv = Argv { program: "/bin/a".into(), arguments: vec!["b".into()] };
        assert_eq!(mandate.programs, BTreeMap::from([(Program::Hook(0), argv)]));
        let tcp = |host: &str| Address::of(Reached::Tcp, host.into());
        let places = [(Place::Hook(1), tcp("[::1]:443")), (Place::Syslog, tcp("log.example:6514"))];
        assert_eq!(mandate.places, BTreeMap::from(places));
    }
}
