//! The button and the LED.

use super::ffi;
use super::sensor::{Errno, check};
use core::sync::atomic::{AtomicU32, Ordering};

/// Milliseconds during which a button that was just pressed or let go is not listened to.
const BOUNCE_MS: u32 = 30;

/// Presses not yet seen.
static PRESSES: AtomicU32 = AtomicU32::new(0);
/// When the last edge came, in milliseconds.
static LAST_EDGE: AtomicU32 = AtomicU32::new(0);

/// Prepares the button; an error when the board has none.
pub fn init_button() -> Result<(), Errno> {
    check(ffi::hone_button_init())
}

/// Prepares the LED; an error when the board has none.
pub fn init_led() -> Result<(), Errno> {
    check(ffi::hone_led_init())
}

/// Switches the LED.
pub fn set_led(on: bool) {
    ffi::hone_led_set(on);
}

/// Presses since the last call. Bounces within 30 ms count once, and holding the button counts once.
pub fn take_presses() -> u32 {
    PRESSES.swap(0, Ordering::AcqRel)
}

/// In the button's interrupt, at each edge.
pub(super) fn changed(pressed: bool) {
    let now = (super::clock::micros() / 1000) as u32;
    let quiet = now.wrapping_sub(LAST_EDGE.swap(now, Ordering::AcqRel));
    if pressed && quiet >= BOUNCE_MS {
        PRESSES.fetch_add(1, Ordering::AcqRel);
    }
}
