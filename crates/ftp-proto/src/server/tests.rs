mod chores;
mod fxp;
mod host;
mod profile;
mod security;

use super::*;
use crate::list::{Entry, Kind as EntryKind};
use crate::reply::Code;
use alloc::string::ToString;
use alloc::vec;
use clock::Duration;

/// A session whose driver answers as the test says.
struct Talk {
    server: Server,
    now: Instant,
    asked: Vec<(AskId, Ask)>,
    other: Vec<Event>,
    out: String,
}

impl Talk {
    fn at(local: &str, peer: &str) -> Talk {
        Talk::with(Config::default(), local, peer)
    }

    fn with(config: Config, local: &str, peer: &str) -> Talk {
        let server = Server::new(Instant::ZERO, config, local.parse().unwrap(), peer.parse().unwrap());
        let mut t = Talk { server, now: Instant::ZERO, asked: vec![], other: vec![], out: String::new() };
        t.drain();
        assert!(t.take().starts_with("220 "));
        t
    }

    fn fresh() -> Talk {
        Talk::at("192.0.2.1:21", "192.0.2.9:40000")
    }

    fn logged_in() -> Talk {
        let mut t = Talk::fresh();
        t.login();
        t
    }

    fn login(&mut self) {
        self.say("USER alice");
        self.say("PASS secret");
        let access = Access { create: true, change: true };
        self.answer(Answer::LoggedIn {
            directory: b"/".to_vec(),
            access,
            anonymous: false,
            third_parties: false,
        });
        assert!(self.take().contains("230 "));
    }

    fn drain(&mut self) {
        loop {
            let mut quiet = true;
            while let Some(octets) = self.server.poll_transmit() {
                self.out.push_str(&String::from_utf8_lossy(&octets));
                self.server.handle_written(self.now);
                quiet = false;
            }
            while let Some(event) = self.server.poll_event() {
                match event {
                    Event::Ask { id, what } => self.asked.push((id, what)),
                    other @ (Event::Cancel(_)
                    | Event::Unlisten
                    | Event::LoggedOut
                    | Event::Odd(_)
                    | Event::Close) => self.other.push(other),
                }
                quiet = false;
            }
            if quiet {
                return;
            }
        }
    }

    fn bytes(&mut self, octets: &[u8]) {
        self.server.handle_input(self.now, octets);
        self.drain();
    }

    fn say(&mut self, line: &str) {
        self.bytes(&[line.as_bytes(), b"\r\n"].concat());
    }

    /// What was sent since the last look.
    fn take(&mut self) -> String {
        core::mem::take(&mut self.out)
    }

    /// Says a line that needs no question; gives the answer.
    fn ask(&mut self, line: &str) -> String {
        self.say(line);
        self.take()
    }

    fn code(&mut self, line: &str) -> u16 {
        let text = self.ask(line);
        text[..3].parse().unwrap_or_else(|_| panic!("{line}: {text:?}"))
    }

    fn question(&mut self) -> Ask {
        assert_eq!(self.asked.len(), 1, "{:?}", self.asked);
        self.asked[0].1.clone()
    }

    fn answer(&mut self, answer: Answer) {
        let (id, _) = self.asked.remove(0);
        self.server.answer(self.now, id, answer);
        self.drain();
    }

    fn refuse(&mut self, code: u16) {
        self.answer(Answer::Refused(Code(code), "No.".to_string()));
    }

    fn passive(&mut self) {
        self.say("EPSV");
        assert_eq!(self.question(), Ask::Listen);
        self.answer(Answer::Listening("192.0.2.1:50000".parse().unwrap()));
        assert_eq!(self.take(), "229 Entering Extended Passive Mode (|||50000|)\r\n");
    }

    fn entry(len: u64) -> Answer {
        Answer::Entry(Entry {
            name: b"/f".to_vec(),
            kind: EntryKind::File,
            len,
            modified: 1_772_627_400,
            mode: 0o644,
            unique: (1, 2),
        })
    }

    /// A transfer up to its data, after TYPE I.
    fn moving(&mut self, command: &str) {
        self.ask("TYPE I");
        self.passive();
        self.say(command);
        let Ask::Open(_) = self.question() else { panic!("{:?}", self.asked) };
        self.answer(Answer::Opened { len: Some(1_000), start: 0 });
        assert_eq!(self.question(), Ask::Move(Via::Accept, DataTls::Clear));
        let text = self.take();
        assert!(text.contains("150 "), "{text}");
    }

