use super::*;
use crate::command::Password;
use crate::reply::{BadReply, Code};
use alloc::string::{String, ToString};

const PATIENCE: Duration = Duration::from_secs(60);

mod session;

fn plan() -> Plan {
    Plan {
        user: b"u".to_vec(),
        password: Password(b"p".to_vec()),
        tls: Tls::No,
        ways: Ways::Any { first: Way::Extended },
        ahead: false,
        patience: PATIENCE,
    }
}

fn get() -> Job {
    Job::Get {
        path: b"f.bin".to_vec(),
        representation: Representation::Image,
        offset: 0,
        until: None,
        size: None,
        want_modified: false,
    }
}

fn put(len: u64, resume: bool) -> Job {
    let (path, representation) = (b"f.bin".to_vec(), Representation::Image);
    Job::Put { path, representation, len, resume, announce: true }
}

/// A session that does one job and quits.
struct Talk {
    client: Client,
    now: Instant,
    job: Option<Job>,
    events: VecDeque<Event>,
    outcome: Option<Result<Report, Failure>>,
}

impl Talk {
    fn of(plan: Plan, job: Job, peer: &str) -> Talk {
        let client = Client::new(Instant::ZERO, plan, peer.parse().unwrap());
        let mut t =
            Talk { client, now: Instant::ZERO, job: Some(job), events: VecDeque::new(), outcome: None };
        t.drain();
        t
    }

    fn new(job: Job) -> Talk {
        Talk::of(plan(), job, "10.0.0.1:21")
    }

    fn get(ways: Ways) -> Talk {
        Talk::of(Plan { ways, ..plan() }, get(), "10.0.0.1:21")
    }

    fn drain(&mut self) {
        while let Some(event) = self.client.poll_event() {
            match event {
                Event::Ready => {
                    if let Some(job) = self.job.take() {
                        self.client.start(self.now, job);
                    }
                }
                Event::Finished(result) => {
                    self.outcome = Some(result);
                    self.client.quit(self.now);
                }
                Event::CloseData | Event::Closed => {}
                other @ (Event::Secure | Event::Connect(_) | Event::Listen | Event::Move { .. }) => {
                    self.events.push_back(other);
                }
            }
        }
    }

    /// The server says a line; gives what the client sends then.
    fn hears(&mut self, line: &str) -> String {
        self.client.handle_input(self.now, &[line.as_bytes(), b"\r\n"].concat());
        self.sent()
    }

    fn sent(&mut self) -> String {
        self.drain();
        let octets = self.client.poll_transmit().unwrap_or_default();
        String::from_utf8(octets.to_vec()).unwrap().trim_end().to_string()
    }

    fn event(&mut self) -> Event {
        self.drain();
        self.events.pop_front().expect("an event")
    }

    fn outcome(&mut self) -> Result<Report, Failure> {
        self.drain();
        self.outcome.take().expect("the end of the job")
    }

    fn log_in(&mut self) {
        assert_eq!(self.hears("220 hi"), "USER u");
        assert_eq!(self.hears("331 ?"), "PASS p");
        assert_eq!(self.hears("230 in"), "TYPE I");
    }

    /// Up to the data.
    fn up_to_data(&mut self) {
        self.log_in();
        assert_eq!(self.hears("200 ok"), "SIZE f.bin");
        assert_eq!(self.hears("213 100"), "EPSV");
        assert_eq!(self.hears("229 ok (|||5000|)"), "");
        assert_eq!(self.event(), Event::Connect(Target::Port(5000)));
        self.client.data_ready(self.now);
        assert_eq!(self.sent(), "RETR f.bin");
        assert_eq!(self.hears("150 here"), "");
        assert_eq!(self.event(), Event::Move { start: 0, size: Some(100) });
    }
}

const ANY: Ways = Ways::Any { first: Way::Extended };

#[test]
fn a_get_goes_one_command_at_a_time() {
    let mut t = Talk::get(ANY);
    t.up_to_data();
    t.client.moved(t.now, 100);
    assert_eq!(t.hears("226 done"), "QUIT");
    assert_eq!(t.hears("221 bye"), "");
    assert!(t.client.is_over());
    assert_eq!(t.outcome(), Ok(Report { octets: 100, ..Report::default() }));
}

