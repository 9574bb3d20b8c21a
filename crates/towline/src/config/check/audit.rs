//! Where events go: addresses that are some, a history that has a place, hooks that do something.

use super::super::audit::{History, MOST_HOOKS};
use super::super::secret::Secret;
use super::super::suggest::did_you_mean;
use super::Check;
use super::secrecy::Content;
use crate::events::AUDITED;
use crate::sinks::{HOOKS_OWN, Target, To};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn check(check: &mut Check<'_>) {
    let audit = &check.config.audit;
    if let Some(place) = &audit.syslog {
        syslog(check, place);
    }
    match &audit.history {
        Some(History::InState) if !check.is_sure(&["server.state"]) => {}
        Some(History::InState) if check.config.server.state.is_none() => {
            let remedy = "set state = \"/var/lib/towline\" in [server], or name the file";
            check.fault("audit.history", "the history has no place: there is no state directory", remedy);
        }
        Some(History::File(file)) => {
            if let Some(dir) = file.parent() {
                check.directory("audit.history", dir);
            }
        }
        Some(History::InState | History::Off) | None => {}
    }
    if audit.keep < DAY {
        check.fault("audit.keep", "the history is kept less than a day", "give a time such as \"400d\"");
    }
    for i in 0..check.config.hook.len() {
        hook(check, i);
    }
    if check.config.hook.len() > MOST_HOOKS {
        let remedy = "name several events in one: on = [\"ended\", \"digest\"]";
        check.fault(&format!("hook.{MOST_HOOKS}"), format!("there are at most {MOST_HOOKS} hooks"), remedy);
    }
}

fn syslog(check: &mut Check<'_>, place: &str) {
    if To::parse(place).is_none() {
        let what = format!("'{place}' is no place for syslog");
        check.fault("audit.syslog", what, "give \"udp://host:514\", \"tcp://host:514\" or \"unix:/dev/log\"");
    }
}

fn hook(check: &mut Check<'_>, i: usize) {
    let hook = &check.config.hook[i];
    let at = |key: &str| format!("hook.{i}.{key}");
    match (hook.run.is_empty(), &hook.url) {
        (true, None) if !check.is_sure(&[&at("run"), &at("url")]) => {}
        (true, None) => {
            check.fault(
                &format!("hook.{i}"),
                "the hook does nothing",
                "give it run = [\"/…\"] or url = \"http://…\"",
            );
        }
        (false, Some(_)) => {
            check.fault(&at("url"), "the hook has a command and a url", "make two hooks of it")
        }
        (false, None) => check.command(&at("run"), &hook.run),
        (true, Some(url)) => {
            if let Err(why) = Target::parse(url) {
                check.fault(
                    &at("url"),
                    format!("'{url}' is no web address: {why}"),
                    "write http://HOST/PATH",
                );
            }
        }
    }
    if hook.on.is_empty() && check.is_sure(&[&at("on")]) {
        check.fault(&at("on"), "the hook waits for no event", "name some: docs/events.md");
    }
    let known: Vec<String> = AUDITED.iter().filter(|e| **e != HOOKS_OWN).map(|e| (*e).to_owned()).collect();
    for (n, event) in hook.on.iter().enumerate().filter(|(_, event)| !known.contains(event)) {
        let (what, remedy) = if event == HOOKS_OWN {
            // It would run for its own failure, which fails.
            (String::from("a hook is not run for the failures of hooks"), String::from("leave it out"))
        } else {
            (format!("there is no event '{event}'"), did_you_mean(event, &known))
        };
        check.fault(&format!("hook.{i}.on.{n}"), what, remedy);
    }
    let verdicts: Vec<String> = gate::Verdict::WORDS.iter().map(|word| (*word).to_owned()).collect();
    let list = &hook.verdict.0;
    for (n, word) in list.iter().enumerate().filter(|(_, word)| !verdicts.contains(word)) {
        let path = if list.len() > 1 { format!("hook.{i}.verdict.{n}") } else { at("verdict") };
        check.fault(&path, format!("there is no verdict '{word}'"), did_you_mean(word, &verdicts));
    }
    match (&hook.token, hook.url.is_some()) {
        (None, _) => {}
        (Some(_), false) if !check.is_sure(&[&at("url")]) => {}
        (Some(_), false) => {
            check.fault(&at("token"), "the hook has a token and no url", "leave the token out")
        }
        (Some(Secret::Literal(_)), true) => {
            let remedy = "write token = { file = \"/…\" }, { env = \"…\" } or { cmd = [\"/…\"] }";
            check.fault(&at("token"), "the token stands in the configuration", remedy);
        }
        (Some(Secret::File(file)), true) => check.file(&at("token.file"), file, Content::Password),
        (Some(Secret::Environment(_) | Secret::Command(_) | Secret::Plain(_) | Secret::Ask), true) => {}
    }
    if hook.timeout.is_zero() {
        check.fault(&at("timeout"), "0 leaves the hook no time", "give a time such as \"10s\"");
    }
}