    fn allo(&mut self, octets: u64) {
        self.say(&format!("ALLO {octets}"));
        assert_eq!(self.question(), Ask::Chore(Chore::Fits(octets)));
        self.answer(Answer::Done);
        assert!(self.take().starts_with("200 "));
    }

    fn pass_time(&mut self, d: Duration) {
        self.now += d;
        self.server.handle_timeout(self.now);
        self.drain();
    }

    fn closed(&self) -> bool {
        self.other.contains(&Event::Close)
    }
}

fn whole(octets: u64) -> Answer {
    Answer::Moved { octets, end: End::Whole }
}

// ---- framing

#[test]
fn commands_in_one_segment_are_answered_in_order() {
    let mut t = Talk::logged_in();
    t.bytes(b"NOOP\r\nSYST\nnoop\r\nPW");
    let text = t.take();
    let codes: Vec<&str> = text.lines().map(|l| &l[..3]).collect();
    assert_eq!(codes, ["200", "215", "200"]);
    t.bytes(b"D\r\n");
    assert_eq!(t.take(), "257 \"/\" is the current directory.\r\n");
}

#[test]
fn pipelined_commands_wait_for_the_answer_before_them() {
    let mut t = Talk::logged_in();
    t.bytes(b"CWD a\r\nPWD\r\nCWD b\r\n");
    assert_eq!(t.question(), Ask::ChangeDir(b"a".to_vec()));
    assert_eq!(t.take(), "");
    t.answer(Answer::Directory(b"/a".to_vec()));
    assert_eq!(t.take(), "250 Directory changed.\r\n257 \"/a\" is the current directory.\r\n");
    assert_eq!(t.question(), Ask::ChangeDir(b"b".to_vec()));
}

#[test]
fn a_long_line_is_500_and_the_next_command_works() {
    let mut t = Talk::logged_in();
    t.bytes(&[b'A'; 10_000]);
    assert_eq!(t.take(), "");
    assert_eq!(t.code(""), 500);
    assert_eq!(t.code("NOOP"), 200);
    assert_eq!(t.code("RETR a\0b"), 501);
    assert_eq!(t.code("NOOP"), 200);
}

#[test]
fn input_is_left_unread_while_commands_queue_up() {
    let mut t = Talk::logged_in();
    t.say("CWD slow");
    assert!(t.server.wants_input());
    for _ in 0..QUEUE_LIMIT {
        t.say("NOOP");
    }
    assert!(!t.server.wants_input());
    t.answer(Answer::Directory(b"/slow".to_vec()));
    assert!(t.server.wants_input());
    assert_eq!(t.take().lines().count(), QUEUE_LIMIT + 1);
}

#[test]
fn output_that_nobody_reads_is_bounded() {
    let mut t = Talk::logged_in();
    let help = b"HELP\r\n".repeat(2_000);
    t.server.handle_input(t.now, &help);
    assert!(!t.server.wants_input());
    let first = t.server.poll_transmit().unwrap();
    assert!(first.len() < OUT_LIMIT + 1_024, "{}", first.len());
    t.server.handle_written(t.now);
    t.drain();
    assert_eq!(
        t.take().matches("214-").count() + String::from_utf8_lossy(&first).matches("214-").count(),
        2_000
    );
}

// ---- state

#[test]
fn before_the_login_only_harmless_verbs_work() {
    for row in crate::command::ROWS {
        let config = Config { tls: Tls::Offer, ..Config::default() };
        let mut t = Talk::with(config, "192.0.2.1:21", "192.0.2.9:40000");
        let argument = match row.verb {
            "PORT" => " 192,0,2,9,100,1",
            "EPRT" => " |1|192.0.2.9|25601|",
            "TYPE" => " I",
            "STRU" => " F",
            "MODE" => " S",
            "ALLO" | "REST" => " 1",
            "OPTS" => " UTF8 ON",
            "CDUP" | "PASV" | "QUIT" | "ABOR" | "PWD" | "SYST" | "NOOP" | "FEAT" | "EPSV" | "CCC"
            | "STOU" | "REIN" => "",
            "CPSV" => "",
            "SSCN" => " ON",
            "MFMT" | "MFCT" => " 20020717210715 x",
            "MFF" => " Modify=20020717210715; x",
            "RANG" => " 1 2",
            "COMB" => " x y",
            "PRET" => " RETR x",
            "SITE" => " HELP",
            _ => " x",
        };
        let code = t.code(&(row.verb.to_string() + argument));
        assert_eq!(code == 530, row.login, "{}: {code}", row.verb);
        assert!(t.asked.is_empty(), "{}: nothing is asked of the store before the login", row.verb);
    }
}

