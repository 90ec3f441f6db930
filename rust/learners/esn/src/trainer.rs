//! Training: prepare the reservoir, then scale, fit and calibrate on the live stream.

mod fit;

use crate::form::ReadoutForm;
use crate::model::{Head, Model, Storage};
use crate::network::Position;
use crate::normal::Normal;
use crate::params::Checked;
use crate::reservoir::PowerIteration;
use crate::threshold::Thresholds;
use crate::workspace::{Carved, carve};
use fit::store_weights;
use hone_learn::{Metric, ParamError, Progress, Report, Shortage, Stop};
use hone_signal::{Faults, WindowView};

/// Why a training failed. After each but [`TrainError::NotWanted`] the trainer is back at its start, ready to train anew,
/// and the model is without content.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TrainError {
    /// The workspace is too small.
    Workspace(Shortage),
    /// The parameters ask for more than the model's capacity.
    Params(ParamError),
    /// The trainer wants work, or nothing, but no window; the window was not taken, and nothing has changed.
    NotWanted,
    /// A window has not the shape that the parameters were checked for.
    Shape,
    /// A channel never changed during the scale phase: look at the sensor.
    ConstantChannel(u16),
    /// More windows were refused for their faults than the training takes in all.
    TooManyFaults(u32),
    /// The data ended, or the calibration scored fewer than two windows (its stream was broken too often).
    TooFewWindows {
        /// Windows taken in.
        have: u32,
        /// Windows needed.
        need: u32,
    },
    /// The normal equations could not be solved at this row: raise `ridge`.
    Singular(u16),
    /// The errors of the calibration are not finite, as when an output fed back runs away: lower `feedback`.
    Diverged,
    /// The calibration has an error of exactly zero, or beyond all bounds: nothing to set a threshold by.
    NoError,
}

/// What a trainer is to be given next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// The next window, by [`Trainer::push`].
    Window,
    /// Time, by [`Trainer::step`].
    Work,
    /// It has finished.
    Nothing,
}

/// The phase of a training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Generating the reservoir and scaling its spectral radius.
    Prepare,
    /// Mean and standard deviation per channel.
    Scale,
    /// Accumulating the normal equations.
    Fit,
    /// Solving them.
    Solve,
    /// Errors of unseen healthy windows.
    Calibrate,
    /// Finished.
    Done,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    Begin,
    Radius(PowerIteration),
    Scale,
    Fit,
    Factor(u16),
    Solve(u16),
    Calibrate,
    Threshold,
    Done(Report),
}

/// Trains one model. Holds no borrow: each call is lent the same workspace and the same model.
#[derive(Clone, Debug)]
pub struct Trainer {
    checked: Checked,
    stage: Stage,
    at: Position,
    /// Windows taken in this phase.
    windows: u32,
    /// Windows taken in all.
    taken: u32,
    refused: u32,
    samples: u32,
    scores: u32,
    error_sum: f32,
    work: u64,
}

impl Trainer {
    /// A trainer at its start.
    pub const fn new(checked: Checked) -> Self {
        Self {
            checked,
            stage: Stage::Begin,
            at: Position::START,
            windows: 0,
            taken: 0,
            refused: 0,
            samples: 0,
            scores: 0,
            error_sum: 0.0,
            work: 0,
        }
    }

    /// What it is to be given next.
    pub const fn wants(&self) -> Wants {
        match self.stage {
            Stage::Scale | Stage::Fit | Stage::Calibrate => Wants::Window,
            Stage::Done(_) => Wants::Nothing,
            _ => Wants::Work,
        }
    }

    /// The phase it is in.
    pub const fn phase(&self) -> Phase {
        match self.stage {
            Stage::Begin | Stage::Radius(_) => Phase::Prepare,
            Stage::Scale => Phase::Scale,
            Stage::Fit => Phase::Fit,
            Stage::Factor(_) | Stage::Solve(_) => Phase::Solve,
            Stage::Calibrate | Stage::Threshold => Phase::Calibrate,
            Stage::Done(_) => Phase::Done,
        }
    }

