//! Accuracy of TinyRCE on the recordings, by the device's own code: one pass over the training rows in a random
//! order, then the test rows. For tuning; `hone eval` is the user's way.
//!
//! `cargo run --release -p hone-rce --example evaluate -- [MODE] [--root DIR] [--orders N] [--folds N] [--sorted] [--by-class]
//! [KEY=VALUE]... [feature.KEY=VALUE]...`, MODE being `table` (default), `ablation` or `unknown`.

mod data;

use data::{Rows, shuffle};
use hone_learn::{ClassId, Decision, Settings};
use hone_rce::{Model, Params};
use std::path::PathBuf;

const WORDS: usize = 400_000;

struct Options {
    orders: u64,
    sorted: bool,
    by_class: bool,
    settings: Vec<(String, String)>,
}

/// Figures of one model on the test rows.
#[derive(Clone, Copy, Default)]
struct Score {
    accuracy: f64,
    known: f64,
    coverage: f64,
    prequential: f64,
    prototypes: f64,
}

fn params(base: Params, settings: &[(String, String)]) -> Params {
    let mut params = base;
    for (name, text) in settings {
        params.set_text(name, text).unwrap_or_else(|e| panic!("setting {name}={text}: {e:?}"));
    }
    params
}

fn train(model: &mut Model<WORDS>, params: &Params, rows: &[&(Vec<f32>, u16)], features: usize) {
    model.begin(&params.check(features, WORDS).expect("parameters")).expect("memory");
    let mut scratch = vec![0; model.scratch_words()];
    for (x, class) in rows {
        model.learn(x, ClassId(*class), &mut scratch).expect("learn");
    }
}

fn ordered<'a>(rows: &'a Rows, options: &Options, seed: u64) -> Vec<&'a (Vec<f32>, u16)> {
    let mut order: Vec<_> = rows.train.iter().collect();
    if !options.sorted {
        shuffle(&mut order, seed + 1);
    }
    if options.by_class {
        // One class after the other, as they first come.
        let mut classes: Vec<u16> = vec![];
        order.iter().for_each(|r| {
            if !classes.contains(&r.1) {
                classes.push(r.1)
            }
        });
        order.sort_by_key(|r| classes.iter().position(|c| *c == r.1));
    }
    order
}

fn score(model: &mut Model<WORDS>, test: &[(Vec<f32>, u16)]) -> Score {
    let mut scratch = vec![0; model.scratch_words()];
    let (mut right, mut covered, mut covered_right) = (0, 0, 0);
    let mut adjusted = *model.params();
    for fallback in [false, true] {
        adjusted.set_text("fallback", if fallback { "on" } else { "off" }).expect("fallback");
        assert!(model.adjust(&adjusted));
        for (x, class) in test {
            let answer = model.infer(x, &mut scratch).expect("infer");
            let hit = answer.verdict.decision == Decision::Class(ClassId(*class));
            if fallback {
                right += usize::from(hit);
            } else if answer.verdict.decision != Decision::Unknown {
                covered += 1;
                covered_right += usize::from(hit);
            }
        }
    }
    let n = test.len() as f64;
    Score {
        accuracy: right as f64 / n,
        known: covered_right as f64 / f64::from(covered.max(1)),
        coverage: f64::from(covered) / n,
        prequential: f64::from(model.statistics().prequential_accuracy().unwrap_or(0.0)),
        prototypes: model.prototypes() as f64,
    }
}

fn run(model: &mut Model<WORDS>, rows: &Rows, base: Params, options: &Options, orders: u64) -> Vec<Score> {
    let params = params(base, &options.settings);
    (0..orders)
        .map(|seed| {
            train(model, &params, &ordered(rows, options, seed), rows.features);
            score(model, &rows.test)
        })
        .collect()
}

fn mean(scores: &[Score], f: impl Fn(&Score) -> f64) -> f64 {
    scores.iter().map(f).sum::<f64>() / scores.len() as f64
}

fn print(name: &str, scores: &[Score]) {
    let least = scores.iter().map(|s| s.accuracy).fold(f64::MAX, f64::min);
    println!(
        "{name:34} accuracy {:.4} (least {least:.4})  known {:.4}  coverage {:.4}  prequential {:.4}  prototypes {:.0}",
        mean(scores, |s| s.accuracy),
        mean(scores, |s| s.known),
        mean(scores, |s| s.coverage),
        mean(scores, |s| s.prequential),
        mean(scores, |s| s.prototypes),
    );
}

