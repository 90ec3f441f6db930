//! The learners with capacities of a PC: the same code as on a board, in types that hold more.

use crate::machine::{Any, Fail, Kind, Maker};
use hone_learn::learner::{Answer, Estimate, Input, Learner, Online, Setup};
use hone_learn::{Format, set};
use hone_linear::{Ground, State};
use hone_model::Entries;

/// Features of a row at most.
pub const FEATURES: usize = 4096;
/// Classes of an SVM, a network.
const SVM_CLASSES: usize = 32;
const NET_CLASSES: usize = hone_net::MAX_CLASSES;
/// Inputs of a regression.
const INPUTS: usize = 512;
/// Columns of its state.
const COLUMNS: usize = hone_linear::columns_for(INPUTS, 1024);
/// Bytes of workspace that an SVM's cache may take.
const CACHE: usize = 1 << 28;

type Esn = hone_esn::learner::Esn<512, 16, 262_144>;
type Svm<const WORDS: usize> =
    hone_svm::learner::Svm<WORDS, SVM_CLASSES, FEATURES, { hone_svm::scratch_len(SVM_CLASSES, FEATURES) }>;
type Rce<const WORDS: usize> = hone_rce::learner::Rce<WORDS, WORDS, { FEATURES + 4 }>;
type Linear = hone_linear::learner::Linear<
    INPUTS,
    { hone_linear::MAX_CLASSES },
    { hone_linear::words_for(hone_linear::MAX_CLASSES, INPUTS, 1024) },
    COLUMNS,
    { hone_linear::model_words(1024, INPUTS, true) },
>;
type Net = hone_net::learner::Net<262_144, NET_CLASSES, 32_768>;
type Vae = hone_vae::learner::Vae<262_144, 32_768, { u16::MAX as usize }, { u16::MAX as usize }>;

/// Words of a small model, and of a large one.
const SMALL: usize = 32_768;
const LARGE: usize = 1_000_000;

impl Kind for Esn {
    const NAME: &'static str = "esn";
    const CODE: u8 = 1;
}

impl<const WORDS: usize> Kind for Svm<WORDS> {
    const NAME: &'static str = "svm";
    const CODE: u8 = 2;

    /// As many cached rows of the kernel as fit and are of use.
    fn workspace(checked: &Self::Checked, setup: &Setup, least: usize) -> usize {
        let shape = hone_svm::Shape { rows: setup.rows.into(), features: setup.shape.inputs.into() };
        let two = hone_svm::required(checked, shape);
        let row = hone_svm::required_for(checked, shape, 3).saturating_sub(two).max(4);
        let cached = 2 + (CACHE / row).min(shape.rows.saturating_sub(2));
        hone_svm::required_for(checked, shape, cached).max(least)
    }

    fn classes(model: &Self::Model) -> Vec<u16> {
        model.machine.view().classes().map(|c| c.0).collect()
    }

    /// The decision values of all pairs of classes, positive for the first; of novelty the one.
    fn numbers(model: &Self::Model, row: &[f32], scratch: &mut Self::Scratch, to: &mut Vec<f32>) {
        let view = model.machine.view();
        let count = hone_svm::pairs_of(view.classes().count()).max(1);
        match view.decisions(row, scratch) {
            Some(decisions) => to.extend(decisions.iter().take(count)),
            None => to.extend(std::iter::repeat_n(f32::NAN, count)),
        }
    }
}

impl<const WORDS: usize> Kind for Rce<WORDS> {
    const NAME: &'static str = "rce";
    const CODE: u8 = 3;
    const IN_PLACE: bool = true;

    fn start(model: &mut Self::Model, checked: &Self::Checked) -> Result<(), Self::Fault> {
        <Self as Online>::start(model, checked)
    }

    fn learn(model: &mut Self::Model, input: &Input<'_>, scratch: &mut Self::Scratch) -> Result<(), Self::Fault> {
        <Self as Online>::learn(model, input, scratch)
    }

