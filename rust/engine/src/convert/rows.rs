//! Learners that judge features: SVM and TinyRCE in integers.

use super::ConvertFault;
use crate::capacity::{FEATURES, SVM_CLASSES};
use crate::included::Rce;
use crate::memory::{FEATURE_WORDS, Model, RceInteger, SVM_SCRATCH, WindowBuf};
use crate::training::fresh_svm;
use hone_esn::{Errors, Said};
use hone_learn::{Decision, Verdict, Workspace};
use hone_numeric::whole::{Precision, Row};
use hone_signal::Extractor;
use hone_svm::pairs_of;

/// Machines of an SVM.
const MACHINES: usize = pairs_of(SVM_CLASSES);
/// Bytes of workspace that judging a window twice takes.
pub(super) const BYTES: usize = 4 * (MACHINES + FEATURES + 2 * SVM_SCRATCH + FEATURE_WORDS);

// As the slots' `fresh_esn`.
#[inline(never)]
pub(crate) fn fresh_rce(slot: &mut Model) {
    const NEW: RceInteger = RceInteger::new();
    if let Some(new) = Rce::new(NEW) {
        *slot = Model::RceInteger(None, new);
    }
}

/// Makes an SVM in integers in `slot`. The sums at the front of the workspace begin.
pub(super) fn make_svm(
    source: (&Option<Extractor>, &crate::memory::SvmModel),
    precision: Precision,
    slot: &mut Model,
    workspace: &mut [u32],
) -> Result<(), ConvertFault> {
    fresh_svm(slot);
    let Model::Svm(extractor, svm) = slot else { return Err(ConvertFault::NoSuchForm) };
    *extractor = *source.0;
    workspace.iter_mut().take(MACHINES).for_each(|sum| *sum = 0);
    svm.edit().quantize(source.1.view(), precision).map_err(ConvertFault::Svm)
}

/// Takes TinyRCE in integers from the front of the workspace into `slot`.
pub(super) fn take_rce(by: Extractor, slot: &mut Model, workspace: &[u32]) -> Result<(), ConvertFault> {
    fresh_rce(slot);
    let Model::RceInteger(extractor, rce) = slot else { return Err(ConvertFault::NoSuchForm) };
    *extractor = Some(by);
    rce.take(workspace).map_err(|s| ConvertFault::Freeze(hone_rce::FreezeError::Capacity(s)))
}

fn said(verdict: Verdict) -> Said {
    let errors = verdict.score.is_finite().then_some(Errors { mse: verdict.score, nmse: 0.0 });
    Said { decision: verdict.decision, warm: true, errors }
}

/// What the model in use and its new form say of a window. `share`, where it is not zero, of what the new form's decision values
/// are off is added to the sums. `None` where the window has no features, or was not judged.
pub(super) fn judge(
    source: Option<&Model>,
    place: &Model,
    window: &WindowBuf,
    share: f32,
    workspace: &mut [u32],
) -> Option<(Said, Said)> {
    let mut memory = Workspace::new(workspace);
    let sums = memory.take::<f32>(MACHINES).ok()?;
    let [a, b] = [memory.take::<f32>(SVM_SCRATCH).ok()?, memory.take::<f32>(SVM_SCRATCH).ok()?];
    let row = memory.take::<f32>(FEATURES).ok()?;
    let (Model::Svm(extractor, _) | Model::RceInteger(extractor, _)) = place else { return None };
    let features = extractor.as_ref()?.extract(&window.view(), memory, row).ok()?;
    let row = row.get(..features)?;
    match (source, place) {
        (Some(Model::Svm(_, old)), Model::Svm(_, new)) => {
            let said = (said(old.infer(row, a)), said(new.infer(row, b)));
            if share > 0.0 {
                let (old, new) = (old.view().decisions(row, a)?, new.view().decisions(row, b)?);
                for (sum, (old, new)) in sums.iter_mut().zip(old.iter().zip(new)) {
                    *sum += (old - new) * share;
                }
            }
            Some(said)
        }
        (None, Model::RceInteger(_, new)) if window.judged => {
            Some((said(window.verdict), said(new.infer(&Row::Real(row), a)?.verdict)))
        }
        _ => None,
    }
}

/// Takes what the new form's decision values were off on average from its biases.
pub(super) fn settle(place: &mut Model, workspace: &mut [u32]) {
    if let (Model::Svm(_, svm), Ok(sums)) = (place, Workspace::new(workspace).take::<f32>(MACHINES)) {
        svm.edit().shift(sums);
    }
}

/// Whether a label and a decision agree.
pub(super) fn right(window: &WindowBuf, said: &Said) -> u32 {
    u32::from(window.label.is_some_and(|class| said.decision == Decision::Class(class)))
}
