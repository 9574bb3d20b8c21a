//! A client of FTP that does one thing at a time.

use e2e::poll::PATIENCE;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};

pub(crate) struct Ftp {
    control: BufReader<TcpStream>,
    from: IpAddr,
    /// The data connection of the upload that runs.
    pub(crate) data: Option<TcpStream>,
}

/// Connects from an address of this host.
pub(crate) fn connect(from: IpAddr, to: SocketAddr) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
    socket.bind(&SocketAddr::new(from, 0).into()).expect("an address of this host");
    socket.connect(&to.into()).expect("a connection");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    socket.into()
}

impl Ftp {
    /// The client, and the greeting's code.
    pub(crate) fn connect(from: IpAddr, server: SocketAddr) -> (Ftp, u16) {
        let mut ftp = Ftp { control: BufReader::new(connect(from, server)), from, data: None };
        let greeting = ftp.reply().0;
        (ftp, greeting)
    }

    /// A reply's code, and its last line.
    pub(crate) fn reply(&mut self) -> (u16, String) {
        loop {
            let mut line = String::new();
            assert!(self.control.read_line(&mut line).expect("a reply in time") > 0, "the server hung up");
            let code = line.get(..3).and_then(|code| code.parse().ok());
            // Lines between the first and the last begin with a blank or another mark.
            if let (Some(code), Some(b' ')) = (code, line.as_bytes().get(3)) {
                return (code, line);
            }
        }
    }

    pub(crate) fn say(&mut self, line: &str) -> (u16, String) {
        self.control.get_mut().write_all(format!("{line}\r\n").as_bytes()).expect("it is sent");
        self.reply()
    }

    /// Asks for a transfer. The first reply, and the data connection.
    pub(crate) fn transfer(&mut self, line: &str) -> ((u16, String), TcpStream) {
        let (code, text) = self.say("EPSV");
        assert_eq!(code, 229, "{text}");
        let port: u16 = text.split('|').nth(3).and_then(|port| port.parse().ok()).expect("a port");
        let server = SocketAddr::new(self.control.get_ref().peer_addr().expect("connected").ip(), port);
        let data = connect(self.from, server);
        (self.say(line), data)
    }

    /// All that comes over a data connection, and the reply behind it.
    pub(crate) fn all_of(&mut self, mut data: TcpStream) -> (Vec<u8>, u16) {
        let mut content = Vec::new();
        data.read_to_end(&mut content).expect("it ends");
        (content, self.reply().0)
    }
}
