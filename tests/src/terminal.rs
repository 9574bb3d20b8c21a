//! Somebody at a terminal of their own, on which a program runs.

use crate::poll::PATIENCE;
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};

/// A terminal of 200 columns: nothing of what is typed goes on in another row.
pub struct Terminal {
    child: Child,
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    seen: String,
}

impl Terminal {
    /// Runs a command on it, in a session whose terminal it is: Ctrl-C is a signal.
    ///
    /// # Panics
    /// When there is no pseudo-terminal, or the command does not start.
    pub fn run(command: &Command) -> Terminal {
        // Ours alone: a program that had it as well would not hear that its terminal is gone.
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).expect("a pseudo-terminal");
        grantpt(&master).expect("it is ours");
        unlockpt(&master).expect("it is ours");
        let size = Winsize { ws_row: 50, ws_col: 200, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&master, size).expect("a size");
        let name = ptsname(&master, Vec::new()).expect("it has a name");
        let slave = || {
            rustix::fs::open(&name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())
                .expect("its other side")
        };
        let mut c = Command::new("setsid");
        c.args(["--ctty", "--wait"]).arg(command.get_program()).args(command.get_args());
        crate::process::with_variables_of(&mut c, command).env("TERM", "xterm");
        if let Some(directory) = command.get_current_dir() {
            c.current_dir(directory);
        }
        let child = c.stdin(slave()).stdout(slave()).stderr(slave()).spawn().expect("setsid starts");
        Terminal::of(child, File::from(master))
    }

    /// Sits at this terminal of a program that runs, which may be another than the one it was started on.
    ///
    /// # Panics
    /// When there is no descriptor left.
    pub fn of(child: Child, keyboard: File) -> Terminal {
        let mut out = keyboard.try_clone().expect("a descriptor");
        let (tell, screen) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4_096];
            // A terminal that nobody holds any more ends in an error (EIO).
            while let Ok(n @ 1..) = out.read(&mut buffer) {
                if tell.send(buffer[..n].to_vec()).is_err() {
                    return;
                }
            }
        });
        Terminal { child, keyboard, screen, seen: String::new() }
    }

    /// Types.
    ///
    /// # Panics
    /// When the terminal is gone.
    pub fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("somebody reads");
    }

    /// Reads until `words` appear; gives what came before and forgets both.
    ///
    /// # Panics
    /// When they do not.
    pub fn until(&mut self, words: &str) -> String {
        loop {
            if let Some(at) = self.seen.find(words) {
                let rest = self.seen.split_off(at + words.len());
                return std::mem::replace(&mut self.seen, rest);
            }
            let more = self.screen.recv_timeout(PATIENCE);
            let more = more.unwrap_or_else(|e| panic!("{e} before {words:?}: {:?}", self.seen));
            self.seen.push_str(&String::from_utf8_lossy(&more));
        }
    }

    /// Lets somebody else sit there: types what `keys` gives, until that is `None`, and prints what comes, `None` at its end.
    /// The program is killed then.
    pub fn carry(
        mut self,
        mut keys: impl FnMut() -> Option<Vec<u8>>,
        mut print: impl FnMut(Option<&[u8]>) + Send + 'static,
    ) {
        let screen = std::mem::replace(&mut self.screen, channel().1);
        std::thread::spawn(move || {
            while let Ok(octets) = screen.recv() {
                print(Some(&octets));
            }
            print(None);
        });
        while let Some(typed) = keys() {
            if self.keyboard.write_all(&typed).is_err() {
                return;
            }
        }
    }

    /// Waits for its end; its exit code.
    ///
    /// # Panics
    /// When it does not end.
    pub fn exit(mut self) -> Option<i32> {
        let ended =
            crate::poll::until(PATIENCE, || self.child.try_wait().expect("a child can be waited for"));
        ended.expect("it ends").code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
