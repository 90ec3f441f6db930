//! A model of each learner from the same rows or windows, by the contract of `hone_learn::learner` alone. The checksums of its
//! payload and of what it says of what it learnt are in `tests/vectors/models.txt`: target, host program and Python give them alike.
//!
//! x₀ = 1, xₙ₊₁ = 1664525·xₙ + 1013904223 modulo 2³², one for each number that is made. Row i of 48, feature j of 8:
//! (⌊x/2²⁰⌋ − 2048)/256, plus 4 where j mod 3 is i mod 3, the row's class. Window i of 24, frame t of 32, channel c of 2: three times a
//! triangle wave of period 256 and range ±256 at phase (32·i + t)·3·(5 + c), plus ⌊x/2²⁵⌋ − 64.

use hone_learn::learner::{Given, Input, Learner, Lent, Online, Setup, Shape, Wants};
use hone_learn::sink::Refused;
use hone_learn::{ClassId, Format, Progress, Settings, TrainingSet};
use hone_signal::{Faults, Micros, WindowView};

use crate::Emit;
use crate::checksum::Crc;

const ROWS: usize = 48;
const WIDTH: usize = 8;
const WINDOWS: usize = 24;
const FRAMES: usize = 32;
const CHANNELS: usize = 2;
/// Bytes of it: the SVM keeps as many values of its kernel as there is room for, of which some have other last bits when made anew.
const WORKSPACE: usize = 8192;

type Esn = hone_esn::learner::Esn<16, CHANNELS, 256>;
type Svm = hone_svm::learner::Svm<1024, 3, WIDTH, { hone_svm::scratch_len(3, WIDTH) }>;
type Rce = hone_rce::learner::Rce<1024, 0, { WIDTH + 4 }>;
type Linear = hone_linear::learner::Linear<
    WIDTH,
    3,
    { hone_linear::words_for(3, WIDTH, WIDTH) },
    { hone_linear::columns_for(WIDTH, WIDTH) },
    { hone_linear::model_words(WIDTH, WIDTH, true) },
>;
type Net = hone_net::learner::Net<512, 3, 512>;
type Vae = hone_vae::learner::Vae<512, 512, 8, 2>;

pub(crate) fn emit(emit: Emit<'_>) {
    let windows = [("units", "16"), ("scale-windows", "4"), ("fit-windows", "8"), ("calibrate-windows", "12")];
    model::<Esn>("models/esn", &windows, false, emit);
    model::<Svm>("models/svm", &[("kernel", "rbf")], true, emit);
    model::<Svm>("models/svm-novelty", &[("machine", "novelty")], false, emit);
    rce("models/rce", &[("prototypes", "24")], emit);
    let linear = [("from", "set"), ("lags", "0"), ("others", "on")];
    model::<Linear>("models/linear", &linear, false, emit);
    model::<Linear>("models/linear-classes", &[("from", "set"), ("task", "classes")], true, emit);
    model::<Net>("models/net", &[("layers", "dense8"), ("epochs", "6")], true, emit);
    model::<Vae>("models/vae", &[("units", "8"), ("epochs", "8"), ("latent", "2")], false, emit);
}

struct Numbers(u32);

impl Numbers {
    fn next(&mut self, shift: u32) -> i32 {
        let x = self.0;
        self.0 = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (x >> shift) as i32
    }
}

