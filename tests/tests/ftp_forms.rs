//! TYPE, STRU and MODE: files and listings in every form, against programs of a few lines that read and write RFC 959's
//! modes by themselves.

use e2e::battery::{USER, user_flag};
use e2e::ftplib::asked;
use e2e::peers::Peer;
use e2e::process::Process;
use e2e::scratch;
use e2e::towline::Serve;
use std::time::Duration;

/// What the other end of each mode does.
const MODES: &str = "
def unblocked(wire, eor=b''):
    out, marks, at = b'', [], 0
    while True:
        flags, n = wire[at], int.from_bytes(wire[at + 1:at + 3], 'big')
        body, at = wire[at + 3:at + 3 + n], at + 3 + n
        if flags & 16:
            marks.append((body, len(out)))
        else:
            out += body
        if flags & 128:
            out += eor
        if flags & 64:
            assert at == len(wire), 'something is behind EOF'
            return out, marks

def blocked(octets, size):
    pieces = [octets[n:n + size] for n in range(0, len(octets), size)] or [b'']
    last = len(pieces) - 1
    return b''.join(bytes([64 if n == last else 0]) + len(p).to_bytes(2, 'big') + p for n, p in enumerate(pieces))

def unrun(wire, filler, eor=b''):
    out, at, flags = b'', 0, 0
    while True:
        first, at = wire[at], at + 1
        if first == 0:
            flags, at = flags | wire[at], at + 1
            continue
        if first < 128:
            string, at = wire[at:at + first], at + first
        elif first < 192:
            string, at = wire[at:at + 1] * (first & 63), at + 1
        else:
            string = filler * (first & 63)
        if not flags & 16:
            out += string
        if flags & 128:
            out += eor
        if flags & 64:
            assert at == len(wire), 'something is behind EOF'
            return out
        flags = 0

def ran(octets):
    'Strings and runs, one octet at a time where it is cheapest to write.'
    out, n = b'', 0
    while n < len(octets):
        run = 1
        while run < 63 and octets[n:n + run + 1] == octets[n:n + 1] * (run + 1):
            run += 1
        out += bytes([128 | run]) + octets[n:n + 1] if run > 1 else bytes([1]) + octets[n:n + 1]
        n += run
    return out + bytes([0, 64, 192])
";

fn asked_in_modes(script: &str) {
    asked(&format!("{MODES}{script}"));
}

#[test]
fn block_mode_moves_files_and_restarts_at_its_markers() {
    asked_in_modes(
        "
big = (octets * 9)[:2500000]
with open(os.path.join(there, 'big.bin'), 'wb') as f:
    f.write(big)
assert code('MODE B') == '200' and 'MODE B' in ftp.sendcmd('STAT')
assert unblocked(got('RETR image.bin')) == (octets, [])
out, marks = unblocked(got('RETR big.bin'))
assert out == big and marks == [(b'1048576', 1048576), (b'2097152', 2097152)], marks
assert ftp.sendcmd('REST 2097152')[:3] == '350'
assert unblocked(got('RETR big.bin'))[0] == big[2097152:]
assert sent('STOR up.bin', blocked(octets, 1000)) == '226' and here('up.bin') == octets
assert sent('STOR up.bin', blocked(b'', 1)) == '226' and here('up.bin') == b''
assert sent('APPE up.bin', blocked(b'abc', 2)) == '226' and here('up.bin') == b'abc'
# The mark of the end is enough: the connection need not end, and nobody waits for it.
data = ftp.transfercmd('STOR kept.bin')
data.sendall(blocked(octets, 65535))
assert last()[0] == '226' and here('kept.bin') == octets
data.close()
# What we mark is told back with its place in the file, and is where REST goes on.
with ftp.transfercmd('STOR marked.bin') as data:
    data.sendall(b'\\0\\0\\5hello' + b'\\x10\\0\\4here' + b'\\0\\0\\1!' + b'\\x40\\0\\0')
assert last() == ('226', ['110 MARK here = 5'])
assert ftp.sendcmd('REST 5')[:3] == '350'
assert sent('STOR marked.bin', blocked(b' again', 99)) == '226' and here('marked.bin') == b'hello again'
# ALLO counts octets of the file.
assert ftp.sendcmd('ALLO 300007')[0] == '2' and sent('STOR allo.bin', blocked(octets, 999)) == '226'
assert ftp.sendcmd('ALLO 300006')[0] == '2' and sent('STOR allo.bin', blocked(octets, 999)) == '552'
assert ftp.sendcmd('ALLO 300008')[0] == '2' and sent('STOR allo.bin', blocked(octets, 999)) == '426'
",
    );
}

