use super::*;
use alloc::collections::VecDeque;
use alloc::string::{String, ToString as _};
use alloc::vec;
use bytes::Bytes;

fn exec(command: &str) -> Result<Exec, BadExec> {
    Exec::parse(command.as_bytes())
}

fn paths(command: &str) -> Vec<String> {
    let exec = exec(command).unwrap_or_else(|e| panic!("{command}: {e}"));
    exec.paths.iter().map(|p| String::from_utf8(p.written()).unwrap()).collect()
}

#[test]
fn commands_are_read_as_a_shell_would() {
    for (command, path) in [
        ("scp -t /a/b", "/a/b"),
        ("scp -f a", "a"),
        ("/usr/bin/scp -v -r -p -d -t -- /x", "/x"),
        ("scp -vrpt .", "."),
        ("scp -t 'a b'", "a b"),
        ("scp -t \"a \\\"b\\\" $\"", ""),
        ("scp -t a\\ b", "a b"),
        ("scp -t 'it'\\''s'", "it's"),
        ("scp  -t\t \"x\"y'z'", "xyz"),
        ("scp -t -- -rf", "-rf"),
        ("scp -t ''", ""),
        ("scp -f ~/x", "./x"),
        ("scp -f ~", "."),
        ("scp -f flash:c2900.bin", "flash:c2900.bin"),
        ("scp -f 'a$b;c|d'", "a$b;c|d"),
    ] {
        if command.contains("$\"") {
            assert_eq!(exec(command), Err(BadExec::ForAShell('$')));
            continue;
        }
        assert_eq!(paths(command), [path], "{command}");
    }
    assert_eq!(paths("scp -f a 'b c' d"), ["a", "b c", "d"]);
    // Behind the first path there are no options.
    assert_eq!(paths("scp -f a -r"), ["a", "-r"]);
    let all = exec("scp -r -p -d -t x").unwrap();
    assert!(all.recursive && all.preserve && all.directory && all.way == Way::To);
}

#[test]
fn what_a_shell_would_do_more_is_refused() {
    for command in [
        "scp -t `id`",
        "scp -t $(id)",
        "scp -t $HOME",
        "scp -t \"`id`\"",
        "scp -t x; reboot",
        "scp -t x && y",
        "scp -t x | y",
        "scp -t x > y",
        "scp -f <y",
        "scp -t x\nreboot",
        "scp -t x # y",
    ] {
        assert!(matches!(exec(command), Err(BadExec::ForAShell(_))), "{command}");
    }
    for (command, bad) in [
        ("", BadExec::NotScp),
        ("ls -l", BadExec::NotScp),
        ("scp2 -t x", BadExec::NotScp),
        ("rsync --server", BadExec::NotScp),
        ("sc? -t x", BadExec::NotScp),
        ("scp -t 'x", BadExec::Quote),
        ("scp -t \"x", BadExec::Quote),
        ("scp -t x\\", BadExec::Quote),
        ("scp -t ~bob/x", BadExec::Home),
        ("scp x", BadExec::NoWay),
        ("scp -t -f x", BadExec::NoWay),
        ("scp -S prog -t x", BadExec::Option('S')),
        ("scp -o x -t y", BadExec::Option('o')),
        ("scp -t", BadExec::Paths(0, "exactly one is")),
        ("scp -t a b", BadExec::Paths(2, "exactly one is")),
        ("scp -f", BadExec::Paths(0, "at least one and at most 1,000 are")),
    ] {
        assert_eq!(exec(command), Err(bad), "{command}");
    }
    assert!(matches!(Exec::parse(&[b'x'; 70_000]), Err(BadExec::TooLong(70_000))));
}