    fn classes(model: &Self::Model) -> Vec<u16> {
        let hone_rce::learner::Forms::Learning(model) = model else { return Vec::new() };
        let mut classes: Vec<u16> = model.classes().map(|(class, _)| class.0).collect();
        classes.sort_unstable();
        classes
    }
}

impl Kind for Linear {
    const NAME: &'static str = "linear";
    const CODE: u8 = 4;

    /// A number that is foretold though nothing learnt bears upon such inputs has no interval: the device is silent there.
    fn answer(model: &Self::Model, input: &Input<'_>, scratch: &mut Self::Scratch) -> Option<Answer> {
        let answer = Self::infer(model, input, scratch)?;
        if answer.estimate.is_some() || model.view().kind() != hone_linear::Kind::Regression {
            return Some(answer);
        }
        let outcome = model.view().judge(input.row, 1, &mut State::<COLUMNS>::new());
        let estimate = Estimate { value: outcome.mean, lower: f32::NAN, upper: f32::NAN, seen: f32::NAN };
        Some(Answer { estimate: Some(estimate).filter(|_| outcome.ground == Ground::Unfounded), ..answer })
    }

    fn classes(model: &Self::Model) -> Vec<u16> {
        model.view().classes().map(|c| c.0).collect()
    }

    fn coefficients(model: &Self::Model) -> (Vec<f32>, Vec<f32>) {
        (model.view().coefficients().to_vec(), model.view().scales().to_vec())
    }
}

/// What a network is lent: of fewer classes than it may tell apart its buffers lie otherwise, and may take more than the least.
const fn ample(least: usize) -> usize {
    2 * least + 65_536
}

impl Kind for Net {
    const NAME: &'static str = "net";
    const CODE: u8 = 5;

    fn workspace(_: &Self::Checked, _: &Setup, least: usize) -> usize {
        ample(least)
    }

    fn classes(model: &Self::Model) -> Vec<u16> {
        model.network.view().classes().map(|c| c.0).collect()
    }

    /// The logits of all classes.
    fn numbers(model: &Self::Model, row: &[f32], scratch: &mut Self::Scratch, to: &mut Vec<f32>) {
        let view = model.network.view();
        match view.logits(row, scratch) {
            Some(logits) => to.extend(logits),
            None => to.extend(view.classes().map(|_| f32::NAN)),
        }
    }
}

impl Kind for Vae {
    const NAME: &'static str = "vae";
    const CODE: u8 = 6;

    fn workspace(_: &Self::Checked, _: &Setup, least: usize) -> usize {
        ample(least)
    }
}

/// All of them.
const ALL: [Maker; 6] = [
    Maker::of::<Esn>(),
    Maker::of::<Svm<LARGE>>(),
    Maker::of::<Rce<LARGE>>(),
    Maker::of::<Linear>(),
    Maker::of::<Net>(),
    Maker::of::<Vae>(),
];

/// Those whose models often are small.
const OF_FEW_WORDS: [Maker; 2] = [Maker::of::<Svm<SMALL>>(), Maker::of::<Rce<SMALL>>()];

/// The learner of this name, for `classes` classes and `rows` rows of `width` features.
pub fn of_name(name: &str, classes: usize, rows: usize, width: usize) -> Option<Maker> {
    let rows = rows.min(set::MOST_ROWS);
    let few = match name {
        "svm" => hone_svm::model_words(classes, width, rows, Format::F32) <= SMALL,
        // As many prototypes as there are rows, in f32.
        "rce" => hone_rce::model_words(rows, width, 4) <= SMALL,
        _ => false,
    };
    let makers = OF_FEW_WORDS.iter().filter(|_| few).chain(&ALL);
    makers.copied().find(|maker| maker.name == name)
}

/// Reads a model of the learner of this number.
///
/// # Errors
/// [`Fail::Text`].
pub fn read(code: u8, layout: u8, entries: Entries<'_>, payload: &[u8]) -> Result<Any, Fail> {
    let maker = ALL.iter().find(|maker| maker.code == code);
    let maker =
        maker.ok_or_else(|| Fail::Text(format!("it is of a learner (number {code}) that is not known here")))?;
    (maker.read)(layout, entries, payload)
}