#[test]
fn compressed_mode_is_read_and_written_by_another_program() {
    asked_in_modes(
        "
runs = b'\\0' * 100000 + b'abc' + b'x' * 1000 + b'end' + b'\\0'
with open(os.path.join(there, 'runs.bin'), 'wb') as f:
    f.write(runs)
assert code('MODE C') == '200'
assert unrun(got('RETR image.bin'), b'\\0') == octets
wire = got('RETR runs.bin')
assert unrun(wire, b'\\0') == runs and len(wire) < 2000, len(wire)
assert sent('STOR up.bin', ran(runs)) == '226' and here('up.bin') == runs
assert sent('STOR up.bin', ran(octets[:5000])) == '226' and here('up.bin') == octets[:5000]
# One octet of a filler is 63 of the file.
assert sent('STOR up.bin', b'\\xff' * 20000 + b'\\0\\x40\\xc0') == '226' and here('up.bin') == bytes(1260000)
ftp.voidcmd('TYPE A')
with open(os.path.join(there, 'text'), 'wb') as f:
    f.write(b'a          b\\n')
assert unrun(got('RETR text'), b' ') == b'a          b\\r\\n'
",
    );
}

#[test]
fn records_are_lines_of_text_in_every_mode() {
    asked_in_modes(
        "
text = b'one\\n\\nthree \\xff\\nfour'
with open(os.path.join(there, 'text'), 'wb') as f:
    f.write(text)
assert code('STRU R') == '200'
ftp.voidcmd('TYPE A')
wire = got('RETR text')
assert wire == b'one\\xff\\x01\\xff\\x01three \\xff\\xff\\xff\\x01four\\xff\\x02', wire
assert sent('STOR up', wire) == '226' and here('up') == text
ftp.voidcmd('MODE B')
assert unblocked(got('RETR text'), b'\\n')[0] == text
ftp.voidcmd('MODE C')
assert unrun(got('RETR text'), b' ', b'\\n') == text
ftp.voidcmd('MODE S')
# A file of octets is one record.
ftp.voidcmd('TYPE I')
wire = got('RETR image.bin')
assert wire == octets.replace(b'\\xff', b'\\xff\\xff') + b'\\xff\\x03' and sent('STOR up', wire) == '226'
assert here('up') == octets and code('REST 5') == '504' and code('RANG 1 5') == '504'
",
    );
}

#[test]
fn an_upload_without_the_mark_of_its_end_is_not_published() {
    asked_in_modes(
        "
def absent(name):
    return not os.path.exists(os.path.join(there, name))
for mode, wire, reply in (('B', b'\\0\\0\\5hello', '426'), ('B', b'\\0\\0\\5hell', '426'), ('C', b'\\5hello', '426'),
        ('B', b'\\x41\\0\\1h', '451'), ('C', b'\\0\\3', '451'), ('B', b'\\x40\\0\\0more', '451')):
    ftp.voidcmd('MODE ' + mode)
    assert sent('STOR up', wire) == reply and absent('up'), (mode, wire)
ftp.voidcmd('MODE S')
ftp.voidcmd('STRU R')
for wire, reply in ((b'hello', '426'), (b'hello\\xff\\x01', '426'), (b'hello\\xff\\x09', '451')):
    assert sent('STOR up', wire) == reply and absent('up'), wire
ftp.voidcmd('STRU P')
for wire, reply in ((b'\\4\\0\\1\\1h', '426'), (b'\\4\\0\\1\\7h\\4\\1\\0\\0', '551'), (b'\\4\\7\\1\\1h\\4\\1\\0\\0', '451')):
    assert sent('STOR up', wire) == reply and absent('up'), wire
",
    );
}

