//! Trains on the four tasks of `DATA/svm` (default `../shared/data`) and prints what came out.
use hone_learn::metrics::Confusion;
use hone_learn::set::Counts;
use hone_learn::{ClassId, Format, Progress, SetMut};
use hone_svm::*;

fn main() {
    let data = std::env::var("HONE_DATA").unwrap_or("../shared/data".into());
    for task in ["iris01", "iris12", "dig38s", "dig6rs"] {
        for format in [Format::F32, Format::I16, Format::I8] {
            let read = |part: &str| -> Vec<Vec<f32>> {
                let text = std::fs::read_to_string(format!("{data}/svm/{task}_{part}.csv")).unwrap();
                text.lines().map(|l| l.split(',').map(|x| x.parse().unwrap()).collect()).collect()
            };
            let (train, test) = (read("train"), read("test"));
            let d = train[0].len() - 1;
            let fill =
                |rows: &[Vec<f32>], format, words: &mut [u32], labels: &mut [u16], f: &mut [_], c: &mut Counts| {
                    let mut set = SetMut::over(words, labels, f, c);
                    set.clear(format, d).unwrap();
                    for r in rows {
                        set.push(&r[..d], Some(ClassId((r[d] < 0.0) as u16))).unwrap();
                    }
                };
            let (mut w, mut l, mut f, mut c) =
                (vec![0; 120_000], vec![0; 2000], vec![Default::default(); 64], Counts::EMPTY);
            fill(&train, format, &mut w, &mut l, &mut f, &mut c);
            let shape = Shape { rows: train.len(), features: d };
            let p = Params { standardise: false, ..Params::default() };
            let checked = p.check(shape).unwrap();
            let mut ws =
                vec![0u32; std::env::var("WS").map_or(3072, |v| v.parse().unwrap()).max(required(&checked, shape) / 4)];
            let mut model = Model::<200>::new();
            let mut trainer = Trainer::new(checked);
            let view = SetMut::over(&mut w, &mut l, &mut f, &mut c);
            let report = loop {
                if let Progress::Done(r) = trainer.step(view.view(), &mut ws, model.edit(), 10_000).unwrap() {
                    break r;
                }
            };
            let (mut w, mut l, mut f, mut c) =
                (vec![0; 120_000], vec![0; 2000], vec![Default::default(); 64], Counts::EMPTY);
            fill(&test, Format::F32, &mut w, &mut l, &mut f, &mut c);
            let mut confusion = Confusion::<2>::default();
            let test_set = SetMut::over(&mut w, &mut l, &mut f, &mut c);
            evaluate(model.view(), test_set.view(), &mut [0.0; 200], &mut confusion).unwrap();
            println!(
                "{task} {format:?} {report:?} dual {} sv {} acc {} of {}",
                trainer.objective(),
                model.view().vectors(),
                confusion.accuracy().unwrap() * test.len() as f32,
                test.len()
            );
        }
    }
}
