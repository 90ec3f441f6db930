//! How a model's memory is shared out: statistics per feature, then what is kept of each prototype.

/// f32 per feature: mean, variance, deviation within classes, offset, gain.
const PER_FEATURE: usize = 5;

/// Words that one prototype's features take.
const fn code_words(features: usize, bytes: usize) -> usize {
    (features * bytes).div_ceil(4)
}

/// Words that one prototype's norm takes: f32 prototypes have one.
const fn norm_words(bytes: usize) -> usize {
    (bytes == 4) as usize
}

/// Words of memory of a model of `count` prototypes of `features` features of `bytes` bytes each.
pub const fn words(count: usize, features: usize, bytes: usize) -> usize {
    PER_FEATURE * features + count * (3 + norm_words(bytes) + code_words(features, bytes)) + 3 * count.div_ceil(2)
}

/// Prototypes that fit `words` words.
pub(crate) const fn capacity(words: usize, features: usize, bytes: usize) -> usize {
    // Three half-words per prototype, each array rounded up to words: at most 1 word of loss per array.
    let Some(rest) = words.checked_sub(PER_FEATURE * features) else { return 0 };
    let halves = 2 * (3 + norm_words(bytes) + code_words(features, bytes)) + 3;
    let mut count = 2 * rest / halves;
    while count > 0 && self::words(count, features, bytes) > words {
        count -= 1;
    }
    count
}

macro_rules! parts {
    ($name:ident, $doc:literal, $split:ident, $cast:ident, $take:ident $(, $m:tt)?) => {
        #[doc = $doc]
        pub(crate) struct $name<'a> {
            /// Running means of the features.
            pub mean: &'a $($m)? [f32],
            /// Their running variances.
            pub variance: &'a $($m)? [f32],
            /// Mean deviation of a window from the nearest prototype of its class.
            pub within: &'a $($m)? [f32],
            /// The frame: a feature's value at code zero.
            pub offset: &'a $($m)? [f32],
            /// The frame: code units, in standard deviations, per unit of the feature; 0 leaves it out.
            pub gain: &'a $($m)? [f32],
            /// Radii, as distance keys.
            pub radius: &'a $($m)? [u32],
            /// Standing, the opposite of age, in [`crate::learn::ONE`]ths.
            pub standing: &'a $($m)? [i32],
            /// Mean distance of the windows that it decided rightly.
            pub distance: &'a $($m)? [f32],
            /// Classes.
            pub class: &'a $($m)? [u16],
            /// Prototypes of the same class, itself included.
            pub siblings: &'a $($m)? [u16],
            /// Windows decided rightly.
            pub hits: &'a $($m)? [u16],
            /// Squared norms of f32 prototypes, for Euclidean distances.
            pub norm: &'a $($m)? [f32],
            /// Features, [`stride`] words per prototype.
            pub codes: &'a $($m)? [u32],
        }

        /// Shares out `memory` for `capacity` prototypes; `None` when it is too small.
        pub(crate) fn $take(
            memory: &$($m)? [u32],
            features: usize,
            bytes: usize,
            capacity: usize,
        ) -> Option<$name<'_>> {
            let (mean, rest) = memory.$split(features)?;
            let (variance, rest) = rest.$split(features)?;
            let (within, rest) = rest.$split(features)?;
            let (offset, rest) = rest.$split(features)?;
            let (gain, rest) = rest.$split(features)?;
            let (radius, rest) = rest.$split(capacity)?;
            let (standing, rest) = rest.$split(capacity)?;
            let (distance, rest) = rest.$split(capacity)?;
            let (class, rest) = rest.$split(capacity.div_ceil(2))?;
            let (siblings, rest) = rest.$split(capacity.div_ceil(2))?;
            let (hits, rest) = rest.$split(capacity.div_ceil(2))?;
            let (norm, rest) = rest.$split(capacity * norm_words(bytes))?;
            let (codes, _) = rest.$split(capacity * code_words(features, bytes))?;
            Some($name {
                mean: bytemuck::$cast(mean).ok()?,
                variance: bytemuck::$cast(variance).ok()?,
                within: bytemuck::$cast(within).ok()?,
                offset: bytemuck::$cast(offset).ok()?,
                gain: bytemuck::$cast(gain).ok()?,
                radius,
                standing: bytemuck::$cast(standing).ok()?,
                distance: bytemuck::$cast(distance).ok()?,
                class: bytemuck::$cast(class).ok()?,
                siblings: bytemuck::$cast(siblings).ok()?,
                hits: bytemuck::$cast(hits).ok()?,
                norm: bytemuck::$cast(norm).ok()?,
                codes,
            })
        }
    };
}

parts!(Parts, "A model's memory, to read.", split_at_checked, try_cast_slice, parts);
parts!(PartsMut, "A model's memory, to change.", split_at_mut_checked, try_cast_slice_mut, parts_mut, mut);

/// Words from one prototype's features to the next's.
pub(crate) const fn stride(features: usize, bytes: usize) -> usize {
    code_words(features, bytes)
}

/// The rows of `width` items, to change; none for no width. (`chunks_exact_mut` divides by the width, which may panic for all
/// that the compiler sees.)
pub(crate) fn rows_mut<T>(mut items: &mut [T], width: usize) -> impl Iterator<Item = &mut [T]> {
    core::iter::from_fn(move || {
        let (row, rest) = core::mem::take(&mut items).split_at_mut_checked(width).filter(|_| width > 0)?;
        items = rest;
        Some(row)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capacity_is_the_greatest_count_that_fits() {
        for bytes in [1, 2, 4] {
            for features in [1, 2, 3, 48, 72] {
                for words_ in 0..2000 {
                    let n = capacity(words_, features, bytes);
                    assert!(n == 0 || words(n, features, bytes) <= words_);
                    assert!(words(n + 1, features, bytes) > words_, "{words_} {features} {bytes}");
                }
            }
        }
    }
}