#[test]
fn pages_have_a_header_each() {
    asked_in_modes(
        "
assert code('STRU P') == '200'
def pages(octets):
    out, n = b'', 0
    for at in range(0, len(octets), 255):
        page = octets[at:at + 255]
        out, n = out + bytes([4, n % 256, len(page), 1]) + page, n + 1
    return out + bytes([4, n % 256, 0, 0])
assert got('RETR image.bin') == pages(octets)
assert sent('STOR up', pages(octets)) == '226' and here('up') == octets
ftp.voidcmd('MODE B')
assert unblocked(got('RETR image.bin'))[0] == pages(octets)
assert sent('STOR up', blocked(pages(octets), 7000)) == '226' and here('up') == octets
",
    );
}

#[test]
fn ebcdic_is_what_iconv_says_it_is() {
    asked_in_modes(
        "
def iconv(octets):
    run = ['iconv', '-f', 'LATIN1', '-t', 'IBM1047']
    return subprocess.run(run, input=octets, stdout=subprocess.PIPE, check=True).stdout
# RFC 959 ends lines with <NL>, which iconv takes for Latin-1's 0x85.
text = bytes(n for n in range(256) if n not in (10, 0x85)) * 20
with open(os.path.join(there, 'text'), 'wb') as f:
    f.write(text + b'\\n')
assert code('TYPE E') == '200' and code('TYPE E C') == '504'
assert got('RETR text') == iconv(text) + b'\\x15'
assert sent('STOR up', iconv(text) + b'\\x15') == '226' and here('up') == text + b'\\n'
assert code('SIZE text') == '550' and code('REST 1') == '504'
ftp.voidcmd('STRU R')
assert got('RETR text') == iconv(text).replace(b'\\xff', b'\\xff\\xff') + b'\\xff\\x01\\xff\\x02'
",
    );
}

#[test]
fn listings_come_in_every_form() {
    asked_in_modes(
        "
for name in 'b', 'c', 'd':
    open(os.path.join(there, name), 'w').close()
names = [b'b', b'c', b'd', b'image.bin']
assert got('NLST').split() == names
ftp.voidcmd('MODE B')
assert unblocked(got('NLST'))[0] == b'b\\r\\nc\\r\\nd\\r\\nimage.bin\\r\\n'
assert unblocked(got('MLSD'))[0].count(b'type=file') == 4
ftp.voidcmd('MODE C')
assert unrun(got('NLST'), b' ').split() == names
ftp.voidcmd('MODE S')
ftp.voidcmd('STRU R')
assert got('NLST') == b'\\xff\\x01'.join(names) + b'\\xff\\x01\\xff\\x02'
ftp.voidcmd('STRU F')
ftp.voidcmd('TYPE E')
assert got('NLST').decode('cp037').split('\\x85') == ['b', 'c', 'd', 'image.bin', '']
",
    );
}

