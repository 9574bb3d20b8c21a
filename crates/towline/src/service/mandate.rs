//! What a worker may ask for, from the configuration.

use crate::config::Config;
use crate::monitor::{Argv, Mandate, Place, Program};
use serve::listen::Want;
use std::collections::BTreeMap;

/// The programs and places that the configuration names, and FTP's data connections.
pub(super) fn of(config: &Config) -> Mandate {
    let mut programs = BTreeMap::new();
    programs.extend(argv(&config.identity.command).map(|argv| (Program::Identity, argv)));
    let mut places = BTreeMap::new();
    for (nth, hook) in (0..).zip(&config.hook) {
        programs.extend(argv(&hook.run).map(|argv| (Program::Hook(nth), argv)));
        places.extend(hook.url.as_deref().and_then(address).map(|to| (Place::Hook(nth), to)));
    }
    let syslog = config.audit.syslog.as_deref().and_then(|to| to.strip_prefix("tcp://"));
    places.extend(syslog.map(|to| (Place::Syslog, with_port(to, 601))));
    let user = config.server.user.as_ref().map(|user| user.value.identity());
    Mandate {
        programs,
        places,
        passive_ports: config.ftp.passive_ports.clone(),
        active: config.ftp.port != Want::Off,
        programs_as: user.filter(|_| rustix::process::geteuid().is_root()).map(|u| (u.uid(), u.gid())),
    }
}

fn argv(words: &[String]) -> Option<Argv> {
    let (program, arguments) = words.split_first()?;
    Some(Argv { program: program.into(), arguments: arguments.to_vec() })
}

/// Host and port of a web address.
fn address(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let port = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let host = rest.split(['/', '?', '#']).next()?;
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    (!host.is_empty()).then(|| with_port(host, port))
}

fn with_port(host: &str, port: u16) -> String {
    let after_bracket = host.rsplit_once(']').map_or(host, |(_, rest)| rest);
    if after_bracket.contains(':') { host.to_owned() } else { format!("{host}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::audit::Hook;
    use std::time::Duration;

    #[test]
    fn what_the_configuration_names_may_be_asked_for() {
        let mut config = Config::default();
        let hook = |run: &[&str], url: Option<&str>| Hook {
            on: Vec::new(),
            run: run.iter().map(|w| (*w).to_owned()).collect(),
            url: url.map(String::from),
            timeout: Duration::from_secs(1),
            retries: 0,
        };
        config.hook = vec![hook(&["/bin/a", "b"], None), hook(&[], Some("https://u:p@[::1]/x?y"))];
        config.audit.syslog = Some("tcp://log.example:6514".into());
        let mandate = of(&config);
        let argv = Argv { program: "/bin/a".into(), arguments: vec!["b".into()] };
        assert_eq!(mandate.programs, BTreeMap::from([(Program::Hook(0), argv)]));
        let places = [(Place::Hook(1), "[::1]:443".into()), (Place::Syslog, "log.example:6514".into())];
        assert_eq!(mandate.places, BTreeMap::from(places));
    }

    #[test]
    fn an_address_has_the_port_of_its_scheme() {
        for (url, expected) in [
            ("http://a/b", Some("a:80")),
            ("https://a", Some("a:443")),
            ("https://a:8443/b", Some("a:8443")),
            ("http://[2001:db8::1]:81/", Some("[2001:db8::1]:81")),
            ("ftp://a", None),
            ("http:///x", None),
            ("a", None),
        ] {
            assert_eq!(address(url).as_deref(), expected, "{url}");
        }
    }
}