#[test]
fn the_last_reply_may_come_before_the_last_octet() {
    let mut t = Talk::get(ANY);
    t.up_to_data();
    assert_eq!(t.hears("226 done"), "");
    t.client.moved(t.now, 100);
    assert_eq!(t.sent(), "QUIT");
    // Nobody waits long for a 221.
    t.now += QUIT_PATIENCE;
    t.client.handle_timeout(t.now + PATIENCE);
    assert!(t.outcome().is_ok() && t.client.is_over());
}

#[test]
fn fewer_octets_than_announced_are_not_a_success() {
    let mut t = Talk::get(ANY);
    t.up_to_data();
    t.client.moved(t.now, 99);
    t.hears("226 done");
    t.client.handle_eof();
    assert_eq!(t.outcome(), Err(Failure::Truncated { expected: 100, found: 99 }));
}

#[test]
fn a_426_after_all_octets_is_a_failure() {
    let mut t = Talk::get(ANY);
    t.up_to_data();
    t.client.moved(t.now, 100);
    t.hears("426 broken");
    t.hears("221 bye");
    let Err(Failure::Refused { phase: Phase::Transfer, code: Code(426), .. }) = t.outcome() else { panic!() };
}

#[test]
fn epsv_falls_back_to_pasv_and_that_to_active_mode() {
    let mut t = Talk::get(ANY);
    t.log_in();
    t.hears("200 ok");
    assert_eq!(t.hears("550 no SIZE"), "EPSV");
    assert_eq!(t.hears("500 what?"), "PASV");
    assert_eq!(t.hears("227 ok 10,0,0,1,19,136"), "");
    assert_eq!(t.event(), Event::Connect(Target::Told("10.0.0.1:5000".parse().unwrap())));
    t.client.data_failed(t.now, "refused");
    assert_eq!(t.event(), Event::Listen);
    t.client.listening(t.now, "10.0.0.2:5000".parse().unwrap());
    assert_eq!(t.sent(), "PORT 10,0,0,2,19,136");
    assert_eq!(t.hears("500 never"), "QUIT");
    let why = "EPSV: 500 what?; PASV: refused; active: 500 never";
    assert_eq!(t.outcome(), Err(Failure::NoData(why.to_string())));

    let mut t = Talk::get(ANY);
    t.log_in();
    t.hears("200 ok");
    t.hears("213 5");
    t.hears("229 ok (|||5000|)");
    t.event();
    t.client.data_failed(t.now, "timed out");
    assert_eq!(t.sent(), "PASV");
}

#[test]
fn a_server_that_cannot_connect_to_us_is_asked_where_it_listens() {
    let mut t = Talk::get(Ways::Any { first: Way::Active });
    t.log_in();
    t.hears("200 ok");
    t.hears("213 100");
    assert_eq!(t.event(), Event::Listen);
    t.client.listening(t.now, "10.0.0.2:5000".parse().unwrap());
    assert_eq!(t.sent(), "PORT 10,0,0,2,19,136");
    assert_eq!(t.hears("200 ok"), "RETR f.bin");
    assert_eq!(t.hears("425 cannot connect"), "EPSV");
}

#[test]
fn one_way_only_is_no_other() {
    for (way, refusal) in [(Way::Pasv, "500 no"), (Way::Extended, "500 no")] {
        let mut t = Talk::get(Ways::Only(way));
        t.log_in();
        t.hears("200 ok");
        assert_eq!(t.hears("213 5"), way.word());
        assert_eq!(t.hears(refusal), "QUIT");
        assert!(matches!(t.outcome(), Err(Failure::NoData(_))));
    }
}

#[test]
fn the_size_of_the_150_counts_where_size_is_not_known() {
    let mut t = Talk::get(Ways::Only(Way::Pasv));
    t.log_in();
    t.hears("200 ok");
    assert_eq!(t.hears("500 no"), "PASV");
    t.hears("227 (10,0,0,1,19,136)");
    t.event();
    t.client.data_ready(t.now);
    t.sent();
    t.hears("150 Opening BINARY mode data connection for f.bin (1234 bytes).");
    assert_eq!(t.event(), Event::Move { start: 0, size: Some(1234) });
}

