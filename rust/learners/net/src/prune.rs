//! Structured pruning: a trained network without the units and filters that matter least, as a smaller network of the same kind.
//!
//! ```text
//!  I(r) = (Σ_j w_rj² + b_r²) · Σ_k v_kr²
//! ```
//!
//! w_r are the weights into unit or filter r and b_r its bias, v_kr the weights by which the next layer takes in what it gives. With a
//! ReLU, scaling w_r and b_r by any a > 0 and v_r by 1/a changes nothing that the network computes; nor does it change I. (H. Li and
//! others, "Pruning Filters for Efficient ConvNets", ICLR 2017, rank by Σ|w_rj| alone, which this scaling changes.)
//!
//! What is kept is copied as it is: in 8 bits the smaller network computes exactly what the larger one would with the other units'
//! weights out set to 0.

use crate::model::{Head, ModelMut, ModelView};
use crate::network::{Kind, MAX_CHANNELS, Network, NetworkError};
use crate::scale::power;
use crate::stage::{BIAS_BITS, Form, Stage};
use hone_learn::Shortage;

/// Why a network is not pruned. The model that was to become it is then untrained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PruneError {
    /// The share to leave out is none of 1 to 99 %.
    Share,
    /// It is untrained, reconstructs its input, or has a transposed convolution.
    Kind,
    /// It has no hidden layer, or none of its layers has so many units that one would be left out.
    Nothing,
    /// There is no room for the importance of a layer's units.
    Workspace(Shortage),
    /// There is no room for the model.
    Room(Shortage),
    /// The layers that are left do not fit one another. It does not happen.
    Network(NetworkError),
}

/// Which channels of a tensor are kept.
#[derive(Clone, Copy)]
struct Kept {
    bits: [u32; MAX_CHANNELS as usize / 32],
    channels: usize,
    all: bool,
}

impl Kept {
    const fn all(channels: usize) -> Self {
        Self { bits: [0; MAX_CHANNELS as usize / 32], channels, all: true }
    }

    fn has(&self, channel: usize) -> bool {
        self.all || self.bits.get(channel / 32).is_some_and(|word| word >> (channel % 32) & 1 == 1)
    }

    fn keep(&mut self, channel: usize) {
        if let Some(word) = self.bits.get_mut(channel / 32) {
            *word |= 1 << (channel % 32);
        }
    }

    /// Whether item `j` of a tensor, kept frame by frame, is of a channel that is kept.
    fn takes(&self, j: usize) -> bool {
        self.has(j.checked_rem(self.channels).unwrap_or(0))
    }
}

/// Units or filters that stay of `channels` where `percent` are left out: at least one, and the share rounded down is left out.
pub(crate) fn left(channels: u16, percent: u8) -> u16 {
    let out = u32::from(channels) * u32::from(percent) / 100;
    channels.saturating_sub(out as u16).max(1)
}

impl ModelMut<'_> {
    /// Becomes `from` without `percent` of the units or filters of each hidden layer, those of the least importance. `workspace` takes
    /// two words for each unit of the widest layer. The work is a pass over the weights.
    ///
    /// # Errors
    /// [`PruneError`]; it is then untrained.
    pub fn prune(&mut self, from: ModelView<'_>, percent: u8, workspace: &mut [u32]) -> Result<(), PruneError> {
        *self.head = Head::EMPTY;
        let ModelView { head: source, words: old } = from;
        if !(1..=99).contains(&percent) {
            return Err(PruneError::Share);
        }
        let transposed = source.stages.all().iter().any(Stage::transposed);
        if !source.trained || source.network.samples() || transposed {
            return Err(PruneError::Kind);
        }
        let network = smaller(source, percent)?;
        if network == source.network {
            return Err(PruneError::Nothing);
        }
        let Self { head, words } = self;
        head.make(&network, source.input, source.classes, source.numbers).map_err(PruneError::Network)?;
        let (needed, available) = (head.stages.words() * 4, words.len() * 4);
        if needed > available {
            return Err(PruneError::Room(Shortage { needed, available }));
        }
        head.exponents = source.exponents;
        let front = crate::model::front(source.input, source.classes);
        words.iter_mut().zip(old).take(front).for_each(|(to, from)| *to = *from);
        let mut before = Kept::all(source.input.channels.into());
        for (l, (stage, of)) in head.stages.all().iter().zip(source.stages.all()).enumerate() {
            if !of.learns() {
                continue;
            }
            let next = source.stages.all().iter().skip(l + 1).find(|s| s.learns());
            let after = match next {
                Some(next) => choose(of, next, old, stage.rows(), workspace)?,
                None => Kept::all(of.rows()),
            };
            copy(stage, of, old, words, &before, &after).ok_or(PruneError::Kind)?;
            before = after;
        }
        head.trained = true;
        Ok(())
    }
}

/// The layers that are left. A dense layer at the end does not come to have as many units as there are classes: it would be the output
/// layer.
fn smaller(source: &Head, percent: u8) -> Result<Network, PruneError> {
    let mut network = Network::NONE;
    let declared = source.network.layers();
    let hidden = source.stages.len().saturating_sub(1);
    for (l, layer) in declared.iter().enumerate() {
        let mut layer = *layer;
        if l < hidden && layer.kind.learns() {
            let channels = left(layer.channels, percent);
            let output = l + 1 == declared.len() && layer.kind == Kind::Dense && channels == source.classes;
            layer.channels = if output { (channels + 1).min(layer.channels) } else { channels };
        }
        network.push(layer).map_err(PruneError::Network)?;
    }
    Ok(network)
}

