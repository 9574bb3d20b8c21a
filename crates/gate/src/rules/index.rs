//! How the first rule that fits is found among a thousand without looking at each.
//!
//! A set of rules is a row of bits. There is one for each user, group, stretch of addresses, protocol and
//! security that some rule names; what can concern a session is what they have in common. Paths are a tree by
//! the components that patterns begin with: what may fit a path hangs at the nodes that it passes. Of patterns
//! that begin with a wildcard the last octets are compared first, eight at once.

use super::pattern::Rest;
use super::{ANONYMOUS, ANY_USER, Concern, Effect, Right, Rule, Subject};
use crate::rights::Who;
use crate::{Net, Protocol, Security};
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use store::VPath;

/// So many words of candidates are on the stack: 2,048 rules.
const ON_STACK: usize = 32;

pub(super) struct Index {
    /// Words of a row of bits.
    words: usize,
    users: Words<String>,
    groups: Words<String>,
    protocols: Words<Protocol>,
    security: Words<Security>,
    networks: Networks,
    rights: [Bits; 6],
    /// The root is the first.
    nodes: Vec<Node>,
    tails: Vec<Tail>,
}

type Bits = Box<[u64]>;

/// Rules by what one of their conditions names.
struct Words<K> {
    /// Those without that condition.
    any: Bits,
    named: HashMap<K, Bits>,
}

/// The stretches of addresses within which the same networks hold.
struct Networks {
    /// The first address of each, in order; the first stretch begins with the first address.
    starts: Vec<Place>,
    rules: Vec<Bits>,
}

/// IPv4 before IPv6.
type Place = (bool, u128);

#[derive(Default)]
struct Node {
    children: HashMap<Box<[u8]>, usize>,
    /// Rules about this name alone.
    here: Sparse,
    /// Rules that may be about what is below.
    below: Sparse,
    /// Rules that allow something here or further down.
    leads: Sparse,
}

/// The words of a row of bits that are not 0, with their number.
#[derive(Default)]
struct Sparse(Vec<(usize, u64)>);

/// What the last eight octets of a path must be, as far as the mask says.
struct Tail {
    want: u64,
    mask: u64,
}

impl Index {
    pub(super) fn new(rules: &[Rule]) -> Index {
        let words = rules.len().div_ceil(64);
        let mut index = Index {
            words,
            users: Words::new(rules, words, |r| r.users.clone()),
            groups: Words::new(rules, words, |r| r.groups.clone()),
            protocols: Words::new(rules, words, |r| r.protocols.clone()),
            security: Words::new(rules, words, |r| r.security.clone()),
            networks: Networks::new(rules, words),
            rights: Right::ALL.map(|right| bits(words, numbers(rules, |r| r.rights.has(right)))),
            nodes: vec![Node::default()],
            tails: rules.iter().map(|r| Tail::of(r.path.rest().tail())).collect(),
        };
        for (n, rule) in rules.iter().enumerate() {
            index.hang(n, rule);
        }
        index
    }

    fn hang(&mut self, n: usize, rule: &Rule) {
        let mut at = 0;
        let allows = rule.effect == Effect::Allow;
        for name in rule.path.prefix() {
            if allows {
                self.nodes[at].leads.add(n);
            }
            at = match self.nodes[at].children.get(&name[..]) {
                Some(child) => *child,
                None => {
                    let child = self.nodes.len();
                    self.nodes.push(Node::default());
                    self.nodes[at].children.insert(name.clone().into(), child);
                    child
                }
            };
        }
        let node = &mut self.nodes[at];
        if allows {
            node.leads.add(n);
        }
        match rule.path.rest() {
            Rest::Here => node.here.add(n),
            Rest::Below | Rest::Parts(_) => node.below.add(n),
        }
    }

    pub(super) fn concern(&self, subject: &Subject<'_>) -> Concern {
        let (name, groups) = match subject.who {
            // A grant is judged by what it gives.
            Who::Nobody | Who::Anonymous | Who::Grant(_) => (None, &[][..]),
            Who::User(account) => (Some(account.name()), account.groups()),
        };
        let users = match name {
            None => self.users.of([ANONYMOUS]),
            Some(name) => self.users.of([ANY_USER, name]),
        };
        let mut common = users;
        let rows = [
            &self.groups.of(groups.iter().map(String::as_str)),
            self.networks.of(subject.address),
            &self.protocols.of([&subject.protocol]),
            &self.security.of([&subject.security]),
        ];
        for row in rows {
            common.iter_mut().zip(row).for_each(|(word, other)| *word &= other);
        }
        Concern(common)
    }

    /// The number of the first rule that fits; counts those whose pattern was looked at.
    pub(super) fn first(
        &self,
        rules: &[Rule],
        concern: &Concern,
        right: Right,
        path: &VPath,
        examined: &mut usize,
    ) -> Option<usize> {
        let mut on_stack = [0; ON_STACK];
        let mut on_heap;
        let may_fit: &mut [u64] = if self.words <= ON_STACK {
            &mut on_stack[..self.words]
        } else {
            on_heap = vec![0; self.words];
            &mut on_heap
        };
        let names: Vec<&[u8]> = path.components().collect();
        let mut at = Some(&self.nodes[0]);
        for name in &names {
            let Some(node) = at else { break };
            node.below.mark(may_fit);
            at = self.child(node, name);
        }
        if let Some(node) = at {
            node.below.mark(may_fit);
            node.here.mark(may_fit);
        }
        let tail = Tail::of(path.as_bytes()).want;
        let about = &self.rights[right as usize];
        for (w, word) in may_fit.iter().enumerate() {
            let mut left = word & concern.0[w] & about[w];
            while left != 0 {
                let n = w * 64 + left.trailing_zeros() as usize;
                left &= left - 1;
                let Tail { want, mask } = &self.tails[n];
                if (tail ^ want) & mask != 0 {
                    continue;
                }
                *examined += 1;
                let pattern = &rules[n].path;
                if pattern.rest().fits(&names[pattern.prefix().len()..]) {
                    return Some(n);
                }
            }
        }
        None
    }

