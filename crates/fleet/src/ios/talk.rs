//! A conversation with a device as a pure machine: octets and the time in, octets and events out.
//!
//! It logs in where it is asked to, learns the prompt by pressing Return until the same line stands there again, becomes
//! privileged, and tells the device not to page. Then one command after the other: an answer is what stands between a
//! command's echo and a prompt of that device. It never answers what it does not know.

use super::rows::{self, Meaning, Prompts};
use super::screen::Screen;
use super::trouble::{Trouble, Why};
use clock::{Duration, Instant};
use regex::Regex;
use std::collections::VecDeque;
use std::fmt;

/// Silence after which Return is pressed, for a line that waits for it: a console.
const NUDGE: Duration = Duration::from_secs(2);
/// How often.
const NUDGES: u32 = 4;
/// Silence in a login that is the end of it.
const LOGIN: Duration = Duration::from_secs(30);
/// Silence behind what is no prompt, after which it is taken for a question.
const QUESTION: Duration = Duration::from_secs(10);
/// Questions of one command that are answered, at most.
const REPLIES: u32 = 12;
/// What is typed before anything else: no pages, no broken lines, no messages of others. What a device does not know of it does
/// not matter.
const BEFORE: [&str; 3] = ["terminal length 0", "terminal width 511", "terminal no monitor"];

/// Who logs in.
#[derive(Clone, Default)]
pub struct Login {
    /// Where the device asks for a user.
    pub user: Option<String>,
    /// Where it asks for a password.
    pub password: Option<String>,
    /// Where `enable` asks for one.
    pub enable: Option<String>,
}

/// Without passwords.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

/// A question that a command may ask, and what is typed then. What no row knows gets no answer.
#[derive(Clone, Debug)]
pub struct Reply {
    question: Regex,
    keys: String,
}

impl Reply {
    /// To a last line that ends like this, a regular expression; the keys as they are typed: `\r` is Return.
    ///
    /// # Panics
    /// Where it is no regular expression.
    pub fn new(question: &str, keys: &str) -> Reply {
        let question = Regex::new(&format!("{question} *$")).expect("a pattern of ours");
        Reply { question, keys: keys.to_owned() }
    }
}

/// What came of a command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// Its lines, without the echo, the prompt and what came of itself.
    pub text: String,
    /// The line that refuses the command, where one does.
    pub complaint: Option<String>,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A privileged prompt stands there: [`Talk::ask`].
    Ready,
    /// The command's answer; the next one may be asked.
    Answer(Answer),
    /// Nothing more comes of it.
    Stopped(Trouble),
}

enum State {
    /// Up to the first prompt; how often Return was pressed.
    Entering(u32),
    /// A prompt stood there, and is looked for once more; how often Return was pressed again.
    Learning(String, u32),
    /// `enable` was typed; whether its password was.
    Enabling(bool),
    /// The n-th of [`BEFORE`].
    Preparing(usize),
    Ready,
    /// A command, how long its silence may be, and what may be answered.
    Asking(String, Duration, Vec<Reply>),
    Over,
}

/// A conversation.
pub struct Talk {
    login: Login,
    state: State,
    screen: Screen,
    prompts: Option<Prompts>,
    hostname: String,
    /// Whether user and password were typed once.
    told: (bool, bool),
    heard: Instant,
    /// How many questions of this command were answered.
    replies: u32,
    out: Vec<u8>,
    events: VecDeque<Event>,
}

impl Talk {
    /// At a line that has just been opened.
    pub fn new(now: Instant, login: Login) -> Talk {
        Talk {
            login,
            state: State::Entering(0),
            screen: Screen::default(),
            prompts: None,
            hostname: String::new(),
            told: (false, false),
            heard: now,
            replies: 0,
            out: Vec::new(),
            events: VecDeque::new(),
        }
    }

    /// As its prompt has it; empty before there was one.
    pub fn hostname(&self) -> &str {
        &self.hostname
    }

    /// Types a command; `quiet` is how long nothing may come. Only where [`Event::Ready`] or the last answer has come.
    ///
    /// # Panics
    /// Elsewhere.
    pub fn ask(&mut self, now: Instant, command: &str, quiet: Duration) {
        self.ask_and_reply(now, command, quiet, Vec::new());
    }

    /// The same for a command that may ask back.
    ///
    /// # Panics
    /// As [`Talk::ask`].
    pub fn ask_and_reply(&mut self, now: Instant, command: &str, quiet: Duration, replies: Vec<Reply>) {
        assert!(matches!(self.state, State::Ready), "one command after the other");
        self.state = State::Asking(command.to_owned(), quiet, replies);
        self.replies = 0;
        self.type_line(now, command);
    }

