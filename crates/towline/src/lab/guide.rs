//! Stands between a learner's terminal and the console: the console's octets pass unchanged, and only
//! while the cursor stands behind an empty prompt the guide adds its own lines, each marked with a bar.

use super::lesson::{State, Step, review};
use super::names::Names;
use super::screen::Screen;
use device::{Heard, Port};
use std::io;
use std::time::{Duration, Instant};

/// How often goals are looked at.
const LOOK: Duration = Duration::from_millis(100);
/// Ctrl-]: the local menu, as in Telnet clients. IOS has no use for it.
const MENU: u8 = 0x1d;

/// The lab as the guide knows it.
pub trait Scenery: Send {
    /// The state of R1 now.
    fn state(&mut self) -> State;

    /// Switches R1 off and on.
    fn power_cycle(&mut self);

    /// What R1 saw of its FTP sessions, drawn.
    fn trace(&self) -> String;
}

/// A terminal with a guide.
pub struct Guide<P> {
    port: P,
    names: Names,
    steps: Vec<Step>,
    done: Vec<bool>,
    /// The step that was announced last, and how many of its hints were given.
    announced: Option<usize>,
    hints: usize,
    finished: bool,
    screen: Screen,
    looked: Option<Instant>,
    in_menu: bool,
    lab: Box<dyn Scenery>,
    colour: bool,
}

impl<P: Port> Guide<P> {
    /// Guides through `steps` on `port`.
    pub fn new(port: P, names: Names, steps: Vec<Step>, lab: Box<dyn Scenery>, colour: bool) -> Guide<P> {
        let done = vec![false; steps.len()];
        Guide {
            port,
            names,
            steps,
            done,
            announced: None,
            hints: 0,
            finished: false,
            screen: Screen::default(),
            looked: None,
            in_menu: false,
            lab,
            colour,
        }
    }

    /// The first step that is not done.
    fn current(&self) -> Option<usize> {
        self.done.iter().position(|done| !done)
    }

    /// Looks at the goals, and speaks where that disturbs nobody.
    fn turn(&mut self) -> io::Result<()> {
        if self.in_menu || !self.screen.at_prompt() || self.looked.is_some_and(|at| at.elapsed() < LOOK) {
            return Ok(());
        }
        self.looked = Some(Instant::now());
        let state = self.lab.state();
        let mut lines = Vec::new();
        for (i, step) in self.steps.iter().enumerate() {
            if !self.done[i] && step.goal.holds(&state, &self.names) {
                self.done[i] = true;
                lines.push(format!("done: {}", step.title));
            }
        }
        let current = self.current();
        match current {
            Some(i) if self.announced != Some(i) => {
                self.hints = 0;
                lines.extend(self.task(i));
            }
            None if !self.finished => {
                self.finished = true;
                lines.push("That was the lesson. The commands once more:".into());
                lines.extend(review(&self.steps).lines().map(str::to_owned));
                lines.push("Go on as you like; Ctrl-] q leaves. Next: towline lab quiz".into());
            }
            Some(_) | None => {}
        }
        self.announced = current;
        if lines.is_empty() { Ok(()) } else { self.speak(&lines) }
    }

    fn task(&self, index: usize) -> Vec<String> {
        let step = &self.steps[index];
        let mut lines = vec![format!("Step {} of {}: {}", index + 1, self.steps.len(), step.title)];
        lines.extend(fold(&self.names.fill(step.task)));
        lines
    }

    /// Puts lines where the line with the cursor is, and that line below them again.
    fn speak(&mut self, lines: &[String]) -> io::Result<()> {
        let own = self.screen.text();
        let mut out = format!("\r{}\r", " ".repeat(own.len()));
        let (on, off) = if self.colour { ("\x1b[36m", "\x1b[0m") } else { ("", "") };
        for line in lines {
            out.push_str(&format!("{on}| {line}{off}\r\n"));
        }
        out.push_str(&own);
        out.push_str(&"\x08".repeat(self.screen.behind_cursor()));
        self.port.say(out.as_bytes())
    }

    fn menu(&mut self, key: u8) -> io::Result<Option<Heard>> {
        self.in_menu = false;
        let lines = match key {
            b'h' | b'?' => match self.current() {
                Some(i) => {
                    let hints = &self.steps[i].hints;
                    let hint = hints[self.hints.min(hints.len() - 1)];
                    self.hints += 1;
                    let mut lines = fold(&self.names.fill(&format!("hint: {hint}")));
                    if self.hints < hints.len() {
                        lines.push("(Ctrl-] h again tells more)".into());
                    }
                    lines
                }
                None => vec!["nothing left to do: Ctrl-] q leaves".into()],
            },
            b's' => match self.current() {
                Some(i) => self.task(i),
                None => vec!["all steps are done".into()],
            },
            b'q' => return Ok(Some(Heard::Gone)),
            b'b' => {
                self.speak(&["break sent".into()])?;
                return Ok(Some(Heard::Break));
            }
            b'p' => {
                self.lab.power_cycle();
                vec!["power is switched off and on".into()]
            }
            b't' => self.lab.trace().lines().map(str::to_owned).collect(),
            MENU => return Ok(Some(Heard::Keys(vec![MENU]))),
            _ => vec!["back at the console".into()],
        };
        self.speak(&lines)?;
        Ok(None)
    }
}

