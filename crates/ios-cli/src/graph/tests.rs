use super::*;
use alloc::string::ToString;

#[derive(Clone, Copy, PartialEq, Debug)]
enum Do {
    Version,
    Privilege,
    Processes,
    Flash,
    Copy,
    Dir,
    Delete,
    Wipe,
    Terminal,
    Clear,
    Clock,
    Configure,
    Hostname,
    Boot,
    Register,
    Interface,
    Address,
    Shutdown,
    Exit,
    Secret,
}

const SHOW: &str = "Show running system information";
const E: Modes = Modes::EXEC;
const C: Modes = Modes::CONFIG;

const ROWS: &[Row<Do>] = &[
    Row::new("show version", &[SHOW, "System hardware and software status"], E, 1, Do::Version).piped(),
    Row::new("show privilege", &[SHOW, "Show current privilege level"], E, 1, Do::Privilege).piped(),
    Row::new("show processes", &[SHOW, "Active process statistics"], E, 1, Do::Processes).piped(),
    Row::new("show <fs:fs>", &[SHOW, "display information about {}"], E, 1, Do::Flash).piped(),
    Row::new(
        "copy [/noverify | /erase] <src:url> <dst:url>",
        &["Copy from one file to another", "Don't verify", "Erase destination", "Copy from {}", "Copy to {}"],
        E,
        15,
        Do::Copy,
    ),
    Row::new(
        "dir [/all] [<file:file>]",
        &["List files on a filesystem", "List all files", "Directory or file name"],
        E,
        1,
        Do::Dir,
    )
    .piped(),
    Row::new("delete <file:file>", &["Delete a file", "File to be deleted"], E, 15, Do::Delete),
    Row::new(
        "wipe ([/force] [/recursive]) <file:file>",
        &["Delete a file", "Force delete", "Recursive delete", "File to be deleted"],
        E,
        15,
        Do::Wipe,
    ),
    Row::new(
        "terminal {length | width} <n:0-512>",
        &[
            "Set terminal line parameters",
            "Set number of lines on a screen",
            "Set width of the display terminal",
            "Number (0 for none)",
        ],
        E,
        1,
        Do::Terminal,
    ),
    Row::new("clear", &["Reset functions"], E, 15, Do::Clear),
    Row::new("clock", &["Manage the system clock"], E, 15, Do::Clock),
    Row::new(
        "configure [terminal]",
        &["Enter configuration mode", "Configure from the terminal"],
        E,
        15,
        Do::Configure,
    ),
    Row::new(
        "[no] hostname <name:word>",
        &["Set system's network name", "This system's network name"],
        C,
        15,
        Do::Hostname,
    ),
    Row::new(
        "[no] boot system flash <file:word>",
        &[
            "Modify system boot parameters",
            "System image file",
            "Boot from flash memory",
            "System image filename",
        ],
        C,
        15,
        Do::Boot,
    ),
    Row::new(
        "[no] boot system <file:url>",
        &["Modify system boot parameters", "System image file", "URL of the file"],
        C,
        15,
        Do::Boot,
    ),
    Row::new(
        "config-register <value:hex>",
        &["Define the configuration register", "Config register number"],
        C,
        15,
        Do::Register,
    ),
    Row::new(
        "[no] enable secret <text:line>",
        &[
            "Modify enable password parameters",
            "Assign the privileged level secret",
            "The UNENCRYPTED (cleartext) 'enable' secret",
        ],
        C,
        15,
        Do::Secret,
    ),
    Row::new(
        "interface <if:interface>",
        &["Select an interface to configure", "Interface"],
        C,
        15,
        Do::Interface,
    ),
    Row::new(
        "[no] ip address <ip:addr> <mask:addr>",
        &[
            "Interface Internet Protocol config commands",
            "Set the IP address of an interface",
            "IP address",
            "IP subnet mask",
        ],
        Modes::INTERFACE,
        15,
        Do::Address,
    ),
    Row::new("[no] shutdown", &["Shutdown the selected interface"], Modes::INTERFACE, 15, Do::Shutdown),
    Row::new("exit", &["Exit from this mode"], E.union(C).union(Modes::INTERFACE), 1, Do::Exit),
];