    /// The parameters it trains with.
    pub const fn checked(&self) -> &Checked {
        &self.checked
    }

    /// Windows refused for their faults so far.
    pub const fn refused(&self) -> u32 {
        self.refused
    }

    /// Windows behind and in all.
    pub const fn progress(&self) -> Progress {
        match self.stage {
            Stage::Done(report) => Progress::Done(report),
            _ => Progress::Running { done: self.taken, total: self.checked.windows() },
        }
    }

    /// Goes back to the start; the model under training is to be cleared or trained anew.
    #[inline]
    pub const fn restart(&mut self) {
        *self = Self::new(self.checked);
    }

    /// Ends the training before its time. The trainer is back at its start.
    pub const fn cancel(&mut self) -> Report {
        let report = self.report(Stop::Cancelled);
        self.restart();
        report
    }

    /// For when the data has ended.
    ///
    /// # Errors
    /// [`TrainError::TooFewWindows`] unless the training has finished or wants only work.
    pub const fn end_of_data(&mut self) -> Result<(), TrainError> {
        if matches!(self.wants(), Wants::Window) {
            let error = TrainError::TooFewWindows { have: self.taken, need: self.checked.windows() };
            self.restart();
            return Err(error);
        }
        Ok(())
    }

    const fn report(&self, stop: Stop) -> Report {
        let quality = if self.scores > 0 { self.error_sum / self.scores as f32 } else { 0.0 };
        Report {
            stop,
            rows: self.taken,
            iterations: self.samples,
            work: self.work,
            metric: Metric::MeanSquaredError,
            quality,
        }
    }

    /// Takes in the next window of the live stream.
    ///
    /// A window with a fault other than a gap is not learnt from: it is counted ([`Trainer::refused`]), and the stream is
    /// taken up anew after it. A window that does not continue the one before it (a gap flag, or a jump in sequence)
    /// starts from a reset state.
    ///
    /// # Errors
    /// [`TrainError`].
    pub fn push<const N: usize, const C: usize, const E: usize>(
        &mut self,
        workspace: &mut [u32],
        model: &mut Model<N, C, E>,
        window: &WindowView<'_>,
    ) -> Result<Progress, TrainError> {
        if self.wants() != Wants::Window {
            return Err(TrainError::NotWanted);
        }
        let result = self.take_window(workspace, &mut model.storage(), window);
        self.settle(result, |()| model.clear())
    }

    /// Works for about `work_budget` multiply-accumulates, at least one unit of work. Does nothing while a window is
    /// wanted or when finished.
    ///
    /// # Errors
    /// [`TrainError`].
    pub fn step<const N: usize, const C: usize, const E: usize>(
        &mut self,
        workspace: &mut [u32],
        model: &mut Model<N, C, E>,
        work_budget: u32,
    ) -> Result<Progress, TrainError> {
        let result = if matches!(self.stage, Stage::Begin) {
            Model::<N, C, E>::accepts(&self.checked).map_err(TrainError::Params)
        } else {
            Ok(())
        };
        let result = result.and_then(|()| {
            let end = self.work.saturating_add(u64::from(work_budget));
            while self.wants() == Wants::Work {
                self.do_work(workspace, &mut model.storage())?;
                if self.work >= end {
                    break;
                }
            }
            Ok(())
        });
        self.settle(result, |()| model.clear())
    }

    fn settle(&mut self, result: Result<(), TrainError>, clear: impl FnOnce(())) -> Result<Progress, TrainError> {
        match result {
            Ok(()) => Ok(self.progress()),
            Err(error) => {
                clear(());
                self.restart();
                Err(error)
            }
        }
    }

    #[inline]
    fn spend(&mut self, work: usize) {
        self.work = self.work.saturating_add(work as u64);
    }

