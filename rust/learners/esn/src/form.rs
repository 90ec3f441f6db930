//! How a model keeps its readout: as numbers, or as a table of few values and an index of few bits for each weight,
//! with which it also infers.

use crate::model::Model;
use crate::packed::{LAYOUT, LAYOUT_PACKED};
use bytemuck::try_cast_slice;
use core::cell::Cell;
use hone_learn::{Shortage, Workspace};
use hone_numeric::quantize::clusters::{centroids_of, cluster, nearest, pack_byte, packed_bytes, unpack_byte};

/// How the readout's state part is kept and written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReadoutForm {
    /// As numbers.
    #[default]
    Plain,
    /// In memory and written as indices of so many bits (1, 2, 4 or 8) into a table.
    Clustered(u8),
    /// Numbers that 8-bit codes stand for, written as these.
    Affine,
    /// Numbers of 16 bits with so many behind the point, written as these.
    Fixed(u8),
}

/// Why a readout could not be clustered. The model is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClusterError {
    /// It is without content.
    Untrained,
    /// It is packed already.
    Packed,
    /// The factor is none of 4, 8, 16, 32.
    Factor,
    /// Table and indices would take no less than the weights do.
    Larger {
        /// Bytes of the weights.
        before: u32,
        /// Bytes of table and indices.
        after: u32,
    },
    /// The workspace is too small.
    Workspace(Shortage),
    /// The weights span more than a number holds.
    Range,
}

impl From<Shortage> for ClusterError {
    fn from(shortage: Shortage) -> Self {
        Self::Workspace(shortage)
    }
}

/// Rounds of k-means at most; the weights of a readout settle in fewer.
const ROUNDS: u32 = 100;

/// Clustered weights: at the front of the place that the weights had, the centroids; behind them the indices.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clusters<'a> {
    pub centroids: &'a [f32],
    /// Row by row, the first in the lowest bits. A row of a multiple of 8 units begins with a byte of its own.
    pub codes: &'a [u8],
    pub bits: u8,
}

impl<'a> Clusters<'a> {
    /// Of `weights` weights; `None` where they would not fit.
    pub fn of(place: &'a [f32], weights: usize, bits: u8) -> Option<Self> {
        let (centroids, rest) = place.split_at_checked(1usize.checked_shl(bits.into())?)?;
        let codes = try_cast_slice(rest).ok()?.get(..packed_bytes(weights, bits.into()))?;
        Some(Self { centroids, codes, bits })
    }

    /// The weights that the indices stand for.
    pub fn weights(self) -> impl Iterator<Item = f32> {
        self.codes.iter().flat_map(move |b| unpack_byte(*b, self.bits.into())).map(move |c| self.weight(c))
    }

    #[inline(always)]
    fn weight(&self, code: usize) -> f32 {
        self.centroids.get(code).copied().unwrap_or(0.0)
    }

    /// One row of W times x, to the bit as `hone_numeric::kernel::dot_f32` with the weights that the indices stand for: it
    /// sums in four lanes.
    pub fn dot(&self, row: usize, x: &[f32]) -> f32 {
        let mut bit = row * x.len() * usize::from(self.bits);
        let mut lanes = [0.0; 4];
        for x in x.as_chunks::<4>().0 {
            for (lane, x) in lanes.iter_mut().zip(x) {
                let code = self.codes.get(bit / 8).copied().unwrap_or(0) >> (bit % 8);
                *lane += self.weight(usize::from(code) % self.centroids.len().max(1)) * x;
                bit += usize::from(self.bits);
            }
        }
        let [a, b, c, d] = lanes;
        (a + b) + (c + d)
    }
}

/// Whether a table and indices of so many bits are smaller than the weights they stand for, and so fit in their place.
#[inline]
pub(crate) fn pays(weights: usize, bits: u8) -> bool {
    table_and_codes(weights, bits) < weights * 4
}

#[inline]
fn table_and_codes(weights: usize, bits: u8) -> usize {
    (4usize << (bits & 15)) + packed_bytes(weights, bits.into())
}

/// Moves the codes at the front of `place` behind `table`, and that to the front.
#[inline]
pub(crate) fn arrange(place: &mut [f32], codes: usize, table: &[f32]) {
    if let Ok(bytes) = bytemuck::try_cast_slice_mut::<f32, u8>(place)
        && table.len() * 4 + codes <= bytes.len()
    {
        // From the last to the first, since the two places overlap; `copy_within` may panic.
        let bytes = Cell::from_mut(bytes).as_slice_of_cells();
        let (from, to) = (bytes.iter().take(codes), bytes.iter().skip(table.len() * 4).take(codes));
        from.rev().zip(to.rev()).for_each(|(from, to)| to.set(from.get()));
    }
    place.iter_mut().zip(table).for_each(|(to, from)| *to = *from);
}

impl<const N: usize, const C: usize, const E: usize> Model<N, C, E> {
    /// How the readout is kept.
    pub const fn form(&self) -> ReadoutForm {
        self.head().form
    }

    /// The payload's layout as the model serialises: packed or not.
    pub const fn layout(&self) -> u8 {
        match self.form() {
            ReadoutForm::Plain => LAYOUT,
            ReadoutForm::Clustered(_) | ReadoutForm::Affine | ReadoutForm::Fixed(_) => LAYOUT_PACKED,
        }
    }

    /// Bytes that table and weights of the readout's state part take when written.
    pub fn readout_bytes(&self) -> usize {
        let weights = usize::from(self.params().units) * usize::from(self.shape().channels);
        match self.form() {
            ReadoutForm::Plain => weights * 4,
            ReadoutForm::Clustered(bits) => table_and_codes(weights, bits),
            ReadoutForm::Affine => weights + usize::from(self.shape().channels) * 8,
            ReadoutForm::Fixed(_) => weights * 2,
        }
    }

