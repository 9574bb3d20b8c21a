use crate::bench::{Bench, NEW, NEW_VERSION, OLD, Person, SIZE, image};
use crate::lab::Lab;
use crate::models::Model;
use device::{Mode, wire::Table};
use std::net::UdpSocket;
use std::sync::{Arc, Mutex};
use transport::tap::{Dir, Sight, Tap, What};

/// Types the dialog of `copy tftp: flash:` and waits for the prompt.
fn fetch(p: &mut Person, name: &str) -> String {
    p.keys("copy tftp: flash:\r");
    p.until("Address or name of remote host []? ");
    p.keys("10.0.0.1\r");
    p.until("Source filename []? ");
    p.keys(&format!("{name}\r"));
    p.until(&format!("Destination filename [{name}]? "));
    p.keys("\r");
    p.until("R1#")
}

/// The last line of a copy: octets, seconds in ms, octets a second.
fn copied(text: &str) -> (u64, u64, u64) {
    let line = text.lines().find(|l| l.contains(" bytes copied in ")).unwrap_or_else(|| panic!("{text}"));
    let words: Vec<&str> = line.split([' ', '(']).filter(|w| !w.is_empty()).collect();
    let secs: f64 = words[4].parse().expect("seconds");
    let number = |w: &str| w.parse().expect("a number");
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let millis = (secs * 1000.0).round() as u64;
    (number(words[0]), millis, number(words[6]))
}

#[test]
fn item_7_tftp_prints_via_marks_ok_and_the_rate() {
    let lab = Lab::new();
    let octets = image(NEW_VERSION, SIZE);
    lab.serve(NEW, octets.clone());
    let mut p = lab.bench.enabled();
    let text = lab.as_if_in_time(&fetch(&mut p, NEW));
    // 129 blocks: 12 tens, one mark each.
    let shape = format!(
        "Accessing tftp://10.0.0.1/{NEW}...\nLoading {NEW} from 10.0.0.1 (via GigabitEthernet0/0): !!!!!!!!!!!!\n\
         [OK - {SIZE} bytes]\n\n{SIZE} bytes copied in "
    );
    assert!(text.contains(&shape), "{text}");
    let (n, millis, rate) = copied(&text);
    assert_eq!((n, rate), (SIZE, (SIZE * 1000 + millis / 2) / millis), "half is rounded up");
    assert_eq!(std::fs::read(lab.bench.flash(NEW)).expect("there"), octets);
    assert_eq!(p.device.facts().last_copy.expect("one").result, Ok(SIZE));
}

#[test]
fn item_7_marks_wrap_at_the_terminals_width() {
    let lab = Lab::new();
    lab.serve("big", vec![7; 512 * 10 * 200]);
    let mut p = lab.bench.enabled();
    let text = fetch(&mut p, "big");
    assert_eq!(text.matches('!').count(), 200);
    let widest = text.lines().filter(|l| l.contains("!!")).map(str::len).max();
    assert_eq!(widest, Some(80), "{text}");
}

#[test]
fn item_1_to_3_the_whole_lesson_over_tftp() {
    let lab = Lab::new();
    lab.serve(NEW, image(NEW_VERSION, SIZE));
    let mut p = lab.bench.enabled();
    p.run("ping 10.0.0.1");
    fetch(&mut p, NEW);
    p.run("conf t");
    p.run(&format!("boot system flash {NEW}"));
    p.run("exit");
    p.run("write");
    p.keys("reload\r");
    p.until("Proceed with reload? [confirm]");
    p.keys("\r");
    p.started();
    assert!(matches!(p.device.facts().mode, Mode::Ios { version, .. } if version == NEW_VERSION));
    assert!(p.run("show version").contains(&format!("System image file is \"flash0:{NEW}\"")));
    p.keys(&format!("delete flash:{OLD}\r\r\r"));
    p.state("the old image is gone", |f| f.flash.len() == 1);
}

