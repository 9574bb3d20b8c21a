//! The schema of the configuration, before a validator of other people's.

use e2e::peers::Peer;
use e2e::process::run;
use e2e::towline::command;

/// Reads TOML and a schema as others do; ends with 0 where the one is by the other.
const JUDGE: &str = "
import json, sys, tomllib
from jsonschema import Draft202012Validator
schema = json.load(open(sys.argv[1]))
Draft202012Validator.check_schema(schema)
faults = list(Draft202012Validator(schema).iter_errors(tomllib.load(open(sys.argv[2], 'rb'))))
for fault in faults:
    print(fault.json_path, fault.message)
sys.exit(len(faults) > 0)
";

#[test]
fn jsonschema_takes_what_init_writes_and_refuses_what_check_refuses() {
    let Some(jsonschema) = Peer::find("jsonschema", "jsonschema") else { return };
    let python = jsonschema.path().with_file_name("python3");
    let dir = e2e::scratch();
    let at = |name: &str| dir.path().join(name);
    let printed = |args: &[&str]| run(command().args(args)).out;
    std::fs::write(at("schema.json"), printed(&["config", "schema"])).expect("written");
    let root = dir.path().to_str().expect("UTF-8");
    let init = printed(&["config", "init", "--root", root]);
    // With every setting that it has as a comment.
    let setting = |line: &str| {
        line.strip_prefix('#').is_some_and(|l| {
            l.starts_with("[[") || l.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '))
        })
    };
    let all: String =
        init.lines().map(|l| if setting(l) { &l[1..] } else { l }).map(|l| format!("{l}\n")).collect();
    assert!(all.contains("\n[[mount]]\n") && all.contains("\nquota = "), "{all}");
    let judge = |text: &str| {
        std::fs::write(at("t.toml"), text).expect("written");
        let ended = run(std::process::Command::new(&python)
            .args(["-c", JUDGE])
            .arg(at("schema.json"))
            .arg(at("t.toml")));
        (ended.code(), ended)
    };
    for good in [init.as_str(), &all] {
        let (code, ended) = judge(good);
        assert_eq!(code, 0, "{ended:?}");
    }
    for bad in [
        "[server]\nrooot = \"/\"\n",
        "[tftp]\nport = 70000\n",
        "[[mount]]\npath = \"/a\"\n",
        "[limits]\nidle-timeout = 5\n",
        "[server]\nsandbox = \"on\"\n",
        "[[user]]\nname = \"bob\"\npassword = { file = \"a\", env = \"b\" }\n",
    ] {
        let (code, ended) = judge(bad);
        assert_eq!(code, 1, "{bad}{ended:?}");
        let check = run(command().args(["config", "check"]).arg(at("t.toml")));
        assert_eq!(check.code(), 2, "{bad}{check:?}");
    }
}
