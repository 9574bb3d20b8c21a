//! A console of all the parts: editor, graph, pager and dialog, and what a person or a program that types
//! at it sees. The commands are a handful of rows; what they do is printed by a few lines below.

use ios_cli::dialog::{Answer, Question};
use ios_cli::editor::{Editor, Event, Input};
use ios_cli::pager::{Pager, crlf};
use ios_cli::text::files;
use ios_cli::{Graph, Modes, Offer, Outcome, Row, Scope};

#[derive(Clone, Copy, PartialEq, Debug)]
enum Do {
    Version,
    Clock,
    Users,
    Length,
    Width,
    CopyRun,
    Configure,
    Hostname,
    End,
}

const SHOW: &str = "Show running system information";
const E: Modes = Modes::EXEC;

const ROWS: &[Row<Do>] = &[
    Row::new("show version", &[SHOW, "System hardware and software status"], E, 1, Do::Version).piped(),
    Row::new("show clock", &[SHOW, "Display the system clock"], E, 1, Do::Clock).piped(),
    Row::new("show users", &[SHOW, "Display information about terminal lines"], E, 1, Do::Users).piped(),
    Row::new(
        "terminal length <n:0-512>",
        &[
            "Set terminal line parameters",
            "Set number of lines on a screen",
            "Number of lines on screen (0 for no pausing)",
        ],
        E,
        1,
        Do::Length,
    ),
    Row::new(
        "terminal width <n:0-512>",
        &[
            "Set terminal line parameters",
            "Set width of the display terminal",
            "Number of characters on a screen line",
        ],
        E,
        1,
        Do::Width,
    ),
    Row::new(
        "copy <src:url> <dst:url>",
        &["Copy from one file to another", "Copy from {}", "Copy to {}"],
        E,
        15,
        Do::CopyRun,
    ),
    Row::new(
        "configure terminal",
        &["Enter configuration mode", "Configure from the terminal"],
        E,
        15,
        Do::Configure,
    ),
    Row::new(
        "[no] hostname <name:word>",
        &["Set system's network name", "This system's network name"],
        Modes::CONFIG,
        15,
        Do::Hostname,
    ),
    Row::new("end", &["Exit from configure mode"], Modes::CONFIG, 15, Do::End),
];

const OFFERS: &[Offer<'static>] = &[
    Offer { name: "flash0:", doc: "flash0: file system", local: true },
    Offer { name: "running-config", doc: "current system configuration", local: false },
    Offer { name: "startup-config", doc: "startup configuration", local: false },
];

/// A device of which only the console is real.
struct Console {
    editor: Editor,
    pager: Pager,
    graph: Graph<Do>,
    mode: Modes,
    host: String,
    asked: Option<Question>,
    screen: Vec<u8>,
}

impl Console {
    fn new() -> Console {
        let mut console = Console {
            editor: Editor::new(80),
            pager: Pager::new(24, 80),
            graph: Graph::new(&[ROWS]),
            mode: E,
            host: "R1".into(),
            asked: None,
            screen: Vec::new(),
        };
        console.prompt();
        console
    }

    fn type_in(&mut self, keys: &str) {
        self.editor.handle_bytes(keys.as_bytes());
        self.flush();
        while let Some(event) = self.editor.poll_event() {
            self.event(event);
            self.flush();
        }
    }

    /// What has been shown since the last look, with its control characters.
    fn seen(&mut self) -> String {
        String::from_utf8(std::mem::take(&mut self.screen)).expect("ASCII").replace("\r\n", "\n")
    }

    fn flush(&mut self) {
        self.screen.extend(self.editor.poll_transmit().unwrap_or_default());
        while let Some(octets) = self.pager.poll_transmit() {
            self.screen.extend(octets);
        }
    }

    fn print(&mut self, text: &str) {
        self.screen.extend(crlf(text));
    }

    fn prompt(&mut self) {
        let prompt = self.mode.prompt(&self.host, 15);
        self.editor.read(Input::Command, &prompt);
        self.flush();
    }

    fn event(&mut self, event: Event) {
        if let Some(question) = self.asked.take() {
            match question.answer(&event) {
                Some(Answer::Text(_)) => self.print(&format!("{}{}", files::BUILDING, files::STORED)),
                Some(Answer::Aborted | Answer::Yes | Answer::No | Answer::Again(_)) => {}
                None => unreachable!("a line is answered by lines"),
            }
            return self.prompt();
        }
        let scope = Scope { mode: self.mode, privilege: 15, offers: OFFERS };
        match event {
            Event::Line(line) => {
                if self.line(&line) {
                    self.prompt();
                }
            }
            Event::Help(line) => {
                let help = self.graph.help(&scope, &line);
                self.print(&help.0);
                self.editor.redisplay();
            }
            Event::Tab(line) => {
                let done = self.graph.complete_word(&scope, &line);
                self.editor.complete(done.as_deref());
            }
            Event::CtrlZ(line) => {
                self.line(&line);
                self.mode = E;
                self.prompt();
            }
            Event::Key(key) => {
                self.pager.key(key);
                self.page();
            }
            Event::Interrupt(_) => {
                self.mode = E;
                self.prompt();
            }
        }
    }

