//! The Debian package, in a tree of its own: it is installed, its program serves by the configuration that comes with
//! it, and after a purge nothing is left.

use e2e::poll::PATIENCE;
use e2e::process::{Process, run};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

/// Every path below `dir`, relative to it.
fn tree(dir: &Path) -> Vec<String> {
    let mut all = Vec::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(at) = open.pop() {
        for entry in fs::read_dir(&at).unwrap() {
            let path = entry.unwrap().path();
            all.push(path.strip_prefix(dir).unwrap().display().to_string());
            if path.is_dir() && !path.is_symlink() {
                open.push(path);
            }
        }
    }
    all.sort();
    all
}

/// `dpkg` with a database of its own, whose scripts run against `root` by a stub for what only a real system has.
fn dpkg(root: &Path, arguments: &[&str]) -> Command {
    let mut c = Command::new("dpkg");
    c.arg(format!("--root={}", root.display()));
    // Scripts are run by hand below: there is no shell in that tree to run them with.
    c.args(["--force-not-root", "--force-depends", "--force-script-chrootless"]).args(arguments);
    c
}

/// What `cargo xtask dist` made whose name ends so. The program in it is the one that the tests have.
fn made(end: &str) -> PathBuf {
    static SAID: OnceLock<String> = OnceLock::new();
    let said = SAID.get_or_init(|| {
        let mut dist = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        dist.args(["run", "--quiet", "-p", "xtask", "--", "dist", "--program"]).arg(e2e::towline::program());
        // Packing a debug build takes half a minute of a processor that nobody else wants.
        let made = Process::start(dist.current_dir(e2e::root())).wait(Duration::from_secs(600));
        assert_eq!(made.code(), 0, "{made:?}");
        made.out
    });
    let name = |line: &str| line.strip_prefix("dist: ")?.split_once(' ').map(|(path, _)| PathBuf::from(path));
    let path = said.lines().filter_map(name).find(|path| path.to_string_lossy().ends_with(end));
    path.unwrap_or_else(|| panic!("no {end} in {said}"))
}

/// The Containerfile's instructions: each with its text, lines joined.
fn instructions() -> Vec<(String, String)> {
    let text = fs::read_to_string(e2e::root().join("packaging/Containerfile")).unwrap().replace("\\\n", " ");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split_once(' ').unwrap()).map(|(word, rest)| (word.into(), rest.into())).collect()
}

/// There is no container engine here: its steps are done over a copy-on-write view of this root, which is a Debian too.
#[test]
fn the_containerfiles_steps_make_an_image_that_serves_over_the_ports_it_names() {
    if !e2e::is_soak() {
        return;
    }
    let (dir, tarball) = (e2e::scratch(), made(".tar.gz"));
    fs::copy(&tarball, dir.path().join("t.tar.gz")).unwrap();
    let (mut script, mut entry) = (String::from("set -e\n"), Vec::new());
    for (word, rest) in instructions() {
        match word.as_str() {
            // An archive is unpacked where it is added.
            "ADD" => {
                let to = rest.strip_prefix("${TARBALL} ").expect("the tarball is what is added");
                script.push_str(&format!("mkdir -p {to}\ntar -xzf /mnt/t.tar.gz -C {to}\n"));
            }
            "RUN" => script.push_str(&format!("{rest}\n")),
            "ENTRYPOINT" | "CMD" => entry.extend(serde_json::from_str::<Vec<String>>(&rest).expect("JSON")),
            "EXPOSE" => assert_eq!(rest, "69/udp 21/tcp 50000-50019/tcp"),
            "FROM" => assert!(rest.starts_with("debian:"), "{rest}"),
            "ARG" | "VOLUME" | "STOPSIGNAL" => {}
            other => panic!("{other} is not known here"),
        }
    }
    let entry: Vec<String> = entry.iter().map(|word| format!("'{word}'")).collect();
    script.push_str(&format!(
        "printf octets >/srv/towline/a.bin\n{} >/mnt/said 2>&1 &\n\
         until curl -s tftp://127.0.0.1/a.bin; do sleep 0.1; done; echo\n\
         curl -sv ftp://127.0.0.1/a.bin 2>/mnt/dialogue; echo\n\
         sed -n 's/.*|||\\(.*\\)|.*/\\1/p' /mnt/dialogue\n\
         ps -o user= -p $!\nkill -TERM $!\nwait $!\n",
        entry.join(" ")
    ));
    let Some(ended) = e2e::copied_root::in_a_copy_of_this_root(dir.path(), &script) else {
        println!("soak: no right to make namespaces");
        return;
    };
    let said = fs::read_to_string(dir.path().join("said")).unwrap_or_default();
    assert_eq!(ended.code(), 0, "{ended:?}\n{said}");
    let lines: Vec<&str> = ended.out.lines().collect();
    let [tftp, ftp, port, user] = lines[..] else { panic!("{lines:?}\n{said}") };
    assert_eq!((tftp, ftp, user), ("octets", "octets", "towline"), "{said}");
    assert!((50_000..=50_019).contains(&port.parse::<u16>().unwrap()), "{port}");
    println!("soak: the Containerfile's steps over this root: served over TFTP and FTP, as its own user");
}

