//! What the host's device samples: the simulated rig, a simulated room or recordings.

use super::replay::{self, Replay};
use super::rig::{self, Rig};
use super::room::{self, Room};
use hone_engine::{Reading, Sensor, SensorError, SensorInfo};
use hone_signal::{Micros, Sample};

/// A sensor of the host.
#[derive(Debug)]
pub enum Source {
    /// The simulated motor.
    Rig(Box<Rig>, rig::Control),
    /// The simulated room.
    Room(Room, room::Control),
    /// Recordings.
    Replay(Box<Replay>),
}

/// The handle of a sensor.
#[derive(Clone, Debug)]
pub enum Control {
    /// The rig's.
    Rig(rig::Control),
    /// The room's.
    Room(room::Control),
    /// The recordings'.
    Replay(replay::Control),
}

impl Source {
    /// The simulated motor.
    pub fn rig(seed: u64) -> Self {
        let control = rig::Control::default();
        Self::Rig(Box::new(Rig::new(seed, control.clone())), control)
    }

    /// The simulated room.
    pub fn room(seed: u64) -> Self {
        let control = room::Control::default();
        Self::Room(Room::new(seed, control.clone()), control)
    }

    /// The handle.
    pub fn control(&self) -> Control {
        match self {
            Self::Rig(_, control) => Control::Rig(control.clone()),
            Self::Room(_, control) => Control::Room(control.clone()),
            Self::Replay(replay) => Control::Replay(replay.control()),
        }
    }
}

impl Sensor for Source {
    fn info(&self) -> SensorInfo {
        match self {
            Self::Rig(rig, _) => rig.info(),
            Self::Room(room, _) => room.info(),
            Self::Replay(replay) => replay.info(),
        }
    }

    fn read(&mut self, now: Micros, frame: &mut [Sample]) -> Result<Reading, SensorError> {
        match self {
            Self::Rig(rig, _) => rig.read(now, frame),
            Self::Room(room, _) => room.read(now, frame),
            Self::Replay(replay) => replay.read(now, frame),
        }
    }
}
