//! Verbs of FTP about facts, digests, parts and names, asked by Python's ftplib and compared with what Python says of the
//! same octets.

use e2e::ftplib::{asked, asked_anonymously};
use std::os::unix::fs::MetadataExt;

#[test]
fn digests_are_those_of_the_file_and_of_its_parts() {
    asked(
        "
made = {'SHA-256': hashlib.sha256, 'SHA-512': hashlib.sha512, 'SHA-1': hashlib.sha1, 'MD5': hashlib.md5}
feat = ftp.sendcmd('FEAT')
assert ' HASH SHA-256*;SHA-512;SHA-1;MD5;CRC32;' in feat, feat
for name, make in made.items():
    assert ftp.sendcmd('OPTS HASH ' + name) == '200 ' + name
    assert ftp.sendcmd('HASH image.bin') == f'213 {name} 0-300006 {make(octets).hexdigest()} image.bin'
    for first, last in (0, 0), (1, 299999), (300000, 300006), (17, 16 + 262144):
        assert ftp.sendcmd(f'RANG {first} {last}')[:3] == '350'
        part = make(octets[first:last + 1]).hexdigest()
        assert ftp.sendcmd('HASH image.bin') == f'213 {name} {first}-{last} {part} image.bin'
    # The range was of one HASH only.
    assert make(octets).hexdigest() in ftp.sendcmd('HASH image.bin')
assert ftp.sendcmd('OPTS HASH CRC32') == '200 CRC32'
assert f'{zlib.crc32(octets):08x}' in ftp.sendcmd('HASH image.bin')
assert ftp.sendcmd('OPTS HASH') == '200 CRC32'
for verb, digest in {'XCRC': f'{zlib.crc32(octets):08X}', 'XMD5': hashlib.md5(octets).hexdigest().upper(),
        'XSHA1': hashlib.sha1(octets).hexdigest().upper(), 'XSHA256': hashlib.sha256(octets).hexdigest().upper(),
        'XSHA512': hashlib.sha512(octets).hexdigest().upper()}.items():
    assert ftp.sendcmd(verb + ' image.bin') == '250 ' + digest, verb
part = hashlib.sha256(octets[5:70000]).hexdigest().upper()
assert ftp.sendcmd('XSHA256 \"image.bin\" 5 70000') == '250 ' + part
assert ftp.sendcmd('MD5 image.bin') == '251 \"image.bin\" ' + hashlib.md5(octets).hexdigest().upper()
assert code('HASH absent') == '550' and code('XMD5 /') == '550'
assert code('OPTS HASH WHIRLPOOL') == '504' and code('XMD5') == '501' and code('XCRC \"image.bin\" 9 3') == '501'
assert code('RANG 5 3') == '501' and code('RANG x 3') == '501'
assert ftp.sendcmd('RANG 400000 500000')[:3] == '350' and code('HASH image.bin')[0] == '5'
",
    );
}

#[test]
fn a_part_of_a_file_is_fetched_and_counts_as_whole() {
    asked(
        "
def got():
    octets = b''
    # TYPE would take RANG back, so not retrbinary.
    with ftp.transfercmd('RETR image.bin') as data:
        while more := data.recv(65536):
            octets += more
    assert ftp.voidresp()[:3] == '226'
    return octets

for first, last in (0, 0), (100, 299999), (300000, 300006), (300000, 999999):
    assert ftp.sendcmd(f'RANG {first} {last}')[:3] == '350'
    assert got() == octets[first:last + 1], (first, last)
    assert got() == octets
assert ftp.sendcmd('RANG 5 9')[:3] == '350' and ftp.sendcmd('RANG 1 0')[:3] == '350'
assert got() == octets
",
    );
}

