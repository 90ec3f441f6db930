//! The network run over windows, the same in training and in inference.

use crate::OUTPUT_RANGE;
use crate::form::Clusters;
use crate::params::{Output, Params, Readout, Target};
use crate::reservoir::{Weights, advance};
use crate::threshold::Errors;
use hone_learn::threshold::Average;
use hone_numeric::activation::tanh;
use hone_numeric::kernel::dot_f32;
use hone_signal::{Faults, Sample, WindowView};

/// Everything that a run reads, cut to size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Network<'a> {
    pub params: &'a Params,
    pub weights: Weights<'a>,
    /// Per channel: mean over the scale phase, in LSB.
    pub mean: &'a [f32],
    /// Per channel: standard deviations per LSB.
    pub factor: &'a [f32],
    pub out: Readouts<'a>,
}

/// W_out by what it weighs, each with one row per output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Readouts<'a> {
    pub state: &'a [f32],
    /// In place of these, where they are clustered.
    pub clusters: Option<Clusters<'a>>,
    /// Empty unless the readout sees the input.
    pub input: &'a [f32],
    /// Empty unless the readout sees the output before.
    pub output: &'a [f32],
}

/// The arrays that change.
#[derive(Debug)]
pub(crate) struct State<'a> {
    /// The state twice over.
    pub x: &'a mut [f32],
    /// The state that comes next.
    pub next: &'a mut [f32],
    /// The input, in standard deviations.
    pub u: &'a mut [f32],
    /// The output.
    pub y: &'a mut [f32],
    /// What is taken off each channel in this window, in LSB.
    pub offset: &'a mut [f32],
}

/// The squared error of one window, and the square of its input.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Error {
    sum: f32,
    power: f32,
    frames: u32,
}

/// Where a run is in the stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    /// Frames since the state was reset.
    age: u32,
    /// The sequence number that continues the stream.
    next: Option<u32>,
    average: Average,
}

impl Position {
    pub const START: Self = Self { age: 0, next: None, average: Average::EMPTY };

    /// Forgets the stream: the next window starts anew.
    pub fn interrupt(&mut self) {
        *self = Self::START;
    }

    /// Whether the frame that comes is past the washout.
    pub fn settled(&self, params: &Params) -> bool {
        self.age >= u32::from(params.washout)
    }

    /// Whether there is an output that predicts the frame that comes, and it is past the washout.
    pub fn predicted(&self, params: &Params) -> bool {
        self.age > u32::from(params.washout)
    }

    pub fn advance(&mut self) {
        self.age = self.age.saturating_add(1);
    }

    /// The moving average of the errors, once it is full.
    pub fn average(&mut self, errors: Errors, params: &Params) -> Option<Errors> {
        let ([mse, nmse], full) = self.average.push([errors.mse, errors.nmse], params.average);
        full.then_some(Errors { mse, nmse })
    }

    /// Starts a window: resets what does not carry over, and works out the offsets.
    pub fn begin(&mut self, net: &Network<'_>, s: &mut State<'_>, window: &WindowView<'_>) {
        let broken = window.faults.any(Faults::GAP) || self.next != Some(window.sequence);
        if broken {
            self.average = Average::EMPTY;
        }
        if broken || !net.params.carry {
            self.age = 0;
            s.x.fill(0.0);
            s.y.fill(0.0);
        }
        self.next = Some(window.sequence.wrapping_add(1));
        for (channel, (offset, mean)) in s.offset.iter_mut().zip(net.mean).enumerate() {
            *offset = if net.params.remove_mean { mean_of(window, channel) } else { *mean };
        }
    }
}

/// The mean of one channel, from an exact sum.
pub(crate) fn mean_of(window: &WindowView<'_>, channel: usize) -> f32 {
    let sum = window.channel(channel).fold(0i32, |s, v| s.wrapping_add(i32::from(v)));
    sum as f32 / window.len().max(1) as f32
}

