//! Samples and the blocks in which they travel.

/// One reading of one channel, in the channel's least significant bits (LSB).
pub type Sample = i16;

/// A point in time or a span, in microseconds since the device started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Micros(pub u64);

/// How often a frame comes: so many in so many seconds, a ratio in its lowest terms, so that no rate is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    frames: u32,
    seconds: u32,
}

impl Rate {
    /// `frames` in `seconds`; 0 counts as 1.
    pub const fn new(frames: u32, seconds: u32) -> Self {
        let (frames, seconds) = (if frames == 0 { 1 } else { frames }, if seconds == 0 { 1 } else { seconds });
        let (mut divisor, mut rest) = (frames, seconds);
        while rest > 0 {
            (divisor, rest) = (rest, divisor % rest);
        }
        Self { frames: frames / divisor, seconds: seconds / divisor }
    }

    /// So many frames in [`Rate::seconds`].
    pub const fn frames(self) -> u32 {
        self.frames
    }

    /// The seconds in which they come.
    pub const fn seconds(self) -> u32 {
        self.seconds
    }

    /// Frames per second.
    pub fn hertz(self) -> f32 {
        self.frames as f32 / self.seconds as f32
    }

    /// How long `frames` take, rounded down.
    pub const fn span(self, frames: u32) -> Micros {
        Micros((self.seconds as u64 * 1_000_000).saturating_mul(frames as u64) / self.frames as u64)
    }
}

/// The unit of a channel once scaled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// Without a unit, or unknown.
    #[default]
    None,
    /// Acceleration, m/s².
    MetresPerSecondSquared,
    /// Angular rate, rad/s.
    RadiansPerSecond,
    /// Temperature, °C.
    Celsius,
    /// Pressure, kPa.
    Kilopascals,
    /// Voltage, V.
    Volts,
    /// Current, A.
    Amperes,
}

impl Unit {
    /// Every unit, each at the place of its number.
    pub const ALL: [Self; 7] = [
        Self::None,
        Self::MetresPerSecondSquared,
        Self::RadiansPerSecond,
        Self::Celsius,
        Self::Kilopascals,
        Self::Volts,
        Self::Amperes,
    ];

    /// As manifests and the console spell it; empty where there is none.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::MetresPerSecondSquared => "m/s2",
            Self::RadiansPerSecond => "rad/s",
            Self::Celsius => "degC",
            Self::Kilopascals => "kPa",
            Self::Volts => "V",
            Self::Amperes => "A",
        }
    }

    /// Its number in models and streams; a number once given is never given again.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The unit of a number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

/// What a channel's samples mean.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Channel {
    /// Units per LSB.
    pub scale: f32,
    /// The unit.
    pub unit: Unit,
}

/// What was wrong with the samples of a block or a window; empty when nothing was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults(pub u8);

impl Faults {
    /// Nothing wrong.
    pub const NONE: Self = Self(0);
    /// Samples are missing before these.
    pub const GAP: Self = Self(1);
    /// A reading was not a number; the sample holds the last good one.
    pub const NOT_A_NUMBER: Self = Self(2);
    /// A reading was at the end of the range.
    pub const SATURATED: Self = Self(4);
    /// The sensor repeats one reading to the bit.
    pub const STUCK: Self = Self(8);

    /// These and those.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether any of `other` is among these.
    pub const fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Consecutive samples of all channels, `S` numbers in all, frame by frame: t₀c₀ t₀c₁ … t₁c₀ ….
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block<const S: usize> {
    /// When the first frame was read.
    pub time: Micros,
    /// Count of frames since the device started, of the first frame; a jump is a gap.
    pub first_frame: u32,
    /// Channels per frame, at least 1.
    pub channels: u8,
    /// Numbers in use in `samples`, a multiple of `channels`.
    pub len: u16,
    /// What was wrong.
    pub faults: Faults,
    /// The numbers.
    pub samples: [Sample; S],
}
