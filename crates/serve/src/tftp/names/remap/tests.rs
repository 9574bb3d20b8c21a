use super::*;
use crate::tftp::names::client::Macs;

fn rules(text: &str) -> Rules {
    let mut rules = Rules::default();
    rules.add("rules", text).unwrap_or_else(|e| panic!("{e}\n{}", e.picture()));
    rules
}

fn client(at: &str) -> Client {
    Client::new(at.parse().unwrap(), "10.0.0.1".parse().unwrap(), Macs::Nowhere)
}

fn mapped(rules: &Rules, name: &str, op: Op, from: &str) -> Result<String, String> {
    let exists = |name: &[u8]| name == b"there";
    let new = rules.apply(name.as_bytes(), op, &client(from), &exists, &mut |_| {});
    new.map(|n| n.escape_ascii().to_string()).map_err(|why| why.to_string())
}

fn read(text: &str, name: &str) -> String {
    mapped(&rules(text), name, Op::Read, "10.0.0.2").unwrap()
}

#[test]
fn rules_chain_until_one_stops() {
    let text = "# what a bootloader asks\n^boot/(.*)$ => images/{1}\n\n^images/ => i/\n^i/a$ => b [stop]\n^b$ => c\n";
    assert_eq!(read(text, "boot/a"), "b");
    assert_eq!(read(text, "boot/x"), "i/x");
    assert_eq!(read(text, "b"), "c");
}

#[test]
fn first_all_or_no_match_is_replaced() {
    assert_eq!(read("a => o", "banana"), "bonana");
    assert_eq!(read("a => o [all]", "banana"), "bonono");
    assert_eq!(read("^(configs|images)/ => other/file [not]", "x"), "other/file");
    assert_eq!(read("^(configs|images)/ => other/file [not]", "images/x"), "images/x");
    assert_eq!(read("x* => - [all]", "ab"), "-a-b-");
    assert_eq!(read("^.*$ => {0:lower}", "Boot/BCD"), "boot/bcd");
    assert_eq!(read("BOOT => b [nocase]", "boot"), "b");
    // What a DHCP option without its NUL leaves behind a name.
    let junk = rules(r"[\xff\x20]+$ =>");
    let clean = junk.apply(b"pxelinux.0\xff \xff", Op::Read, &client("::1"), &|_| false, &mut |_| {});
    assert_eq!(clean.unwrap(), b"pxelinux.0");
}

#[test]
fn rules_are_for_some_requests_only() {
    let r = rules("^ => w/ [write]\n^ => r/ [read]\n^ => 4/ [ipv4]\n^ => 6/ [ipv6]\n^ => {octet4}/");
    assert_eq!(mapped(&r, "a", Op::Write, "10.0.0.2").unwrap(), "2/4/w/a");
    // IPv6 has no fourth octet: the last rule is passed over.
    assert_eq!(mapped(&r, "a", Op::Read, "2001:db8::7").unwrap(), "6/r/a");
    assert_eq!(mapped(&r, "a", Op::Read, "::ffff:10.0.0.2").unwrap(), "2/4/r/a");
}

#[test]
fn a_rule_may_ask_whether_the_new_name_is_there() {
    let text = "^.*$ => missing [exists,stop]\n^.*$ => there [exists,stop]\n^.*$ => last";
    assert_eq!(read(text, "a"), "there");
}

#[test]
fn a_refusal_has_its_own_words() {
    let r = rules("^private/(.*)$ => {1} is not for {ip} [refuse]");
    assert_eq!(mapped(&r, "private/key", Op::Read, "10.0.0.2").unwrap_err(), "key is not for 10.0.0.2");
    assert_eq!(mapped(&r, "public", Op::Read, "10.0.0.2").unwrap(), "public");
}

#[test]
fn rules_can_jump_and_circles_end() {
    let text = "^x => xx [goto=out]\n^xx => never\nlabel out\n^xx => y";
    assert_eq!(read(text, "x"), "y");
    // Repeated until it no longer matches.
    assert_eq!(read("^(.*)//(.*)$ => {1}/{2} [again]", "a////b"), "a/b");
    let circle = rules("^a$ => b\n^b$ => a [again]");
    let why = mapped(&circle, "a", Op::Read, "10.0.0.2").unwrap_err();
    assert_eq!(why, "the server's name rules go in circles (rules:2)");
    let mut circle = Rules::default();
    circle.add("/etc/secret/rules", "^ => x [again]").unwrap();
    let why = mapped(&circle, "a", Op::Read, "10.0.0.2").unwrap_err();
    assert!(!why.contains("/etc"), "no host path: {why}");
}

