//! Ansible's cisco.ios against the device: the collection comes with 554 MB of others, so `cargo xtask soak tools` only.

use crate::models::Model;
use crate::tools::{self, PASSWORD};
use e2e::process::Process;
use std::process::Command;
use std::time::{Duration, Instant};
use transport::ssh::Ios;

/// Facts, commands, and a line of configuration that is saved and then there already.
const PLAY: &str = "\
- hosts: all
  gather_facts: false
  tasks:
    - cisco.ios.ios_facts:
        gather_subset: [default, hardware, interfaces, config]
      register: facts
    - cisco.ios.ios_command:
        commands: [show version, show inventory]
      register: shown
    - cisco.ios.ios_config:
        parents: \"interface {{ port }}\"
        lines: [description by ansible]
        save_when: modified
      register: first
    - cisco.ios.ios_config:
        parents: \"interface {{ port }}\"
        lines: [description by ansible]
      register: again
    - ansible.builtin.copy:
        content: \"{{ {'facts': facts.ansible_facts, 'shown': shown.stdout, 'first': first.changed, 'again': again.changed} | to_json }}\"
        dest: \"{{ out }}\"
      delegate_to: localhost
      vars: {ansible_connection: local}
";

#[test]
fn ansible_reads_facts_and_configures_once() {
    if !e2e::is_soak() {
        println!("skipped: Ansible: cargo xtask soak tools runs it");
        return;
    }
    let python = e2e::target().join("peers/ansible/bin/python3");
    assert!(python.is_file(), "{} is missing: cargo xtask soak tools installs it", python.display());
    for (name, port) in [("c2911", "GigabitEthernet0/1"), ("c9300", "GigabitEthernet1/0/1")] {
        let model = Model::of(name);
        tools::let_bob_in(&model);
        let device = model.lab.bench.device();
        device.power_on();
        let lines = crate::ssh::lines(&device, Ios::Xe17);
        let home = e2e::scratch();
        let (play, out) = (home.path().join("play.yml"), home.path().join("out.json"));
        std::fs::write(&play, PLAY).expect("room");
        let hosts = format!(
            "R1 ansible_host=127.0.0.1 ansible_port={} ansible_user=bob ansible_password={PASSWORD} ansible_network_os=cisco.ios.ios \
             ansible_connection=ansible.netcommon.network_cli ansible_network_cli_ssh_type=libssh port={port} out={}\n",
            lines.address().port(),
            out.display()
        );
        std::fs::write(home.path().join("hosts"), hosts).expect("room");
        let began = Instant::now();
        let mut c = Command::new(&python);
        c.args(["-m", "ansible", "playbook", "-i", "hosts", "play.yml"]).current_dir(home.path());
        c.env("HOME", home.path()).env("ANSIBLE_HOST_KEY_CHECKING", "False").env("LC_ALL", "C.UTF-8");
        c.env("ANSIBLE_PERSISTENT_CONTROL_PATH_DIR", home.path().join("pc"));
        c.env("ANSIBLE_LIBSSH_HOST_KEY_AUTO_ADD", "True");
        let ended = Process::start(&mut c).wait(Duration::from_secs(300));
        assert_eq!(ended.code(), 0, "{ended:?}");
        let got: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&out).expect("written")).expect("JSON");
        let facts = &got["facts"];
        assert_eq!(facts["ansible_net_hostname"], "R1", "{facts}");
        assert_eq!(facts["ansible_net_serialnum"], *model.profile.serial, "{facts}");
        let train = model.old_version.split('.').next().expect("a number");
        assert!(facts["ansible_net_version"].as_str().is_some_and(|v| v.starts_with(train)), "{facts}");
        assert!(facts["ansible_net_interfaces"][port].is_object(), "{facts}");
        assert!(got["shown"][1].to_string().contains("NAME: "), "{got}");
        // The second time it is there already.
        assert_eq!((&got["first"], &got["again"]), (&true.into(), &false.into()));
        assert!(model.lab.bench.saved().contains(" description by ansible\n"), "{}", model.lab.bench.saved());
        println!("soak: {name}: a playbook of Ansible in {:.0?}", began.elapsed());
    }
}
