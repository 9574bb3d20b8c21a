//! scrapli in both its lines, the library of 2026 and the one in Python before it, and Oxidized by a recorded session: what they
//! type, and how they know an answer's end.

use crate::bench::{Bench, NEW, NEW_VERSION, R1, SIZE, image};
use crate::lab::Lab;
use crate::models::Model;
use crate::tools::{self, PASSWORD};
use device::{Device, SshLines};
use e2e::peers::Peer;
use serde_json::Value;
use std::process::Stdio;
use std::sync::Arc;
use transport::ssh::Ios;

/// The library of 2026: a definition says which modes there are, and OpenSSH is what it goes by.
const NEW_LINE: &str = r#"
import json, sys
from scrapli import AuthOptions, Cli, LookupKeyValue, SessionOptions, TransportBinOptions
port, password, image = int(sys.argv[1]), sys.argv[2], sys.argv[3]
cli = Cli("127.0.0.1", port=port, definition_file_or_name="cisco_iosxe",
    auth_options=AuthOptions(username="eve", password=password, lookups=[LookupKeyValue("enable", "cisco")]),
    transport_options=TransportBinOptions(extra_open_args=["-F", "/dev/null", "-o", "UserKnownHostsFile=/dev/null"],
                                          enable_strict_key=False))
got = {}
with cli:
    got["prompt"] = cli.get_prompt().result
    got["version"] = cli.send_input("show version").result
    unknown = cli.send_input("show versoin")
    got["failed"] = [unknown.failed, unknown.result]
    cli.send_inputs(["interface g0/1", "description by scrapli"], requested_mode="configuration")
    got["config"] = cli.send_input("show running-config interface g0/1").result
    cli.enter_mode("exec")
    got["user"] = cli.get_prompt().result
    cli.enter_mode("privileged_exec")
    cli.enter_mode("tclsh")
    cli.enter_mode("privileged_exec")
    got["copied"] = cli.send_prompted_input("copy tftp://10.0.0.1/%s flash:" % image, "Destination filename [%s]?" % image, "",
                                            "").result
    got["saved"] = cli.send_prompted_input("copy running-config startup-config", "Destination filename [startup-config]?", "",
                                           "").result
print(json.dumps(got))
"#;

/// The one before, whose channel reads back each word before it types on.
const OLD_LINE: &str = r#"
import json, sys
from scrapli.driver.core import IOSXEDriver
port, password, image = int(sys.argv[1]), sys.argv[2], sys.argv[3]
at = dict(host="127.0.0.1", port=port, auth_username="eve", auth_password=password, auth_secondary="cisco",
          auth_strict_key=False, transport="system")
got = {}
with IOSXEDriver(**at) as cli:
    got["prompt"] = cli.get_prompt()
    got["version"] = cli.send_command("show version").result
    unknown = cli.send_command("show versoin")
    got["failed"] = [unknown.failed, unknown.result]
    cli.send_configs(["interface g0/1", "description by scrapli"])
    got["config"] = cli.send_command("show running-config interface g0/1").result
    cli.acquire_priv("exec")
    got["user"] = cli.get_prompt()
    cli.acquire_priv("tclsh")
    cli.acquire_priv("privilege_exec")
    got["copied"] = cli.send_interactive([("copy tftp://10.0.0.1/%s flash:" % image, "Destination filename [%s]?" % image, False),
                                          ("", "R1#", False)]).result
    got["saved"] = cli.send_interactive([("copy running-config startup-config", "Destination filename [startup-config]?", False),
                                         ("", "R1#", False)]).result
print(json.dumps(got))
"#;

/// Runs a script against the SSH of a device; what it printed.
fn ran(python: &Peer, script: &str, lines: &SshLines, more: &[&str]) -> Value {
    let home = e2e::scratch();
    let mut python = python.command();
    python.args(["-c", script, &lines.address().port().to_string(), PASSWORD]).args(more);
    let out = python.env("HOME", home.path()).stdin(Stdio::null()).output().expect("python starts");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {out:?}"))
}

/// R1 where eve has to enable, with the new image at its server.
fn r1() -> (Lab, Arc<Device>) {
    let lab = Lab::new();
    lab.serve(NEW, image(NEW_VERSION, SIZE));
    lab.bench.startup(&format!(
        "version 15.1\nenable secret cisco\nusername eve secret {PASSWORD}\nline vty 0 4\n login local\n{R1}"
    ));
    let device = lab.bench.device();
    device.power_on();
    (lab, device)
}

