//! The graph: its nodes in order, its constants, and the walk from the input to what tells classes apart.

use super::array::{self, Array};
use super::draft::Draft;
use super::ops;
use super::proto;
use prost::Message;
use std::collections::{HashMap, HashSet};

/// A network read from a graph.
#[derive(Clone, Debug)]
pub struct Read {
    pub draft: Draft,
    /// What the graph calls its classes, if it does.
    pub labels: Option<Labels>,
}

/// Names of classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Labels {
    Numbers(Vec<i64>),
    Names(Vec<String>),
}

impl Labels {
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(all) => all.len(),
            Self::Names(all) => all.len(),
        }
    }
}

/// A node, with how it is called in what is said of it.
#[derive(Clone, Copy, Debug)]
pub struct Node<'g> {
    pub of: &'g proto::Node,
    pub number: usize,
}

impl<'g> Node<'g> {
    /// Its kind, with the domain where that is not ONNX's own.
    pub fn op(&self) -> &'g str {
        &self.of.op
    }

    /// A line that says which node is refused and why.
    pub fn refuse(&self, why: &str) -> String {
        let name =
            if self.of.name.is_empty() { format!("number {}", self.number) } else { format!("'{}'", self.of.name) };
        format!("node {name} ({}): {why}", self.of.op)
    }

    pub fn input(&self, index: usize) -> Option<&'g str> {
        self.of.inputs.get(index).map(String::as_str).filter(|name| !name.is_empty())
    }

    pub fn attribute(&self, name: &str) -> Option<&'g proto::Attribute> {
        self.of.attributes.iter().find(|a| a.name == name)
    }

    pub fn int(&self, name: &str, default: i64) -> i64 {
        self.attribute(name).and_then(|a| a.i).unwrap_or(default)
    }

    pub fn float(&self, name: &str, default: f32) -> f64 {
        self.attribute(name).and_then(|a| a.f).unwrap_or(default).into()
    }

    pub fn ints(&self, name: &str) -> Option<&'g [i64]> {
        self.attribute(name).map(|a| &a.ints[..])
    }

    pub fn text(&self, name: &str) -> Option<&'g str> {
        self.attribute(name).and_then(|a| std::str::from_utf8(a.s.as_deref()?).ok())
    }
}

/// Constants by name.
pub type Constants<'g> = HashMap<&'g str, Array>;

/// Tells what is read of a file in ONNX's format.
///
/// # Errors
/// A line that says what is not as it must be, and what to do.
pub fn read(bytes: &[u8]) -> Result<Read, String> {
    let model = proto::Model::decode(bytes).map_err(|e| format!("it is no ONNX file: {e}"))?;
    let graph = model.graph.ok_or("it is no ONNX file, or has no graph")?;
    let mut constants = Constants::new();
    for tensor in graph.initializers.iter().filter(|t| t.data_type != STRINGS) {
        let array = Array::read(tensor).map_err(|why| format!("constant '{}' {why}", tensor.name))?;
        constants.insert(&tensor.name, array);
    }
    let nodes: Vec<Node> = graph.nodes.iter().zip(1..).map(|(of, number)| Node { of, number }).collect();
    let mut left = Vec::new();
    for node in &nodes {
        match constant(node, &constants)? {
            Some(array) => {
                let name = node.of.outputs.first().ok_or_else(|| node.refuse("it has no output"))?;
                constants.insert(name, array);
            }
            None => left.push(*node),
        }
    }
    let inputs: Vec<_> = graph.inputs.iter().filter(|i| !constants.contains_key(&i.name[..])).collect();
    let [input] = inputs[..] else {
        return Err(format!("it has {} inputs, and a network here has one", inputs.len()));
    };
    let shape = shape(input).map_err(|why| format!("input '{}' {why}", input.name))?;
    let mut draft = Draft::new(shape).map_err(|why| format!("input '{}' {why}", input.name))?;
    let walked = walk(&input.name, &left, &mut constants, &mut draft)?;
    let labels = walked.or_else(|| labels(&graph));
    Ok(Read { draft, labels })
}

/// The number of ONNX's type of strings.
const STRINGS: i32 = 8;

