//! Softmax cross-entropy, and which of several numbers are the largest.

/// Turns logits into the error of the output, p − y with p their softmax and y 1 at `label`; −ln p of the label.
pub(crate) fn cross_entropy(logits: &mut [f32], label: usize) -> f32 {
    let most = logits.iter().fold(f32::NEG_INFINITY, |most, z| if *z > most { *z } else { most });
    let own = logits.get(label).copied().unwrap_or(0.0);
    let mut sum = 0.0;
    for z in logits.iter_mut() {
        *z = libm::expf(*z - most);
        sum += *z;
    }
    let inverse = 1.0 / sum;
    for (i, z) in logits.iter_mut().enumerate() {
        *z = *z * inverse - if i == label { 1.0 } else { 0.0 };
    }
    libm::logf(sum) - (own - most)
}

/// The index of the largest, of equal ones the first.
pub(crate) fn winner(logits: &[f32]) -> usize {
    let (mut best, mut winner) = (f32::NEG_INFINITY, 0);
    for (i, z) in logits.iter().enumerate() {
        if *z > best {
            (best, winner) = (*z, i);
        }
    }
    winner
}

/// Whether number `index` is among the `count` largest, of equal ones the first. Marks in the highest bit do not count.
pub(crate) fn among(numbers: &[u32], index: usize, count: usize) -> bool {
    let Some(own) = numbers.get(index).map(|n| n & (u32::MAX >> 1)) else { return false };
    let larger = numbers.iter().enumerate().filter(|(i, n)| {
        let n = *n & (u32::MAX >> 1);
        n > own || n == own && *i < index
    });
    larger.count() < count
}
