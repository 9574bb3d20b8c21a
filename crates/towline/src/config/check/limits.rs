//! Limits that let nobody in, or that another one makes useless.

use super::super::value::Rate;
use super::Check;

pub(super) fn check(check: &mut Check<'_>) {
    let limits = &check.config.limits;
    for (key, count) in [("sessions", limits.sessions), ("transfers", limits.transfers)] {
        none(check, &format!("limits.{key}"), Some(count));
    }
    none(check, "limits.half-open", Some(limits.half_open));
    rate(check, "limits.rate-in", limits.rate_in.map(|r| r.0));
    rate(check, "limits.rate-out", limits.rate_out.map(|r| r.0));
    let times = [
        ("login-timeout", limits.login_timeout),
        ("idle-timeout", limits.idle_timeout),
        ("stall-timeout", limits.stall_timeout),
    ];
    for (key, time) in times {
        if time.is_zero() {
            check.fault(&format!("limits.{key}"), "0 ends everything at once", "give a time such as \"5m\"");
        }
    }
    // What nobody wrote is a default, and harmless where it is too large.
    if check.loaded.origins.set("limits.half-open").is_some()
        && limits.half_open > limits.sessions
        && check.is_sure(&["limits.sessions"])
    {
        let what = format!("more half-open sessions than sessions ({})", limits.sessions);
        check.fault("limits.half-open", what, "give fewer, or raise sessions");
    }
    let one = &limits.per_address;
    none(check, "limits.per-address.half-open", Some(one.half_open));
    let counts = [("sessions", Some(one.sessions)), ("transfers", one.transfers)];
    share(check, "limits.per-address", counts, [one.rate_in, one.rate_out]);
    let one = &limits.per_user;
    let counts = [("sessions", one.sessions), ("transfers", one.transfers)];
    share(check, "limits.per-user", counts, [one.rate_in, one.rate_out]);
    rate(check, "limits.per-transfer.rate-in", limits.per_transfer.rate_in.map(|r| r.0));
    rate(check, "limits.per-transfer.rate-out", limits.per_transfer.rate_out.map(|r| r.0));
    for (i, network) in limits.network.iter().enumerate() {
        let at = |key: &str| format!("limits.network.{i}.{key}");
        none(check, &at("sessions"), network.sessions);
        none(check, &at("transfers"), network.transfers);
        rate(check, &at("rate-in"), network.rate_in.map(|r| r.0));
        rate(check, &at("rate-out"), network.rate_out.map(|r| r.0));
    }
    let nets: Vec<_> = limits.network.iter().map(|network| network.net.value).collect();
    let shown: Vec<_> = limits.network.iter().map(|network| network.net.text.clone()).collect();
    check.twice(
        &nets,
        |i| format!("limits.network.{i}.net"),
        |net| {
            let nth = nets.iter().position(|other| other == net).unwrap_or(0);
            format!("the network {}", shown[nth])
        },
    );
    if check.config.server.drain.is_zero() {
        check.fault("server.drain", "0 cuts every transfer on a reload", "give a time such as \"5m\"");
    }
    penalties(check);
}

fn penalties(check: &mut Check<'_>) {
    let penalties = &check.config.penalties;
    if penalties.half_life.is_zero() {
        check.fault("penalties.half-life", "0 forgets everything at once", "give a time such as \"10m\"");
    }
    if penalties.ban_at == 0 {
        check.fault("penalties.ban-at", "0 bans whoever comes", "give at least 1");
    }
    let sure = check.is_sure(&["penalties.delay-at", "penalties.ban-at"]);
    if sure && penalties.delay_at > penalties.ban_at {
        let what = format!("logins are delayed from a score on ({}) that bans already", penalties.delay_at);
        let key =
            if check.loaded.origins.set("penalties.delay-at").is_some() { "delay-at" } else { "ban-at" };
        check.fault(&format!("penalties.{key}"), what, "let delay-at be less than ban-at");
    }
    let sure = check.is_sure(&["penalties.first-ban", "penalties.longest-ban"]);
    if sure && penalties.first_ban > penalties.longest_ban {
        let key = if check.loaded.origins.set("penalties.first-ban").is_some() {
            "first-ban"
        } else {
            "longest-ban"
        };
        check.fault(
            &format!("penalties.{key}"),
            "the first ban is longer than the longest",
            "give first-ban less",
        );
    }
}

fn share(
    check: &mut Check<'_>,
    path: &str,
    counts: [(&str, Option<usize>); 2],
    [rate_in, rate_out]: [Option<Rate>; 2],
) {
    rate(check, &format!("{path}.rate-in"), rate_in.map(|r| r.0));
    rate(check, &format!("{path}.rate-out"), rate_out.map(|r| r.0));
    let all = [check.config.limits.sessions, check.config.limits.transfers];
    for ((key, one), all) in counts.into_iter().zip(all) {
        none(check, &format!("{path}.{key}"), one);
        let at = format!("{path}.{key}");
        let more = check.loaded.origins.set(&at).is_some() && one.is_some_and(|one| one > all);
        if more && check.is_sure(&[&format!("limits.{key}")]) {
            let what = format!("more {key} for one than for all ({all})");
            check.fault(&at, what, format!("give fewer, or raise {key} in [limits]"));
        }
    }
}

fn none(check: &mut Check<'_>, path: &str, count: Option<usize>) {
    if count == Some(0) {
        check.fault(path, "0 lets nobody in", "give at least 1");
    }
}

fn rate(check: &mut Check<'_>, path: &str, rate: Option<u64>) {
    if rate == Some(0) {
        check.fault(
            path,
            "a rate of 0 lets nothing through",
            "leave it out for no limit, or give one such as \"10M\"",
        );
    }
}
