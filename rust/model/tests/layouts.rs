//! The three layouts of an ESN's payload, read by the program in another language that docs/formats/model.md describes.

use hone_esn::{
    IntegerModel, LAYOUT_INTEGER, Model, Packing, Params, Quantization, ReadoutForm, Shape, Trainer, Wants,
};
use hone_model::{Container, Contents, Learner, SliceSink, decode, write};
use hone_numeric::quantize::Fixed;
use hone_signal::{Faults, Micros, WindowView};
use serde::Serialize;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

type Esn = Model<16, 2, 64>;

fn trained(readout: hone_esn::Readout) -> Esn {
    let params =
        Params { units: 16, scale_windows: 2, fit_windows: 4, calibrate_windows: 8, readout, ..Params::DEFAULT };
    let checked = params.check(Shape { channels: 2, window_frames: 64 }).unwrap();
    let mut workspace = vec![0; hone_esn::required(&checked) / 4];
    let (mut trainer, mut model, mut sequence) = (Trainer::new(checked), Esn::new(), 0);
    loop {
        match trainer.wants() {
            Wants::Work => trainer.step(&mut workspace, &mut model, 10_000).unwrap(),
            Wants::Window => {
                sequence += 1;
                let samples: Vec<i16> =
                    (0..128).map(|t| ((t * t * 7 + sequence as i32 * 13) % 31 * 40) as i16).collect();
                let view = WindowView {
                    samples: &samples,
                    channels: 2,
                    time: Micros(0),
                    sequence,
                    faults: Faults::NONE,
                    label: None,
                };
                trainer.push(&mut workspace, &mut model, &view).unwrap()
            }
            Wants::Nothing => return model,
        };
    }
}

fn container(layout: u8, payload: &impl Serialize) -> Vec<u8> {
    let contents = Contents::bare(Learner(1), layout);
    let mut memory = [0; 4096];
    let mut sink = SliceSink::new(&mut memory);
    write(&contents, payload, &mut sink).unwrap();
    sink.filled().to_vec()
}

/// What the other program finds in it; `None` when it refuses.
fn seen(name: &str, bytes: &[u8]) -> Option<Value> {
    let path = std::env::temp_dir().join(format!("hone-layout-{name}-{}.hone", std::process::id()));
    std::fs::write(&path, bytes).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/formats/read_model.py");
    let output = Command::new("python3").arg(script).arg("--payload").arg(&path).output().expect("python3 is needed");
    std::fs::remove_file(&path).unwrap();
    output.status.success().then(|| serde_json::from_slice::<Value>(&output.stdout).unwrap()["esn"].clone())
}

fn check(name: &str, layout: u8, payload: &impl Serialize, source: &Esn, weights: &[f32], form: u8, bits: u8) {
    let seen = seen(name, &container(layout, payload)).unwrap_or_else(|| panic!("{name} is not read"));
    assert_eq!((&seen["form"], &seen["bits"]), (&form.into(), &bits.into()), "{name}");
    let found: Vec<f64> = seen["weights"].as_array().unwrap().iter().map(|w| w.as_f64().unwrap()).collect();
    assert_eq!(found.len(), 32);
    for (found, weight) in found.iter().zip(weights) {
        // The other program computes in double precision.
        assert!((found - f64::from(*weight)).abs() <= 1e-6 * weight.abs().max(1.0) as f64, "{name}: {found} {weight}");
    }
    let (p, t) = (source.params(), source.threshold());
    let real = |v: f32| Value::from(f64::from(v));
    assert_eq!(seen["parameters"]["units"], 16);
    assert_eq!(seen["parameters"]["seed"], p.seed);
    assert_eq!(seen["parameters"]["spectral-radius"], real(p.spectral_radius));
    assert_eq!(seen["parameters"]["average"], p.average);
    assert_eq!((&seen["channels"], &seen["window-frames"]), (&2.into(), &64.into()));
    for (key, value) in [("upper", t.upper), ("lower", t.lower), ("median", t.median), ("sigma", t.sigma)] {
        assert_eq!(seen["thresholds"]["mse"][key], real(value), "{name} {key}");
    }
    assert_eq!(seen["quality"], real(source.quality()));
}

