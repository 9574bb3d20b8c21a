//! The package's units under a real systemd, in namespaces of its own: readiness, watchdog, reload, sockets, stop.

use std::fs;
use std::os::unix::fs::PermissionsExt;

/// What an operator does. The watchdog is waited for as long as its unit says here.
const SCRIPT: &str = r#"
say() { echo "$1: $(systemctl show towline.service -p "$2" --value)"; }
ip link set lo up || busybox ip link set lo up
systemctl start towline.service; echo "start: $?"
say state ActiveState; say status StatusText
curl -s -m 10 tftp://127.0.0.1/a.bin
before=$(systemctl show towline.service -p WatchdogTimestampMonotonic --value)
for n in $(seq 300); do
    now=$(systemctl show towline.service -p WatchdogTimestampMonotonic --value)
    [ "$now" != "$before" ] && break; sleep 0.1
done
[ "$now" != "$before" ] && echo "watchdog: fed"
systemctl reload towline.service; echo "reload: $?"
say reloaded ActiveState
echo 'sandbx = "x"' >>/etc/towline/towline.toml
systemctl reload towline.service; echo "wrong reload: $?"
say kept ActiveState
curl -s -m 10 ftp://127.0.0.1/a.bin
sed -i '$d' /etc/towline/towline.toml
systemctl stop towline.service; echo "stop: $?"
say stopped Result
systemctl start towline-tftp.socket towline-ftp.socket towline-http.socket; echo "sockets: $?"
say waiting ActiveState
curl -s -m 30 tftp://127.0.0.1/a.bin
say woken ActiveState
curl -s -m 30 ftp://127.0.0.1/a.bin
curl -s -m 30 http://127.0.0.1/a.bin
systemctl stop towline-tftp.socket towline-ftp.socket towline-http.socket towline.service
say ended Result
cat /mnt/towline.err
echo "the end"
"#;

/// A directory for [`e2e::systemd::booted`], with the units, the program, this configuration and a file to serve.
fn host(settings: &str) -> tempfile::TempDir {
    let dir = e2e::scratch();
    let packaging = e2e::root().join("packaging");
    for name in [
        "units/towline.service.d",
        "files/usr/bin",
        "files/etc/towline",
        "files/srv/towline",
        "files/var/lib/towline",
    ] {
        fs::create_dir_all(dir.path().join(name)).unwrap();
    }
    for entry in fs::read_dir(&packaging).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "service" || e == "socket") {
            fs::copy(&path, dir.path().join("units").join(path.file_name().unwrap())).unwrap();
        }
    }
    let here = "[Service]\nWatchdogSec=4\nStandardError=append:/mnt/towline.err\n";
    fs::write(dir.path().join("units/towline.service.d/here.conf"), here).unwrap();
    let program = dir.path().join("files/usr/bin/towline");
    fs::copy(e2e::towline::program(), &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(dir.path().join("files/etc/towline/towline.toml"), settings).unwrap();
    fs::write(dir.path().join("files/srv/towline/a.bin"), "octets\n").unwrap();
    dir
}

/// The commands of the sessions in docs/operations.md that are not run there, in order.
fn an_operators_commands() -> Vec<String> {
    let text = fs::read_to_string(e2e::root().join("docs/operations.md")).unwrap();
    let sessions =
        text.split("<!-- not run: ").skip(1).map(|rest| rest.split("\n```\n").next().unwrap().to_owned());
    sessions
        .flat_map(|s| s.lines().filter_map(|l| l.strip_prefix("$ ").map(str::to_owned)).collect::<Vec<_>>())
        .collect()
}

#[test]
fn what_docs_operations_md_has_an_operator_type_at_a_host_makes_a_service() {
    if !e2e::is_soak() {
        return;
    }
    let commands = an_operators_commands();
    assert!(commands.len() > 4 && commands[0].starts_with("useradd "), "{commands:?}");
    let dir = host(&fs::read_to_string(e2e::root().join("packaging/towline.toml")).unwrap());
    let mut script = String::from(
        "ip link set lo up || busybox ip link set lo up\ngetent passwd towline; echo \"nobody yet: $?\"\n",
    );
    for command in &commands {
        script.push_str(&format!("{command} >/mnt/said 2>&1; echo \"{command}: $?\"\n"));
    }
    script.push_str(
        "grep -c 'active (running)' /mnt/said\n\
         stat -c '%a %U %n' /etc/towline /srv/towline /etc/towline/users.d /var/lib/towline\n\
         systemctl is-enabled towline; curl -s -m 10 tftp://127.0.0.1/a.bin\n\
         ps -o user= -C towline | sort -u\n\
         systemctl stop towline\necho 'the end'\n",
    );
    let Some(out) = e2e::systemd::booted(dir.path(), &script) else {
        println!("soak: no systemd here, or no namespaces");
        return;
    };
    let mut expected = String::from("nobody yet: 2\n");
    for command in &commands {
        expected.push_str(&format!("{command}: 0\n"));
    }
    expected.push_str(
        "1\n755 root /etc/towline\n755 nobody /srv/towline\n700 towline /etc/towline/users.d\n\
         700 towline /var/lib/towline\nenabled\noctets\nroot\ntowline\nthe end\n",
    );
    assert_eq!(out, expected);
    println!("soak: {} commands of docs/operations.md made a service of a bare host", commands.len());
}

#[test]
fn the_units_do_under_systemd_what_they_say() {
    if !e2e::is_soak() {
        return;
    }
    let settings = fs::read_to_string(e2e::root().join("packaging/towline.toml")).unwrap();
    // The package makes the user; it is not installed here.
    let dir = host(&settings.replace("user = \"towline\"", "user = \"65534:65534\""));
    let Some(out) = e2e::systemd::booted(dir.path(), SCRIPT) else {
        println!("soak: no systemd here, or no namespaces");
        return;
    };
    let expected = "start: 0\nstate: active\nstatus: serving /srv/towline\noctets\nwatchdog: fed\nreload: 0\n\
                    reloaded: active\nwrong reload: 1\nkept: active\noctets\nstop: 0\nstopped: success\nsockets: 0\n\
                    waiting: inactive\noctets\nwoken: active\noctets\noctets\nended: success\n";
    assert!(out.starts_with(expected), "{out}");
    println!("soak: started, fed its watchdog, reloaded twice, was stopped and woken by its sockets");
}
