use super::story::{Came, Standing, Story, What};
use super::{page, record, text};
use crate::events::{Event, UpgradeDevice, UpgradeEntry, line};
use db::journal::{Device, DeviceKept, EntryKept, Kind, Run, RunKept, State};
use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};
use upgrade::{Effect, Happened, Outcome, Start};

/// 2026-11-27 18:00:00 UTC, in milliseconds.
const BEGAN: i64 = 1_795_802_400_000;
const NEW: &str = "c2900-universalk9-mz.SPA.155-3.M4a.bin";

struct Book {
    kept: DeviceKept,
    entries: Vec<EntryKept>,
    at: i64,
}

impl Book {
    fn of(hostname: &str, state: State) -> Book {
        let device =
            Device { key: "admin@10.0.0.2".into(), hostname: hostname.into(), serial: Some("FTX1".into()) };
        Book { kept: DeviceKept { id: 1, device, generation: 1, state }, entries: Vec::new(), at: BEGAN }
    }

    fn later(&mut self, seconds: i64) -> &mut Book {
        self.at += seconds * 1_000;
        self
    }

    fn raw(&mut self, kind: Kind, step: Option<&str>, text: &str) -> &mut Book {
        let n = self.entries.len() as i64 + 1;
        let (generation, step) = (self.kept.generation, step.map(str::to_owned));
        self.entries.push(EntryKept { n, generation, at: self.at, kind, step, text: text.into() });
        self
    }

    fn happened(&mut self, happened: &Happened) -> &mut Book {
        let (kind, step, text) = record::entry(happened);
        self.raw(kind, step, &text)
    }

    fn began(&mut self) -> &mut Book {
        self.happened(&Happened::Began {
            serial: Some("FTX1".into()),
            image: "flash0:old.bin".into(),
            version: "15.1(4)M4".into(),
            boot: vec!["flash0:old.bin".into()],
            may_go: vec![],
            state: upgrade::State::default(),
        })
    }

    fn intent(&mut self, effect: Effect) -> &mut Book {
        let start =
            Start { uptime: 90, reason: None, image: "flash0:old.bin".into(), version: String::new() };
        self.happened(&Happened::Intent { effect, at: 0, start })
    }

    fn done(&mut self, effect: Effect) -> &mut Book {
        let md5 = (effect == Effect::Digest).then(|| "0f343b0931126a20f133d67c2b018a3b".to_owned());
        self.happened(&Happened::Done { effect, md5 })
    }

    fn facts(&mut self, version: &str, image: &str) -> &mut Book {
        let json = format!(
            r#"{{"model":"CISCO2911/K9","version":"{version}","image":"{image}","boot":["{image}"],"new_in_2030":1}}"#
        );
        self.raw(Kind::Facts, None, &json)
    }

    /// The same, with what it has.
    fn facts_with(&mut self, version: &str, image: &str, watched: &str) -> &mut Book {
        self.facts(version, image);
        let entry = self.entries.last_mut().expect("the one of now");
        entry.text = entry.text.replace("\"new_in_2030\":1", watched);
        self
    }

    fn story(&self) -> Story {
        Story::of(&self.kept, NEW, self.entries.clone())
    }
}

