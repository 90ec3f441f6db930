//! What stays fixed while one model is trained on a set, how the workspace is laid out, and the rows of a pass.

use crate::design::{Design, push};
use crate::model::{ModelMut, ModelView};
use crate::params::{Checked, Params, Solver, outputs, words};
use crate::stream::{Memo, NONE, StateMut};
use hone_learn::{SetView, Shortage, Workspace};
use hone_numeric::cholesky;
use hone_numeric::kernel::dot_f32;

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub checked: Checked,
    pub design: Design,
    /// Vectors of coefficients.
    pub outputs: usize,
    /// Rows of the set, and those that are learnt.
    pub rows: usize,
    pub used: u32,
    /// The row at hand.
    pub row: usize,
    memo: Memo,
    filled: usize,
}

/// The workspace, carved.
pub(crate) struct Space<'w> {
    /// A row of inputs.
    pub row: &'w mut [f32],
    /// A row of the set.
    pub frame: &'w mut [f32],
    /// Earlier values of the target.
    pub recent: &'w mut [f32],
    /// What a row leaves for each output.
    pub results: &'w mut [f32],
    pub gradient: &'w mut [f32],
    /// Where the next gradient is taken.
    pub ahead: &'w mut [f32],
    /// The packed matrix, then its factor; or a diagonal.
    pub matrix: &'w mut [f32],
}

/// What the target of a row is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    Number(f32),
    Class(usize),
}

impl Answer {
    /// The target of each output less what the coefficients make of the row; and whether the class is right.
    pub fn residuals(self, row: &[f32], coefficients: &[f32], results: &mut [f32]) -> bool {
        let vectors = coefficients.chunks_exact(row.len().max(1));
        results.iter_mut().zip(vectors).for_each(|(result, w)| *result = dot_f32(w, row));
        let class = match self {
            Self::Number(value) => {
                results.iter_mut().for_each(|result| *result = value - *result);
                return false;
            }
            Self::Class(class) => class,
        };
        if let [only] = results {
            let first = class == 0;
            let right = (*only > 0.0) == first;
            *only = f32::from(u8::from(first)) - 1.0 / (1.0 + libm::expf(-*only));
            return right;
        }
        let mut most = f32::NEG_INFINITY;
        let mut best = 0;
        for (k, z) in results.iter().enumerate() {
            if *z > most {
                (most, best) = (*z, k);
            }
        }
        let mut sum = 0.0;
        for z in results.iter_mut() {
            *z = libm::expf(*z - most);
            sum += *z;
        }
        for (k, z) in results.iter_mut().enumerate() {
            *z = f32::from(u8::from(k == class)) - *z / sum;
        }
        best == class
    }
}

impl Plan {
    pub fn new(checked: Checked) -> Self {
        Self {
            checked,
            design: Design::default(),
            outputs: 1,
            rows: 0,
            used: 0,
            row: 0,
            memo: Memo::default(),
            filled: 0,
        }
    }

    pub fn params(&self) -> &Params {
        self.checked.params()
    }

    /// Settles on classes or a number. Rows that will be learnt.
    pub fn prepare(&mut self, set: &SetView<'_>, is_classes: bool, classes: usize) -> usize {
        self.design = if is_classes { Design::classes(self.checked.shape()) } else { self.checked.regression() };
        (self.outputs, self.rows) = (outputs(classes), set.len());
        let labelled = set.labels().flatten().count();
        let used = if is_classes { labelled } else { self.rows.saturating_sub(usize::from(self.design.lags)) };
        self.used = used as u32;
        used
    }

    /// Begins a pass.
    pub fn rewind(&mut self) {
        (self.row, self.filled) = (0, 0);
    }

    pub fn carve<'w>(&self, workspace: &'w mut [u32]) -> Result<Space<'w>, Shortage> {
        let shortage =
            Shortage { needed: 4 * words(&self.checked, &self.design, self.outputs), available: 4 * workspace.len() };
        let n = self.design.columns();
        let matrix = if self.params().solver == Solver::Gradient { n } else { cholesky::packed_len(n) };
        let mut ws = Workspace::new(workspace);
        let mut take = |count| ws.take(count).map_err(|_| shortage);
        Ok(Space {
            row: take(n)?,
            frame: take(self.design.channels.into())?,
            recent: take(self.design.lags.into())?,
            results: take(self.outputs)?,
            gradient: take(self.outputs * n)?,
            ahead: take(self.outputs * n)?,
            matrix: take(matrix)?,
        })
    }

    /// The inputs of the row at hand and its target, and moves on; `None` for one that is not learnt.
    pub fn fill(&mut self, set: &SetView<'_>, space: &mut Space<'_>, model: ModelView<'_>) -> Option<Answer> {
        let row = self.row;
        self.row += 1;
        set.decode(row, space.frame);
        let (design, scales) = (&self.design, model.scales());
        let answer = if design.is_for_classes() {
            let class = set.label(row)?;
            Answer::Class(model.classes().position(|known| known == class)?)
        } else {
            Answer::Number(design.target(space.frame, scales))
        };
        let time = row as u64 * design.interval;
        let behind = row as f32 + 1.0 - self.rows as f32;
        design.fill(space.row, space.frame, scales, space.recent, time, behind);
        let Answer::Number(value) = answer else { return Some(answer) };
        let whole = self.filled >= space.recent.len();
        if !whole {
            self.filled += 1;
        }
        push(space.recent, value);
        whole.then_some(answer)
    }

    /// Learns the row at hand recursively and moves on; adds its squared error before that.
    pub fn learn(&mut self, set: &SetView<'_>, space: &mut Space<'_>, model: &mut ModelMut<'_>, total: &mut f32) {
        set.decode(self.row, space.frame);
        // From 1, so that the first time is not that of no frame.
        let time = (self.row as u64 + 1) * self.design.interval;
        self.row += 1;
        let mut state = StateMut { row: space.row, recent: space.recent, memo: &mut self.memo };
        let mut step = NONE;
        model.take(space.frame, time, &mut state, &mut step);
        *total += step.error * step.error;
    }
}
