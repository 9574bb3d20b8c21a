use super::talk::{Event, Login, Reply, Talk};
use super::trouble::{Trouble, Why};
use clock::{Duration, Instant};

/// A device that is told what to say: behind each line that is typed, what comes.
struct Script {
    talk: Talk,
    now: Instant,
    says: Vec<(&'static str, &'static str)>,
    typed: Vec<String>,
    /// Octets at a time.
    piece: usize,
}

impl Script {
    fn new(login: Login, greeting: &str, says: &[(&'static str, &'static str)], piece: usize) -> Script {
        let now = Instant::ZERO;
        let (says, typed) = (says.to_vec(), Vec::new());
        let mut script = Script { talk: Talk::new(now, login), now, says, typed, piece };
        script.print(greeting);
        script
    }

    fn print(&mut self, text: &str) {
        for piece in text.as_bytes().chunks(self.piece) {
            self.talk.handle_input(self.now, piece);
            self.hear();
        }
    }

    /// What was typed is answered with what the script has for it, its echo before it.
    fn hear(&mut self) {
        while let Some(octets) = self.talk.poll_transmit() {
            let line = String::from_utf8(octets).expect("text").trim_end_matches('\r').to_owned();
            self.typed.push(line.clone());
            let known = self.says.iter().position(|(typed, _)| *typed == line);
            let answer = match known {
                // The last one of a line stays.
                Some(at) if self.says.iter().filter(|(typed, _)| *typed == line).count() > 1 => {
                    self.says.remove(at).1
                }
                Some(at) => self.says[at].1,
                None => "\r\nR1#",
            };
            let echo = if answer.starts_with("(no echo)") { "" } else { line.as_str() };
            let answer = format!("{echo}{}", answer.trim_start_matches("(no echo)"));
            self.print(&answer);
        }
    }

    /// The next event; time passes where nothing else does.
    fn event(&mut self) -> Event {
        for _ in 0..100 {
            self.hear();
            if let Some(event) = self.talk.poll_event() {
                return event;
            }
            self.now = self.talk.deadline().expect("it waits for something");
            self.talk.handle_timeout(self.now);
        }
        panic!("nothing happens; typed: {:?}", self.typed);
    }

    fn ask(&mut self, command: &str) -> Event {
        self.talk.ask(self.now, command, Duration::from_secs(60));
        self.event()
    }
}

fn bob() -> Login {
    let some = |text: &str| Some(text.to_owned());
    Login { user: some("bob"), password: some("hunter2"), enable: some("topsecret") }
}

const LOGIN: &[(&str, &str)] = &[
    ("bob", "\r\nPassword: "),
    ("hunter2", "(no echo)\r\nR1>"),
    ("", "\r\nR1>"),
    ("enable", "\r\nPassword: "),
    ("topsecret", "(no echo)\r\nR1#"),
    ("show clock", "\r\n*10:00:00.000 UTC Fri Nov 27 2026\r\nR1#"),
    ("show x", "\r\n           ^\r\n% Invalid input detected at '^' marker.\r\n\r\nR1#"),
];
const BANNER: &str = "\r\nKeep out of R9>\r\n\r\nUser Access Verification\r\n\r\nUsername: ";

#[test]
fn it_logs_in_learns_the_prompt_and_asks_however_the_octets_come() {
    for piece in [1, 2, 3, 7, 10_000] {
        let mut script = Script::new(bob(), BANNER, LOGIN, piece);
        assert_eq!(script.event(), Event::Ready, "in pieces of {piece}");
        assert_eq!(script.talk.hostname(), "R1");
        let Event::Answer(answer) = script.ask("show clock") else { panic!() };
        assert_eq!((answer.text.as_str(), answer.complaint), ("*10:00:00.000 UTC Fri Nov 27 2026\n", None));
        let Event::Answer(answer) = script.ask("show x") else { panic!() };
        let complaint = "% Invalid input detected at '^' marker.".to_owned();
        assert_eq!(answer.complaint, Some(complaint), "in pieces of {piece}");
        let begin = ["bob", "hunter2", "", "enable", "topsecret", "terminal length 0"];
        assert_eq!(script.typed[..begin.len()], begin);
    }
}