/// A device that did not load the image, was left in the middle, gone on with and put back.
fn eventful() -> Book {
    let why = "it restarted and runs flash0:old.bin: the image did not load";
    let ended = State::Ended { at: BEGAN + 900_000, outcome: "rolled-back".into(), why: why.into() };
    let mut book = Book::of("R1", ended);
    book.kept.generation = 2;
    let boot = Effect::SetBoot(vec![format!("flash0:{NEW}"), "flash0:old.bin".into()]);
    let back = Effect::SetBoot(vec!["flash0:old.bin".into()]);
    let before = "version 15.1\nhostname R1\nusername bob secret 5 $1$x$y\nboot system flash0:old.bin\nend\n";
    let after = "version 15.1\nhostname R1\nusername bob secret 5 $1$z$w\nboot system flash0:old.bin\nntp server 10.0.0.9\nend\n";
    book.raw(Kind::Backup, Some(record::BEFORE), before);
    let had = r#""up":["Gi0/0","Gi0/1"],"neighbours":["SW1 at Gi0/1"],"routes":{"connected":4,"ospf 1":40}"#;
    book.facts_with("15.1(4)M4", "flash0:old.bin", had).began();
    book.intent(Effect::Delete("older.bin".into())).later(2).done(Effect::Delete("older.bin".into()));
    book.raw(Kind::Transcript, None, "R1#delete /force flash0:older.bin\r\nR1#enable secret S3CRET\r\n");
    book.intent(Effect::Copy).later(61);
    book.happened(&Happened::Failed {
        effect: Effect::Copy,
        why: "%Error opening http://10.0.0.1/… (Timed out)".into(),
    });
    book.intent(Effect::Copy).later(140).done(Effect::Copy);
    book.intent(Effect::Digest).later(20).done(Effect::Digest);
    book.intent(boot.clone()).later(1).done(boot);
    book.intent(Effect::Save).later(3);
    book.happened(&Happened::Resumed).intent(Effect::Save).later(3).done(Effect::Save);
    let has = r#""up":["Gi0/0"],"neighbours":[],"routes":{"connected":2,"ospf 1":40}"#;
    book.intent(Effect::Reload).later(300).done(Effect::Reload);
    book.facts_with("15.1(4)M4", "flash0:old.bin", has);
    book.happened(&Happened::TurnedBack(why.into()));
    book.intent(back.clone()).later(1).done(back).intent(Effect::Save).later(2).done(Effect::Save);
    book.raw(Kind::Note, None, "its crashinfo is flash0:crashinfo_1");
    book.raw(Kind::Backup, Some(record::AFTER), after);
    book.happened(&Happened::Ended(Outcome::RolledBack(why.into())));
    book
}

fn run() -> RunKept {
    let run = Run { image: NEW.into(), md5: "0f343b0931126a20f133d67c2b018a3b".into(), plan: String::new() };
    RunKept { id: 7, at: BEGAN, version: "0.1.0".into(), run, stop: Some(BEGAN + 60_000) }
}

fn whole_page(stories: &[Story]) -> String {
    let totals = BTreeMap::from([("rolled-back".to_owned(), 1), ("upgraded".to_owned(), 3)]);
    let mut out = page::head(&run(), &totals, BEGAN + 3_600_000);
    for (place, story) in stories.iter().enumerate() {
        out += &page::row(story, place);
    }
    out += page::middle();
    for (place, story) in stories.iter().enumerate() {
        out += &page::section(story, place);
    }
    out + page::foot()
}