impl<P: Port> Port for Guide<P> {
    fn hear(&mut self, wait: Duration) -> Heard {
        if self.turn().is_err() {
            return Heard::Gone;
        }
        let keys = match self.port.hear(wait) {
            Heard::Keys(keys) => keys,
            other @ (Heard::Break | Heard::Gone | Heard::Nothing) => return other,
        };
        let mut pass = Vec::with_capacity(keys.len());
        for key in keys {
            if self.in_menu {
                match self.menu(key) {
                    Ok(Some(Heard::Keys(more))) => pass.extend(more),
                    // What was typed before it is of no use to a line that ends.
                    Ok(Some(other)) => return other,
                    Ok(None) => {}
                    Err(_) => return Heard::Gone,
                }
            } else if key == MENU {
                self.in_menu = true;
                let menu = "h hint, s this step, t FTP trace, b break, p power-cycle, q quit, Ctrl-] itself";
                if self.speak(&[menu.into()]).is_err() {
                    return Heard::Gone;
                }
            } else {
                pass.push(key);
            }
        }
        if pass.is_empty() { Heard::Nothing } else { Heard::Keys(pass) }
    }

    fn say(&mut self, octets: &[u8]) -> io::Result<()> {
        self.screen.feed(octets);
        self.port.say(octets)
    }
}

/// Cuts a text into lines of at most 76 characters, at spaces.
pub(super) fn fold(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= 76 => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::lesson::{Course, steps};
    use super::*;
    use std::collections::VecDeque;
    use std::sync::{Arc, Mutex};

    /// A terminal whose keys are given beforehand.
    #[derive(Clone, Default)]
    struct Paper {
        keys: Arc<Mutex<VecDeque<Vec<u8>>>>,
        out: Arc<Mutex<Vec<u8>>>,
    }

    impl Port for Paper {
        fn hear(&mut self, _wait: Duration) -> Heard {
            self.keys.lock().unwrap().pop_front().map_or(Heard::Nothing, Heard::Keys)
        }

        fn say(&mut self, octets: &[u8]) -> io::Result<()> {
            self.out.lock().unwrap().extend_from_slice(octets);
            Ok(())
        }
    }

    impl Scenery for Arc<Mutex<State>> {
        fn state(&mut self) -> State {
            self.lock().unwrap().clone()
        }

        fn power_cycle(&mut self) {
            self.lock().unwrap().version = None;
        }

        fn trace(&self) -> String {
            String::from("a ladder")
        }
    }

    fn guide(paper: &Paper, state: &Arc<Mutex<State>>) -> Guide<Paper> {
        let names = Names::of_the_lesson(8_192);
        Guide::new(paper.clone(), names, steps(Course::Whole), Box::new(state.clone()), false)
    }

    fn taken(paper: &Paper) -> String {
        String::from_utf8(std::mem::take(&mut *paper.out.lock().unwrap())).unwrap()
    }

    #[test]
    fn the_guide_speaks_behind_an_empty_prompt_only_and_gives_it_back() {
        let (paper, state) = (Paper::default(), Arc::new(Mutex::new(State::default())));
        let mut guide = guide(&paper, &state);
        guide.say(b"\r\nProceed? [confirm]").unwrap();
        guide.hear(Duration::ZERO);
        assert_eq!(taken(&paper), "\r\nProceed? [confirm]");
        guide.say(b"\r\nR1>sho").unwrap();
        guide.hear(Duration::ZERO);
        assert_eq!(taken(&paper), "\r\nR1>sho");
        guide.say(b"\x08 \x08\x08 \x08\x08 \x08").unwrap();
        guide.hear(Duration::ZERO);
        let said = taken(&paper);
        assert!(said.contains("\r   \r| Step 1 of 15: Privileged mode\r\n| R1 has booted"), "{said:?}");
        assert!(said.ends_with("\r\nR1>"), "{said:?}");
        // It is said once.
        guide.looked = None;
        guide.hear(Duration::ZERO);
        assert_eq!(taken(&paper), "");
        state.lock().unwrap().ran.push(("Enable".into(), "15.1(4)M4".into()));
        guide.say(b"enable\r\nR1#").unwrap();
        guide.looked = None;
        guide.hear(Duration::ZERO);
        let said = taken(&paper);
        assert!(said.contains("| done: Privileged mode\r\n| Step 2 of 15: File systems"), "{said:?}");
    }

    #[test]
    fn hints_go_from_a_push_to_the_command_and_take_no_key_from_the_console() {
        let (paper, state) = (Paper::default(), Arc::new(Mutex::new(State::default())));
        let mut guide = guide(&paper, &state);
        guide.say(b"R1>en").unwrap();
        for keys in [&b"a\x1dhb"[..], b"\x1d", b"h", b"\x1d\x1d"] {
            paper.keys.lock().unwrap().push_back(keys.to_vec());
        }
        assert_eq!(guide.hear(Duration::ZERO), Heard::Keys(b"ab".to_vec()));
        let said = taken(&paper);
        assert!(said.contains("| hint: The prompt R1> is user mode"), "{said:?}");
        assert!(said.ends_with("\r\nR1>en"), "what was typed stands there again: {said:?}");
        assert_eq!(guide.hear(Duration::ZERO), Heard::Nothing);
        assert_eq!(guide.hear(Duration::ZERO), Heard::Nothing);
        assert!(taken(&paper).contains("| hint: Type: enable"));
        assert_eq!(guide.hear(Duration::ZERO), Heard::Keys(vec![MENU]));
        paper.keys.lock().unwrap().push_back(b"\x1dq".to_vec());
        assert_eq!(guide.hear(Duration::ZERO), Heard::Gone);
    }

    #[test]
    fn at_the_end_comes_the_review() {
        let (paper, state) = (Paper::default(), Arc::new(Mutex::new(State::default())));
        let mut guide = guide(&paper, &state);
        guide.done.fill(true);
        guide.say(b"R1#").unwrap();
        guide.hear(Duration::ZERO);
        let said = taken(&paper);
        assert!(said.contains("|   copy tftp: flash: "), "{said}");
        assert!(said.ends_with("towline lab quiz\r\nR1#"), "{said}");
    }
}