/// Shows `see` every weight of a stage, with its row and its place there.
fn each_weight(stage: &Stage, words: &[u32], see: &mut dyn FnMut(usize, usize, f32)) {
    let (stride, cols) = (stage.stride().max(1), stage.cols());
    match stage.form {
        Form::Int8 => {
            let Some(w) = stage.bytes(words) else { return };
            for (row, (all, e)) in w.q.chunks_exact(stride).zip(w.exponents).enumerate() {
                let unit = power(-i32::from(*e));
                all.iter().take(cols).enumerate().for_each(|(j, q)| see(row, j, f32::from(*q) * unit));
            }
        }
        Form::F32 => {
            let Some(w) = stage.reals(words) else { return };
            for (row, all) in w.w.chunks_exact(stride).enumerate() {
                all.iter().take(cols).enumerate().for_each(|(j, w)| see(row, j, *w));
            }
        }
    }
}

/// Shows `see` every bias of a stage.
fn each_bias(stage: &Stage, words: &[u32], see: &mut dyn FnMut(usize, f32)) {
    match stage.form {
        Form::Int8 => {
            let unit = power(-BIAS_BITS);
            let biases = stage.bytes(words).map_or(&[][..], |w| w.bias);
            biases.iter().enumerate().for_each(|(row, b)| see(row, *b as f32 * unit));
        }
        Form::F32 => {
            let biases = stage.reals(words).map_or(&[][..], |w| w.bias);
            biases.iter().enumerate().for_each(|(row, b)| see(row, *b));
        }
    }
}

/// The `count` rows of a stage that matter most; of equal ones the first.
fn choose(stage: &Stage, next: &Stage, words: &[u32], count: usize, workspace: &mut [u32]) -> Result<Kept, PruneError> {
    let rows = stage.rows();
    let short = PruneError::Workspace(Shortage { needed: rows * 8, available: workspace.len() * 4 });
    let both = workspace.get_mut(..2 * rows).ok_or(short)?;
    both.fill(0);
    let (into, out) = both.split_at_mut_checked(rows).ok_or(short)?;
    let add = |to: &mut [u32], row: usize, x: f32| {
        if let Some(place) = to.get_mut(row) {
            *place = (f32::from_bits(*place) + x * x).to_bits();
        }
    };
    each_weight(stage, words, &mut |row, _, w| add(into, row, w));
    each_bias(stage, words, &mut |row, b| add(into, row, b));
    // A tensor is kept frame by frame, so that its channel is what is over.
    each_weight(next, words, &mut |_, j, w| add(out, j.checked_rem(rows).unwrap_or(0), w));
    for (into, out) in into.iter_mut().zip(out) {
        *into = (f32::from_bits(*into) * f32::from_bits(*out)).to_bits();
    }
    // Of numbers that are not negative the bits are in their order.
    let mut kept = Kept { bits: [0; MAX_CHANNELS as usize / 32], channels: rows, all: false };
    let importance: &[u32] = into;
    for (row, own) in importance.iter().enumerate() {
        let before = importance.iter().enumerate().filter(|(r, other)| *other > own || (*other == own && *r < row));
        if before.count() < count {
            kept.keep(row);
        }
    }
    Ok(kept)
}

/// Copies the rows that are kept, of each the weights of what is kept of the tensor before.
fn copy(stage: &Stage, of: &Stage, old: &[u32], new: &mut [u32], before: &Kept, after: &Kept) -> Option<()> {
    let rows = (0..of.rows()).filter(|row| after.has(*row));
    match of.form {
        Form::Int8 => {
            let (from, to) = (of.bytes(old)?, stage.bytes_mut(new)?);
            to.q.fill(0);
            let (width, stride) = (stage.stride().max(1), of.stride());
            let places = to.q.chunks_exact_mut(width).zip(to.bias).zip(to.exponents);
            for (row, ((q, bias), e)) in rows.zip(places) {
                part(from.q.get(row * stride..)?.get(..of.cols())?, q, before);
                (*bias, *e) = (*from.bias.get(row)?, *from.exponents.get(row)?);
            }
        }
        Form::F32 => {
            let (from, to) = (of.reals(old)?, stage.reals_mut(new)?);
            let (width, stride) = (stage.stride().max(1), of.stride());
            for (row, (w, bias)) in rows.zip(to.w.chunks_exact_mut(width).zip(to.bias)) {
                part(from.w.get(row * stride..)?.get(..of.cols())?, w, before);
                *bias = *from.bias.get(row)?;
            }
        }
    }
    Some(())
}

/// The items of a row whose channel is kept.
fn part<T: Copy>(from: &[T], to: &mut [T], before: &Kept) {
    let kept = from.iter().enumerate().filter(|(j, _)| before.takes(*j));
    to.iter_mut().zip(kept).for_each(|(to, (_, from))| *to = *from);
}

#[cfg(test)]
mod tests;
