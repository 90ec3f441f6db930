//! The accelerometer: Zephyr's sensor API, quantised to samples.

use super::ffi;
use crate::config;
use core::ffi::CStr;

/// Channels of a reading.
pub const CHANNELS: usize = config::HONE_CHANNELS;

/// A negative errno.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno(pub i32);

/// Result of a C function that answers 0 or a negative errno.
pub(super) fn check(rc: core::ffi::c_int) -> Result<(), Errno> {
    if rc == 0 { Ok(()) } else { Err(Errno(rc)) }
}

/// Initialises the sensor, again when it was before. It must answer for this to succeed.
pub fn init() -> Result<(), Errno> {
    // SAFETY: called from the sampling thread alone, which is the only one that uses the sensor.
    check(unsafe { ffi::hone_sensor_init(config::HONE_SAMPLE_RATE as u32, config::HONE_FULL_SCALE as i32) })
}

/// Reads all channels, in micro-units (µm/s²).
pub fn read() -> Result<[i32; CHANNELS], Errno> {
    let mut micro = [0; CHANNELS];
    // SAFETY: the array has CHANNELS places.
    check(unsafe { ffi::hone_sensor_read(CHANNELS as u32, micro.as_mut_ptr()) })?;
    Ok(micro)
}

/// The sensor's name in the devicetree.
pub fn name() -> &'static str {
    // SAFETY: a text in flash.
    unsafe { CStr::from_ptr(ffi::hone_sensor_name()) }.to_str().unwrap_or("?")
}
