//! The passes of layers in `f32`, for the reference and for the last layer of mixed networks. The same matrices, slid over the
//! same tensors.

use crate::network::Kind;
use crate::stage::{Reals, Stage};
use hone_numeric::kernel::{axpy_f32, matvec_f32};

/// y = f(W·x + b).
#[inline(never)]
pub(crate) fn forward(stage: &Stage, w: &Reals<'_>, x: &[f32], y: &mut [f32]) -> Option<()> {
    let (rows, cols, step) = (stage.rows(), stage.cols(), stage.step());
    let y = y.get_mut(..stage.output.len())?;
    match stage.layer.kind {
        Kind::Average | Kind::GlobalAverage => {
            let (frames, channels) = pool(stage);
            for (y, x) in y.chunks_mut(channels).zip(x.chunks(frames * channels)) {
                for (c, y) in y.iter_mut().enumerate() {
                    *y = x.iter().skip(c).step_by(channels).sum::<f32>() / frames as f32;
                }
            }
            return Some(());
        }
        // Not a matrix: `latent`.
        Kind::Sample => return None,
        Kind::Transposed => {
            y.fill(0.0);
            for t in 0..stage.positions() {
                let to = y.get_mut(t * step..)?.get_mut(..cols)?;
                for (w, x) in w.w.chunks_exact(cols).zip(x.get(t * rows..)?.iter().take(rows)) {
                    axpy_f32(*x, w, to);
                }
            }
        }
        Kind::Dense | Kind::Convolution => {
            for t in 0..stage.positions() {
                let y = y.get_mut(t * rows..)?.get_mut(..rows)?;
                matvec_f32(w.w, x.get(t * step..)?.get(..cols)?, y);
            }
        }
    }
    for y in y.chunks_mut(stage.biases().max(1)) {
        for (y, b) in y.iter_mut().zip(w.bias) {
            let v = *y + b;
            *y = if stage.layer.relu && v <= 0.0 { 0.0 } else { v };
        }
    }
    Some(())
}

fn pool(stage: &Stage) -> (usize, usize) {
    let frames = if stage.layer.kernel == 0 { stage.input.frames } else { stage.layer.kernel };
    (frames.into(), stage.output.channels.into())
}

/// The error of what a stage takes in, from that of what it gives; 0 where `gate` is.
#[inline(never)]
pub(crate) fn error_before(
    stage: &Stage,
    w: &Reals<'_>,
    error: &[f32],
    gate: Option<&[f32]>,
    to: &mut [f32],
) -> Option<()> {
    let (rows, cols, step) = (stage.rows(), stage.cols(), stage.step());
    let to = to.get_mut(..stage.input.len())?;
    to.fill(0.0);
    match stage.layer.kind {
        Kind::Average | Kind::GlobalAverage => {
            let (frames, channels) = pool(stage);
            for (error, to) in error.chunks(channels).zip(to.chunks_mut(frames * channels)) {
                for frame in to.chunks_mut(channels) {
                    frame.iter_mut().zip(error).for_each(|(to, e)| *to = e / frames as f32);
                }
            }
        }
        Kind::Sample => return None,
        Kind::Transposed => {
            for t in 0..stage.positions() {
                let to = to.get_mut(t * rows..)?.get_mut(..rows)?;
                matvec_f32(w.w, error.get(t * step..)?.get(..cols)?, to);
            }
        }
        Kind::Dense | Kind::Convolution => {
            for t in 0..stage.positions() {
                let to = to.get_mut(t * step..)?.get_mut(..cols)?;
                for (w, e) in w.w.chunks_exact(cols).zip(error.get(t * rows..)?.iter().take(rows)) {
                    if *e != 0.0 {
                        axpy_f32(*e, w, to);
                    }
                }
            }
        }
    }
    if let Some(gate) = gate {
        to.iter_mut().zip(gate).filter(|(_, gate)| **gate <= 0.0).for_each(|(to, _)| *to = 0.0);
    }
    Some(())
}

/// Adds the products of errors and inputs of row `row`, over all positions, to `sums`.
pub(crate) fn gradient_row(stage: &Stage, row: usize, narrow: &[f32], long: &[f32], sums: &mut [f32]) {
    for (t, e) in narrow.iter().skip(row).step_by(stage.rows().max(1)).take(stage.positions()).enumerate() {
        if let (true, Some(x)) = (*e != 0.0, long.get(t * stage.step()..).and_then(|x| x.get(..stage.cols()))) {
            axpy_f32(*e, x, sums);
        }
    }
}
