//! Verbs that are more than one step and need no data connection: COMB, DSIZ, RMDA, SITE CPFR and CPTO, UMASK, WHO, QUOTA;
//! patterns of LIST and NLST; room for ALLO.

use e2e::ftplib::{asked, asked_anonymously, asked_with};

#[test]
fn copies_and_combinations_are_whole_and_pass_the_same_door() {
    asked(
        "
def copied(source, target):
    first = code('SITE CPFR ' + source)
    return first if first != '350' else code('SITE CPTO ' + target)
def names():
    return sorted(name for name in os.listdir(there) if not name.startswith('.'))
assert copied('image.bin', 'copy.bin') == '250' and here('copy.bin') == octets
assert copied('copy.bin', 'copy.bin') == '250' and here('copy.bin') == octets
ftp.mkd('d')
assert copied('copy.bin', 'd/../d/up.bin') == '250' and here('d/up.bin') == octets
assert copied('absent', 'x') == '550' and copied('d', 'x') == '550' and copied('image.bin', 'd') == '550'
assert copied('image.bin', 'absent/x') == '550' and code('SITE CPTO x') == '503'
for outside in '../../outside.ftp', '/../../../outside.ftp', '../' * 30 + 'tmp/outside.ftp':
    copied('image.bin', outside)
assert not os.path.exists('/outside.ftp') and not os.path.exists('/tmp/outside.ftp')
assert copied('/etc/passwd', 'stolen') == '550' and copied('../../../../etc/passwd', 'stolen') == '550'
os.symlink('/etc/passwd', os.path.join(there, 'link'))
assert copied('link', 'stolen') == '550' and 'stolen' not in names()
os.unlink(os.path.join(there, 'link'))
for n in 1, 2, 3:
    with open(os.path.join(there, 'part %d' % n), 'wb') as f:
        f.write(b'%d' % n * 100000)
assert code('COMB all \"part 1\" absent \"part 2\"') == '550' and 'all' not in names()
assert code('COMB all \"part 1\" all') == '550' and 'part 1' in names()
assert code('COMB all \"part 1\" \"part 2\"') == '250'
assert here('all') == b'1' * 100000 + b'2' * 100000 and 'part 1' not in names() and 'part 3' in names()
assert code('COMB all \"part 3\"') == '250' and here('all')[200000:] == b'3' * 100000
",
    );
    asked_anonymously(
        "
assert code('SITE CPFR image.bin') == '350' and code('SITE CPTO x') == '550'
assert code('COMB x image.bin') == '550' and code('RMDA x') == '550' and code('ALLO 5')[0] in '25'
assert os.listdir(there) == ['image.bin']
",
    );
}

