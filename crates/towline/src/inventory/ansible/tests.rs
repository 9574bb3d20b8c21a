//! Inventories of Ansible's: what is read, what is left out and said, what is wrong.

use super::Beside;
use crate::config::Source;
use crate::inventory::files::parse;
use crate::inventory::tests::lines;
use std::sync::Arc;

fn source(name: &str, text: &str) -> Arc<Source> {
    Arc::new(Source { path: name.into(), text: text.to_owned() })
}

fn read(name: &str, text: &str, is_private: bool, beside: &[Beside]) -> Result<String, String> {
    match parse(&source(name, text), is_private, beside) {
        Ok(inventory) => Ok(lines(&inventory)),
        Err(faults) => Err(faults.iter().map(|fault| fault.picture()).collect()),
    }
}

const INI: &str = "\
# what is in no group
lone.example.net ansible_user=jo

[core]
core[01:02] ansible_host=10.0.0.1   # the same address twice
[acc]
acc1:2222 ansible_become_password='en able'
web1 ansible_network_os=arista.eos.eos
[acc:vars]
ansible_user = \"eve\"
ansible_ssh_common_args='-o ProxyCommand=\"ssh -W %h:%p -q bob@jump\" -o StrictHostKeyChecking=no'
[site:children]
core
acc
[site:vars]
ansible_network_os=cisco.ios.ios
ansible_connection=ansible.netcommon.network_cli
ansible_user=bob
ansible_password=\"{{ lookup('env', 'NETPW') }}\"
";

const YAML: &str = "\
all:
  hosts:
    lone.example.net: {ansible_user: jo}
  children:
    site:
      vars:
        ansible_network_os: cisco.ios.ios
        ansible_connection: ansible.netcommon.network_cli
        ansible_user: bob
        ansible_password: \"{{ lookup('env', 'NETPW') }}\"
      children:
        core:
          hosts:
            core[01:02]:
              ansible_host: 10.0.0.1
        acc:
          hosts:
            acc1:
              ansible_port: 2222
              ansible_become_password: en able
            web1: {ansible_network_os: arista.eos.eos}
          vars:
            ansible_user: eve
            ansible_ssh_common_args: '-o ProxyCommand=\"ssh -W %h:%p -q bob@jump\" -o StrictHostKeyChecking=no'
";

const RIGHT: &str = "\
lone.example.net ssh://jo@lone.example.net []
core01 ssh://bob@10.0.0.1 password env NETPW [site core]
core02 ssh://bob@10.0.0.1 password env NETPW [site core]
acc1 ssh://eve@acc1:2222 password env NETPW enable in the file via bob@jump [site acc]
web1: left out: its ansible_network_os is 'arista.eos.eos', not ios
acc1: '-o StrictHostKeyChecking' of its ansible_ssh_common_args is not taken
";

#[test]
fn ini_and_yaml_say_the_same() {
    for (name, text) in [("hosts", INI), ("i.ini", INI), ("i.yml", YAML), ("hosts", YAML)] {
        assert_eq!(read(name, text, true, &[]).unwrap_or_else(|e| panic!("{name}: {e}")), RIGHT, "{name}");
    }
}

#[test]
fn the_nearer_variable_wins_and_files_beside_win_over_the_inventory_of_their_kind() {
    let text = "[a]\nr1\n[b]\nr1\n[c:children]\na\nb\n[all:vars]\nansible_user=all\nansible_port=1\n\
                [c:vars]\nansible_user=c\nansible_port=2\n[a:vars]\nansible_user=a\n[b:vars]\nansible_user=b\n";
    let of = |beside: &[Beside]| read("hosts", text, true, beside).expect("an inventory");
    let file = |is_group, name: &str, text: &str| Beside {
        is_group,
        name: name.into(),
        source: source(&format!("{name}.yml"), text),
        is_private: true,
    };
    assert_eq!(of(&[]), "r1 ssh://b@r1:2 [c a b]\n");
    assert_eq!(of(&[file(true, "all", "ansible_port: 3\n")]), "r1 ssh://b@r1:3 [c a b]\n");
    assert_eq!(
        of(&[file(true, "a", "ansible_user: x\n"), file(false, "r2", "ansible_user: y\n")]),
        "r1 ssh://x@r1:2 [c a b]\n"
    );
    assert_eq!(
        of(&[file(false, "r1", "ansible_user: y\nansible_ssh_user: z\n")]),
        "r1 ssh://z@r1:2 [c a b]\n"
    );
    let vault = of(&[file(true, "c", "$ANSIBLE_VAULT;1.1;AES256\n3132\n")]);
    assert!(
        vault.contains("\nc: c.yml is encrypted by Ansible's vault, which is not read: TOWLINE_PASSWORD"),
        "{vault}"
    );
    let first = text.replace("[a:vars]", "[a:vars]\nansible_group_priority=5");
    assert_eq!(read("hosts", &first, true, &[]).expect("an inventory"), "r1 ssh://a@r1:2 [c b a]\n");
}

