//! Bodies of the fuzz targets: they must not panic, and they assert what must hold.

use crate::packet::{Mode, Op, OptionList, Packet, write_ack, write_error, write_oack, write_request};
use crate::{
    Config, Event, Limits, Offer, Opening, Outcome, Receiver, Rollover, SendAhead, Sender, Size, Start,
    Terms, Transmit,
};
use crate::{netascii, server};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use clock::{Duration, Instant};

/// Any datagram: parses or not; what parses and is written again parses to the same.
pub fn tftp_packet(data: &[u8]) {
    let heard = server::hear(data);
    if let server::Heard::Answer(answer) = &heard {
        assert!(matches!(Packet::parse(answer), Ok(Packet::Error { .. })));
    }
    match Packet::parse(data) {
        Ok(Packet::Request(r)) => request(r.op, r.name, r.mode, &r.options),
        Ok(Packet::Ack(no)) => assert_eq!(Packet::parse(&write_ack(no)), Ok(Packet::Ack(no))),
        Ok(Packet::Error { code, text }) => {
            if let Ok(text) = core::str::from_utf8(text) {
                let again = write_error(code, text);
                let Ok(Packet::Error { code: c, text: t }) = Packet::parse(&again) else {
                    panic!("not an ERROR")
                };
                assert_eq!(c, code);
                assert!(text.as_bytes().starts_with(t));
            }
        }
        Ok(Packet::Oack(list)) => {
            let asked = Offer::none().blksize(1_432).windowsize(8).tsize(0).timeout(5);
            if let Ok(terms) = asked.accept(&list) {
                assert!((8..=1_432).contains(&terms.blksize) && (1..=8).contains(&terms.windowsize));
            }
        }
        Ok(Packet::Data { .. }) | Err(_) => {}
    }
    let mut wire = Vec::new();
    netascii::encode(data, &mut wire);
    let (mut decoder, mut back) = (netascii::Decoder::default(), Vec::new());
    for piece in wire.chunks(7) {
        decoder.decode(piece, &mut back);
    }
    decoder.finish(&mut back);
    assert_eq!(back, data);
}

fn request(op: Op, name: &[u8], mode: Mode, options: &OptionList<'_>) {
    let offer = Offer::read(options);
    if let Ok(again) = write_request(op, name, mode, &offer) {
        let Ok(Packet::Request(r)) = Packet::parse(&again) else { panic!("our own request does not parse") };
        assert_eq!((r.op, r.name, r.mode), (op, name, mode));
        assert_eq!(Offer::read(&r.options), offer);
    }
    let limits = Limits::default();
    let agreed = offer.agree(&limits, mode, Size::Ours(77));
    assert!((8..=65_464).contains(&agreed.terms.blksize) && agreed.terms.windowsize >= 1);
    let oack = write_oack(&agreed.accepted);
    let Ok(Packet::Oack(list)) = Packet::parse(&oack) else { panic!("our own OACK does not parse") };
    assert_eq!(list.iter().count(), agreed.accepted.len());
}

/// A sender and a receiver under any sequence of datagrams, junk and time. The receiver is held against a
/// model: whatever comes, a block is placed once, and `Whole` is said when blocks 1..=last are in.
pub fn tftp_machines(data: &[u8]) {
    let Some((&head, script)) = data.split_first() else { return };
    let terms = Terms {
        blksize: 8,
        windowsize: u16::from(head & 0x0f) + 1,
        rollover: if head & 0x10 == 0 { Rollover::Zero } else { Rollover::One },
        ..Terms::default()
    };
    receiver_model(terms, script);
    sender_bounds(terms, script);
}

fn receiver_model(terms: Terms, script: &[u8]) {
    let mut now = Instant::ZERO;
    let mut receiver = Receiver::new(now, terms, Mode::Octet, Opening::Ack, Config::server());
    let mut placed: Vec<u64> = Vec::new();
    let mut last = None;
    for step in script.chunks(4) {
        now += Duration::from_millis(u64::from(step[0]));
        let datagram: Vec<u8> = match step {
            // DATA of a block number below 256 with 0..=15 octets
            [_, no, len, ..] => [&[0, 3, 0, *no][..], &[0x55; 16][..usize::from(len & 0x0f)]].concat(),
            short => short.to_vec(),
        };
        if step.get(3).is_some_and(|b| b & 0x80 != 0) {
            let _ = receiver.handle_timeout(now);
        }
        let _ = receiver.handle_datagram(now, &datagram);
        while let Some(event) = receiver.poll_event() {
            match event {
                Event::Place { block, len } => {
                    assert!(!placed.contains(&block), "block {block} was placed twice");
                    assert!(len <= 8 && block >= 1);
                    placed.push(block);
                    if len < 8 {
                        assert_eq!(last.replace(block), None, "two last blocks");
                    }
                }
                Event::Whole { octets } => {
                    let last = last.expect("a short block came");
                    assert!((1..=last).all(|b| placed.contains(&b)), "not all of {last} blocks are in");
                    assert!(octets >= (last - 1) * 8 && octets < last * 8);
                    receiver.commit(now);
                }
                Event::Agreed(_) | Event::Over(_) => {}
            }
        }
        while let Some(out) = receiver.poll_transmit() {
            assert!(!matches!(out, Transmit::Blocks { .. }), "a receiver has no blocks");
        }
    }
}

