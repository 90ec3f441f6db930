//! Time since the kernel started.

use super::ffi;
use crate::config;
use core::time::Duration;
use hone_signal::Micros;
use zephyr::raw;

const TICKS: u64 = config::SYS_CLOCK_TICKS_PER_SEC as u64;

/// The time, from the cycle counter. Never goes back.
pub fn now() -> Micros {
    at(cycles())
}

/// The time at a count of cycles.
pub fn at(cycles: u64) -> Micros {
    const HZ: u64 = config::SYS_CLOCK_HW_CYCLES_PER_SEC as u64;
    // In two parts: cycles * 1e6 would overflow after some days.
    Micros((cycles / HZ) * 1_000_000 + (cycles % HZ) * 1_000_000 / HZ)
}

/// Cycles since the kernel started.
pub fn cycles() -> u64 {
    // SAFETY: reads a counter.
    unsafe { raw::k_cycle_get_64() }
}

/// A span as the kernel counts it, rounded up to a tick.
pub(super) fn timeout(span: Duration) -> raw::k_timeout_t {
    let ticks = (span.as_micros() as u64).saturating_mul(TICKS).div_ceil(1_000_000);
    raw::k_timeout_t { ticks: ticks.min(i64::MAX as u64 / 2) as raw::k_ticks_t }
}

/// Lets the thread rest.
pub fn sleep(span: Duration) {
    // SAFETY: called from threads only.
    unsafe { raw::k_sleep(timeout(span)) };
}

/// Lets the thread rest until a point in time, however long it has worked since the last; returns at once when the time
/// has come.
pub fn sleep_until(time: Micros) {
    let tick = time.0.saturating_mul(TICKS).div_ceil(1_000_000);
    // As K_TIMEOUT_ABS_TICKS does: below -1 stand absolute times.
    let absolute = -2 - tick.min(i64::MAX as u64 / 2) as raw::k_ticks_t;
    // SAFETY: called from threads only.
    unsafe { raw::k_sleep(raw::k_timeout_t { ticks: absolute }) };
}

/// Sets the clock that goes on over restarts, in seconds since 1970 UTC; false where there is none.
pub fn keep(seconds: u64) -> bool {
    ffi::hone_clock_set(seconds) == 0
}

/// The time of day at time 0, in microseconds since 1970 UTC, by that clock, if it was ever set.
pub fn epoch() -> Option<u64> {
    let mut seconds = 0;
    (ffi::hone_clock_get(&mut seconds) == 0).then(|| (seconds * 1_000_000).saturating_sub(now().0))
}
