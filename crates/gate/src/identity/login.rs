//! By a password, by a key, or by both.

use super::factor::{Factor, Wants};
use super::hash::HashKind;
use super::keys::ShownKey;
use super::outside::Notice;
use super::user::User;
use super::{Account, Identity, Lives, Said};
use crate::{Credentials, Knock, Protocol, Refusal, Secret};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

/// What somebody who shows the right password gets for it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Worth {
    /// They are in.
    In,
    /// A key is wanted as well, and can still be shown.
    AlsoKey,
    /// As much as a wrong one.
    Nothing,
}

/// What a password comes with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beside {
    Nothing,
    /// A key of this user's.
    Key,
}

impl Worth {
    fn of(wants: Wants, beside: Beside, protocol: Protocol) -> Worth {
        match (wants, beside) {
            (Wants::Either | Wants::Password, _) | (Wants::Both, Beside::Key) => Worth::In,
            (Wants::Both, Beside::Nothing) => match protocol {
                Protocol::Sftp | Protocol::Scp => Worth::AlsoKey,
                // There is no way to show it.
                Protocol::Tftp | Protocol::Ftp | Protocol::Http => Worth::Nothing,
            },
            // With the key they are in without it.
            (Wants::Key, _) => Worth::Nothing,
        }
    }
}

impl Identity {
    /// Whether it makes sense for a peer to prove that this key is its own: whether that would be worth anything. The
    /// same for a user that is not there as for a key that is not theirs.
    ///
    /// Where certificates are taken it makes sense for everybody: a key is asked about before its certificate is
    /// shown, and an answer for some users only would tell who they are.
    pub(crate) fn offers(&self, user: &str, key: &ShownKey, peer: IpAddr) -> bool {
        let now = SystemTime::now();
        self.certificates
            || self.find(user, &mut Vec::new()).is_some_and(|(user, _)| has_key(&user, key, peer, now))
    }

    pub(super) fn by_password(
        &self,
        knock: &Knock,
        name: &str,
        password: &Secret,
        said: &mut Said,
    ) -> Result<Arc<Account>, Refusal> {
        let began = Instant::now();
        let notices = &mut said.notices;
        let told = match self.find(name, notices) {
            Some((user, lives)) => {
                let worth = Worth::of(user.wants, Beside::Nothing, knock.protocol);
                self.verify(&user, lives, password, worth, notices)
            }
            None => {
                let digest = self.key.digest(name, password);
                self.elsewhere(knock, name, password, &digest, notices)
            }
        };
        self.even_out(began, &told, said);
        told
    }

    /// Whether [`Identity::of`] lets this knock in without a hash, a disk or an oracle: its credentials were right a while
    /// ago, or are none.
    pub(crate) fn tells_now(&self, knock: &Knock) -> bool {
        match &knock.credentials {
            Credentials::Anonymous { .. } => self.anonymous,
            Credentials::Password { user, password } => self.users.get(user.as_str()).is_some_and(|user| {
                let worth = Worth::of(user.wants, Beside::Nothing, knock.protocol);
                worth == Worth::In
                    && user.not_now(SystemTime::now()).is_none()
                    && self.verified.has(user, &self.key.digest(user.name(), password))
            }),
            Credentials::None | Credentials::Key { .. } => false,
        }
    }

    /// A key that is not this user's is refused at once, as one of nobody's is.
    pub(super) fn by_key(
        &self,
        knock: &Knock,
        name: &str,
        key: &ShownKey,
        password: Option<&Secret>,
        said: &mut Said,
    ) -> Result<Arc<Account>, Refusal> {
        let (began, now, notices) = (Instant::now(), SystemTime::now(), &mut said.notices);
        let found = self.find(name, notices);
        let Some((user, lives)) = found.filter(|(user, _)| is_key(user, key, knock.peer.ip(), now)) else {
            let Some(password) = password else { return Err(Refusal::Login) };
            let told = Err(self.wrong(&self.hashing.take(), None, password));
            self.even_out(began, &told, said);
            return told;
        };
        if let Some(why) = user.not_now(now) {
            notices.push(Notice::RightButNotNow { why, user: user.name().to_owned() });
            return Err(Refusal::Login);
        }
        match (user.wants, password) {
            (Wants::Either | Wants::Key, _) => Ok(user.account().clone()),
            (Wants::Both | Wants::Password, None) => Err(Refusal::Also(Factor::Password)),
            (Wants::Both | Wants::Password, Some(password)) => {
                let worth = Worth::of(user.wants, Beside::Key, knock.protocol);
                let told = self.verify(&user, lives, password, worth, notices);
                self.even_out(began, &told, said);
                told
            }
        }
    }

    /// A wrong login is not answered before the slowest of those that the oracle is asked about.
    fn even_out(&self, began: Instant, told: &Result<Arc<Account>, Refusal>, said: &mut Said) {
        if told.is_err() && self.oracle.is_some() {
            said.not_before = Some(began + self.even.due(began.elapsed()));
        }
    }

    fn verify(
        &self,
        user: &Arc<User>,
        lives: Lives,
        password: &Secret,
        worth: Worth,
        notices: &mut Vec<Notice>,
    ) -> Result<Arc<Account>, Refusal> {
        let now = SystemTime::now();
        let digest = self.key.digest(user.name(), password);
        let is_known =
            || worth == Worth::In && user.not_now(now).is_none() && self.verified.has(user, &digest);
        if is_known() {
            return Ok(user.account().clone());
        }
        user.hash.iter().for_each(|hash| self.decoys.learn(hash));
        let turn = self.hashing.take();
        // Of many logins of one user at once the first hashes for all.
        if is_known() {
            return Ok(user.account().clone());
        }
        let hash = user.hash.as_ref();
        let Some(kind) = hash.filter(|hash| hash.verify(password)).map(super::hash::Hash::kind) else {
            return Err(self.wrong(&turn, hash, password));
        };
        let not_now =
            user.not_now(now).map(|why| Notice::RightButNotNow { why, user: user.name().to_owned() });
        let alone = || Notice::PasswordAlone { user: user.name().to_owned() };
        if let Some(notice) = not_now.or_else(|| (worth == Worth::Nothing).then(alone)) {
            notices.push(notice);
            return Err(self.wrong(&turn, hash, password));
        }
        let user = match kind {
            HashKind::Argon2id => user.clone(),
            HashKind::Bcrypt
            | HashKind::Sha256Crypt
            | HashKind::Sha512Crypt
            | HashKind::Md5Crypt
            | HashKind::Yescrypt => self.upgraded(user, lives, kind, password, notices),
        };
        if worth == Worth::AlsoKey {
            return Err(Refusal::Also(Factor::Key));
        }
        self.verified.remember(&user, &digest);
        Ok(user.account().clone())
    }
}

/// Whether a key is one of this user's, and of any use.
fn is_key(user: &User, key: &ShownKey, peer: IpAddr, now: SystemTime) -> bool {
    user.wants.takes_key() && user.keys.admit(key, user.name(), peer, now)
}

/// The same, and the user counts now.
fn has_key(user: &User, key: &ShownKey, peer: IpAddr, now: SystemTime) -> bool {
    is_key(user, key, peer, now) && user.not_now(now).is_none()
}