    /// Takes over the content of another.
    pub fn copy_from(&mut self, other: &Self) {
        // Array by array, so that no copy of the whole lies on the stack.
        self.copy_arrays(other);
    }

    /// Clusters the readout's weights in place into 2^(32/factor) values, found by k-means, and keeps an index for each:
    /// the model infers with these from now on. `memory` needs three words for each value. The thresholds are to be
    /// set anew.
    ///
    /// # Errors
    /// [`ClusterError`]
    pub fn cluster(&mut self, factor: u32, memory: &mut [u32]) -> Result<(), ClusterError> {
        if !self.is_trained() {
            return Err(ClusterError::Untrained);
        }
        if self.form() != ReadoutForm::Plain {
            return Err(ClusterError::Packed);
        }
        let k = centroids_of(factor).ok_or(ClusterError::Factor)?;
        let bits = k.ilog2() as u8;
        let weights = self.readout().len();
        if !pays(weights, bits) {
            let after = table_and_codes(weights, bits) as u32;
            return Err(ClusterError::Larger { before: weights as u32 * 4, after });
        }
        let mut ws = Workspace::new(memory);
        let (centroids, sums) = (ws.take::<f32>(k)?, ws.take::<f32>(k)?);
        let counts = ws.take::<u32>(k)?;
        if !cluster(self.readout(), centroids, sums, counts, ROUNDS) {
            return Err(ClusterError::Range);
        }
        let storage = self.storage();
        let place = storage.out_state.get_mut(..weights).unwrap_or_default();
        let codes = packed_bytes(weights, bits.into());
        for index in 0..codes {
            // A byte lies before the weights that it stands for, or on the first of them, read already.
            let byte = pack_byte(index, bits.into(), |i| place.get(i).map(|w| nearest(centroids, *w)));
            if let Some(to) = bytemuck::try_cast_slice_mut(place).ok().and_then(|b: &mut [u8]| b.get_mut(index)) {
                *to = byte;
            }
        }
        arrange(place, codes, centroids);
        storage.head.form = ReadoutForm::Clustered(bits);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::tests::{SMALL, Small, samples, train, view};
    use crate::{Errors, Packing, Quantization, QuantizeError, Scratch};
    use hone_signal::Faults;
    use std::vec::Vec;

    fn errors(model: &Small) -> Vec<Option<Errors>> {
        let mut scratch = Scratch::new();
        let window = |i| model.examine(&view(&samples(i, 900), i, Faults::NONE), &mut scratch).errors;
        (50..60).map(window).collect()
    }

    #[test]
    fn infers_with_indices_as_with_the_weights_that_they_stand_for() {
        let plain = train(SMALL, 900).unwrap();
        for factor in [8, 16, 32] {
            let mut packed = plain.clone();
            let mut memory = [0; 48];
            packed.cluster(factor, &mut memory).unwrap();
            let bits = (32 / factor) as u8;
            assert_eq!((packed.form(), packed.layout()), (ReadoutForm::Clustered(bits), LAYOUT_PACKED));
            assert_eq!(packed.readout_bytes(), (4 << bits) + 72 * usize::from(bits) / 8);
            // Each weight is one of the values, and no other is nearer.
            let centroids: Vec<f32> = memory[..1 << bits].iter().map(|w| f32::from_bits(*w)).collect();
            for (old, new) in plain.readout().iter().zip(packed.weights()) {
                assert_eq!(new, centroids[nearest(&centroids, *old)]);
            }
            // The same weights as numbers give the same bits, and the payload is the one that a host would write.
            let mut spread = plain.clone();
            let weights: Vec<f32> = packed.weights().collect();
            spread.storage().out_state[..72].copy_from_slice(&weights);
            assert_eq!(errors(&packed), errors(&spread));
            assert_ne!(errors(&packed), errors(&plain));
            let bytes = postcard::to_stdvec(&packed).unwrap();
            assert_eq!(bytes, postcard::to_stdvec(&plain.packed(Packing::Clustered(&centroids))).unwrap());
            let mut back = Small::new();
            back.load_packed(&mut postcard::Deserializer::from_bytes(&bytes)).unwrap();
            assert_eq!((errors(&back), postcard::to_stdvec(&back).unwrap()), (errors(&packed), bytes));
            let mut copy = Small::new();
            copy.copy_from(&packed);
            assert_eq!(errors(&copy), errors(&packed));
        }
    }

    #[test]
    fn says_why_it_does_not_cluster() {
        let mut memory = [0; 1024];
        assert_eq!(Small::new().cluster(8, &mut memory), Err(ClusterError::Untrained));
        let mut model = train(SMALL, 900).unwrap();
        assert_eq!(model.cluster(5, &mut memory), Err(ClusterError::Factor));
        // 72 weights of 4 bytes, or 256 values and 72 indices.
        assert_eq!(model.cluster(4, &mut memory), Err(ClusterError::Larger { before: 288, after: 1096 }));
        assert!(matches!(model.cluster(8, &mut memory[..47]), Err(ClusterError::Workspace(_))));
        assert_eq!(model.form(), ReadoutForm::Plain);
        model.cluster(8, &mut memory).unwrap();
        assert_eq!(model.cluster(16, &mut memory), Err(ClusterError::Packed));
        let mut integer = crate::IntegerModel::<i8, 24, 3, 256>::new();
        assert_eq!(integer.quantize(&model, Quantization::Int8), Err(QuantizeError::Packed));
    }
}
