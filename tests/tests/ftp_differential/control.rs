//! A client's end of FTP, as bare as it gets.

use crate::Who;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// The longest wait for a reply on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A control connection, as bare as it gets.
pub(crate) struct Control {
    from: BufReader<TcpStream>,
}

impl Control {
    pub(crate) fn open(to: SocketAddr) -> Control {
        let stream = TcpStream::connect(to).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        let mut control = Control { from: BufReader::new(stream) };
        let greeting = control.reply();
        assert_eq!(greeting, "220", "{to}");
        control
    }

    pub(crate) fn log_in(to: SocketAddr, who: &Who) -> Control {
        let mut control = Control::open(to);
        control.say(&format!("USER {}", who.user));
        assert_eq!(control.say(&format!("PASS {}", who.password)), "230", "{to}");
        if !who.directory.is_empty() {
            assert_eq!(control.say(&format!("CWD {}", who.directory)), "250", "{to}");
        }
        control
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        self.from.read_until(b'\n', &mut line)?;
        match line.len() {
            4.. => Ok(String::from_utf8_lossy(&line).into_owned()),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Its code; "closed" where there is none any more.
    pub(crate) fn reply(&mut self) -> String {
        let whole = |control: &mut Control| -> io::Result<(String, String)> {
            let first = control.line()?;
            let mut last = first.clone();
            while first.as_bytes()[3] == b'-' && !last.starts_with(&format!("{} ", &first[..3])) {
                last = control.line()?;
            }
            Ok((first[..3].to_owned(), last))
        };
        match whole(self) {
            Ok((code, _)) => code,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => panic!("no reply within {PATIENCE:?}"),
            Err(_) => String::from("closed"),
        }
    }

    pub(crate) fn say(&mut self, command: &str) -> String {
        if self.tell(command).is_err() {
            return String::from("closed");
        }
        self.reply()
    }

    pub(crate) fn tell(&mut self, command: &str) -> io::Result<()> {
        self.from.get_mut().write_all(format!("{command}\r\n").as_bytes())
    }

    /// Whether a reply, or the end, comes within this time.
    pub(crate) fn hears(&mut self, within: Duration) -> bool {
        let stream = self.from.get_ref();
        stream.set_read_timeout(Some(within)).expect("a socket");
        let hears = !self.from.buffer().is_empty() || stream.peek(&mut [0]).is_ok();
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        hears
    }

    /// Where its next data connection goes to; `None`: there is no EPSV.
    pub(crate) fn data(&mut self) -> Option<TcpStream> {
        self.tell("EPSV").ok()?;
        let line = self.line().unwrap_or_default();
        let port = line.split('|').nth(3).and_then(|port| port.parse().ok())?;
        let data = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("it listens");
        data.set_read_timeout(Some(PATIENCE)).expect("a socket");
        Some(data)
    }

    /// The codes of a command with a data connection; who opens that first says 125, which is as good as 150.
    pub(crate) fn transfer(&mut self, command: &str) -> String {
        let Some(mut data) = self.data() else { return String::from("no EPSV") };
        let first = self.say(command);
        if !first.starts_with('1') {
            return first;
        }
        if command.starts_with("STOR") || command.starts_with("APPE") {
            data.write_all(b"hello").expect("room in a socket");
            data.shutdown(Shutdown::Write).expect("a socket");
        }
        // Some reset it when they have refused.
        let _ = data.read_to_end(&mut Vec::new());
        drop(data);
        format!("150 {}", self.reply())
    }
}