#[test]
fn what_our_client_asks_for_is_read_as_it_was_meant() {
    for path in ["/a/b", "it's a \"name\" $x `y` \\ *", "-t", "a\nb", "", "~x", "caf\u{e9}"] {
        let command = Exec::command(Way::From, true, true, path.as_bytes());
        let exec = Exec::parse(&command).unwrap();
        assert_eq!(exec.paths[0].literal().as_deref(), Some(path.as_bytes()), "{path}");
        assert!(exec.recursive && exec.preserve);
    }
    for (way, directory) in [(Way::From, false), (Way::To, true)] {
        let exec = Exec::parse(&Exec::tree(way, b"/a b")).unwrap();
        assert_eq!((exec.way, exec.recursive, exec.preserve, exec.directory), (way, true, true, directory));
    }
    // What devices are asked: no quotes, and no options that nobody asked for.
    for path in ["flash:c2900-universalk9-mz.SPA.157-3.M8.bin", "bootflash:/x/y_z.txt", "running-config"] {
        let command = Exec::command(Way::To, false, false, path.as_bytes());
        assert_eq!(command, [b"scp -t ", path.as_bytes()].concat());
    }
}

#[test]
fn patterns_fit_names_as_a_shell_has_it() {
    let fits = |pattern: &str, name: &str| {
        let exec = Exec::parse(alloc::format!("scp -f {pattern}").as_bytes()).unwrap();
        exec.paths[0].fits(name.as_bytes())
    };
    for (pattern, name, is) in [
        ("*", "abc", true),
        ("*", ".abc", false),
        (".*", ".abc", true),
        ("?", ".", false),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("*.bin", "c2900.bin", true),
        ("*.bin", "c2900.bin.md5", false),
        ("'*'.bin", "x.bin", false),
        ("\\*.bin", "*.bin", true),
        ("[abc]x", "bx", true),
        ("[!abc]x", "bx", false),
        ("[^abc]x", "dx", true),
        ("[a-c]x", "bx", true),
        ("[a-c]x", "dx", false),
        ("[]a]x", "]x", true),
        ("[a-]x", "-x", true),
        ("[abc", "[abc", true),
        ("a*b*c*d", "axxbxxcxxd", true),
    ] {
        assert_eq!(fits(pattern, name), is, "{pattern} {name}");
    }
    // No pattern takes time without bound.
    let stars = Pattern::new(vec![pattern::Glyph::Any; 2_000]);
    assert!(stars.fits(&[b'a'; 255]));
}

#[test]
fn lines_are_read_as_they_are_written() {
    let name = || b"a b\xff".to_vec();
    let times = Times { modified: 1_000_000_000, accessed: 0 };
    for (record, line) in [
        (Record::File { mode: 0o644, size: 5 << 30, name: name() }, &b"C0644 5368709120 a b\xff\n"[..]),
        (Record::Enter { mode: 0o2755, name: name() }, b"D2755 0 a b\xff\n"),
        (Record::Leave, b"E\n"),
        (Record::Times(times), b"T1000000000 0 0 0\n"),
    ] {
        let mut out = Vec::new();
        record.write(&mut out);
        assert_eq!(out, line);
        assert_eq!(Record::parse(&line[..line.len() - 1]), Ok(record));
    }
    for (line, bad) in [
        ("", BadRecord::Kind),
        ("X0644 1 a", BadRecord::Kind),
        ("E1", BadRecord::Kind),
        ("C", BadRecord::Mode),
        ("C644 1 a", BadRecord::Mode),
        ("C0648 1 a", BadRecord::Mode),
        ("C00644 1 a", BadRecord::Mode),
        ("C0644 a", BadRecord::Size),
        ("C0644 -1 a", BadRecord::Size),
        ("C0644 9223372036854775808 a", BadRecord::Size),
        ("C0644 99999999999999999999 a", BadRecord::Size),
        ("C0644 1 ", BadRecord::Name),
        ("C0644 1 .", BadRecord::Name),
        ("C0644 1 ..", BadRecord::Name),
        ("C0644 1 a/b", BadRecord::Name),
        ("D0755 0 ../x", BadRecord::Name),
        ("C0644 1 a\0b", BadRecord::Name),
        ("T1 0 1", BadRecord::Times),
        ("T1 0 1 0 0", BadRecord::Times),
        ("T1 1000000 1 0", BadRecord::Times),
        ("Tx 0 1 0", BadRecord::Times),
    ] {
        assert_eq!(Record::parse(line.as_bytes()), Err(bad), "{line}");
    }
}

