//! Time since the kernel started, and the timer that paces sampling.

use crate::config;
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::time::Duration;
use zephyr::raw;

/// Microseconds since the kernel started, from the cycle counter. Never goes back.
pub fn micros() -> u64 {
    const HZ: u64 = config::SYS_CLOCK_HW_CYCLES_PER_SEC as u64;
    // SAFETY: reads a counter.
    let cycles = unsafe { raw::k_cycle_get_64() };
    // In two parts: cycles * 1e6 would overflow after some days.
    (cycles / HZ) * 1_000_000 + (cycles % HZ) * 1_000_000 / HZ
}

/// A span as the kernel counts it, rounded up to a tick.
pub(super) fn timeout(span: Duration) -> raw::k_timeout_t {
    let ticks = (span.as_micros() as u64 * config::SYS_CLOCK_TICKS_PER_SEC as u64).div_ceil(1_000_000);
    raw::k_timeout_t { ticks: ticks.min(i64::MAX as u64 / 2) as raw::k_ticks_t }
}

/// Lets the thread rest.
pub fn sleep(span: Duration) {
    // SAFETY: called from threads only.
    unsafe { raw::k_sleep(timeout(span)) };
}

/// A periodic timer that one thread waits for.
pub struct Ticker {
    timer: UnsafeCell<raw::k_timer>,
}

// SAFETY: the kernel serialises access to the timer.
unsafe impl Sync for Ticker {}

impl Ticker {
    /// A timer that does not run.
    pub const fn new() -> Self {
        // SAFETY: plain C data, for which zero bits are valid; `start` has the kernel initialise it.
        Self { timer: UnsafeCell::new(unsafe { MaybeUninit::zeroed().assume_init() }) }
    }

    /// Runs with this period from now on. Called once, by the thread that will wait.
    pub fn start(&'static self, period: Duration) {
        let timer = self.timer.get();
        // SAFETY: a static, initialised here before it is started.
        unsafe {
            raw::k_timer_init(timer, None, None);
            raw::k_timer_start(timer, timeout(period), timeout(period));
        }
    }

    /// Waits for the next expiry. Gives how many there were since the last call: more than 1 means that some were
    /// missed.
    pub fn wait(&'static self) -> u32 {
        // SAFETY: started before; called from one thread.
        unsafe { raw::k_timer_status_sync(self.timer.get()) }
    }
}