#[test]
fn what_comes_of_itself_is_no_answer_and_no_end() {
    let says = [
        (
            "show clock",
            "\r\n*Mar  1 00:01:02.003: %SYS-5-CONFIG_I: Configured from console by vty0\r\n10:00\r\nR1#\r\n*Mar  1 00:01:03.003: %LINK-3-UPDOWN: Interface Gi0/1, changed state to up\r\n",
        ),
        ("", "\r\nR1#"),
    ];
    let mut script = Script::new(Login::default(), "R1#", &says, 5);
    assert_eq!(script.event(), Event::Ready);
    let Event::Answer(answer) = script.ask("show clock") else { panic!() };
    assert_eq!(answer.text, "10:00\n");
}

#[test]
fn pages_are_turned_where_they_come_nevertheless() {
    let says = [
        ("show run", "\r\nline 1\r\n --More-- "),
        (
            " ",
            "(no echo)\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08          \x08\x08\x08\x08\x08\x08\x08\x08\x08\x08line 2\r\nend\r\nR1#",
        ),
        ("", "\r\nR1#"),
    ];
    let mut script = Script::new(Login::default(), "R1#", &says, 1_000);
    assert_eq!(script.event(), Event::Ready);
    let Event::Answer(answer) = script.ask("show run") else { panic!() };
    assert_eq!(answer.text, "line 1\nline 2\nend\n");
}

