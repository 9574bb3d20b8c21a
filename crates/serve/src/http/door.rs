//! Who asks, and what is said to whom the gate does not let in.

use super::refusal::told;
use gate::{Credentials, Gate, Knock, Refusal, Secret, Security};
use http_proto::login::Login;
use http_proto::server::Answer;
use http_proto::status::Status;

/// What a request shows of who asks.
pub(super) fn credentials(login: &Login) -> Credentials {
    match login {
        Login::None => Credentials::Anonymous { email: String::new() },
        Login::Basic { user, password } => Credentials::Password {
            user: String::from_utf8_lossy(user).into_owned(),
            password: Secret::new(password.0.clone()),
        },
        Login::Unknown => Credentials::None,
    }
}

/// Why somebody is not let in; asked for a password only where one is taken.
pub(super) fn not_let_in(gate: &Gate, knock: &Knock, why: &Refusal) -> Answer {
    let (status, text) = told(why);
    // One that was shown, protected enough, and is none is 401 whoever else could log in here (RFC 9110 §15.5.2): a
    // grant that is used up is as a password that never was one, and tells nothing of the users that there are.
    let is_shown = matches!(knock.credentials, Credentials::Password { .. });
    match status {
        Status::Unauthorized if !is_shown && !may_ask(gate, knock.security) => {
            let text =
                if gate.has_logins() { "passwords are taken over TLS only" } else { "permission denied" };
            Answer::Refused(Status::Forbidden, String::from(text))
        }
        status => Answer::Refused(status, text),
    }
}

/// Whether a password may be asked for: not one that would come in the clear, and not where there is none.
pub(super) fn may_ask(gate: &Gate, security: Security) -> bool {
    let protected = match security {
        Security::Clear => gate.policy().clear_login,
        Security::Tls | Security::Ssh => true,
    };
    protected && gate.has_logins()
}

/// Who is nobody in particular and may not is asked who it is (RFC 9110 §15.5.2).
pub(super) fn invited(answer: Answer) -> Answer {
    match answer {
        Answer::Refused(Status::Forbidden, text) => Answer::Refused(Status::Unauthorized, text),
        other => other,
    }
}

/// A refusal as an answer.
pub(super) fn refused(why: &Refusal) -> Answer {
    let (status, text) = told(why);
    Answer::Refused(status, text)
}