#[test]
fn pass_without_user_is_503() {
    let mut t = Talk::fresh();
    assert_eq!(t.code("PASS x"), 503);
    assert_eq!(t.code("USER"), 501);
    t.login();
    assert_eq!(t.code("PASS x"), 503);
}

#[test]
fn wrong_passwords_are_answered_late_and_end_the_session() {
    let mut t = Talk::fresh();
    for n in 1..=3u32 {
        assert_eq!(t.code("USER nobody"), 331);
        t.say("PASS wrong");
        t.refuse(530);
        assert_eq!(t.take(), "", "the answer comes late");
        t.say("NOOP");
        assert_eq!(t.take(), "", "and nothing overtakes it");
        t.pass_time(Config::default().penalty * n);
        let text = t.take();
        if n < 3 {
            assert_eq!(text, "530 Login incorrect.\r\n200 Still here.\r\n");
        } else {
            assert!(text.starts_with("421 "), "{text}");
        }
    }
    assert!(t.closed());
}

#[test]
fn user_in_a_session_begins_a_new_login_but_not_in_a_transfer() {
    let mut t = Talk::logged_in();
    t.moving("RETR f");
    assert_eq!(t.code("USER bob"), 503);
    t.answer(whole(1_000));
    t.take();
    assert_eq!(t.code("USER bob"), 331);
    assert!(t.other.contains(&Event::LoggedOut));
    assert_eq!(t.code("PWD"), 530);
}

#[test]
fn rnfr_must_come_at_once_before_rnto() {
    let mut t = Talk::logged_in();
    assert_eq!(t.code("RNTO b"), 503);
    t.say("RNFR a");
    t.answer(Talk::entry(1));
    assert!(t.take().starts_with("350 "));
    assert_eq!(t.code("NOOP"), 200);
    assert_eq!(t.code("RNTO b"), 503);
    t.say("RNFR a");
    t.answer(Talk::entry(1));
    t.say("RNTO b");
    assert_eq!(t.question(), Ask::Rename { from: b"a".to_vec(), to: b"b".to_vec() });
    t.answer(Answer::Done);
    assert!(t.take().ends_with("250 Renamed.\r\n"));
}

// ---- replies

#[test]
fn quotes_in_257_are_doubled() {
    let mut t = Talk::logged_in();
    t.say("MKD d\"q");
    t.answer(Answer::Directory(b"/d\"q".to_vec()));
    assert_eq!(t.take(), "257 \"/d\"\"q\" is made.\r\n");
    t.say("CWD d\"q");
    t.answer(Answer::Directory(b"/d\"q".to_vec()));
    t.take();
    assert_eq!(t.ask("PWD"), "257 \"/d\"\"q\" is the current directory.\r\n");
}

#[test]
fn feat_lists_one_feature_a_line_with_one_space() {
    let mut t = Talk::fresh();
    let text = t.ask("FEAT");
    assert_eq!(
        text,
        "211-Extensions:\r\n REST STREAM\r\n EPRT\r\n EPSV\r\n SIZE\r\n MDTM\r\n LANG EN*\r\n \
         MFMT\r\n MFF Modify;UNIX.mode;\r\n RANG STREAM\r\n XCRC filename;start;end\r\n XMD5 filename;start;end\r\n \
         XSHA1 filename;start;end\r\n XSHA256 filename;start;end\r\n XSHA512 filename;start;end\r\n MD5\r\n HOST\r\n AVBL\r\n \
         COMB target;source_list\r\n DSIZ\r\n RMDA <path>\r\n PRET\r\n CLNT\r\n CSID\r\n MLST type*;size*;modify*;perm*;unique*;UNIX.mode;\r\n HASH SHA-256*;SHA-512;SHA-1;MD5;CRC32;\r\n \
         TVFS\r\n UTF8\r\n211 End\r\n"
    );
    assert_eq!(t.ask("OPTS MLST Size;type;x"), "200 MLST OPTS type;size;\r\n");
    assert!(t.ask("FEAT").contains(" MLST type*;size*;modify;perm;"));
    assert_eq!(t.ask("OPTS MLST"), "200 MLST OPTS\r\n");
    assert_eq!(t.code("OPTS UTF8 ON"), 200);
    assert_eq!(t.code("OPTS NOPE"), 504);
}

