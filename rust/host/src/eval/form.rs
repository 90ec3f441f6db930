//! A smaller form of the trained model on the windows that were tested.

use super::judge::{self, Result1};
use super::learner::{EvalError, Learner, Training};
use super::report::Converted;
use crate::dataset::Dataset;
use hone_engine::data::order::JobFault;
use hone_engine::say::job_fault;
use hone_engine::text::Line;
use hone_learn::learner::Form;
use hone_numeric::quantize::Fixed;
use hone_numeric::quantize::clusters::centroids_of;

/// `int8` or `q3.12`.
pub(super) fn quantize(text: &str) -> Result<Form, &'static str> {
    let fixed = |text: &str| {
        let (whole, fraction) = text.strip_prefix('q')?.split_once('.')?;
        Fixed::q(whole.parse().ok()?, fraction.parse().ok()?).map(Form::Fixed)
    };
    if text == "int8" { Ok(Form::Int8) } else { fixed(text).ok_or("int8, or as q3.12, whose bits are at most 15") }
}

/// `8`.
pub(super) fn compress(text: &str) -> Result<Form, &'static str> {
    let factor = text.parse::<u8>().ok().filter(|f| centroids_of((*f).into()).is_some());
    factor.map(Form::Clustered).ok_or("4, 8, 16 or 32")
}

/// `50`.
pub(super) fn prune(text: &str) -> Result<Form, &'static str> {
    let percent = text.parse::<u8>().ok().filter(|p| (1..=90).contains(p));
    percent.map(Form::Pruned).ok_or("a share from 1 to 90, in percent")
}

/// Why there is no such form, in the words of the device.
pub(super) fn refused(fault: JobFault) -> EvalError {
    let mut text = Line::<256>::default();
    job_fault(&fault, &mut text);
    EvalError::Learner(text.as_str().to_owned())
}

fn name(form: Form) -> String {
    match form {
        Form::Int8 => "int8".into(),
        Form::Fixed(fixed) => format!("q{}.{}", 15 - fixed.fraction(), fixed.fraction()),
        Form::Clustered(factor) => format!("factor {factor}"),
        Form::Pruned(percent) => format!("pruned by {percent} %"),
    }
}

/// Converts the model, judges the test part again, and sets the figures beside those of `before`.
pub(super) fn convert(
    set: &Dataset,
    learner: &mut dyn Learner,
    form: Form,
    training: &Training,
    before: &[Result1],
) -> Result<Converted, EvalError> {
    let smaller = learner.convert(set, form)?;
    let results = judge::test(set, learner, &mut || ())?;
    let training =
        Training { threshold: smaller.threshold, lower_threshold: smaller.lower_threshold, ..training.clone() };
    let report = judge::figures(set, &training, &results)?;
    let decision = |r: &Result1| r.judged.verdict.decision;
    Ok(Converted {
        form: name(form),
        weights_bytes_before: smaller.weights[0],
        weights_bytes: smaller.weights[1],
        model_bytes: smaller.model_bytes,
        model_ram_bytes: smaller.model_ram_bytes,
        accuracy: report.accuracy,
        f1: report.f1,
        false_alarm_rate: report.false_alarm_rate,
        threshold: smaller.threshold,
        changed: results.iter().zip(before).filter(|(a, b)| decision(a) != decision(b)).count(),
    })
}

impl super::EvalArgs {
    /// The smaller form that is asked for.
    pub(super) fn form(&self) -> Option<Form> {
        self.quantize.or(self.compress).or(self.prune)
    }
}
