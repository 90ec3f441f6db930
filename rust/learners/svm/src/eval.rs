//! A model judged on labelled rows.

use crate::model::{ModelView, Task};
use hone_learn::metrics::{Confusion, TooManyClasses};
use hone_learn::{Decision, SetView};

/// Why rows could not be judged; what was counted before stays counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvalError {
    /// The model is untrained or decides novelty, not classes.
    NoClasses,
    /// The model takes rows of another width.
    Width {
        /// Features of the model.
        expected: u32,
        /// Features of the rows.
        found: u32,
    },
    /// The scratch is shorter than [`crate::scratch_len`] and one row.
    Scratch,
    /// The confusion matrix has no room for all classes.
    Classes(TooManyClasses),
}

/// Adds the verdict on each labelled row of the set to a confusion matrix. `scratch` has room for
/// [`crate::scratch_len`] numbers and one row.
///
/// # Errors
/// [`EvalError`].
pub fn evaluate<const K: usize>(
    model: ModelView<'_>,
    set: SetView<'_>,
    scratch: &mut [f32],
    into: &mut Confusion<K>,
) -> Result<(), EvalError> {
    if model.task() != Task::Classes {
        return Err(EvalError::NoClasses);
    }
    if model.features() != set.width() {
        return Err(EvalError::Width { expected: model.features() as u32, found: set.width() as u32 });
    }
    let (x, scratch) = scratch.split_at_mut_checked(set.width()).ok_or(EvalError::Scratch)?;
    if scratch.len() < crate::scratch_len(model.classes().count(), model.features()) {
        return Err(EvalError::Scratch);
    }
    for row in 0..set.len() {
        let Some(truth) = set.label(row) else { continue };
        set.decode(row, x);
        let said = match model.infer(x, scratch).decision {
            Decision::Class(class) => Some(class),
            _ => None,
        };
        into.add(truth, said).map_err(EvalError::Classes)?;
    }
    Ok(())
}