/// The visible text of what has no fault as XML, which is stricter than HTML.
fn visible(page: &str) -> String {
    let page = page.strip_prefix("<!doctype html>\n").expect("a doctype");
    let tree = roxmltree::Document::parse(page).unwrap_or_else(|e| panic!("{e}\n{page}"));
    let allowed = [
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "code", "table", "thead",
        "tbody", "tr", "th", "td", "a", "strong", "span", "pre",
    ];
    for node in tree.descendants().filter(roxmltree::Node::is_element) {
        assert!(allowed.contains(&node.tag_name().name()), "{:?}", node.tag_name());
        for attribute in node.attributes() {
            assert!(!attribute.name().starts_with("on") && attribute.name() != "src", "{attribute:?}");
            assert!(attribute.name() != "href" || attribute.value().starts_with('#'), "{attribute:?}");
        }
    }
    let body = tree.descendants().find(|node| node.has_tag_name("body")).expect("a body");
    let mut out = String::new();
    for node in body.descendants() {
        match node.text().filter(|_| node.is_text()) {
            Some(text) => out += text,
            None if node.has_tag_name("td") || node.has_tag_name("th") => out.push_str(" | "),
            None => {}
        }
    }
    out.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_eventful_upgrade_reads_like_one() {
    let story = eventful().story();
    assert_eq!(story.step().map(|(step, _)| step), Some("save"));
    assert_eq!(story.took(), Duration::from_secs(533));
    let shown = text::story(&story, 7, BEGAN).lines().map(without_time).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(shown);
    // What a wrong snapshot must not hide.
    assert_eq!(shown.matches("FAILED").count(), 1);
    assert_eq!(shown.matches("nobody knows").count(), 1);
    assert!(!shown.contains("$1$") && !shown.contains("S3CRET"), "{shown}");
    assert!(story.transcript.contains("R1#enable secret ****\n"), "{}", story.transcript);
    let change = story.configuration.expect("it was taken twice");
    assert_eq!((change.added, change.removed), (1, 0), "{}", change.lines);
}

#[test]
fn its_page_has_all_of_it_and_no_secret() {
    let page = whole_page(&[eventful().story()]);
    let shown = visible(&page);
    insta::assert_snapshot!(shown);
    for needed in [
        "put back",
        "+ntp server 10.0.0.9",
        "15.1(4)M4",
        "0f343b0931126a20f133d67c2b018a3b",
        "Timed out",
        "2:20",
    ] {
        assert!(page.to_lowercase().contains(&needed.to_lowercase()), "{needed}");
    }
    assert!(!page.contains("$1$") && !page.contains("S3CRET"), "{page}");
    assert!(page.contains("default-src 'none'"));
    assert!(!page.contains("http-equiv=\"refresh\"") && !page.contains("@import") && !page.contains("url("));
}

#[test]
fn what_a_device_says_is_never_markup() {
    let evil = "<script>alert(1)</script>\"'&\u{1b}[2J\u{202e}\u{0}";
    let ended = State::Ended { at: BEGAN, outcome: evil.into(), why: evil.into() };
    let mut book = Book::of(evil, ended);
    book.kept.device.key = evil.into();
    book.kept.device.serial = Some(evil.into());
    book.happened(&Happened::Began {
        serial: None,
        image: evil.into(),
        version: evil.into(),
        boot: vec![evil.into()],
        may_go: vec![],
        state: upgrade::State::default(),
    });
    book.intent(Effect::Delete(evil.into()));
    book.happened(&Happened::Failed { effect: Effect::Delete(evil.into()), why: evil.into() });
    book.happened(&Happened::TurnedBack(evil.into()));
    book.raw(Kind::Note, None, evil).raw(Kind::Transcript, None, evil).raw(Kind::Done, None, evil);
    book.raw(Kind::Backup, Some(record::BEFORE), "a\nend").raw(Kind::Backup, Some(record::AFTER), evil);
    let name = serde_json::to_string(evil).expect("a text");
    let had = format!(r#""up":[{name}],"neighbours":[{name}],"routes":{{{name}:2}}"#);
    book.facts_with("1", "a", &had).facts_with("2", "b", r#""up":[],"neighbours":[],"routes":{}"#);
    let story = book.story();
    let page = whole_page(std::slice::from_ref(&story));
    let shown = visible(&page);
    assert!(shown.matches("<script>alert(1)</script>").count() > 15, "{shown}");
    assert!(!shown.contains(['\u{1b}', '\u{202e}', '\u{0}']), "{shown:?}");
    // Nor does a terminal obey.
    let shown = text::story(&story, 7, BEGAN);
    assert!(!shown.contains(['\u{1b}', '\u{0}']), "{shown:?}");
}

#[test]
fn where_a_device_is_is_told() {
    let by = holder();
    let mut at_work = Book::of("R1", State::Claimed(by.clone()));
    at_work.began().later(5).intent(Effect::Copy);
    let story = at_work.story();
    assert!(matches!(&story.moments[0].what, What::Deed { came: Came::UnderWay, took: None, .. }));
    let now = BEGAN + 95_000;
    let line = text::standing(&story, 7, now);
    assert_eq!(line, format!("R1 (admin@10.0.0.2): at work   transfer, for 1:30; the process 9 on far\n"));
    assert_eq!(by.to_string(), "the process 9 on far");
    let mut left = Book::of("R1", State::Left);
    left.began().intent(Effect::Reload);
    let line = text::standing(&left.story(), 7, now);
    assert_eq!(line, "R1 (admin@10.0.0.2): left      at reload; 'towline upgrade resume 7' goes on\n");
    let waiting = Book::of("", State::Waiting).story();
    assert_eq!(text::standing(&waiting, 7, now), "admin@10.0.0.2: waiting\n");
    let upgraded = State::Ended { at: BEGAN, outcome: "upgraded".into(), why: String::new() };
    let mut through = Book::of("R1", upgraded);
    through.facts("15.1(4)M4", "flash0:old.bin").began().later(240).facts("15.5(3)M4a", "flash0:new.bin");
    let story = through.story();
    let line = text::standing(&story, 7, now);
    assert_eq!(line, "R1 (admin@10.0.0.2): upgraded  15.1(4)M4 to 15.5(3)M4a, 4:00\n");
    assert_eq!(story.before.map(|ran| ran.model).as_deref(), Some("CISCO2911/K9"));
    assert_eq!(story.standing, Standing::Ended { outcome: "upgraded".into(), why: String::new() });
}

/// The clock is set back, and an entry is of a newer version.
#[test]
fn what_is_strange_is_said_and_the_rest_is_told() {
    let mut book = Book::of("R1", State::Left);
    book.began().intent(Effect::Copy).later(-100).done(Effect::Copy).raw(
        Kind::Intent,
        Some("teleport"),
        "{}",
    );
    let story = book.story();
    assert_eq!((story.took(), story.strange.len()), (Duration::ZERO, 1));
    assert!(story.strange[0].starts_with("entry 4: the entry 'intent': "), "{:?}", story.strange);
    assert!(matches!(
        &story.moments[0].what,
        What::Deed { took: Some(Duration::ZERO), came: Came::Done, .. }
    ));
    // What came of something that nobody intended is told too.
    let mut book = Book::of("R1", State::Left);
    book.began().done(Effect::Reload);
    assert!(matches!(&book.story().moments[0].what, What::Deed { took: None, came: Came::Done, .. }));
}

#[test]
fn configurations_that_differ_in_what_is_not_shown_are_not_the_same() {
    let change = |before: &str, after: &str| {
        let mut book = Book::of("R1", State::Left);
        book.raw(Kind::Backup, Some(record::BEFORE), before).raw(Kind::Backup, Some(record::AFTER), after);
        book.story().configuration.map(|change| change.lines)
    };
    assert_eq!(
        change("enable secret 5 a\nend\n", "enable secret 5 b\nend\n").as_deref(),
        Some("  only secrets differ\n")
    );
    assert_eq!(change("enable secret 5 a\nend\n", "enable secret 5 a\nend\n").as_deref(), Some(""));
    assert_eq!(
        Book::of("R1", State::Left).raw(Kind::Backup, Some(record::BEFORE), "end").story().configuration,
        None
    );
}

/// The events have the same: each deed once, each difference once.
#[test]
fn its_events_say_the_same() {
    let story = eventful().story();
    let entries: Vec<UpgradeEntry> =
        story.moments.iter().map(|moment| UpgradeEntry::new(7, &story.device, moment)).collect();
    let words: Vec<&str> = entries.iter().map(|entry| entry.entry).collect();
    let expected = [
        "done",
        "failed",
        "done",
        "done",
        "done",
        "unknown",
        "resumed",
        "done",
        "done",
        "turned-back",
        "done",
        "done",
        "note",
    ];
    assert_eq!(words, expected);
    assert_eq!((entries[2].seconds, entries[2].step), (Some(140.0), Some("transfer")));
    assert_eq!(entries[0].at, "2026-11-27T18:00:00.000Z");
    let device = UpgradeDevice::new(7, story);
    let json = line(1, UNIX_EPOCH, &Event::UpgradeDevice(Box::new(device)));
    for needed in [
        r#""state":"ended","outcome":"rolled-back","why":"it restarted"#,
        r#""version_before":"15.1(4)M4""#,
        r#""added":1,"removed":0,"difference":""#,
        r#""watched":["1 interface, 2 before; gone: Gi0/1","0 neighbours, 1 before; gone: SW1 at Gi0/1","42 routes, 44 before; gone: 2 of connected"]"#,
        r#""gone":["interfaces: Gi0/1","neighbours: SW1 at Gi0/1","routes: 2 of connected"]"#,
        r#""last":"2026-11-27T18:08:53.000Z""#,
    ] {
        assert!(json.contains(needed), "{needed} in {json}");
    }
}

fn holder() -> db::journal::Holder {
    db::journal::Holder { pid: 9, started: Some(1), host: "far".into(), boot: "b".into(), since: BEGAN }
}

/// The times of the snapshot are of here.
fn without_time(line: &str) -> String {
    let is_time = |word: &str| word.len() == 19 && word.as_bytes()[4] == b'-' && word.as_bytes()[13] == b':';
    match line.get(2..21).filter(|word| is_time(word)) {
        Some(time) => line.replace(time, "TIME"),
        None => line.to_owned(),
    }
}
