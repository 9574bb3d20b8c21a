use super::*;
use alloc::vec;

/// What stands on the terminal after these octets: CR, LF, BS and printing ones, one screen line each.
fn terminal(octets: &[u8]) -> Vec<String> {
    let mut lines = vec![Vec::new()];
    let mut at = 0;
    for &b in octets {
        let line = lines.last_mut().expect("never empty");
        match b {
            b'\r' => at = 0,
            b'\n' => lines.push(Vec::new()),
            0x08 => at -= 1,
            BELL => {}
            _ => {
                if at < line.len() {
                    line[at] = b;
                } else {
                    line.push(b);
                }
                at += 1;
            }
        }
    }
    lines.into_iter().map(|l| String::from_utf8(l).expect("ASCII").trim_end().to_owned()).collect()
}

fn at_prompt() -> Editor {
    let mut e = Editor::new(80);
    e.read(Input::Command, "R1#");
    assert_eq!(e.poll_transmit().as_deref(), Some(&b"R1#"[..]));
    e
}

fn echo(e: &mut Editor, bytes: &[u8]) -> String {
    e.handle_bytes(bytes);
    String::from_utf8(e.poll_transmit().unwrap_or_default()).expect("ASCII")
}

fn typed(keys: &[u8]) -> String {
    let mut e = at_prompt();
    e.handle_bytes(keys);
    e.handle_bytes(b"\r");
    match e.poll_event() {
        Some(Event::Line(line)) => line,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_octet_is_echoed_at_once() {
    let mut e = at_prompt();
    assert_eq!(echo(&mut e, b"s"), "s");
    assert_eq!(echo(&mut e, b"h"), "h");
    assert_eq!(echo(&mut e, b"\x7f"), "\x08 \x08");
    assert_eq!(echo(&mut e, b"\r"), "\r\n");
    assert_eq!(e.poll_event(), Some(Event::Line("s".into())));
}

#[test]
fn lf_cr_crlf_and_cr_nul_are_one_enter_and_cr_cr_are_two() {
    for (ends, enters) in [
        (&b"\n"[..], 1),
        (b"\r", 1),
        (b"\r\n", 1),
        (b"\r\0", 1),
        (b"\r\r", 2),
        (b"\n\n", 2),
        (b"\r\n\r\n", 2),
    ] {
        let mut e = at_prompt();
        e.handle_bytes(ends);
        let mut n = 0;
        while e.poll_event().is_some() {
            n += 1;
            e.read(Input::Command, "R1#");
        }
        assert_eq!(n, enters, "{ends:?}");
    }
}

#[test]
fn a_cr_and_its_lf_may_come_in_two_pieces() {
    let mut e = at_prompt();
    e.handle_bytes(b"\r");
    assert_eq!(e.poll_event(), Some(Event::Line(String::new())));
    e.read(Input::Key, "[confirm]");
    e.handle_bytes(b"\n");
    assert_eq!(e.poll_event(), None, "the LF belongs to the CR before");
}

#[test]
fn type_ahead_answers_the_question_that_follows() {
    let mut e = at_prompt();
    e.handle_bytes(b"copy run start\r\r");
    assert_eq!(e.poll_event(), Some(Event::Line("copy run start".into())));
    assert_eq!(e.poll_event(), None);
    let _ = e.poll_transmit();
    e.read(Input::Answer, "Destination filename [startup-config]? ");
    assert_eq!(e.poll_transmit().as_deref(), Some(&b"Destination filename [startup-config]? \r\n"[..]));
    assert_eq!(e.poll_event(), Some(Event::Line(String::new())));
}

#[test]
fn the_keys_of_a_line() {
    for (keys, line) in [
        (&b"bc\x01a\x05d"[..], "abcd"),
        (b"ac\x02b", "abc"),
        (b"ab\x02\x02\x06x", "axb"),
        (b"abc\x01\x04", "bc"),
        (b"abc\x08\x08", "a"),
        (b"show version\x17clock", "show clock"),
        (b"show version\x15dir", "dir"),
        (b"show version\x18dir", "dir"),
        (b"abc\x01\x06\x0b", "a"),
        (b"abc \x15x\x19", "xabc "),
        (b"ab\x14", "ba"),
        (b"a\x16?b", "a?b"),
        (b"one two\x1bb\x1bu", "one TWO"),
        (b"ONE TWO\x01\x1bl\x1bc", "one TWO"),
        (b"one two\x01\x1bd", " two"),
        (b"ad\x1b[Dbc", "abcd"),
        (b"a\x1b[3~b", "ab"),
        (b"a\x1eb", "ab"),
        (b"a\xc3\xa9b", "ab"),
    ] {
        assert_eq!(typed(keys), line, "{keys:?}");
    }
}

#[test]
fn history_goes_back_and_returns_to_the_line_left() {
    let mut e = at_prompt();
    for line in [&b"one\r"[..], b"two\r", b"two\r"] {
        e.handle_bytes(line);
        let _ = e.poll_event();
        e.read(Input::Command, "R1#");
    }
    e.handle_bytes(b"mine\x10\x10\x1b[B\x0e\r");
    assert_eq!(e.poll_event(), Some(Event::Line("mine".into())));
    e.read(Input::Command, "R1#");
    e.handle_bytes(b"\x1b[A\x1b[A\x1b[A\r");
    assert_eq!(e.poll_event(), Some(Event::Line("one".into())));
    assert_eq!(e.history().collect::<Vec<_>>(), ["one", "two", "mine", "one"]);
}

#[test]
fn a_question_mark_acts_without_enter_and_the_line_comes_back() {
    let mut e = at_prompt();
    assert_eq!(echo(&mut e, b"copy ?"), "copy ?\r\n");
    assert_eq!(e.poll_event(), Some(Event::Help("copy ".into())));
    assert_eq!(echo(&mut e, b"run"), "", "keys wait for the help");
    e.redisplay();
    assert_eq!(e.poll_transmit().as_deref(), Some(&b"R1#copy run"[..]));
}

#[test]
fn tab_prints_the_line_again_completed_or_not() {
    let mut e = at_prompt();
    let _ = echo(&mut e, b"sh\t");
    assert_eq!(e.poll_event(), Some(Event::Tab("sh".into())));
    e.complete(Some("show "));
    assert_eq!(e.poll_transmit().as_deref(), Some(&b"\r\nR1#show "[..]));
    let _ = echo(&mut e, b"v\t");
    e.complete(None);
    assert_eq!(e.poll_transmit().as_deref(), Some(&b"\r\nR1#show v"[..]));
}

#[test]
fn a_password_leaves_nothing_but_the_line_end() {
    let mut e = Editor::new(80);
    e.read(Input::Password, "Password: ");
    e.handle_bytes(b"se?cr\x08ret\r");
    assert_eq!(e.poll_transmit().as_deref(), Some(&b"Password: \r\n"[..]));
    assert_eq!(e.poll_event(), Some(Event::Line("se?cret".into())));
    assert_eq!(e.history().count(), 0);
}

#[test]
fn ctrl_c_throws_the_line_away_and_ctrl_z_keeps_it() {
    let mut e = at_prompt();
    assert_eq!(echo(&mut e, b"hostname x\x03"), "hostname x\r\n");
    assert_eq!(e.poll_event(), Some(Event::Interrupt(3)));
    e.read(Input::Command, "R1(config)#");
    let _ = e.poll_transmit();
    assert_eq!(echo(&mut e, b"hostname x\x1a"), "hostname x^Z\r\n");
    assert_eq!(e.poll_event(), Some(Event::CtrlZ("hostname x".into())));
}

#[test]
fn the_escape_sequence_stops_what_runs_and_is_forgotten_afterwards() {
    let mut e = at_prompt();
    e.handle_bytes(b"ping 10.0.0.9\r");
    let _ = (e.poll_event(), e.poll_transmit());
    e.handle_bytes(b"show \x1e");
    assert_eq!(e.poll_event(), Some(Event::Interrupt(0x1e)));
    e.handle_bytes(b"\x03");
    e.read(Input::Command, "R1#");
    assert_eq!(e.poll_event(), None);
    assert_eq!(e.poll_transmit().as_deref(), Some(&b"R1#show "[..]));
}

#[test]
fn one_key_is_a_key_and_what_follows_waits() {
    let mut e = Editor::new(80);
    e.read(Input::Key, "Delete flash:x? [confirm]");
    e.handle_bytes(b"\rdir\r");
    assert_eq!(e.poll_event(), Some(Event::Key(b'\r')));
    assert_eq!(e.poll_transmit().as_deref(), Some(&b"Delete flash:x? [confirm]\r\n"[..]));
    e.read(Input::Command, "R1#");
    assert_eq!(e.poll_event(), Some(Event::Line("dir".into())));
}

#[test]
fn a_line_longer_than_the_terminal_scrolls_behind_a_dollar() {
    let mut e = Editor::new(40);
    e.read(Input::Command, "LAB-SW2#");
    let mut seen = e.poll_transmit().expect("the prompt");
    e.handle_bytes(b"copy flash:/c1000-universalk9-mz.152-7.E10.bin usbflash0:");
    seen.extend(e.poll_transmit().expect("the echo"));
    assert_eq!(terminal(&seen), ["LAB-SW2#$z.152-7.E10.bin usbflash0:"]);
    e.handle_bytes(b"\x01");
    seen.extend(e.poll_transmit().expect("the line moves"));
    assert_eq!(terminal(&seen), ["LAB-SW2#copy flash:/c1000-universalk9-$"]);
    e.handle_bytes(b"\r");
    assert_eq!(
        e.poll_event(),
        Some(Event::Line("copy flash:/c1000-universalk9-mz.152-7.E10.bin usbflash0:".into()))
    );
}

#[test]
fn width_zero_never_scrolls_and_a_line_ends_at_253() {
    let mut e = Editor::new(0);
    e.read(Input::Command, "R1#");
    let _ = e.poll_transmit();
    let echoed = echo(&mut e, &[b'x'; 300]);
    assert_eq!(echoed.matches('x').count(), MAX_LINE);
    assert_eq!(echoed.matches('\x07').count(), 300 - MAX_LINE);
}

#[test]
fn the_screen_shows_the_line_after_any_keys() {
    // Every sequence of five of these keys; the last line of the screen is prompt and line.
    let keys = [&b"ab "[..], b"\x08", b"\x02", b"\x01", b"\x17", b"z", b"\x06"];
    for n in 0..keys.len().pow(5) {
        let mut e = at_prompt();
        let mut seen = b"R1#".to_vec();
        let mut rest = n;
        for _ in 0..5 {
            e.handle_bytes(keys[rest % keys.len()]);
            seen.extend(e.poll_transmit().unwrap_or_default());
            rest /= keys.len();
        }
        let line = String::from_utf8(e.text.clone()).expect("ASCII");
        assert_eq!(
            terminal(&seen).last().map(String::as_str),
            Some(alloc::format!("R1#{line}").trim_end()),
            "keys {n}"
        );
    }
}
