//! What a tap is told of one connection: heads, and how much content moved.

use http_proto::head::{Scan, Scanner};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use transport::tap::{self, Dir, Role, Sight, Tap, What, next_flow};

pub(super) struct Sights {
    tap: Arc<dyn Tap>,
    flow: u64,
    local: SocketAddr,
    peer: SocketAddr,
    role: Role,
    /// A head of the peer's, half here; at most what the machine takes of one.
    heard: Vec<u8>,
    /// Octets behind the last head of ours.
    said: u64,
    /// Octets of the connection, both ways.
    total: u64,
}

impl Sights {
    /// Tells that the connection is there.
    pub(super) fn new(tap: Arc<dyn Tap>, local: SocketAddr, peer: SocketAddr, tls: bool) -> Sights {
        let (flow, role) = (next_flow(), Role::Http { tls });
        let sights = Sights { tap, flow, local, peer, role, heard: Vec::new(), said: 0, total: 0 };
        sights.see(Dir::Received, What::Connected { role });
        sights
    }

    fn see(&self, dir: Dir, what: What<'_>) {
        let Sights { flow, local, peer, .. } = *self;
        self.tap.see(&Sight { at: Instant::now(), flow, local, peer, dir, what });
    }

    /// Octets came: heads, and what is none.
    pub(super) fn heard(&mut self, octets: &[u8]) {
        self.total += octets.len() as u64;
        self.heard.extend_from_slice(octets);
        while !self.heard.is_empty() {
            match Scanner::default().scan(&self.heard) {
                Scan::More => return,
                Scan::Whole(len) => {
                    let head: Vec<u8> = self.heard.drain(..len).collect();
                    self.see(Dir::Received, What::Head(&tap::masked_head(&head)));
                }
                // The content of a request, or nothing that anybody understands.
                Scan::Bad(_) => {
                    let len = std::mem::take(&mut self.heard).len();
                    self.see(Dir::Received, What::Data { len, total: len as u64 });
                }
            }
        }
    }

    /// Octets that are not content of a file were sent: a head, with what is behind it, or more of that.
    pub(super) fn said(&mut self, octets: &[u8]) {
        // No other transmit of the machine begins like this.
        let end = octets.starts_with(b"HTTP/1.").then(|| octets.windows(4).position(|w| w == b"\r\n\r\n"));
        let head = end.flatten().map_or(0, |n| n + 4);
        if head > 0 {
            self.said = 0;
            self.total += head as u64;
            self.see(Dir::Sent, What::Head(&tap::masked(&octets[..head])));
        }
        self.moved(octets.len() - head);
    }

    /// So much content was sent.
    pub(super) fn moved(&mut self, len: usize) {
        if len > 0 {
            self.said += len as u64;
            self.total += len as u64;
            self.see(Dir::Sent, What::Data { len, total: self.said });
        }
    }
}

impl Drop for Sights {
    fn drop(&mut self) {
        self.see(Dir::Here, What::Closed { role: self.role, total: self.total });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Kept(Mutex<Vec<String>>);

    impl Tap for Kept {
        fn see(&self, sight: &Sight<'_>) {
            let text = match &sight.what {
                What::Head(head) => String::from_utf8_lossy(head).into_owned(),
                other => format!("{other:?}"),
            };
            self.0.lock().unwrap().push(text);
        }
    }

    #[test]
    fn heads_are_told_whole_and_without_what_lets_somebody_in() {
        let kept = Arc::new(Kept::default());
        let at = SocketAddr::from(([127, 0, 0, 1], 1));
        let mut sights = Sights::new(kept.clone(), at, at, false);
        let request =
            b"GET /~secret/a HTTP/1.1\r\nAUTHORIZATION: Basic Ym9iOmh1bnRlcjI=\r\nCookie:x=1\r\nHost: h\r\n\r\n";
        // Bit by bit, and the next one behind it.
        for octet in request.iter().chain(b"GET /%7Esecret HTTP/1.1\r\nHost: h\r\n\r\nxyz\n") {
            sights.heard(&[*octet]);
        }
        sights.said(b"HTTP/1.1 200 OK\r\nLocation: /~secret/\r\n\r\nabc");
        sights.moved(4);
        drop(sights);
        let expected = [
            "Connected { role: Http { tls: false } }",
            "GET /~****/a HTTP/1.1\r\nAUTHORIZATION: ****\r\nCookie: ****\r\nHost: h\r\n\r\n",
            "GET /~**** HTTP/1.1\r\nHost: h\r\n\r\n",
            "Data { len: 4, total: 4 }",
            "HTTP/1.1 200 OK\r\nLocation: /~****/\r\n\r\n",
            "Data { len: 3, total: 3 }",
            "Data { len: 4, total: 7 }",
        ];
        let kept = kept.0.lock().unwrap();
        assert_eq!(kept[..expected.len()], expected);
        assert!(kept[expected.len()].starts_with("Closed"), "{kept:?}");
    }
}
