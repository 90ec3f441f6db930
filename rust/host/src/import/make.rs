//! From what was read of a graph to a model: standardisation, numbers, and how well the two agree.

use super::draft::{Draft, Piece};
use super::graph::{Labels, Read};
use crate::dataset::Class;
use hone_learn::{ClassId, Decision};
use hone_net::{Given, GivenError, LayerKind, Model, Network, Numbers, Ranges};

/// A network of any size that a board could hold, and more.
pub type Net = Model<65_536>;

/// An imported network.
#[derive(Debug)]
pub struct Made {
    /// In `f32`, as it was trained.
    pub real: Box<Net>,
    /// In the numbers asked for.
    pub model: Box<Net>,
    /// Its layers, the output layer aside.
    pub network: Network,
    /// By what its input is standardised.
    pub standard: Standard,
    /// Numbers of a row that never change in the rows, and so count for nothing.
    pub constant: usize,
}

/// By what an input is standardised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standard {
    /// As the graph does.
    Graph,
    /// By the mean and deviation of the rows.
    Rows,
    /// By the range that the graph's whole numbers have.
    Range,
    /// Not at all: the graph takes in what is standardised already.
    Not,
}

impl Standard {
    pub fn words(self) -> &'static str {
        match self {
            Self::Graph => "as the graph does",
            Self::Rows => "by means and deviations of the rows",
            Self::Range => "by the range that the graph quantises",
            Self::Not => "not at all: the rows are taken to be standardised",
        }
    }
}

/// Number and name of each output's class.
///
/// # Errors
/// A line that says what is wrong.
pub fn classes(read: &Read, asked: Option<&[String]>, known: &[Class]) -> Result<Vec<(ClassId, String)>, String> {
    let outputs = read.draft.pieces.last().map_or(0, |p| usize::from(p.output.channels));
    let labels = match asked {
        Some(names) => Some(Labels::Names(names.to_vec())),
        None => read.labels.clone(),
    };
    let name_of = |id: ClassId| known.iter().find(|c| c.id == id).map_or(String::new(), |c| c.name.clone());
    let numbered = |n: i64| {
        let id = u16::try_from(n).ok().filter(|n| *n < u16::MAX).map(ClassId);
        id.map(|id| (id, name_of(id)))
            .ok_or_else(|| format!("class {n} is no number from 0 to 65534; name them by --classes"))
    };
    let mut found = match labels {
        Some(Labels::Numbers(numbers)) => numbers.into_iter().map(numbered).collect::<Result<Vec<_>, _>>()?,
        Some(Labels::Names(names)) => {
            let numbers: Option<Vec<i64>> = names.iter().map(|n| n.parse().ok()).collect();
            match (numbers, known) {
                (Some(numbers), _) => numbers.into_iter().map(numbered).collect::<Result<_, _>>()?,
                (None, []) => (0..).map(ClassId).zip(names).collect(),
                (None, known) => names
                    .into_iter()
                    .map(|name| {
                        let there = known.iter().find(|c| c.name == name);
                        there.map(|c| (c.id, c.name.clone())).ok_or_else(|| {
                            let all: Vec<&str> = known.iter().map(|c| &c.name[..]).collect();
                            format!("the manifest has no class '{name}'; it has {}", all.join(", "))
                        })
                    })
                    .collect::<Result<_, _>>()?,
            }
        }
        None if known.len() == outputs => known.iter().map(|c| (c.id, c.name.clone())).collect(),
        None => (0..outputs as u16).map(|n| (ClassId(n), String::new())).collect(),
    };
    if found.len() != outputs {
        return Err(format!("{} classes are named and the network has {outputs} outputs; give --classes", found.len()));
    }
    let mut ids: Vec<ClassId> = found.iter().map(|c| c.0).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() != found.len() {
        return Err("two outputs are of the same class; give --classes".into());
    }
    found.iter_mut().for_each(|c| c.1.truncate(c.1.floor_char_boundary(MOST_NAME)));
    Ok(found)
}

