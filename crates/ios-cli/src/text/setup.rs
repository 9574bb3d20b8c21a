//! The setup dialog: basic management, or each interface, as a 1941 asks with IOS 15.
//!
//! The owner asks the questions in their order; here is what they say, and the script that is made of the answers.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::Ipv4Addr;

/// Behind the first yes.
pub const GREETING: &str = "
At any point you may enter a question mark '?' for help.
Use ctrl-c to abort configuration dialog at any prompt.
Default settings are in square brackets '[]'.

Basic management setup configures only enough connectivity
for management of the system, extended setup will ask you
to configure each interface on the system

";

/// Before `[yes/no]: ` of the `setup` command.
pub const CONTINUE: &str = "Continue with configuration dialog?";

/// Before `[yes/no]: `.
pub const BASIC: &str = "Would you like to enter basic management setup?";

/// Before `[yes]: ` where the answer was no.
pub const SUMMARY_FIRST: &str = "\nFirst, would you like to see the current interface summary?";

/// Before the questions.
pub const GLOBAL: &str = "\nConfiguring global parameters:\n\n";

/// The first of them.
pub fn host_name(now: &str) -> String {
    format!("  Enter host name [{now}]: ")
}

/// What stands before the next question, and that.
pub const SECRET: (&str, &str) = (
    "
  The enable secret is a password used to protect access to
  privileged EXEC and configuration modes. This password, after
  entered, becomes encrypted in the configuration.
",
    "  Enter enable secret: ",
);

/// Likewise.
pub const PASSWORD: (&str, &str) = (
    "
  The enable password is used when you do not specify an
  enable secret password, with some older software versions, and
  some boot images.
",
    "  Enter enable password: ",
);

/// Where it is the secret; once.
pub const SAME: &str = "% Please choose a password that is different from the enable secret\n";

/// As above.
pub const TERMINAL: (&str, &str) = (
    "
  The virtual terminal password is used to protect
  access to the router over a network interface.
",
    "  Enter virtual terminal password: ",
);

/// Before `[yes]: ` on a router, `[no]: ` on a switch.
pub const SNMP: &str = "  Configure SNMP Network Management?";

/// Where it was yes.
pub const COMMUNITY: &str = "    Community string [public]: ";

/// Of what has to be answered.
pub const NO_DEFAULT: &str = "% No defaulting allowed\n";

/// Before the table of interfaces.
pub const SUMMARY: &str = "\nCurrent interface summary\n\n";

/// Behind it.
pub const MANAGEMENT: (&str, &str) = (
    "\nEnter interface name used to connect to the\n",
    "management network from the above interface summary: ",
);

/// Of a name that is none. Not confirmed on a device.
pub const NO_INTERFACE: &str = "% Invalid interface name\n";

/// Before `[no]: ` of each interface in the extended setup.
pub fn wants(interface: &str) -> String {
    format!("\nDo you want to configure {interface}  interface?")
}

/// Before an interface's questions.
pub fn configuring(interface: &str) -> String {
    format!("\nConfiguring interface {interface}:\n")
}

/// Before `[yes]: `.
pub const IP: &str = "  Configure IP on this interface?";

/// Behind it.
pub const ADDRESS: &str = "    IP address for this interface: ";

/// Of an address that is none.
pub const BAD_ADDRESS: &str = "% Bad Internet address.
% Enter an Internet address of the form 'X.X.X.X', where each
% letter corresponds to a decimal number between 0 and 255.

";

/// Behind the address; Enter takes its class's.
pub fn mask(address: Ipv4Addr) -> String {
    format!("    Subnet mask for this interface [{}] : ", class(address).1)
}

/// Of a mask that is none, or leaves no host.
pub const BAD_MASK: &str = "% Bad subnet mask.
% Enter a subnet mask of the form 'X.X.X.X', where each
letter corresponds to a decimal number between 0 and 255.

";

/// The letter of a network's class and the mask that goes with it.
pub fn class(address: Ipv4Addr) -> (char, Ipv4Addr) {
    match address.octets()[0] {
        0..128 => ('A', Ipv4Addr::new(255, 0, 0, 0)),
        128..192 => ('B', Ipv4Addr::new(255, 255, 0, 0)),
        _ => ('C', Ipv4Addr::new(255, 255, 255, 0)),
    }
}

/// What both come to.
pub fn network(address: Ipv4Addr, mask: Ipv4Addr) -> String {
    let (letter, own) = class(address);
    let bits = u32::from(mask).leading_ones();
    let network = Ipv4Addr::from(u32::from(address) & u32::from(own));
    format!("    Class {letter} network is {network}, {bits} subnet bits; mask is /{bits}\n")
}

