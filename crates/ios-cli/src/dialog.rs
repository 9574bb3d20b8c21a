//! The kinds of question IOS asks.
//!
//! A question is printed, then the [`crate::editor::Editor`] reads what [`Question::input`] says, then
//! [`Question::answer`] says what was meant. Chains of questions are the caller's, one match each.

use crate::editor::{Event, Input};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

/// One question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Question {
    /// `Source filename [x]? `: a line; empty takes the default.
    Line {
        /// Without the bracket: `Source filename`.
        text: String,
        /// May be empty.
        default: String,
    },
    /// `Delete flash:x? [confirm]`: one key; Enter or `y` is yes, any other is no.
    Confirm {
        /// With the blank before `[confirm]`, where the device has one.
        text: String,
    },
    /// `Save? [yes/no]: `: a line that must say yes or no.
    YesNo {
        /// `System configuration has been modified. Save?`
        text: String,
        /// What Enter means; the bracket then holds it: `[yes]: `.
        default: Option<bool>,
    },
    /// `Password: `: a line that is not shown.
    Password {
        /// `Password: `
        text: String,
    },
}

/// What was meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// The line typed, or the default.
    Text(String),
    /// Agreed.
    Yes,
    /// Not agreed.
    No,
    /// Neither: print this, then the question again.
    Again(&'static str),
    /// Ctrl-C, Ctrl-Z or the escape sequence: the command ends.
    Aborted,
}

impl Question {
    /// A question for a line.
    pub fn line(text: &str, default: &str) -> Question {
        Question::Line { text: text.to_owned(), default: default.to_owned() }
    }

    /// A question for one key. `text` stands right before `[confirm]`.
    pub fn confirm(text: &str) -> Question {
        Question::Confirm { text: text.to_owned() }
    }

    /// A question for yes or no.
    pub fn yes_no(text: &str, default: Option<bool>) -> Question {
        Question::YesNo { text: text.to_owned(), default }
    }

    /// What is printed; the cursor stays behind it. It is the prompt for the editor.
    pub fn prompt(&self) -> String {
        match self {
            Question::Line { text, default } => format!("{text} [{default}]? "),
            Question::Confirm { text } => format!("{text}[confirm]"),
            Question::YesNo { text, default: None } => format!("{text} [yes/no]: "),
            Question::YesNo { text, default: Some(yes) } => {
                format!("{text} [{}]: ", if *yes { "yes" } else { "no" })
            }
            Question::Password { text } => text.clone(),
        }
    }

    /// What the editor reads for it.
    pub fn input(&self) -> Input {
        match self {
            Question::Line { .. } | Question::YesNo { .. } => Input::Answer,
            Question::Confirm { .. } => Input::Key,
            Question::Password { .. } => Input::Password,
        }
    }

    /// What an event of the editor means as an answer; `None` for events that answer nothing.
    pub fn answer(&self, event: &Event) -> Option<Answer> {
        let line = match (self, event) {
            (_, Event::Interrupt(_) | Event::CtrlZ(_)) => return Some(Answer::Aborted),
            (Question::Confirm { .. }, Event::Key(key)) => {
                return Some(if matches!(key, b'\r' | b'y' | b'Y') { Answer::Yes } else { Answer::No });
            }
            (_, Event::Line(line)) => line,
            (_, Event::Key(_) | Event::Help(_) | Event::Tab(_)) => return None,
        };
        Some(match self {
            Question::Line { default, .. } => {
                let typed = line.trim();
                Answer::Text(if typed.is_empty() { default.clone() } else { typed.to_owned() })
            }
            Question::Password { .. } => Answer::Text(line.clone()),
            Question::Confirm { .. } => return None,
            Question::YesNo { default, .. } => match (line.trim().to_ascii_lowercase().as_str(), default) {
                ("y" | "ye" | "yes", _) | ("", Some(true)) => Answer::Yes,
                ("n" | "no", _) | ("", Some(false)) => Answer::No,
                _ => Answer::Again("% Please answer 'yes' or 'no'.\n"),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_takes_its_default_on_enter() {
        let q = Question::line("Destination filename", "a.bin");
        assert_eq!(q.prompt(), "Destination filename [a.bin]? ");
        assert_eq!(q.answer(&Event::Line("".into())), Some(Answer::Text("a.bin".into())));
        assert_eq!(q.answer(&Event::Line(" b.bin ".into())), Some(Answer::Text("b.bin".into())));
        assert_eq!(q.answer(&Event::Interrupt(3)), Some(Answer::Aborted));
    }

    #[test]
    fn confirm_is_one_key_and_only_enter_or_y_agree() {
        let q = Question::confirm("Delete flash:x? ");
        assert_eq!(q.prompt(), "Delete flash:x? [confirm]");
        assert_eq!(q.input(), Input::Key);
        for (key, answer) in
            [(b'\r', Answer::Yes), (b'y', Answer::Yes), (b'n', Answer::No), (0x1b, Answer::No)]
        {
            assert_eq!(q.answer(&Event::Key(key)), Some(answer), "{key:#x}");
        }
    }

    #[test]
    fn yes_no_is_asked_again_until_it_is_one_of_them() {
        let q = Question::yes_no("System configuration has been modified. Save?", None);
        assert_eq!(q.prompt(), "System configuration has been modified. Save? [yes/no]: ");
        assert_eq!(
            q.answer(&Event::Line("maybe".into())),
            Some(Answer::Again("% Please answer 'yes' or 'no'.\n"))
        );
        assert_eq!(
            q.answer(&Event::Line("".into())),
            Some(Answer::Again("% Please answer 'yes' or 'no'.\n"))
        );
        assert_eq!(q.answer(&Event::Line("Y".into())), Some(Answer::Yes));
        let q = Question::yes_no("Would you like to terminate autoinstall?", Some(true));
        assert_eq!(q.prompt(), "Would you like to terminate autoinstall? [yes]: ");
        assert_eq!(q.answer(&Event::Line("".into())), Some(Answer::Yes));
    }
}
