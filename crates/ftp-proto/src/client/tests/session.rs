//! Several jobs of one session.

use super::*;

/// Logged in, with nothing to do.
fn idle(plan: Plan) -> Client {
    let mut c = Client::new(Instant::ZERO, plan, "10.0.0.1:21".parse().unwrap());
    c.handle_input(Instant::ZERO, b"220 hi\r\n230 in\r\n");
    let _user = c.poll_transmit();
    assert_eq!(c.poll_event(), Some(Event::Ready));
    assert!(c.is_idle() && c.poll_timeout().is_none());
    c
}

fn says(c: &mut Client, line: &str) -> String {
    c.handle_input(Instant::ZERO, &[line.as_bytes(), b"\r\n"].concat());
    sent(c)
}

fn sent(c: &mut Client) -> String {
    String::from_utf8(c.poll_transmit().unwrap_or_default().to_vec()).unwrap()
}

fn begins(c: &mut Client, job: Job) -> String {
    c.start(Instant::ZERO, job);
    sent(c)
}

fn sized(path: &str) -> Job {
    Job::Get {
        path: path.as_bytes().to_vec(),
        representation: Representation::Image,
        offset: 0,
        until: None,
        size: Some(5),
        want_modified: false,
    }
}

/// A file of five octets, whose data connection comes about by EPSV.
fn moves(c: &mut Client) {
    c.data_ready(Instant::ZERO);
    let _retr = sent(c);
    says(c, "150 here");
    c.moved(Instant::ZERO, 5);
    says(c, "226 done");
    while let Some(event) = c.poll_event() {
        if let Event::Finished(result) = event {
            return assert_eq!(result.unwrap().octets, 5);
        }
    }
    panic!("it is not over");
}

#[test]
fn type_is_said_once_and_what_a_listing_said_is_not_asked() {
    let mut c = idle(plan());
    assert_eq!(begins(&mut c, sized("a")), "TYPE I\r\n");
    assert_eq!(says(&mut c, "200 ok"), "EPSV\r\n");
    says(&mut c, "229 (|||9|)");
    moves(&mut c);
    assert_eq!(c.way(), Some(Way::Extended));
    assert_eq!(begins(&mut c, sized("b")), "EPSV\r\n");
    says(&mut c, "229 (|||9|)");
    moves(&mut c);
    let list = |how| Job::List { path: Vec::new(), how };
    assert_eq!(begins(&mut c, list(Verb::Mlsd)), "EPSV\r\n", "RFC 3659 has its lines alike in any TYPE");
    says(&mut c, "229 (|||9|)");
    moves(&mut c);
    assert_eq!(begins(&mut c, list(Verb::List)), "TYPE A\r\n");
}

#[test]
fn what_failed_does_not_end_the_session_and_what_worked_is_the_way_from_then_on() {
    let mut c = idle(plan());
    begins(&mut c, sized("a"));
    says(&mut c, "200 ok");
    assert_eq!(says(&mut c, "500 what?"), "PASV\r\n");
    says(&mut c, "227 (10,0,0,1,0,9)");
    c.data_ready(Instant::ZERO);
    assert_eq!(sent(&mut c), "RETR a\r\n");
    says(&mut c, "550 no");
    assert!(c.is_idle());
    while c.poll_event().is_some() {}
    assert_eq!(begins(&mut c, sized("b")), "PASV\r\n");
    says(&mut c, "227 (10,0,0,1,0,9)");
    moves(&mut c);
    assert_eq!(c.way(), Some(Way::Pasv));
    assert_eq!(begins(&mut c, Job::ask("MKD", b"d")), "MKD d\r\n");
    says(&mut c, "257 made");
    c.quit(Instant::ZERO);
    assert_eq!(sent(&mut c), "QUIT\r\n");
    while c.poll_event().is_some() {}
    says(&mut c, "221 bye");
    assert_eq!(c.poll_event(), Some(Event::Closed));
}

#[test]
fn a_server_that_goes_while_nothing_is_asked_is_no_failure_of_anything() {
    for end in ["421 idle for too long", ""] {
        let mut c = idle(plan());
        if end.is_empty() {
            c.handle_eof();
        } else {
            says(&mut c, end);
        }
        assert!(c.is_over() && c.poll_event().is_none());
    }
    let mut c = idle(plan());
    assert_eq!(says(&mut c, "200 what nobody asked"), "");
    assert!(c.is_idle());
}

