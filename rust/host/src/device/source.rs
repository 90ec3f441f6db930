//! What the host's device samples: the simulated rig or recordings.

use super::rig::{Control, Rig};
use hone_engine::{Reading, Sensor, SensorError, SensorInfo};
use hone_signal::{Micros, Sample};

/// A sensor of the host.
#[derive(Debug)]
pub enum Source {
    /// The simulated motor.
    Rig(Rig, Control),
}

impl Source {
    /// The simulated motor.
    pub fn rig(seed: u64) -> Self {
        let control = Control::default();
        Self::Rig(Rig::new(seed, control.clone()), control)
    }

    /// The rig's handle, where there is a rig.
    pub fn control(&self) -> Option<Control> {
        match self {
            Self::Rig(_, control) => Some(control.clone()),
        }
    }
}

impl Sensor for Source {
    fn info(&self) -> SensorInfo {
        match self {
            Self::Rig(rig, _) => rig.info(),
        }
    }

    fn read(&mut self, now: Micros, frame: &mut [Sample]) -> Result<Reading, SensorError> {
        match self {
            Self::Rig(rig, _) => rig.read(now, frame),
        }
    }
}
