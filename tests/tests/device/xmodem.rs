//! An image comes over the console: XMODEM and YMODEM in ROMMON, by a sender of ours and by lrzsz's.

use crate::bench::{Bench, NEW, NEW_VERSION, OLD, Person, SIZE, image, image_for};
use device::{Mode, Profile};
use e2e::matrix::compared_streams;
use e2e::peers::Peer;
use e2e::poll::PATIENCE;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

const ACK: &str = "\u{6}";

/// Types the command and says yes, up to where the sender may begin.
pub(crate) fn begin(p: &mut Person, line: &str) {
    p.keys(&format!("{line}\r"));
    let text = p.until("Do you wish to continue? y/n  [n]:  ");
    assert!(text.contains("Do not start the sending program yet...\n"), "{text}");
    assert!(text.contains(" will be lost!\nInvoke this application only for disaster recovery.\n"), "{text}");
    p.keys("y\r");
    p.until("Ready to receive file");
    p.until("...\r\n");
}

/// Sends a file in blocks of 1,024 octets with a CRC, filled up as XMODEM does.
pub(crate) fn send(p: &mut Person, file: &[u8]) {
    p.until("C");
    for (n, data) in file.chunks(1_024).enumerate() {
        p.octets(&block(n + 1, data));
        p.until(ACK);
    }
    p.octets(&[4]);
    p.until(ACK);
}

pub(crate) fn block(number: usize, data: &[u8]) -> Vec<u8> {
    let number = number.to_le_bytes()[0];
    let mut block = vec![2, number, !number];
    block.extend_from_slice(data);
    block.resize(3 + 1_024, 0x1a);
    let crc = block[3..].iter().fold(0_u16, |crc, octet| {
        (0..8).fold(crc ^ (u16::from(*octet) << 8), |crc, _| (crc << 1) ^ (0x1021 * (crc >> 15)))
    });
    block.extend(crc.to_be_bytes());
    block
}

/// At `rommon 1 >`.
fn monitor(bench: &Bench) -> Person {
    let device = bench.device();
    device.send_break();
    let mut p = Person::at(device);
    p.until("rommon 1 > ");
    p
}

#[test]
fn it_says_how_it_is_used_and_no_is_no() {
    let bench = Bench::r1();
    let mut p = monitor(&bench);
    for (n, line) in ["xmodem", "xmodem -c", "xmodem -q x.bin", "xmodem a b"].iter().enumerate() {
        let text = p.answer(line, &format!("rommon {} > ", n + 2));
        assert!(text.contains("usage: xmodem [-cyrx]"), "{line}: {text}");
    }
    p.keys("xmodem -c x.bin\r");
    p.until("[n]:  ");
    p.keys("\r");
    p.until("rommon 6 > ");
    assert_eq!(p.device.facts().flash[0].name, OLD);
    // Ctrl-C before anything has come, and a break.
    begin(&mut p, "xmodem -c x.bin");
    p.until("C");
    p.octets(&[3]);
    assert!(p.until("rommon 7 > ").contains("Download aborted\n"), "{}", p.screen());
    begin(&mut p, "xmodem -y");
    p.until("C");
    p.break_key();
    p.until("Download aborted\r\n");
    p.until("rommon 8 > ");
    assert_eq!(p.device.facts().flash[0].name, OLD, "flash is as it was");
}

#[test]
fn a_sender_that_falls_silent_leaves_flash_as_it_was() {
    let bench = Bench { patience: 0.005, ..Bench::r1() };
    let mut p = monitor(&bench);
    begin(&mut p, "xmodem -c x.bin");
    p.until("C");
    p.octets(&block(1, &[7; 1_024]));
    p.until(ACK);
    assert!(p.until("rommon 2 > ").contains("Download aborted: timed out\n"), "{}", p.screen());
    begin(&mut p, "xmodem -c x.bin");
    assert!(p.until("rommon 3 > ").contains("Download aborted: timed out\n"), "nobody sends");
    assert_eq!(p.device.facts().flash[0].name, OLD);
}

