//! The container against its own rules, against damage, and against a reader in another language.

use hone_learn::setting::{FLAG, choice, int, real};
use hone_learn::{ClassId, Metric, Report, Stop, choices, settings};
use hone_model::entries::{Applied, apply, each_setting};
use hone_model::{
    Container, Contents, Counter, Damage, Entry, Learner, PayloadError, ReadError, Refused, SliceSink, WriteError,
    size, write, write_raw,
};
use hone_signal::{Channel, Unit};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::Command;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Model {
    units: u16,
    weights: Vec<f32>,
}

fn model() -> Model {
    Model { units: 300, weights: vec![0.5, -1.25, 1e-3] }
}

choices! {
    enum Form {
        State = "state",
        Full = "full",
    }
}

settings! {
    struct Params {
        /// units
        units: i32 = 64, "units", int(1, 1000), "";
        /// leak rate
        leak: f32 = 0.3, "leak", real(0.0, 1.0), "";
        /// bias
        bias: bool = true, "bias", FLAG, "";
        /// form
        form: Form = Form::Full, "form", choice(Form::WORDS), "";
    }
}

const PARAMS: Params = Params::DEFAULT;
const REPORT: Report = Report {
    stop: Stop::Converged,
    rows: 700,
    iterations: 44_800,
    work: 5_000_000_000,
    metric: Metric::MeanSquaredError,
    quality: 0.125,
};
const CLASSES: [(ClassId, &str); 2] = [(ClassId(0), "normal"), (ClassId(300), "Lüfter")];

fn with_contents<T>(f: impl FnOnce(&Contents<'_>) -> T) -> T {
    f(&Contents {
        learner: Learner(1),
        layout: 1,
        parameters: &|each| each_setting(&PARAMS, each),
        pipeline: &|each| {
            each("window", Entry::Int(200));
            each("rate-hz", Entry::Real(12.5));
        },
        channels: &[
            Channel { scale: 0.001_196_4, unit: Unit::MetresPerSecondSquared },
            Channel { scale: 1.0, unit: Unit::None },
        ],
        scaling: &|each| [(1.5, 0.25), (-2.0, 4.0), (0.0, 1.0)].iter().for_each(|(o, f)| each(*o, *f)),
        classes: &|each| CLASSES.iter().for_each(|(id, name)| each(*id, name)),
        report: Some(REPORT),
    })
}

fn bytes() -> Vec<u8> {
    let mut memory = [0; 512];
    let mut sink = SliceSink::new(&mut memory);
    let length = with_contents(|c| write(c, &model(), &mut sink)).unwrap();
    assert_eq!(length as usize, sink.filled().len());
    sink.filled().to_vec()
}

/// Makes both CRCs right again after a change.
fn reseal(bytes: &mut [u8]) {
    let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);
    let head = crc.checksum(&bytes[..12]);
    bytes[12..16].copy_from_slice(&head.to_le_bytes());
    let end = bytes.len() - 4;
    let all = crc.checksum(&bytes[..end]);
    bytes[end..].copy_from_slice(&all.to_le_bytes());
}

/// Uses everything that a container offers.
fn exhaust(c: &Container<'_>) -> usize {
    let entries = c.parameters().count() + c.pipeline().count();
    entries + c.channels().count() + c.scaling().count() + c.classes().count() + c.payload().len()
}

#[test]
fn comes_back_whole() {
    let bytes = bytes();
    let c = Container::read(&bytes).unwrap();
    assert_eq!((c.version(), c.learner(), c.layout()), (1, Learner(1), 1));
    let mut params = Params { units: 1, leak: 0.0, bias: false, form: Form::State };
    assert_eq!(apply(&mut params, c.parameters()), Applied { set: 4, skipped: 0 });
    assert_eq!(params, PARAMS);
    assert_eq!(c.pipeline().named("rate-hz"), Some(Entry::Real(12.5)));
    assert_eq!(c.channels().map(|c| c.unit).collect::<Vec<_>>(), [Unit::MetresPerSecondSquared, Unit::None]);
    assert_eq!(c.scaling().collect::<Vec<_>>(), [(1.5, 0.25), (-2.0, 4.0), (0.0, 1.0)]);
    assert_eq!(c.classes().collect::<Vec<_>>(), CLASSES);
    assert_eq!(c.report(), Some(REPORT));
    assert_eq!(c.load(Learner(1), 1, |d| Model::deserialize(d)), Ok(model()));
    assert_eq!(Container::length(&bytes[..16]), Ok(bytes.len() as u32));
    assert_eq!(with_contents(|c| size(c, &model())), Ok(bytes.len() as u32));
}