#[test]
fn another_reader_finds_the_same_in_every_layout() {
    let model = trained(hone_esn::Readout::State);
    let weights = |m: &Esn| m.weights().collect::<Vec<f32>>();
    check("plain", 1, &model, &model, &weights(&model), 0, 32);
    for factor in [16, 32] {
        let mut packed = model.clone();
        packed.cluster(factor, &mut [0; 48]).unwrap();
        let bits = (32 / factor) as u8;
        check(&format!("factor-{factor}"), packed.layout(), &packed, &model, &weights(&packed), 1, bits);
    }
    let fixed = Fixed::q(5, 10).unwrap();
    for (name, packing, quantization, form, bits) in [
        ("int8", Packing::Affine, Quantization::Int8, 2, 8),
        ("q5.10", Packing::Fixed(fixed), Quantization::Fixed(fixed), 3, 10),
    ] {
        let bytes = container(2, &model.packed(packing));
        let mut back = Esn::new();
        Container::read(&bytes).unwrap().load(Learner(1), 2, |d| back.load_packed(d)).unwrap();
        check(&format!("packed-{name}"), back.layout(), &back, &model, &weights(&back), form, bits);
        // The integer model has the same codes.
        let (name, weights) = (format!("integer-{name}"), weights(&back));
        if form == 2 {
            let mut integer = IntegerModel::<i8, 16, 2, 64>::new();
            integer.quantize(&model, quantization).unwrap();
            check(&name, LAYOUT_INTEGER, &integer, &model, &weights, form, bits);
        } else {
            let mut integer = IntegerModel::<i16, 16, 2, 64>::new();
            integer.quantize(&model, quantization).unwrap();
            check(&name, LAYOUT_INTEGER, &integer, &model, &weights, form, bits);
        }
    }
}

#[test]
fn readouts_from_input_and_output_follow_the_weights() {
    let model = trained(hone_esn::Readout::InputStateOutput);
    let seen = seen("wide", &container(1, &model)).unwrap();
    assert_eq!((seen["input"].as_array().unwrap().len(), seen["output"].as_array().unwrap().len()), (4, 4));
}

#[test]
fn another_reader_refuses_what_is_of_another_layout() {
    let model = trained(hone_esn::Readout::State);
    let mut packed = model.clone();
    packed.cluster(16, &mut [0; 48]).unwrap();
    for (name, layout, bytes) in [
        ("packed as plain", 1, container(1, &packed)),
        ("plain as packed", 2, container(2, &model)),
        ("packed as integers", 3, container(3, &packed)),
    ] {
        assert!(seen(&name.replace(' ', "-"), &bytes).is_none(), "{name}, layout {layout}");
        let container = Container::read(&bytes).unwrap();
        let mut back = Esn::new();
        let mut integer = IntegerModel::<i8, 16, 2, 64>::new();
        let refused = match layout {
            1 => container.load(Learner(1), 1, |d| back.load(d)).is_err(),
            2 => container.load(Learner(1), 2, |d| back.load_packed(d)).is_err(),
            _ => container.load(Learner(1), 3, |d| integer.load(d)).is_err(),
        };
        assert!(refused, "{name}");
    }
}

/// The first inputs of the fuzz target `integer`, which a script writes after the same page, are models.
#[test]
fn what_another_writer_makes_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/integer");
    let mut count = 0;
    for name in ["int8", "int8-carried", "q5-10", "clustered", "large-table", "affine"] {
        let data = std::fs::read(folder.join(name)).unwrap();
        let payload = &data[1..];
        let form = match data[0] {
            0 => {
                let mut model = IntegerModel::<i8, 16, 2, 64>::new();
                decode(payload, |d| model.load(d)).unwrap_or_else(|e| panic!("{name}: {e:?}"));
                None
            }
            1 => {
                let mut model = IntegerModel::<i16, 16, 2, 64>::new();
                decode(payload, |d| model.load(d)).unwrap_or_else(|e| panic!("{name}: {e:?}"));
                assert_eq!(model.fraction(), 10);
                None
            }
            _ => {
                let mut model = Esn::new();
                decode(payload, |d| model.load_packed(d)).unwrap_or_else(|e| panic!("{name}: {e:?}"));
                Some(model.form())
            }
        };
        let wanted = match name {
            "clustered" => Some(ReadoutForm::Clustered(2)),
            // Its table is larger than the weights that it stands for.
            "large-table" => Some(ReadoutForm::Plain),
            "affine" => Some(ReadoutForm::Affine),
            _ => None,
        };
        assert_eq!(form, wanted, "{name}");
        count += 1;
    }
    assert_eq!(count, 6);
    for name in ["svm-linear", "svm-rbf", "svm-novelty", "rce", "rce-squares"] {
        let data = std::fs::read(folder.join(name)).unwrap();
        let read = match data[0] {
            3 => decode(&data[1..], |d| hone_svm::Model::<64>::new().load(d)),
            _ => decode(&data[1..], |d| hone_rce::QuantizedModel::<64>::new().load(d)),
        };
        read.unwrap_or_else(|e| panic!("{name}: {e:?}"));
    }
}
