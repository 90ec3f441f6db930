//! The recordings of ../shared/data as rows of features.

use hone_learn::{Settings, Workspace};
use hone_signal::{Faults, Micros, Shape, WindowView, features};
use std::path::{Path, PathBuf};

/// Rows of features with their classes, and which of them are for training.
pub struct Rows {
    pub name: &'static str,
    /// The learner's parameters for this family of tasks.
    pub params: hone_rce::Params,
    pub features: usize,
    pub train: Vec<(Vec<f32>, u16)>,
    pub test: Vec<(Vec<f32>, u16)>,
    /// Of each training row: its subject, or the fifth of its recording.
    pub group: Vec<u8>,
}

impl Rows {
    /// The training part alone, a fifth of its groups to test on.
    pub fn validation(&self, fold: usize) -> Self {
        let mut groups = self.group.clone();
        groups.sort_unstable();
        groups.dedup();
        let held = |g: &u8| groups.iter().position(|x| x == g).is_some_and(|i| i % 5 == fold);
        let (mut train, mut test) = (vec![], vec![]);
        for (row, group) in self.train.iter().zip(&self.group) {
            if held(group) { &mut test } else { &mut train }.push(row.clone());
        }
        Self { name: self.name, params: self.params, features: self.features, train, test, group: vec![] }
    }
}

/// Shape and bytes of an .npy file of format 1.0.
fn npy(path: &Path) -> Option<(Vec<usize>, Vec<u8>)> {
    let bytes = std::fs::read(path).ok()?;
    let header = usize::from(u16::from_le_bytes([*bytes.get(8)?, *bytes.get(9)?]));
    let text = std::str::from_utf8(bytes.get(10..10 + header)?).ok()?;
    let shape = text.split_once("'shape': (")?.1.split_once(')')?.0;
    let shape = shape.split(',').filter_map(|n| n.trim().parse().ok()).collect();
    Some((shape, bytes[10 + header..].to_vec()))
}

fn i16s(bytes: &[u8]) -> Vec<i16> {
    bytes.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect()
}

fn row(extractor: &features::Extractor, samples: &[i16], memory: &mut [u32]) -> Vec<f32> {
    let mut out = vec![0.0; extractor.len()];
    let channels = extractor.shape().channels;
    let window = WindowView { samples, channels, time: Micros(0), sequence: 0, faults: Faults::NONE, label: None };
    extractor.extract(&window, Workspace::new(memory), &mut out).expect("features");
    out
}

fn extractor(params: features::Params, settings: &[(String, String)], shape: Shape) -> features::Extractor {
    let mut params = params;
    for (name, text) in settings {
        params.set_text(name, text).unwrap_or_else(|e| panic!("feature setting {name}={text}: {e:?}"));
    }
    params.check(shape).unwrap_or_else(|e| panic!("{e:?}"))
}

/// Ten classes: nine faults and normal; two channels of 200 samples. Load 0 and the first 60 % of normal train.
pub fn cwru(root: &Path, settings: &[(String, String)]) -> Option<Rows> {
    let shape = Shape { channels: 2, frames: 200 };
    let extractor = extractor(features::Params::vibration(), settings, shape);
    let mut memory = vec![0; extractor.required().div_ceil(4)];
    let mut rows = Rows {
        name: "cwru-10",
        params: hone_rce::Params::vibration(),
        features: extractor.len(),
        train: vec![],
        test: vec![],
        group: vec![],
    };
    let mut names: Vec<PathBuf> =
        std::fs::read_dir(root.join("cwru/load1")).ok()?.filter_map(|e| Some(e.ok()?.path())).collect();
    names.sort();
    let mut files: Vec<(PathBuf, u16, usize)> = vec![];
    for (load, part) in [("load0", 100), ("load1", 0)] {
        for (class, name) in names.iter().enumerate() {
            files.push((root.join("cwru").join(load).join(name.file_name()?), class as u16, part));
        }
    }
    files.push((root.join("cwru/load0/NORMAL.npy"), names.len() as u16, 60));
    for (path, class, train_percent) in files {
        let (dims, bytes) = npy(&path)?;
        let (len, samples) = (*dims.get(1)?, i16s(&bytes));
        let windows = len / 200;
        for w in 0..windows {
            let frames = w * 200..(w + 1) * 200;
            let window: Vec<i16> = frames.flat_map(|t| [samples[t], samples[len + t]]).collect();
            let trains = w < windows * train_percent / 100;
            if trains {
                rows.group.push((w * 500 / (windows * train_percent).max(1)).min(4) as u8);
            }
            let set = if trains { &mut rows.train } else { &mut rows.test };
            set.push((row(&extractor, &window, &mut memory), class));
        }
    }
    Some(rows)
}

/// Six activities, six channels of 128 samples. The first 14 subjects train (`fold` 0), or 14 drawn by lot.
pub fn har(root: &Path, settings: &[(String, String)], fold: u64) -> Option<Rows> {
    let shape = Shape { channels: 6, frames: 128 };
    let extractor = extractor(features::Params::activity(), settings, shape);
    let mut memory = vec![0; extractor.required().div_ceil(4)];
    let mut rows = Rows {
        name: "har",
        params: hone_rce::Params::activity(),
        features: extractor.len(),
        train: vec![],
        test: vec![],
        group: vec![],
    };
    let samples = i16s(&npy(&root.join("har_uci/X.npy"))?.1);
    let classes = npy(&root.join("har_uci/y.npy"))?.1;
    let subjects = npy(&root.join("har_uci/subject_inferred.npy"))?.1;
    let mut all: Vec<u8> = subjects.clone();
    all.sort_unstable();
    all.dedup();
    if fold > 0 {
        shuffle(&mut all, fold);
    }
    for ((x, class), subject) in samples.chunks_exact(6 * 128).zip(classes).zip(subjects) {
        let window: Vec<i16> = (0..128).flat_map(|t| (0..6).map(move |c| x[c * 128 + t])).collect();
        let trains = all[..14].contains(&subject);
        if trains {
            rows.group.push(subject);
        }
        let set = if trains { &mut rows.train } else { &mut rows.test };
        set.push((row(&extractor, &window, &mut memory), u16::from(class)));
    }
    Some(rows)
}

/// Fisher and Yates.
pub fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut rng = hone_numeric::rng::Rng::new(seed);
    for i in (1..items.len()).rev() {
        items.swap(i, rng.below(i as u32 + 1) as usize);
    }
}
