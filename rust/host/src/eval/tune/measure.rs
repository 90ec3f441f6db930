//! What settings are worth: trained on all blocks but one, judged on that one.

use super::super::args::{self, EvalArgs};
use super::super::judge::{self, Result1};
use super::super::learner::{EvalError, Input, Learner, Training};
use super::super::regression;
use super::perturb::{self, Perturbation, Stream};
use super::space::Candidate;
use crate::dataset::{Data, Dataset, Family, Held, Part, Source, Task};
use hone_learn::Decision;
use hone_learn::metrics::Outcomes;
use hone_signal::{Faults, WindowView};

/// What is asked for, beside the settings that are tried.
pub(super) struct Asked<'a> {
    pub args: &'a EvalArgs,
    pub source: &'a Source,
    pub limits: Limits,
}

/// What a model may take at most.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    pub ram: Option<usize>,
    pub flash: Option<usize>,
    pub macs: Option<usize>,
}

/// What settings came to on one block.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Measured {
    /// Greater is better, 1 at best.
    pub score: f64,
    /// Anomalies: share of the healthy windows held back that raise an alarm.
    pub false_alarm_rate: Option<f64>,
    pub workspace_bytes: usize,
    pub model_bytes: usize,
    pub macs: Option<usize>,
}

impl Measured {
    fn of(score: f64, training: &Training) -> Self {
        let Training { workspace_bytes, model_bytes, macs, .. } = *training;
        Self { score, false_alarm_rate: None, workspace_bytes, model_bytes, macs }
    }

    /// Whether it is within the limits.
    pub fn within(&self, limits: Limits) -> bool {
        let fits = |limit: Option<usize>, asked: Option<usize>| limit.is_none_or(|l| asked.is_some_and(|a| a <= l));
        fits(limits.ram, Some(self.workspace_bytes))
            && fits(limits.flash, Some(self.model_bytes))
            && fits(limits.macs, self.macs)
    }
}

/// What the score is, for people.
pub(super) fn criterion(task: Task) -> &'static str {
    match task {
        Task::Anomaly => "F1 of held-back healthy windows against the same windows perturbed",
        Task::Classification => "F1 on held-back windows or rows, mean over classes",
        Task::Regression => "1 - MSE/MSE of the value before, on held-back time",
    }
}

/// Trains with settings on a fold and judges what is held back of it.
///
/// # Errors
/// [`EvalError`]; where it is of the settings these cannot be had.
pub(super) fn measure(asked: &Asked, fold: &Dataset, settings: &Candidate, seed: i32) -> Result<Measured, EvalError> {
    let own = settings.iter().map(|(key, value)| format!("{key}={value}"));
    let set = asked.args.set.iter().cloned().chain(own).collect();
    let args = EvalArgs { set, seed: Some(seed), ..asked.args.clone() };
    if fold.task == Task::Regression {
        let (report, _) = regression::evaluate(&args, asked.source, fold)?;
        let figures = report.regression.clone().unwrap_or_default();
        let score = 1.0 - figures.mse / figures.mse_of_last.max(f64::MIN_POSITIVE);
        let training = Training {
            workspace_bytes: report.workspace_bytes,
            model_bytes: report.model_bytes,
            ..Training::default()
        };
        return Ok(Measured::of(score, &training));
    }
    let mut learner = args::ready(&args, fold)?;
    let training = learner.train(fold, &mut || ())?;
    let results = judge::test(fold, learner.as_mut(), &mut || ())?;
    if fold.task == Task::Classification {
        let score = judge::figures(fold, &training, &results)?.f1.unwrap_or(0.0);
        return Ok(Measured::of(score.into(), &training));
    }
    let (score, rate) = separation(fold, learner.as_mut(), &results)?;
    Ok(Measured { false_alarm_rate: Some(rate), ..Measured::of(score, &training) })
}

/// F1 of healthy windows against each perturbation of them, mean over all; and the false-alarm rate.
fn separation(fold: &Dataset, learner: &mut dyn Learner, healthy: &[Result1]) -> Result<(f64, f64), EvalError> {
    let Data::Recordings(r) = &fold.data else {
        return Err(EvalError::NotServed("perturbations are of recordings".into()));
    };
    // Windows without a full average are normal by definition, and say nothing.
    let warm: Vec<&Result1> = healthy.iter().filter(|h| h.judged.warm).collect();
    if warm.is_empty() {
        return Err(EvalError::Data("the blocks are too short for the average; ask for a smaller one".into()));
    }
    let alarms = warm.iter().filter(|h| h.alarmed()).count();
    let held = r.windows(Part::Test).map(|(recording, window)| r.held(recording, window, &fold.classes));
    let windows: Vec<Held> = held.collect::<Result<_, _>>()?;
    let rms = perturb::rms(windows.iter().map(Held::view));
    let all = perturb::all(fold.family == Family::Activity);
    let mut sum = 0.0;
    for (i, perturbation) in (0u64..).zip(&all) {
        let found = found(learner, &windows, *perturbation, (&rms, r.length, i))?;
        let outcomes = Outcomes {
            true_positive: found as u32,
            false_negative: warm.len().saturating_sub(found) as u32,
            false_positive: alarms as u32,
            true_negative: (warm.len() - alarms) as u32,
        };
        sum += outcomes.balanced().map_or(0.0, |b| f64::from(b.f1));
    }
    Ok((sum / all.len() as f64, alarms as f64 / warm.len() as f64))
}

/// Windows with a full average that raise an alarm once perturbed.
fn found(
    learner: &mut dyn Learner,
    windows: &[Held],
    perturbation: Perturbation,
    (rms, frames, seed): (&[f64], usize, u64),
) -> Result<usize, EvalError> {
    let mut stream = Stream::new(perturbation, rms.to_vec(), frames, seed + 1);
    let mut found = 0;
    for (i, held) in windows.iter().enumerate() {
        let view = held.view();
        let samples = stream.next(&view);
        let faults = if i == 0 { view.faults.with(Faults::GAP) } else { view.faults };
        let judged = learner.infer(&Input::Window(WindowView { samples: &samples, faults, ..view }))?;
        let alarmed = matches!(judged.verdict.decision, Decision::Anomalous | Decision::Unknown);
        found += usize::from(judged.warm && alarmed);
    }
    Ok(found)
}