const OFFERS: &[Offer<'static>] = &[
    Offer { name: "flash0:", doc: "flash0: file system", local: true },
    Offer { name: "flash:", doc: "flash: file system", local: true },
    Offer { name: "ftp:", doc: "ftp: file system", local: false },
    Offer { name: "nvram:", doc: "nvram: file system", local: true },
    Offer { name: "rcp:", doc: "rcp: file system", local: false },
    Offer { name: "running-config", doc: "current system configuration", local: false },
    Offer { name: "startup-config", doc: "startup configuration", local: false },
    Offer { name: "tftp:", doc: "tftp: file system", local: false },
];

fn scope(mode: Modes) -> Scope<'static> {
    Scope { mode, privilege: 15, offers: OFFERS }
}

fn read(mode: Modes, line: &str) -> Outcome<Do> {
    Graph::new(&[ROWS]).read(&scope(mode), line)
}

fn found(mode: Modes, line: &str) -> Match<Do> {
    match read(mode, line) {
        Outcome::Match(m) => m,
        other => panic!("{line}: {other:?}"),
    }
}

/// What the device shows for a line, as a session.
fn session(mode: Modes, line: &str) -> String {
    let prompt = mode.prompt("R1", 15);
    alloc::format!("{prompt}{line}\n{}", read(mode, line).complaint(line, prompt.len()).unwrap_or_default())
}

fn help(mode: Modes, line: &str) -> String {
    Graph::new(&[ROWS]).help(&scope(mode), line).0
}

#[test]
fn words_may_be_short_in_any_case_and_far_apart() {
    assert_eq!(found(E, "show version").id, Do::Version);
    assert_eq!(found(E, "  SH   ver ").id, Do::Version);
    assert_eq!(found(E, "conf t").id, Do::Configure);
    assert_eq!(found(E, "copy  running-config startup-config").id, Do::Copy);
}

#[test]
fn parts_may_come_in_any_order_and_are_listed_in_one() {
    for line in
        ["wipe /force /recursive flash:x", "wipe /r /f flash:x", "wipe /recursive flash:x", "wipe flash:x"]
    {
        let way = found(E, line);
        let given = |part: &str| line.contains(&part[..2]) == way.has(part);
        assert!(
            given("/force") && given("/recursive") && way.text("file") == Some("flash:x"),
            "{line}: {way:?}"
        );
    }
    assert!(
        matches!(read(E, "wipe /force /force flash:x"), Outcome::Invalid { word: 2, .. }),
        "none of them twice"
    );
    let ways: Vec<String> =
        Graph::new(&[ROWS]).straight().filter(|way| way.id == Do::Wipe).map(|way| way.to_string()).collect();
    assert_eq!(
        ways,
        ["wipe /force /recursive WORD", "wipe /recursive WORD", "wipe /force WORD", "wipe WORD"]
    );
    for line in ["wipe ", "wipe /recursive "] {
        assert_eq!(help(E, line).matches("/force").count(), 1, "{line}");
    }
    assert!(!help(E, "wipe /recursive /force ").contains("/force"));
}

#[test]
fn errors_read_as_on_the_device() {
    assert_eq!(
        session(E, "show vlan"),
        "R1#show vlan\n         ^\n% Invalid input detected at '^' marker.\n\n"
    );
    assert_eq!(session(E, "terminal length"), "R1#terminal length\n% Incomplete command.\n\n");
    assert_eq!(session(E, "sh pr"), "R1#sh pr\n% Ambiguous command:  \"sh pr\"\n");
    assert_eq!(session(C, "do sh pr"), "R1(config)#do sh pr\n% Ambiguous command:  \"do sh pr\"\n");
    assert_eq!(session(E, "cl"), "R1#cl\n% Ambiguous command:  \"cl\"\n");
}