#[test]
fn item_4_the_host_and_source_are_remembered() {
    let lab = Lab::new();
    lab.serve("a.cfg", b"!\n".to_vec());
    let mut p = lab.bench.enabled();
    fetch(&mut p, "a.cfg");
    p.keys("copy tftp: flash:\r");
    p.until("Address or name of remote host [10.0.0.1]? ");
    p.keys("\r");
    p.until("Source filename [a.cfg]? ");
    p.keys("\r");
    p.until("Destination filename [a.cfg]? ");
    p.keys("b.cfg\r");
    p.until("[OK - 2 bytes]");
    p.until("R1#");
}

#[test]
fn item_5_the_overwrite_warning_comes_before_accessing() {
    let lab = Lab::new();
    lab.serve("a.txt", b"new".to_vec());
    lab.bench.put("a.txt", b"old");
    let mut p = lab.bench.enabled();
    let whole = "copy tftp://10.0.0.1/a.txt flash:";
    p.keys(&format!("{whole}\r"));
    p.until("Destination filename [a.txt]? ");
    p.keys("\r");
    let text = p.until("Do you want to over write? [confirm]");
    assert!(text.contains("%Warning:There is a file already existing with this name"), "{text}");
    assert!(!text.contains("Accessing"), "{text}");
    p.keys("n");
    let text = p.until("R1#");
    assert!(!text.contains("Accessing"), "no: nothing is read: {text}");
    assert_eq!(std::fs::read(lab.bench.flash("a.txt")).expect("there"), b"old");
    p.keys(&format!("{whole}\r\r"));
    p.until("[confirm]");
    p.keys("\r");
    p.until("Accessing tftp://10.0.0.1/a.txt...");
    p.until("[OK - 3 bytes]");
    p.until("R1#");
    assert_eq!(std::fs::read(lab.bench.flash("a.txt")).expect("there"), b"new");
}

#[test]
fn an_absent_file_is_an_error_and_leaves_nothing() {
    let lab = Lab::new();
    let mut p = lab.bench.enabled();
    let text = fetch(&mut p, "nothing.bin");
    assert!(
        text.contains(
            "Accessing tftp://10.0.0.1/nothing.bin...\n%Error opening tftp://10.0.0.1/nothing.bin (No such file or directory)\n"
        ),
        "{text}"
    );
    assert_eq!(p.device.facts().flash.len(), 1);
    let last = p.device.facts().last_copy.expect("one");
    assert_eq!(last.result, Err("No such file or directory".into()));
}

#[test]
fn item_7_a_read_that_times_out_prints_no_dots_and_a_write_five() {
    let mut bench = Bench::r1();
    // The table names the host; nobody answers on that port.
    let silent = UdpSocket::bind("127.0.0.1:0").expect("bound");
    let real = silent.local_addr().expect("bound");
    bench.table = Some(Table::default().with("10.0.0.1:69".parse().expect("address"), real));
    bench.patience = 0.02;
    let mut p = bench.enabled();
    let text = fetch(&mut p, "a.bin");
    assert!(
        text.contains(
            "Accessing tftp://10.0.0.1/a.bin...\n%Error opening tftp://10.0.0.1/a.bin (Timed out)\n"
        ),
        "{text}"
    );
    p.keys("copy running-config tftp://10.0.0.1/r1.cfg\r\r");
    let text = p.until("R1#");
    assert!(text.contains("\n.....\n%Error opening tftp://10.0.0.1/r1.cfg (Timed out)\n"), "{text}");
}

#[test]
fn an_interface_that_is_down_or_has_no_address_times_out() {
    for startup in [
        "hostname R1\nline con 0\n privilege level 15\n",
        "hostname R1\ninterface g0/0\n ip address 10.0.0.2 255.255.255.0\n shutdown\nline con 0\n privilege level 15\n",
    ] {
        let mut lab = Lab::new();
        lab.serve("a.bin", b"x".to_vec());
        lab.bench.startup(startup);
        lab.bench.patience = 0.02;
        let mut p = lab.bench.enabled();
        let text = fetch(&mut p, "a.bin");
        assert!(text.contains("%Error opening tftp://10.0.0.1/a.bin (Timed out)"), "{text}");
    }
}

