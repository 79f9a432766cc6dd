//! How spans of time, sizes and shares are written, for every command alike. Leaves moments to
//! `terminal`, which knows the zone.

use chrono::TimeDelta;

/// `0:00:11`, `1 day, 0:00:11`, as supervisorctl writes it.
pub(super) fn uptime(time: TimeDelta) -> String {
    let seconds = time.num_seconds().max(0);
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let clock = format!("{}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
    match days {
        0 => clock,
        1 => format!("1 day, {clock}"),
        days => format!("{days} days, {clock}"),
    }
}

/// A span that is waited for: `250 ms`, `4 s`.
pub(super) fn soon(time: TimeDelta) -> String {
    let ms = time.num_milliseconds().max(0);
    if ms < 1000 {
        format!("{ms} ms")
    } else {
        format!("{} s", ms / 1000)
    }
}

/// `512 B`, `33.1 MiB`.
pub(super) fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    // Tenths, so that no float rounds a size to a unit it does not have.
    let (mut tenths, mut unit) = (u128::from(count) * 10 / 1024, "KiB");
    for next in UNITS.into_iter().skip(1) {
        if tenths < 10_240 {
            break;
        }
        (tenths, unit) = (tenths / 1024, next);
    }
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

/// What share of one core `cpu_ms` in `time` is, `12.5 %`; none for no time.
pub(super) fn share(cpu_ms: u64, time: TimeDelta) -> Option<String> {
    let span = u64::try_from(time.num_milliseconds()).ok()?;
    let per_mille = u128::from(cpu_ms) * 1000 / u128::from(span.max(1));
    (span > 0).then(|| format!("{}.{} %", per_mille / 10, per_mille % 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uptimes_are_written_as_supervisorctl_does() {
        assert_eq!(uptime(TimeDelta::seconds(11)), "0:00:11");
        assert_eq!(uptime(TimeDelta::seconds(86_411)), "1 day, 0:00:11");
        assert_eq!(uptime(TimeDelta::seconds(200_000)), "2 days, 7:33:20");
        assert_eq!(uptime(TimeDelta::seconds(-5)), "0:00:00");
    }

    #[test]
    fn what_is_waited_for_is_told_in_seconds_or_less() {
        assert_eq!(soon(TimeDelta::milliseconds(250)), "250 ms");
        assert_eq!(soon(TimeDelta::milliseconds(4999)), "4 s");
        assert_eq!(soon(TimeDelta::seconds(-4)), "0 ms");
    }

    #[test]
    fn sizes_have_the_unit_that_fits() {
        let told = [
            0,
            1023,
            1024,
            34_714_214,
            1024 * 1024 - 1,
            1 << 30,
            u64::MAX,
        ]
        .map(bytes);
        assert_eq!(
            told,
            [
                "0 B",
                "1023 B",
                "1.0 KiB",
                "33.1 MiB",
                "1023.9 KiB",
                "1.0 GiB",
                "16777215.9 TiB"
            ]
        );
    }

    #[test]
    fn a_share_is_of_one_core() {
        assert_eq!(share(500, TimeDelta::seconds(4)).unwrap(), "12.5 %");
        assert_eq!(share(4000, TimeDelta::seconds(2)).unwrap(), "200.0 %");
        assert_eq!(share(4000, TimeDelta::zero()), None);
        assert_eq!(share(4000, TimeDelta::seconds(-1)), None);
    }
}