#[test]
fn with_r_it_runs_from_memory_and_with_x_it_stays() {
    let bench = Bench::r1();
    let mut p = monitor(&bench);
    let octets = image(NEW_VERSION, SIZE);
    begin(&mut p, &format!("xmodem -cx {NEW}"));
    send(&mut p, &octets);
    p.until("Download Complete!");
    p.until("rommon 2 > ");
    let names: Vec<_> = p.device.facts().flash.into_iter().map(|f| f.name).collect();
    assert_eq!(names, [NEW], "flash holds only the new image");
    assert_eq!(std::fs::read(bench.flash(NEW)).expect("there"), octets, "without what filled it up");
    p.keys("reset\r");
    p.started();
    assert!(matches!(p.device.facts().mode, Mode::Ios { version, .. } if version == NEW_VERSION));
    drop(p);

    let bench = Bench::r1();
    let mut p = monitor(&bench);
    p.keys("xmodem -rc ram.bin\r");
    p.until("Ready to receive file ram.bin ...");
    send(&mut p, &octets);
    p.started();
    let facts = p.device.facts();
    assert!(matches!(facts.mode, Mode::Ios { version, .. } if version == NEW_VERSION));
    assert_eq!((facts.flash.len(), facts.flash[0].name.as_str()), (1, OLD));
    drop(p);

    // What is no image is written, and does not run.
    let mut p = monitor(&bench);
    begin(&mut p, "xmodem -c notes.txt");
    send(&mut p, b"no image");
    p.until("bad file magic number");
    p.until("rommon 2 > ");
    assert!(p.answer("dir flash0:", "rommon 3 > ").contains("notes.txt"));
}

#[test]
fn what_is_larger_than_flash_is_refused() {
    let (_, text) = Profile::all().find(|(p, _)| p.name == *"c3640").expect("c3640");
    let text = text.replace("total = 33_030_144", "total = 40_000");
    let profile = std::sync::Arc::new(Profile::parse(&text).expect("a profile"));
    let bench = Bench { profile: profile.clone(), ..Bench::bare() };
    let mut p = bench.person();
    p.until("rommon 1 > ");
    begin(&mut p, "xmodem -c x.bin");
    p.until("C");
    for (n, data) in image_for(&profile, "12.2(23a)", SIZE).chunks(1_024).enumerate().take(40) {
        p.octets(&block(n + 1, data));
        if n < 39 {
            p.until(ACK);
        }
    }
    p.until("ERR:Image size exceeds free flash space");
    p.until("rommon 2 > ");
}

/// Has a program of lrzsz send a file, as a terminal program would run it: what it says is what is typed.
pub(crate) fn lrzsz(p: &mut Person, sx: &Peer, program: &str, flags: &[&str], file: &Path) {
    let mut command = Command::new(sx.path().with_file_name(program));
    command.args(flags).arg(file).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut sender = command.spawn().expect("it starts");
    let (mut to, mut from) = (sender.stdin.take().expect("piped"), sender.stdout.take().expect("piped"));
    let (tell, typed) = channel();
    let reader = std::thread::spawn(move || {
        let mut buffer = [0; 4_096];
        while let Ok(n @ 1..) = from.read(&mut buffer) {
            let _ = tell.send(buffer[..n].to_vec());
        }
    });
    let end = Instant::now() + PATIENCE;
    loop {
        match typed.recv_timeout(Duration::from_millis(2)) {
            Ok(octets) => p.octets(&octets),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        // Who is done reads no more.
        let _ = to.write_all(p.news().as_bytes());
        assert!(Instant::now() < end, "{program} {flags:?}: {}", p.screen());
    }
    let sent = sender.wait_with_output().expect("it ended");
    reader.join().expect("no panic");
    assert!(sent.status.success(), "{program} {flags:?}: {sent:?}");
}

#[test]
fn lrzsz_sends_over_the_console() {
    let Some(sx) = Peer::find("lrzsz", "sx") else { return };
    let profile = Profile::named("c3640").expect("c3640");
    let name = "c3640-ik9s-mz.122-26.bin";
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join(name);
    let octets = image_for(&profile, "12.2(26)", SIZE);
    std::fs::write(&file, &octets).expect("written");
    for (program, flags, line, operation) in [
        ("sx", &[][..], format!("xmodem {name}"), "device xmodem sum"),
        ("sx", &[], format!("xmodem -c {name}"), "device xmodem crc"),
        ("sx", &["-k"], format!("xmodem -c {name}"), "device xmodem 1k"),
        ("sb", &[], "xmodem -y".to_owned(), "device ymodem"),
        ("sb", &["-k"], format!("xmodem -cy {name}"), "device ymodem 1k"),
    ] {
        let bench = Bench { profile: profile.clone(), ..Bench::bare() };
        let mut p = bench.person();
        p.until("rommon 1 > ");
        begin(&mut p, &line);
        lrzsz(&mut p, &sx, program, flags, &file);
        p.state("it runs", |f| matches!(&f.mode, Mode::Ios { version, .. } if version == "12.2(26)"));
        assert!(p.screen().contains("Download Complete!"), "{}", p.screen());
        let written = std::fs::File::open(bench.flash(name)).expect("there");
        assert_eq!(compared_streams("lrzsz", operation, written, &octets[..]), SIZE);
    }
}
