//! Zephyr's task watchdog: one channel for each loop, the hardware watchdog behind them.

use super::{fault, ffi};
use crate::config;
use core::ffi::{CStr, c_int, c_void};

/// A loop's channel. It must be fed at least every `CONFIG_HONE_WATCHDOG_MS`.
pub struct Watch {
    channel: c_int,
}

/// Starts the hardware watchdog, if the board has one. False when it refuses: loops are then watched without it.
pub fn start() -> bool {
    ffi::hone_watchdog_init() == 0
}

impl Watch {
    /// Watches the loop of this name from now on.
    pub fn new(name: &'static CStr) -> Self {
        // SAFETY: the name is static and goes to `expired` as it is.
        let channel = unsafe {
            ffi::task_wdt_add(config::HONE_WATCHDOG_MS as u32, Some(expired), name.as_ptr().cast_mut().cast())
        };
        Self { channel }
    }

    /// The loop went round.
    pub fn feed(&self) {
        ffi::task_wdt_feed(self.channel);
    }
}

extern "C" fn expired(_channel: c_int, name: *mut c_void) {
    // SAFETY: the name that `Watch::new` passed.
    fault::stalled(unsafe { CStr::from_ptr(name.cast()) })
}
