//! A data set as rows of features, computed once, for protocols that learn the same windows many times.

use super::learner::{EvalError, Input, Learner};
use crate::dataset::{Data, Dataset, Part, UNFIT_TO_JUDGE, UNFIT_TO_LEARN};
use hone_learn::ClassId;

/// The features of a window or row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub features: Vec<f32>,
    /// Index of its class in the data set, and the class's number.
    pub index: usize,
    pub class: ClassId,
}

/// The rows to train on and to test on, in the order of the data. Windows that the device would not take are left out.
pub(super) fn rows(set: &Dataset, learner: &mut dyn Learner) -> Result<(Vec<Row>, Vec<Row>), EvalError> {
    learner.begin(set)?;
    let (mut train, mut test) = (Vec::new(), Vec::new());
    let class = |i: usize| set.classes.get(i).map_or(ClassId(u16::MAX), |c| c.id);
    let mut take = |input: Input, index: usize, part: Part| -> Result<(), EvalError> {
        let rows = match part {
            Part::Train => &mut train,
            Part::Test => &mut test,
            _ => return Ok(()),
        };
        rows.push(Row { features: learner.features(&input)?, index, class: class(index) });
        Ok(())
    };
    match &set.data {
        Data::Table(t) => {
            for row in &t.rows {
                take(Input::Row(&row.features), row.class, row.part)?;
            }
        }
        Data::Recordings(r) => {
            for recording in &r.recordings {
                for window in &recording.windows {
                    let unfit = if window.part == Part::Test { UNFIT_TO_JUDGE } else { UNFIT_TO_LEARN };
                    if window.part == Part::Calibrate || window.faults.any(unfit) {
                        continue;
                    }
                    let held = r.held(recording, window, &set.classes)?;
                    take(Input::Window(held.view()), window.class, window.part)?;
                }
            }
        }
    }
    Ok((train, test))
}
