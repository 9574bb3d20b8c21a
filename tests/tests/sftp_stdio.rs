//! OpenSSH's own client against our SFTP sessions, over a socket pair in place of SSH (`sftp -D`).

use e2e::content::Content;
use e2e::peers::Peer;
use e2e::process::{Ended, Process};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// What one run may take: nothing here lasts longer than some seconds, and what hangs does so for ever.
const PATIENCE: Duration = Duration::from_secs(60);

struct Run {
    /// What is served.
    served: TempDir,
    /// Where the client is.
    here: TempDir,
}

fn run() -> Run {
    Run { served: tempfile::tempdir().unwrap(), here: tempfile::tempdir().unwrap() }
}

impl Run {
    /// Does the commands of a script; `None`: the client is not here.
    fn sftp(&self, flags: &[&str], script: &str) -> Option<Ended> {
        let sftp = Peer::find("openssh-client", "sftp")?;
        let batch = self.here.path().join("batch");
        fs::write(&batch, script).unwrap();
        let server = format!("{} {}", env!("CARGO_BIN_EXE_sftp_stdio"), self.served.path().display());
        let mut command = sftp.command();
        command.current_dir(self.here.path()).args(flags).arg("-b").arg(&batch).args(["-D", &server]);
        let ended = Process::start(&mut command).wait(PATIENCE);
        Some(ended)
    }

    fn does(&self, flags: &[&str], script: &str) -> Option<String> {
        let ended = self.sftp(flags, script)?;
        assert_eq!(ended.code(), 0, "{script}: {}{}", ended.out, ended.err);
        Some(ended.out)
    }

    fn here(&self, name: &str) -> Vec<u8> {
        fs::read(self.here.path().join(name)).unwrap()
    }

    fn served(&self, name: &str) -> Vec<u8> {
        fs::read(self.served.path().join(name)).unwrap()
    }
}

fn write(dir: &TempDir, name: impl AsRef<Path>, octets: &[u8]) {
    fs::write(dir.path().join(name), octets).unwrap();
}

#[test]
fn whatever_is_in_flight_comes_whole_both_ways() {
    let run = run();
    let (up, down) = (Content::random(3_000_017).octets(), Content::random(3_000_017).octets());
    write(&run.here, "up", &up);
    write(&run.served, "down", &down);
    for requests in ["1", "64", "256", "1024"] {
        for octets in ["1024", "32768", "261120"] {
            let flags = ["-R", requests, "-B", octets];
            if run.does(&flags, "put up up\nget down down\n").is_none() {
                return;
            }
            assert!(run.served("up") == up && run.here("down") == down, "{flags:?}");
            fs::remove_file(run.served.path().join("up")).unwrap();
            fs::remove_file(run.here.path().join("down")).unwrap();
        }
    }
}

#[test]
fn nothing_one_octet_and_what_is_half_there() {
    let run = run();
    let all = Content::random(700_001).octets();
    for (name, octets) in [("none", &[][..]), ("one", &[7]), ("all", &all)] {
        write(&run.here, name, octets);
    }
    // The server has the first half of one file, the client that of another.
    write(&run.served, "all.up", &all[..300_000]);
    write(&run.here, "all.down", &all[..400_000]);
    let script = "put none\nput one\nget none none.back\nget one one.back\n\
        reput all all.up\nreget all.up all.down\n";
    if run.does(&[], script).is_none() {
        return;
    }
    assert_eq!((run.here("none.back"), run.here("one.back")), (vec![], vec![7]));
    assert!(run.served("all.up") == all && run.here("all.down") == all);
}

#[test]
fn the_verbs_of_a_session_do_what_they_say() {
    let run = run();
    write(&run.here, "f", b"content");
    write(&run.served, "z\u{e9} \u{2713}", b"odd");
    symlink("/etc/passwd", run.served.path().join("out")).unwrap();
    let script = "mkdir d\nput -p f d/a\nchmod 640 d/a\nrename d/a d/b\nln d/b d/c\nln -s b d/l\ncp d/b d/e\n\
        get z* odd\n-get out\n-rmdir d\nls -l d\nls -1\ndf -h\npwd\nrm d/c\n";
    let Some(out) = run.does(&[], script) else { return };
    assert_eq!(run.here("odd"), b"odd");
    assert!(!run.here.path().join("out").exists(), "{out}");
    assert_eq!(
        (run.served("d/b"), run.served("d/l"), run.served("d/e")),
        (b"content".to_vec(), b"content".to_vec(), b"content".to_vec())
    );
    assert!(!run.served.path().join("d/c").exists());
    assert!(out.contains("-rw-r-----") && out.contains("Remote working directory: /"), "{out}");
    // A name that is taken, a directory that is not empty, a file that is not there.
    for wrong in ["rmdir d", "get missing", "put f missing/f", "ln d/b d/e"] {
        assert_ne!(run.sftp(&[], wrong).unwrap().code(), 0, "{wrong}");
    }
}

#[test]
fn a_tree_goes_up_and_comes_down() {
    let run = run();
    for dir in ["t", "t/e", "t/e/deep"] {
        fs::create_dir(run.here.path().join(dir)).unwrap();
        for n in 0..20 {
            write(&run.here, format!("{dir}/{n}"), format!("{dir} {n}").as_bytes());
        }
    }
    if run.does(&[], "put -r t\nget -r t back\n").is_none() {
        return;
    }
    for dir in ["", "/e", "/e/deep"] {
        for n in 0..20 {
            assert_eq!(run.here(&format!("back{dir}/{n}")), format!("t{dir} {n}").as_bytes());
        }
    }
}