#[test]
fn mode_z_is_what_zlib_reads_and_writes() {
    asked_in_modes(
        "
assert ' MODE Z' not in ftp.sendcmd('FEAT') and code('MODE Z') == '200'
assert zlib.decompress(got('RETR image.bin')) == octets
text = b'line\\n' * 100000
with open(os.path.join(there, 'text'), 'wb') as f:
    f.write(text)
sizes = []
for level in '1', '9':
    assert ftp.sendcmd('OPTS MODE Z LEVEL ' + level) == '200 MODE Z LEVEL ' + level
    wire = got('RETR text')
    sizes.append(len(wire))
    assert zlib.decompress(wire) == text
assert max(sizes) < 10000, sizes
assert code('OPTS MODE Z LEVEL 0') == '504' and ftp.sendcmd('OPTS MODE Z') == '200 MODE Z LEVEL 9'
assert sent('STOR up', zlib.compress(octets)) == '226' and here('up') == octets
assert sent('STOR up', zlib.compress(b'')) == '226' and here('up') == b''
# The stream tells its end, and nobody waits for the connection's.
data = ftp.transfercmd('STOR kept')
data.sendall(zlib.compress(octets))
assert last()[0] == '226' and here('kept') == octets
data.close()
# Without that end, with another checksum, with something behind it, or as something else nothing is published.
wire = zlib.compress(octets)
for bad, reply in ((wire[:-1], '426'), (wire[:1000], '426'), (b'', '426'), (wire[:-1] + b'!', '451'),
        (zlib.compress(b'x') + b'x', '451'), (b'plain text', '451')):
    assert sent('STOR bad', bad) == reply and not os.path.exists(os.path.join(there, 'bad')), (bad[-3:], reply)
# What came of it can be gone on with.
assert int(ftp.sendcmd('SIZE bad').split()[1]) >= 0
# TYPE A is converted before.
ftp.voidcmd('TYPE A')
assert zlib.decompress(got('RETR text')) == text.replace(b'\\n', b'\\r\\n')
assert sent('STOR lines', zlib.compress(b'a\\r\\nb\\r\\n')) == '226' and here('lines') == b'a\\nb\\n'
assert b'image.bin\\r\\n' in zlib.decompress(got('NLST'))
ftp.voidcmd('TYPE I')
# A bomb ends where ALLO does, and in no more memory than anything else.
assert ftp.sendcmd('ALLO 1000000')[0] == '2' and sent('STOR bomb', zlib.compress(bytes(50000000))) == '552'
assert not os.path.exists(os.path.join(there, 'bomb'))
assert ftp.sendcmd('ALLO 1000000')[0] == '2' and sent('STOR bomb', zlib.compress(bytes(1000000))) == '226'
",
    );
}

/// It deflates whatever it moves wherever that is offered: 1 GiB of an image took 24.5 s, and 1.1 s without.
#[test]
fn lftp_is_not_offered_mode_z_and_moves_whole_files() {
    let Some(peer) = Peer::find("lftp", "lftp") else { return };
    let (root, home) = (scratch(), scratch());
    let serve = Serve::start(root.path(), &["--write", "--user", &user_flag(home.path())]);
    let text = "what compresses well\n".repeat(100_000);
    std::fs::write(home.path().join("text"), &text).expect("room");
    e2e::content::Content::random(1_000_003).write(&home.path().join("random")).expect("room");
    let script = format!(
        "debug 5; set cmd:fail-exit yes; set net:max-retries 1; set net:timeout 30; set ftp:ssl-allow no; \
         set ftp:use-mode-z yes; open -u '{}','{}' -p {} 127.0.0.1; put text random; cls; get text -o text.back; \
         get random -o random.back",
        USER.0,
        USER.1,
        serve.ftp.port()
    );
    let mut c = peer.command();
    c.args(["-c", &script]).current_dir(home.path()).env("HOME", home.path());
    let ended = Process::start(&mut c).wait(Duration::from_secs(90));
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert!(!ended.err.contains("MODE Z"), "{ended:?}");
    for name in ["text", "random"] {
        let read = |path| std::fs::read(path).expect("it is there");
        let sent = read(home.path().join(name));
        assert!(sent == read(root.path().join(name)), "put {name}");
        assert!(sent == read(home.path().join(format!("{name}.back"))), "get {name}");
    }
}
