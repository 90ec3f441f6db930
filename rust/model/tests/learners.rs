//! Trained models through container and store, with the power cut at every step of a save: after the restart there is the
//! old model or the new one, whole, and it infers to the bit as the one that was saved.

use hone_esn::{Scratch, Wants};
use hone_learn::{ClassId, Format, Progress, TrainingSet};
use hone_model::{Container, Contents, Learner, Refused, size, write};
use hone_signal::{Faults, Micros, WindowView};
use hone_store::Store;
use hone_store::ram::RamFlash;
use serde::Serialize;

type Esn = hone_esn::Model<16, 1, 64>;
type Svm = hone_svm::Model<256>;
type Rce = hone_rce::Model<400>;
type Flash = RamFlash<4, 1536>;
type Behaviour = [Option<Vec<u32>>; 3];

const ESN: u16 = 0;
const SVM: u16 = 1;
const RCE: u16 = 2;

fn samples(sequence: u32, amplitude: i32) -> Vec<i16> {
    (0..64).map(|t| ((t * t * 7 + sequence as i32 * 13) % 31 * amplitude) as i16).collect()
}

fn view(samples: &[i16], sequence: u32) -> WindowView<'_> {
    WindowView { samples, channels: 1, time: Micros(0), sequence, faults: Faults::NONE, label: None }
}

fn esn(amplitude: i32) -> Esn {
    let params = hone_esn::Params {
        units: 16,
        scale_windows: 2,
        fit_windows: 4,
        calibrate_windows: 8,
        ..hone_esn::Params::DEFAULT
    };
    let checked = params.check(hone_esn::Shape { channels: 1, window_frames: 64 }).unwrap();
    let mut workspace = vec![0; hone_esn::required(&checked) / 4];
    let (mut trainer, mut model, mut sequence) = (hone_esn::Trainer::new(checked), Esn::new(), 0);
    loop {
        match trainer.wants() {
            Wants::Work => trainer.step(&mut workspace, &mut model, 10_000).unwrap(),
            Wants::Window => {
                sequence += 1;
                trainer.push(&mut workspace, &mut model, &view(&samples(sequence, amplitude), sequence)).unwrap()
            }
            Wants::Nothing => return model,
        };
    }
}

fn svm(shift: f32) -> Svm {
    let mut set = TrainingSet::<128, 32, 2>::new();
    set.edit().clear(Format::I16, 2).unwrap();
    for i in 0..24u16 {
        let (x, y) = (f32::from(i % 5) * 0.2, f32::from(i % 7) * 0.1);
        let class = i % 2;
        set.edit().push(&[x + f32::from(class) * shift, y], Some(ClassId(class))).unwrap();
    }
    let shape = hone_svm::Shape { rows: 24, features: 2 };
    let checked = hone_svm::Params::default().check(shape).unwrap();
    let mut workspace = vec![0u32; hone_svm::required(&checked, shape) / 4 + 1];
    let (mut trainer, mut model) = (hone_svm::Trainer::new(checked), Svm::new());
    while let Progress::Running { .. } = trainer.step(set.view(), &mut workspace, model.edit(), 1000).unwrap() {}
    model
}

fn rce(shift: f32) -> Rce {
    let mut model = Rce::new();
    model.begin(&hone_rce::Params::default().fitted(2, 400).check(2, 400).unwrap()).unwrap();
    for i in 0..40u16 {
        let (x, class) = (f32::from(i % 2) * 4.0 + shift + f32::from(i % 7) * 0.1, i % 2);
        model.learn(&[x, 3.0 - f32::from(i % 5) * 0.2], ClassId(class), &mut [0; 8]).unwrap();
    }
    model
}

fn contents(learner: Learner) -> Contents<'static> {
    Contents { classes: &|each| each(ClassId(1), "one"), ..Contents::bare(learner, 1) }
}