#[test]
fn active_mode_sends_port_or_eprt() {
    for (peer, us, want) in [
        ("10.0.0.1:21", "10.0.0.2:5000", "PORT 10,0,0,2,19,136"),
        ("[2001:db8::1]:21", "[2001:db8::2]:5000", "EPRT |2|2001:db8::2|5000|"),
    ] {
        let job = Job::Get {
            path: b"f.bin".to_vec(),
            representation: Representation::Image,
            offset: 7,
            until: None,
            size: None,
            want_modified: true,
        };
        let mut t = Talk::of(Plan { ways: Ways::Only(Way::Active), ..plan() }, job, peer);
        t.log_in();
        assert_eq!(t.hears("200 ok"), "SIZE f.bin");
        assert_eq!(t.hears("213 100"), "MDTM f.bin");
        assert_eq!(t.hears("213 20260304123000"), "");
        assert_eq!(t.event(), Event::Listen);
        t.client.listening(t.now, us.parse().unwrap());
        assert_eq!(t.sent(), want);
        assert_eq!(t.hears("200 ok"), "REST 7");
        assert_eq!(t.hears("350 ok"), "RETR f.bin");
        t.hears("150 ok");
        assert_eq!(t.event(), Event::Move { start: 7, size: Some(100) });
        t.client.moved(t.now, 93);
        t.hears("250 done");
        t.hears("221 bye");
        assert_eq!(
            t.outcome(),
            Ok(Report { octets: 93, modified: Some(1_772_627_400), ..Report::default() })
        );
    }
}

#[test]
fn a_put_announces_its_size_and_wants_226() {
    let mut t = Talk::new(put(100, false));
    t.log_in();
    assert_eq!(t.hears("200 ok"), "ALLO 100");
    assert_eq!(t.hears("502 what?"), "EPSV");
    t.hears("229 ok (|||5000|)");
    t.event();
    t.client.data_ready(t.now);
    assert_eq!(t.sent(), "STOR f.bin");
    t.hears("150 go");
    assert_eq!(t.event(), Event::Move { start: 0, size: Some(100) });
    t.client.moved(t.now, 100);
    t.client.handle_eof();
    assert_eq!(t.outcome(), Err(Failure::Closed(Phase::Transfer)));
}

#[test]
fn a_put_goes_on_where_the_server_has_it() {
    let mut t = Talk::new(put(100, true));
    t.log_in();
    assert_eq!(t.hears("200 ok"), "SIZE f.bin");
    assert_eq!(t.hears("213 40"), "ALLO 60");
    assert_eq!(t.hears("200 ok"), "EPSV");
    t.hears("229 ok (|||5000|)");
    t.event();
    t.client.data_ready(t.now);
    assert_eq!(t.sent(), "REST 40");
    assert_eq!(t.hears("350 ok"), "STOR f.bin");
    t.hears("150 go");
    assert_eq!(t.event(), Event::Move { start: 40, size: Some(100) });
    t.client.moved(t.now, 60);
    t.hears("226 ok");
    t.hears("221 bye");
    assert!(t.outcome().is_ok());
}

#[test]
fn refusals_say_when() {
    let mut t = Talk::get(ANY);
    t.hears("220-hello");
    assert_eq!(t.hears("220 hi"), "USER u");
    t.hears("331 ?");
    assert_eq!(t.hears("530 no"), "QUIT");
    t.hears("221 bye");
    assert!(matches!(t.outcome(), Err(Failure::Refused { phase: Phase::Login, code: Code(530), .. })));

    let mut t = Talk::get(ANY);
    t.hears("421 too many");
    assert!(matches!(t.outcome(), Err(Failure::Refused { phase: Phase::Greeting, .. })));

    let mut t = Talk::get(ANY);
    t.hears("SSH-2.0-OpenSSH");
    assert_eq!(t.outcome(), Err(Failure::BadReply(BadReply::NoCode)));

    let mut t = Talk::get(ANY);
    t.client.handle_timeout(Instant::ZERO + PATIENCE);
    assert_eq!(t.outcome(), Err(Failure::TimedOut(Phase::Greeting)));
}

#[test]
fn a_name_with_a_line_end_is_never_sent() {
    let mut t = Talk::new(Job::ask("CWD", b"a\r\nDELE b"));
    t.hears("220 hi");
    assert_eq!(t.hears("230 in"), "QUIT");
    assert!(matches!(t.outcome(), Err(Failure::Impossible(_))));
    let mut t = Talk::of(Plan { user: b"a\nb".to_vec(), ..plan() }, get(), "10.0.0.1:21");
    assert!(matches!(t.outcome(), Err(Failure::Impossible(_))));
    assert_eq!(t.hears("220 hi"), "");
}