#[test]
fn unknown_is_500_absent_is_502() {
    let mut t = Talk::logged_in();
    assert_eq!(t.code("FOO"), 500);
    assert_eq!(t.code("AUTH TLS"), 502);
    assert_eq!(t.code("SMNT /"), 502);
    assert_eq!(t.code("STRU X"), 504);
    assert_eq!(t.code("EPRT |3|x|1|"), 522);
    assert!(t.ask("HELP").contains(" USER "));
    assert!(t.ask("HELP retr").starts_with("214 RETR file: "));
    assert_eq!(t.code("HELP nope"), 502);
}

#[test]
fn no_line_of_ours_is_longer_than_512_octets() {
    let offer = Config { tls: Tls::Offer, ..Config::default() };
    let mut t = Talk::with(offer, "192.0.2.1:21", "192.0.2.9:40000");
    t.login();
    let mut all = String::new();
    for line in ["FEAT", "HELP", "STAT", "SITE HELP", "OPTS MLST type;size;modify;perm;unique;UNIX.mode;"] {
        all += &t.ask(line);
    }
    for row in crate::command::ROWS {
        all += &t.ask(&alloc::format!("HELP {}", row.verb));
    }
    for line in all.lines() {
        assert!(line.len() + 2 <= 512, "{line}");
    }
}

#[test]
fn a_browser_with_commands_in_its_request_is_hung_up_on() {
    let mut t = Talk::fresh();
    t.bytes(b"POST / HTTP/1.1\r\nUSER alice\r\nPASS secret\r\n");
    assert_eq!(t.take(), "421 This is FTP, not HTTP; good bye.\r\n");
    assert!(t.closed() && t.asked.is_empty());
}

#[test]
fn mlst_names_the_full_path_after_one_space() {
    let mut t = Talk::logged_in();
    t.say("MLST f");
    t.answer(Talk::entry(7));
    assert_eq!(
        t.take(),
        "250-Facts:\r\n type=file;size=7;modify=20260304123000;perm=adfrw;unique=1g2; /f\r\n250 End.\r\n"
    );
    t.say("MDTM f");
    t.answer(Talk::entry(7));
    assert_eq!(t.take(), "213 20260304123000\r\n");
}

#[test]
fn size_is_for_type_i() {
    let mut t = Talk::logged_in();
    assert_eq!(t.code("SIZE f"), 550);
    t.ask("TYPE I");
    t.say("SIZE f");
    t.answer(Answer::Size(33_591_768));
    assert_eq!(t.take(), "213 33591768\r\n");
}

// ---- data connection

#[test]
fn a_transfer_without_a_channel_is_425() {
    let mut t = Talk::logged_in();
    for line in ["RETR f", "STOR f", "APPE f", "LIST", "NLST", "MLSD"] {
        assert_eq!(t.code(line), 425, "{line}");
        assert!(t.asked.is_empty());
    }
}

#[test]
fn port_goes_only_to_the_client_itself_and_to_high_ports() {
    let mut t = Talk::logged_in();
    for (line, to) in [
        ("PORT 192,0,2,8,100,1", "192.0.2.8:25601"),
        ("EPRT |1|192.0.2.8|25601|", "192.0.2.8:25601"),
        ("EPRT |2|::1|25601|", "[::1]:25601"),
    ] {
        t.say(line);
        assert_eq!(t.question(), Ask::ThirdParty(to.parse().unwrap()), "{line}");
        t.refuse(501);
        assert_eq!(t.take(), "501 No.\r\n");
        assert_eq!(t.code("RETR f"), 425);
    }
    assert_eq!(t.code("PORT 192,0,2,9,0,25"), 501);
    // Nobody is even asked.
    assert_eq!(t.code("PORT 192,0,2,8,0,25"), 501);
    assert_eq!(t.code("PORT 192,0,2,9,100,1"), 200);
    t.say("RETR f");
    t.answer(Answer::Opened { len: Some(1), start: 0 });
    assert_eq!(t.question(), Ask::Move(Via::Connect("192.0.2.9:25601".parse().unwrap()), DataTls::Clear));
}

