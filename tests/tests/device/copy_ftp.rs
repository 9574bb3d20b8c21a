use crate::bench::{NEW, NEW_VERSION, Person, SIZE, image};
use crate::lab::Lab;
use std::sync::{Arc, Mutex};
use transport::tap::{Dir, Role, Sight, Tap, What};

/// What the device's own tap sees of an FTP session.
#[derive(Default)]
struct Controls(Mutex<Vec<String>>);

impl Tap for Controls {
    fn see(&self, sight: &Sight<'_>) {
        let text = match (&sight.what, sight.dir) {
            (What::Control(line), Dir::Sent) => String::from_utf8_lossy(line).into_owned(),
            (What::Control(line), _) => format!("< {}", String::from_utf8_lossy(line)),
            (What::Connected { role: Role::Data }, Dir::Received) => "data: accepted".into(),
            (What::Connected { role: Role::Data }, _) => "data: connected".into(),
            _ => return,
        };
        self.0.lock().expect("no panic").push(text);
    }
}

/// A person at a device whose sessions are seen.
fn watched(lab: &Lab) -> (Person, Arc<Controls>) {
    let controls = Arc::new(Controls::default());
    let mut config = device::DeviceConfig::new(lab.bench.dir.path());
    config.pace = 0.0;
    config.table.clone_from(&lab.bench.table);
    config.tap = Some(controls.clone() as Arc<dyn Tap>);
    let mut p = Person::at(device::Device::open(config).expect("opened"));
    p.started();
    (p, controls)
}

fn login(p: &mut Person) {
    p.run("conf t");
    p.run("ip ftp username jeremy");
    p.run("ip ftp password ccna");
    p.run("end");
}

#[test]
fn item_7_ftp_prints_loading_marks_and_ok_with_4096() {
    let lab = Lab::new();
    let octets = image(NEW_VERSION, SIZE);
    lab.serve(NEW, octets.clone());
    let mut p = lab.bench.enabled();
    login(&mut p);
    p.keys("copy ftp: flash:\r");
    p.until("Address or name of remote host []? ");
    p.keys("10.0.0.1\r");
    p.until("Source filename []? ");
    p.keys(&format!("{NEW}\r"));
    p.until(&format!("Destination filename [{NEW}]? "));
    p.keys("\r");
    let text = p.until("R1#");
    let begin = format!("Accessing ftp://10.0.0.1/{NEW}...\nLoading {NEW} !");
    assert!(text.contains(&begin), "{text}");
    assert!(text.contains(&format!("\n[OK - {SIZE}/4096 bytes]\n\n{SIZE} bytes copied in ")), "{text}");
    assert_eq!(std::fs::read(lab.bench.flash(NEW)).expect("there"), octets);
}

#[test]
fn item_12_the_url_then_ip_ftp_username_then_anonymous() {
    let lab = Lab::new();
    lab.serve("a", b"x".to_vec());
    let (mut p, controls) = watched(&lab);
    let users = |c: &Controls| -> Vec<String> {
        let lines = c.0.lock().expect("no panic");
        lines.iter().filter(|l| l.starts_with("USER ")).cloned().collect()
    };
    p.keys("copy ftp://10.0.0.1/a null:\r");
    p.until("[OK - 1/4096 bytes]");
    p.until("R1#");
    login(&mut p);
    p.keys("copy ftp://10.0.0.1/a null:\r");
    p.until("[OK - 1/4096 bytes]");
    p.until("R1#");
    p.run("conf t");
    p.run("ip ftp username nobody");
    p.run("end");
    p.keys("copy ftp://jeremy:ccna@10.0.0.1/a null:\r");
    let text = p.until("[OK - 1/4096 bytes]");
    assert!(text.contains("Accessing ftp://*:*@10.0.0.1/a..."), "{text}");
    p.until("R1#");
    assert_eq!(users(&controls), ["USER anonymous", "USER jeremy", "USER jeremy"]);
    let text = p.screen();
    assert!(!text.rsplit("Accessing").next().expect("there").contains("ccna"), "masked");
}