fn stopped(login: Login, greeting: &str, says: &[(&'static str, &'static str)]) -> (Trouble, Vec<String>) {
    let mut script = Script::new(login, greeting, says, 1_000);
    match script.event() {
        Event::Stopped(trouble) => (trouble, script.typed),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_wrong_password_is_tried_once() {
    let says = [("bob", "\r\nPassword: "), ("hunter2", "(no echo)\r\n% Login invalid\r\n\r\nUsername: ")];
    let (trouble, typed) = stopped(bob(), BANNER, &says);
    assert_eq!((trouble.why, typed), (Why::Refused, vec!["bob".to_owned(), "hunter2".to_owned()]));
    // One that only asks again.
    let says = [("hunter2", "(no echo)\r\nPassword: ")];
    let (trouble, typed) = stopped(bob(), "Password: ", &says);
    assert_eq!((trouble.why, typed.len()), (Why::Refused, 1));
    let says = [
        ("", "\r\nR1>"),
        ("enable", "\r\nPassword: "),
        ("topsecret", "(no echo)\r\n% Bad secrets\r\n\r\nR1>"),
    ];
    assert_eq!(stopped(bob(), "R1>", &says).0.why, Why::Refused);
}

#[test]
fn what_was_not_given_is_asked_for() {
    for (login, greeting, what) in [
        (Login::default(), BANNER, "a user"),
        (Login::default(), "Password: ", "a password"),
        (Login { enable: None, ..bob() }, "R1>", "an enable password"),
    ] {
        let says = [("", "\r\nR1>"), ("enable", "\r\nPassword: ")];
        assert_eq!(stopped(login, greeting, &says).0.why, Why::Wanted(what));
    }
}

#[test]
fn what_is_not_known_gets_no_answer() {
    let question = "Do you accept the terms of use? [yes/no]: ";
    let (trouble, typed) = stopped(bob(), question, &[]);
    assert_eq!((trouble.why, typed.len()), (Why::Unknown, 0), "nothing was typed");
    let says = [("reload", "\r\nProceed with reload? [confirm]"), ("", "\r\nR1#")];
    let mut script = Script::new(Login::default(), "R1#", &says, 1_000);
    assert_eq!(script.event(), Event::Ready);
    let typed = script.typed.len();
    let Event::Stopped(trouble) = script.ask("reload") else { panic!() };
    assert_eq!((&trouble.why, trouble.step.as_str()), (&Why::Unknown, "reload"));
    assert!(trouble.to_string().contains("'Proceed with reload? [confirm]'"), "{trouble}");
    assert_eq!(script.typed.len(), typed + 1, "the command and nothing else");
}

#[test]
fn a_silent_line_is_woken_and_then_given_up() {
    let (trouble, typed) = stopped(bob(), "", &[("", "(no echo)")]);
    assert!(matches!(trouble.why, Why::Silent(_)), "{trouble}");
    assert_eq!(typed, ["", "", "", ""]);
    // A console that waits for a key.
    let says = [("", "\r\nR1#")];
    let mut script = Script::new(bob(), "", &says, 1_000);
    assert_eq!(script.event(), Event::Ready);
}

/// A console behind a start: a prompt stands amid what comes of itself, and what is typed meanwhile is lost.
#[test]
fn a_console_that_tells_of_a_start_is_asked_again() {
    let log = "\r\n*Sep 18 10:36:14.536: %LINK-3-UPDOWN: Interface Ethernet0/0, changed state to up\r\nR1>*Sep 18 10:36:14.537: %LINK-3-UPDOWN: Interface Serial3/2, changed state to up\r\n*Sep 18 10:37:22.063: %SYS-5-RESTART: System restarted --";
    for piece in [1, 7, 10_000] {
        let says = [
            ("", log),
            // Pressed while it tells of itself: nobody reads it.
            ("", if piece < 100 { "(no echo)" } else { "\r\nR1>" }),
            ("", "\r\nR1>"),
            ("", "\r\nR1>"),
            ("enable", "\r\nPassword: "),
            ("topsecret", "(no echo)\r\nR1#"),
        ];
        let mut script = Script::new(bob(), "\r\n\r\nPress RETURN to get started!\r\n", &says, piece);
        assert_eq!(script.event(), Event::Ready, "in pieces of {piece}: {:?}", script.typed);
    }
}

#[test]
fn where_no_system_runs_nothing_is_typed() {
    for (greeting, why) in [
        ("rommon 1 > ", Why::Loader),
        ("switch: ", Why::Loader),
        ("Would you like to enter the initial configuration dialog? [yes/no]: ", Why::Setup),
    ] {
        let (trouble, typed) = stopped(bob(), greeting, &[]);
        assert_eq!((trouble.why, typed.len()), (why, 0), "{greeting}");
    }
}

#[test]
fn a_line_that_ends_and_one_that_never_does() {
    let mut script =
        Script::new(Login::default(), "R1#", &[("", "\r\nR1#"), ("show run", "\r\nline")], 1_000);
    assert_eq!(script.event(), Event::Ready);
    script.talk.ask(script.now, "show run", Duration::from_secs(60));
    script.hear();
    script.talk.handle_end();
    let Event::Stopped(trouble) = script.event() else { panic!() };
    assert_eq!((trouble.why, trouble.lines), (Why::Gone, vec!["show run".to_owned(), "line".to_owned()]));
    let mut script = Script::new(Login::default(), "R1#", &[("", "\r\nR1#"), ("show run", "\r\n")], 1_000);
    assert_eq!(script.event(), Event::Ready);
    script.talk.ask(script.now, "show run", Duration::from_secs(60));
    script.hear();
    let flood = vec![b'x'; 1 << 20];
    let stopped = (0..20).find_map(|_| {
        script.talk.handle_input(script.now, &flood);
        script.talk.poll_event()
    });
    assert!(matches!(stopped, Some(Event::Stopped(Trouble { why: Why::Flood, .. }))), "{stopped:?}");
}

/// An exact copy of nothing: any octets at any time stop it or do not, and never panic.
#[test]
fn no_octets_panic() {
    let mut seed = 0x9e37_79b9_u32;
    println!("seed {seed:#x}");
    let words: [&[u8]; 12] = [
        b"R1#",
        b"\r\n",
        b"Username: ",
        b"Password: ",
        b"\x1b[",
        b"\x08\x08",
        b" --More-- ",
        b"%SYS-5-X: ",
        b"\xff\xfe",
        b"show version",
        b"(config)#",
        b"\x1b",
    ];
    for _ in 0..300 {
        let mut talk = Talk::new(Instant::ZERO, bob());
        let mut now = Instant::ZERO;
        for _ in 0..40 {
            seed ^= seed << 13;
            seed ^= seed >> 17;
            seed ^= seed << 5;
            talk.handle_input(now, words[seed as usize % words.len()]);
            talk.poll_transmit();
            match talk.poll_event() {
                Some(Event::Stopped(_)) => break,
                Some(Event::Ready | Event::Answer(_)) => {
                    talk.ask(now, "show version", Duration::from_secs(1))
                }
                None => {}
            }
            if seed.is_multiple_of(5)
                && let Some(at) = talk.deadline()
            {
                now = at;
                talk.handle_timeout(now);
            }
        }
    }
}

fn privileged(says: &[(&'static str, &'static str)]) -> Script {
    let mut script = Script::new(Login::default(), "\r\nR1#", says, 7);
    assert_eq!(script.event(), Event::Ready);
    script
}

fn reply(script: &mut Script, command: &str, replies: Vec<Reply>) -> Event {
    script.talk.ask_and_reply(script.now, command, Duration::from_secs(60), replies);
    script.event()
}

#[test]
fn questions_that_a_command_may_ask_are_answered_once_each() {
    let mut script = privileged(&[
        ("copy a b", "\r\nDestination filename [b]? "),
        ("b", "\r\nErase flash: before copying? [confirm]"),
        ("n", "\r\n*Mar  1 00:00:12: %SYS-5-X: noise\r\n!!!\r\n[OK - 3 bytes]\r\nR1#"),
    ]);
    let replies =
        vec![Reply::new(r"Destination filename \[.*\]\?", "b\r"), Reply::new(r"Erase .*\[confirm\]", "n")];
    let Event::Answer(answer) = reply(&mut script, "copy a b", replies) else { panic!("an answer") };
    assert!(answer.text.contains("[OK - 3 bytes]") && answer.complaint.is_none(), "{answer:?}");
    assert_eq!(script.typed[script.typed.len() - 3..], ["copy a b", "b", "n"]);
}

#[test]
fn what_comes_of_itself_on_a_console_is_no_part_of_an_answer() {
    let noise = "*Mar  1 00:00:12: %SYS-5-X: noise";
    let whole = "show x\r\none\r\ntwo\r\nR1#";
    for (says, how) in [
        (whole.to_owned(), "nothing comes"),
        (format!("\r\n{noise}{whole}"), "what is typed goes on behind it"),
        (format!("\r\n{noise}\r\nR1#{whole}"), "the prompt is shown again before the echo"),
        (format!("\r\n{noise}\r\nR1#\r\n{noise}\r\nR1#{whole}"), "twice"),
        (format!("{whole}\r\n{noise}"), "behind the prompt"),
        (format!("{whole}\r\n{noise}\r\nR1#"), "the prompt is shown again behind the answer"),
        (format!("show x\r\none\r\n{noise}\r\ntwo\r\nR1#"), "in the midst"),
    ] {
        for cut in 0..says.len() {
            let now = Instant::ZERO;
            let mut talk = Talk::new(now, Login::default());
            talk.handle_input(now, b"\r\nR1#");
            // Whatever it types, it comes to a prompt.
            while talk.poll_transmit().is_some() {
                talk.handle_input(now, b"\r\nR1#");
            }
            assert_eq!(talk.poll_event(), Some(Event::Ready), "{how}");
            talk.ask(now, "show x", Duration::from_secs(60));
            for piece in [&says[..cut], &says[cut..]] {
                talk.handle_input(now, piece.as_bytes());
            }
            let Some(Event::Answer(answer)) = talk.poll_event() else {
                panic!("{how}, cut at {cut}: no answer")
            };
            assert_eq!(answer.text, "one\ntwo\n", "{how}, cut at {cut}");
        }
    }
}

#[test]
fn a_question_that_no_row_knows_gets_no_answer() {
    let mut script = privileged(&[("copy a b", "\r\nDelete everything? [confirm]")]);
    let replies = vec![Reply::new(r"Destination filename \[.*\]\?", "b\r")];
    let Event::Stopped(Trouble { why, lines, .. }) = reply(&mut script, "copy a b", replies) else {
        panic!("nothing else")
    };
    assert_eq!(why, Why::Unknown);
    assert!(lines.iter().any(|line| line.contains("Delete everything?")), "{lines:?}");
    assert_eq!(script.typed.last().map(String::as_str), Some("copy a b"), "nothing behind it");
}