#[test]
fn the_last_of_port_and_pasv_wins() {
    let mut t = Talk::logged_in();
    t.passive();
    assert_eq!(t.code("PORT 192,0,2,9,100,1"), 200);
    assert_eq!(t.other, [Event::Unlisten], "the old listener closes");
    t.passive();
    t.say("NLST");
    t.answer(Answer::Opened { len: None, start: 0 });
    assert_eq!(t.question(), Ask::Move(Via::Accept, DataTls::Clear));
}

#[test]
fn a_channel_serves_one_transfer() {
    let mut t = Talk::logged_in();
    t.moving("RETR f");
    t.answer(whole(1_000));
    assert_eq!(t.take(), "226 1000 octets sent.\r\n");
    assert!(t.other.contains(&Event::Unlisten));
    assert_eq!(t.code("RETR f"), 425);
}

#[test]
fn pasv_tells_an_ipv4_address_and_epsv_the_port() {
    let mut t = Talk::logged_in();
    t.say("PASV");
    t.answer(Answer::Listening("203.0.113.7:50001".parse().unwrap()));
    assert_eq!(t.take(), "227 Entering Passive Mode (203,0,113,7,195,81).\r\n");
    assert_eq!(t.code("EPSV 2"), 522);
    t.say("EPSV 1");
    t.refuse(425);
    assert_eq!(t.take(), "425 No.\r\n");
    assert_eq!(t.code("RETR f"), 425, "a failed EPSV leaves no channel");

    let mut six = Talk::at("[2001:db8::1]:21", "[2001:db8::9]:4000");
    six.login();
    assert_eq!(six.code("PASV"), 425);
    assert_eq!(six.code("EPSV 1"), 522);
    six.say("EPSV 2");
    six.answer(Answer::Listening("[2001:db8::1]:50001".parse().unwrap()));
    assert!(six.take().starts_with("229 "));
}

#[test]
fn epsv_all_refuses_every_other_way() {
    let mut t = Talk::logged_in();
    assert_eq!(t.code("EPSV ALL"), 200);
    assert_eq!(t.code("PASV"), 501);
    assert_eq!(t.code("PORT 192,0,2,9,100,1"), 501);
    assert_eq!(t.code("EPRT |1|192.0.2.9|25601|"), 501);
    t.passive();
}

// ---- transfers

#[test]
fn what_cannot_be_opened_is_refused_without_150() {
    let mut t = Talk::logged_in();
    t.passive();
    t.say("RETR none");
    t.refuse(550);
    assert_eq!(t.take(), "550 No.\r\n");
    assert_eq!(t.other, [Event::Unlisten]);
}

#[test]
fn each_end_of_the_data_has_its_reply() {
    let ends = [
        (End::NoConnection("nobody came".to_string()), 425),
        (End::Lost, 426),
        (End::Stalled, 426),
        (End::Local(Code(451), "The disk failed.".to_string()), 451),
        (End::Local(Code(452), "The disk is full.".to_string()), 452),
    ];
    for command in ["RETR f", "STOR f"] {
        for (end, code) in &ends {
            // Nothing that is read fills a disk.
            if command == "RETR f" && *code == 452 {
                continue;
            }
            let mut t = Talk::logged_in();
            t.moving(command);
            t.answer(Answer::Moved { octets: 5, end: end.clone() });
            let Ask::Shelve { .. } = t.question() else { panic!("{:?}", t.asked) };
            assert_eq!(t.take(), "", "the last reply comes after the file is put away");
            t.answer(Answer::Done);
            let text = t.take();
            assert!(text.starts_with(&code.to_string()) && text.lines().count() == 1, "{command}: {text}");
        }
    }
}

