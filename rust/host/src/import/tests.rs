//! The importer against ONNX Runtime's answers (`tests/onnx/make.py`), and against what no network here can be.

use super::*;
use crate::dataset::Class;
use std::fs;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/onnx")
}

fn file(name: &str) -> Vec<u8> {
    fs::read(folder().join(format!("{name}.onnx"))).unwrap()
}

/// The rows in the order of the network's input, and the probabilities of the classes.
fn rows(name: &str, network: &Read) -> (Vec<Vec<f32>>, Vec<Vec<f32>>) {
    let text = fs::read_to_string(folder().join(format!("{name}.csv"))).unwrap();
    let entry = &network.draft.entry;
    let line = |line: &str| {
        let all: Vec<f32> = line.split(',').map(|x| x.parse().unwrap()).collect();
        let (row, told) = all.split_at(entry.len());
        (entry.iter().map(|place| row[*place]).collect(), told.to_vec())
    };
    text.lines().map(line).unzip()
}

fn probabilities(net: &Net, row: &[f32]) -> Vec<f32> {
    let mut scratch = vec![0; net.view().scratch_words()];
    let logits = net.view().logits(row, &mut scratch).unwrap();
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let parts: Vec<f32> = logits.iter().map(|z| (z - most).exp()).collect();
    parts.iter().map(|p| p / parts.iter().sum::<f32>()).collect()
}

fn furthest(net: &Net, rows: &[Vec<f32>], told: &[Vec<f32>]) -> f32 {
    let apart = |(row, told): (&Vec<f32>, &Vec<f32>)| {
        let ours = probabilities(net, row);
        assert_eq!(ours.len(), told.len());
        ours.iter().zip(told).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    };
    rows.iter().zip(told).map(apart).fold(0.0, f32::max)
}

const FLOAT: [&str; 7] = ["classes", "two", "linear", "conv", "float", "frames-first", "transposed"];
const WHOLE: [&str; 2] = ["qdq", "qoperator"];

