//! Numbers as people read them.

/// `1,234,567`
pub(super) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A rate: with a fraction only where that says something.
pub(super) fn rate(per_second: f64) -> String {
    match per_second {
        r if r > 0.0 && r < 10.0 => format!("{r:.1}/s"),
        r => format!("{}/s", count(r.round() as u64)),
    }
}

/// `64.0 MiB`
pub(super) fn bytes(n: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if n < 1024 {
        return format!("{n} B");
    }
    let mut scaled = n as f64 / 1024.0;
    let mut unit = 0;
    // What would round to 1024.0 is one of the next unit.
    while scaled >= 1023.95 && unit + 1 < UNITS.len() {
        scaled /= 1024.0;
        unit += 1;
    }
    format!("{scaled:.1} {}", UNITS[unit])
}

/// `3 d 4 h`, `12 min 5 s`, `8 s`, `120 ms`
pub(super) fn duration(seconds: f64) -> String {
    if seconds < 1.0 {
        return format!("{:.0} ms", seconds.max(0.0) * 1000.0);
    }
    if seconds < 10.0 {
        return format!("{seconds:.1} s");
    }
    let s = seconds.round() as u64;
    match s {
        0..60 => format!("{s} s"),
        60..3600 => format!("{} min {} s", s / 60, s % 60),
        3600..86_400 => format!("{} h {} min", s / 3600, s / 60 % 60),
        _ => format!("{} d {} h", s / 86_400, s / 3600 % 24),
    }
}

/// `cells` cells, of which a share of `used` in `budget` is full.
pub(super) fn bar(used: u64, budget: u64, cells: usize) -> String {
    let share = used as f64 / budget.max(1) as f64;
    let full = ((share * cells as f64).round() as usize).min(cells);
    // Something is seen as soon as there is something.
    let full = if used > 0 { full.max(1) } else { full };
    "█".repeat(full) + &"░".repeat(cells - full)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_scaled() {
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [0.0, 0.25, 9.9, 10.4, 1234.6].map(rate),
            ["0/s", "0.2/s", "9.9/s", "10/s", "1,235/s"]
        );
        assert_eq!(
            [0, 1023, 1024, 64 << 20, (1 << 20) - 1, u64::MAX].map(bytes),
            ["0 B", "1023 B", "1.0 KiB", "64.0 MiB", "1.0 MiB", "16.0 EiB"]
        );
        assert_eq!(
            [0.12, 1.25, 59.0, 61.0, 3700.0, 100_000.0, -1.0].map(duration),
            ["120 ms", "1.2 s", "59 s", "1 min 1 s", "1 h 1 min", "1 d 3 h", "0 ms"]
        );
    }

    #[test]
    fn a_bar_never_overflows() {
        assert_eq!(bar(0, 10, 4), "░░░░");
        assert_eq!(bar(1, 1000, 4), "█░░░");
        assert_eq!(bar(5, 10, 4), "██░░");
        assert_eq!(bar(11, 10, 4), "████");
        assert_eq!(bar(0, 0, 4), "░░░░");
    }
}
