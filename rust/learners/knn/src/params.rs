//! Parameters.

use hone_learn::learner::Setup;
use hone_learn::setting::{int, real};
use hone_learn::threshold::MAX_AVERAGE;
use hone_learn::{ParamError, Settings, settings};

/// The most neighbours that are looked for.
pub const MOST_NEIGHBOURS: usize = 16;
/// Windows to keep, and windows to set a threshold by, at least.
pub const LEAST_WINDOWS: u16 = 16;

settings! {
    /// Parameters of a training. [`Params::DEFAULT`] is the one default for every kind of data.
    pub struct Params {
        /// healthy windows of which those kept are a sample
        pub windows: u16 = 256, "windows", int(LEAST_WINDOWS as i32, 60_000), "windows";
        /// healthy windows after them that set the threshold
        pub calibrate: u16 = 128, "calibrate", int(LEAST_WINDOWS as i32, 60_000), "windows";
        /// nearest windows that a distance is the mean of
        pub neighbours: u16 = 5, "neighbours", int(1, MOST_NEIGHBOURS as i32), "";
        /// least deviation of a feature, in median deviations
        pub floor: f32 = 0.25, "floor", real(0.0, 10.0), "";
        /// windows over which distances are averaged at most
        pub average: u16 = 5, "average", int(1, MAX_AVERAGE as i32), "windows";
        /// with which false alarms are at most as many as asked for
        pub confidence: f32 = 0.95, "confidence", real(0.5, 0.999), "";
    }
}

/// The chance of a false alarm in a window where no rate is asked for.
const CHANCE: f32 = 1e-6;

/// Parameters that were checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Checked {
    /// With as many windows as the training takes in.
    pub params: Params,
    /// False alarms per healthy window that are asked for.
    pub chance: f32,
}

impl Params {
    /// Checks parameters against what is there. A number of windows that is asked for is shared out: two thirds to keep, a third
    /// to set the threshold by.
    ///
    /// # Errors
    /// [`ParamError`].
    pub fn check(&self, setup: &Setup) -> Result<Checked, ParamError> {
        self.check_ranges()?;
        let mut params = *self;
        if let Some(all) = setup.windows {
            params.calibrate = all / 3;
            params.windows = all - all / 3;
        }
        if params.calibrate < LEAST_WINDOWS {
            return Err(ParamError::Conflict("too few windows to set a threshold by: at least 48 in all"));
        }
        let asked = setup.false_alarms;
        let chance = if asked > 0.0 { asked.clamp(1e-20, 0.1) } else { CHANCE };
        Ok(Checked { params, chance })
    }
}