    #[inline]
    fn do_work(&mut self, workspace: &mut [u32], model: &mut Storage<'_>) -> Result<(), TrainError> {
        let c = self.checked;
        let Carved { state, shared } = carve(workspace, &c).map_err(TrainError::Workspace)?;
        match &mut self.stage {
            Stage::Begin => {
                *model.head = Head {
                    trained: false,
                    params: *c.params(),
                    shape: c.shape(),
                    gain: 1.0,
                    thresholds: Thresholds::NONE,
                    quality: 0.0,
                    form: ReadoutForm::Plain,
                };
                if !model.generate(&c, 1.0) {
                    return Err(TrainError::Params(ParamError::NoSuchSetting));
                }
                self.stage = Stage::Radius(PowerIteration::start(c.params().seed, state.x, state.next));
                self.spend(c.nonzeros());
            }
            Stage::Radius(iteration) => {
                let w = &model.weights;
                let shifts = w.shifts.get(..c.diagonals()).unwrap_or_default();
                let res = w.res.get(..c.nonzeros()).unwrap_or_default();
                if let Some(radius) = iteration.step(shifts, res, state.x, state.next) {
                    // A nilpotent matrix has no radius to scale; its weights stay as they are.
                    let gain = if radius > 0.0 { c.params().spectral_radius / radius } else { 1.0 };
                    model.head.gain = gain;
                    model.generate(&c, gain);
                    shared.fill(0.0);
                    self.stage = Stage::Scale;
                }
                self.spend(c.nonzeros());
            }
            Stage::Factor(row) => {
                let i = *row;
                let mut normal = Normal::new(shared, c.unknowns(), c.channels()).ok_or(TrainError::Singular(i))?;
                let next = normal.factor_rows(usize::from(i)).map_err(|e| TrainError::Singular(e.0 as u16))?;
                self.stage = if next < c.unknowns() { Stage::Factor(next as u16) } else { Stage::Solve(0) };
                self.spend((usize::from(i) + 1..=next).map(|rows| rows * rows / 2).sum());
            }
            Stage::Solve(output) => {
                let (n, k) = (c.unknowns(), *output);
                let mut normal = Normal::new(shared, n, c.channels()).ok_or(TrainError::Singular(k))?;
                let weights = normal.solve(usize::from(k)).ok_or(TrainError::Singular(k))?;
                if !weights.iter().all(|w| w.is_finite()) {
                    return Err(TrainError::Singular(n as u16));
                }
                store_weights(model, &c, usize::from(k), weights);
                self.stage = if k + 1 < c.shape().channels {
                    Stage::Solve(k + 1)
                } else {
                    self.at.interrupt();
                    self.windows = 0;
                    Stage::Calibrate
                };
                self.spend(n * n);
            }
            Stage::Threshold => {
                let p = c.params();
                let (mse, nmse) = halves(shared, p.calibrate_windows);
                let count = self.scores as usize;
                let (Some(mse), Some(nmse), 2..) = (mse.get_mut(..count), nmse.get_mut(..count), count) else {
                    return Err(TrainError::TooFewWindows { have: self.scores, need: 2 });
                };
                model.head.thresholds = Thresholds::from_errors(mse, nmse, p).ok_or(TrainError::NoError)?;
                self.spend(8 * self.scores as usize);
                let report = self.report(Stop::Converged);
                model.head.quality = report.quality;
                model.head.trained = true;
                self.stage = Stage::Done(report);
            }
            Stage::Scale | Stage::Fit | Stage::Calibrate | Stage::Done(_) => {}
        }
        Ok(())
    }

