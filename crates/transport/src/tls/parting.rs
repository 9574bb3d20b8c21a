//! The end of TLS on a connection that goes on without it: nothing behind the peer's last record is taken.

use super::{Socket, Tls};
use rustix::fd::BorrowedFd;
use rustix::net::{RecvFlags, recv};
use std::io::{self, Read};

/// A record's head: kind, version, length (RFC 8446 §5.1), and its longest content under encryption.
const HEAD: usize = 5;
const LONGEST: u16 = (1 << 14) + 256;
/// Kinds of records: from change_cipher_spec to heartbeat.
const KINDS: std::ops::RangeInclusive<u8> = 20..=24;

impl Tls {
    /// After [`Tls::close`]: takes what the peer still sends until its close_notify, and not an octet more; then the socket
    /// is clear. A peer that goes on in clear without it has ended TLS too. Data under TLS is an error: the peer has been
    /// told that none is read any more.
    pub fn part(&mut self, socket: BorrowedFd<'_>) -> io::Result<()> {
        loop {
            self.flush(socket)?;
            if self.left == 0 {
                let mut head = [0; HEAD];
                let (n, _) = recv(socket, &mut head, RecvFlags::DONTWAIT | RecvFlags::PEEK)?;
                match (n, head) {
                    (0, _) => return Err(io::ErrorKind::UnexpectedEof.into()),
                    (_, [kind, ..]) if !KINDS.contains(&kind) => return Ok(()),
                    (HEAD, [_, _, _, high, low]) => {
                        let len = u16::from_be_bytes([high, low]);
                        if len > LONGEST {
                            return Err(io::ErrorKind::InvalidData.into());
                        }
                        self.left = u64::from(len) + HEAD as u64;
                    }
                    // The rest of the head is still to come.
                    _ => return Err(io::ErrorKind::WouldBlock.into()),
                }
            }
            let mut record = Socket::new(socket).take(self.left);
            let taken = self.connection.read_tls(&mut record);
            self.left = record.limit();
            if taken? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let state = self.connection.process_new_packets().map_err(io::Error::other)?;
            if state.plaintext_bytes_to_read() > 0 {
                return Err(io::ErrorKind::InvalidData.into());
            }
            if state.peer_has_closed() {
                return Ok(());
            }
        }
    }
}