/// Capped baseline against ageing and pruning, paired over the orders: mean difference and its 95 % interval (Student).
fn ablation(model: &mut Model<WORDS>, parts: &[Rows], options: &Options) {
    let rows = &parts[0];
    let variants: [(&str, &[(&str, &str)]); 6] = [
        ("baseline rce", &[("algorithm", "rce"), ("radius-min", "0.2")]),
        ("that with ageing, pruning", &[("algorithm", "rce-aged"), ("radius-min", "0.2")]),
        ("no pruning, no following", &[("pruning", "off"), ("moving", "0")]),
        ("ageing and pruning", &[("moving", "0")]),
        ("following alone", &[("pruning", "off")]),
        ("all", &[]),
    ];
    let mut baseline: Vec<Score> = vec![];
    for (name, settings) in variants {
        let mut base = rows.params;
        for (key, text) in settings {
            base.set_text(key, text).expect("setting");
        }
        let mut scores = vec![];
        for rows in parts {
            scores.extend(run(model, rows, base, options, options.orders));
        }
        print(&format!("{} {name}", rows.name), &scores);
        if baseline.is_empty() {
            baseline = scores;
            continue;
        }
        let d: Vec<f64> = scores.iter().zip(&baseline).map(|(a, b)| a.accuracy - b.accuracy).collect();
        let n = d.len() as f64;
        let m = d.iter().sum::<f64>() / n;
        let s = (d.iter().map(|x| (x - m).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        // 2.262 is Student's t for 9 degrees of freedom; more orders have a smaller one.
        println!(
            "{:34} difference {m:+.4}, 95 % interval {:+.4} to {:+.4}",
            "",
            m - 2.262 * s / n.sqrt(),
            m + 2.262 * s / n.sqrt()
        );
    }
}

/// Area under the curve of telling unknown from known windows by a score: the share of pairs in the right order.
fn auroc(mut scored: Vec<(f32, bool)>) -> f64 {
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut sum) = (0.0, 0.0);
    let mut i = 0;
    while i < scored.len() {
        let tie = scored[i..].iter().take_while(|s| s.0 == scored[i].0).count();
        let unknown = scored[i..i + tie].iter().filter(|s| s.1).count() as f64;
        let known = tie as f64 - unknown;
        sum += unknown * (below + known / 2.0);
        below += known;
        i += tie;
    }
    let unknown = scored.iter().filter(|s| s.1).count() as f64;
    sum / (unknown * (scored.len() as f64 - unknown))
}

/// Leaves one class out of training at a time; the test rows of that class are the unknown ones.
fn unknown(model: &mut Model<WORDS>, parts: &[Rows], options: &Options) {
    let (mut ours, mut nearest, mut n) = (0.0, 0.0, 0.0);
    for rows in parts {
        let params = params(rows.params, &options.settings);
        let mut classes: Vec<u16> = rows.train.iter().map(|r| r.1).collect();
        classes.sort_unstable();
        classes.dedup();
        for left_out in classes {
            for seed in 0..options.orders {
                let known: Vec<_> = ordered(rows, options, seed).into_iter().filter(|r| r.1 != left_out).collect();
                train(model, &params, &known, rows.features);
                let mut scratch = vec![0; model.scratch_words()];
                let mut scored = vec![];
                let mut distances = vec![];
                for (x, class) in &rows.test {
                    let answer = model.infer(x, &mut scratch).expect("infer");
                    scored.push((answer.verdict.score, *class == left_out));
                    distances.push((answer.nearest_distance, *class == left_out));
                }
                ours += auroc(scored);
                nearest += auroc(distances);
                n += 1.0;
            }
        }
    }
    let rows = &parts[0];
    println!("{:34} AUROC of the score {:.5}, of the nearest distance alone {:.5}", rows.name, ours / n, nearest / n);
}

fn main() {
    let mut root = PathBuf::from("../shared/data");
    let mut options = Options { orders: 10, sorted: false, by_class: false, settings: vec![] };
    let (mut folds, mut mode, mut feature_settings) = (1, String::from("table"), vec![]);
    let mut validate = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().expect("a value");
        match argument.as_str() {
            "--root" => root = PathBuf::from(value()),
            "--orders" => options.orders = value().parse().expect("a number"),
            "--folds" => folds = value().parse().expect("a number"),
            "--validate" => validate = true,
            "--sorted" => options.sorted = true,
            "--by-class" => options.by_class = true,
            other => match other.split_once('=') {
                Some((name, text)) => match name.strip_prefix("feature.") {
                    Some(name) => feature_settings.push((name.to_string(), text.to_string())),
                    None => options.settings.push((name.to_string(), text.to_string())),
                },
                None => mode = argument,
            },
        }
    }
    let mut sets = vec![];
    sets.extend(data::cwru(&root, &feature_settings));
    sets.extend((0..folds).filter_map(|fold| data::har(&root, &feature_settings, fold)));
    if sets.is_empty() {
        println!("skipped: no recordings in {}", root.display());
        return;
    }
    let mut model = Box::new(Model::<WORDS>::new());
    for rows in &sets {
        let validations = validate.then(|| [0, 1, 2, 3, 4].map(|fold| rows.validation(fold)));
        match mode.as_str() {
            "ablation" => {
                let parts = validations.as_ref().map_or(std::slice::from_ref(rows), |v| &v[..]);
                ablation(&mut model, parts, &options);
            }
            "unknown" => {
                let parts = validations.as_ref().map_or(std::slice::from_ref(rows), |v| &v[..]);
                unknown(&mut model, parts, &options);
            }
            _ => {
                let mut scores = vec![];
                for rows in validations.iter().flatten().chain((!validate).then_some(rows)) {
                    scores.extend(run(&mut model, rows, rows.params, &options, options.orders));
                }
                print(
                    &format!("{} ({} + {} x {})", rows.name, rows.train.len(), rows.test.len(), rows.features),
                    &scores,
                );
            }
        }
    }
}