    #[inline]
    fn take_window(
        &mut self,
        workspace: &mut [u32],
        model: &mut Storage<'_>,
        window: &WindowView<'_>,
    ) -> Result<(), TrainError> {
        let c = self.checked;
        let mut carved = carve(workspace, &c).map_err(TrainError::Workspace)?;
        let frames = usize::from(c.shape().window_frames);
        if window.channels != c.channels() || window.samples.len() != frames * c.channels() {
            return Err(TrainError::Shape);
        }
        if window.faults.any(Faults::NOT_A_NUMBER.with(Faults::SATURATED).with(Faults::STUCK)) {
            self.refused += 1;
            self.at.interrupt();
            return if self.refused > c.windows() { Err(TrainError::TooManyFaults(self.refused)) } else { Ok(()) };
        }
        self.taken += 1;
        self.windows += 1;
        let p = c.params();
        match self.stage {
            Stage::Scale => {
                measure(carved.shared, self.windows, window);
                self.spend(frames * c.channels());
                if self.windows >= u32::from(p.scale_windows) {
                    self.finish_scale(model, carved.shared)?;
                }
            }
            Stage::Fit => {
                self.fit(model, &mut carved, window)?;
                if self.windows >= u32::from(p.fit_windows) {
                    self.finish_fit(carved.shared)?;
                }
            }
            _ => {
                self.calibrate(model, &mut carved, window)?;
                if self.windows >= u32::from(p.calibrate_windows) {
                    self.stage = Stage::Threshold;
                }
            }
        }
        Ok(())
    }

    #[inline]
    fn finish_scale(&mut self, model: &mut Storage<'_>, shared: &mut [f32]) -> Result<(), TrainError> {
        let places = model.mean.iter_mut().zip(model.factor.iter_mut());
        let statistics = shared.as_chunks::<3>().0.iter().take(self.checked.channels());
        for (channel, ([mean, within, between], (place, factor))) in statistics.zip(places).enumerate() {
            let sum = if self.checked.params().remove_mean { *within } else { within + between };
            let variance = sum / self.windows as f32;
            if !(variance > 0.0 && variance.is_finite()) {
                return Err(TrainError::ConstantChannel(channel as u16));
            }
            *place = *mean;
            *factor = 1.0 / hone_numeric::kernel::sqrt_f32(variance);
        }
        shared.fill(0.0);
        self.windows = 0;
        self.at.interrupt();
        self.stage = Stage::Fit;
        Ok(())
    }

    fn calibrate(
        &mut self,
        model: &Storage<'_>,
        carved: &mut Carved<'_>,
        window: &WindowView<'_>,
    ) -> Result<(), TrainError> {
        let c = self.checked;
        let net = model.network().ok_or(TrainError::Shape)?;
        let errors = net.run(&mut carved.state, &mut self.at, window).mean(c.channels());
        self.spend(window.len() * (c.nonzeros() + (c.units() + c.unknowns()) * c.channels()));
        let Some(errors) = errors else { return Ok(()) };
        if !errors.is_finite() {
            return Err(TrainError::Diverged);
        }
        let (mse, nmse) = halves(carved.shared, c.params().calibrate_windows);
        let at = self.scores as usize;
        if let (Some(mse), Some(nmse)) = (mse.get_mut(at), nmse.get_mut(at)) {
            (*mse, *nmse) = (errors.mse, errors.nmse);
            self.scores += 1;
            self.error_sum += errors.mse;
        }
        Ok(())
    }
}

/// Where the calibration keeps its two kinds of error.
#[inline]
fn halves(shared: &mut [f32], windows: u16) -> (&mut [f32], &mut [f32]) {
    shared.split_at_mut_checked(usize::from(windows)).unwrap_or_default()
}

/// Takes one window into the statistics of each channel: mean of the windows' means, sum of their variances, sum of
/// squares of their means about the mean (Welford 1962).
#[inline]
fn measure(statistics: &mut [f32], count: u32, window: &WindowView<'_>) {
    let frames = window.len().max(1) as u64;
    for (channel, [mean, within, between]) in
        statistics.as_chunks_mut::<3>().0.iter_mut().take(window.channels).enumerate()
    {
        let (mut sum, mut squares) = (0i64, 0u64);
        for v in window.channel(channel).map(i32::from) {
            sum += i64::from(v);
            squares += u64::from((v * v).unsigned_abs());
        }
        // Exact: frames² · variance.
        let exact = (frames * squares).saturating_sub(sum.unsigned_abs() * sum.unsigned_abs());
        *within += exact as f32 / (frames * frames) as f32;
        let value = sum as i32 as f32 / frames as f32;
        let delta = value - *mean;
        *mean += delta / count as f32;
        *between += delta * (value - *mean);
    }
}