/// A server that sends some blocks and then nothing more.
fn stalling(blocks: u16) -> (Table, std::thread::JoinHandle<UdpSocket>) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("bound");
    let real = socket.local_addr().expect("bound");
    let server = std::thread::spawn(move || {
        let mut buf = [0; 600];
        let (_, peer) = socket.recv_from(&mut buf).expect("a request");
        for n in 1..=blocks {
            let mut data = vec![0, 3];
            data.extend_from_slice(&n.to_be_bytes());
            data.resize(516, 9);
            socket.send_to(&data, peer).expect("sent");
            loop {
                let (len, _) = socket.recv_from(&mut buf).expect("an acknowledgement");
                if len == 4 && buf[..2] == [0, 4] && buf[2..4] == n.to_be_bytes() {
                    break;
                }
            }
        }
        // Kept open: a closed port would be told.
        socket
    });
    (Table::default().with("10.0.0.1:69".parse().expect("address"), real), server)
}

#[test]
fn item_7_a_stall_prints_timed_out_and_an_error_of_reading_and_the_part_is_deleted() {
    let mut bench = Bench::r1();
    let (table, server) = stalling(25);
    bench.table = Some(table);
    bench.patience = 0.05;
    let mut p = bench.enabled();
    let text = fetch(&mut p, "a.bin");
    assert!(text.contains("(via GigabitEthernet0/0): !!"), "{text}");
    assert!(text.contains(" [timed out]\n\n%Error reading tftp://10.0.0.1/a.bin (Timed out)\n"), "{text}");
    assert_eq!(p.device.facts().flash.len(), 1, "nothing of it is left");
    drop(server.join().expect("no panic"));
}

#[test]
fn an_interrupt_ends_a_copy() {
    for key in ["\u{3}", "\u{1e}"] {
        let mut bench = Bench::r1();
        let (table, server) = stalling(30);
        bench.table = Some(table);
        let mut config = device::DeviceConfig::new(bench.dir.path());
        config.pace = 0.0;
        config.table.clone_from(&bench.table);
        let mut p = Person::at(device::Device::open(config).expect("opened"));
        p.started();
        p.keys("copy tftp://10.0.0.1/a.bin flash:\r\r");
        p.until("!!!");
        p.keys(key);
        let text = p.until("R1#");
        assert!(text.contains("%Error reading tftp://10.0.0.1/a.bin (User interrupt)"), "{text}");
        assert_eq!(p.device.facts().flash.len(), 1);
        drop(server.join().expect("no panic"));
    }
}

#[test]
fn ios_xe_asks_whoever_interrupts_a_copy_and_goes_on_otherwise() {
    let mut model = Model::of("isr4331");
    let (table, server) = stalling(30);
    model.lab.bench.table = Some(table);
    let mut p = model.lab.bench.enabled();
    p.keys("copy tftp://10.0.0.1/a.dat bootflash:\r\r");
    p.until("!!!");
    for key in ["\u{3}", "\u{1e}"] {
        p.keys(key);
        p.until("Abort Copy? [confirm]");
        p.keys("n");
    }
    p.keys("\u{3}");
    p.until("Abort Copy? [confirm]");
    p.keys("\r");
    let text = p.until("R1#");
    assert!(text.contains("%Error reading tftp://10.0.0.1/a.dat (User interrupt)"), "{text}");
    assert_eq!(p.device.facts().flash.len(), 1, "nothing of it is left");
    drop(server.join().expect("no panic"));
}

