//! The sensors: Zephyr's sensor API, quantised to samples.

use super::{check, clock, ffi};
use core::ffi::CStr;
use hone_engine::capacity::{CHANNELS, SAMPLE_RATE_HZ, SAMPLE_SECONDS};
use hone_engine::{Pace, Reading, Sensor, SensorError, SensorInfo};
use hone_signal::{Channel, Faults, Micros, Rate, Sample, Unit};

/// What is asked for, and what the device's clock gives.
const NOMINAL: Rate = Rate::new(SAMPLE_RATE_HZ as u32, SAMPLE_SECONDS as u32);
/// `-ENODEV`.
const NO_DEVICE: i32 = -19;

/// The channels that the devicetree names, or the axes of `accel0`. There is one thread that samples, and one of these.
#[derive(Clone, Copy)]
pub struct Sensors {
    /// Its rate, and what sets the pace, as of the last time that it was begun.
    rate: Rate,
    pace: Pace,
    begun: bool,
    /// What is to be read next.
    held: Option<Result<ffi::Frame, SensorError>>,
}

const EMPTY: ffi::Frame = ffi::Frame { cycles: 0, missed: 0, rc: 0, micro: [0; CHANNELS] };

impl Sensors {
    /// Begun, if it is there; else the first reading tries again.
    pub fn new() -> Self {
        let mut new = Self { rate: NOMINAL, pace: Pace::Clock, begun: false, held: None };
        // What keeps it from beginning is found again, and told, by the sampling loop.
        let _ = new.begin();
        new
    }

    fn begin(&mut self) -> Result<(), SensorError> {
        let mut micro_hertz = SAMPLE_RATE_HZ as u64 * 1_000_000 / SAMPLE_SECONDS as u64;
        let mut pace = 0;
        // SAFETY: the thread that has this uses the sensor alone.
        let rc = unsafe { ffi::hone_sensor_init(&mut micro_hertz, &mut pace) };
        check(rc).map_err(error)?;
        self.pace = match pace {
            ffi::PACE_CLOCK => Pace::Clock,
            ffi::PACE_STREAM => Pace::Stream,
            _ => Pace::Trigger,
        };
        // Exact to a millihertz, above 4294 Hz to a hertz.
        self.rate = match u32::try_from(micro_hertz / 1000) {
            _ if self.pace == Pace::Clock => NOMINAL,
            Ok(millihertz) => Rate::new(millihertz, 1000),
            Err(_) => Rate::new((micro_hertz / 1_000_000) as u32, 1),
        };
        self.begun = true;
        Ok(())
    }

    /// Forgets what waited while nobody took it.
    pub fn drop_waiting(&mut self) {
        // SAFETY: the queue is the kernel's, which guards it.
        unsafe { ffi::hone_sensor_drop() };
    }

    /// Lets the thread rest until then, or until a frame has come.
    pub fn rest(&mut self, until: Micros) {
        if self.pace == Pace::Clock || !self.begun {
            return clock::sleep_until(until);
        }
        let wait = until.0.saturating_sub(clock::now().0);
        if self.held.is_none() {
            self.next(wait as u32);
        }
    }

    /// Takes a frame that the sensor gave, waiting at most so many microseconds.
    fn next(&mut self, wait: u32) {
        let mut frame = EMPTY;
        // SAFETY: called from threads only.
        if unsafe { ffi::hone_sensor_next(&mut frame, wait) } {
            self.hold(frame);
        }
    }

    fn hold(&mut self, frame: ffi::Frame) {
        self.held = Some(check(frame.rc).map(|()| frame).map_err(error));
    }
}

impl Sensor for Sensors {
    fn info(&self) -> SensorInfo {
        // SAFETY: a text in flash.
        let name = unsafe { CStr::from_ptr(ffi::hone_sensor_name()) }.to_str().unwrap_or("?");
        let mut meaning = [Channel::default(); CHANNELS];
        for (channel, number) in meaning.iter_mut().zip(0..) {
            // SAFETY: it is a number of a channel.
            let unit = unsafe { ffi::hone_sensor_unit(number) };
            channel.scale = full_scale(number) as f32 / (32768.0 * 1e6);
            channel.unit = Unit::from_number(unit).unwrap_or_default();
        }
        SensorInfo { name, rate: self.rate, pace: self.pace, channels: CHANNELS as u8, meaning }
    }

    fn waits(&mut self) -> bool {
        if self.held.is_none() && self.begun {
            self.next(0);
        }
        self.held.is_some()
    }

    /// Begins anew at once, so that its readings can come before the next look.
    fn restart(&mut self) {
        self.begun = false;
        self.held = self.begin().err().map(Err);
    }

    /// A sensor that did not answer is begun anew at the next reading.
    fn read(&mut self, _now: Micros, frame: &mut [Sample]) -> Result<Reading, SensorError> {
        if !self.begun && self.held.is_none() {
            self.begin()?;
        }
        if self.held.is_none() {
            let mut read = EMPTY;
            // SAFETY: the thread that has this uses the sensor alone.
            unsafe { ffi::hone_sensor_read(&mut read) };
            self.hold(read);
        }
        let read = self.held.take().unwrap_or(Err(SensorError::Missing)).inspect_err(|_| self.begun = false)?;
        let mut faults = Faults::NONE;
        for ((sample, micro), number) in frame.iter_mut().zip(read.micro).zip(0..) {
            let fault;
            (*sample, fault) = quantise(micro, full_scale(number));
            faults = faults.with(fault);
        }
        Ok(Reading { time: clock::at(read.cycles), missed: read.missed, faults })
    }
}

fn error(errno: super::Errno) -> SensorError {
    if errno.0 == NO_DEVICE { SensorError::Missing } else { SensorError::Bus(errno.0) }
}

/// What becomes a channel's largest sample, in millionths of its unit.
fn full_scale(channel: u32) -> i64 {
    // SAFETY: it is a number of a channel.
    unsafe { ffi::hone_sensor_full_scale(channel) }.max(1)
}

/// Millionths of a unit to the nearest sample, and whether they are at the end of the range.
fn quantise(micro: i64, full_scale: i64) -> (Sample, Faults) {
    let scaled = micro.clamp(-full_scale, full_scale) * 32768;
    let half = if scaled < 0 { -full_scale / 2 } else { full_scale / 2 };
    let sample = ((scaled + half) / full_scale).clamp(-32768, 32767) as Sample;
    let faults = if sample == Sample::MAX || sample == Sample::MIN { Faults::SATURATED } else { Faults::NONE };
    (sample, faults)
}