#[test]
fn an_upload_is_published_before_226() {
    let mut t = Talk::logged_in();
    t.moving("STOR f");
    t.answer(whole(10));
    assert_eq!(t.question(), Ask::Commit);
    assert_eq!(t.take(), "");
    t.answer(Answer::Done);
    assert!(t.take().starts_with("226 10 octets"));
    t.moving("STOR f");
    t.answer(whole(10));
    t.refuse(452);
    assert_eq!(t.take(), "452 No.\r\n");
}

#[test]
fn an_upload_counts_only_while_the_control_connection_is_open() {
    let mut t = Talk::logged_in();
    t.moving("STOR f");
    t.server.handle_eof(t.now);
    t.drain();
    assert!(matches!(t.other.last(), Some(Event::Cancel(_))));
    // The data may have ended with a FIN all the same.
    t.answer(whole(10));
    assert!(matches!(t.question(), Ask::Shelve { .. }));
    t.answer(Answer::Done);
    assert!(t.closed());
    assert!(!t.take().contains("226"));
}

#[test]
fn an_upload_asked_for_in_the_last_breath_does_not_count() {
    let mut t = Talk::logged_in();
    t.passive();
    let _ = t.take();
    // The question of SIZE is open while STOR and the end of the connection arrive.
    t.bytes(b"TYPE I\r\nSIZE f\r\nSTOR f\r\n");
    t.server.handle_eof(t.now);
    t.drain();
    t.answer(Answer::Size(10));
    t.answer(Answer::Opened { len: None, start: 0 });
    t.answer(whole(10));
    assert_eq!(t.question(), Ask::Shelve { why: Shelve::Lost });
}

#[test]
fn a_download_goes_on_when_the_client_only_closes_its_side() {
    let mut t = Talk::logged_in();
    t.moving("RETR f");
    t.server.handle_eof(t.now);
    t.drain();
    t.answer(whole(1_000));
    assert!(t.take().contains("226 "));
    assert!(t.closed());
}

#[test]
fn allo_holds_the_upload_to_its_size() {
    for (allo, start, octets, good) in
        [(10, 0, 10, true), (10, 0, 9, false), (10, 0, 11, false), (10, 4, 6, true), (6, 4, 6, true)]
    {
        let mut t = Talk::logged_in();
        t.ask("TYPE I");
        t.allo(allo);
        t.passive();
        t.say("STOR f");
        let Ask::Open(Transfer { kind: Kind::Store { expected, .. }, .. }) = t.question() else { panic!() };
        assert_eq!(expected, Some(allo));
        t.answer(Answer::Opened { len: None, start });
        t.answer(whole(octets));
        assert_eq!(t.question() == Ask::Commit, good, "{allo} {start} {octets}");
    }
}

#[test]
fn allo_is_for_the_next_transfer_only() {
    let mut t = Talk::logged_in();
    t.ask("TYPE I");
    t.allo(10);
    t.passive();
    t.say("RETR f");
    t.refuse(550);
    t.take();
    t.passive();
    t.say("STOR f");
    let Ask::Open(Transfer { kind: Kind::Store { expected, .. }, .. }) = t.question() else { panic!() };
    assert_eq!(expected, None);
}

#[test]
fn rest_survives_the_channel_and_nothing_else() {
    let opened = |t: &mut Talk| {
        t.say("RETR f");
        let Ask::Open(Transfer { kind: Kind::Retrieve { offset, .. }, .. }) = t.question() else { panic!() };
        t.refuse(550);
        t.take();
        offset
    };
    let mut t = Talk::logged_in();
    t.ask("TYPE I");
    assert_eq!(t.code("REST 100"), 350);
    t.passive();
    assert_eq!(opened(&mut t), 100, "REST, EPSV, RETR");
    t.passive();
    t.ask("REST 100");
    assert_eq!(opened(&mut t), 100, "EPSV, REST, RETR");
    t.passive();
    assert_eq!(opened(&mut t), 0, "it is for one transfer");
    t.ask("REST 100");
    t.ask("NOOP");
    t.passive();
    assert_eq!(opened(&mut t), 0, "any other command clears it");
    t.ask("REST 100");
    t.ask("NONSENSE");
    t.passive();
    assert_eq!(opened(&mut t), 0);
}

