//! A TFTP client and server with their files in memory.

use crate::Node;
use clock::Instant;
use std::collections::VecDeque;
use tftp_proto::client::Client;
use tftp_proto::packet::{DATA_HEADER, Op, data_header};
use tftp_proto::server::{self, Heard};
use tftp_proto::{BlockNo, Config, Event, Limits, Mode, Offer, Outcome, Sender, Terms, Transfer, Transmit};

/// A file in memory, being sent or received, and what the machine said about it.
#[derive(Debug, Default)]
struct File {
    octets: Vec<u8>,
    committed: bool,
    outcome: Option<Outcome>,
    queue: VecDeque<Vec<u8>>,
}

impl File {
    fn place(&mut self, block: u64, blksize: u16, payload: &[u8]) {
        let from = (block as usize - 1) * usize::from(blksize);
        let end = from + payload.len();
        if self.octets.len() < end {
            self.octets.resize(end, 0);
        }
        self.octets[from..end].copy_from_slice(payload);
    }

    fn queue_blocks(&mut self, terms: &Terms, first: u64, count: u16) {
        for block in first..first + u64::from(count) {
            let from = (block as usize - 1) * usize::from(terms.blksize);
            let end = self.octets.len().min(from + usize::from(terms.blksize));
            let header = data_header(BlockNo::of(block, terms.rollover));
            self.queue.push_back([&header[..], &self.octets[from..end]].concat());
        }
    }
}

/// A client with one transfer.
#[derive(Debug)]
pub struct ClientNode {
    machine: Client,
    terms: Terms,
    file: File,
}

impl ClientNode {
    /// Asks for a file.
    pub fn get(offer: Offer, config: Config) -> ClientNode {
        let machine = Client::read(Instant::ZERO, b"f", Mode::Octet, offer, config).expect("a short name");
        ClientNode { machine, terms: Terms::default(), file: File::default() }
    }

    /// Offers a file.
    pub fn put(octets: Vec<u8>, offer: Offer, config: Config) -> ClientNode {
        let len = Some(octets.len() as u64);
        let machine =
            Client::write(Instant::ZERO, b"f", Mode::Octet, offer, len, config).expect("a short name");
        ClientNode { machine, terms: Terms::default(), file: File { octets, ..File::default() } }
    }

    /// How it ended; `None`: not yet.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.file.outcome.as_ref()
    }

    /// What was received, once it is whole.
    pub fn received(&self) -> Option<&[u8]> {
        self.file.committed.then_some(&self.file.octets)
    }

    fn settle(&mut self, now: Instant, datagram: &[u8]) {
        while let Some(event) = self.machine.poll_event() {
            match event {
                Event::Agreed(terms) => self.terms = terms,
                Event::Place { block, len } => {
                    self.file.place(block, self.terms.blksize, &datagram[DATA_HEADER..][..len]);
                }
                Event::Whole { .. } => {
                    self.file.committed = true;
                    if let Some(Transfer::Receive(r)) = self.machine.transfer() {
                        r.commit(now);
                    }
                }
                Event::Over(outcome) => self.file.outcome = Some(outcome),
            }
        }
    }
}

impl Node for ClientNode {
    fn handle(&mut self, now: Instant, datagram: &[u8]) {
        let _ = self.machine.handle_datagram(now, datagram);
        self.settle(now, datagram);
    }

    fn handle_timeout(&mut self, now: Instant) {
        let _ = self.machine.handle_timeout(now);
        self.settle(now, &[]);
    }

    fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        if let Some(d) = self.file.queue.pop_front() {
            return Some(d);
        }
        match self.machine.poll_transmit()? {
            Transmit::Packet { octets, .. } => Some(octets),
            Transmit::Ack { octets, .. } => Some(octets.to_vec()),
            Transmit::Blocks { first, count, .. } => {
                self.file.queue_blocks(&self.terms, first, count);
                self.file.queue.pop_front()
            }
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.machine.poll_timeout()
    }

    fn is_over(&self) -> bool {
        self.file.outcome.is_some()
    }
}

/// A server that has one file and takes one.
#[derive(Debug)]
pub struct ServerNode {
    config: Config,
    limits: Limits,
    /// What an RRQ gets.
    has: Vec<u8>,
    transfer: Option<Transfer>,
    file: File,
}

impl ServerNode {
    /// A server with this file.
    pub fn new(has: Vec<u8>, config: Config) -> ServerNode {
        ServerNode { config, limits: Limits::default(), has, transfer: None, file: File::default() }
    }

    /// How its transfer ended.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.file.outcome.as_ref()
    }

    /// What was uploaded, once it is whole.
    pub fn received(&self) -> Option<&[u8]> {
        self.file.committed.then_some(&self.file.octets)
    }

    /// The sender, while it is one.
    pub fn sender(&self) -> Option<&Sender> {
        match &self.transfer {
            Some(Transfer::Send(s)) => Some(s),
            Some(Transfer::Receive(_)) | None => None,
        }
    }

    fn request(&mut self, now: Instant, datagram: &[u8]) {
        let Heard::Request(request) = server::hear(datagram) else { return };
        if let Some(t) = &mut self.transfer {
            if !t.is_proved() {
                t.resend_first(now);
            }
            return;
        }
        let offer = Offer::read(&request.options);
        self.transfer = Some(match request.op {
            Op::Read => {
                self.file.octets = self.has.clone();
                let len = Some(self.has.len() as u64);
                server::read(now, &offer, request.mode, len, &self.limits, self.config)
            }
            Op::Write => server::write(now, &offer, request.mode, &self.limits, self.config),
        });
    }

    fn settle(&mut self, now: Instant, datagram: &[u8]) {
        let Some(t) = &mut self.transfer else { return };
        while let Some(event) = t.poll_event() {
            match event {
                Event::Agreed(_) => {}
                Event::Place { block, len } => {
                    self.file.place(block, t.terms().blksize, &datagram[DATA_HEADER..][..len]);
                }
                Event::Whole { .. } => {
                    self.file.committed = true;
                    if let Transfer::Receive(r) = t {
                        r.commit(now);
                    }
                }
                Event::Over(outcome) => self.file.outcome = Some(outcome),
            }
        }
    }
}

impl Node for ServerNode {
    fn handle(&mut self, now: Instant, datagram: &[u8]) {
        match datagram {
            [0, 1 | 2, ..] => self.request(now, datagram),
            _ => {
                if let Some(t) = &mut self.transfer {
                    let _ = t.handle_datagram(now, datagram);
                }
            }
        }
        self.settle(now, datagram);
    }

    fn handle_timeout(&mut self, now: Instant) {
        if let Some(t) = &mut self.transfer {
            let _ = t.handle_timeout(now);
        }
        self.settle(now, &[]);
    }

    fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        if let Some(d) = self.file.queue.pop_front() {
            return Some(d);
        }
        let t = self.transfer.as_mut()?;
        match t.poll_transmit()? {
            Transmit::Packet { octets, .. } => Some(octets),
            Transmit::Ack { octets, .. } => Some(octets.to_vec()),
            Transmit::Blocks { first, count, .. } => {
                let terms = *t.terms();
                self.file.queue_blocks(&terms, first, count);
                self.file.queue.pop_front()
            }
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.transfer.as_ref()?.poll_timeout()
    }

    fn is_over(&self) -> bool {
        self.transfer.is_none() || self.file.outcome.is_some()
    }
}
