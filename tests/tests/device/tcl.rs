//! `tclsh`, by hand and by netmiko.

use crate::bench::{Bench, R1};
use e2e::peers::Peer;

#[test]
fn files_are_written_line_by_line_and_are_there_at_the_end() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.answer("tclsh", "R1(tcl)#");
    p.answer("puts [open \"flash:f.txt\" w+] {hostname R1", "+>");
    p.answer("! what? $x [y]", "+>");
    p.answer("}", "R1(tcl)#");
    assert!(!bench.flash("f.txt").exists());
    assert_eq!(p.answer("set a \"so $b\"", "R1(tcl)#"), "can't read \"b\": no such variable\n");
    assert_eq!(p.answer("set b 5; puts \"b is $b\"", "R1(tcl)#"), "5\nb is 5\n");
    let wrong = "couldn't open \"tftp://10.0.0.1/x\": bad file name\n";
    assert_eq!(p.answer("open tftp://10.0.0.1/x w", "R1(tcl)#"), wrong);
    // Whatever else is typed is a command.
    assert_eq!(p.answer("show privilege", "R1(tcl)#"), "Current privilege level is 15\n");
    assert!(p.answer("frobnicate 5", "R1(tcl)#").contains("% Invalid input detected at '^' marker."));
    p.answer("tclquit", "R1#");
    assert_eq!(
        std::fs::read_to_string(bench.flash("f.txt")).expect("there"),
        "hostname R1\n! what? $x [y]\n\n"
    );
    p.answer("tclsh", "R1(tcl)#");
    assert_eq!(p.answer("set f [open flash:f.txt a]", "R1(tcl)#"), "file0\n");
    p.answer("puts -nonewline $f more", "R1(tcl)#");
    p.answer("close $f", "R1(tcl)#");
    assert!(std::fs::read_to_string(bench.flash("f.txt")).expect("there").ends_with("[y]\n\nmore"));
    p.answer("tclquit", "R1#");
}

const NETMIKO: &str = r#"
import sys
from netmiko import ConnectHandler, InLineTransfer
at = dict(host="127.0.0.1", port=int(sys.argv[1]), username="bob", password=sys.argv[2])
with ConnectHandler(device_type="cisco_ios", **at) as c:
    with InLineTransfer(c, source_config=sys.argv[3], dest_file="inline.txt", file_system="flash:") as t:
        assert not t.check_file_exists()
        t.put_file()
        assert t.check_file_exists() and t.compare_md5(), t.remote_md5()
"#;

#[test]
fn netmiko_transfers_a_file_inline() {
    let Some(netmiko) = Peer::python("netmiko") else { return };
    let bench = Bench::r1();
    let password = e2e::battery::USER.1;
    bench.startup(&format!("username bob privilege 15 secret {password}\n{R1}"));
    let device = bench.device();
    device.power_on();
    let lines = crate::ssh::lines(&device, transport::ssh::Ios::Xe17);
    let text: String =
        (0..40).map(|n| format!("interface Loopback{n}\n description number? {n}\n")).collect();
    let mut python = netmiko.command();
    python.args(["-c", NETMIKO, &lines.address().port().to_string(), password, &text]);
    let ran = python.stdin(std::process::Stdio::null()).output().expect("python starts");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert_eq!(std::fs::read_to_string(bench.flash("inline.txt")).expect("there"), format!("{text}\n"));
}