/// An address that a host may have.
pub fn is_address(address: Ipv4Addr) -> bool {
    let first = address.octets()[0];
    first != 0 && first != 127 && first < 224
}

/// A mask that leaves room for hosts.
pub fn is_mask(mask: Ipv4Addr) -> bool {
    let mask = u32::from(mask);
    mask.leading_ones() + mask.trailing_zeros() == 32 && (8..31).contains(&mask.leading_ones())
}

/// What was answered.
#[derive(Clone, PartialEq, Eq)]
pub struct Answers {
    /// The device's name.
    pub host: String,
    /// As `enable secret` has it behind these words: `5 $1$…`.
    pub secret: String,
    /// `enable password`.
    pub password: String,
    /// Of the vty lines.
    pub terminal: String,
    /// The last vty line.
    pub last_line: u16,
    /// A community that may read.
    pub community: Option<String>,
    /// Each interface with an address, or with nothing: it is shut down.
    pub interfaces: Vec<(String, Option<(Ipv4Addr, Ipv4Addr)>)>,
}

/// Before the script.
pub const CREATED: &str = "\nThe following configuration command script was created:\n\n";

impl Answers {
    /// The script, which is a configuration.
    pub fn script(&self) -> String {
        let mut out = format!(
            "hostname {}\nenable secret {}\nenable password {}\nline vty 0 {}\npassword {}\n",
            self.host, self.secret, self.password, self.last_line, self.terminal
        );
        out += &match &self.community {
            Some(community) => format!("snmp-server community {community}\n"),
            None => "no snmp-server\n".to_string(),
        };
        out += "!\n!\n";
        for (name, address) in &self.interfaces {
            out += &match address {
                Some((address, mask)) => {
                    format!("interface {name}\nno shutdown\nip address {address} {mask}\n!\n")
                }
                None => format!("interface {name}\nshutdown\nno ip address\n!\n"),
            };
        }
        out + "end\n"
    }
}

/// Behind the script.
pub const CHOICES: &str = "
[0] Go to the IOS command prompt without saving this config.
[1] Return back to the setup without saving this config.
[2] Save this configuration to nvram and exit.

";

/// Enter is 2.
pub const SELECTION: &str = "Enter your selection [2]: ";

/// Of another answer. Not confirmed on a device.
pub const BAD_SELECTION: &str = "% Please answer 0, 1 or 2.\n";

/// Behind what was built and saved.
pub const SAVED: &str = "Use the enabled mode 'configure' command to modify this configuration.\n\n";

/// Ctrl-C.
pub const ABORTED: &str = "\nConfiguration aborted, no changes made.\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_and_networks_are_those_of_a_console() {
        let at = |text: &str| text.parse::<Ipv4Addr>().expect("an address");
        assert_eq!(mask(at("192.168.0.2")), "    Subnet mask for this interface [255.255.255.0] : ");
        assert_eq!(
            network(at("192.168.0.2"), at("255.255.255.0")),
            "    Class C network is 192.168.0.0, 24 subnet bits; mask is /24\n"
        );
        assert_eq!(class(at("10.1.2.3")), ('A', at("255.0.0.0")));
        assert_eq!(class(at("172.16.0.253")), ('B', at("255.255.0.0")));
        for (text, good) in
            [("255.255.255.0", true), ("255.255.255.255", false), ("255.0.255.0", false), ("0.0.0.0", false)]
        {
            assert_eq!(is_mask(at(text)), good, "{text}");
        }
        for (text, good) in
            [("10.0.0.1", true), ("255.255.255.128", false), ("127.0.0.1", false), ("0.0.0.1", false)]
        {
            assert_eq!(is_address(at(text)), good, "{text}");
        }
    }

    #[test]
    fn the_script_is_that_of_a_1941() {
        let net = ("192.168.0.2".parse().expect("ip"), "255.255.255.0".parse().expect("ip"));
        let answers = Answers {
            host: "test".into(),
            secret: "5 $1$mHcJ$FWUkT4TuCA.DSBod7NUDM/".into(),
            password: "1234".into(),
            terminal: "123".into(),
            last_line: 4,
            community: Some("public".into()),
            interfaces: Vec::from([
                ("GigabitEthernet0/0".into(), None),
                ("GigabitEthernet0/1".into(), Some(net)),
            ]),
        };
        assert_eq!(
            answers.script(),
            "hostname test
enable secret 5 $1$mHcJ$FWUkT4TuCA.DSBod7NUDM/
enable password 1234
line vty 0 4
password 123
snmp-server community public
!
!
interface GigabitEthernet0/0
shutdown
no ip address
!
interface GigabitEthernet0/1
no shutdown
ip address 192.168.0.2 255.255.255.0
!
end
"
        );
    }
}