/// As the device saves: straight from the model into flash.
fn save<M: Serialize>(store: &mut Store<Flash, 3>, key: u16, learner: Learner, model: &M) -> bool {
    let contents = contents(learner);
    let length = size(&contents, model).unwrap();
    let mut fill = |put: hone_store::Put<'_>| {
        let mut sink = |bytes: &[u8]| if put(bytes) { Ok(()) } else { Err(Refused) };
        write(&contents, model, &mut sink).is_ok()
    };
    store.save_with(key, length, &mut fill, &mut |_| ()).is_ok()
}

/// What the models in flash say of some inputs, bit by bit.
fn behaviour(store: &mut Store<Flash, 3>) -> Behaviour {
    let mut memory = [0; 4096];
    let mut says = |key, says: &dyn Fn(Container<'_>) -> Vec<u32>| {
        store.load(key, &mut memory).unwrap().map(|bytes| says(Container::read(bytes).unwrap()))
    };
    [
        says(ESN, &|c| {
            let mut model = Esn::new();
            c.load(Learner(1), 1, |d| model.load(d)).unwrap();
            esn_says(&model)
        }),
        says(SVM, &|c| {
            let mut model = Svm::new();
            c.load(Learner(2), 1, |d| model.load(d)).unwrap();
            svm_says(&model)
        }),
        says(RCE, &|c| {
            let mut model = Rce::new();
            c.load(Learner(3), 1, |d| model.load(d)).unwrap();
            rce_says(&model)
        }),
    ]
}

fn esn_says(model: &Esn) -> Vec<u32> {
    let mut scratch = Scratch::new();
    (100..108).map(|i| model.infer(&view(&samples(i, 12), i), &mut scratch).score.to_bits()).collect()
}

fn svm_says(model: &Svm) -> Vec<u32> {
    let mut scratch = [0.0; hone_svm::scratch_len(2, 2)];
    (0..8).map(|i| model.infer(&[i as f32 * 0.2, 0.3], &mut scratch).score.to_bits()).collect()
}

fn rce_says(model: &Rce) -> Vec<u32> {
    let say = |i| model.infer(&[i as f32 * 0.6, 2.5], &mut [0; 8]).unwrap().verdict.score.to_bits();
    (0..8).map(say).collect()
}

fn open(flash: Flash) -> Store<Flash, 3> {
    Store::open(flash).unwrap_or_else(|(e, _)| panic!("{e:?}"))
}

#[test]
fn no_cut_loses_a_model() {
    let (esns, svms, rces) = ([esn(10), esn(25)], [svm(0.8), svm(1.7)], [rce(0.0), rce(0.5)]);
    let says = [esns.each_ref().map(esn_says), svms.each_ref().map(svm_says), rces.each_ref().map(rce_says)];
    assert!(says.iter().all(|[a, b]| a != b));
    let mut flash = Flash::new(2);
    let mut now = Behaviour::default();
    let mut cuts = 0;
    for turn in 0..24usize {
        let (learner, version) = (turn % 3, turn / 3 % 2);
        let save = |store: &mut Store<Flash, 3>| match learner {
            0 => save(store, ESN, Learner(1), &esns[version]),
            1 => save(store, SVM, Learner(2), &svms[version]),
            _ => save(store, RCE, Learner(3), &rces[version]),
        };
        let (before, old) = (flash.clone(), now.clone());
        now[learner] = Some(says[learner][version].clone());
        let steps = flash.steps;
        let mut store = open(flash);
        assert!(save(&mut store));
        flash = store.close();
        for cut in 1..=flash.steps - steps {
            let mut torn = before.clone();
            torn.cut_after(cut, cut);
            let mut store = open(torn);
            assert!(!save(&mut store));
            let mut torn = store.close();
            torn.restart();
            let found = behaviour(&mut open(torn));
            assert!(found == old || found == now, "save {turn} cut at {cut}");
            cuts += 1;
        }
        assert_eq!(behaviour(&mut open(flash.clone())), now);
    }
    println!("{cuts} cuts in 24 saves, {} erases", flash.counts.erases);
    assert!(cuts > 3000 && flash.counts.erases > 2);
}
