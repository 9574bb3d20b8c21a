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

#[test]
fn the_units_do_under_systemd_what_they_say() {
    if !e2e::is_soak() {
        return;
    }
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
    let settings = fs::read_to_string(packaging.join("towline.toml")).unwrap();
    // The package makes the user; it is not installed here.
    let settings = settings.replace("user = \"towline\"", "user = \"65534:65534\"");
    fs::write(dir.path().join("files/etc/towline/towline.toml"), settings).unwrap();
    fs::write(dir.path().join("files/srv/towline/a.bin"), "octets\n").unwrap();
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
