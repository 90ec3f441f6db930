//! Every effect that the engine has on the world, as a few small traits. Time is an argument, not a trait.

use crate::capacity::CHANNELS;
use hone_learn::text::{Out, Write};
use hone_signal::{Channel, Faults, Micros, Rate, Sample};

/// What says when a frame is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// The device's clock; the sensor gives what is newest then.
    Clock,
    /// The sensor, which says that a reading is ready.
    Trigger,
    /// The sensor, which sends its readings by itself, several at once.
    Stream,
}

/// One frame was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// When it was taken.
    pub time: Micros,
    /// Frames before it that the sensor took and that are lost, as far as that is known.
    pub missed: u32,
    /// What was wrong with it: [`Faults::NOT_A_NUMBER`], [`Faults::SATURATED`], or [`Faults::GAP`] when it does not continue
    /// the frame before. The engine finds the other faults.
    pub faults: Faults,
}

impl Reading {
    /// A frame that was taken when it was read.
    pub const fn new(now: Micros, faults: Faults) -> Self {
        Self { time: now, missed: 0, faults }
    }
}

/// No frame could be read. The engine counts it, reports the first of a row, and tries again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SensorError {
    /// There is no such device, or it is not ready.
    Missing,
    /// It did not answer; the driver's error number.
    Bus(i32),
    /// It has stopped saying that readings are ready.
    Silent,
    /// A recording has come to its end.
    End,
}

/// What a sensor is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SensorInfo {
    /// Its name: the device's on the board, the source's on the host.
    pub name: &'static str,
    /// How often it gives a frame.
    pub rate: Rate,
    /// What says when.
    pub pace: Pace,
    /// Channels per frame, 1 to [`CHANNELS`].
    pub channels: u8,
    /// What each means, in order; the places after them are of no meaning.
    pub meaning: [Channel; CHANNELS],
}

impl SensorInfo {
    /// What each channel means, in order.
    pub fn meaning(&self) -> &[Channel] {
        self.meaning.get(..usize::from(self.channels)).unwrap_or(&self.meaning)
    }

    /// Whether all are of one scale and unit.
    pub fn uniform(&self) -> bool {
        let meaning = self.meaning();
        meaning.iter().all(|m| Some(m) == meaning.first())
    }
}

/// The source of samples.
pub trait Sensor {
    /// What it is.
    fn info(&self) -> SensorInfo;

    /// Whether a frame waits. One that is paced by the clock is asked when it is due.
    fn waits(&mut self) -> bool {
        true
    }

    /// Begins anew after silence.
    fn restart(&mut self) {}

    /// Reads one frame, one sample per channel into the first places of `frame`.
    ///
    /// # Errors
    /// [`SensorError`]; `frame` is not used.
    fn read(&mut self, now: Micros, frame: &mut [Sample]) -> Result<Reading, SensorError>;
}

/// The light.
pub trait Led {
    /// Switches it; called only on a change.
    fn set(&mut self, on: bool);
}

/// What a thread takes of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreadInfo<'a> {
    /// Its name.
    pub name: &'a str,
    /// Bytes of its stack.
    pub stack_bytes: u32,
    /// Most bytes of it ever used.
    pub stack_used: u32,
    /// Share of the processor since the start, in thousandths.
    pub cpu_permille: u16,
}

/// What came of waiting for a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    /// A line of so many bytes.
    Line(usize),
    /// None.
    Silence,
    /// None, and there will be none: the input has ended, or the user broke it off.
    End,
}

/// What a command may do besides sending orders: write, let time pass, look at the machine.
pub trait Io: Out {
    /// The time.
    fn now(&self) -> Micros;

    /// Lets this much time pass. False when the user broke it off.
    fn pause(&mut self, span: Micros) -> bool;

    /// What the line carries that text and bytes go over, in bits a second; `None` where that is of no concern.
    fn bits_a_second(&self) -> Option<u32> {
        None
    }

    /// Sets the clock that goes on over restarts, in seconds since 1970 UTC. False where there is none.
    fn keep_time(&mut self, _seconds: u64) -> bool {
        false
    }

    /// Shows every thread to `see`.
    fn threads(&mut self, see: &mut dyn FnMut(&mut dyn Out, ThreadInfo<'_>));

    /// Reads the next line that is typed into `memory`, without its end, waiting at most `patience`; what does not fit is
    /// cut. The device goes on meanwhile.
    fn read_line(&mut self, _memory: &mut [u8], _patience: Micros) -> Typed {
        Typed::End
    }

    /// Whether a person is there to answer a question.
    fn interactive(&self) -> bool {
        false
    }

    /// Asks a person a question; true for an answer that begins with a y, within a minute. Where nobody is there
    /// ([`Io::interactive`]) a command does not ask.
    fn confirm(&mut self, question: &str) -> bool {
        self.str(question);
        // A line of its own: consoles may hold back what has no end.
        self.str(" (y/N)\n");
        let mut answer = [0; 8];
        let typed = self.read_line(&mut answer, Micros(60_000_000));
        matches!(typed, Typed::Line(1..)) && matches!(answer, [b'y' | b'Y', ..])
    }
}

impl Write for dyn Io + '_ {
    fn out(&mut self) -> &mut dyn Out {
        self
    }
}