    /// Octets came.
    pub fn handle_input(&mut self, now: Instant, octets: &[u8]) {
        self.heard = now;
        if !self.screen.take(octets) {
            return self.stop(Why::Flood);
        }
        self.look(now);
    }

    /// The line ended.
    pub fn handle_end(&mut self) {
        if !matches!(self.state, State::Over) {
            self.stop(Why::Gone);
        }
    }

    /// When [`Talk::handle_timeout`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        let silence = match &self.state {
            State::Ready | State::Over => return None,
            State::Entering(nudges) if *nudges < NUDGES && self.prompts.is_none() => NUDGE,
            State::Entering(_) if self.stands_at_a_question() => QUESTION,
            State::Learning(_, nudges) if *nudges < NUDGES && self.screen.ends_in_noise() => NUDGE,
            State::Entering(_) | State::Learning(..) | State::Enabling(_) | State::Preparing(_) => LOGIN,
            State::Asking(_, quiet, _) if self.stands_at_a_question() => (*quiet).min(QUESTION),
            State::Asking(_, quiet, _) => *quiet,
        };
        Some(self.heard + silence)
    }

    /// Nothing came for as long as is patient.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.deadline().is_none_or(|at| at > now) {
            return;
        }
        if let State::Entering(nudges) = self.state
            && nudges < NUDGES
            && self.prompts.is_none()
        {
            self.state = State::Entering(nudges + 1);
            self.heard = now;
            // What asks something that is not known gets no answer, not even this.
            if !self.stands_at_a_question() {
                self.out.push(b'\r');
            }
            return;
        }
        // A console that is busy telling of itself loses what is typed meanwhile.
        let is_noisy = self.screen.ends_in_noise();
        if let State::Learning(_, nudges) = &mut self.state
            && *nudges < NUDGES
            && is_noisy
        {
            *nudges += 1;
            self.heard = now;
            self.out.push(b'\r');
            return;
        }
        let why = if self.stands_at_a_question() { Why::Unknown } else { Why::Silent(now - self.heard) };
        self.stop(why);
    }

    /// What is to be typed.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        Some(std::mem::take(&mut self.out)).filter(|out| !out.is_empty())
    }

    /// What happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Whether something stands behind the last line end that is neither a prompt nor known. The echo of what was typed is
    /// not meant.
    fn stands_at_a_question(&self) -> bool {
        let line = self.screen.last_line();
        let is_echo = matches!(&self.state, State::Asking(command, ..) if line.ends_with(command.as_str()));
        !line.trim().is_empty() && !is_echo && rows::meaning(&line).is_none() && !rows::is_promptlike(&line)
    }

    fn type_line(&mut self, now: Instant, line: &str) {
        self.heard = now;
        self.screen.clear();
        self.out.extend_from_slice(line.as_bytes());
        self.out.push(b'\r');
    }

    /// What stands there now, and what to do about it.
    fn look(&mut self, now: Instant) {
        let line = self.screen.last_line();
        match rows::meaning(&line) {
            Some(Meaning::Loader) => return self.stop(Why::Loader),
            Some(Meaning::Setup) => return self.stop(Why::Setup),
            Some(Meaning::More) => return self.out.push(b' '),
            Some(Meaning::Return) if matches!(self.state, State::Entering(_)) => {
                return self.type_line(now, "");
            }
            Some(Meaning::User | Meaning::Password | Meaning::Return) | None => {}
        }
        let is_login = matches!(self.state, State::Entering(_) | State::Enabling(_));
        if is_login && self.screen.text().lines().any(rows::is_refusal) {
            return self.stop(Why::Refused);
        }
        let is_prompt = match &self.prompts {
            Some(prompts) => prompts.is_match(&line),
            None => rows::is_promptlike(&line),
        };
        match (&self.state, rows::meaning(&line)) {
            (State::Entering(_), Some(Meaning::User)) => self.tell_user(now),
            (State::Entering(_), Some(Meaning::Password)) => self.tell_password(now),
            (State::Entering(_), None) if is_prompt => {
                self.state = State::Learning(line, 0);
                self.type_line(now, "");
            }
            (State::Learning(before, _), None) if is_prompt => {
                if *before == line {
                    self.learned(now, &line);
                } else {
                    self.state = State::Learning(line, 0);
                    self.type_line(now, "");
                }
            }
            (State::Enabling(false), Some(Meaning::Password)) => match self.login.enable.clone() {
                Some(password) => {
                    self.state = State::Enabling(true);
                    self.type_line(now, &password);
                }
                None => self.stop(Why::Wanted("an enable password")),
            },
            // Once more: it was wrong.
            (State::Enabling(true), Some(Meaning::Password)) => self.stop(Why::Refused),
            (State::Enabling(_), None) if is_prompt => match line.trim_end().ends_with('#') {
                true => self.prepare(now, 0),
                false => self.stop(Why::Refused),
            },
            (State::Preparing(n), None) if is_prompt => self.prepare(now, n + 1),
            // A console that is told something before it echoes what is typed shows its prompt again: that ends nothing yet.
            (State::Asking(command, ..), None)
                if is_prompt && is_interrupted(&self.screen.text(), command) => {}
            (State::Asking(command, ..), None) if is_prompt => {
                let answer = answer(&self.screen.text(), command);
                self.screen.clear();
                self.state = State::Ready;
                self.events.push_back(Event::Answer(answer));
            }
            (State::Asking(_, _, replies), _) if self.screen.is_fresh() && self.replies < REPLIES => {
                if let Some(reply) = replies.iter().find(|reply| reply.question.is_match(&line)) {
                    self.out.extend_from_slice(reply.keys.as_bytes());
                    self.replies += 1;
                    self.screen.mark();
                }
            }
            _ => {}
        }
    }

    fn tell_user(&mut self, now: Instant) {
        match (self.told.0, self.login.user.clone()) {
            (true, _) => self.stop(Why::Refused),
            (false, None) => self.stop(Why::Wanted("a user")),
            (false, Some(user)) => {
                self.told.0 = true;
                self.type_line(now, &user);
            }
        }
    }

    fn tell_password(&mut self, now: Instant) {
        match (self.told.1, self.login.password.clone()) {
            // Twice is how an account is locked.
            (true, _) => self.stop(Why::Refused),
            (false, None) => self.stop(Why::Wanted("a password")),
            (false, Some(password)) => {
                self.told.1 = true;
                self.type_line(now, &password);
            }
        }
    }

    fn learned(&mut self, now: Instant, prompt: &str) {
        self.prompts = Some(Prompts::like(prompt));
        let name = prompt.trim_end().trim_end_matches(['>', '#']);
        name.split('(').next().unwrap_or(name).clone_into(&mut self.hostname);
        if prompt.trim_end().ends_with('#') {
            self.prepare(now, 0);
        } else {
            self.state = State::Enabling(false);
            self.type_line(now, "enable");
        }
    }

    fn prepare(&mut self, now: Instant, n: usize) {
        match BEFORE.get(n) {
            Some(command) => {
                self.state = State::Preparing(n);
                self.type_line(now, command);
            }
            None => {
                self.screen.clear();
                self.state = State::Ready;
                self.events.push_back(Event::Ready);
            }
        }
    }

    fn stop(&mut self, why: Why) {
        let step = match &self.state {
            State::Entering(_) | State::Learning(..) => "the login",
            State::Enabling(_) => "enable",
            State::Preparing(n) => BEFORE[*n],
            State::Asking(command, ..) => command.as_str(),
            State::Ready | State::Over => "what nobody asked for",
        };
        let awaited = if self.prompts.is_some() { "its prompt" } else { "a prompt or a login" };
        let trouble = Trouble::new(why, step, awaited, &self.screen.text());
        self.state = State::Over;
        self.events.push_back(Event::Stopped(trouble));
    }
}

