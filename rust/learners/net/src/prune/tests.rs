extern crate std;
use super::*;
use crate::{Extent, Given, Model, Network, Numbers, Ranges};
use hone_learn::ClassId;
use proptest::prelude::*;
use std::vec::Vec;

type Large = Model<4096>;

const WINDOW: Extent = Extent { frames: 6, channels: 2 };

/// A network of three classes whose weights are drawn.
fn drawn(text: &str, input: Extent, numbers: Numbers, seed: u64) -> Large {
    let network = Network::parse(text).unwrap();
    let mut head = Head::EMPTY;
    head.make(&network, input, 3, Numbers::F32).unwrap();
    let mut rng = hone_numeric::rng::Rng::new(seed);
    let mut some = |n: usize| (0..n).map(|_| rng.next_normal() * 0.5).collect::<Vec<f32>>();
    let layers: Vec<(Vec<f32>, Vec<f32>)> = head
        .stages
        .all()
        .iter()
        .filter(|s| s.learns())
        .map(|s| (some(s.rows() * s.cols()), some(s.biases())))
        .collect();
    let layers: Vec<(&[f32], &[f32])> = layers.iter().map(|(w, b)| (&w[..], &b[..])).collect();
    let classes = [ClassId(1), ClassId(2), ClassId(3)];
    let (means, gains) = (std::vec![0.0; input.channels.into()], std::vec![1.0; input.channels.into()]);
    let given = Given { network: &network, input, classes: &classes, means: &means, gains: &gains, layers: &layers };
    let mut model = Large::new();
    model.edit().take(&given).unwrap();
    if numbers == Numbers::F32 {
        return model;
    }
    let (mut ranges, mut scratch) = (Ranges::NONE, std::vec![0; model.view().scratch_words()]);
    for k in 0..20 {
        ranges.see(model.view(), &row(input, k), &mut scratch).unwrap();
    }
    let mut small = Large::new();
    small.edit().quantise(model.view(), numbers, &ranges).unwrap();
    small
}

fn row(input: Extent, seed: u64) -> Vec<f32> {
    let mut rng = hone_numeric::rng::Rng::new(1000 + seed);
    (0..input.len()).map(|_| rng.next_normal()).collect()
}

fn logits(model: &Large, row: &[f32]) -> Vec<f32> {
    let mut scratch = std::vec![0; model.view().scratch_words()];
    model.view().logits(row, &mut scratch).unwrap().to_vec()
}

fn pruned(model: &Large, percent: u8) -> Result<Large, PruneError> {
    let mut new = Large::new();
    new.edit().prune(model.view(), percent, &mut [0; 64]).map(|()| new)
}

/// The larger network with the weights out of what was left out set to 0: found by which rows of the first layer are left.
fn masked(model: &Large, small: &Large) -> Large {
    let mut old = model.clone();
    let (head, from) = (model.head, small.head);
    let mut gone: Vec<usize> = Vec::new();
    let mut kept_before: Vec<usize> = (0..usize::from(head.input.channels)).collect();
    for (of, stage) in head.stages.all().iter().zip(from.stages.all()).filter(|(of, _)| of.learns()) {
        let channels = kept_before.len() + gone.len();
        let weights = |stage: &Stage, words: &[u32]| {
            let mut all = std::vec![std::vec![]; stage.rows()];
            each_weight(stage, words, &mut |r, _, w| all[r].push(w));
            all
        };
        let (large, little) = (weights(of, &model.words), weights(stage, &small.words));
        // What is of a channel that is gone.
        if of.form == Form::Int8 {
            let w = of.bytes_mut(&mut old.words).unwrap();
            for row in w.q.chunks_exact_mut(of.stride()) {
                (0..of.cols()).filter(|j| gone.contains(&(j % channels))).for_each(|j| row[j] = 0);
            }
        } else {
            let w = of.reals_mut(&mut old.words).unwrap();
            for row in w.w.chunks_exact_mut(of.stride()) {
                (0..of.cols()).filter(|j| gone.contains(&(j % channels))).for_each(|j| row[j] = 0.0);
            }
        }
        let thinned: Vec<Vec<f32>> = large
            .iter()
            .map(|row| {
                row.iter().enumerate().filter(|(j, _)| !gone.contains(&(j % channels))).map(|(_, w)| *w).collect()
            })
            .collect();
        let mut at = 0;
        let kept: Vec<usize> = (0..of.rows())
            .filter(|r| {
                let same = little.get(at).is_some_and(|row| *row == thinned[*r]);
                at += usize::from(same);
                same
            })
            .collect();
        assert_eq!(kept.len(), stage.rows(), "each row that is left is one of the rows before, in their order");
        gone = (0..of.rows()).filter(|r| !kept.contains(r)).collect();
        kept_before = kept;
    }
    old
}