#[test]
fn rest_makes_stor_go_on_and_appe_refuse() {
    let mut t = Talk::logged_in();
    t.ask("TYPE I");
    t.passive();
    t.ask("REST 7");
    t.say("STOR f");
    let Ask::Open(Transfer { kind: Kind::Store { mode, .. }, .. }) = t.question() else { panic!() };
    assert_eq!(mode, Mode::Resume(7));
    t.refuse(550);
    t.take();
    t.passive();
    t.ask("REST 7");
    assert_eq!(t.code("APPE f"), 501);
    for bad in ["REST abc", "REST -1", "REST 73786976294838206464"] {
        assert_eq!(t.code(bad), 501);
    }
    t.ask("TYPE A");
    assert_eq!(t.code("REST 7"), 504);
    assert_eq!(t.code("REST 0"), 350);
}

#[test]
fn commands_are_answered_while_data_moves() {
    let mut t = Talk::logged_in();
    t.moving("RETR f");
    t.server.progress(512);
    assert_eq!(t.code("NOOP"), 200);
    let stat = t.ask("STAT");
    assert!(stat.starts_with("211-") && stat.contains("512 octets so far"), "{stat}");
    assert_eq!(t.code("SYST"), 215);
    assert_eq!(t.ask("CWD x"), "", "what touches the store waits");
    assert_eq!(t.ask("NOOP"), "", "and nothing overtakes it");
    t.answer(whole(1_000));
    assert_eq!(t.take(), "226 1000 octets sent.\r\n");
    t.answer(Answer::Directory(b"/x".to_vec()));
    assert_eq!(t.take(), "250 Directory changed.\r\n200 Still here.\r\n");
}

#[test]
fn nothing_overtakes_the_first_reply_of_a_transfer() {
    for (answer, first) in [
        (Answer::Opened { len: Some(5), start: 0 }, "150"),
        (Answer::Refused(Code(550), String::from("No such file.")), "550"),
    ] {
        let mut t = Talk::logged_in();
        t.passive();
        t.say("RETR f");
        for command in ["NOOP", "STAT", "NOSUCH", "USER x"] {
            assert_eq!(t.ask(command), "", "{command}: it is not known yet whether there is a transfer");
        }
        t.answer(answer);
        let codes: Vec<String> = t.take().lines().map(|l| l[..3].to_string()).collect();
        assert_eq!((codes[0].as_str(), codes[1].as_str()), (first, "200"), "{codes:?}");
    }
}

#[test]
fn quit_in_a_transfer_waits_for_its_end() {
    let mut t = Talk::logged_in();
    t.moving("RETR f");
    assert_eq!(t.ask("QUIT"), "");
    t.answer(whole(1_000));
    assert_eq!(t.take(), "226 1000 octets sent.\r\n221 Good bye.\r\n");
    assert!(t.closed());
}

#[test]
fn abor_ends_the_transfer_with_426_and_itself_with_226() {
    for abor in [&b"ABOR\r\n"[..], b"\xff\xf4\xff\xf2ABOR\r\n", b"CWD x\r\nABOR\r\n"] {
        let mut t = Talk::logged_in();
        t.moving("STOR f");
        t.bytes(abor);
        assert!(matches!(t.other.last(), Some(Event::Cancel(_))));
        t.answer(Answer::Moved { octets: 3, end: End::Cancelled });
        assert_eq!(t.question(), Ask::Shelve { why: Shelve::Aborted });
        t.answer(Answer::Done);
        if abor.starts_with(b"CWD") {
            t.answer(Answer::Directory(b"/x".to_vec()));
        }
        let codes: Vec<String> = t.take().lines().map(|l| l[..3].to_string()).collect();
        assert_eq!((codes[0].as_str(), codes.last().unwrap().as_str()), ("426", "226"), "{codes:?}");
        assert_eq!(t.code("NOOP"), 200);
    }
    let mut t = Talk::logged_in();
    assert_eq!(t.code("ABOR"), 226, "with nothing to break off");
}