/// Calls `each` with each row or window as learners see it.
fn inputs(windows: bool, each: &mut dyn FnMut(&Input<'_>)) {
    let mut numbers = Numbers(1);
    for i in 0..if windows { WINDOWS } else { ROWS } {
        let label = (!windows).then_some(ClassId((i % 3) as u16));
        let samples: [i16; FRAMES * CHANNELS] = core::array::from_fn(|at| {
            let (frame, c) = ((FRAMES * i + at / CHANNELS) as i32, (at % CHANNELS) as i32);
            let phase = frame * 3 * (5 + c) % 256;
            let wave = if phase < 128 { phase * 4 - 256 } else { 768 - phase * 4 };
            if windows { (3 * wave + numbers.next(25) - 64) as i16 } else { 0 }
        });
        let row: [f32; WIDTH] = core::array::from_fn(|j| {
            let class = if j % 3 == i % 3 { 4.0 } else { 0.0 };
            if windows { 0.0 } else { (numbers.next(20) - 2048) as f32 / 256.0 + class }
        });
        let faults = if i == 0 { Faults::GAP } else { Faults::NONE };
        let (samples, row): (&[i16], &[f32]) = if windows { (&samples, &[]) } else { (&[], &row) };
        let window = WindowView { samples, channels: CHANNELS, time: Micros(0), sequence: i as u32, faults, label };
        each(&Input { window, row, beside: None });
    }
}

/// The parameters, and what they are checked against.
fn asked<L: Learner>(settings: &[(&str, &str)]) -> Option<(L::Params, Setup, bool)> {
    let mut params = L::DEFAULT;
    for (name, text) in settings {
        params.set_text(name, text).ok()?;
    }
    let windows = L::WINDOWS && !L::ROWS;
    let shape = if windows {
        Shape { inputs: CHANNELS as u16, frames: FRAMES as u16 }
    } else {
        Shape { inputs: WIDTH as u16, frames: 1 }
    };
    let setup = Setup { shape, rows: ROWS as u16, windows: windows.then_some(WINDOWS as u16), ..Setup::default() };
    Some((params, setup, windows))
}

/// Trains and emits the checksum of the payload and of what the model says; 0 when something fails.
fn model<L: Learner>(key: &str, settings: &[(&str, &str)], labelled: bool, emit: Emit<'_>) {
    let mut model = L::EMPTY;
    let trained = (|| {
        let (params, setup, windows) = asked::<L>(settings)?;
        let mut set = TrainingSet::<{ ROWS * WIDTH / 4 }, ROWS, WIDTH>::new();
        set.edit().clear(Format::I8, WIDTH).ok()?;
        let mut good = true;
        if !windows {
            inputs(false, &mut |input| {
                good &= set.edit().push(input.row, input.window.label.filter(|_| labelled)).is_ok();
            });
        }
        let checked = L::check(&params, &setup).ok()?;
        let mut workspace = [0u32; WORKSPACE / 4];
        if L::required(&checked, &setup).bytes > WORKSPACE {
            return None;
        }
        let mut trainer = L::begin(&checked);
        let mut step = |trainer: &mut L::Trainer, given: &Given<'_>| {
            let lent = Lent { model: &mut model, earlier: None, workspace: &mut workspace, budget: 5000 };
            L::step(trainer, given, lent).ok()
        };
        let mut over = false;
        // Work that needs no window, then the window that is wanted.
        let mut run = |trainer: &mut L::Trainer, mut window: Option<&Input<'_>>| {
            while good && !over {
                let given = match L::wants(trainer) {
                    Wants::Window => match window.take() {
                        Some(input) => Given::Window(*input),
                        None => return,
                    },
                    Wants::Rows => Given::Rows(set.view()),
                    Wants::Work | Wants::Nothing => Given::Work,
                };
                match step(trainer, &given) {
                    Some(Progress::Running { .. }) => {}
                    Some(Progress::Done(_)) => over = true,
                    None => good = false,
                }
            }
        };
        if windows {
            inputs(true, &mut |input| run(&mut trainer, Some(input)));
        }
        run(&mut trainer, None);
        (good && over).then_some(windows)
    })();
    tell::<L>(key, trained.map(|windows| (&model, windows)), emit);
}

/// The same of one that learns in place.
fn rce(key: &str, settings: &[(&str, &str)], emit: Emit<'_>) {
    let mut model = Rce::EMPTY;
    let trained = (|| {
        let (params, setup, _) = asked::<Rce>(settings)?;
        Rce::start(&mut model, &Rce::check(&params, &setup).ok()?).ok()?;
        let (mut scratch, mut good) = (Rce::SCRATCH, true);
        inputs(false, &mut |input| good &= Rce::learn(&mut model, input, &mut scratch).is_ok());
        good.then_some(())
    })();
    tell::<Rce>(key, trained.map(|()| (&model, false)), emit);
}

fn tell<L: Learner>(key: &str, trained: Option<(&L::Model, bool)>, emit: Emit<'_>) {
    let Some((model, windows)) = trained else {
        emit(key, 0);
        return emit(key, 0);
    };
    let mut payload = Crc::default();
    let mut sink = |bytes: &[u8]| -> Result<(), Refused> {
        payload.add(bytes);
        Ok(())
    };
    let written = L::write(model, &mut sink).is_ok();
    emit(key, if written { payload.value() } else { 0 });
    let (mut said, mut scratch) = (Crc::default(), L::SCRATCH);
    L::prepare(model, &mut scratch);
    inputs(windows, &mut |input| {
        let number = L::infer(model, input, &mut scratch)
            .map_or(f32::NAN, |answer| answer.estimate.map_or(answer.verdict.score, |estimate| estimate.value));
        said.add(&number.to_le_bytes());
    });
    emit(key, said.value());
}

#[cfg(test)]
mod tests {
    use std::{format, vec::Vec};

    #[test]
    fn the_models_are_the_known_ones() {
        // From tests/vectors/models.txt, which the target, the host program and Python must give too.
        let known = include_str!("../../../tests/vectors/models.txt").lines().filter(|l| !l.starts_with('#'));
        let mut found = Vec::new();
        super::emit(&mut |key, number| found.push(format!("{key} {number:08x}")));
        assert_eq!(found, known.collect::<Vec<_>>(), "\n{}", found.join("\n"));
        assert!(found.iter().all(|line| !line.ends_with(" 00000000")));
    }
}