/// All that a sink says and does of octets that come in pieces of `bite`, with these answers.
fn sunk(input: &[u8], bite: usize, answers: &[Result<(), &str>]) -> (Vec<u8>, Vec<SinkEvent>) {
    let (mut sink, mut out, mut events) = (Sink::new(true), Vec::new(), Vec::new());
    let mut answers: VecDeque<_> = answers.iter().copied().collect();
    let mut pieces = input.chunks(bite);
    loop {
        out.extend(sink.poll_transmit().unwrap_or_default());
        if let Some(event) = sink.poll_event() {
            let is_question =
                !matches!(event, SinkEvent::Content(_) | SinkEvent::Complaint(_) | SinkEvent::Over { .. });
            let is_over = matches!(event, SinkEvent::Over { .. });
            events.push(event);
            if is_question {
                sink.answer(answers.pop_front().unwrap_or(Ok(())));
            }
            if is_over {
                out.extend(sink.poll_transmit().unwrap_or_default());
                return (out, events);
            }
        } else if sink.wants_input() {
            match pieces.next() {
                Some(piece) => sink.handle_input(Bytes::copy_from_slice(piece)),
                None => sink.handle_end(),
            }
        }
    }
}

fn content(events: &[SinkEvent]) -> Vec<u8> {
    let content = events.iter().filter_map(|event| match event {
        SinkEvent::Content(octets) => Some(&octets[..]),
        SinkEvent::File { .. }
        | SinkEvent::Whole { .. }
        | SinkEvent::Enter { .. }
        | SinkEvent::Leave
        | SinkEvent::Complaint(_)
        | SinkEvent::Over { .. } => None,
    });
    content.collect::<Vec<_>>().concat()
}