#[test]
fn abor_before_the_file_is_open_moves_nothing() {
    let mut t = Talk::logged_in();
    t.passive();
    t.say("RETR f");
    t.say("ABOR");
    t.answer(Answer::Opened { len: Some(5), start: 0 });
    assert_eq!(t.question(), Ask::Shelve { why: Shelve::Aborted });
    t.answer(Answer::Done);
    let codes: Vec<String> = t.take().lines().map(|l| l[..3].to_string()).collect();
    assert_eq!(codes, ["426", "226"]);
}

#[test]
fn a_late_abor_does_not_spoil_a_published_upload() {
    let mut t = Talk::logged_in();
    t.moving("STOR f");
    t.answer(whole(10));
    t.say("ABOR");
    t.answer(Answer::Done);
    let codes: Vec<String> = t.take().lines().map(|l| l[..3].to_string()).collect();
    assert_eq!(codes, ["226", "226"]);
}

#[test]
fn an_answer_to_an_old_question_is_dropped() {
    let mut t = Talk::logged_in();
    t.say("CWD a");
    t.server.answer(t.now, AskId(999), Answer::Done);
    t.drain();
    assert_eq!(t.take(), "");
    t.answer(Answer::Directory(b"/a".to_vec()));
    assert!(t.take().starts_with("250 "));
}

// ---- time

#[test]
fn the_idle_limit_never_ends_a_transfer() {
    let mut t = Talk::logged_in();
    t.moving("RETR f");
    assert_eq!(t.server.poll_timeout(), None);
    t.now += Duration::from_secs(100_000);
    t.answer(whole(1_000));
    t.take();
    // Nor does it end one in which a device erases its flash before it asks for the file.
    t.pass_time(Duration::from_secs(15 * 60));
    assert_eq!(t.take(), "");
    t.pass_time(Duration::from_secs(59));
    assert_eq!(t.take(), "");
    t.pass_time(Duration::from_secs(1));
    assert!(t.take().starts_with("421 "));
    assert!(t.closed());
}

#[test]
fn without_a_login_the_session_ends_whatever_is_said() {
    let mut t = Talk::fresh();
    for _ in 0..11 {
        t.pass_time(Duration::from_secs(5));
        assert_eq!(t.code("NOOP"), 200);
    }
    t.pass_time(Duration::from_secs(5));
    assert!(t.take().starts_with("421 "));
    assert!(t.closed());
}

#[test]
fn lines_that_are_no_commands_are_counted_by_whoever_wants_to() {
    let mut t = Talk::logged_in();
    for line in ["FROBNICATE", "NOOP", "RETR", "A\0B", "SMNT x", "MODE X"] {
        t.say(line);
    }
    let odd: Vec<_> = t.other.iter().filter(|e| matches!(e, Event::Odd(_))).collect();
    assert_eq!(odd, [&Event::Odd(Odd::UnknownVerb), &Event::Odd(Odd::Malformed)]);
    t.say("GET / HTTP/1.1");
    assert_eq!(t.other.iter().filter(|e| matches!(e, Event::Odd(_))).count(), 3);
}

#[test]
fn who_is_dismissed_hears_why_and_what_moved_breaks_off() {
    let mut t = Talk::logged_in();
    t.server.dismiss(t.now, "Kicked by the operator; good bye.");
    t.drain();
    assert_eq!(t.take(), "421 Kicked by the operator; good bye.\r\n");
    assert!(t.closed());
    let mut t = Talk::logged_in();
    t.moving("RETR f");
    t.server.dismiss(t.now, "Kicked by the operator; good bye.");
    t.drain();
    assert!(t.other.iter().any(|e| matches!(e, Event::Cancel(_))));
    t.answer(Answer::Moved { octets: 7, end: End::Cancelled });
    t.answer(Answer::Done);
    let text = t.take();
    assert!(
        text.starts_with("426 ") && text.ends_with("\r\n421 Kicked by the operator; good bye.\r\n"),
        "{text}"
    );
    assert!(t.closed());
}

#[test]
fn draining_lets_the_transfer_end() {
    let mut t = Talk::logged_in();
    t.moving("RETR f");
    t.server.drain(t.now);
    t.drain();
    assert!(!t.closed());
    t.answer(whole(1_000));
    let text = t.take();
    assert!(text.starts_with("226 ") && text.contains("\r\n421 "), "{text}");
    assert!(t.closed());
}
