//! Other people's SFTP clients against `towline serve --sftp`: identical octets, both ways.

use e2e::battery::{Job, USER};
use e2e::content::SIZES;
use e2e::peers::Peer;
use e2e::ssh_clients::{SshClient, Typed, Way, fingerprint, openssh};

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|w| (*w).to_owned()).collect()
}

/// `put` and `get` with the names the way round that they want.
fn verb(job: &Job, way: Way) -> String {
    match way {
        Way::Put => format!("put \"{}\" \"{}\"\n", job.local(), job.remote),
        Way::Get => format!("get \"{}\" \"{}\"\n", job.remote, job.local()),
    }
}

/// OpenSSH's programs start `ssh`, wherever that lies here.
fn ssh(job: &Job) -> Vec<String> {
    let ssh = Peer::find("openssh", "ssh").expect("it comes with sftp");
    let mut words = openssh(&job.home);
    words.extend([String::from("-S"), ssh.path().display().to_string()]);
    words
}

fn sftp_of(job: &Job, way: Way, flags: &[&str]) -> Typed {
    let mut arguments = ssh(job);
    arguments.extend(words(flags));
    arguments.extend(words(&["-P", &job.port(), "-b", "script", &format!("{}@127.0.0.1", USER.0)]));
    Typed { arguments, script: verb(job, way) }
}

#[test]
fn openssh_sftp_puts_and_gets() {
    let arguments = |j: &Job, way| sftp_of(j, way, &[]);
    SshClient { name: "openssh", program: "sftp", protocol: "sftp", arguments }.both_ways(SIZES);
}

#[test]
fn openssh_sftp_with_any_ciphers() {
    let aes128 = |j: &Job, way| sftp_of(j, way, &["-c", "aes128-gcm@openssh.com"]);
    let chacha = |j: &Job, way| sftp_of(j, way, &["-c", "chacha20-poly1305@openssh.com"]);
    let ctr = |j: &Job, way| sftp_of(j, way, &["-c", "aes256-ctr"]);
    for (arguments, protocol) in [
        (aes128 as fn(&Job, Way) -> Typed, "sftp aes128-gcm"),
        (chacha, "sftp chacha20"),
        (ctr, "sftp aes256-ctr"),
    ] {
        SshClient { name: "openssh", program: "sftp", protocol, arguments }.both_ways(&[3_000_017]);
    }
}

fn scp(job: &Job, way: Way, flags: &[&str]) -> Typed {
    let mut arguments = ssh(job);
    arguments.extend(words(flags));
    let there = format!("{}@127.0.0.1:{}", USER.0, job.remote);
    let [from, to] = match way {
        Way::Put => [job.local().to_owned(), there],
        Way::Get => [there, job.local().to_owned()],
    };
    arguments.extend(words(&["-P", &job.port(), &from, &to]));
    Typed { arguments, script: String::new() }
}

#[test]
fn openssh_scp_puts_and_gets_over_sftp() {
    let arguments = |j: &Job, way| scp(j, way, &["-s"]);
    SshClient { name: "openssh-scp", program: "scp", protocol: "sftp", arguments }.both_ways(SIZES);
}

/// A name for the shell that these clients think is there.
fn escaped(name: &str) -> String {
    name.replace(' ', "\\ ")
}

#[test]
fn openssh_scp_puts_and_gets_over_scp() {
    let arguments = |j: &Job, way| {
        let job = Job { remote: escaped(&j.remote), ..j.clone() };
        scp(&job, way, &["-O"])
    };
    SshClient { name: "openssh-scp", program: "scp", protocol: "scp", arguments }.both_ways(SIZES);
}

fn putty(job: &Job, flags: &[&str]) -> Vec<String> {
    let mut w = words(&["-P", &job.port(), "-pw", USER.1, "-batch", "-hostkey", &fingerprint()]);
    w.extend(words(flags));
    w
}

#[test]
fn putty_psftp_puts_and_gets() {
    let arguments = |j: &Job, way| {
        let mut arguments = putty(j, &["-b", "script", "-bc"]);
        arguments.push(format!("{}@127.0.0.1", USER.0));
        Typed { arguments, script: verb(j, way) }
    };
    SshClient { name: "psftp", program: "psftp", protocol: "sftp", arguments }.both_ways(SIZES);
}

