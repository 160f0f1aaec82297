//! Time that passes from step to step: one reading of the clock ends a step and begins the next.

use std::time::{Duration, Instant};

/// The last reading; `None` when nothing is timed, and no clock is read.
#[derive(Debug)]
pub(super) struct Laps(Option<Instant>);

impl Laps {
    /// Begins the first lap.
    pub(super) fn new(timing: bool) -> Self {
        Laps(timing.then(Instant::now))
    }

    /// What has passed since the last lap; zero when nothing is timed.
    pub(super) fn lap(&mut self) -> Duration {
        let Some(last) = &mut self.0 else { return Duration::ZERO };
        let now = Instant::now();
        now - std::mem::replace(last, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn laps_add_up_and_take_no_time_untimed() {
        let begun = Instant::now();
        let mut laps = Laps::new(true);
        let sum: Duration = (0..100).map(|_| laps.lap()).sum();
        assert!(sum <= begun.elapsed());
        let mut untimed = Laps::new(false);
        assert_eq!(untimed.lap(), Duration::ZERO);
    }
}