/// Whether a line is no answer: empty, told of itself, or a prompt that was shown again for that.
fn is_between(line: &str) -> bool {
    line.trim().is_empty() || rows::is_noise(line) || rows::is_promptlike(line)
}

/// Where the echo of a command is.
fn echo(lines: &[&str], command: &str) -> Option<usize> {
    let at = lines.iter().position(|line| line.trim_end().ends_with(command))?;
    lines[..at].iter().all(|line| is_between(line)).then_some(at)
}

/// Whether something came of itself before the echo, and nothing else did yet.
fn is_interrupted(text: &str, command: &str) -> bool {
    let is_noisy = text.lines().any(rows::is_noise);
    is_noisy && text.lines().all(|line| is_between(line) && !line.contains(command))
}

/// What stands between the echo and the prompt.
fn answer(text: &str, command: &str) -> Answer {
    let mut lines: Vec<&str> = text.lines().collect();
    if let Some(at) = echo(&lines, command) {
        lines.drain(..=at);
    }
    lines.retain(|line| !rows::is_noise(line));
    while lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    // The prompt, as often as it was shown again.
    let prompt = lines.pop();
    while prompt.is_some() && lines.last() == prompt.as_ref() {
        lines.pop();
    }
    let complaint = lines.iter().find(|line| rows::is_complaint(line)).map(|line| (*line).to_owned());
    let mut text = lines.join("\n");
    if !text.is_empty() {
        text.push('\n');
    }
    Answer { text, complaint }
}