fn pscp(job: &Job, way: Way, flag: &str, remote: &str) -> Typed {
    let there = format!("{}@127.0.0.1:{remote}", USER.0);
    let [from, to] = match way {
        Way::Put => [job.local().to_owned(), there],
        Way::Get => [there, job.local().to_owned()],
    };
    let mut arguments = putty(job, &[flag, "-q"]);
    arguments.extend([from, to]);
    Typed { arguments, script: String::new() }
}

#[test]
fn putty_pscp_puts_and_gets_over_scp() {
    let arguments = |j: &Job, way| pscp(j, way, "-scp", &escaped(&j.remote));
    SshClient { name: "pscp", program: "pscp", protocol: "scp", arguments }.both_ways(SIZES);
}

#[test]
fn putty_pscp_puts_and_gets_over_sftp() {
    let arguments = |j: &Job, way| pscp(j, way, "-sftp", &j.remote);
    SshClient { name: "pscp", program: "pscp", protocol: "sftp", arguments }.both_ways(SIZES);
}

#[test]
fn lftp_puts_and_gets() {
    let arguments = |j: &Job, way| {
        let verb = match way {
            Way::Put => format!("put {} -o \"{}\"", j.local(), j.remote),
            Way::Get => format!("get \"{}\" -o {}", j.remote, j.local()),
        };
        let ssh = Peer::find("openssh", "ssh").expect("it comes with sftp");
        let connect = format!(
            "{} -a -x -F /dev/null -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile={}",
            ssh.path().display(),
            j.home.join("known_hosts").display()
        );
        let script = format!(
            "set cmd:fail-exit yes; set net:max-retries 1; set net:timeout 30; \
             set sftp:connect-program \"{connect}\"; open -u '{}','{}' -p {} sftp://127.0.0.1; {verb}",
            USER.0,
            USER.1,
            j.port()
        );
        Typed { arguments: vec!["-c".into(), script], script: String::new() }
    };
    SshClient { name: "lftp", program: "lftp", protocol: "sftp", arguments }.both_ways(SIZES);
}

#[test]
fn curl_puts_and_gets() {
    let arguments = |j: &Job, way| {
        let login = format!("{}:{}", USER.0, USER.1);
        let mut w = words(&["-sS", "--insecure", "--max-time", "60", "-u", &login]);
        w.extend(match way {
            Way::Put => words(&["-T", j.local()]),
            Way::Get => words(&["-o", j.local()]),
        });
        w.push(j.url("sftp").replace(' ', "%20"));
        Typed { arguments: w, script: String::new() }
    };
    SshClient { name: "curl", program: "curl", protocol: "sftp", arguments }.both_ways(SIZES);
}

const PARAMIKO: &str = "
import sys, paramiko
verb, port, user, password, remote, local = sys.argv[1:]
client = paramiko.SSHClient()
client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
client.connect('127.0.0.1', int(port), user, password, look_for_keys=False, allow_agent=False)
sftp = client.open_sftp()
if verb == 'put':
    sftp.put(local, remote)
else:
    sftp.get(remote, local)
    assert remote in sftp.listdir('.')
sftp.close()
client.close()
";

const ASYNCSSH: &str = "
import sys, asyncio, asyncssh
verb, port, user, password, remote, local = sys.argv[1:]
async def main():
    async with asyncssh.connect('127.0.0.1', int(port), username=user, password=password, known_hosts=None,
                                client_keys=None, config=None) as connection:
        async with connection.start_sftp_client() as sftp:
            if verb == 'put':
                await sftp.put(local, remote)
            else:
                await sftp.get(remote, local)
                assert remote in await sftp.listdir('.')
asyncio.run(main())
";

fn python(script: &str, job: &Job, way: Way) -> Typed {
    let verb = match way {
        Way::Put => "put",
        Way::Get => "get",
    };
    let arguments = words(&["-c", script, verb, &job.port(), USER.0, USER.1, &job.remote, job.local()]);
    Typed { arguments, script: String::new() }
}

#[test]
fn paramiko_puts_and_gets() {
    let arguments = |j: &Job, way| python(PARAMIKO, j, way);
    SshClient { name: "paramiko", program: "python3", protocol: "sftp", arguments }.both_ways(SIZES);
}

#[test]
fn asyncssh_puts_and_gets() {
    let arguments = |j: &Job, way| python(ASYNCSSH, j, way);
    SshClient { name: "asyncssh", program: "python3", protocol: "sftp", arguments }.both_ways(SIZES);
}