#[test]
fn a_transfer_goes_with_its_epsv_once_one_has_come_about() {
    let ahead = || idle(Plan { ahead: true, ..plan() });
    let mut c = ahead();
    begins(&mut c, sized("a"));
    assert_eq!(says(&mut c, "200 ok"), "EPSV\r\n", "not before it is known that EPSV works");
    says(&mut c, "229 (|||9|)");
    moves(&mut c);
    assert_eq!(begins(&mut c, sized("b")), "EPSV\r\nRETR b\r\n");
    says(&mut c, "229 (|||9|)");
    assert_eq!(c.poll_event(), Some(Event::Connect(Target::Port(9))));
    c.data_ready(Instant::ZERO);
    assert_eq!(sent(&mut c), "");
    says(&mut c, "150 here");
    assert_eq!(c.poll_event(), Some(Event::Move { start: 0, size: Some(5) }));
    c.moved(Instant::ZERO, 5);
    says(&mut c, "226 done");
    assert!(matches!(c.poll_event(), Some(Event::Finished(Ok(_)))));
    // Refused all at once: the transfer's own refusal is not taken for PASV's answer.
    assert_eq!(begins(&mut c, sized("c")), "EPSV\r\nRETR c\r\n");
    assert_eq!(says(&mut c, "500 not now"), "");
    assert_eq!(says(&mut c, "425 no data connection"), "PASV\r\n");
    says(&mut c, "227 (10,0,0,1,0,9)");
    moves(&mut c);
    assert_eq!(begins(&mut c, sized("d")), "PASV\r\n");
}

fn part(start: u64, octet: u64, by_rang: bool) -> Job {
    Job::Get {
        path: b"a".to_vec(),
        representation: Representation::Image,
        offset: start,
        until: Some(Until { octet, by_rang }),
        size: None,
        want_modified: false,
    }
}

fn finished(c: &mut Client) -> Result<Report, Failure> {
    core::iter::from_fn(|| c.poll_event())
        .find_map(|event| if let Event::Finished(result) = event { Some(result) } else { None })
        .expect("it is over")
}

/// Until the data connection moves; gives what asked for the part.
fn part_moves(c: &mut Client, job: Job) -> String {
    c.plan.ways = Ways::Only(Way::Extended);
    if begins(c, job) == "TYPE I\r\n" {
        says(c, "200 ok");
    }
    assert_eq!(says(c, "213 100"), "EPSV\r\n");
    says(c, "229 (|||9|)");
    c.data_ready(Instant::ZERO);
    let asked = sent(c);
    assert_eq!(says(c, "350 from there"), "RETR a\r\n");
    says(c, "150 here (100 bytes)");
    asked
}

#[test]
fn a_part_is_whole_at_its_end_whatever_is_said_of_the_closed_data_connection() {
    let mut c = idle(plan());
    for said in ["426 broken pipe", "226 done", "451 oops"] {
        assert_eq!(part_moves(&mut c, part(10, 20, false)), "REST 10\r\n");
        assert_eq!(c.until(), Some(20));
        c.moved(Instant::ZERO, 10);
        says(&mut c, said);
        assert_eq!(finished(&mut c).unwrap().octets, 10, "{said}");
        assert_eq!(c.size(), Some(100));
        assert!(c.is_idle());
    }
    assert_eq!(part_moves(&mut c, part(10, 20, true)), "RANG 10 19\r\n");
    says(&mut c, "226 done");
    c.moved(Instant::ZERO, 10);
    assert_eq!(finished(&mut c).unwrap().octets, 10);
    // Less than it should be is less, and a failure before the end is one.
    part_moves(&mut c, part(10, 20, false));
    c.moved(Instant::ZERO, 9);
    says(&mut c, "226 done");
    assert_eq!(finished(&mut c), Err(Failure::Truncated { expected: 20, found: 19 }));
    part_moves(&mut c, part(10, 20, false));
    says(&mut c, "426 broken");
    assert!(matches!(finished(&mut c), Err(Failure::Refused { .. })));
    // One that goes with it has given what it should, and so has one whose last word is none.
    part_moves(&mut c, part(10, 20, false));
    c.moved(Instant::ZERO, 10);
    c.handle_eof();
    assert_eq!(finished(&mut c).unwrap().octets, 10);
    assert!(c.is_over());
    let mut c = idle(plan());
    part_moves(&mut c, part(10, 20, false));
    c.moved(Instant::ZERO, 10);
    says(&mut c, "150 0.024 seconds");
    assert_eq!(finished(&mut c).unwrap().octets, 10);
    assert!(c.is_over());
}