#[test]
fn write_in_configuration_mode_is_a_caret_under_its_first_letter() {
    assert_eq!(
        session(C, "write"),
        "R1(config)#write\n           ^\n% Invalid input detected at '^' marker.\n\n"
    );
}

#[test]
fn a_file_system_the_device_lacks_gets_the_caret_where_it_differs() {
    // `s` could have been `startup-config`.
    assert_eq!(read(E, "copy running-config slot0:x"), Outcome::Invalid { column: 21, word: 2 });
}

#[test]
fn a_bare_file_system_is_one_in_copy_and_show_and_a_file_in_dir() {
    let m = found(E, "copy tftp flash");
    assert_eq!((m.text("src"), m.text("dst")), (Some("tftp:"), Some("flash:")));
    let m = found(E, "copy run start");
    assert_eq!((m.text("src"), m.text("dst")), (Some("running-config"), Some("startup-config")));
    assert_eq!(found(E, "show flash").text("fs"), Some("flash:"));
    assert_eq!(found(E, "dir flash").text("file"), Some("flash"));
    assert_eq!(found(E, "dir flash:").text("file"), Some("flash:"));
    assert_eq!(found(E, "copy r1-confg tftp://10.0.0.1/x").text("src"), Some("r1-confg"));
    assert_eq!(read(E, "copy r start"), Outcome::Ambiguous);
}

#[test]
fn options_are_words_of_the_match() {
    let m = found(E, "copy /erase tftp: flash:");
    assert!(m.has("/erase") && !m.has("/noverify"));
    assert!(found(E, "dir /all").has("/all"));
    // What begins as an option is no file; the caret stands under the first letter that no option has there.
    for (line, column, word) in [
        ("dir /x", 5, 1),
        ("dir /alx", 7, 1),
        ("dir /all /x", 9, 2),
        ("copy /x flash: tftp:", 6, 1),
        ("copy /erase /x flash: tftp:", 12, 2),
    ] {
        assert_eq!(read(E, line), Outcome::Invalid { column, word }, "{line}");
    }
    assert_eq!(read(E, "copy / flash: tftp:"), Outcome::Ambiguous);
    assert_eq!(found(E, "copy flash:a /b").text("dst"), Some("/b"), "no option stands there");
    assert_eq!(found(E, "delete /x").text("file"), Some("/x"), "it has none");
    let m = found(E, "term wid 511");
    assert_eq!((m.has("width"), m.number("n")), (true, Some(511)));
    assert_eq!(read(E, "term wid 513"), Outcome::Invalid { column: 9, word: 2 });
}

#[test]
fn no_negates_and_may_leave_values_out() {
    let m = found(C, "no boot system");
    assert!(m.no && m.args.is_empty());
    let m = found(C, "no boot system flash:a.bin");
    assert_eq!((m.no, m.text("file")), (true, Some("flash:a.bin")));
    assert!(found(C, "no hostname").no);
    assert!(!found(C, "hostname R2").no);
    assert_eq!(read(C, "hostname"), Outcome::Incomplete);
    assert_eq!(read(C, "no exit"), Outcome::Invalid { column: 4, word: 1 });
}

#[test]
fn a_keyword_beats_a_value() {
    assert!(found(C, "boot system flash c2900.bin").has("flash"));
    assert_eq!(found(C, "boot system flash c2900.bin").text("file"), Some("c2900.bin"));
    assert_eq!(found(C, "boot system flash0:c2900.bin").text("file"), Some("flash0:c2900.bin"));
    assert_eq!(read(C, "boot system flash"), Outcome::Incomplete);
}

#[test]
fn do_runs_exec_commands_from_any_configuration_mode() {
    let m = found(Modes::INTERFACE, "do show version | include uptime");
    assert_eq!((m.id, m.via_do, m.mode), (Do::Version, true, E));
    assert!(m.filter.is_some());
    assert_eq!(read(E, "do show version"), Outcome::Invalid { column: 1, word: 0 });
}