impl Network<'_> {
    /// Σ over one window of the squared error, and how many frames it covers, the output running free.
    pub fn run(&self, s: &mut State<'_>, at: &mut Position, window: &WindowView<'_>) -> Error {
        at.begin(self, s, window);
        let predict = self.params.target == Target::Predict;
        let mut error = Error::default();
        for frame in window.frames() {
            self.scale(s, frame);
            if predict && at.predicted(self.params) {
                error.add(s.u, s.y);
            }
            self.step(s);
            self.output(s);
            if !predict && at.settled(self.params) {
                error.add(s.u, s.y);
            }
            at.advance();
        }
        error
    }

    /// u from one frame.
    pub fn scale(&self, s: &mut State<'_>, frame: &[Sample]) {
        for (((u, v), offset), factor) in s.u.iter_mut().zip(frame).zip(s.offset.iter()).zip(self.factor) {
            *u = (f32::from(*v) - offset) * factor;
        }
    }

    /// x from u, x and y.
    pub fn step(&self, s: &mut State<'_>) {
        advance(&self.weights, self.params.leak, s.u, s.y, s.x, s.next);
    }

    /// y from x (and u, and y).
    fn output(&self, s: &mut State<'_>) {
        // `offset` and `u` are in use; outputs of all channels see the same y before, so they are gathered first.
        let mut fresh = [0.0; crate::MAX_CHANNELS as usize];
        let y = fresh.get_mut(..s.y.len()).unwrap_or_default();
        match &self.out.clusters {
            None => {
                let rows = self.out.state.chunks_exact(s.next.len().max(1));
                y.iter_mut().zip(rows).for_each(|(y, row)| *y = dot_f32(row, s.next));
            }
            Some(clusters) => y.iter_mut().enumerate().for_each(|(c, y)| *y = clusters.dot(c, s.next)),
        }
        if self.params.readout != Readout::State || self.params.output != Output::Identity {
            self.shape(s, y);
        }
        s.y.copy_from(&fresh);
    }

    /// What is not the plain readout: terms of u and y, and the output function.
    #[inline(never)]
    fn shape(&self, s: &State<'_>, fresh: &mut [f32]) {
        for (c, v) in fresh.iter_mut().enumerate() {
            if self.params.readout != Readout::State {
                *v += row_of(self.out.input, c, s.u);
            }
            if self.params.readout == Readout::InputStateOutput {
                *v += row_of(self.out.output, c, s.y);
            }
            if self.params.output == Output::Tanh {
                *v = OUTPUT_RANGE * tanh(*v / OUTPUT_RANGE);
            }
        }
    }
}

fn row_of(matrix: &[f32], row: usize, v: &[f32]) -> f32 {
    matrix.chunks_exact(v.len().max(1)).nth(row).map_or(0.0, |r| dot_f32(r, v))
}

impl Error {
    fn add(&mut self, u: &[f32], y: &[f32]) {
        for (u, y) in u.iter().zip(y) {
            self.sum += (u - y) * (u - y);
            self.power += u * u;
        }
        self.frames += 1;
    }

    /// The errors of the window; `None` when no frame counted. A window without any vibration has a normalised error
    /// beyond all bounds.
    pub fn mean(&self, channels: usize) -> Option<Errors> {
        (self.frames > 0).then(|| Errors {
            mse: self.sum / (self.frames as f32 * channels.max(1) as f32),
            nmse: if self.power > 0.0 { self.sum / self.power } else { f32::INFINITY },
        })
    }
}

/// What the readout must give before the output function, so that the output is `u`.
pub(crate) fn inverse_output(params: &Params, u: f32) -> f32 {
    match params.output {
        Output::Identity => u,
        // Clamped, as the tanh never reaches its range.
        Output::Tanh => OUTPUT_RANGE * libm::atanhf((u / OUTPUT_RANGE).clamp(-0.999, 0.999)),
    }
}

/// `[T]::copy_from_slice` without its panic: the shorter slice counts.
pub(crate) trait CopyFrom {
    fn copy_from(&mut self, from: &Self);
}

impl CopyFrom for [f32] {
    fn copy_from(&mut self, from: &Self) {
        for (to, from) in self.iter_mut().zip(from) {
            *to = *from;
        }
    }
}
