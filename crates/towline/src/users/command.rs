//! `identity.command`: a program of the operator's that knows users.
//!
//! It finds `TOWLINE_USER`, `TOWLINE_ADDRESS`, `TOWLINE_PROTOCOL` and `TOWLINE_SECURITY` in its environment and the
//! password on its standard input, without a line's end. It ends with 0 where the credentials are right, and may print
//! an object: `{"groups": ["ops"], "home": "/sites/1"}`. It ends with 1 where they are not; anything else is a fault of
//! the command, and nobody is let in.

use crate::monitor::{Listed, Privileged, Program, Ran};
use gate::store::VPath;
use gate::{Account, Inquiry, Oracle};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// The code that says: nobody's credentials.
const NO: i32 = 1;

/// Asks the command, through whoever may run programs.
#[derive(Debug)]
pub struct Command {
    ask: Arc<dyn Privileged>,
    patience: Duration,
}

/// What it may print.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Said {
    groups: Vec<String>,
    home: Option<String>,
}

impl Command {
    /// A command that may take so long.
    pub fn new(ask: Arc<dyn Privileged>, patience: Duration) -> Command {
        Command { ask, patience }
    }
}

impl Oracle for Command {
    fn ask(&self, inquiry: &Inquiry<'_>) -> Result<Option<Account>, String> {
        let environment = [
            ("TOWLINE_USER", inquiry.user.to_owned()),
            ("TOWLINE_ADDRESS", inquiry.address.to_string()),
            ("TOWLINE_PROTOCOL", inquiry.protocol.to_string()),
            ("TOWLINE_SECURITY", inquiry.security.to_string()),
        ];
        let listed = Listed {
            program: Program::Identity,
            environment: environment.map(|(name, value)| (name.to_owned(), value)).into(),
            input: inquiry.password.expose().to_vec(),
            patience: self.patience,
        };
        let ran = self.ask.run(listed).map_err(|e| e.to_string())?;
        answer(inquiry.user, &ran, self.patience)
    }
}

fn answer(user: &str, ran: &Ran, patience: Duration) -> Result<Option<Account>, String> {
    if ran.timed_out {
        return Err(format!("it took longer than {} s and was ended", patience.as_secs_f64()));
    }
    match ran.code {
        Some(0) => account(user, &ran.output).map(Some),
        Some(NO) => Ok(None),
        Some(code) => Err(format!("it ended with {code}, where 0 is yes and 1 is no{}", ran.words())),
        None => Err(format!("a signal ended it{}", ran.words())),
    }
}

fn account(user: &str, output: &[u8]) -> Result<Account, String> {
    let said = match output.trim_ascii() {
        b"" => Said::default(),
        json => serde_json::from_slice(json)
            .map_err(|e| format!("what it printed is not {{\"groups\": […], \"home\": \"/…\"}}: {e}"))?,
    };
    let home = said.home.as_ref().map(|home| VPath::parse(home.as_bytes())).transpose();
    let home = home.map_err(|e| format!("the home that it printed: {e}"))?;
    let account = Account::new(user).and_then(|a| a.in_groups(said.groups)).map_err(|e| e.to_string())?;
    Ok(account.at_home(home))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::{Argv, Here, Mandate};
    use gate::{Protocol, Secret, Security};

    fn command(script: &str, patience: Duration) -> Command {
        let mut mandate = Mandate::default();
        let argv = Argv { program: "/bin/sh".into(), arguments: vec!["-c".into(), script.into()] };
        mandate.programs.insert(Program::Identity, argv);
        Command::new(Arc::new(Here::new(mandate)), patience)
    }

    fn ask(script: &str) -> Result<Option<Account>, String> {
        let password = Secret::new("s3cret 1");
        let inquiry = Inquiry {
            user: "eve",
            password: &password,
            address: "192.0.2.7".parse().unwrap(),
            protocol: Protocol::Ftp,
            security: Security::Clear,
        };
        command(script, Duration::from_secs(20)).ask(&inquiry)
    }

    #[test]
    fn the_command_sees_who_asks_and_says_who_that_is() {
        let script = r#"[ "$TOWLINE_USER $TOWLINE_ADDRESS $TOWLINE_PROTOCOL $TOWLINE_SECURITY" = "eve 192.0.2.7 ftp clear" ] || exit 9
            [ "$(cat)" = "s3cret 1" ] || exit 1
            case "$*" in *s3cret*) exit 8;; esac
            echo '{"groups": ["ops", "lab"], "home": "/sites/1"}'"#;
        let account = ask(script).unwrap().expect("the password is right");
        assert_eq!((account.name(), account.groups()), ("eve", &["lab", "ops"].map(String::from)[..]));
        assert_eq!(account.home().map(ToString::to_string).as_deref(), Some("/sites/1"));
        assert_eq!(ask("exit 0").unwrap().expect("no words are fine").groups(), [] as [String; 0]);
        assert_eq!(ask("exit 1"), Ok(None));
    }

    #[test]
    fn a_command_that_fails_lets_nobody_in_and_its_fault_is_told() {
        for (script, words) in [
            ("echo no such server >&2; exit 3", "ended with 3, where 0 is yes and 1 is no: no such server"),
            ("kill -9 $$", "a signal ended it"),
            ("echo hello", "what it printed is not"),
            (r#"echo '{"group": ["ops"]}'"#, "unknown field `group`"),
            (r#"echo '{"home": "/../etc"}'"#, "the home that it printed"),
            (r#"echo '{"groups": ["a/b"]}'"#, "is no character of a name"),
            (r#"printf 'a\033[2J' >&2; exit 2"#, r"a\x1b[2J"),
        ] {
            let why = ask(script).unwrap_err();
            assert!(why.contains(words), "{script}: {why}");
            assert!(!why.contains("s3cret"), "{why}");
        }
        let password = Secret::new("x");
        let inquiry = Inquiry {
            user: "eve",
            password: &password,
            address: "192.0.2.7".parse().unwrap(),
            protocol: Protocol::Ftp,
            security: Security::Clear,
        };
        let why = command("sleep 60", Duration::from_millis(100)).ask(&inquiry).unwrap_err();
        assert!(why.contains("longer than 0.1 s"), "{why}");
    }
}