#[test]
fn abor_ends_a_transfer_and_follows_no_quit() {
    let mut talk = Talk::get(ANY);
    talk.up_to_data();
    talk.client.abort();
    assert_eq!(talk.sent(), "ABOR");
    let mut talk = Talk::get(ANY);
    talk.up_to_data();
    assert_eq!(talk.hears("425 no data connection"), "QUIT");
    assert_eq!(talk.hears("221 bye"), "");
    talk.client.abort();
    assert_eq!(talk.sent(), "", "after QUIT nobody takes commands");
}

/// Logged in, with this job.
fn asks(job: Job) -> (Talk, String) {
    let mut t = Talk::new(job);
    t.hears("220 hi");
    t.hears("331 ?");
    let first = t.hears("230 in");
    (t, first)
}

#[test]
fn a_command_needs_no_type_and_no_data_connection() {
    let (mut t, first) = asks(Job::ask("DELE", b"f.bin"));
    assert_eq!(first, "DELE f.bin");
    assert_eq!(t.hears("250 done"), "QUIT");
    t.hears("221 bye");
    assert_eq!(t.outcome().unwrap().reply.unwrap().text(), b"done");
    let (mut t, _) = asks(Job::ask("DELE", b"f.bin"));
    assert_eq!(t.hears("550 no"), "QUIT");
    assert!(matches!(t.outcome(), Err(Failure::Refused { phase: Phase::Request, code: Code(550), .. })));
    let rename = |to: &[u8]| Job::Rename { from: b"f.bin".to_vec(), to: to.to_vec() };
    let (mut t, first) = asks(rename(b"g.bin"));
    assert_eq!(first, "RNFR f.bin");
    assert_eq!(t.hears("350 go on"), "RNTO g.bin");
    assert_eq!(t.hears("250 done"), "QUIT");
    let (mut t, _) = asks(rename(b"g.bin"));
    assert_eq!(t.hears("550 absent"), "QUIT");
    let (mut t, first) = asks(rename(b"g\r\nDELE x"));
    assert_eq!(first, "QUIT");
    assert!(matches!(t.outcome(), Err(Failure::Impossible(_))));
}

#[test]
fn a_look_finds_a_file_by_its_size_and_a_directory_by_going_there_and_back() {
    let look = || Job::Look { path: b"f.bin".to_vec() };
    let (mut t, first) = asks(look());
    assert_eq!(first, "TYPE I");
    assert_eq!(t.hears("200 ok"), "SIZE f.bin");
    assert_eq!(t.hears("213 77"), "MDTM f.bin");
    assert_eq!(t.hears("213 19700101000001"), "QUIT");
    t.hears("221 bye");
    assert_eq!(t.outcome(), Ok(Report { modified: Some(1), size: Some(77), ..Report::default() }));
    let (mut t, _) = asks(look());
    t.hears("200 ok");
    assert_eq!(t.hears("550 no file"), "PWD");
    assert_eq!(t.hears("257 \"/h\" is here"), "CWD f.bin");
    assert_eq!(t.hears("250 there"), "CWD /h");
    assert_eq!(t.hears("250 back"), "QUIT");
    t.hears("221 bye");
    assert_eq!(t.outcome(), Ok(Report::default()));
    let (mut t, _) = asks(look());
    t.hears("200 ok");
    t.hears("550 no file");
    t.hears("257 \"/h\" is here");
    assert_eq!(t.hears("550 nothing"), "QUIT");
    t.hears("221 bye");
    assert!(matches!(t.outcome(), Err(Failure::Refused { phase: Phase::Request, .. })));
}

/// A listing of `d d`, up to the answer to CWD.
fn listing_with_a_space() -> Talk {
    let (mut t, first) = asks(Job::List { path: b"d d".to_vec(), how: Verb::List });
    assert_eq!(first, "TYPE A");
    assert_eq!(t.hears("200 ok"), "PWD");
    assert_eq!(t.hears("257 \"/h\" is here"), "CWD d d");
    t
}

