//! ADWIN (Bifet and Gavaldà, 2007) over flags: a window as long as its rate is the same throughout.

/// Buckets of a size before the two oldest become one of twice the size: the M of the paper.
const BUCKETS: usize = 3;
/// Sizes of buckets, 1 to 2^11: 12,285 windows at most; what is older is forgotten.
const ROWS: usize = 12;
/// Windows between two looks for a cut.
const EVERY: u8 = 32;
/// Windows on either side of a cut, at least.
const LEAST: f32 = 16.0;
/// A warning is a cut at so many times the chance.
const WARNING: f32 = 50.0;

/// Buckets of one size, the oldest first: how many flags each holds.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Row {
    flags: [u16; BUCKETS],
    held: u8,
}

impl Row {
    const NEW: Self = Self { flags: [0; BUCKETS], held: 0 };

    /// The oldest, which leaves.
    fn pop(&mut self) -> Option<u16> {
        self.held = self.held.checked_sub(1)?;
        let oldest = self.flags.first().copied();
        self.flags.rotate_left(1);
        oldest
    }

    fn push(&mut self, flags: u16) {
        if let Some(free) = self.flags.get_mut(usize::from(self.held)) {
            *free = flags;
            self.held += 1;
        }
    }
}

/// The flags of the windows since their rate last changed, in buckets that double.
#[derive(Clone, Debug, PartialEq)]
pub struct Adwin {
    rows: [Row; ROWS],
    windows: u32,
    flags: u32,
    until: u8,
    suspects: bool,
}

impl Adwin {
    /// Without a window.
    pub const NEW: Self = Self { rows: [Row::NEW; ROWS], windows: 0, flags: 0, until: EVERY, suspects: false };

    /// Takes in whether a window was flagged. Where the rate has changed, with a chance of `delta` to be wrong, it says
    /// whether it rose, and forgets the windows before the change, a bucket at each call.
    pub fn see(&mut self, flagged: bool, delta: f32) -> Option<bool> {
        self.push(u16::from(flagged));
        self.until = self.until.saturating_sub(1);
        if self.until > 0 {
            return None;
        }
        let [sure, likely] = self.cut(delta);
        self.suspects = likely == Some(true);
        // One bucket a window, so that none takes more than one look.
        self.until = if sure.is_some() { 1 } else { EVERY };
        if sure.is_some() {
            self.forget();
        }
        sure
    }

    /// Whether the rate seems to have risen at a far greater chance to be wrong.
    pub const fn suspects(&self) -> bool {
        self.suspects
    }

    /// Share of the windows since the last change that were flagged.
    pub fn rate(&self) -> f32 {
        self.flags as f32 / self.windows.max(1) as f32
    }

    fn push(&mut self, flags: u16) {
        self.windows += 1;
        self.flags += u32::from(flags);
        let mut carry = flags;
        let mut size = 1;
        for row in &mut self.rows {
            if usize::from(row.held) < BUCKETS {
                row.push(carry);
                return;
            }
            let (Some(a), Some(b)) = (row.pop(), row.pop()) else { return };
            row.push(carry);
            carry = a + b;
            size *= 2;
        }
        // No row holds buckets of this size.
        self.windows = self.windows.saturating_sub(size);
        self.flags = self.flags.saturating_sub(u32::from(carry));
    }

    /// Drops the oldest bucket.
    fn forget(&mut self) {
        let mut size = 1u32 << ROWS;
        for row in self.rows.iter_mut().rev() {
            size /= 2;
            if let Some(flags) = row.pop() {
                self.windows = self.windows.saturating_sub(size);
                self.flags = self.flags.saturating_sub(u32::from(flags));
                return;
            }
        }
    }

    /// Whether the rate rose, where some cut of the window has two sides that differ by more than the paper's bound: with this chance
    /// to be wrong, and with that of a warning.
    fn cut(&self, delta: f32) -> [Option<bool>; 2] {
        let (windows, flags) = (self.windows as f32, self.flags as f32);
        let mut found = [None; 2];
        if windows < 2.0 * LEAST {
            return found;
        }
        let rate = flags / windows;
        let variance = 2.0 * rate * (1.0 - rate);
        let logs = [delta, WARNING * delta].map(|delta| libm::logf(2.0 * libm::logf(windows) / delta).max(0.0));
        let (mut old, mut old_flags) = (0.0, 0.0);
        let mut size = (1u32 << ROWS) as f32;
        for row in self.rows.iter().rev() {
            size *= 0.5;
            for count in row.flags.iter().take(usize::from(row.held)) {
                old += size;
                old_flags += f32::from(*count);
                let new = windows - old;
                if old < LEAST || new < LEAST {
                    continue;
                }
                // 1/m = 1/n0 + 1/n1
                let inverse = windows / (old * new);
                let change = (flags * old - old_flags * windows) / (old * new);
                for (found, log) in found.iter_mut().zip(logs) {
                    // Without the root, which the core's library would take a hundred instructions for.
                    let beyond = change.abs() - 2.0 / 3.0 * inverse * log;
                    if found.is_none() && beyond > 0.0 && beyond * beyond > inverse * variance * log {
                        *found = Some(change > 0.0);
                    }
                }
                if let [Some(_), _] = found {
                    return found;
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_add_up_and_the_oldest_are_forgotten() {
        let mut adwin = Adwin::NEW;
        for i in 0..100_000u32 {
            adwin.see(i % 4 == 0, 1e-9);
            let held = || adwin.rows.iter().enumerate();
            let windows: u32 = held().map(|(r, row)| u32::from(row.held) << r).sum();
            let flags: u32 = held().flat_map(|(_, r)| r.flags.iter().take(r.held.into())).map(|f| u32::from(*f)).sum();
            assert_eq!((windows, flags), (adwin.windows, adwin.flags));
        }
        assert!(adwin.windows > 6_000 && adwin.windows <= 12_285, "{}", adwin.windows);
        assert!((adwin.rate() - 0.25).abs() < 1e-3);
    }

    #[test]
    fn a_rate_that_rises_and_falls_is_followed() {
        let mut adwin = Adwin::NEW;
        let mut changes = [0; 2];
        for i in 0..3000u32 {
            let flagged = if (1000..2000).contains(&i) { i % 2 == 0 } else { i % 100 == 0 };
            if let Some(rose) = adwin.see(flagged, 0.002) {
                changes[usize::from(rose)] += 1;
                assert!(i >= 1000 && (i < 2000 || !rose), "{i} {rose}");
            }
        }
        assert!(changes[0] > 0 && changes[1] > 0, "{changes:?}");
        assert!(adwin.rate() < 0.05, "{}", adwin.rate());
    }
}