#[test]
fn ios_xe_warns_of_an_image_that_it_cannot_run() {
    let model = Model::of("isr4331");
    model.lab.serve(OLD, image(crate::bench::OLD_VERSION, SIZE));
    model.lab.serve("notes.txt", b"no image\n".to_vec());
    let mut p = model.lab.bench.enabled();
    let there = |p: &Person| p.device.facts().flash.len();
    for (key, files, loaded) in [("\r", 1, false), ("n", 2, true)] {
        p.keys(&format!("copy tftp://10.0.0.1/{OLD} bootflash:\r\r"));
        let text = p.until("Abort Copy? [confirm]");
        assert!(
            text.ends_with(
                "...\n%Warning: File not a valid executable for this system\nAbort Copy? [confirm]"
            ),
            "{text}"
        );
        p.keys(key);
        let text = p.until("R1#");
        assert_eq!(text.contains(&format!("Loading {OLD} from 10.0.0.1 (via ")), loaded, "{text}");
        assert_eq!(text.contains("bytes copied in"), loaded, "{text}");
        assert_eq!(there(&p), files);
    }
    // Neither an image for it nor what is none is asked about, however it is called.
    model.lab.serve("notes.bin", b"no image\n".to_vec());
    for name in [model.new.as_str(), "notes.txt", "notes.bin"] {
        p.keys(&format!("copy tftp://10.0.0.1/{name} bootflash:\r\r"));
        let text = p.until("bytes copied in") + &p.until("R1#");
        assert!(!text.contains("Abort Copy"), "{text}");
    }
}

#[test]
fn file_verify_auto_looks_into_every_image_that_comes() {
    let lab = Lab::new();
    lab.serve(NEW, image(NEW_VERSION, SIZE));
    let mut p = lab.bench.enabled();
    p.run("conf t");
    p.run("file verify auto");
    p.run("end");
    assert!(p.run("show running-config | include verify").contains("file verify auto\n"));
    p.keys(&format!("copy tftp://10.0.0.1/{NEW} flash:\r\r"));
    let text = p.until("bytes copied in ") + &p.until("R1#");
    assert!(text.contains("Embedded Hash   MD5 :"), "{text}");
    p.keys(&format!("copy /noverify tftp://10.0.0.1/{NEW} flash:other.bin\r\r"));
    let text = p.until("bytes copied in ") + &p.until("R1#");
    assert!(!text.contains("Embedded Hash"), "{text}");
}

#[test]
fn a_full_flash_is_an_error_with_the_space_left() {
    let lab = Lab::new();
    lab.serve("big.bin", vec![1; 10_000]);
    // A sparse file that takes all but two clusters and the old image.
    let filler = std::fs::File::create(lab.bench.flash("filler")).expect("made");
    let old = SIZE.div_ceil(4096) * 4096;
    filler.set_len(256_487_424 - old - 2 * 4096).expect("sized");
    let mut p = lab.bench.enabled();
    let text = fetch(&mut p, "big.bin");
    assert!(text.contains("%Error copying tftp://10.0.0.1/big.bin (Not enough space on device)\n"), "{text}");
    assert!(text.contains("\n8192 bytes available (256479232 bytes used)\n"), "{text}");
    assert_eq!(p.device.facts().flash.len(), 2);
}

#[test]
fn configurations_go_out_and_come_back_as_a_merge() {
    let lab = Lab::new();
    let mut p = lab.bench.enabled();
    p.keys("copy running-config tftp\r");
    p.until("Address or name of remote host []? ");
    p.keys("10.0.0.1\r");
    p.until("Destination filename [r1-confg]? ");
    p.keys("\r");
    let text = p.until("R1#");
    let kept = lab.files.content("r1-confg").expect("written");
    assert!(kept.windows(11).any(|w| w == b"hostname R1"), "{kept:?}");
    let (n, ..) = copied(&text);
    assert_eq!(n, kept.len() as u64);
    assert!(text.contains("!\n"), "{text}");
    lab.serve("merge", b"ip ftp username jeremy\r\nint g0/1\r\n ip add 10.1.0.1 255.255.255.0\r\n".to_vec());
    p.keys("copy tftp: running-config\r");
    p.until("Address or name of remote host [10.0.0.1]? ");
    p.keys("\r");
    p.until("Source filename []? ");
    p.keys("merge\r");
    p.until("Destination filename [running-config]? ");
    p.keys("\r");
    p.until("R1#");
    p.until("%SYS-5-CONFIG_I: Configured from tftp://10.0.0.1/merge by console");
    let facts = p.device.facts();
    assert_eq!((facts.hostname.as_str(), facts.ftp_username.as_deref()), ("R1", Some("jeremy")));
    assert!(facts.interfaces.iter().any(|i| i.name == "GigabitEthernet0/1" && i.address.is_some()));
    assert!(facts.modified);
}

