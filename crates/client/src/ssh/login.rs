//! Logging in: with keys, an agent's keys, a password, in this order, as far as the server takes them.

use super::link::Waiting;
use super::options::{Question, SshOptions};
use super::trust::Judge;
use crate::error::printable;
use crate::{ClientError, Remote, WireCode};
use std::io;
use std::path::{Path, PathBuf};
use transport::ssh::client::{Connection, Fault, Login};
use transport::ssh::{Agent, BadKey, OwnCertificate, PrivateKey};

/// USERAUTH_FAILURE (RFC 4252 §5.1).
const FAILURE: WireCode = WireCode::Ssh(51);
/// How often somebody is asked for the same.
const ASKED: usize = 3;

/// A login that is under way.
pub(super) struct LoggingIn<'a> {
    pub(super) connection: &'a mut Connection<Judge>,
    pub(super) waiting: &'a Waiting,
    pub(super) options: &'a SshOptions,
    pub(super) user: &'a str,
    pub(super) host: &'a str,
    /// Ways that the server takes now.
    ways: Vec<String>,
    /// What was tried, for people.
    tried: Vec<String>,
}

/// Whether it goes on after a try.
enum Went {
    In,
    On,
}

impl<'a> LoggingIn<'a> {
    pub(super) fn new(
        connection: &'a mut Connection<Judge>,
        waiting: &'a Waiting,
        options: &'a SshOptions,
        user: &'a str,
        host: &'a str,
    ) -> LoggingIn<'a> {
        LoggingIn { connection, waiting, options, user, host, ways: Vec::new(), tried: Vec::new() }
    }

    /// Logs in, or says what was tried.
    pub(super) async fn run(mut self, remote: &Remote) -> Result<(), ClientError> {
        let first = self.waiting.on(self.connection.with_nothing(self.user)).await;
        if let Went::In = self.went(first, "nothing")? {
            return Ok(());
        }
        self.tried.clear();
        let password = remote.password.as_ref().or(self.options.password.as_ref());
        let mut asked = 0;
        // Twice, where a server wants two things: what it takes changes with what it got.
        for _ in 0..2 {
            let before = self.ways.clone();
            if let Went::In = self.keys(password.is_some()).await? {
                return Ok(());
            }
            if let Some(password) = password
                && let Went::In = self.password(password).await?
            {
                return Ok(());
            }
            while password.is_none() && asked < ASKED {
                if !self.takes("password") && !self.takes("keyboard-interactive") {
                    break;
                }
                let question = Question::Password { user: self.user, host: self.host, again: asked > 0 };
                let Some(typed) = self.options.ask.ask(question) else { break };
                asked += 1;
                if let Went::In = self.password(&typed).await? {
                    return Ok(());
                }
            }
            if self.ways == before {
                break;
            }
        }
        Err(self.refused())
    }

    fn takes(&self, way: &str) -> bool {
        self.ways.iter().any(|w| w == way)
    }

    /// With keys: those that were given; else the agent's and the usual ones, unless there is a password.
    async fn keys(&mut self, has_password: bool) -> Result<Went, ClientError> {
        for file in &self.options.keys {
            if !self.takes("publickey") {
                return Ok(Went::On);
            }
            let text = std::fs::read_to_string(file).map_err(|e| at(file, &e.to_string(), e.kind()))?;
            if let Went::In = self.key(file, &text).await? {
                return Ok(Went::In);
            }
        }
        if has_password || !self.options.keys.is_empty() {
            return Ok(Went::On);
        }
        // An agent that is not there has no keys.
        if let Some(socket) = self.options.agent.as_ref().filter(|_| self.takes("publickey"))
            && let Ok(mut agent) = Agent::connect(socket).await
        {
            for (n, key) in agent.keys().iter().enumerate() {
                if !self.takes("publickey") {
                    break;
                }
                let result = self.waiting.on(self.connection.with_agent(self.user, &mut agent, n)).await;
                let result = match result {
                    // It does not want to sign.
                    Err(ClientError::Network(_)) => continue,
                    result => result,
                };
                if let Went::In = self.went(result, &format!("the agent's key {}", key.fingerprint()))? {
                    return Ok(Went::In);
                }
            }
        }
        for file in &self.options.usual_keys {
            if !self.takes("publickey") {
                break;
            }
            let Ok(text) = std::fs::read_to_string(file) else { continue };
            if let Went::In = self.key(file, &text).await? {
                return Ok(Went::In);
            }
        }
        Ok(Went::On)
    }

    async fn key(&mut self, file: &Path, text: &str) -> Result<Went, ClientError> {
        let mut read = PrivateKey::read(text, None);
        for n in 0..ASKED {
            if !matches!(read, Err(BadKey::Encrypted | BadKey::WrongPassphrase)) {
                break;
            }
            let Some(typed) = self.options.ask.ask(Question::Passphrase { file, again: n > 0 }) else {
                break;
            };
            read = PrivateKey::read(text, Some(&typed));
        }
        match read {
            Ok(key) => {
                for (file, certificate) in self.certificates(file)? {
                    if !certificate.is_of(&key) || !self.takes("publickey") {
                        continue;
                    }
                    let shown = self.connection.with_certificate(self.user, &key, &certificate);
                    let result = self.waiting.on(shown).await;
                    if let Went::In = self.went(result, &format!("the certificate {}", file.display()))? {
                        return Ok(Went::In);
                    }
                }
                if !self.takes("publickey") {
                    return Ok(Went::On);
                }
                let result = self.waiting.on(self.connection.with_key(self.user, &key)).await;
                self.went(result, &file.display().to_string())
            }
            Err(why) if self.options.keys.iter().any(|given| given == file) => {
                Err(at(file, &why.to_string(), io::ErrorKind::InvalidData))
            }
            Err(why) => {
                self.tried.push(format!("{} ({why})", file.display()));
                Ok(Went::On)
            }
        }
    }

    /// Those that were given, which must be readable, and the one beside a key, where there is one.
    fn certificates(&mut self, key: &Path) -> Result<Vec<(PathBuf, OwnCertificate)>, ClientError> {
        let mut found = Vec::new();
        for file in &self.options.certificates {
            let text = std::fs::read_to_string(file).map_err(|e| at(file, &e.to_string(), e.kind()))?;
            let read = OwnCertificate::read(&text);
            let read = read.map_err(|why| at(file, &why.to_string(), io::ErrorKind::InvalidData))?;
            found.push((file.clone(), read));
        }
        let mut beside = key.as_os_str().to_owned();
        beside.push("-cert.pub");
        let beside = PathBuf::from(beside);
        if let Ok(text) = std::fs::read_to_string(&beside) {
            match OwnCertificate::read(&text) {
                Ok(read) => found.push((beside, read)),
                Err(why) => self.tried.push(format!("{} ({why})", beside.display())),
            }
        }
        Ok(found)
    }

    async fn password(&mut self, password: &str) -> Result<Went, ClientError> {
        if self.takes("password") {
            let result = self.waiting.on(self.connection.with_password(self.user, password)).await;
            if let Went::In = self.went(result, "the password")? {
                return Ok(Went::In);
            }
            return Ok(Went::On);
        }
        if self.takes("keyboard-interactive") {
            let (ask, host) = (self.options.ask.clone(), self.host);
            let mut given = false;
            let answer = |question: &transport::ssh::client::Question| {
                // The first thing that may not be seen is the password.
                if !question.echo && !std::mem::replace(&mut given, true) {
                    return password.to_owned();
                }
                let words = printable(question.words.as_bytes());
                ask.ask(Question::Other { host, words: &words, echo: question.echo }).unwrap_or_default()
            };
            let result = self.waiting.on(self.connection.with_answers(self.user, answer)).await;
            return self.went(result, "the password");
        }
        Ok(Went::On)
    }

    /// What a try came to.
    fn went(&mut self, result: Result<Login, ClientError>, what: &str) -> Result<Went, ClientError> {
        match result {
            Ok(Login::In) => Ok(Went::In),
            Ok(Login::Out { ways, more }) => {
                let more = if more { ", which is right and not enough" } else { "" };
                self.tried.push(format!("{what}{more}"));
                self.ways = ways;
                Ok(Went::On)
            }
            // It has had enough of it.
            Err(ClientError::Ssh(Fault::Ended)) if !self.tried.is_empty() => {
                self.tried.push(what.to_owned());
                self.ways.clear();
                Err(self.refused())
            }
            Err(e) => Err(e),
        }
    }

    fn refused(&self) -> ClientError {
        let takes = match &self.ways[..] {
            [] => String::from("the server ended it"),
            ways => format!("the server takes {}", printable(ways.join(", ").as_bytes())),
        };
        let tried = match &self.tried[..] {
            [] => String::from("nothing to try"),
            tried => format!("tried {}", tried.join(", ")),
        };
        ClientError::Login { code: FAILURE, text: format!("{} as {}; {takes}", tried, self.user) }
    }
}

fn at(file: &Path, why: &str, kind: io::ErrorKind) -> ClientError {
    ClientError::Local(io::Error::new(kind, format!("{}: {why}", PathBuf::from(file).display())))
}
