//! The readout by ridge regression: samples into the normal equations, their solution into the model.

use super::{Stage, TrainError, Trainer};
use crate::model::Storage;
use crate::network::{CopyFrom, inverse_output};
use crate::normal::{DEPTH, Normal};
use crate::params::{Checked, Readout, Target};
use crate::workspace::Carved;
use hone_signal::WindowView;

impl Trainer {
    /// Steps the reservoir through a window and takes each settled sample into the normal equations.
    pub(super) fn fit(
        &mut self,
        model: &Storage<'_>,
        carved: &mut Carved<'_>,
        window: &WindowView<'_>,
    ) -> Result<(), TrainError> {
        let c = self.checked;
        let (n, channels) = (c.unknowns(), c.channels());
        let s = &mut carved.state;
        let (Some(net), Some(mut normal)) = (model.network(), Normal::new(carved.shared, n, channels)) else {
            return Err(TrainError::Shape);
        };
        let p = net.params;
        let predict = p.target == Target::Predict;
        let before = self.samples;
        self.at.begin(&net, s, window);
        for frame in window.frames() {
            let slot = self.samples as usize % DEPTH;
            net.scale(s, frame);
            if predict {
                // This input is what the readout of the frame before is to give, and, taught, did give.
                s.y.copy_from(s.u);
                if self.at.predicted(p) {
                    self.complete(&mut normal, slot, s.u);
                }
            }
            let slot = self.samples as usize % DEPTH;
            net.step(s);
            if self.at.settled(p) {
                let mut first = 0;
                if p.readout != Readout::State {
                    normal.gather(slot, 0, s.u);
                    first = channels;
                }
                normal.gather(slot, first, s.next);
                if p.readout == Readout::InputStateOutput {
                    normal.gather(slot, first + s.next.len(), s.y);
                }
                if !predict {
                    self.complete(&mut normal, slot, s.u);
                }
            }
            if !predict {
                s.y.copy_from(s.u);
            }
            self.at.advance();
        }
        let samples = (self.samples - before) as usize;
        let work = c.nonzeros() + (c.units() + n) * channels + n * (n + 1) / 2;
        self.spend(samples * work);
        Ok(())
    }

    /// Adds the target to the sample in `slot`, which is then complete.
    fn complete(&mut self, normal: &mut Normal<'_>, slot: usize, u: &[f32]) {
        let p = self.checked.params();
        if p.output == crate::Output::Identity {
            normal.gather_target(slot, u);
        } else {
            let mut d = [0.0; crate::MAX_CHANNELS as usize];
            for (d, u) in d.iter_mut().zip(u) {
                *d = inverse_output(p, *u);
            }
            normal.gather_target(slot, d.get(..u.len()).unwrap_or_default());
        }
        self.samples = self.samples.wrapping_add(1);
        if slot == DEPTH - 1 {
            normal.update();
        }
    }

    /// After the last window of the phase: the equations are complete, and regularised.
    pub(super) fn finish_fit(&mut self, shared: &mut [f32]) -> Result<(), TrainError> {
        let c = &self.checked;
        let n = c.unknowns();
        if (self.samples as usize) < n {
            return Err(TrainError::TooFewWindows { have: self.windows, need: self.windows + 1 });
        }
        let mut normal = Normal::new(shared, n, c.channels()).ok_or(TrainError::Singular(0))?;
        normal.drop_from(self.samples as usize % DEPTH);
        normal.update();
        normal.regularise(c.params().ridge * self.samples as f32);
        self.stage = Stage::Factor(0);
        Ok(())
    }
}

/// Row `output` of W_out from the solution, whose order is that of z: input, state, output.
pub(super) fn store_weights(model: &mut Storage<'_>, c: &Checked, output: usize, weights: &[f32]) {
    let (units, channels) = (c.units(), c.channels());
    let readout = c.params().readout;
    let mut rest = weights;
    let mut put = |matrix: &mut [f32], len: usize| {
        let (part, after) = rest.split_at_checked(len).unwrap_or_default();
        if let Some(row) = matrix.chunks_exact_mut(len.max(1)).nth(output) {
            row.copy_from(part);
        }
        rest = after;
    };
    if readout != Readout::State {
        put(model.out_input, channels);
    }
    put(model.out_state, units);
    if readout == Readout::InputStateOutput {
        put(model.out_output, channels);
    }
}
