//! `tclsh`: `puts`, `open`, `close`, `set`, `tclquit`; whatever else is typed there is a command of the EXEC.
//!
//! A file that is written is there when it is closed, by `close` or when `tclquit` ends it all.

use super::exec::Exec;
use super::files::reason_of;
use crate::ifs::{Bounded, Fs, Url};
use crate::session::Leave;
use ios_cli::editor::{Event, Input};
use ios_cli::tcl::{Command, Parsed, Part, Word, parse};
use std::collections::BTreeMap;
use store::{Sink as _, VPath};

/// Octets of the longest script of one prompt.
const LONGEST: usize = 1 << 20;
/// Files that are open at once.
const MOST_FILES: usize = 16;

/// What outlives a line.
#[derive(Default)]
struct Tcl {
    variables: BTreeMap<String, String>,
    files: BTreeMap<String, File>,
    opened: usize,
}

/// A file that is written.
struct File {
    upload: Bounded,
    at: u64,
}

/// What one command came to.
enum Done {
    /// Its result, which a prompt shows.
    Result(String),
    /// It is over.
    Quit,
    /// Not one of Tcl's.
    Exec(String),
}

impl Exec<'_> {
    /// Reads and evaluates until `tclquit`.
    pub(super) fn tclsh(&mut self) -> Result<(), Leave> {
        let mut tcl = Tcl::default();
        let mut script = String::new();
        loop {
            let host = self.tty.device.running_config().hostname;
            let prompt = if script.is_empty() { format!("{host}(tcl)#") } else { "+>".into() };
            match self.tty.next_event(Input::Answer, &prompt)? {
                Event::Line(line) => {
                    script.push_str(&line);
                    // What is open is closed by one of these.
                    if script.len() > line.len() && script.len() < LONGEST && !line.contains(['}', ']', '"'])
                    {
                        script.push('\n');
                        continue;
                    }
                }
                Event::Interrupt(_) | Event::CtrlZ(_) => {
                    script.clear();
                    continue;
                }
                Event::Key(_) | Event::Help(_) | Event::Tab(_) => continue,
            }
            let commands = match parse(&script) {
                Parsed::More if script.len() < LONGEST => {
                    script.push('\n');
                    continue;
                }
                Parsed::More => Err("script too long"),
                Parsed::Wrong(why) => Err(why),
                Parsed::Commands(commands) => Ok(commands),
            };
            script.clear();
            let commands = match commands {
                Ok(commands) => commands,
                Err(why) => {
                    self.tty.print(&format!("{why}\n"))?;
                    continue;
                }
            };
            for command in &commands {
                match self.evaluate(&mut tcl, command) {
                    Ok(Done::Result(text)) if text.is_empty() => {}
                    Ok(Done::Result(text)) | Err(text) => self.tty.print(&format!("{text}\n"))?,
                    Ok(Done::Exec(line)) => self.line(&line, prompt.len())?,
                    Ok(Done::Quit) => {
                        let failed: Vec<String> =
                            tcl.files.into_values().filter_map(|file| close(file).err()).collect();
                        return self.tty.print(&failed.concat());
                    }
                }
            }
        }
    }

    fn evaluate(&mut self, tcl: &mut Tcl, command: &Command) -> Result<Done, String> {
        let words: Vec<String> = command.iter().map(|word| self.word(tcl, word)).collect::<Result<_, _>>()?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let result = match &words[..] {
            ["tclquit" | "exit"] => return Ok(Done::Quit),
            ["set", name] => tcl.variables.get(*name).cloned().ok_or_else(|| no_variable(name))?,
            ["set", name, value] => {
                tcl.variables.insert((*name).to_owned(), (*value).to_owned());
                (*value).to_owned()
            }
            ["set", ..] => return Err("wrong # args: should be \"set varName ?newValue?\"".into()),
            ["puts", rest @ ..] => self.puts(tcl, rest)?,
            ["open", name] => self.open(tcl, name, "r")?,
            ["open", name, how, ..] => self.open(tcl, name, how)?,
            ["close", channel] => {
                let file = tcl.files.remove(*channel).ok_or_else(|| no_channel(channel))?;
                close(file).map(|()| String::new())?
            }
            ["exec", line @ ..] => return Ok(Done::Exec(line.join(" "))),
            _ => return Ok(Done::Exec(words.join(" "))),
        };
        Ok(Done::Result(result))
    }

    fn word(&mut self, tcl: &mut Tcl, word: &Word) -> Result<String, String> {
        let mut out = String::new();
        for part in word {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Variable(name) => {
                    out.push_str(tcl.variables.get(name).ok_or_else(|| no_variable(name))?);
                }
                Part::Result(commands) => {
                    let mut result = String::new();
                    for command in commands {
                        result = match self.evaluate(tcl, command)? {
                            Done::Result(text) => text,
                            Done::Quit => return Err("invalid command name \"tclquit\"".into()),
                            Done::Exec(line) => {
                                let name = line.split(' ').next().unwrap_or_default();
                                return Err(format!("invalid command name \"{name}\""));
                            }
                        };
                    }
                    out.push_str(&result);
                }
            }
        }
        Ok(out)
    }

    /// `puts ?-nonewline? ?channelId? string`; gives what the terminal shows.
    fn puts(&mut self, tcl: &mut Tcl, words: &[&str]) -> Result<String, String> {
        let (end, words) = match words {
            ["-nonewline", rest @ ..] => ("", rest),
            _ => ("\n", words),
        };
        let (channel, text) = match words {
            [text] => ("stdout", *text),
            [channel, text] => (*channel, *text),
            _ => return Err("wrong # args: should be \"puts ?-nonewline? ?channelId? string\"".into()),
        };
        if channel == "stdout" {
            // The end of the line is the prompt's.
            return Ok(text.to_owned());
        }
        let file = tcl.files.get_mut(channel).ok_or_else(|| no_channel(channel))?;
        let octets = [text.as_bytes(), end.as_bytes()].concat();
        file.upload.write_at(file.at, &octets).map_err(|e| {
            format!("error writing \"{channel}\": {}", reason_of(&e.into()).to_string().to_lowercase())
        })?;
        file.at += octets.len() as u64;
        Ok(String::new())
    }

    /// `open name how`: a file of flash that is written anew or appended to.
    fn open(&mut self, tcl: &mut Tcl, name: &str, how: &str) -> Result<String, String> {
        let refused = |why: &str| format!("couldn't open \"{name}\": {}", why.to_lowercase());
        let path = match Url::parse(name, &self.cwd, &self.tty.device.profile().flash.prefixes) {
            Ok(Url::Local { fs: Fs::Flash, path, .. }) if path != VPath::root() => path,
            Ok(Url::Local { .. } | Url::Net(_)) | Err(_) => return Err(refused("bad file name")),
        };
        if tcl.files.len() == MOST_FILES {
            return Err(refused("too many open files"));
        }
        let mut at = 0;
        let before = match how {
            "w" | "w+" => None,
            "a" | "a+" => self.blob(name).ok(),
            // Nothing here reads them.
            "r" | "r+" => return Err(refused("operation not supported")),
            other => return Err(format!("illegal access mode \"{other}\"")),
        };
        let flash = &self.tty.device.flash;
        let mut upload = flash.create(&path).map_err(|e| refused(&reason_of(&e).to_string()))?;
        if let Some(blob) = before {
            let mut room = vec![0; 64 << 10];
            while at < blob.len() {
                let n = match blob.read_at(at, &mut room) {
                    Ok(n @ 1..) => n,
                    Ok(0) | Err(_) => return Err(refused("i/o error")),
                };
                upload.write_at(at, &room[..n]).map_err(|e| refused(&reason_of(&e.into()).to_string()))?;
                at += n as u64;
            }
        }
        let channel = format!("file{}", tcl.opened);
        tcl.opened += 1;
        tcl.files.insert(channel.clone(), File { upload, at });
        Ok(channel)
    }
}

fn close(file: File) -> Result<(), String> {
    file.upload.commit().map(drop).map_err(|e| format!("error closing file: {}\n", reason_of(&e)))
}

fn no_variable(name: &str) -> String {
    format!("can't read \"{name}\": no such variable")
}

fn no_channel(name: &str) -> String {
    format!("can not find channel named \"{name}\"")
}
