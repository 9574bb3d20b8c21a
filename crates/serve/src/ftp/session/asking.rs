//! The questions of the machine, on their way to be answered.

use super::{Done, Session};
use crate::asked::asked;
use crate::ftp::copies::copied;
use crate::ftp::data::{Data, Secured, Watch, Work};
use crate::ftp::ends::shelve;
use crate::ftp::files::{self, Open};
use crate::ftp::refusal;
use ftp_proto::command::Password;
use ftp_proto::reply::Code;
use ftp_proto::server::{Answer, Ask, Chore, DataTls};
use gate::{Credentials, Knock, Outcome, Protocol, Refusal, Secret, Security};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use transport::tls::Tls;

impl Session {
    pub(super) fn ask(&mut self, what: Ask) -> Work<Done> {
        match what {
            Ask::Login { user, password } => self.login(user, password),
            // No futures: see `event`.
            Ask::Secure | Ask::Clear => nobody(),
            Ask::Listen => self.listen(),
            Ask::ThirdParty(other) => {
                let granted = self.admitted.as_ref().is_some_and(|(session, _)| session.may_reach(other));
                let words = "Data connections go to your own address only.";
                let refused = || Answer::Refused(Code(501), String::from(words));
                let answer = if granted { Answer::Done } else { refused() };
                Box::pin(async { Done::Answer(answer) })
            }
            Ask::Open(transfer) => {
                let Some((session, access)) = self.admitted.clone() else { return nobody() };
                if let Some((open, answer)) = files::open_now(&session, &self.directory, &transfer) {
                    return Box::pin(async { Done::Opened(Some(open), answer) });
                }
                let at = self.directory.clone();
                blocking(move || {
                    let (open, answer) = files::open(&session, access, &at, &transfer);
                    Done::Opened(open, answer)
                })
            }
            Ask::Move(via, tls) => {
                let Some(open) = self.open.take().map(|open| *open) else { return nobody() };
                let watch = Arc::new(Watch::of(&open));
                self.watch = Some(watch.clone());
                let data = Data {
                    via,
                    listener: self.listener.take(),
                    tls: match (tls, &self.identity) {
                        (DataTls::Clear, _) | (DataTls::Server, None) => Secured::Clear,
                        (DataTls::Server, Some(identity)) => Secured::Server(identity.clone()),
                        (DataTls::Client, _) => Secured::Client,
                    },
                    session: self.admitted.as_ref().map(|(session, _)| session.clone()),
                    local: self.here,
                    peer: self.peer,
                    tap: self.shared.tap.clone(),
                    flow: self.flow,
                    watch,
                };
                let config = self.shared.config.clone();
                Box::pin(async move { Done::Moved(data.run(config, open).await) })
            }
            Ask::Commit => match self.open.take().map(|open| *open) {
                Some(Open::Writing { writing, .. }) => blocking(move || {
                    let octets = writing.len() - writing.start();
                    let end = gate::End::new(Outcome::Complete, octets);
                    Done::Answer(match writing.commit(end) {
                        Ok(_) => Answer::Done,
                        Err(why) => refusal::refused(&why),
                    })
                }),
                _ => nobody(),
            },
            Ask::Shelve { why } => match self.open.take().map(|open| *open) {
                Some(open) => blocking(move || {
                    shelve(open, why);
                    Done::Answer(Answer::Done)
                }),
                None => Box::pin(async { Done::Answer(Answer::Done) }),
            },
            Ask::Chore(chore @ (Chore::Copy { .. } | Chore::Combine { .. })) => {
                let Some((session, _)) = self.admitted.clone() else { return nobody() };
                let (copying, wanted) = watch::channel(());
                self.copying = Some(copying);
                copied(session, self.directory.clone(), chore, wanted)
            }
            names @ (Ask::ChangeDir(_)
            | Ask::MakeDir(_)
            | Ask::RemoveDir(_)
            | Ask::Remove(_)
            | Ask::Rename { .. }
            | Ask::Look(_)
            | Ask::Size(_)
            | Ask::Digest { .. }
            | Ask::Set(_)
            | Ask::Room(_)
            | Ask::Chore(_)
            | Ask::Describe(_)) => {
                let Some((session, _)) = self.admitted.clone() else { return nobody() };
                let at = self.directory.clone();
                if let Ask::ChangeDir(_) = names {
                    return blocking(move || Done::Directory(files::answer(&session, &at, names)));
                }
                blocking(move || Done::Answer(files::answer(&session, &at, names)))
            }
        }
    }

    fn login(&mut self, user: Vec<u8>, password: Password) -> Work<Done> {
        let name = String::from_utf8_lossy(&user).into_owned();
        let anonymous = name.eq_ignore_ascii_case("anonymous") || name.eq_ignore_ascii_case("ftp");
        let credentials = if anonymous {
            Credentials::Anonymous { email: String::from_utf8_lossy(&password.0).into_owned() }
        } else {
            Credentials::Password { user: name, password: Secret::new(password.0) }
        };
        let knock = Knock {
            protocol: Protocol::Ftp,
            local: self.local,
            peer: self.peer,
            security: if self.control.is_tls() { Security::Tls } else { Security::Clear },
            credentials,
            agreed: None,
            certificate: self.control.tls().and_then(Tls::shown).map(|shown| shown.to_string().into()),
            host: self.machine.virtual_host().map(Into::into),
        };
        let gate = self.shared.gate.clone();
        let delay = gate.delay(self.peer.ip());
        if delay.is_zero()
            && let Some(admitted) = gate.judge_now(&knock)
        {
            return Box::pin(async move { admission(admitted, anonymous) });
        }
        let ask = move || {
            let (admitted, not_before) = gate.judge(&knock);
            (admission(admitted, anonymous), not_before)
        };
        Box::pin(asked(delay, ask, broken))
    }
}

fn admission(admitted: Result<gate::Session, Refusal>, anonymous: bool) -> Done {
    match admitted {
        Ok(session) => {
            let access = files::access(&session, anonymous);
            let (directory, third_parties) = (b"/".to_vec(), session.has_third_parties());
            let answer = Answer::LoggedIn { directory, access, anonymous, third_parties };
            Done::Admitted(Some(session), answer)
        }
        Err(why) => {
            let (code, text) = refusal::reply(&why);
            Done::Admitted(None, Answer::Refused(code, text))
        }
    }
}

/// The machine asks only what it may; if it ever did not, the client hears an error.
fn nobody() -> Work<Done> {
    Box::pin(async { broken() })
}

pub(super) fn blocking(work: impl FnOnce() -> Done + Send + 'static) -> Work<Done> {
    Box::pin(async move {
        // A panic below is ours; this session says so and the others go on.
        spawn_blocking(work).await.unwrap_or_else(|_| broken())
    })
}

pub(in crate::ftp) fn broken() -> Done {
    Done::Answer(Answer::Refused(Code(451), String::from("Internal error.")))
}
