//! A hook's command: the event on its standard input and in its environment, nothing of it in its arguments.

use super::super::fact::Fact;
use super::{Deed, Fault};
use crate::events::{protocol_word, timestamp};
use crate::ladder::printable;
use crate::monitor::{self, Listed, Privileged, Refused};
use gate::audit::Event;
use std::sync::Arc;
use std::time::Duration;

/// A command of the configuration, by its number.
pub(super) struct Program {
    privileged: Arc<dyn Privileged>,
    which: monitor::Program,
    patience: Duration,
}

impl Program {
    pub(super) fn new(
        privileged: Arc<dyn Privileged>,
        which: monitor::Program,
        patience: Duration,
    ) -> Program {
        Program { privileged, which, patience }
    }
}

impl Deed for Program {
    fn attempt(&mut self, event: &Event, json: &str) -> Result<(), Fault> {
        let listed = Listed {
            program: self.which,
            environment: variables(event),
            input: format!("{json}\n").into_bytes(),
            patience: self.patience,
        };
        let ran = self.privileged.run(listed).map_err(|refused| match refused {
            Refused::NotListed(_) | Refused::Never(_) => Fault::Lasting(refused.to_string()),
            Refused::System(_) | Refused::Failed(_) | Refused::Gone | Refused::Unfit => {
                Fault::Passing(refused.to_string())
            }
        })?;
        match ran.code {
            _ if ran.timed_out => {
                let patience = self.patience.as_secs_f64();
                Err(Fault::Passing(format!("it took longer than {patience} s and was ended")))
            }
            Some(0) => Ok(()),
            Some(code) => Err(Fault::Passing(format!("it ended with {code}{}", ran.words()))),
            None => Err(Fault::Passing(format!("a signal ended it{}", ran.words()))),
        }
    }
}

/// What most commands want to know, without reading JSON. Control characters are shown as `\xNN`, as in the JSON.
fn variables(event: &Event) -> Vec<(String, String)> {
    let fact = Fact::of(&event.what);
    let (number, word) = (|n: u64| n.to_string(), |word: &str| word.to_owned());
    let all = [
        ("TOWLINE_EVENT", Some(word(fact.name))),
        ("TOWLINE_SEQ", Some(number(event.seq))),
        ("TOWLINE_TIME", Some(timestamp(event.at))),
        ("TOWLINE_SESSION", (event.session > 0).then(|| number(event.session))),
        ("TOWLINE_PROTOCOL", event.protocol.map(|protocol| word(protocol_word(protocol)))),
        ("TOWLINE_PEER", event.peer.map(|peer| peer.to_string())),
        ("TOWLINE_USER", event.user.as_ref().map(|user| printable(user.as_bytes()))),
        ("TOWLINE_TRANSFER", fact.transfer.map(number)),
        ("TOWLINE_PATH", fact.path.map(printable)),
        ("TOWLINE_DIRECTION", fact.direction.map(word)),
        ("TOWLINE_VERDICT", fact.verdict.map(word)),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::{Argv, Here, Mandate};
    use gate::audit::What;
    use gate::{Protocol, Verb};
    use std::time::SystemTime;

    fn refused(name: &[u8]) -> Event {
        Event {
            seq: 7,
            at: SystemTime::UNIX_EPOCH,
            session: 3,
            protocol: Some(Protocol::Ftp),
            peer: Some(([10, 0, 0, 1], 21).into()),
            user: Some("b\0b".into()),
            what: What::RefusedName { verb: Verb::Read, name: name.to_vec(), why: gate::Refusal::Denied },
        }
    }

    fn shell(script: &str) -> Program {
        let argv = Argv { program: "/bin/sh".into(), arguments: vec!["-c".into(), script.into()] };
        let which = monitor::Program::Hook(0);
        let mandate = Mandate { programs: [(which, argv)].into(), ..Mandate::default() };
        Program::new(Arc::new(Here::new(mandate)), which, Duration::from_secs(20))
    }

    #[test]
    fn a_command_has_the_event_as_input_and_its_fields_as_variables() {
        // The name is a piece of shell: it stays a text.
        let event = refused(b"/$(touch x); `id` \"'\n");
        let script = r#"read -r line; test "$line" = '{"a":1}' || exit 1
            test "$TOWLINE_EVENT $TOWLINE_SEQ $TOWLINE_SESSION $TOWLINE_PROTOCOL $TOWLINE_PEER" \
                = "refused 7 3 ftp 10.0.0.1:21" || exit 2
            test "$TOWLINE_PATH" = '/$(touch x); `id` "'"'"'\x0a' || exit 3
            test "$TOWLINE_USER$TOWLINE_TIME" = 'b\x00b1970-01-01T00:00:00.000Z' || exit 4
            test -z "${TOWLINE_VERDICT+set}" || exit 5"#;
        assert_eq!(shell(script).attempt(&event, r#"{"a":1}"#), Ok(()));
    }

    #[test]
    fn a_command_fails_by_its_code_and_says_so_with_its_first_words() {
        let why = shell("echo no room >&2; exit 9").attempt(&refused(b"/a"), "{}");
        assert_eq!(why, Err(Fault::Passing("it ended with 9: no room".into())));
        let mut absent = shell("");
        absent.which = monitor::Program::Hook(1);
        assert!(matches!(absent.attempt(&refused(b"/a"), "{}"), Err(Fault::Lasting(_))));
    }
}