fn sender_bounds(terms: Terms, script: &[u8]) {
    let mut now = Instant::ZERO;
    let last = 20;
    let mut sender = Sender::new(now, terms, Some(last), Start::Data, Config::server());
    let mut acked = 0;
    for step in script.chunks(4) {
        while let Some(out) = sender.poll_transmit() {
            if let Transmit::Blocks { first, count, .. } = out {
                let end = first + u64::from(count) - 1;
                assert!(
                    first > sender.acked()
                        && end <= last
                        && end <= sender.acked() + u64::from(terms.windowsize)
                );
            }
        }
        now += Duration::from_millis(u64::from(step[0]));
        match step {
            [_, no, kind, ..] if kind & 1 == 0 => {
                let _ = sender.handle_datagram(now, &[0, 4, 0, *no]);
            }
            _ => {
                let _ = sender.handle_timeout(now);
            }
        }
        assert!(sender.acked() >= acked, "an acknowledgement was taken back");
        acked = sender.acked();
        while let Some(event) = sender.poll_event() {
            if event == Event::Over(Outcome::Complete) {
                assert_eq!(acked, last);
            }
        }
    }
}

/// Sender against receiver over a network that does what the script says: each octet is the fate of one
/// datagram (it arrives, is lost, arrives twice, waits) or lets time pass. Whole is only what was sent.
pub fn tftp_pair(data: &[u8]) {
    const BLKSIZE: usize = 8;
    let Some((head, script)) = data.split_at_checked(2) else { return };
    let terms = Terms { blksize: 8, windowsize: u16::from(head[0] & 0x1f) + 1, ..Terms::default() };
    let send_ahead = (head[0] & 0x20 != 0).then(SendAhead::default);
    let config = Config { send_ahead, ..Config::client() };
    let mode = if head[0] & 0x40 == 0 { Mode::Octet } else { Mode::Netascii };
    let file: Vec<u8> = (0..usize::from(head[1]) * 2).map(|n| n as u8).collect();
    let last = (file.len() / BLKSIZE) as u64 + 1;
    let mut now = Instant::ZERO;
    let mut sender = Sender::new(now, terms, Some(last), Start::Data, config);
    let mut receiver = Receiver::new(now, terms, mode, Opening::Quiet, config);
    let mut got = alloc::vec![None; last as usize];
    let mut whole = false;
    let (mut to_receiver, mut to_sender) = (VecDeque::<Vec<u8>>::new(), VecDeque::<Vec<u8>>::new());
    for fate in script {
        while let Some(out) = sender.poll_transmit() {
            match out {
                Transmit::Blocks { first, count, .. } => {
                    for block in first..first + u64::from(count) {
                        let from = (block as usize - 1) * BLKSIZE;
                        let payload = &file[from..file.len().min(from + BLKSIZE)];
                        to_receiver.push_back([&[0, 3, 0, block as u8][..], payload].concat());
                    }
                }
                Transmit::Packet { octets, .. } => to_receiver.push_back(octets),
                Transmit::Ack { .. } => panic!("a sender acknowledges nothing"),
            }
        }
        while let Some(out) = receiver.poll_transmit() {
            match out {
                Transmit::Ack { octets, .. } => to_sender.push_back(octets.to_vec()),
                Transmit::Packet { octets, .. } => to_sender.push_back(octets),
                Transmit::Blocks { .. } => panic!("a receiver has no blocks"),
            }
        }
        now += Duration::from_micros(u64::from(fate >> 4) * 700);
        let down = fate & 1 == 0;
        let queue = if down { &mut to_receiver } else { &mut to_sender };
        let datagram = match fate >> 1 & 7 {
            0 => {
                let _ = queue.pop_front();
                continue;
            }
            1 => queue.front().cloned(),
            2 => queue.pop_back(),
            3 => {
                now += Duration::from_millis(60);
                let _ = (sender.handle_timeout(now), receiver.handle_timeout(now));
                None
            }
            _ => queue.pop_front(),
        };
        let Some(datagram) = datagram else { continue };
        if !down {
            let _ = sender.handle_datagram(now, &datagram);
        } else {
            let _ = receiver.handle_datagram(now, &datagram);
            while let Some(event) = receiver.poll_event() {
                match event {
                    Event::Place { block, len } => {
                        let place = &mut got[block as usize - 1];
                        assert_eq!(*place, None, "block {block} was placed twice");
                        *place = Some(datagram[4..][..len].to_vec());
                    }
                    Event::Whole { octets } => {
                        assert_eq!(octets, file.len() as u64);
                        let all: Vec<u8> = got.iter().flatten().flatten().copied().collect();
                        assert_eq!(all, file, "what is whole is not what was sent");
                        whole = true;
                        receiver.commit(now);
                    }
                    Event::Agreed(_) | Event::Over(_) => {}
                }
            }
        }
        while let Some(event) = sender.poll_event() {
            assert!(event != Event::Over(Outcome::Complete) || whole, "Complete, and it is not");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_scripts_hold() {
        let mut x = 0x1234_5678_9abc_def0_u64;
        for len in 0..10_000usize {
            let script: Vec<u8> = core::iter::repeat_with(|| {
                x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                // Small numbers make sequences that go on.
                let b = (x >> 56) as u8;
                if b & 1 == 0 { b >> 4 } else { b }
            })
            .take(len % 160)
            .collect();
            tftp_machines(&script);
            tftp_pair(&script);
            tftp_packet(&script);
        }
    }
}