/// What came of either script.
fn is_right(bench: &Bench, got: &Value) {
    let text = |name: &str| got[name].as_str().unwrap_or_default().to_owned();
    assert_eq!((text("prompt").trim(), text("user").trim()), ("R1#", "R1>"), "{got}");
    assert!(text("version").starts_with("Cisco IOS Software, C2900 Software"), "{got}");
    assert!(text("version").trim_end().ends_with("Configuration register is 0x2102"), "{got}");
    assert_eq!(got["failed"][0], true, "{got}");
    assert!(text("config").contains(" description by scrapli\n"), "{got}");
    assert!(text("copied").contains(&format!("{SIZE} bytes copied in ")), "{got}");
    assert!(text("saved").contains("[OK]"), "{got}");
    assert!(bench.saved().contains(" description by scrapli\n"), "{}", bench.saved());
    assert_eq!(std::fs::read(bench.flash(NEW)).expect("copied").len() as u64, SIZE);
}

#[test]
fn scrapli_of_2026_goes_through_all_modes() {
    let (Some(python), Some(_)) = (Peer::python("scrapli"), Peer::find("openssh", "ssh")) else { return };
    let (lab, device) = r1();
    let got = ran(&python, NEW_LINE, &crate::ssh::lines(&device, Ios::Xe17), &[NEW]);
    is_right(&lab.bench, &got);
}

#[test]
fn scrapli_in_python_goes_through_all_modes() {
    let (Some(python), Some(_)) = (Peer::double("scrapli"), Peer::find("openssh", "ssh")) else { return };
    let (lab, device) = r1();
    let got = ran(&python, OLD_LINE, &crate::ssh::lines(&device, Ios::Xe17), &[NEW]);
    is_right(&lab.bench, &got);
}

/// What Oxidized types at an IOS device, line for line (its model of a Catalyst 9200L), each when the prompt that its pattern
/// knows is there; the first and the last line of each answer go, and of the configuration the first three.
const OXIDIZED: &str = r#"
import json, re, sys, time
import paramiko
port, password = int(sys.argv[1]), sys.argv[2]
client = paramiko.SSHClient()
client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
client.connect("127.0.0.1", port=port, username="bob", password=password, allow_agent=False, look_for_keys=False)
shell = client.invoke_shell(term="vt100", width=80, height=24)
shell.settimeout(30)
prompt = re.compile(rb"^\r?([\w.@()-]+[#>]\s?)$", re.M)
def until_prompt():
    buffer = b""
    while not prompt.search(buffer):
        got = shell.recv(4096)
        assert got, buffer
        buffer += got
    return buffer.decode()
got = {}
until_prompt()
for line in ("terminal length 0", "terminal width 0", "show version", "show vtp status", "show inventory", "show running-config"):
    shell.send(line + "\n")
    text = until_prompt().replace("\r\n", "\n")
    got[line] = "\n".join(text.split("\n")[1:-1])
got["show running-config"] = "\n".join(got["show running-config"].split("\n")[3:])
shell.send("exit\n")
end = b""
while True:
    more = shell.recv(4096)
    if not more:
        break
    end += more
got["exit"] = end.decode()
print(json.dumps(got))
"#;

#[test]
fn oxidized_collects_every_model() {
    let Some(python) = Peer::python("paramiko") else { return };
    for model in Model::all() {
        tools::let_bob_in(&model);
        let device = model.lab.bench.device();
        device.power_on();
        let got = ran(&python, OXIDIZED, &crate::ssh::lines(&device, Ios::Xe17), &[]);
        let name = &model.profile.name;
        let text = |line: &str| got[line].as_str().unwrap_or_default().to_owned();
        assert_eq!(
            (text("terminal length 0"), text("terminal width 0")),
            (String::new(), String::new()),
            "{name}"
        );
        assert!(text("show version").contains(model.old_version), "{name}: {got}");
        // A router has no VTP: what it does not know it leaves out.
        let vtp = text("show vtp status");
        match matches!(&**name, "c2960x" | "c9300") {
            true => assert!(vtp.contains("VTP Operating Mode                : Server"), "{name}: {got}"),
            false => assert!(vtp.contains("% Invalid input detected"), "{name}: {got}"),
        }
        assert!(text("show inventory").contains("NAME: ") || **name == *"c3640", "{name}: {got}");
        let config = text("show running-config");
        assert!(!config.contains("Current configuration : "), "{name}: {config}");
        assert!(
            config.contains("\nhostname R1\n") && config.trim_end().ends_with("\nend"),
            "{name}: {config}"
        );
    }
}