#[test]
fn what_is_not_read_is_said_and_how_to_give_it() {
    let text = "[g]\nr1 ansible_host=\"{{ x | d('a') }}\"\nr2\nr3 ansible_connection=httpapi\nr4\n[g:vars]\nansible_password=\"{{ vaulted }}\"\nvaulted=\"$ANSIBLE_VAULT;1.1;AES256 31\"\n";
    let told = read("hosts", text, true, &[]).expect("an inventory");
    let right = "r2 ssh://r2 [g]\nr4 ssh://r4 [g]\n\
                 r1: left out: its ansible_host is a template that is not read\n\
                 r3: left out: its ansible_connection is 'httpapi'\n\
                 r2, r4: ansible_password is encrypted by Ansible's vault, which is not read: \
                 TOWLINE_PASSWORD and TOWLINE_ENABLE, a terminal, or \"{{ lookup('env', 'NAME') }}\" give it\n";
    assert_eq!(told, right);
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (name, text, says) in [
        ("hosts", "r1 what\n", "hosts:1:1: something behind 'r1' is no variable; write name=value"),
        ("hosts", "[g\nr1\n", "hosts:1:1: is no section"),
        ("hosts", "[g:var]\n", "hosts:1:1: 'var' is no kind of section"),
        ("hosts", "r1\n[g:vars]\na=1\n", "hosts:2:1: there is no group 'g'; add a section [g]"),
        ("hosts", "[g:children]\nh\n", "hosts:2:1: there is no group 'h'"),
        ("hosts", "[g:children]\nh\n[h:children]\ng\n", "is in itself"),
        ("hosts", "r[3:1]\n", "hosts:1:1: '[3:1]' is no range: it ends before it begins"),
        ("hosts", "r1 ansible_port=x\n", "'r1' has 'x' for a port; give a number"),
        ("hosts", "r1 a='b\n", "hosts:1:1: a quote is open"),
        (
            "i.yml",
            "all:\n  host:\n    r1:\n",
            "i.yml:2:3: unknown key 'host' in the group 'all'; did you mean 'hosts'?",
        ),
        (
            "i.yml",
            "all:\n  hosts: [r1]\n",
            "i.yml:2:10: hosts are keys, and this is something else; write each host as `NAME:`",
        ),
        ("i.yml", "all:\n  hosts:\n    r1: x\n", "i.yml:3:9: a host has variables"),
        ("x.yml", "$ANSIBLE_VAULT;1.1;AES256\n31\n", "is encrypted by Ansible's vault"),
        (
            "hosts",
            "-----BEGIN OPENSSH PRIVATE KEY-----\n",
            "is a key, not an inventory; --identity FILE is for keys",
        ),
    ] {
        let told =
            read(name, text, true, &[]).err().unwrap_or_else(|| panic!("nothing is wrong with {text:?}"));
        assert!(told.contains(says), "{text:?}: {told}");
    }
}

#[test]
fn passwords_are_not_shown_and_not_taken_from_files_that_others_read() {
    let ini = "[g]\nr1 vault_pw=S3cret ansible_port=x\nr2 ansible_password=S3cret more\n";
    let told = read("hosts", ini, true, &[]).expect_err("wrong");
    assert!(!told.contains("S3cret"), "{told}");
    let made = "[g]\nr1\nr2\n[g:vars]\nansible_password=\"{{ pw }}\"\npw=S3cret\n";
    let yaml = "g:\n  hosts: {r1: , r2: }\n  vars: {ansible_password: S3cret}\n";
    for (name, text, place) in [("hosts", made, "hosts:5:18"), ("i.yml", yaml, "i.yml:3:28")] {
        assert!(read(name, text, true, &[]).is_ok(), "{text}");
        let told = read(name, text, false, &[]).expect_err("others read it");
        let says = format!(
            "{place}: 'ansible_password' is the password itself, and others can read this file; chmod 600"
        );
        assert!(told.contains(&says) && !told.contains("S3cret"), "{told}");
    }
    // It stands beside, where others cannot.
    let beside = [Beside {
        is_group: true,
        name: "g".into(),
        source: source("g.yml", "pw: S3cret\n"),
        is_private: true,
    }];
    let text = "[g]\nr1\n";
    assert!(read("hosts", text, false, &beside).is_ok());
}