    pub(super) fn leads(&self, concern: &Concern, dir: &VPath) -> bool {
        let mut node = &self.nodes[0];
        for name in dir.components() {
            match self.child(node, name) {
                Some(child) => node = child,
                None => return false,
            }
        }
        node.leads.0.iter().any(|(w, bits)| concern.0[*w] & bits != 0)
    }

    fn child(&self, node: &Node, name: &[u8]) -> Option<&Node> {
        node.children.get(name).map(|n| &self.nodes[*n])
    }
}

impl<K: Hash + Eq> Words<K> {
    fn new(rules: &[Rule], words: usize, names: impl Fn(&Rule) -> Vec<K>) -> Words<K> {
        let any = bits(words, numbers(rules, |r| names(r).is_empty()));
        let mut named: HashMap<K, Bits> = HashMap::new();
        for (n, rule) in rules.iter().enumerate() {
            for name in names(rule) {
                named.entry(name).or_insert_with(|| bits(words, []))[n / 64] |= 1 << (n % 64);
            }
        }
        Words { any, named }
    }

    /// What names nothing, or one of these.
    fn of<'a, Q>(&self, names: impl IntoIterator<Item = &'a Q>) -> Bits
    where
        K: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized + 'a,
    {
        let mut found = self.any.clone();
        for row in names.into_iter().filter_map(|name| self.named.get(name)) {
            found.iter_mut().zip(row).for_each(|(word, other)| *word |= other);
        }
        found
    }
}

impl Networks {
    fn new(rules: &[Rule], words: usize) -> Networks {
        let mut starts = vec![(false, 0), (true, 0)];
        for net in rules.iter().flat_map(|r| &r.from) {
            let (first, last) = ends(net);
            starts.push(first);
            starts.extend(last.1.checked_add(1).map(|next| (last.0, next)));
        }
        starts.sort_unstable();
        starts.dedup();
        let rules = starts.iter().map(|start| {
            let holds = |net: &Net| {
                let (first, last) = ends(net);
                first <= *start && *start <= last
            };
            bits(words, numbers(rules, |r| r.from.is_empty() || r.from.iter().any(holds)))
        });
        Networks { rules: rules.collect(), starts }
    }

    fn of(&self, address: IpAddr) -> &Bits {
        let place = place(address);
        // The first stretch begins with the first of all addresses.
        let after = self.starts.partition_point(|start| *start <= place);
        &self.rules[after - 1]
    }
}

fn place(address: IpAddr) -> Place {
    match address.to_canonical() {
        IpAddr::V4(a) => (false, u128::from(a.to_bits())),
        IpAddr::V6(a) => (true, a.to_bits()),
    }
}

/// The first and the last address of a network.
fn ends(net: &Net) -> (Place, Place) {
    let (is_v6, address) = match net.address() {
        IpAddr::V4(a) => (false, u128::from(a.to_bits())),
        IpAddr::V6(a) => (true, a.to_bits()),
    };
    let bits = if is_v6 { 128 } else { 32 };
    let free = bits - u32::from(net.prefix());
    // All ones of the part that is free; of all 128 at once a shift is none.
    let ones = 1_u128.checked_shl(free).map_or(u128::MAX, |n| n - 1);
    ((is_v6, address & !ones), (is_v6, address | ones))
}

impl Sparse {
    fn add(&mut self, n: usize) {
        match self.0.last_mut() {
            // Rules come in their order.
            Some((w, bits)) if *w == n / 64 => *bits |= 1 << (n % 64),
            Some(_) | None => self.0.push((n / 64, 1 << (n % 64))),
        }
    }

    fn mark(&self, row: &mut [u64]) {
        for (w, bits) in &self.0 {
            row[*w] |= bits;
        }
    }
}

impl Tail {
    fn of(octets: &[u8]) -> Tail {
        let last = &octets[octets.len().saturating_sub(8)..];
        let (mut want, mut mask) = ([0; 8], [0; 8]);
        want[8 - last.len()..].copy_from_slice(last);
        mask[8 - last.len()..].fill(0xff);
        Tail { want: u64::from_be_bytes(want), mask: u64::from_be_bytes(mask) }
    }
}

fn numbers(rules: &[Rule], is_so: impl Fn(&Rule) -> bool) -> impl Iterator<Item = usize> {
    rules.iter().enumerate().filter(move |(_, rule)| is_so(rule)).map(|(n, _)| n)
}

fn bits(words: usize, numbers: impl IntoIterator<Item = usize>) -> Bits {
    let mut row = vec![0; words];
    for n in numbers {
        row[n / 64] |= 1 << (n % 64);
    }
    row.into()
}
