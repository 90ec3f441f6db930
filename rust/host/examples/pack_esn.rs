//! What packing an ESN's readout, or running the whole of it in integers, costs in accuracy and saves in bytes, on
//! recordings:
//! `cargo run --release -p hone-host --example pack_esn -- MANIFEST DATA_FOLDER`

use hone_esn::{
    IntegerModel, IntegerScratch, LAYOUT_INTEGER, LAYOUT_PACKED, Model, Packing, Params, Quantization, Scratch, Shape,
    Trainer, Wants, Weight, required,
};
use hone_host::dataset::{Dataset, Held, Part, Recordings};
use hone_learn::Decision;
use hone_learn::metrics::Outcomes;
use hone_model::{Contents, Learner, size};
use hone_numeric::quantize::Fixed;
use hone_numeric::quantize::clusters::{centroids_of, cluster};
use hone_signal::WindowView;
use std::path::Path;

type Esn = Model<64, 3, 384>;

fn main() {
    let mut args = std::env::args().skip(1);
    let (Some(manifest), Some(root)) = (args.next(), args.next()) else {
        panic!("usage: pack_esn MANIFEST DATA_FOLDER")
    };
    let set = Dataset::open(Path::new(&manifest), Path::new(&root)).unwrap_or_else(|e| panic!("{e}"));
    let recordings = set.recordings().expect("recordings");
    let model = train(&set, recordings);
    let held = windows(&set, recordings, &[Part::Calibrate]);
    let views = |_| held.iter().map(Held::view);

    println!("{}: {} windows tested", set.name, set.count(Part::Test));
    println!(
        "| form | readout bytes | container bytes | threshold | quality (MSE) | F1 | verdicts changed |\n|---|---|---|---|---|---|---|"
    );
    let plain = verdicts(&set, recordings, &model);
    let weights = model.readout().len();
    let figures = |m: &Esn| (m.threshold().upper, m.quality());
    row("f32", (weights * 4, weights * 4), bytes(&model), figures(&model), &plain, &plain);
    let packed = |name: &str, packing: Packing<'_>, overhead: usize, bits: usize| {
        let payload = model.packed(packing);
        let mut back = Esn::new();
        let (mut memory, contents) = (vec![0; 65536], contents());
        let mut sink = hone_model::SliceSink::new(&mut memory);
        let length = hone_model::write(&contents, &payload, &mut sink).expect("it fits");
        let container = hone_model::Container::read(sink.filled()).expect("just written");
        container.load(Learner(1), LAYOUT_PACKED, |d| back.load_packed(d)).expect("just written");
        let mut errors = vec![0.0; 2 * set.count(Part::Calibrate)];
        assert!(back.recalibrate(&mut Scratch::new(), views(Part::Calibrate), &mut errors));
        let now = verdicts(&set, recordings, &back);
        let readout = (weights * bits).div_ceil(8) + overhead;
        row(name, (readout, weights * 4), length, figures(&back), &now, &plain);
    };
    packed("8-bit affine", Packing::Affine, recordings.channels.len() * 8, 8);
    for (whole, fraction) in [(3, 12), (5, 2)] {
        let fixed = Fixed::q(whole, fraction).expect("in range");
        packed(&format!("Q({whole},{fraction})"), Packing::Fixed(fixed), 0, 16);
    }
    for factor in [4, 8, 16, 32] {
        let k = centroids_of(factor).expect("a factor");
        let (mut centroids, mut sums, mut counts) = (vec![0.0; k], vec![0.0; k], vec![0; k]);
        assert!(cluster(model.readout(), &mut centroids, &mut sums, &mut counts, 100));
        let packing = Packing::Clustered(&centroids);
        packed(&format!("clustered, factor {factor}"), packing, k * 4, 32 / factor as usize);
    }
    let rows = recordings.channels.len() * 8;
    integer::<i8>("integers throughout, 8-bit affine", Quantization::Int8, weights + rows, &set, &model, &plain);
    for (whole, fraction) in [(3, 12), (5, 10), (5, 6), (5, 2)] {
        let fixed = Fixed::q(whole, fraction).expect("in range");
        let name = format!("integers throughout, Q({whole},{fraction})");
        integer::<i16>(&name, Quantization::Fixed(fixed), weights * 2, &set, &model, &plain);
    }
    println!(
        "bytes in RAM: f32 {}, 8 bits {}, 16 bits {}",
        size_of::<Esn>(),
        size_of::<IntegerModel<i8, 64, 3, 384>>(),
        size_of::<IntegerModel<i16, 64, 3, 384>>()
    );
}