/// Collects what a server sees of requests.
#[derive(Default)]
struct Requests(Mutex<Vec<(String, std::net::SocketAddr)>>);

impl Tap for Requests {
    fn see(&self, sight: &Sight<'_>) {
        if let (Dir::Received, What::Datagram { head, .. }) = (sight.dir, &sight.what)
            && matches!(head, [0, 1 | 2, ..])
        {
            let text = head[2..].escape_ascii().to_string();
            self.0.lock().expect("no panic").push((text, sight.peer));
        }
    }
}

#[test]
fn ip_tftp_blocksize_is_offered_and_nothing_without_it() {
    let requests = Arc::new(Requests::default());
    let lab = Lab::seen_by(Some(requests.clone() as Arc<dyn Tap>));
    lab.serve("a", vec![5; 20_000]);
    let mut p = lab.bench.enabled();
    p.keys("copy tftp://10.0.0.1/a null:\r");
    p.until("[OK - 20000 bytes]");
    p.until("R1#");
    p.run("conf t");
    p.run("ip tftp blocksize 8192");
    p.run("end");
    p.keys("copy tftp://10.0.0.1/a flash:\r\r");
    p.until("[OK - 20000 bytes]");
    p.until("R1#");
    assert_eq!(std::fs::read(lab.bench.flash("a")).expect("there"), vec![5; 20_000]);
    let seen = requests.0.lock().expect("no panic").clone();
    assert_eq!(seen[0].0, "a\\x00octet\\x00");
    assert_eq!(seen[1].0, "a\\x00octet\\x00blksize\\x008192\\x00");
    assert!(seen.iter().all(|(_, peer)| peer.ip().to_string() == "127.0.0.2"), "the device's own address");
}

/// A server whose first answer to a WRQ comes only after the request was repeated.
#[test]
fn item_13_a_repeated_wrq_is_the_same_transfer() {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("bound");
    let real = socket.local_addr().expect("bound");
    let server = std::thread::spawn(move || {
        let mut buf = [0; 600];
        let (first, peer) = socket.recv_from(&mut buf).expect("a request");
        let request = buf[..first].to_vec();
        let (again, same) = socket.recv_from(&mut buf).expect("the same request");
        assert_eq!((&buf[..again], same), (&request[..], peer), "from the same port");
        let transfer = UdpSocket::bind("127.0.0.1:0").expect("bound");
        transfer.send_to(&[0, 4, 0, 0], peer).expect("sent");
        let mut got = Vec::new();
        loop {
            let (n, _) = transfer.recv_from(&mut buf).expect("data");
            transfer.send_to(&[0, 4, buf[2], buf[3]], peer).expect("sent");
            let block = usize::from(u16::from_be_bytes([buf[2], buf[3]]));
            got.truncate((block - 1) * 512);
            got.extend_from_slice(&buf[4..n]);
            if n < 516 {
                return got;
            }
        }
    });
    let mut bench = Bench::r1();
    bench.table = Some(Table::default().with("10.0.0.1:69".parse().expect("address"), real));
    bench.patience = 0.1;
    let mut p = bench.enabled();
    p.keys("copy running-config tftp://10.0.0.1/r1.cfg\r\r");
    let text = p.until("R1#");
    assert!(text.contains(" bytes copied in "), "{text}");
    let got = server.join().expect("no panic");
    assert_eq!(copied(&text).0, got.len() as u64);
}

#[test]
fn a_local_source_is_asked_for_before_the_host() {
    let lab = Lab::new();
    let mut p = lab.bench.enabled();
    p.keys("copy flash: tftp:\r");
    p.until("Source filename []? ");
    p.keys(&format!("{OLD}\r"));
    p.until("Address or name of remote host []? ");
    p.keys("10.0.0.1\r");
    p.until(&format!("Destination filename [{OLD}]? "));
    p.keys("up.bin\r");
    let text = lab.as_if_in_time(&p.until("R1#"));
    assert!(text.contains(&format!("!!!!!!!!!!!!\n{SIZE} bytes copied in ")), "{text}");
    assert!(!text.contains("Writing") && !text.contains("Accessing"), "{text}");
    let sent = lab.files.content("up.bin").expect("written");
    assert_eq!(sent, std::fs::read(lab.bench.flash(OLD)).expect("there"));
}