/// The shape of an input, its batch 1.
fn shape(input: &proto::ValueInfo) -> Result<Vec<usize>, String> {
    let tensor = input.of.as_ref().and_then(|t| t.tensor.as_ref()).ok_or("is no tensor")?;
    if !matches!(tensor.element, 1 | 11) {
        return Err("is not of floats: a network here takes in real numbers".into());
    }
    let dims = tensor.shape.as_ref().map_or(&[][..], |s| &s.dims);
    let [_, rest @ ..] = dims else { return Err("has no shape; export it with one".into()) };
    let known = |d: &proto::Dimension| d.value.and_then(|d| usize::try_from(d).ok()).filter(|d| *d > 0);
    let rest: Option<Vec<usize>> = rest.iter().map(known).collect();
    let rest = rest.filter(|rest| !rest.is_empty());
    let rest = rest.ok_or("has a dimension, besides the batch, that is not a fixed number; export it with one")?;
    Ok([&[1], &rest[..]].concat())
}

/// What a node gives whose inputs are all constant; `None` where it is no such node.
fn constant(node: &Node<'_>, constants: &Constants<'_>) -> Result<Option<Array>, String> {
    if node.op() == "Constant" {
        return value(node).map(Some);
    }
    let all: Option<Vec<&Array>> =
        node.of.inputs.iter().filter(|name| !name.is_empty()).map(|name| constants.get(&name[..])).collect();
    let Some([first, rest @ ..]) = all.as_deref() else { return Ok(None) };
    let misfit = || node.refuse("its inputs do not fit one another");
    let seen =
        |shape: Option<Vec<usize>>| shape.map(|shape| Array { shape, ..(*first).clone() }).ok_or_else(misfit).map(Some);
    match node.op() {
        "Identity" | "Cast" => Ok(Some((*first).clone())),
        "Transpose" => {
            let reversed: Vec<i64> = (0..first.shape.len() as i64).rev().collect();
            let axes = axes(node.ints("perm").unwrap_or(&reversed)).ok_or_else(misfit)?;
            first.transposed(&axes).ok_or_else(misfit).map(Some)
        }
        "Reshape" => {
            let [wanted, ..] = rest else { return Err(misfit()) };
            seen(array::reshaped(&first.shape, &wanted.ints()))
        }
        "Squeeze" => {
            let axes = node.ints("axes").map(<[i64]>::to_vec).or_else(|| rest.first().map(|a| a.ints()));
            seen(array::squeezed(&first.shape, axes.as_deref()))
        }
        "Unsqueeze" => {
            let axes = node.ints("axes").map(<[i64]>::to_vec).or_else(|| rest.first().map(|a| a.ints()));
            seen(array::unsqueezed(&first.shape, &axes.ok_or_else(misfit)?))
        }
        "DequantizeLinear" => {
            let [scale, zero @ ..] = rest else { return Err(misfit()) };
            first.dequantised(scale, zero.first().copied(), node.int("axis", 1)).ok_or_else(misfit).map(Some)
        }
        _ => Ok(None),
    }
}

/// Axes as places.
pub fn axes(list: &[i64]) -> Option<Vec<usize>> {
    list.iter().map(|a| array::place(*a, list.len())).collect()
}

fn value(node: &Node<'_>) -> Result<Array, String> {
    let list = |list: Vec<f64>| Ok(Array::list(list));
    let one = |x: f64| Ok(Array::new(vec![], vec![x]));
    if let Some(tensor) = node.attribute("value").and_then(|a| a.t.as_ref()) {
        // Names of classes are read where they are asked for.
        return if tensor.data_type == STRINGS {
            list(vec![])
        } else {
            Array::read(tensor).map_err(|why| node.refuse(&format!("it {why}")))
        };
    }
    for attribute in &node.of.attributes {
        match &attribute.name[..] {
            "value_float" => return one(attribute.f.unwrap_or(0.0).into()),
            "value_int" => return one(attribute.i.unwrap_or(0) as f64),
            "value_floats" => return list(attribute.floats.iter().map(|x| f64::from(*x)).collect()),
            "value_ints" => return list(attribute.ints.iter().map(|x| *x as f64).collect()),
            _ => {}
        }
    }
    Err(node.refuse("it is of no kind that is read here"))
}