/// One row: the model in integers, through a container and recalibrated.
fn integer<W: Weight>(
    name: &str,
    quantization: Quantization,
    readout: usize,
    set: &Dataset,
    model: &Esn,
    plain: &[(bool, bool)],
) {
    let recordings = set.recordings().expect("recordings");
    let held = windows(set, recordings, &[Part::Calibrate]);
    let views = |_| held.iter().map(Held::view);
    let mut integer = IntegerModel::<W, 64, 3, 384>::new();
    integer.quantize(model, quantization).unwrap_or_else(|e| panic!("{e:?}"));
    let mut errors = vec![0.0; 2 * set.count(Part::Calibrate)];
    assert!(integer.recalibrate(&mut IntegerScratch::new(), views(Part::Calibrate), &mut errors));
    let (mut memory, contents) = (vec![0; 65536], Contents { layout: LAYOUT_INTEGER, ..contents() });
    let mut sink = hone_model::SliceSink::new(&mut memory);
    let length = hone_model::write(&contents, &integer, &mut sink).expect("it fits");
    let container = hone_model::Container::read(sink.filled()).expect("just written");
    let mut back = IntegerModel::<W, 64, 3, 384>::new();
    container.load(Learner(1), LAYOUT_INTEGER, |d| back.load(d)).expect("just written");
    let mut scratch = IntegerScratch::new();
    let judge = recordings.windows(Part::Test).map(|(r, w)| {
        let held = recordings.held(r, w, &set.classes).expect("readable");
        let outcome = back.examine(&held.view(), &mut scratch);
        (set.classes[w.class].anomalous, outcome.decision == Decision::Anomalous)
    });
    let now: Vec<_> = judge.collect();
    let readout = (readout, model.readout().len() * 4);
    row(name, readout, length, (back.threshold().upper, back.quality()), &now, plain);
}

fn contents() -> Contents<'static> {
    Contents::bare(Learner(1), LAYOUT_PACKED)
}

fn bytes(model: &Esn) -> u32 {
    size(&contents(), model).expect("trained")
}

/// The windows of these parts, one part after the other.
fn windows<'a>(set: &Dataset, recordings: &'a Recordings, parts: &[Part]) -> Vec<Held<'a>> {
    let all = parts.iter().flat_map(|part| recordings.windows(*part));
    all.map(|(r, w)| recordings.held(r, w, &set.classes).expect("readable")).collect()
}

fn train(set: &Dataset, recordings: &Recordings) -> Esn {
    let train = set.count(Part::Train) as u16;
    let params = Params {
        scale_windows: train / 5,
        fit_windows: train - train / 5,
        calibrate_windows: set.count(Part::Calibrate) as u16,
        ..Params::DEFAULT
    };
    let shape = Shape { channels: recordings.channels.len() as u16, window_frames: recordings.length as u16 };
    let checked = params.check(shape).unwrap_or_else(|e| panic!("{e:?}"));
    let mut workspace = vec![0; required(&checked) / 4];
    let (mut trainer, mut model) = (Trainer::new(checked), Esn::new());
    let held = windows(set, recordings, &[Part::Train, Part::Calibrate]);
    let views: Vec<WindowView<'_>> = held.iter().map(Held::view).collect();
    let mut views = views.iter();
    loop {
        match trainer.wants() {
            Wants::Work => trainer.step(&mut workspace, &mut model, 100_000),
            Wants::Window => trainer.push(&mut workspace, &mut model, views.next().expect("a window")),
            Wants::Nothing => return model,
        }
        .unwrap_or_else(|e| panic!("{e:?}"));
    }
}

/// True class and verdict of every window tested.
fn verdicts(set: &Dataset, recordings: &Recordings, model: &Esn) -> Vec<(bool, bool)> {
    let mut scratch = Scratch::new();
    recordings
        .windows(Part::Test)
        .map(|(r, w)| {
            let held = recordings.held(r, w, &set.classes).expect("readable");
            let outcome = model.infer(&held.view(), &mut scratch);
            (set.classes[w.class].anomalous, outcome.decision == Decision::Anomalous)
        })
        .collect()
}

/// Prints one, with bytes of the readout in this form and in `f32`.
fn row(
    name: &str,
    (readout, whole): (usize, usize),
    total: u32,
    (threshold, quality): (f32, f32),
    now: &[(bool, bool)],
    before: &[(bool, bool)],
) {
    let mut outcomes = Outcomes::default();
    now.iter().for_each(|(truth, alarm)| outcomes.add(*truth, *alarm));
    let f1 = outcomes.balanced().map_or(f32::NAN, |s| s.f1);
    let changed = now.iter().zip(before).filter(|(a, b)| a.1 != b.1).count();
    let share = 100.0 * readout as f32 / whole as f32;
    let share = if readout == whole { String::new() } else { format!(" ({share:.0} %)") };
    println!("| {name} | {readout}{share} | {total} | {threshold:.4} | {quality:.4} | {f1:.4} | {changed} |");
}