#[test]
fn file_prompt_noisy_confirms_every_parameter() {
    let lab = Lab::new();
    lab.serve("a.txt", b"a".to_vec());
    let mut p = lab.bench.enabled();
    p.run("conf t");
    p.run("file prompt noisy");
    p.run("end");
    p.keys("copy tftp://10.0.0.1/a.txt flash:b.txt\r");
    p.until("Address or name of remote host [10.0.0.1]? ");
    p.keys("\r");
    p.until("Source filename [a.txt]? ");
    p.keys("\r");
    p.until("Destination filename [b.txt]? ");
    p.keys("\r");
    p.until("[OK - 1 bytes]");
    p.until("R1#");
}

#[test]
fn item_14_a_tftp_copy_of_the_lessons_size_crosses_the_rollover() {
    let lab = Lab::new();
    let size = device::image::LESSON_SIZE;
    assert_eq!(size.div_ceil(512), 65_609, "beyond the 16-bit block number");
    let octets = image(NEW_VERSION, size);
    lab.serve(NEW, octets.clone());
    let mut p = lab.bench.enabled();
    let text = fetch(&mut p, NEW);
    assert!(text.contains("[OK - 33591768 bytes]"), "{}", text.replace('!', ""));
    assert_eq!(text.matches('!').count(), 6_560);
    assert!(std::fs::read(lab.bench.flash(NEW)).expect("there") == octets, "octet for octet");
    let facts = p.device.facts();
    let taken: u64 = facts.flash.iter().map(|f| f.len.div_ceil(4_096) * 4_096).sum();
    assert_eq!(facts.free, 256_487_424 - taken);
}

#[test]
fn one_flipped_octet_is_copied_verified_and_not_booted() {
    let lab = Lab::new();
    let mut octets = image(NEW_VERSION, SIZE);
    octets[30_000] ^= 4;
    lab.serve(NEW, octets);
    let mut p = lab.bench.enabled();
    fetch(&mut p, NEW);
    let text = p.run(&format!("verify flash:{NEW}"));
    assert!(text.contains("Embedded Hash   MD5") && !text.contains("Signature Verified"), "{text}");
    p.run("conf t");
    p.run(&format!("boot system flash:{NEW}"));
    p.run("end");
    p.run("wr");
    p.keys("reload\r");
    p.until("[confirm]");
    p.keys("\r");
    let text = p.until("Press RETURN");
    assert!(text.contains("compressed image checksum is incorrect"), "{text}");
    p.keys("\r");
    p.until("R1#");
    assert!(matches!(p.device.facts().mode, Mode::Ios { file, .. } if file == OLD));
}

#[test]
fn without_a_table_addresses_are_real() {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("bound");
    let port = socket.local_addr().expect("bound").port();
    let files = store::memory::Memory::new();
    files.seed("a.txt", &b"hello"[..]);
    let (gate, _events) = gate::Gate::new(Arc::new(files), gate::Policy::default());
    let config = serve::tftp::TftpConfig::default();
    let _server = serve::tftp::TftpServer::start(gate, vec![socket], config, None).expect("started");
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.keys(&format!("copy tftp://127.0.0.1:{port}/a.txt flash:\r\r"));
    let text = p.until("R1#");
    assert!(text.contains("[OK - 5 bytes]"), "{text}");
}

#[test]
fn copy_verify_looks_at_the_image_afterwards() {
    let lab = Lab::new();
    lab.serve(NEW, image(NEW_VERSION, SIZE));
    let mut p = lab.bench.enabled();
    p.keys(&format!("copy /verify tftp://10.0.0.1/{NEW} flash:\r\r"));
    let text = p.until("Signature Verified");
    assert!(
        text.contains(" bytes copied in ") && text.contains("Verifying file integrity of flash:"),
        "{text}"
    );
    p.until("R1#");
}