#[test]
fn a_sub_mode_knows_its_parents_commands() {
    let m = found(Modes::INTERFACE, "hostname R2");
    assert_eq!(m.mode, C);
    assert_eq!(found(Modes::INTERFACE, "int g0/1").id, Do::Interface);
    assert_eq!(found(Modes::INTERFACE, "exit").mode, Modes::INTERFACE);
}

#[test]
fn interfaces_are_written_out_whole_or_in_two_words() {
    for line in ["interface g0/0", "int GigabitEthernet0/0", "interface gig 0/0"] {
        let m = found(C, line);
        let name = m.arg("if").and_then(Arg::interface).map(ToString::to_string);
        assert_eq!(name.as_deref(), Some("GigabitEthernet0/0"), "{line}");
    }
    assert_eq!(read(C, "interface g"), Outcome::Incomplete);
    assert_eq!(read(C, "interface e0/0"), Outcome::Ambiguous);
    assert_eq!(read(C, "interface x0/0"), Outcome::Invalid { column: 10, word: 1 });
}

#[test]
fn values_are_typed() {
    let m = found(Modes::INTERFACE, "ip address 10.0.0.2 255.0.0.0");
    assert_eq!(m.addr("ip"), Some(core::net::Ipv4Addr::new(10, 0, 0, 2)));
    assert_eq!(found(C, "config-register 0x2142").number("value"), Some(0x2142));
    assert_eq!(read(C, "config-register 2142"), Outcome::Invalid { column: 16, word: 1 });
    assert_eq!(found(C, "enable secret a b  c ").text("text"), Some("a b  c"));
    assert_eq!(
        read(Modes::INTERFACE, "ip address 10.0.0.300 255.0.0.0"),
        Outcome::Invalid { column: 11, word: 2 }
    );
}

#[test]
fn low_privilege_does_not_know_the_command() {
    let low = Scope { privilege: 1, ..scope(E) };
    assert!(matches!(
        Graph::new(&[ROWS]).read(&low, "copy run start"),
        Outcome::Invalid { column: 0, word: 0 }
    ));
}

#[test]
fn comments_and_blanks_are_nothing() {
    for line in ["", "   ", "! a comment", "  !"] {
        assert_eq!(read(E, line), Outcome::Empty);
    }
}

#[test]
fn modifiers_follow_where_output_does() {
    let m = found(E, "show version | inc boot|uptime");
    assert_eq!(m.filter.map(|f| f.apply("a boot\nb\nc uptime\n")).as_deref(), Some("a boot\nc uptime\n"));
    assert_eq!(read(E, "show version |"), Outcome::Incomplete);
    assert_eq!(read(E, "show version | zoo x"), Outcome::Invalid { column: 15, word: 3 });
    assert!(matches!(read(E, "copy run start | i x"), Outcome::Invalid { .. }));
}

#[test]
fn help_of_a_command_lists_what_may_follow() {
    assert_eq!(
        help(E, "copy "),
        "  /erase          Erase destination
  /noverify       Don't verify
  flash0:         Copy from flash0: file system
  flash:          Copy from flash: file system
  ftp:            Copy from ftp: file system
  nvram:          Copy from nvram: file system
  rcp:            Copy from rcp: file system
  running-config  Copy from current system configuration
  startup-config  Copy from startup configuration
  tftp:           Copy from tftp: file system

"
    );
    assert_eq!(help(E, "show version "), "  |     Output modifiers\n  <cr>\n\n");
    assert_eq!(help(E, "terminal length "), "  <0-512>  Number (0 for none)\n\n");
    assert_eq!(help(E, "conf "), "  terminal  Configure from the terminal\n  <cr>\n\n");
    assert_eq!(help(C, "hostname "), "  WORD  This system's network name\n\n");
}

