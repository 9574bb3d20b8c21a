//! `crypto key generate rsa`, `crypto key zeroize rsa`, `show crypto key mypubkey rsa`.

use super::exec::Exec;
use super::table::Id;
use crate::keys::{Made, Shown};
use crate::profile::Layout;
use crate::session::Leave;
use ios_cli::dialog::{Answer, Question};
use ios_cli::text::crypto_key as texts;
use ios_cli::{Match, Modes, Row};
use std::time::{Duration, Instant};
use transport::ssh::PrivateKey;

/// What a row does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CryptoKey {
    Generate,
    Zeroize,
    Show,
}

const CONFIG: Modes = Modes::CONFIG;
const CRYPTO: &str = "Encryption module";
const KEY: &str = "Long term key operations";
const GENERATE: &str = "Generate new keys";
const RSA: &str = "Generate RSA keys";
const GENERAL: &str = "Generate a general purpose RSA key pair for signing and encryption";
const LABEL: &str = "Provide a label";
const NAME: &str = "RSA keypair label";
const MODULUS: &str = "Provide number of modulus bits on the command line";
const BITS: &str = "size of the key modulus in bits";

pub(super) const CRYPTO_KEYS: &[Row<Id>] = &[
    Row::new(
        "crypto key generate rsa [general-keys] [label <name:word>] [modulus <bits:360-4096>]",
        &[CRYPTO, KEY, GENERATE, RSA, GENERAL, LABEL, NAME, MODULUS, BITS],
        CONFIG,
        15,
        Id::CryptoKey(CryptoKey::Generate),
    ),
    Row::new(
        "crypto key generate rsa [general-keys] modulus <bits:360-4096> label <name:word>",
        &[CRYPTO, KEY, GENERATE, RSA, GENERAL, MODULUS, BITS, LABEL, NAME],
        CONFIG,
        15,
        Id::CryptoKey(CryptoKey::Generate),
    ),
    Row::new(
        "crypto key zeroize rsa [<name:word>]",
        &[CRYPTO, KEY, "Remove keys", "Remove RSA keys", "RSA keypair label"],
        CONFIG,
        15,
        Id::CryptoKey(CryptoKey::Zeroize),
    ),
    Row::new(
        "show crypto key mypubkey rsa",
        &[
            "Show running system information",
            CRYPTO,
            "Show long term public keys",
            "Show public keys associated with this router",
            "Show RSA public keys",
        ],
        Modes::EXEC,
        15,
        Id::CryptoKey(CryptoKey::Show),
    )
    .piped(),
];

/// Our library makes no smaller key.
const LEAST_MADE: u16 = 1_024;
/// How long one look at the making of a key lasts.
const LOOK: Duration = Duration::from_millis(10);

/// What a release asks and says.
struct Form {
    least: u16,
    most: u16,
    default: u16,
    tells_time: bool,
    /// Where it says that keys are kept.
    storage: Option<&'static str>,
}

fn form(layout: &Layout) -> Form {
    match layout {
        Layout::Ios12(_) => Form { least: 360, most: 2_048, default: 512, tells_time: false, storage: None },
        Layout::IsrG2(_) | Layout::Catalyst(_) => {
            Form { least: 360, most: 4_096, default: 512, tells_time: true, storage: Some("not specified") }
        }
        Layout::Xe(_) | Layout::XeSwitch(_) => Form {
            least: 512,
            most: 4_096,
            default: 1_024,
            tells_time: true,
            storage: Some("private-config"),
        },
    }
}