fn fault(events: &[SinkEvent]) -> Option<SinkFault> {
    match events.last() {
        Some(SinkEvent::Over { fault }) => fault.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_sink_says_the_same_however_the_octets_are_cut_up() {
    let input = b"T1000 0 2000 0\nC0644 5 a b\nhello\0D0755 0 d\nC0600 0 empty\n\0E\nC0644 3 x\nabc\0";
    for bite in [1, 2, 3, 7, 1_000] {
        let (out, events) = sunk(input, bite, &[]);
        // Ready, then: times, file, its content, directory, file, its content, back, file, its content.
        assert_eq!(out, [0; 10], "{bite}");
        assert_eq!(content(&events), b"helloabc");
        assert_eq!(fault(&events), None);
        let times = Some(Times { modified: 1_000, accessed: 2_000 });
        assert_eq!(events[0], SinkEvent::File { name: b"a b".to_vec(), mode: 0o644, size: 5, times });
        assert!(events.contains(&SinkEvent::File { name: b"x".to_vec(), mode: 0o644, size: 3, times: None }));
        assert!(events.contains(&SinkEvent::Enter { name: b"d".to_vec(), mode: 0o755, times: None }));
        assert!(events.contains(&SinkEvent::Leave));
    }
}

#[test]
fn what_is_refused_does_not_come_and_what_fails_at_the_end_keeps_in_step() {
    // Refused: no content follows.
    let (out, events) = sunk(b"C0644 5 a\nC0644 1 b\nx\0", 3, &[Err("no such directory")]);
    assert_eq!(out, b"\0\x01scp: no such directory\n\0\0");
    assert_eq!(content(&events), b"x");
    // A disk that is full in the middle: said once, behind the content.
    let (out, events) = sunk(b"C0644 5 a\nhello\0C0644 1 b\nx\0", 4, &[Ok(()), Err("no space left")]);
    assert_eq!(out, b"\0\0\x01scp: no space left\n\0\0");
    assert_eq!((content(&events), fault(&events)), (b"hellox".to_vec(), None));
    // The source could not read its own: the octets are not the file's.
    let (_, events) = sunk(b"C0644 5 a\nhello\x01scp: a: Input/output error\n", 4, &[]);
    assert!(events.contains(&SinkEvent::Whole { wrong: Some(String::from("scp: a: Input/output error")) }));
    // It says what it could not send and goes on.
    let (_, events) = sunk(b"\x01scp: b\x1b[2J: gone\nC0644 1 a\nx\0", 4, &[]);
    assert_eq!(
        events[0],
        SinkEvent::Complaint(String::from("scp: b[2J: gone")),
        "without what moves a terminal"
    );
    assert_eq!(content(&events), b"x");
}

#[test]
fn what_is_not_the_protocol_ends_it() {
    for (input, why) in [
        (&b"C0644 1 ../x\n"[..], "protocol error: unexpected filename"),
        (b"C0644 1 /etc/passwd\n", "protocol error: unexpected filename"),
        (b"D0755 0 ..\n", "protocol error: unexpected filename"),
        (b"hello\n", "protocol error: expected control record"),
        (b"E\n", "protocol error: more directories are left than entered"),
        (b"\x02scp: gone\n", "the far end said: scp: gone"),
        (b"C0644 5 a\nhel", "lost connection"),
        (b"C0644 5 a\nhello", "lost connection"),
        (b"C0644 5 a\nhelloX", "protocol error: expected control record"),
        (b"C0644 5 a\nhelloX\n", "protocol error: expected control record"),
        (b"C0644 5", "lost connection"),
        (b"D0755 0 d\n", "lost connection"),
        (&[b'C'; 5_000], "protocol error: line too long"),
    ] {
        for bite in [1, 9, 4_000] {
            let (_, events) = sunk(input, bite, &[]);
            assert_eq!(fault(&events).map(|f| f.to_string()).as_deref(), Some(why), "{input:?} {bite}");
        }
    }
    let mut deep = b"D0755 0 d\n".repeat(2_049);
    deep.extend_from_slice(b"C0644 0 x\n");
    assert_eq!(fault(&sunk(&deep, 1_000, &[]).1), Some(SinkFault::Deep));
    let mut sink = Sink::new(false);
    sink.handle_input(Bytes::from_static(b"D0755 0 d\n"));
    assert_eq!(sink.poll_event(), Some(SinkEvent::Over { fault: Some(SinkFault::Directory) }));
}

#[test]
fn a_source_waits_for_each_answer_and_reads_what_is_refused() {
    let mut source = Source::new();
    assert_eq!((source.poll_event(), source.poll_transmit()), (None, None));
    source.handle_input(b"\0");
    assert_eq!(source.poll_event(), Some(SourceEvent::Agreed));
    assert!(!source.wants_input());
    source.record(&Record::File { mode: 0o644, size: 5, name: b"a".to_vec() });
    assert_eq!(source.poll_transmit().as_deref(), Some(&b"C0644 5 a\n"[..]));
    for piece in [&b"\x01scp: no"[..], b" space\x07\n"] {
        assert_eq!(source.poll_event(), None);
        source.handle_input(piece);
    }
    assert_eq!(source.poll_event(), Some(SourceEvent::Refused(String::from("scp: no space"))));
    source.record(&Record::File { mode: 0o644, size: 1, name: b"b".to_vec() });
    source.handle_input(b"\0\0");
    assert_eq!(source.poll_event(), Some(SourceEvent::Agreed));
    source.whole(Ok(()));
    assert_eq!(source.poll_event(), Some(SourceEvent::Agreed), "what came early is not lost");
    source.handle_end();
    assert_eq!(source.poll_event(), None, "an end where nothing is waited for is one");
    for (input, fault) in [
        (&b"\x02scp: full\n"[..], SourceFault::Fatal(String::from("scp: full"))),
        (b"hello", SourceFault::Broke(b'h')),
        (&[1; 3_000], SourceFault::TooLong),
    ] {
        let mut source = Source::new();
        source.handle_input(input);
        assert_eq!(source.poll_event(), Some(SourceEvent::Over { fault: Some(fault) }));
    }
    let mut source = Source::new();
    source.handle_end();
    assert_eq!(source.poll_event(), Some(SourceEvent::Over { fault: Some(SourceFault::Lost) }));
}