#[test]
fn names_do_not_grow_without_bound() {
    let r = rules("^.*$ => {0}{0} [again]");
    let why = mapped(&r, &"a".repeat(200), Op::Read, "10.0.0.2").unwrap_err();
    assert!(why.contains("too long"), "{why}");
    let r = rules(&format!("a => {} [all]", "b".repeat(4_000)));
    let why = mapped(&r, &"a".repeat(4_000), Op::Read, "10.0.0.2").unwrap_err();
    assert!(why.contains("too long"), "{why}");
}

#[test]
fn evil_patterns_stay_linear() {
    let r = rules("^(a|a|aa)*(a+)+$ => x");
    let before = std::time::Instant::now();
    assert_eq!(mapped(&r, &format!("{}b", "a".repeat(4_000)), Op::Read, "10.0.0.2").unwrap().len(), 4_001);
    assert!(before.elapsed().as_secs() < 5, "took {:?}", before.elapsed());
}

#[test]
fn each_rule_on_the_way_is_shown() {
    let r = rules("^a$ => b\n^c$ => d\n^b$ => {mac}/b\n^b$ => e [stop]");
    let mut seen = Vec::new();
    let new = r.apply(b"a", Op::Read, &client("10.0.0.2"), &|_| false, &mut |s| {
        seen.push((s.from.to_owned(), s.came.clone()));
    });
    assert_eq!(new.unwrap(), b"e");
    let came: Vec<_> = seen.into_iter().map(|(_, came)| came).collect();
    assert_eq!(came, [Came::Took(b"b".to_vec()), Came::Passed, Came::Unknown, Came::Took(b"e".to_vec())]);
}

#[test]
fn what_is_wrong_with_a_file_is_pointed_at() {
    let told = |text: &str| {
        let bad = Rules::default().add("map.rules", text).unwrap_err();
        assert!(!bad.way_out.is_empty(), "{text}");
        format!("{bad}\n{}", bad.picture())
    };
    assert_eq!(
        told("# fine\n^(.*$ => x"),
        "map.rules:2:2: the pattern is wrong: unclosed group\n2 | ^(.*$ => x\n  |  ^"
    );
    assert_eq!(
        told("^(.)$ => a/$1/b"),
        "map.rules:1:12: '$1' is no capture here\n1 | ^(.)$ => a/$1/b\n  |            ^^"
    );
    assert_eq!(told("  ^a$ -> b"), "map.rules:1:3: there is no ' => ' here\n1 |   ^a$ -> b\n  |   ^^^^^^^^");
    assert_eq!(
        told("ä => {ip}{x} [read]"),
        "map.rules:1:10: nothing is called 'x'\n1 | ä => {ip}{x} [read]\n  |          ^^^"
    );
    assert_eq!(
        told("a => b [raed]"),
        "map.rules:1:9: there is no flag 'raed'\n1 | a => b [raed]\n  |         ^^^^"
    );
    for (text, what) in [
        ("a => b [read,write]", "'write' contradicts a flag before it"),
        ("a => b [stop,goto=x]", "'goto=x' contradicts a flag before it"),
        ("a => b [all,not]", "'not' contradicts a flag before it"),
        ("a => b [exists,refuse]", "a refusal has none"),
        ("a => b [goto=x]", "there is no label 'x'"),
        ("label x\nlabel x", "is there twice"),
        ("((a{1000}){1000}){1000} => b", "octets of memory"),
        ("a => {1} [not]", "there are no captures here"),
    ] {
        assert!(told(text).contains(what), "{text}: {}", told(text));
    }
}

#[test]
fn a_bracket_of_the_text_is_no_flag() {
    assert_eq!(read("^a$ => b[1]", "a"), "b[1]");
    assert_eq!(read("^[a]$ => b [stop]", "a"), "b");
}
