//! The button and the light.

use super::{Errno, check, ffi};
use hone_engine::Led;

/// Prepares the button; an error when the board has none. Each time its contact closes or opens, bounces
/// included, [`crate::button`] is called, in the interrupt.
pub fn init_button() -> Result<(), Errno> {
    check(ffi::hone_button_init())
}

/// The board's LED `led0`.
#[derive(Debug)]
pub struct Light(());

impl Light {
    /// The light, switched off. On a board without one nothing is switched.
    pub fn new() -> Self {
        let _ = ffi::hone_led_init();
        Self(())
    }
}

impl Led for Light {
    fn set(&mut self, on: bool) {
        ffi::hone_led_set(on);
    }
}