/// Bytes of a class's name at most.
const MOST_NAME: usize = 255;

/// Makes the model. Without rows in 8 bits the graph must say what range its tensors have.
///
/// # Errors
/// A line that says what is wrong and what to do.
pub fn make(read: &Read, classes: &[(ClassId, String)], rows: &[Vec<f32>], numbers: Numbers) -> Result<Made, String> {
    let mut draft = read.draft.clone();
    let (means, gains, standard) = standard(&draft, rows);
    let constant = gains.iter().filter(|g| **g == 0.0).count();
    draft.standardise(&means, &gains)?;
    let mut pieces = draft.pieces.clone();
    let ids = ascend(&mut pieces, classes);
    let network = network(&pieces)?;
    let reals: Vec<[Vec<f32>; 2]> = pieces
        .iter()
        .filter(|p| p.learns())
        .map(|p| [&p.weights, &p.biases].map(|list| list.iter().map(|x| *x as f32).collect()))
        .collect();
    let layers: Vec<(&[f32], &[f32])> = reals.iter().map(|[w, b]| (&w[..], &b[..])).collect();
    let [means, gains] = [means, gains].map(|list| list.iter().map(|x| *x as f32).collect::<Vec<f32>>());
    let given =
        Given { network: &network, input: draft.input(), classes: &ids, means: &means, gains: &gains, layers: &layers };
    let mut real = Box::new(Net::new());
    real.edit().take(&given).map_err(why)?;
    let mut model = Box::new(Net::new());
    if numbers == Numbers::F32 {
        model.edit().copy(real.view());
    } else {
        model.edit().quantise(real.view(), numbers, &ranges(&draft, &real, rows)).map_err(why)?;
    }
    Ok(Made { real, model, network, standard, constant })
}

/// What each tensor's magnitudes are, by the rows and by what the graph says.
fn ranges(draft: &Draft, real: &Net, rows: &[Vec<f32>]) -> Ranges {
    let mut ranges = Ranges::NONE;
    let mut scratch = vec![0; real.view().scratch_words()];
    for row in rows {
        // A row that is not of real numbers has no range.
        let _ = ranges.see(real.view(), row, &mut scratch);
    }
    draft.ranges.iter().for_each(|(l, range)| ranges.include(*l, *range as f32));
    ranges
}

/// Means and gains of the input's channels.
fn standard(draft: &Draft, rows: &[Vec<f32>]) -> (Vec<f64>, Vec<f64>, Standard) {
    let channels = usize::from(draft.input().channels).max(1);
    let graphs = draft.standardised();
    let moments: Option<Vec<(f64, f64)>> = (!rows.is_empty()).then(|| {
        let channel = |c: usize| {
            let all = || rows.iter().flat_map(|row| row.iter().skip(c).step_by(channels)).map(|x| f64::from(*x));
            let count = all().count().max(1) as f64;
            let mean = all().sum::<f64>() / count;
            (mean, (all().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count).sqrt())
        };
        (0..channels).map(channel).collect()
    });
    match (graphs, moments) {
        // What it gives must fill the bits: rows of other scales are standardised anew.
        (Some((means, gains)), Some(moments)) => {
            let squares = moments
                .iter()
                .zip(means.iter().zip(&gains))
                .map(|((mean, deviation), (m, g))| ((mean - m) * g).powi(2) + (deviation * g).powi(2));
            let spread = (squares.sum::<f64>() / channels as f64).sqrt();
            if (0.5..=2.0).contains(&spread) { (means, gains, Standard::Graph) } else { of(&moments) }
        }
        (Some((means, gains)), None) => (means, gains, Standard::Graph),
        (None, Some(moments)) => of(&moments),
        (None, None) => match draft.ranges.iter().find(|(l, range)| *l == 0 && *range > 0.0) {
            // Four deviations either way are what the input's 8 bits hold.
            Some((_, range)) => (vec![0.0; channels], vec![4.0 / range; channels], Standard::Range),
            None => (vec![0.0; channels], vec![1.0; channels], Standard::Not),
        },
    }
}