impl Exec<'_> {
    pub(super) fn crypto_key(&mut self, what: CryptoKey, found: &Match<Id>) -> Result<(), Leave> {
        match what {
            CryptoKey::Generate => self.generate_keys(found),
            CryptoKey::Zeroize => self.zeroize_keys(found.text("name")),
            CryptoKey::Show => Ok(()),
        }
    }

    pub(super) fn show_keys(&self) -> String {
        let storage = form(&self.tty.device.profile().version.layout).storage;
        let pair = |shown: Shown| {
            // Without the day's name.
            let at = crate::texts::moment(self.tty.device.by_its_clock(shown.at));
            let mut words: Vec<&str> = at.split(' ').collect();
            words.remove(2);
            Some(texts::Pair {
                generated: words.join(" "),
                name: shown.name,
                storage: storage.map(str::to_owned),
                data: texts::spki(shown.key.blob())?,
            })
        };
        texts::render(&self.tty.device.shown_keys().into_iter().filter_map(pair).collect::<Vec<_>>())
    }

    fn generate_keys(&mut self, found: &Match<Id>) -> Result<(), Leave> {
        let form = form(&self.tty.device.profile().version.layout);
        let config = self.tty.device.running_config();
        let name = match found.text("name") {
            Some(name) => name.to_owned(),
            None if config.hostname == *self.tty.device.profile().hostname => {
                return self.tty.print(&texts::no_hostname(&config.hostname));
            }
            None if config.domain().is_none() => return self.tty.print(texts::NO_DOMAIN),
            None => config.full_name(),
        };
        let typed = found.number("bits").and_then(|bits| u16::try_from(bits).ok());
        if let Some(bits) = typed
            && !(form.least..=form.most).contains(&bits)
        {
            return self.tty.print(&texts::no_size(form.least, form.most));
        }
        if self.tty.device.has_keys(Some(&name)) {
            self.tty.print(&texts::exist(&name))?;
            match typed {
                Some(_) => self.tty.print(texts::REPLACED)?,
                None => {
                    if self.tty.ask(&Question::yes_no(texts::REPLACE, None))? != Answer::Yes {
                        return Ok(());
                    }
                }
            }
            self.tty.device.remove_keys(Some(&name));
        } else {
            self.tty.print(&texts::named(&name))?;
        }
        let bits = match typed {
            Some(bits) => {
                self.tty.print(&texts::size(bits))?;
                bits
            }
            None => match self.ask_size(&form)? {
                Some(bits) => bits,
                None => return Ok(()),
            },
        };
        self.tty.print(&texts::generating(bits))?;
        let begun = Instant::now();
        match self.make_key(bits)? {
            Ok(key) => {
                let at = std::time::SystemTime::now();
                self.tty.print(&texts::made(form.tells_time.then(|| begun.elapsed().as_secs())))?;
                self.tty.device.add_keys(Made { name, bits, at, key });
                Ok(())
            }
            Err(why) => self.tty.print(&format!("\n% The key could not be made: {why}\n")),
        }
    }

    /// `None`: it was ended.
    fn ask_size(&mut self, form: &Form) -> Result<Option<u16>, Leave> {
        self.tty.print(&texts::sizes(form.least, form.most))?;
        loop {
            let Some(typed) = self.tty.ask_plain_or(&texts::modulus(form.default))? else { return Ok(None) };
            let bits = if typed.is_empty() { Some(form.default) } else { typed.parse().ok() };
            match bits.filter(|bits| (form.least..=form.most).contains(bits)) {
                Some(bits) => return Ok(Some(bits)),
                None => self.tty.print(&texts::no_size(form.least, form.most))?,
            }
        }
    }

    /// Makes a key while the line hears what is typed.
    fn make_key(&mut self, bits: u16) -> Result<Result<PrivateKey, transport::ssh::BadKey>, Leave> {
        std::thread::scope(|scope| {
            let worker = scope.spawn(move || PrivateKey::rsa(bits.max(LEAST_MADE).into()));
            let mut left = Ok(());
            while !worker.is_finished() {
                match left {
                    Ok(()) => left = self.tty.interrupted(LOOK).map(drop),
                    // Whoever left waits for the end of it.
                    Err(_) => break,
                }
            }
            let made = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            left.map(|()| made)
        })
    }

    fn zeroize_keys(&mut self, name: Option<&str>) -> Result<(), Leave> {
        if !self.tty.device.has_keys(name) {
            return self.tty.print(texts::NONE);
        }
        self.tty.print(&texts::removing(name))?;
        if self.tty.ask(&Question::yes_no(texts::REMOVE, None))? == Answer::Yes {
            self.tty.device.remove_keys(name);
        }
        Ok(())
    }
}