#[test]
fn what_is_left_computes_what_it_did() {
    for (text, input) in [
        ("dense16", Extent { frames: 1, channels: 12 }),
        ("dense16,dense9lin", Extent { frames: 1, channels: 12 }),
        ("conv8k3,conv6k2s2,gap", WINDOW),
        ("conv8k3,avg2,dense8", WINDOW),
        ("conv5k2s2", WINDOW),
    ] {
        for numbers in [Numbers::Int8, Numbers::Mixed, Numbers::F32] {
            let model = drawn(text, input, numbers, 7);
            let small = pruned(&model, 50).unwrap();
            assert!(small.view().used() < model.view().used(), "{text}");
            let other = masked(&model, &small);
            for k in 0..10 {
                let (a, b) = (logits(&small, &row(input, k)), logits(&other, &row(input, k)));
                // Sums in floating point are of other fours.
                let least = if numbers == Numbers::Int8 { 0.0 } else { 1e-5 };
                assert!(
                    a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= least * b.abs().max(1.0)),
                    "{text} {numbers:?}: {a:?} {b:?}"
                );
            }
            let bytes = postcard::to_stdvec(&small).unwrap();
            let mut back = Large::new();
            hone_learn::payload::decode(&bytes, |d| back.load(d)).unwrap();
            assert_eq!(postcard::to_stdvec(&back).unwrap(), bytes, "{text}: it is saved as any");
        }
    }
}

#[test]
fn what_does_not_matter_goes_first() {
    let input = Extent { frames: 1, channels: 4 };
    let network = Network::parse("dense8").unwrap();
    // Units 1, 4 and 6 have large weights in and none out; 2 has none in.
    let (mut w, mut v) = (std::vec![0.5; 32], std::vec![0.5; 24]);
    for unit in [1, 4, 6] {
        w[4 * unit..4 * unit + 4].fill(9.0);
        (0..3).for_each(|class| v[8 * class + unit] = 0.0);
    }
    w[8..12].fill(0.0);
    let classes = [ClassId(1), ClassId(2), ClassId(3)];
    let layers: [(&[f32], &[f32]); 2] = [(&w, &[0.0; 8]), (&v, &[0.0; 3])];
    let given =
        Given { network: &network, input, classes: &classes, means: &[0.0; 4], gains: &[1.0; 4], layers: &layers };
    let mut model = Large::new();
    model.edit().take(&given).unwrap();
    let small = pruned(&model, 50).unwrap();
    assert_eq!(small.view().layers().next().unwrap().layer.channels, 4);
    assert_eq!(logits(&small, &[1.0; 4]), logits(&model, &[1.0; 4]), "nothing that counts was left out");
}

#[test]
fn what_cannot_be_pruned_is_refused_and_leaves_nothing() {
    let input = Extent { frames: 1, channels: 12 };
    let model = drawn("dense16", input, Numbers::Int8, 1);
    for percent in [0, 100, 255] {
        assert_eq!(pruned(&model, percent).unwrap_err(), PruneError::Share);
    }
    let mut new = drawn("dense16", input, Numbers::Int8, 2);
    assert_eq!(
        new.edit().prune(model.view(), 50, &mut [0; 31]),
        Err(PruneError::Workspace(Shortage { needed: 128, available: 124 }))
    );
    assert!(!new.view().is_trained());
    let mut tiny = Model::<40>::new();
    assert!(matches!(tiny.edit().prune(model.view(), 50, &mut [0; 64]), Err(PruneError::Room(_))));
    assert_eq!(pruned(&Large::new(), 50).unwrap_err(), PruneError::Kind);
    assert_eq!(pruned(&drawn("", input, Numbers::Int8, 1), 50).unwrap_err(), PruneError::Nothing);
    assert_eq!(pruned(&drawn("dense8", input, Numbers::Int8, 1), 10).unwrap_err(), PruneError::Nothing);
    let transposed = drawn("tconv2k2", WINDOW, Numbers::Int8, 1);
    assert_eq!(pruned(&transposed, 50).unwrap_err(), PruneError::Kind);
}

#[test]
fn a_hidden_layer_does_not_become_the_output_layer() {
    let input = Extent { frames: 1, channels: 12 };
    // Half of six are three, as many as there are classes.
    let small = pruned(&drawn("dense6", input, Numbers::Int8, 3), 50).unwrap();
    let layers: Vec<u16> = small.view().layers().map(|l| l.layer.channels).collect();
    assert_eq!(layers, [4, 3]);
}

proptest! {
    #[test]
    fn any_network_and_share_give_a_network_or_a_reason(
        text in "((conv[1-9]k[1-3]|dense[1-9]|avg2|gap),){0,3}dense[1-9]",
        percent in 0u8..120,
        seed in 0u64..50,
    ) {
        let network = Network::parse(&text).unwrap();
        let mut head = Head::EMPTY;
        prop_assume!(head.make(&network, WINDOW, 3, Numbers::F32).is_ok());
        let model = drawn(&text, WINDOW, Numbers::F32, seed);
        if let Ok(small) = pruned(&model, percent) {
            prop_assert!(small.view().used() < model.view().used());
            prop_assert!(small.view().infer(&row(WINDOW, seed), &mut std::vec![0; small.view().scratch_words()]).score.is_finite());
        }
    }
}