    fn page(&mut self) {
        self.flush();
        if self.pager.wants_key() { self.editor.read(Input::More, "") } else { self.prompt() }
    }

    /// Runs a line; `false` when something else than the prompt comes next.
    fn line(&mut self, line: &str) -> bool {
        let scope = Scope { mode: self.mode, privilege: 15, offers: OFFERS };
        let outcome = self.graph.read(&scope, line);
        if let Some(complaint) = outcome.complaint(line, self.mode.prompt(&self.host, 15).len()) {
            self.print(&complaint);
        }
        if let Outcome::Match(found) = outcome {
            match found.id {
                Do::Version | Do::Clock | Do::Users => {
                    let text: String = (1..=30).map(|n| format!("line {n}\n")).collect();
                    let text = found.filter.map_or(text.clone(), |f| f.apply(&text));
                    self.pager.start();
                    self.pager.print(&text);
                    self.page();
                    return false;
                }
                Do::Length => self.pager.resize(found.number("n").expect("given") as usize, 80),
                Do::Width => self.editor.set_width(found.number("n").expect("given") as usize),
                Do::CopyRun => {
                    let question = Question::line("Destination filename", found.text("dst").expect("given"));
                    self.editor.read(question.input(), &question.prompt());
                    self.asked = Some(question);
                    return false;
                }
                Do::Configure => {
                    self.mode = Modes::CONFIG;
                    self.print("Enter configuration commands, one per line.  End with CNTL/Z.\n");
                }
                Do::Hostname => self.host = found.text("name").unwrap_or("Router").into(),
                Do::End => self.mode = E,
            }
        }
        true
    }
}

/// What is seen when `keys` are typed in one go.
fn session(keys: &str) -> String {
    let mut console = Console::new();
    console.type_in(keys);
    console.seen()
}

#[test]
fn somebody_who_looks_around() {
    assert_eq!(
        session("sh?ow ?vlan\rsh\tcl | i 30\r"),
        "R1#sh?
show

R1#show ?
  clock    Display the system clock
  users    Display information about terminal lines
  version  System hardware and software status

R1#show vlan
         ^
% Invalid input detected at '^' marker.

R1#sh
R1#show cl | i 30
line 30
R1#"
    );
}

#[test]
fn somebody_who_configures() {
    assert_eq!(
        session("conf t\rho\rhostname BRANCH\rdo sh clock | count line\rwrite\rhostname R2\x1a"),
        "R1#conf t
Enter configuration commands, one per line.  End with CNTL/Z.
R1(config)#ho
% Incomplete command.

R1(config)#hostname BRANCH
BRANCH(config)#do sh clock | count line
Number of lines which match regexp = 30
BRANCH(config)#write
               ^
% Invalid input detected at '^' marker.

BRANCH(config)#hostname R2^Z
R2#"
    );
}

#[test]
fn ansible_answers_the_question_in_the_same_write() {
    assert_eq!(
        session("copy running-config startup-config\r\r"),
        "R1#copy running-config startup-config
Destination filename [startup-config]? 
Building configuration...
[OK]
R1#"
    );
}

#[test]
fn netmiko_waits_for_the_echo_of_what_it_sends() {
    let mut console = Console::new();
    assert_eq!(console.seen(), "R1#");
    console.type_in("terminal width 511");
    assert_eq!(console.seen(), "terminal width 511");
    console.type_in("\n");
    assert_eq!(console.seen(), "\nR1#");
    console.type_in("terminal length 0\n");
    assert_eq!(console.seen(), "terminal length 0\nR1#");
    console.type_in("show version\n");
    assert!(console.seen().ends_with("line 30\nR1#"), "no --More--");
}

#[test]
fn unicon_recovers_with_control_characters() {
    // None of them does anything at a prompt but ask for another one.
    assert_eq!(session("\r\x1e\x15\x03\x1a"), "R1#\nR1#\nR1#^Z\nR1#");
}

#[test]
fn somebody_reads_a_page_a_line_and_has_enough() {
    let mut console = Console::new();
    console.type_in("show version\r");
    assert!(console.seen().ends_with("line 23\n --More-- "));
    console.type_in("\r");
    assert_eq!(
        console.seen(),
        "\x08\x08\x08\x08\x08\x08\x08\x08\x08        \x08\x08\x08\x08\x08\x08\x08\x08\x08line 24\n --More-- "
    );
    console.type_in("q");
    assert_eq!(
        console.seen(),
        "\x08\x08\x08\x08\x08\x08\x08\x08\x08        \x08\x08\x08\x08\x08\x08\x08\x08\x08R1#"
    );
}
