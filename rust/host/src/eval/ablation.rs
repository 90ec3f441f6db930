//! What each part of TinyRCE is worth, with room for few prototypes: the same windows in the same orders, learnt by
//! the baseline and by TinyRCE with parts of it left out.

use super::front::shuffle;
use super::learner::{EvalError, Input, Learner, Training};
use super::protocol::Outcome;
use super::report::{Difference, Report, Variant};
use super::rows::{Row, rows};
use crate::dataset::{Dataset, Part};
use crate::plot::Curve;
use crate::statistics::mean_interval;
use hone_learn::ClassId;

/// Prototypes that there is room for, unless the user says otherwise.
const CAP: &str = "50";
/// Times on the way that the test part is judged.
const POINTS: usize = 20;

/// Name and settings. The baseline's radii are its best in cross-validation on the training part; with the others'
/// it does worse.
const VARIANTS: [(&str, &[(&str, &str)]); 6] = [
    ("capped baseline", &[("algorithm", "rce"), ("radius-min", "0.2")]),
    ("baseline with ageing, pruning", &[("algorithm", "rce-aged"), ("radius-min", "0.2")]),
    ("nothing added", &[("ageing", "off"), ("pruning", "off"), ("moving", "0")]),
    ("ageing, pruning", &[("moving", "0")]),
    ("following", &[("ageing", "off"), ("pruning", "off")]),
    ("TinyRCE (all)", &[]),
];
/// Which variants are compared with which: all with the baseline, and what ageing and pruning add.
const PAIRS: [(usize, usize); 7] = [(1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (3, 2), (5, 4)];

/// How the windows are presented.
#[derive(Clone, Copy)]
pub(super) struct Orders {
    /// In so many orders.
    pub count: usize,
    /// One class after the other, in the order in which they first come when shuffled.
    pub by_class: bool,
}

/// One variant over all orders.
struct Run {
    /// Accuracy on the test part after the last window, order by order.
    accuracies: Vec<f64>,
    /// Summed over the orders: accuracy and prototypes over windows learnt.
    curve: Vec<(f64, f64, f64)>,
}

/// Learns each variant in `orders` orders, each judged `POINTS` times on the way.
pub(super) fn ablation(
    set: &Dataset,
    learner: &mut dyn Learner,
    orders: Orders,
    given: &[(String, String)],
    tick: &mut dyn FnMut(),
) -> Result<Outcome, EvalError> {
    let put = |learner: &mut dyn Learner, key: &str, value: &str| {
        learner.set(key, value).map_err(|e| EvalError::Setting(super::settings::conflict(e)))
    };
    if !given.iter().any(|(key, _)| key == "prototypes") {
        put(learner, "prototypes", CAP)?;
    }
    put(learner, "fallback", "on")?;
    let (train, test) = rows(set, learner)?;
    let before: Vec<(String, String)> = learner.settings().values();
    let mut runs = Vec::new();
    for (_, settings) in VARIANTS {
        for (key, value) in settings {
            put(learner, key, value)?;
        }
        runs.push(run(set, learner, &train, &test, orders, tick)?);
        for (key, _) in settings {
            if let Some((_, value)) = before.iter().find(|(k, _)| k == key) {
                put(learner, key, value)?;
            }
        }
    }
    let n = orders.count as f64;
    let variants = VARIANTS.iter().zip(&runs).map(|((name, _), run)| Variant {
        name: (*name).into(),
        accuracy: run.accuracies.iter().sum::<f64>() / n,
        least: run.accuracies.iter().copied().fold(f64::MAX, f64::min),
        prototypes: run.curve.last().map_or(0.0, |c| c.2 / n),
    });
    let variants: Vec<Variant> = variants.collect();
    let difference = |(of, to): (usize, usize)| {
        let (a, b) = (runs.get(of)?, runs.get(to)?);
        let paired: Vec<f64> = a.accuracies.iter().zip(&b.accuracies).map(|(a, b)| a - b).collect();
        let (mean, low, high) = mean_interval(&paired, 0.95)?;
        let name = |i: usize| VARIANTS.get(i).map_or(String::new(), |v| v.0.into());
        Some(Difference { of: name(of), to: name(to), mean, low, high })
    };
    let differences: Vec<Difference> = PAIRS.into_iter().filter_map(difference).collect();

    let mut training = Training { windows: train.len(), ..learner.described(train.len())? };
    training.facts = variants
        .iter()
        .map(|v| (v.name.clone(), format!("{:.4} (least {:.4}), {:.0} prototypes", v.accuracy, v.least, v.prototypes)))
        .chain(differences.iter().map(|d| {
            let name = format!("{} - {}", d.of, d.to);
            (name, format!("{:+.4}, 95 % interval {:+.4} to {:+.4}", d.mean, d.low, d.high))
        }))
        .collect();
    let report = Report {
        train_windows: train.len(),
        test_windows: test.len(),
        model_bytes: training.model_bytes,
        model_ram_bytes: training.model_ram_bytes,
        workspace_bytes: training.workspace_bytes,
        accuracy: variants.last().map(|v| v.accuracy as f32),
        orders: Some(orders.count),
        variants,
        differences,
        ..Report::default()
    };
    let curve = |(name, run): (&str, &Run)| Curve {
        name: name.into(),
        points: run.curve.iter().map(|c| (c.0, c.1 / n)).collect(),
    };
    let left = VARIANTS.iter().zip(&runs).map(|(v, run)| curve((v.0, run))).collect();
    let used = runs.last().map(|r| r.curve.iter().map(|c| (c.0, c.2 / n)).collect()).unwrap_or_default();
    let right = Curve { name: "prototypes (all)".into(), points: used };
    Ok(Outcome { report, training, results: Vec::new(), curves: Some((left, right)) })
}

fn run(
    set: &Dataset,
    learner: &mut dyn Learner,
    train: &[Row],
    test: &[Row],
    orders: Orders,
    tick: &mut dyn FnMut(),
) -> Result<Run, EvalError> {
    let every = train.len().div_ceil(POINTS).max(1);
    let mut run = Run { accuracies: Vec::new(), curve: Vec::new() };
    let first = learner.seed();
    for seed in (first..).take(orders.count) {
        let mut order: Vec<&Row> = train.iter().collect();
        shuffle(&mut order, seed);
        if orders.by_class {
            let mut classes: Vec<ClassId> = Vec::new();
            for row in &order {
                if !classes.contains(&row.class) {
                    classes.push(row.class);
                }
            }
            order.sort_by_key(|row| classes.iter().position(|c| *c == row.class));
        }
        learner.begin(set)?;
        let (mut point, mut accuracy) = (0, 0.0);
        for (i, row) in order.iter().enumerate() {
            learner.learn(&Input::Row(&row.features), row.class)?;
            tick();
            if (i + 1) % every == 0 || i + 1 == order.len() {
                accuracy = self::accuracy(learner, test)?;
                let used = learner.prototypes() as f64;
                match run.curve.get_mut(point) {
                    Some(c) => (c.1, c.2) = (c.1 + accuracy, c.2 + used),
                    None => run.curve.push(((i + 1) as f64, accuracy, used)),
                }
                point += 1;
            }
        }
        run.accuracies.push(accuracy);
    }
    Ok(run)
}

fn accuracy(learner: &mut dyn Learner, test: &[Row]) -> Result<f64, EvalError> {
    let mut right = 0usize;
    for row in test {
        let judged = learner.infer(&Input::Row(&row.features))?;
        right += usize::from(judged.nearest == Some(row.class) && row.class != ClassId(u16::MAX));
    }
    Ok(right as f64 / test.len().max(1) as f64)
}

/// Windows of a part.
pub(super) fn count(set: &Dataset, orders: usize) -> usize {
    set.count(Part::Train) * orders * VARIANTS.len()
}