#[test]
fn a_directory_whose_name_servers_take_for_more_is_listed_by_going_there_and_back() {
    let mut t = listing_with_a_space();
    assert_eq!(t.hears("250 there"), "EPSV");
    t.hears("229 ok (|||5000|)");
    t.event();
    t.client.data_ready(t.now);
    assert_eq!(t.sent(), "LIST");
    t.hears("150 here");
    t.client.moved(t.now, 70);
    assert_eq!(t.hears("226 done"), "CWD /h");
    assert!(t.outcome.is_none(), "names mean something else until then");
    assert_eq!(t.hears("250 back"), "QUIT");
    assert_eq!(t.outcome().unwrap().octets, 70);
    for name in ["d\td", "d*", "[d]", "d'd", "~d"] {
        let (mut t, _) = asks(Job::List { path: name.as_bytes().to_vec(), how: Verb::Nlst });
        assert_eq!(t.hears("200 ok"), "PWD", "{name}");
    }
    // What MLSD is asked for is one name, whatever is in it.
    let (mut t, first) = asks(Job::List { path: b"d d".to_vec(), how: Verb::Mlsd });
    assert_eq!((first.as_str(), t.hears("200 ok").as_str()), ("TYPE A", "EPSV"));
}

#[test]
fn where_nobody_may_go_the_listing_is_asked_for_as_it_is() {
    let mut t = listing_with_a_space();
    assert_eq!(t.hears("550 no directory"), "EPSV");
    t.hears("229 ok (|||5000|)");
    t.event();
    t.client.data_ready(t.now);
    assert_eq!(t.sent(), "LIST d d");
    assert_eq!(t.hears("550 nothing"), "QUIT");
    assert!(matches!(t.outcome(), Err(Failure::Refused { phase: Phase::Request, .. })));
}

#[test]
fn who_cannot_come_back_is_not_asked_anything_else() {
    for answer in ["550 gone", "421 bye"] {
        let mut t = listing_with_a_space();
        t.hears("250 there");
        t.hears("229 ok (|||5000|)");
        t.event();
        t.client.data_ready(t.now);
        t.sent();
        assert_eq!(t.hears("450 no"), "CWD /h", "a refused listing is where it went, too");
        assert_eq!(t.hears(answer), "");
        assert!(t.client.is_over());
        assert!(matches!(t.outcome(), Err(Failure::Refused { code: Code(450), .. })));
    }
}

fn under(tls: Tls) -> Talk {
    Talk::of(Plan { tls, ..plan() }, get(), "10.0.0.1:21")
}

#[test]
fn tls_comes_before_the_login_and_private_data_after_it() {
    let mut t = under(Tls::Explicit);
    assert_eq!(t.hears("220 hi"), "AUTH TLS");
    assert_eq!(t.hears("234 go"), "");
    assert_eq!(t.event(), Event::Secure);
    // Nothing that comes before TLS is there makes it say more.
    assert_eq!(t.hears("331 ?"), "");
    t.client.secured(t.now);
    assert_eq!(t.sent(), "USER u");
    assert_eq!(t.hears("331 ?"), "PASS p");
    assert_eq!(t.hears("230 in"), "PBSZ 0");
    assert_eq!(t.hears("200 PBSZ=0"), "PROT P");
    assert_eq!(t.hears("200 private"), "TYPE I");
}

#[test]
fn implicit_tls_needs_no_auth() {
    let mut t = under(Tls::Implicit);
    assert_eq!(t.hears("220 hi"), "USER u");
    assert_eq!(t.hears("230 in"), "PBSZ 0");
    assert_eq!(t.hears("200 PBSZ=0"), "PROT P");
}

#[test]
fn who_refuses_tls_gets_neither_name_nor_password() {
    for refusal in ["500 what?", "502 no", "534 policy", "431 no certificate", "200 odd"] {
        let mut t = under(Tls::Explicit);
        t.hears("220 hi");
        assert_eq!(t.hears(refusal), "QUIT", "{refusal}");
        t.client.handle_eof();
        assert!(matches!(t.outcome(), Err(Failure::Refused { phase: Phase::Security, .. })), "{refusal}");
    }
    let mut t = under(Tls::Explicit);
    t.hears("220 hi");
    t.hears("234 go");
    assert_eq!(t.event(), Event::Secure);
    t.client.secured(t.now);
    t.hears("230 in");
    t.hears("200 0");
    assert_eq!(t.hears("534 only clear"), "QUIT", "no data in clear");
}