#[test]
fn networks_say_what_onnx_runtime_says_of_them() {
    for name in FLOAT {
        let network = read(&file(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let (rows, told) = rows(name, &network);
        let classes = classes(&network, None, &[]).unwrap();
        let made = make(&network, &classes, &rows, Numbers::Int8).unwrap_or_else(|e| panic!("{name}: {e}"));
        let real = furthest(&made.real, &rows, &told);
        let bytes = furthest(&made.model, &rows, &told);
        let same = agreement(&made, &rows, &vec![None; rows.len()]).same;
        println!("{name}: {real} {bytes} {same}/{}", rows.len());
        assert!(real < 1e-4 && bytes < 0.1 && same + 2 >= rows.len(), "{name}: {real} {bytes} {same}");
    }
}

#[test]
fn networks_of_whole_numbers_need_no_rows() {
    for name in WHOLE {
        let network = read(&file(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let (rows, told) = rows(name, &network);
        let classes = classes(&network, None, &[]).unwrap();
        let made = make(&network, &classes, &[], Numbers::Int8).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(made.standard, Standard::Range, "{name}");
        assert_eq!(made.network.layers().iter().filter(|l| l.relu).count(), 2, "{name}: ReLUs that bounds stand for");
        let (real, bytes) = (furthest(&made.real, &rows, &told), furthest(&made.model, &rows, &told));
        println!("{name}: {real} {bytes}");
        assert!(real < 0.04 && bytes < 0.08, "{name}: {real} {bytes}");
    }
}

#[test]
fn in_floats_without_rows_there_is_no_range() {
    let network = read(&file("classes")).unwrap();
    let classes = classes(&network, None, &[]).unwrap();
    let error = make(&network, &classes, &[], Numbers::Int8).unwrap_err();
    assert!(error.contains("--calibrate"), "{error}");
    let made = make(&network, &classes, &[], Numbers::F32).unwrap();
    assert_eq!((made.standard, made.model.view().numbers()), (Standard::Graph, Numbers::F32));
}

#[test]
fn classes_have_the_graphs_names_or_those_given() {
    let names = |list: Vec<(ClassId, String)>| list.into_iter().map(|(id, n)| (id.0, n)).collect::<Vec<_>>();
    let of = |name: &str| read(&file(name)).unwrap();
    let named = [(0, "idle"), (1, "loaded"), (2, "stalled")].map(|(n, name)| (n, name.to_owned()));
    assert_eq!(names(classes(&of("classes"), None, &[]).unwrap()), named);
    assert_eq!(names(classes(&of("two"), None, &[]).unwrap()), [(3, String::new()), (4, String::new())]);
    // A manifest's classes have their own numbers.
    let class = |id, name: &str| Class { id: ClassId(id), name: name.into(), anomalous: false };
    let known = [class(9, "stalled"), class(5, "idle"), class(7, "loaded"), class(1, "other")];
    let found = names(classes(&of("classes"), None, &known).unwrap());
    assert_eq!(found.iter().map(|c| c.0).collect::<Vec<_>>(), [5, 7, 9]);
    let asked = ["idle".to_owned(), "running".into(), "stalled".into()];
    let error = classes(&of("classes"), Some(&asked), &known).unwrap_err();
    assert!(error.contains("no class 'running'; it has stalled, idle, loaded, other"), "{error}");
    let error = classes(&of("classes"), Some(&asked[..2]), &[]).unwrap_err();
    assert!(error.contains("2 classes are named and the network has 3 outputs"), "{error}");
    let twice = ["a".to_owned(), "a".into(), "b".into()];
    assert!(
        classes(&of("classes"), Some(&twice), &[class(0, "a"), class(1, "b")]).unwrap_err().contains("the same class")
    );
    // Outputs in another order than the numbers.
    let network = of("classes");
    let (rows, told) = rows("classes", &network);
    let turned = ["7".to_owned(), "3".into(), "5".into()];
    let made = make(&network, &classes(&network, Some(&turned), &[]).unwrap(), &rows, Numbers::Int8).unwrap();
    for (row, told) in rows.iter().zip(&told) {
        let most = (0..3).max_by(|a, b| told[*a].total_cmp(&told[*b])).unwrap();
        let mut scratch = vec![0; made.model.view().scratch_words()];
        let class = ClassId([7, 3, 5][most]);
        assert_eq!(made.model.infer(row, &mut scratch).decision, hone_learn::Decision::Class(class));
    }
}

#[test]
fn what_is_no_network_is_refused_with_the_node_and_what_to_do() {
    for (name, words) in [
        ("tanh", "node 'r_node' (Tanh): of activations there is Relu alone; train with that"),
        ("sigmoid", "node 'r_node' (Sigmoid): it stands between layers; train with Relu between them"),
        ("branch", "node 'r_node' (Add): it takes in 'h' beside node 's_node' (Relu): the graph branches"),
        ("padded", "node 'h_node' (Conv): it pads its input; here nothing is padded: train it with padding 0"),
        ("groups", "node 'h_node' (Conv): it is in groups"),
        ("dilated", "node 'h_node' (Conv): it is dilated; train it with dilation 1"),
        ("pool", "node 'p_node' (MaxPool): of pools there are averages alone"),
        ("overlap", "node 'p_node' (AveragePool): it averages 3 frames, one every 1; here means do not overlap"),
        ("one-output", "output 'y': it has one output"),
        ("integers", "input 'x' is not of floats"),
        ("free-shape", "input 'x' has a dimension, besides the batch, that is not a fixed number"),
        ("misfit", "node 'h_node' (Gemm): it takes in one row of 4 numbers, and there is a tensor of shape [1, 5]"),
        ("circle", "the graph goes round in a circle"),
        ("unknown", "node 'y_node' (Whiten): no layer here does that; there are Gemm"),
    ] {
        let error = read(&file(&format!("refused/{name}"))).unwrap_err();
        assert!(error.contains(words), "{name}: {error}");
    }
    for bytes in [&b""[..], b"HONE", b"# a text\n"] {
        assert!(read(bytes).unwrap_err().contains("it is no ONNX file"), "{bytes:?}");
    }
}

#[test]
fn harmed_files_are_refused_or_read() {
    let mut taken = 0;
    for name in FLOAT.into_iter().chain(WHOLE) {
        let bytes = file(name);
        let step = (bytes.len() / 120).max(1);
        let cut = (0..bytes.len()).step_by(step).map(|n| bytes[..n].to_vec());
        let flipped = (0..bytes.len()).step_by(step).map(|i| {
            let mut bytes = bytes.clone();
            bytes[i] ^= 1 << (i % 8);
            bytes
        });
        for harmed in cut.chain(flipped) {
            let Ok(network) = read(&harmed) else { continue };
            let Ok(classes) = classes(&network, None, &[]) else { continue };
            for numbers in [Numbers::F32, Numbers::Int8] {
                let rows = vec![vec![0.5; network.draft.input().len()]; 2];
                taken += usize::from(make(&network, &classes, &rows, numbers).is_ok());
            }
        }
    }
    // Most flips are in weights and names, which are as good as any others.
    assert!(taken > 200, "{taken}");
}
