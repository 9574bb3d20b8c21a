//! The flag of commands that reach servers by way of a proxy, and the variables that say so for all.

use crate::exit::Failure;
use clap::Args;
use client::{Proxy, Remote, Scheme};

/// What is read where the flag is not given; the first that is not empty.
const ALL: [&str; 2] = ["all_proxy", "ALL_PROXY"];
/// The hosts that those do not count for.
const NONE: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// By way of whom.
#[derive(Debug, Args)]
pub(super) struct OverProxy {
    /// FTP, SFTP, SCP: reach servers by way of this proxy: `socks5://[USER:PASSWORD@]HOST[:1080]`, or
    /// `http://[USER:PASSWORD@]HOST[:8080]`, which is asked to CONNECT; it finds the addresses of names. FTP is passive then.
    /// `off`: directly. Without it the variable ALL_PROXY counts, but for the hosts of NO_PROXY. TFTP goes by no proxy.
    #[arg(long, value_name = "URL", value_parser = given)]
    proxy: Option<Given>,
}

/// What the flag says.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Given {
    Off,
    By(Proxy),
}

fn given(text: &str) -> Result<Given, String> {
    match text {
        "off" => Ok(Given::Off),
        url => url.parse().map(Given::By).map_err(|e| format!("it {e}, or off")),
    }
}

impl OverProxy {
    /// What the flag says, else the environment.
    pub(super) fn chosen(&self) -> Result<Option<Proxy>, Failure> {
        self.of(|name| std::env::var(name).ok())
    }

    fn of(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Option<Proxy>, Failure> {
        let set = |names: [&'static str; 2]| {
            names.into_iter().find_map(|name| Some((name, variable(name).filter(|text| !text.is_empty())?)))
        };
        match (&self.proxy, set(ALL)) {
            (Some(Given::Off), _) | (None, None) => Ok(None),
            (Some(Given::By(proxy)), _) => Ok(Some(proxy.clone())),
            (None, Some((name, text))) => {
                let way_out = "set it right, or go without it: --proxy off";
                let proxy: Proxy = text.parse().map_err(|e| Failure::usage(name, e, way_out))?;
                Ok(Some(proxy.except(&set(NONE).map(|(_, hosts)| hosts).unwrap_or_default())))
            }
        }
    }

    /// Datagrams go by no proxy, whoever asks for it is told.
    pub(super) fn check(&self, remote: &Remote) -> Result<(), Failure> {
        match (&self.proxy, remote.scheme) {
            (Some(Given::By(_)), Scheme::Tftp) => Err(Failure::usage(
                "--proxy",
                format!("not for {remote}: TFTP is datagrams, and these proxies carry TCP"),
                "leave it out, or use ftp:// or sftp://",
            )),
            (Some(Given::By(_) | Given::Off) | None, _) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(flag: Option<&str>, variables: &[(&str, &str)]) -> Result<Option<String>, String> {
        let over = OverProxy { proxy: flag.map(|text| given(text).expect("a flag")) };
        let variable = |name: &str| Some(variables.iter().find(|(of, _)| *of == name)?.1.to_owned());
        let chosen = over.of(variable).map_err(|e| e.to_string())?;
        Ok(chosen.filter(|proxy| proxy.is_for("h")).map(|proxy| proxy.to_string()))
    }

    #[test]
    fn the_flag_counts_then_the_variables_as_curl_reads_them() {
        let (upper, lower) = (("ALL_PROXY", "socks5h://upper"), ("all_proxy", "http://lower"));
        for (flag, variables, by) in [
            (None, &[][..], None),
            (None, &[upper], Some("socks5://upper:1080")),
            (None, &[upper, lower], Some("http://lower:8080")),
            (None, &[upper, ("all_proxy", "")], Some("socks5://upper:1080")),
            (None, &[upper, ("NO_PROXY", "x,h")], None),
            (None, &[upper, ("no_proxy", "*")], None),
            (Some("off"), &[upper], None),
            (Some("http://flag"), &[upper, ("NO_PROXY", "*")], Some("http://flag:8080")),
        ] {
            assert_eq!(chosen(flag, variables), Ok(by.map(str::to_owned)), "{flag:?} {variables:?}");
        }
    }

    #[test]
    fn a_variable_that_is_wrong_is_named_and_its_password_is_not() {
        let wrong = chosen(None, &[("ALL_PROXY", "socks4://u:secret@p")]).expect_err("SOCKS4");
        assert!(wrong.starts_with("ALL_PROXY: is of a kind that is not known"), "{wrong}");
        assert!(!wrong.contains("secret"), "{wrong}");
        assert_eq!(chosen(Some("off"), &[("ALL_PROXY", "socks4://p")]), Ok(None));
    }

    #[test]
    fn tftp_is_told_that_no_proxy_carries_it() {
        let url = |text: &str| match store::locator::Locator::parse(text) {
            Ok(store::locator::Locator::Remote(remote)) => remote,
            other => panic!("{other:?}"),
        };
        let over = OverProxy { proxy: Some(given("socks5://p").expect("a proxy")) };
        let why = over.check(&url("tftp://h/a")).expect_err("no way").to_string();
        assert!(why.contains("TFTP is datagrams, and these proxies carry TCP"), "{why}");
        assert_eq!(over.check(&url("sftp://h/a")), Ok(()));
        assert_eq!(OverProxy { proxy: None }.check(&url("tftp://h/a")), Ok(()));
    }
}