/// Follows the tensor from the input on; the classes' names, where the last node has them.
fn walk<'g>(
    input: &'g str,
    nodes: &[Node<'g>],
    constants: &mut Constants<'g>,
    draft: &mut Draft,
) -> Result<Option<Labels>, String> {
    let mut at = input;
    let mut passed = HashSet::new();
    loop {
        let takers: Vec<Node> = nodes.iter().filter(|n| n.of.inputs.iter().any(|name| name == at)).copied().collect();
        let answer = takers.iter().find(|n| tells(n, nodes));
        if let Some(node) = answer {
            if ops::rows_of_shape(draft).is_none() {
                return Err(node.refuse("what it takes in is not one row of numbers"));
            }
            if node.op() == "LinearClassifier" {
                return ops::linear_classifier(node, draft).map(Some).map_err(|why| node.refuse(&why));
            }
            draft.finish(node.op().ends_with("Sigmoid")).map_err(|why| node.refuse(&why))?;
            return Ok(None);
        }
        match takers[..] {
            [] => {
                draft.finish(false).map_err(|why| format!("output '{at}': {why}"))?;
                return Ok(None);
            }
            [node] => {
                if !passed.insert(node.number) {
                    return Err(node.refuse("the graph goes round in a circle"));
                }
                ops::apply(&node, at, constants, draft).map_err(|why| node.refuse(&why))?;
                at = node.of.outputs.first().ok_or_else(|| node.refuse("it has no output"))?;
            }
            [one, other, ..] => {
                return Err(other.refuse(&format!(
                    "it takes in '{at}' beside {}: the graph branches, and a network here is a chain",
                    one.refuse("").trim_end_matches(": ")
                )));
            }
        }
    }
}

/// Nodes that tell classes apart by the logits.
const ANSWERS: [&str; 9] = [
    "Softmax",
    "LogSoftmax",
    "QLinearSoftmax",
    "Sigmoid",
    "QLinearSigmoid",
    "ArgMax",
    "ZipMap",
    "LinearClassifier",
    "TopK",
];
/// Nodes of layers.
const LAYERS: [&str; 8] =
    ["MatMul", "Gemm", "Conv", "ConvTranspose", "QLinearMatMul", "QLinearConv", "QGemm", "LinearClassifier"];

/// Whether a node tells classes apart: no layer comes behind it.
fn tells(node: &Node<'_>, nodes: &[Node<'_>]) -> bool {
    if !ANSWERS.contains(&node.op()) {
        return false;
    }
    let mut reached: HashSet<&str> = node.of.outputs.iter().map(String::as_str).collect();
    // In order, as nodes are; what a node out of order hides is refused where it is met.
    for other in nodes.iter().filter(|n| n.number > node.number) {
        if other.of.inputs.iter().any(|name| reached.contains(&name[..])) {
            if LAYERS.contains(&other.op()) {
                return false;
            }
            reached.extend(other.of.outputs.iter().map(String::as_str));
        }
    }
    true
}

/// What scikit-learn's converter writes of the classes' names.
fn labels(graph: &proto::Graph) -> Option<Labels> {
    let names = |list: &[Vec<u8>]| list.iter().map(|s| String::from_utf8_lossy(s).into_owned()).collect::<Vec<_>>();
    for node in &graph.nodes {
        for attribute in &node.attributes {
            match &attribute.name[..] {
                "classlabels_int64s" | "classlabels_ints" => return Some(Labels::Numbers(attribute.ints.clone())),
                "classlabels_strings" => return Some(Labels::Names(names(&attribute.strings))),
                _ => {}
            }
        }
        let classes = node.inputs.first().filter(|_| node.op == "ArrayFeatureExtractor");
        let tensor = classes.and_then(|name| graph.initializers.iter().find(|t| t.name == **name));
        match tensor {
            Some(tensor) if tensor.data_type == STRINGS => return Some(Labels::Names(names(&tensor.strings))),
            Some(tensor) => return Array::read(tensor).ok().map(|a| Labels::Numbers(a.ints())),
            None => {}
        }
    }
    None
}