/// Where a user may put files and not read them, and read others and not change them.
#[test]
fn a_copy_needs_the_right_to_read_one_name_and_to_write_the_other() {
    asked_with(
        "
[[rule]]
deny = [\"read\", \"write\", \"delete\", \"rename\"]
path = \"/in/**\"

[[rule]]
deny = [\"create\", \"write\", \"delete\", \"rename\"]
path = \"/out/**\"
",
        "
for name in 'in', 'out':
    os.makedirs(os.path.join(there, name), exist_ok=True)
    with open(os.path.join(there, name, 'secret'), 'wb') as f:
        f.write(b'secret')
def copied(source, target):
    first = code('SITE CPFR ' + source)
    return first if first != '350' else code('SITE CPTO ' + target)
assert copied('/in/secret', '/free') == '550' and not os.path.exists(os.path.join(there, 'free'))
assert copied('/image.bin', '/out/x') == '550' and copied('/image.bin', '/out/secret') == '550'
assert here('out/secret') == b'secret' and os.listdir(os.path.join(there, 'out')) == ['secret']
assert copied('/image.bin', '/in/secret') == '550' and here('in/secret') == b'secret'
assert copied('/out/secret', '/in/new') == '250' and here('in/new') == b'secret'
assert code('COMB /mine /in/secret') == '550' and code('COMB /mine /out/secret') == '550'
assert here('in/secret') == b'secret' and here('out/secret') == b'secret'
assert code('RMDA /out') == '550' and here('out/secret') == b'secret'
",
    );
}

#[test]
fn trees_are_measured_and_removed() {
    asked(
        "
def made(name, size):
    path = os.path.join(there, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as f:
        f.write(b'x' * size)
made('d/a', 10)
made('d/e/f/g', 20)
for n in range(600):
    made('d/many/%d' % n, 1)
made('kept/k', 5)
os.symlink(os.path.join(there, 'kept'), os.path.join(there, 'd/link'))
assert ftp.sendcmd('DSIZ d') == '213 630' and ftp.sendcmd('DSIZ') == '213 %d' % (630 + 5 + len(octets))
assert code('DSIZ absent') == '550' and code('DSIZ image.bin') == '550'
assert code('RMDA absent') == '550' and code('RMDA image.bin') == '550' and code('RMDA /') == '550'
said = code('RMDA d')
if said != '250':
    # A link that is not shown is nobody's to remove; everything else is gone.
    assert said == '550' and os.listdir(os.path.join(there, 'd')) == ['link'], said
    os.unlink(os.path.join(there, 'd/link'))
    assert code('RMDA d') == '250'
assert not os.path.exists(os.path.join(there, 'd')) and here('kept/k') == b'xxxxx' and here('image.bin') == octets
",
    );
}

#[test]
fn a_pattern_lists_what_it_matches_in_one_directory() {
    asked(
        "
for name in 'a.bin', 'b.bin', 'b.txt', 'star*', 'd/c.bin', 'd/c.txt':
    path = os.path.join(there, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    open(path, 'w').close()
def names(what):
    return got('NLST ' + what).split()
assert names('*.bin') == [b'a.bin', b'b.bin', b'image.bin'] and names('[ab].*') == [b'a.bin', b'b.bin', b'b.txt']
assert names('d/*.bin') == [b'd/c.bin'] and names('/d/c.?in') == [b'/d/c.bin'] and names('nothing*') == []
# A name that is there is itself.
assert names('star*') == [b'star*']
assert got('LIST -la *.txt').count(b'b.txt') == 1 and got('LIST d/*.txt').count(b'\\n') == 1
# Only the last name is a pattern: no tree is searched.
assert len(names('*/../*/../*')) == len(names('*')) == 6
for bomb in '*/*', '*/*/*/*/*/*/*/*', '*/c.bin':
    assert code('EPSV') == '229' and code('NLST ' + bomb) == '550', bomb
assert code('EPSV') == '229' and code('MLSD *') == '550'
ftp.cwd('d')
assert names('../*.txt') == [b'../b.txt']
",
    );
}

/// The owner names who sees others; the rest sees its own, also when somebody else is there.
#[test]
fn an_overseer_is_shown_the_sessions_of_all() {
    let script = "
other = ftplib.FTP()
other.connect('127.0.0.1', port, timeout=60)
other.login('anonymous', 'x@y')
said = ftp.sendcmd('SITE WHO').splitlines()
assert other.sendcmd('SITE WHO').count(' from ') == 1, 'anonymous sees itself'
print(said)
lines = [line.split() for line in said[1:-1]]
assert [line[1:3] for line in lines] == EXPECTED, said
";
    let [all, own] = ["[['ftp', 'bob'], ['ftp', 'anonymous']]", "[['ftp', 'from']]"];
    for (rows, expected) in [
        ("[[ftp.overseer]]\nuser = \"bob\"\nclients = \"127.0.0.0/8\"\n", all),
        ("[[ftp.overseer]]\nuser = \"bob\"\nclients = \"10.0.0.0/8\"\n", own),
        ("[[ftp.overseer]]\nuser = \"alice\"\n", own),
    ] {
        let configuration = format!("[server]\nanonymous = true\n{rows}");
        asked_with(&configuration, &script.replace("EXPECTED", expected));
    }
}

#[test]
fn who_quota_idle_and_umask_say_what_is_so() {
    asked(
        "
said = ftp.sendcmd('SITE WHO')
assert said.count('ftp from 127.0.0.1') == 1 and 'this one' in said, said
other = ftplib.FTP()
other.connect('127.0.0.1', port, timeout=60)
other.login(user, password)
assert ftp.sendcmd('SITE WHO').count('ftp from 127.0.0.1') == 2
other.quit()
assert 'octets free' in ftp.sendcmd('SITE QUOTA') and ftp.sendcmd('SITE IDLE 60').endswith('60 seconds.')
assert code('SITE UMASK 077') == '200' and sent('STOR own', b'x') == '226'
assert os.stat(os.path.join(there, 'own')).st_mode & 0o777 == 0o600
assert code('PRET STOR x') == '200'
",
    );
}
