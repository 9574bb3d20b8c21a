//! Random clients over TFTP, FTP and HTTP at a server with random settings, beside the plain model of what should
//! come of them (crate `reference`): the same codes, the same counts, and after a kill what a look at the disk says.
//!
//! `TOWLINE_SEED` does one run again (`fresh`: another each time), `E2E_SOAK` does many.

mod ftp;
mod house;
mod plain;
mod settings;

use e2e::process::run;
use e2e::towline::command;
use house::House;
use reference::{Config, Dice, Held, Model};

/// Things done before the kill, and after it.
const STEPS: usize = 60;

#[test]
fn random_clients_are_answered_counted_and_kept_as_the_model_says() {
    let runs = if std::env::var_os("E2E_SOAK").is_some() { 100 } else { 2 };
    let first = Dice::seed(1);
    let mut done = 0;
    for n in 0..runs {
        let seed = first.wrapping_add(n);
        println!("run {n}: TOWLINE_SEED={seed}");
        let mut dice = Dice::new(seed);
        let config = settled(&mut dice);
        let mut house = House::new(&config, dice);
        done += house.run(STEPS);
        house.kill();
        done += house.run(STEPS);
        house.over();
    }
    println!("soak: {runs} servers, {done} things done and answered as the model says");
}

/// Random settings that a server takes: nowhere is more than may be.
fn settled(dice: &mut Dice) -> Config {
    loop {
        let mut config = reference::config(dice);
        settings::fit(&mut config);
        let held = Model::new(&config).held();
        let fits = |at: &str, quota: reference::Quota| {
            let of = |(_, area): &&(String, String)| area == at;
            let all: Vec<Held> = held.iter().filter(|(key, _)| of(key)).map(|(_, held)| held.0).collect();
            all.iter().all(|held| {
                quota.octets.is_none_or(|most| held.octets <= most)
                    && quota.files.is_none_or(|most| held.files <= most)
            })
        };
        if config.mounts.iter().all(|mount| fits(&mount.at, mount.quota)) && is_taken(&config) {
            return config;
        }
    }
}

/// Whether the configuration that settings make is one: some have rows that mean nothing, and are refused.
fn is_taken(config: &Config) -> bool {
    let home = e2e::scratch();
    let tree = |nth: usize| home.path().join(format!("tree{nth}"));
    (0..config.mounts.len()).for_each(|nth| std::fs::create_dir(tree(nth)).expect("a directory"));
    let path = home.path().join("towline.toml");
    house::disk::write(&path, &settings::toml(config, home.path(), &tree).0);
    run(command().args(["config", "check"]).arg(&path)).code() == 0
}

/// Seed 1039: 553 said that it could be copied there.
#[test]
fn a_rename_from_a_mount_into_a_root_that_is_only_read_is_denied() {
    let home = e2e::scratch();
    let tree = |name: &str| home.path().join(name);
    ["root", "in"].iter().for_each(|name| std::fs::create_dir(tree(name)).expect("a directory"));
    std::fs::write(tree("in").join("a"), "content").expect("a file");
    let (root, dir, path) = (tree("root"), tree("in"), tree("towline.toml"));
    let text = format!(
        "[server]\nroot = {root:?}\nbind = [\"127.0.0.1\"]\n[tftp]\nport = 0\n[ftp]\nport = 0\n\
         [[mount]]\npath = \"/in\"\ndir = {dir:?}\nwrite = true\n\
         [[rule]]\nallow = \"all\"\nuser = \"anonymous\"\n"
    );
    house::disk::write(&path, &text);
    let server =
        e2e::towline::Serve::start_command(command().args(["serve", "--json", "--config"]).arg(&path));
    let (mut ftp, greeting) = ftp::Ftp::connect([127, 0, 0, 1].into(), server.ftp);
    let said = ["USER anonymous", "PASS me@", "RNFR /in/a", "RNTO /a", "RNFR /in/a", "RNTO /in/b"];
    let codes = said.map(|line| ftp.say(line).0);
    assert_eq!((greeting, codes), (220, [331, 230, 350, 550, 350, 250]));
}
