//! A line of Telnet at which somebody else answers: texts that were recorded, or a program at a terminal of its own.

use e2e::terminal::Terminal;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use telnet_proto::{Event, Telnet};

/// Who answers on one connection.
pub(crate) trait Answers: Send {
    /// What stands there before anybody types.
    fn greeting(&mut self) -> String;
    /// What is printed when a line was typed, with its echo.
    fn answer(&mut self, typed: &str) -> String;
    /// Whether the line ends now.
    fn is_over(&self) -> bool {
        false
    }
    /// Whether the next key is an answer of its own.
    fn wants_key(&self) -> bool {
        false
    }
}

/// A listener of Telnet. Dropped, it listens no more; connections end with their clients.
pub(crate) struct Line {
    address: SocketAddr,
    over: Arc<AtomicBool>,
}

impl Line {
    /// Every connection is answered by one of these.
    pub(crate) fn of<A: Answers>(make: impl Fn() -> A + Send + Sync + 'static) -> Line {
        Line::each(move |stream| replayed(stream, &mut make()))
    }

    /// Every connection is a run of this program, at a terminal.
    pub(crate) fn program(make: impl Fn() -> Command + Send + Sync + 'static) -> Line {
        Line::each(move |stream| carried(stream, Terminal::run(&make())))
    }

    fn each(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Line {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
        let address = listener.local_addr().expect("an address");
        let over = Arc::new(AtomicBool::new(false));
        let (serve, is_over) = (Arc::new(serve), over.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
                let serve = serve.clone();
                std::thread::spawn(move || serve(stream));
            }
        });
        Line { address, over }
    }

    /// `telnet://USER@HOST:PORT`, or without a user.
    pub(crate) fn place(&self, user: &str) -> String {
        let at = if user.is_empty() { "" } else { "@" };
        format!("telnet://{user}{at}{}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // It waits for somebody.
        let _ = TcpStream::connect(self.address);
    }
}

/// What a peer typed, as a device's line has it: CR is Return.
fn typed(telnet: &mut Telnet, octets: &[u8]) -> Vec<u8> {
    telnet.handle_bytes(octets);
    let mut keys = Vec::new();
    while let Some(event) = telnet.poll_event() {
        if let Event::Data(data) = event {
            keys.extend_from_slice(&data);
        }
    }
    keys
}

fn replayed(mut stream: TcpStream, answers: &mut dyn Answers) {
    let mut telnet = Telnet::server();
    let mut line = String::new();
    let mut buffer = [0; 4_096];
    telnet.send(answers.greeting().replace('\n', "\r\n").as_bytes());
    loop {
        while let Some(octets) = telnet.poll_transmit() {
            if stream.write_all(&octets).is_err() {
                return;
            }
        }
        if answers.is_over() {
            let _ = stream.shutdown(Shutdown::Both);
            return;
        }
        let Ok(n @ 1..) = stream.read(&mut buffer) else { return };
        for key in typed(&mut telnet, &buffer[..n]) {
            if key != b'\r' {
                line.push(char::from(key));
                if !answers.wants_key() {
                    continue;
                }
            }
            let said = answers.answer(&std::mem::take(&mut line));
            telnet.send(said.replace('\n', "\r\n").as_bytes());
        }
    }
}

fn carried(mut stream: TcpStream, terminal: Terminal) {
    let mut out = stream.try_clone().expect("a descriptor");
    let mut printer = Telnet::server();
    let print = move |octets: Option<&[u8]>| {
        printer.send(octets.unwrap_or_default());
        let _ = out.write_all(&printer.poll_transmit().unwrap_or_default());
        if octets.is_none() {
            let _ = out.shutdown(Shutdown::Both);
        }
    };
    let mut telnet = Telnet::server();
    let mut buffer = [0; 4_096];
    let keys = move || match stream.read(&mut buffer) {
        Ok(n @ 1..) => Some(typed(&mut telnet, &buffer[..n])),
        Ok(0) | Err(_) => None,
    };
    terminal.carry(keys, print);
}
