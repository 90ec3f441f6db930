//! The accelerometer: Zephyr's sensor API, quantised to samples.

use super::{check, ffi};
use crate::config;
use core::ffi::CStr;
use hone_engine::capacity::{CHANNELS, SAMPLE_RATE_HZ, SAMPLE_SECONDS};
use hone_engine::{Reading, Sensor, SensorError, SensorInfo};
use hone_signal::{Channel, Faults, Micros, Rate, Sample, Unit};

/// Full scale in µm/s².
const FULL_SCALE: i64 = config::HONE_FULL_SCALE_MG as i64 * 980_665 / 100;
/// `-ENODEV`.
const NO_DEVICE: i32 = -19;

/// The board's accelerometer, `accel0`. There is one thread that samples, and one of these.
#[derive(Debug)]
pub struct Accelerometer {
    ready: bool,
}

impl Accelerometer {
    /// Not yet initialised; the first reading does so.
    pub const fn new() -> Self {
        Self { ready: false }
    }
}

impl Sensor for Accelerometer {
    fn info(&self) -> SensorInfo {
        // SAFETY: a text in flash.
        let name = unsafe { CStr::from_ptr(ffi::hone_sensor_name()) }.to_str().unwrap_or("?");
        let scale = FULL_SCALE as f32 / (32768.0 * 1e6);
        let mut meaning = [Channel { scale, unit: Unit::MetresPerSecondSquared }; CHANNELS];
        // After the three axes of the accelerometer come the gyroscope's.
        for channel in meaning.iter_mut().skip(3) {
            channel.unit = Unit::RadiansPerSecond;
        }
        SensorInfo {
            name,
            rate: Rate::new(SAMPLE_RATE_HZ as u32, SAMPLE_SECONDS as u32),
            channels: CHANNELS as u8,
            meaning,
        }
    }

    /// A sensor that did not answer is initialised again at the next reading.
    fn read(&mut self, _now: Micros, frame: &mut [Sample]) -> Result<Reading, SensorError> {
        if !self.ready {
            // Rounded up: a range just below would clip.
            let full_scale = (FULL_SCALE + 999_999) / 1_000_000;
            // SAFETY: the sampling thread alone uses the sensor.
            check(unsafe { ffi::hone_sensor_init(SAMPLE_RATE_HZ as u32, full_scale as i32) }).map_err(error)?;
            self.ready = true;
        }
        let mut micro = [0i32; CHANNELS];
        // SAFETY: the array has CHANNELS places; the sampling thread alone uses the sensor.
        check(unsafe { ffi::hone_sensor_read(CHANNELS as u32, micro.as_mut_ptr()) }).map_err(|errno| {
            self.ready = false;
            error(errno)
        })?;
        let mut faults = Faults::NONE;
        for (sample, micro) in frame.iter_mut().zip(micro) {
            let fault;
            (*sample, fault) = quantise(micro);
            faults = faults.with(fault);
        }
        Ok(Reading { faults })
    }
}

fn error(errno: super::Errno) -> SensorError {
    if errno.0 == NO_DEVICE { SensorError::Missing } else { SensorError::Bus(errno.0) }
}

/// Micro-units to the nearest sample, and whether they are at the end of the range.
fn quantise(micro: i32) -> (Sample, Faults) {
    let scaled = i64::from(micro) * 32768;
    let half = if scaled < 0 { -FULL_SCALE / 2 } else { FULL_SCALE / 2 };
    let sample = ((scaled + half) / FULL_SCALE).clamp(-32768, 32767) as Sample;
    let faults = if sample == Sample::MAX || sample == Sample::MIN { Faults::SATURATED } else { Faults::NONE };
    (sample, faults)
}
