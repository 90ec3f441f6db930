//! A data set as rows of features, computed once, for protocols that learn the same windows many times.

use super::learner::{EvalError, Input, Learner};
use crate::dataset::{Data, Dataset, Part};
use hone_learn::ClassId;
use hone_signal::Faults;

/// The features of a window or row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub features: Vec<f32>,
    /// Index of its class in the data set, and the class's number.
    pub index: usize,
    pub class: ClassId,
}

/// The rows to train on and to test on, in the order of the data. Faulty windows are not trained on.
pub(super) fn rows(set: &Dataset, learner: &mut dyn Learner) -> Result<(Vec<Row>, Vec<Row>), EvalError> {
    learner.begin(set)?;
    let (mut train, mut test) = (Vec::new(), Vec::new());
    let class = |i: usize| set.classes.get(i).map_or(ClassId(u16::MAX), |c| c.id);
    let mut take = |input: Input, index: usize, part: Part, faulty: bool| -> Result<(), EvalError> {
        let rows = match part {
            Part::Train if !faulty => &mut train,
            Part::Test => &mut test,
            _ => return Ok(()),
        };
        rows.push(Row { features: learner.features(&input)?, index, class: class(index) });
        Ok(())
    };
    match &set.data {
        Data::Table(t) => {
            for row in &t.rows {
                take(Input::Row(&row.features), row.class, row.part, false)?;
            }
        }
        Data::Recordings(r) => {
            for recording in &r.recordings {
                for window in &recording.windows {
                    let faulty = window.faults.0 & !Faults::GAP.0 != 0;
                    let view = r.view(recording, window, &set.classes);
                    take(Input::Window(view), window.class, window.part, faulty)?;
                }
            }
        }
    }
    Ok((train, test))
}