#[test]
fn help_of_a_mode_has_its_header() {
    assert_eq!(
        help(Modes::INTERFACE, ""),
        "Interface configuration commands:
  do        To run exec commands in config mode
  exit      Exit from this mode
  ip        Interface Internet Protocol config commands
  no        Negate a command or set its defaults
  shutdown  Shutdown the selected interface

"
    );
    assert_eq!(
        help(Modes::INTERFACE, "no "),
        "  ip        Interface Internet Protocol config commands\n  shutdown  Shutdown the selected interface\n\n"
    );
}

#[test]
fn help_of_a_word_lists_words() {
    assert_eq!(help(E, "cl"), "clear  clock\n\n");
    assert_eq!(help(E, "copy fl"), "flash0:  flash:\n\n");
    assert_eq!(help(E, "show version | i"), "include\n\n");
    assert_eq!(help(E, "xyz"), "% Unrecognized command\n");
    assert_eq!(help(E, "xyz "), "% Unrecognized command\n");
    assert_eq!(help(E, "cl "), "% Ambiguous command:  \"cl \"\n");
}

#[test]
fn help_reaches_behind_do_and_into_the_parent() {
    assert_eq!(help(C, "do cl"), "clear  clock\n\n");
    assert_eq!(help(Modes::INTERFACE, "hostname "), "  WORD  This system's network name\n\n");
}

#[test]
fn tab_writes_out_what_can_only_be_one_word() {
    let g = Graph::new(&[ROWS]);
    let tab = |mode, line| g.complete_word(&scope(mode), line);
    assert_eq!(tab(E, "sh").as_deref(), Some("show "));
    assert_eq!(tab(E, "sh ver").as_deref(), Some("sh version "));
    assert_eq!(tab(E, "dir nv").as_deref(), Some("dir nvram:"));
    assert_eq!(tab(E, "copy run").as_deref(), Some("copy running-config "));
    assert_eq!(tab(E, "cl"), None);
    assert_eq!(tab(E, "zz"), None);
    assert_eq!(tab(E, "show "), None);
    assert_eq!(tab(C, "do sh").as_deref(), Some("do show "));
}

#[test]
fn times_and_months_are_values_with_signs_of_their_own() {
    let graph = Graph::new(&[&[Row::new(
        "clock set <time:time> <day:1-31> <month:month>",
        &["Manage the system clock", "Set the time and date", "Current Time", "Day", "Month of the year"],
        E,
        15,
        Do::Clock,
    )]]);
    let scope = Scope { mode: E, privilege: 15, offers: &[] };
    let read = |line: &str| graph.read(&scope, line);
    for (month, number) in [("Nov", 11), ("november", 11), ("MAY", 5), ("sept", 9), ("f", 2), ("jul", 7)] {
        let Outcome::Match(found) = read(&alloc::format!("clock set 23:05:9 1 {month}")) else {
            panic!("{month}");
        };
        assert_eq!((found.number("time"), found.number("month")), (Some(83_109), Some(number)), "{month}");
    }
    assert_eq!(read("clock set 1:2:3 1 ma"), Outcome::Ambiguous);
    for (bad, column) in [
        ("clock set 24:00:00 1 Jan", 10),
        ("clock set 1:2 1 Jan", 10),
        ("clock set 1:2:+3 1 Jan", 10),
        ("clock set 1:2:3:4 1 Jan", 10),
        ("clock set 1:2:3 1 Janx", 21),
        ("clock set 1:2:3 1 mayo", 21),
    ] {
        assert!(
            matches!(read(bad), Outcome::Invalid { column: at, .. } if at == column),
            "{bad}: {:?}",
            read(bad)
        );
    }
    assert!(graph.help(&scope, "clock set ").0.contains("  hh:mm:ss  Current Time\n"));
    assert!(graph.help(&scope, "clock set 1:2:3 1 ").0.contains("  MONTH  Month of the year\n"));
}