#[test]
fn a_container_of_nothing_but_a_payload_comes_back() {
    let mut memory = [0; 64];
    let mut sink = SliceSink::new(&mut memory);
    let contents = Contents::bare(Learner(3), 2);
    write_raw(&contents, &[], &mut sink).unwrap();
    let c = Container::read(sink.filled()).unwrap();
    assert_eq!((exhaust(&c), c.report(), sink.filled().len()), (0, None, 25));
}

#[test]
fn every_truncation_is_refused() {
    let bytes = bytes();
    for have in 0..bytes.len() {
        let needed = if have < 16 { 16 } else { bytes.len() as u32 };
        let error = Container::read(&bytes[..have]).unwrap_err();
        assert_eq!(error, ReadError::Truncated { needed, have: have as u32 });
    }
}

#[test]
fn every_flipped_bit_is_refused() {
    let mut bytes = bytes();
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        let want = match bit / 8 {
            0..4 => ReadError::NotAContainer,
            4..16 => ReadError::Damaged(Damage::Header),
            _ => ReadError::Damaged(Damage::Body),
        };
        assert_eq!(Container::read(&bytes).unwrap_err(), want, "bit {bit}");
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn other_faults_are_named() {
    let good = bytes();
    let refused = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        reseal(&mut bytes);
        Container::read(&bytes).map(|_| ()).unwrap_err()
    };
    assert_eq!(refused(&|b| b[4] = 2), ReadError::Newer { found: 2, supported: 1 });
    assert_eq!(refused(&|b| b[4..6].fill(0)), ReadError::Malformed { offset: 4 });
    assert_eq!(refused(&|b| b.extend([0; 3])), ReadError::Trailing { extra: 3 });
    // The first section's tag: unknown, then too late for the second one.
    assert_eq!(refused(&|b| b[16] = 99), ReadError::Malformed { offset: 16 });
    let second = 21 + u32::from(good[17]);
    assert_eq!(refused(&|b| b[16] = 3), ReadError::Malformed { offset: 16 });
    assert_eq!(refused(&|b| b[second as usize] = 1), ReadError::Malformed { offset: second });
    // A section that claims more than there is.
    assert_eq!(refused(&|b| b[20] = 0xff), ReadError::Malformed { offset: 16 });
    // A header that claims less than a header and a CRC have.
    let mut tiny = good[..18].to_vec();
    tiny[8..12].copy_from_slice(&18u32.to_le_bytes());
    reseal(&mut tiny);
    assert!(Container::read(&tiny).is_err());
    assert_eq!(Container::read(b"hone").unwrap_err(), ReadError::NotAContainer);
}

#[test]
fn the_payload_is_guarded() {
    let bytes = bytes();
    let c = Container::read(&bytes).unwrap();
    let wrong = Err(ReadError::WrongModel { learner: Learner(1), layout: 1 });
    assert_eq!(c.load(Learner(2), 1, |d| u8::deserialize(d)), wrong);
    assert_eq!(c.load(Learner(1), 2, |d| u8::deserialize(d)), wrong);
    let extra = c.payload().len() as u32 - 1;
    let trailing = Err(ReadError::Payload(PayloadError::Trailing { extra }));
    assert_eq!(c.load(Learner(1), 1, |d| u8::deserialize(d)), trailing);
    let short = c.load(Learner(1), 1, |d| <[f32; 32]>::deserialize(d));
    assert_eq!(short, Err(ReadError::Payload(PayloadError::Short)));
}