fn of(moments: &[(f64, f64)]) -> (Vec<f64>, Vec<f64>, Standard) {
    let gain = |deviation: f64| if deviation > 0.0 { 1.0 / deviation } else { 0.0 };
    let (means, gains) = moments.iter().map(|(mean, deviation)| (*mean, gain(*deviation))).unzip();
    (means, gains, Standard::Rows)
}

/// Puts the outputs into the order of their classes' numbers.
fn ascend(pieces: &mut [Piece], classes: &[(ClassId, String)]) -> Vec<ClassId> {
    let mut order: Vec<usize> = (0..classes.len()).collect();
    order.sort_by_key(|i| classes[*i].0);
    if let Some(last) = pieces.last_mut() {
        let cols = last.input.len();
        last.weights = order.iter().flat_map(|i| last.weights[i * cols..][..cols].to_vec()).collect();
        last.biases = order.iter().map(|i| last.biases[*i]).collect();
    }
    order.iter().map(|i| classes[*i].0).collect()
}

/// The layers before the output layer, as they are declared.
fn network(pieces: &[Piece]) -> Result<Network, String> {
    let mut network = Network::NONE;
    let Some((output, hidden)) = pieces.split_last() else { return Err("it has no layer".into()) };
    let too_many =
        |_| format!("it has {} layers and a network here has {} at most", pieces.len(), hone_net::MAX_LAYERS + 1);
    for piece in hidden {
        network.push(piece.layer).map_err(too_many)?;
    }
    // A last dense layer of as many units as there are classes would be the output layer itself.
    let doubted =
        hidden.last().is_some_and(|p| p.layer.kind == LayerKind::Dense && p.layer.channels == output.layer.channels);
    if doubted {
        network.push(hone_net::Layer::dense(output.layer.channels, false)).map_err(too_many)?;
    }
    Ok(network)
}

fn why(error: GivenError) -> String {
    match error {
        GivenError::Network(_) => "a layer is larger than there may be here".into(),
        GivenError::Classes => format!("it must tell 2 to {} classes apart", hone_net::MAX_CLASSES),
        GivenError::Standard => "a mean or deviation of the input is beyond 1e18; give it in other units".into(),
        GivenError::Layer(l) => {
            format!(
                "the weights of layer {l} do not go into 8 bits: one is too large; scale the input, or give --numbers f32"
            )
        }
        GivenError::Range(_) => {
            "the range of its tensors is not known; give rows by --calibrate, or a graph quantised statically (QDQ)"
                .into()
        }
        GivenError::Room(s) => format!("it needs {} bytes, and {} are the most", s.needed, s.available),
    }
}

/// What two forms of a network say of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Agreement {
    pub rows: usize,
    /// Rows of which both tell the same class.
    pub same: usize,
    /// Rows with a label, and those of which each tells it.
    pub labelled: usize,
    pub right: [usize; 2],
}

/// Compares the model with what it was made of.
pub fn agreement(made: &Made, rows: &[Vec<f32>], labels: &[Option<ClassId>]) -> Agreement {
    let mut found = Agreement { rows: rows.len(), ..Agreement::default() };
    let mut scratch = [&made.real, &made.model].map(|net| vec![0; net.view().scratch_words()]);
    for (row, label) in rows.iter().zip(labels) {
        let [a, b] = &mut scratch;
        let told = [made.real.infer(row, a).decision, made.model.infer(row, b).decision];
        found.same += usize::from(told[0] == told[1]);
        if let Some(label) = label {
            found.labelled += 1;
            found.right.iter_mut().zip(told).for_each(|(n, told)| *n += usize::from(told == Decision::Class(*label)));
        }
    }
    found
}
