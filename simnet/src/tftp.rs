//! A TFTP client and server with their files in memory.

use crate::Node;
use clock::Instant;
use std::collections::VecDeque;
use tftp_proto::client::Client;
use tftp_proto::netascii;
use tftp_proto::packet::{DATA_HEADER, Op, data_header};
use tftp_proto::server::{self, Heard, last_block};
use tftp_proto::{BlockNo, Config, Event, Limits, Mode, Offer, Outcome, Sender, Terms, Transfer, Transmit};

/// A file in memory, being sent or received, and what the machine said about it.
#[derive(Debug)]
struct File {
    mode: Mode,
    /// As it is on the wire, until it is whole.
    octets: Vec<u8>,
    committed: bool,
    outcome: Option<Outcome>,
    queue: VecDeque<Vec<u8>>,
}

impl File {
    fn empty(mode: Mode) -> File {
        File { mode, octets: Vec::new(), committed: false, outcome: None, queue: VecDeque::new() }
    }

    fn of(content: &[u8], mode: Mode) -> File {
        let mut octets = Vec::new();
        match mode {
            Mode::Octet => octets.extend_from_slice(content),
            Mode::Netascii => netascii::encode(content, &mut octets),
        }
        File { octets, ..File::empty(mode) }
    }

    /// Octets on the wire, where a driver would know them beforehand.
    fn len(&self) -> Option<u64> {
        (self.mode == Mode::Octet).then_some(self.octets.len() as u64)
    }

    fn commit(&mut self) {
        self.committed = true;
        if self.mode == Mode::Netascii {
            let (mut decoder, mut text) = (netascii::Decoder::default(), Vec::new());
            decoder.decode(&self.octets, &mut text);
            decoder.finish(&mut text);
            self.octets = text;
        }
    }

    fn place(&mut self, block: u64, blksize: u16, payload: &[u8]) {
        let from = (block as usize - 1) * usize::from(blksize);
        let end = from + payload.len();
        if self.octets.len() < end {
            self.octets.resize(end, 0);
        }
        self.octets[from..end].copy_from_slice(payload);
    }

    fn queue_blocks(&mut self, sender: &mut Sender, first: u64, count: u16) {
        let terms = *sender.terms();
        let (last, end) = (last_block(self.octets.len() as u64, terms.blksize), first - 1 + u64::from(count));
        if end >= last && sender.last().is_none() {
            sender.set_last(last);
        }
        for block in first..=end.min(last) {
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
        ClientNode::get_as(Mode::Octet, offer, config)
    }

    /// Asks for a file in this mode.
    pub fn get_as(mode: Mode, offer: Offer, config: Config) -> ClientNode {
        let machine = Client::read(Instant::ZERO, b"f", mode, offer, config).expect("a short name");
        ClientNode { machine, terms: Terms::default(), file: File::empty(mode) }
    }

    /// Offers a file.
    pub fn put(octets: Vec<u8>, offer: Offer, config: Config) -> ClientNode {
        ClientNode::put_as(Mode::Octet, &octets, offer, config)
    }

    /// Offers a file in this mode.
    pub fn put_as(mode: Mode, content: &[u8], offer: Offer, config: Config) -> ClientNode {
        let file = File::of(content, mode);
        let machine =
            Client::write(Instant::ZERO, b"f", mode, offer, file.len(), config).expect("a short name");
        ClientNode { machine, terms: Terms::default(), file }
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
                    self.file.commit();
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
                let Some(Transfer::Send(sender)) = self.machine.transfer() else {
                    unreachable!("blocks come from a sender")
                };
                self.file.queue_blocks(sender, first, count);
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
        ServerNode { config, limits: Limits::default(), has, transfer: None, file: File::empty(Mode::Octet) }
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
                self.file = File::of(&self.has, request.mode);
                server::read(now, &offer, request.mode, self.file.len(), &self.limits, self.config)
            }
            Op::Write => {
                self.file = File::empty(request.mode);
                server::write(now, &offer, request.mode, &self.limits, self.config)
            }
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
                    self.file.commit();
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
                let Transfer::Send(sender) = t else { unreachable!("blocks come from a sender") };
                self.file.queue_blocks(sender, first, count);
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