#[test]
fn times_and_permissions_are_set_and_told() {
    let root = asked(
        "
assert ftp.sendcmd('MFMT 20020717210715 image.bin') == '213 Modify=20020717210715; image.bin'
assert ftp.sendcmd('MDTM image.bin') == '213 20020717210715' and os.stat(path).st_mtime == 1026940035
assert ftp.sendcmd('SITE UTIME 20110102030405 image.bin')[:3] == '200' and os.stat(path).st_mtime == 1293937445
assert ftp.sendcmd('SITE UTIME image.bin 20010101000000 20120102030405 20010101000000 UTC')[:3] == '200'
assert os.stat(path).st_mtime == 1325473445
assert ftp.sendcmd('SITE CHMOD 600 image.bin')[:3] == '200' and os.stat(path).st_mode & 0o777 == 0o600
said = ftp.sendcmd('MFF Modify=20020717210715;UNIX.mode=0640; image.bin')
assert said == '213 Modify=20020717210715;UNIX.mode=0640; image.bin', said
assert code('MFMT 2002 image.bin') == '501' and code('MFMT 20020717210715') == '501'
assert code('MFMT 20020717210715 absent') == '550' and code('MFCT 20020717210715 image.bin') == '504'
assert code('MFF Create=20020717210715; image.bin') == '504' and code('SITE CHMOD 999 image.bin') == '501'
assert code('SITE EXEC rm') == '500' and code('SITE') == '501' and ftp.sendcmd('SITE HELP')[:3] == '214'
assert ftp.sendcmd('SITE MKDIR made')[:3] == '257' and os.path.isdir(os.path.join(os.path.dirname(path), 'made'))
assert ftp.sendcmd('SITE RMDIR made')[:3] == '250' and int(ftp.sendcmd('AVBL').split()[1]) > 0
",
    );
    let facts = std::fs::metadata(root.path().join("image.bin")).expect("it is there");
    assert_eq!((facts.mtime(), facts.mode() & 0o777), (1_026_940_035, 0o640));
}

#[test]
fn a_free_name_is_told_in_the_150_and_rein_begins_anew() {
    let root = asked(
        "
def stored(content):
    with ftp.transfercmd('STOU') as data:
        data.sendall(content)
    return ftp.voidresp()

class Told(ftplib.FTP):
    pass

names = []
kept = ftplib.FTP.getresp
def getresp(self):
    said = kept(self)
    if said.startswith('150 FILE: '):
        names.append(said[10:])
    return said
ftplib.FTP.getresp = getresp
for n in range(3):
    assert stored(b'content %d' % n)[:3] == '226'
assert len(set(names)) == 3, names
for n, name in enumerate(names):
    with open(os.path.join(os.path.dirname(path), name), 'rb') as f:
        assert f.read() == b'content %d' % n
assert ftp.sendcmd('LANG') [:3] == '200' and code('LANG DE') == '504' and code('ACCT x') == '202'
assert code('SMNT /') == '502' and code('CLNT tests') == '200' and code('CSID Name=x;Version=1;') == '200'
assert code('REIN') == '220' and code('PWD') == '530'
ftp.login(user, password)
assert ftp.sendcmd('STAT').count('TYPE A') == 1
",
    );
    assert_eq!(std::fs::read_dir(root.path()).expect("it is there").count(), 4);
}

/// Who may only read sets nothing.
#[test]
fn facts_are_their_owners() {
    let root = asked_anonymously(
        "
before = os.stat(path)
for command in ('MFMT 20020717210715 image.bin', 'MFF UNIX.mode=0777; image.bin', 'SITE CHMOD 777 image.bin',
        'SITE UTIME 20110102030405 image.bin', 'SITE SYMLINK /etc/passwd link', 'SITE MKDIR x'):
    assert code(command) == '550', (command, code(command))
assert ftp.sendcmd('HASH image.bin')[:3] == '213'
after = os.stat(path)
assert (after.st_mtime, after.st_mode) == (before.st_mtime, before.st_mode)
",
    );
    assert_eq!(std::fs::read_dir(root.path()).expect("it is there").count(), 1);
}
