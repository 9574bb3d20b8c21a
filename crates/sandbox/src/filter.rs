//! The table of system calls as a program for the kernel, with rules for arguments.

use crate::calls::{GROUPS, TRIED_FIRST};
use crate::{Calls, Plan};
use libc::c_long;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen as Len, SeccompCmpOp as Op, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch, apply_filter,
};
use std::collections::BTreeMap;

/// With this set to 1 a call outside of the table kills the process, so that tests find what is missing.
/// It can only make the filter harder.
const STRICT: &str = "TOWLINE_SANDBOX_STRICT";

/// Of `socket`'s second argument: the kind without its flags.
const KIND: u64 = 0xf;
/// Namespaces of a thread's own (clone(2)).
const NEW_NAMESPACES: u64 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET) as u64;
/// What may be asked of a descriptor besides reading: waiting or not, octets there, terminal or not and how
/// wide, and a copy that shares its blocks.
const REQUESTS: &[u64] = &[
    libc::FIONBIO,
    libc::FIONREAD,
    libc::FIOCLEX,
    libc::TCGETS,
    libc::TIOCGWINSZ,
    libc::TIOCOUTQ,
    libc::FICLONE,
    libc::FICLONERANGE,
];

/// The filter was not built or not taken.
#[derive(Debug, thiserror::Error)]
pub enum NoFilter {
    /// A rule of ours is wrong.
    #[error("{0}")]
    Rule(#[from] BackendError),
    /// The kernel's words.
    #[error("{0}")]
    Kernel(#[from] seccompiler::Error),
}

/// Whether what is missing kills.
pub(crate) fn is_strict() -> bool {
    std::env::var_os(STRICT).is_some_and(|v| v == "1")
}

/// Installs it for this thread and those that it starts.
pub(crate) fn install(plan: &Plan) -> Result<Calls, NoFilter> {
    let Some(arch) = arch() else { return Ok(Calls::NoTable) };
    let strict = is_strict();
    // ENOSYS and not EPERM: the C library then tries an older call, and code that probes goes on without.
    let other =
        if strict { SeccompAction::KillProcess } else { SeccompAction::Errno(libc::ENOSYS.cast_unsigned()) };
    let mut rules = rules(plan)?;
    if strict {
        rules.extend(TRIED_FIRST.iter().map(|call| (*call, Vec::new())));
    }
    let program: BpfProgram = SeccompFilter::new(rules, other, SeccompAction::Allow, arch)?.try_into()?;
    apply_filter(&program)?;
    Ok(Calls::Filtered)
}

fn arch() -> Option<TargetArch> {
    std::env::consts::ARCH.try_into().ok()
}

/// No rules for a call: any arguments. Several: one of them must fit.
type Rules = BTreeMap<c_long, Vec<SeccompRule>>;

fn rules(plan: &Plan) -> Result<Rules, BackendError> {
    let mut rules: Rules =
        GROUPS.iter().flat_map(|(_, calls)| calls.iter().map(|call| (*call, Vec::new()))).collect();
    rules.insert(libc::SYS_socket, sockets(plan)?);
    rules.insert(libc::SYS_socketpair, vec![all(&[is(0, libc::AF_UNIX)])?]);
    // TCP Fast Open sends without connect(2), and so past Landlock.
    let fast_open = libc::MSG_FASTOPEN.cast_unsigned().into();
    for (call, argument) in [(libc::SYS_sendto, 3), (libc::SYS_sendmsg, 2), (libc::SYS_sendmmsg, 3)] {
        rules.insert(call, vec![all(&[has_none(argument, fast_open)])?]);
    }
    rules.insert(
        libc::SYS_setsockopt,
        vec![all(&[not(1, libc::IPPROTO_TCP)])?, all(&[not(2, libc::TCP_FASTOPEN_CONNECT)])?],
    );
    // Memory is written or run, and what is run is there already.
    let runs = libc::PROT_EXEC.cast_unsigned().into();
    rules.insert(libc::SYS_mmap, vec![all(&[has_none(2, runs)])?]);
    rules.insert(libc::SYS_mprotect, vec![all(&[has_none(2, runs)])?]);
    // Threads, no processes.
    let thread = libc::CLONE_THREAD.cast_unsigned().into();
    let kept = (0, Len::Qword, Op::MaskedEq(NEW_NAMESPACES | thread), thread);
    rules.insert(libc::SYS_clone, vec![all(&[kept])?]);
    rules.insert(
        libc::SYS_ioctl,
        REQUESTS.iter().map(|r| all(&[(1, Len::Dword, Op::Eq, *r)])).collect::<Result<_, _>>()?,
    );
    // Names for threads and for memory.
    rules.insert(libc::SYS_prctl, vec![all(&[is(0, libc::PR_SET_NAME)])?, all(&[is(0, libc::PR_SET_VMA)])?]);
    // Limits are read, of this process, and not set.
    rules.insert(libc::SYS_prlimit64, vec![all(&[is(0, 0), (2, Len::Qword, Op::Eq, 0)])?]);
    Ok(rules)
}

fn sockets(plan: &Plan) -> Result<Vec<SeccompRule>, BackendError> {
    let kind = |kind: i32| (1, Len::Dword, Op::MaskedEq(KIND), kind.cast_unsigned().into());
    let mut rules = Vec::new();
    for family in [libc::AF_INET, libc::AF_INET6] {
        // By protocol: MPTCP (262) is a stream as well, and Landlock does not see it.
        for (stream, protocol) in
            [(libc::SOCK_STREAM, libc::IPPROTO_TCP), (libc::SOCK_DGRAM, libc::IPPROTO_UDP)]
        {
            for protocol in [0, protocol] {
                rules.push(all(&[is(0, family), kind(stream), is(2, protocol)])?);
            }
        }
    }
    if plan.local_sockets {
        rules.push(all(&[is(0, libc::AF_UNIX)])?);
    }
    if plan.neighbours {
        rules.push(all(&[is(0, libc::AF_NETLINK), is(2, libc::NETLINK_ROUTE)])?);
    }
    Ok(rules)
}

/// Which argument, how wide, how it is compared, with what.
type Condition = (u8, Len, Op, u64);

fn is(argument: u8, value: i32) -> Condition {
    (argument, Len::Dword, Op::Eq, value.cast_unsigned().into())
}

fn not(argument: u8, value: i32) -> Condition {
    (argument, Len::Dword, Op::Ne, value.cast_unsigned().into())
}

fn has_none(argument: u8, bits: u64) -> Condition {
    (argument, Len::Qword, Op::MaskedEq(bits), 0)
}

fn all(conditions: &[Condition]) -> Result<SeccompRule, BackendError> {
    let conditions = conditions
        .iter()
        .map(|(argument, len, op, value)| SeccompCondition::new(*argument, len.clone(), op.clone(), *value))
        .collect::<Result<_, _>>()?;
    SeccompRule::new(conditions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tcp;
    use std::collections::BTreeSet;

    #[test]
    fn every_plan_makes_a_program_that_the_kernel_takes() {
        let plans = [
            Plan::default(),
            Plan {
                tcp: Tcp::Own { listen: vec![0], connect: true },
                local_sockets: true,
                neighbours: true,
                ..Plan::default()
            },
        ];
        for plan in plans {
            let filter = SeccompFilter::new(
                rules(&plan).unwrap(),
                SeccompAction::Errno(38),
                SeccompAction::Allow,
                arch().expect("the tests' processor has a table"),
            );
            let program: BpfProgram = filter.unwrap().try_into().unwrap();
            assert!(program.len() < 1_000, "{} instructions for each call", program.len());
        }
    }

    #[test]
    fn a_call_is_in_one_group_and_none_that_starts_or_traces_is() {
        let mut seen = BTreeSet::new();
        for (purpose, calls) in GROUPS {
            assert!(!calls.is_empty() && !purpose.is_empty());
            for call in *calls {
                assert!(seen.insert(*call), "{call} is there twice ({purpose})");
            }
        }
        let rules = rules(&Plan::default()).unwrap();
        for never in [
            libc::SYS_execve,
            libc::SYS_execveat,
            libc::SYS_ptrace,
            libc::SYS_process_vm_readv,
            libc::SYS_io_uring_setup,
            libc::SYS_memfd_create,
            libc::SYS_mount,
            libc::SYS_unshare,
            libc::SYS_setns,
            libc::SYS_bpf,
            libc::SYS_setuid,
            libc::SYS_setresuid,
            libc::SYS_kill,
            libc::SYS_pidfd_getfd,
            libc::SYS_clone3,
            libc::SYS_seccomp,
        ] {
            assert!(!rules.contains_key(&never), "{never}");
        }
    }
}
