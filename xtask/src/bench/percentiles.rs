//! What most measurements stay below.

use core::time::Duration;

/// Measured times, in nanoseconds.
pub(crate) struct Percentiles {
    sorted: Vec<u64>,
}

impl Percentiles {
    pub(crate) fn new(mut nanos: Vec<u64>) -> Self {
        nanos.sort_unstable();
        Self { sorted: nanos }
    }

    pub(crate) fn count(&self) -> usize {
        self.sorted.len()
    }

    /// The time that `percent` of the measurements do not exceed; zero without measurements.
    ///
    /// By nearest rank: always one of the measured times, never one between two.
    pub(crate) fn at(&self, percent: f64) -> Duration {
        let rank = (percent / 100.0 * self.sorted.len() as f64).ceil() as usize;
        let nanos = self.sorted.get(rank.saturating_sub(1)).or(self.sorted.last());
        Duration::from_nanos(nanos.copied().unwrap_or(0))
    }

    pub(crate) fn max(&self) -> Duration {
        self.at(100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_rank() {
        let p = Percentiles::new((1..=200).rev().collect());
        assert_eq!(p.at(50.0), Duration::from_nanos(100));
        assert_eq!(p.at(99.0), Duration::from_nanos(198));
        assert_eq!(p.at(99.9), Duration::from_nanos(200));
        assert_eq!(p.max(), Duration::from_nanos(200));
        assert_eq!(Percentiles::new(vec![7]).at(1.0), Duration::from_nanos(7));
        assert_eq!(Percentiles::new(vec![]).at(50.0), Duration::ZERO);
    }
}