#[test]
fn a_package_is_installed_serves_and_leaves_nothing_behind() {
    if !e2e::peers::is_root("busybox") || Command::new("dpkg").arg("--version").output().is_err() {
        return;
    }
    let deb = made(".deb");
    let dir = e2e::scratch();
    let root = dir.path();
    // What a system has before.
    for there in
        ["var/lib/dpkg/info", "var/lib/dpkg/updates", "etc", "srv", "var/log", "usr", "lib", "bin", "tmp"]
    {
        fs::create_dir_all(root.join(there)).unwrap();
    }
    for file in ["var/lib/dpkg/status", "var/lib/dpkg/available"] {
        fs::write(root.join(file), "").unwrap();
    }
    // The scripts' own commands, which only tell: the users of this machine are none of the test's business.
    let stubs = root.join("tmp");
    for stub in ["adduser", "deluser", "systemctl"] {
        fs::write(stubs.join(stub), "#!/bin/sh\necho \"$0 $*\" >>\"$DPKG_ROOT/tmp/called\"\n").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(stubs.join(stub), mode).unwrap();
    }
    let known = "#!/bin/sh\nexec grep -qs adduser \"$DPKG_ROOT/tmp/called\"\n";
    fs::write(stubs.join("getent"), known).unwrap();
    fs::set_permissions(stubs.join("getent"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", stubs.display(), std::env::var("PATH").unwrap_or_default());
    let before = tree(root);

    let installed = run(dpkg(root, &["--install"]).arg(&deb).env("PATH", &path));
    assert_eq!(installed.code(), 0, "{installed:?}");
    for there in [
        "usr/bin/towline",
        "lib/systemd/system/towline.service",
        "lib/systemd/system/towline-tftp.socket",
        "etc/towline/towline.toml",
        "usr/share/man/man1/towline-serve.1.gz",
        "usr/share/bash-completion/completions/towline",
        "srv/towline",
        "var/lib/towline",
    ] {
        assert!(root.join(there).exists(), "{there} is not installed: {:#?}", tree(root));
    }
    assert!(fs::read_to_string(stubs.join("called")).unwrap().contains("adduser --system --group"));

    // The configuration of the package, in this tree and on free ports.
    let settings = fs::read_to_string(root.join("etc/towline/towline.toml")).unwrap();
    let here = |text: &str| text.replace("\"/", &format!("\"{}/", root.display()));
    let settings = here(&settings).replace("user = \"towline\"", "user = \"65534:65534\"");
    let run_dir = root.join("run/towline");
    fs::create_dir_all(&run_dir).unwrap();
    fs::write(root.join("srv/towline/a.bin"), "octets").unwrap();
    std::os::unix::fs::chown(root.join("var/lib/towline"), Some(65_534), Some(65_534)).unwrap();
    let file = root.join("tmp/t.toml");
    fs::write(
        &file,
        settings.replace("[server]", "[server]\nbind = [\"127.0.0.1\"]")
            + "[tftp]\nport = 0\n[ftp]\nport = 0\n",
    )
    .unwrap();
    let mut c = Command::new(root.join("usr/bin/towline"));
    c.args(["serve", "--json", "--config"]).arg(&file);
    let mut process = Process::start(&mut c);
    process.wait_for("a listener", |s| s.out.iter().any(|l| l.contains("\"listening\"")).then_some(()));
    process.signal(rustix::process::Signal::TERM);
    assert_eq!(process.wait(PATIENCE).code(), 0);
    fs::remove_file(root.join("srv/towline/a.bin")).unwrap();
    fs::remove_dir_all(root.join("run")).unwrap();
    fs::remove_file(file).unwrap();

    let purged = run(dpkg(root, &["--purge", "towline"]).env("PATH", &path));
    assert_eq!(purged.code(), 0, "{purged:?}");
    assert!(fs::read_to_string(stubs.join("called")).unwrap().contains("deluser"));
    fs::remove_file(stubs.join("called")).unwrap();
    let ours = |path: &String| !path.starts_with("var/lib/dpkg") && !path.starts_with("var/log");
    let after: Vec<String> = tree(root).into_iter().filter(|p| ours(p) && !before.contains(p)).collect();
    assert_eq!(after, Vec::<String>::new());
}

#[test]
fn the_units_are_what_systemd_takes() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        return;
    }
    let (dir, packaging) = (e2e::scratch(), e2e::root().join("packaging"));
    let units: Vec<PathBuf> = fs::read_dir(packaging)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "service" || e == "socket"))
        .map(|path| {
            // Their program is not installed here.
            let text = fs::read_to_string(&path).unwrap().replace("/usr/bin/towline", "/bin/true");
            let copy = dir.path().join(path.file_name().unwrap());
            fs::write(&copy, text).unwrap();
            copy
        })
        .collect();
    assert_eq!(units.len(), 5);
    let verified = run(Command::new("systemd-analyze").args(["verify", "--man=no"]).args(&units));
    assert_eq!((verified.code(), verified.err.trim()), (0, ""), "{verified:?}");
}