#[test]
fn what_cannot_be_read_back_is_not_written() {
    let mut counter = Counter::default();
    with_contents(|c| {
        let infinite = Contents { scaling: &|each| each(0.0, f32::INFINITY), ..*c };
        assert_eq!(write(&infinite, &(), &mut counter), Err(WriteError::Unwritable));
        let long = "x".repeat(256);
        let named = Contents { classes: &|each| each(ClassId(1), &long), ..*c };
        assert_eq!(write(&named, &(), &mut counter), Err(WriteError::Unwritable));
        let calls = std::cell::Cell::new(0);
        let changing = Contents {
            pipeline: &|each| {
                calls.set(calls.get() + 1);
                (0..calls.get()).for_each(|i| each("n", Entry::Int(i)));
            },
            ..*c
        };
        assert_eq!(write(&changing, &(), &mut counter), Err(WriteError::Changed));
        let mut full = |_: &[u8]| Err(Refused);
        assert_eq!(write(c, &(), &mut full), Err(WriteError::Sink));
    });
}

#[test]
fn parameters_of_another_build_are_left_out() {
    let bytes = bytes();
    settings! {
        struct Fewer {
            /// units
            units: i32 = 8, "units", int(1, 32), "";
        }
    }
    let mut fewer = Fewer::DEFAULT;
    let applied = apply(&mut fewer, Container::read(&bytes).unwrap().parameters());
    assert_eq!((applied, fewer), (Applied { set: 0, skipped: 4 }, Fewer { units: 8 }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Container::read(&bytes).is_err());
    }

    /// Damage behind a right CRC: what a faulty or malicious writer would send.
    #[test]
    fn any_resealed_change_is_read_or_refused(at in 4usize..300, value: u8, cut in 0usize..60, fit: bool) {
        let mut bytes = bytes();
        bytes.truncate(bytes.len() - cut);
        let at = at % bytes.len();
        bytes[at] = value;
        if fit {
            let length = (bytes.len() as u32).to_le_bytes();
            bytes[8..12].copy_from_slice(&length);
        }
        reseal(&mut bytes);
        if let Ok(c) = Container::read(&bytes) {
            prop_assert!(exhaust(&c) < 400);
            let _ = c.load(Learner(1), 1, |d| Model::deserialize(d));
        }
    }
}

/// The committed file is what version 1 is: this build reads it to the same content, writes it again byte for byte, and
/// an independent reader, written from the format's document alone, sees the same in it.
#[test]
fn version_1_stays_readable() {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors");
    let file = vectors.join("model-v1.hone");
    if std::env::var_os("HONE_WRITE_VECTORS").is_some() {
        std::fs::write(&file, bytes()).unwrap();
    }
    assert_eq!(std::fs::read(&file).unwrap(), bytes());

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/formats/read_model.py");
    let read = |path: &Path| Command::new("python3").arg(&script).arg(path).output().expect("python3 is needed");
    let output = read(&file);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let seen: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let payload: String = Container::read(&bytes()).unwrap().payload().iter().map(|b| format!("{b:02x}")).collect();
    let want = serde_json::json!({
        "version": 1, "learner": "esn", "layout": 1,
        "parameters": [["units", 64], ["leak", 0.3f32], ["bias", true], ["form", "full"]],
        "pipeline": [["window", 200], ["rate-hz", 12.5]],
        "channels": [[0.001_196_4f32, "m/s2"], [1.0, ""]],
        "scaling": [[1.5, 0.25], [-2.0, 4.0], [0.0, 1.0]],
        "classes": [[0, "normal"], [300, "Lüfter"]],
        "report": {"stop": "converged", "metric": "mean squared error", "rows": 700, "iterations": 44_800,
                   "work": 5_000_000_000u64, "quality": 0.125},
        "payload": payload,
    });
    assert_eq!(seen, want);

    let mut broken = bytes();
    broken[40] ^= 1;
    let path = std::env::temp_dir().join(format!("hone-broken-{}.hone", std::process::id()));
    std::fs::write(&path, broken).unwrap();
    let output = read(&path);
    std::fs::remove_file(&path).unwrap();
    assert!(!output.status.success());
}