#[test]
fn item_12_active_and_passive_are_chosen_by_the_configuration() {
    let lab = Lab::new();
    lab.serve("a", vec![1; 5_000]);
    for (line, command, data) in
        [("no ip ftp passive", "PORT ", "data: accepted"), ("ip ftp passive", "PASV", "data: connected")]
    {
        let (mut p, controls) = watched(&lab);
        p.run("conf t");
        p.run(line);
        p.run("end");
        p.keys("copy ftp://10.0.0.1/a null:\r");
        p.until("[OK - 5000/4096 bytes]");
        p.until("R1#");
        let seen = controls.0.lock().expect("no panic").clone();
        assert!(seen.iter().any(|l| l.starts_with(command)), "{line}: {seen:?}");
        assert!(seen.iter().any(|l| l == data), "{line}: {seen:?}");
        // The addresses of the lab stand in PORT and 227 as a trace shows them.
        let told = seen.iter().find(|l| l.starts_with("PORT ") || l.starts_with("< 227 ")).expect("one");
        assert!(told.contains("10,0,0,"), "{told}");
    }
}

#[test]
fn a_wrong_password_and_an_absent_file() {
    let lab = Lab::new();
    let mut p = lab.bench.enabled();
    p.keys("copy ftp://jeremy:wrong@10.0.0.1/a flash:\r\r");
    let text = p.until("R1#");
    assert!(text.contains("%Error opening ftp://*:*@10.0.0.1/a (Incorrect Login/Password)"), "{text}");
    p.keys("copy ftp://10.0.0.1/nothing flash:\r\r");
    let text = p.until("R1#");
    assert!(text.contains("%Error opening ftp://10.0.0.1/nothing (No such file or directory)"), "{text}");
    assert!(!text.contains("Loading"), "{text}");
    assert_eq!(p.device.facts().flash.len(), 1);
}

#[test]
fn a_configuration_goes_out_over_ftp() {
    let lab = Lab::new();
    let mut p = lab.bench.enabled();
    login(&mut p);
    p.keys("copy running-config ftp:\r");
    p.until("Address or name of remote host []? ");
    p.keys("10.0.0.1\r");
    p.until("Destination filename [r1-confg]? ");
    p.keys("\r");
    let text = p.until("R1#");
    assert!(text.contains("Writing r1-confg !\n"), "{text}");
    assert!(lab.files.content("r1-confg").expect("written").starts_with(b"!\n"));
}

#[test]
fn between_two_servers() {
    let lab = Lab::new();
    lab.serve("a", vec![3; 3_000]);
    let mut p = lab.bench.enabled();
    p.keys("copy tftp://10.0.0.1/a ftp://jeremy:ccna@10.0.0.1/b\r\r");
    let text = p.until("R1#");
    assert!(text.contains("3000 bytes copied in "), "{text}");
    assert_eq!(lab.files.content("b").expect("written"), vec![3; 3_000]);
}

#[test]
fn a_server_that_dies_in_mid_file_leaves_nothing() {
    use std::io::{BufRead, BufReader, Write};
    let control = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    let data = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    let real = control.local_addr().expect("bound");
    let at = data.local_addr().expect("bound").port();
    let server = std::thread::spawn(move || {
        let (stream, _) = control.accept().expect("a client");
        let mut out = stream.try_clone().expect("cloned");
        let mut say = |text: &str| out.write_all(text.as_bytes()).expect("sent");
        say("220 ready\r\n");
        for line in BufReader::new(stream).lines() {
            let Ok(line) = line else { return };
            match line.split(' ').next().expect("a verb") {
                "USER" => say("331 password\r\n"),
                "PASS" => say("230 in\r\n"),
                "PASV" => say(&format!("227 Entering Passive Mode (127,0,0,1,{},{})\r\n", at >> 8, at & 255)),
                "RETR" => {
                    say("150 here it comes (100000 bytes)\r\n");
                    let (mut stream, _) = data.accept().expect("a data connection");
                    stream.write_all(&[7; 50_000]).expect("sent");
                    drop(stream);
                    say("426 connection lost\r\n");
                }
                _ => say("200 fine\r\n"),
            }
        }
    });
    let mut bench = crate::bench::Bench::r1();
    bench.table = Some(device::wire::Table::default().with("10.0.0.1:21".parse().expect("address"), real));
    let mut p = bench.enabled();
    p.keys("copy ftp://10.0.0.1/a.bin flash:\r\r");
    let text = p.until("R1#");
    assert!(text.contains("Loading a.bin !"), "{text}");
    assert!(text.contains("%Error reading ftp://10.0.0.1/a.bin ("), "{text}");
    assert_eq!(p.device.facts().flash.len(), 1);
    server.join().expect("no panic");
}
