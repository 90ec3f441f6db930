//! What each node does to the network so far.

use super::array::{self, Array};
use super::draft::Draft;
use super::graph::{Constants, Labels, Node, axes};
use hone_net::LayerKind;

type Refused = Result<(), String>;

/// Applies the node that takes in tensor `at`.
///
/// # Errors
/// What is not as it must be, in words that follow the node's name.
pub fn apply(node: &Node<'_>, at: &str, constants: &Constants<'_>, draft: &mut Draft) -> Refused {
    let first = node.input(0) == Some(at);
    let constant = |i: usize| node.input(i).and_then(|name| constants.get(name));
    let number = |i: usize| constant(i).and_then(Array::scalar);
    if !first && !matches!(node.op(), "Add" | "Mul") {
        return Err("its second input is not a constant".into());
    }
    match node.op() {
        "Identity" | "Dropout" | "Cast" => Ok(()),
        "Flatten" => {
            if node.int("axis", 1) != 1 {
                return Err("it keeps more than the batch apart; give it axis 1".into());
            }
            let count = draft.shape.iter().product();
            draft.reshape(vec![1, count]);
            Ok(())
        }
        "Reshape" => {
            let wanted = constant(1).ok_or("its shape is not a constant; use Flatten, or export with a fixed shape")?;
            reshape(draft, array::reshaped(&draft.shape, &wanted.ints()))
        }
        "Squeeze" => {
            let axes = given_axes(node, constants);
            reshape(draft, array::squeezed(&draft.shape, axes.as_deref()))
        }
        "Unsqueeze" => {
            let axes = given_axes(node, constants).ok_or("its axes are not constant")?;
            reshape(draft, array::unsqueezed(&draft.shape, &axes))
        }
        "Transpose" => {
            let reversed: Vec<i64> = (0..draft.shape.len() as i64).rev().collect();
            draft.transpose(&axes(node.ints("perm").unwrap_or(&reversed)).ok_or("its axes are none of the tensor's")?)
        }
        "Relu" => draft.relu(),
        "Clip" => {
            let bound = |name, i| node.attribute(name).and_then(|a| a.f).map(f64::from).or_else(|| number(i));
            match (bound("min", 1), bound("max", 2)) {
                (Some(0.0), most) if most.is_none_or(|most| most >= f64::from(f32::MAX)) => draft.relu(),
                _ => Err("it cuts between other bounds than 0 and infinity; train with Relu".into()),
            }
        }
        "Add" | "Mul" => {
            let other = constant(usize::from(first)).ok_or("its other input is not a constant")?;
            let other = fit(other, draft)?;
            let none = |x: f64| vec![x; other.len()];
            if node.op() == "Add" { draft.affine(&none(1.0), &other) } else { draft.affine(&other, &none(0.0)) }
            Ok(())
        }
        "Sub" | "Div" => {
            let other = fit(constant(1).ok_or("its other input is not a constant")?, draft)?;
            if node.op() == "Sub" {
                draft.affine(&vec![1.0; other.len()], &other.iter().map(|x| -x).collect::<Vec<_>>());
            } else if other.contains(&0.0) {
                return Err("it divides by 0".into());
            } else {
                draft.affine(&other.iter().map(|x| 1.0 / x).collect::<Vec<_>>(), &vec![0.0; other.len()]);
            }
            Ok(())
        }
        "Scaler" => {
            let list = |name| {
                let floats = node.attribute(name).map_or(&[][..], |a| &a.floats);
                fit(&Array::list(floats.iter().map(|x| f64::from(*x)).collect()), draft)
            };
            let (offset, scale) = (list("offset")?, list("scale")?);
            let shift: Vec<f64> = offset.iter().zip(&scale).map(|(o, s)| -o * s).collect();
            draft.affine(&scale, &shift);
            Ok(())
        }
        "BatchNormalization" => normalise(node, constants, draft),
        "Gemm" => {
            if node.int("transA", 0) != 0 {
                return Err("its input is transposed".into());
            }
            let w = constant(1).ok_or("its weights are not constant")?;
            let alpha = node.float("alpha", 1.0);
            let mut w = if node.int("transB", 0) == 0 { turned(w)? } else { w.clone() };
            w.data.iter_mut().for_each(|w| *w *= alpha);
            let bias = match node.input(2) {
                None => None,
                Some(_) => Some(constant(2).ok_or("its biases are not constant")?),
            };
            dense(&w, bias, node.float("beta", 1.0), draft)
        }
        "MatMul" => {
            let w = constant(1).ok_or("its second input is not a constant")?;
            dense(&turned(w)?, None, 1.0, draft)
        }
        "Conv" | "ConvTranspose" => {
            let w = constant(1).ok_or("its weights are not constant")?;
            let bias = match node.input(2) {
                None => None,
                Some(_) => Some(constant(2).ok_or("its biases are not constant")?),
            };
            convolve(node, w, bias.map(|b| b.data.clone()), draft)
        }
        "AveragePool" | "QLinearAveragePool" => average(node, constants, draft),
        "GlobalAveragePool" | "QLinearGlobalAveragePool" => {
            if node.int("channels_last", 0) != 0 {
                return Err("its channels are last; export it with channels first".into());
            }
            draft.average(None)?;
            quantised_pool(node, constants, draft)
        }
        "ReduceMean" => {
            let axes = given_axes(node, constants).ok_or("its axes are not constant")?;
            let rank = draft.shape.len();
            let mut places: Vec<usize> = axes.iter().map(|a| array::place(*a, rank)).collect::<Option<_>>().ok_or("its axes are none of the tensor's")?;
            places.sort_unstable();
            if places != (2..rank).collect::<Vec<_>>() || rank < 3 {
                return Err("it takes the mean over other axes than that of the frames, behind the channels".into());
            }
            draft.average(None)?;
            if node.int("keepdims", 1) == 0 {
                let channels = draft.shape[1];
                draft.reshape(vec![1, channels]);
            }
            Ok(())
        }
        "QuantizeLinear" => {
            let (scale, zero) = (constant(1), constant(2));
            quantised(scale, zero, node.input(2).is_some(), draft)
        }
        "DequantizeLinear" => Ok(()),
        "QLinearMatMul" | "QLinearConv" | "QGemm" => quantised_layer(node, constants, draft),
        "Softmax" | "LogSoftmax" | "Sigmoid" => {
            Err("it stands between layers; train with Relu between them".into())
        }
        "Tanh" | "LeakyRelu" | "Elu" | "Selu" | "PRelu" | "Gelu" | "HardSigmoid" | "HardSwish" | "Softplus" | "Erf" => {
            Err("of activations there is Relu alone; train with that".into())
        }
        "MaxPool" | "GlobalMaxPool" => {
            Err("of pools there are averages alone; train with AveragePool or GlobalAveragePool".into())
        }
        "LSTM" | "GRU" | "RNN" => Err("a network here has no memory; train with Gemm, Conv, AveragePool".into()),
        "Shape" => Err("it computes a shape; use Flatten, or export with a fixed shape".into()),
        "MatMulInteger" | "ConvInteger" | "DynamicQuantizeLinear" => {
            Err("it is quantised while it runs; export it in floats, or quantised statically".into())
        }
        _ => Err(
            "no layer here does that; there are Gemm, MatMul and Add, Conv, ConvTranspose, Relu, AveragePool, GlobalAveragePool, \
             Flatten, Reshape, BatchNormalization, Scaler, and Softmax at the end"
                .into(),
        ),
    }
}

/// The length of the row that the tensor is, if it is one.
pub fn rows_of_shape(draft: &Draft) -> Option<usize> {
    draft.shape.iter().filter(|d| **d > 1).count().le(&1).then(|| draft.shape.iter().product())
}

/// scikit-learn's linear classifier: one layer.
///
/// # Errors
/// As [`apply`].
pub fn linear_classifier(node: &Node<'_>, draft: &mut Draft) -> Result<Labels, String> {
    let list = |name| node.attribute(name).map_or(&[][..], |a| &a.floats[..]).iter().map(|x| f64::from(*x)).collect();
    let (weights, biases): (Vec<f64>, Vec<f64>) = (list("coefficients"), list("intercepts"));
    let numbers = node.ints("classlabels_ints").map(|l| Labels::Numbers(l.to_vec()));
    let names = node
        .attribute("classlabels_strings")
        .map(|a| Labels::Names(a.strings.iter().map(|s| String::from_utf8_lossy(s).into_owned()).collect()));
    let labels = numbers.or(names).ok_or("it has no labels")?;
    if biases.len() != labels.len() {
        return Err(format!("it has {} rows of coefficients for {} classes", biases.len(), labels.len()));
    }
    if weights.iter().chain(&biases).any(|w| !w.is_finite()) {
        return Err("a coefficient is infinite, or not a number".into());
    }
    draft.dense(&weights, biases)?;
    draft.finish(false)?;
    Ok(labels)
}

fn reshape(draft: &mut Draft, shape: Option<Vec<usize>>) -> Refused {
    let shape = shape.filter(|s| s.first() == Some(&1) && s.len() > 1);
    draft.reshape(shape.ok_or("it gives no tensor whose first axis is the batch")?);
    Ok(())
}

fn given_axes(node: &Node<'_>, constants: &Constants<'_>) -> Option<Vec<i64>> {
    let list = node.ints("axes").map(<[i64]>::to_vec);
    list.or_else(|| node.input(1).and_then(|name| constants.get(name)).map(Array::ints))
}

/// A constant's numbers at each place of the tensor.
fn fit(array: &Array, draft: &Draft) -> Result<Vec<f64>, String> {
    let misfit = || format!("a constant of shape {:?} does not fit a tensor of shape {:?}", array.shape, draft.shape);
    array.broadcast(&draft.shape).ok_or_else(misfit)
}

/// A matrix with a row for each output.
fn turned(w: &Array) -> Result<Array, String> {
    w.transposed(&[1, 0]).ok_or_else(|| format!("its weights have the shape {:?}, and a matrix is needed", w.shape))
}

/// `w` has a row for each output.
fn dense(w: &Array, bias: Option<&Array>, beta: f64, draft: &mut Draft) -> Refused {
    let [units, len] = w.shape[..] else { return Err("its weights are no matrix".into()) };
    if draft.shape != [1, len] {
        return Err(format!("it takes in one row of {len} numbers, and there is a tensor of shape {:?}", draft.shape));
    }
    let biases = match bias {
        None => vec![0.0; units],
        Some(bias) => bias.broadcast(&[1, units]).ok_or("its biases are not one for each output")?,
    };
    draft.dense(&w.data, biases.iter().map(|b| b * beta).collect())
}

/// Of a list with a number for each axis that is slid along, the one of time; others must be what `none` is.
fn along(list: Option<&[i64]>, default: i64, axis: usize, count: usize, none: i64) -> Option<usize> {
    let list: Vec<i64> = list.map_or_else(|| vec![default; count], <[i64]>::to_vec);
    let others = list.iter().enumerate().all(|(i, x)| i == axis || *x == none || *x == default);
    usize::try_from(*list.get(axis)?).ok().filter(|_| others && list.len() == count)
}

/// Which of the axes behind the channels is time: the only one along which a filter of this shape is longer than 1, or the tensor.
fn time(draft: &Draft, kernel: &[usize]) -> Result<usize, String> {
    let spatial = draft.shape.get(2..).filter(|s| s.len() == kernel.len() && !s.is_empty());
    let spatial =
        spatial.ok_or_else(|| format!("a tensor of shape {:?} has no frames behind channels", draft.shape))?;
    let long = |list: &[usize]| list.iter().position(|d| *d > 1);
    let axis = long(spatial).or_else(|| long(kernel)).unwrap_or(0);
    let alone = |list: &[usize]| list.iter().enumerate().all(|(i, d)| i == axis || *d == 1);
    (alone(spatial) && alone(kernel))
        .then_some(axis)
        .ok_or_else(|| "it slides along more than one axis; here there is time alone".into())
}

fn unpadded(node: &Node<'_>) -> Refused {
    let padded = node.ints("pads").is_some_and(|p| p.iter().any(|p| *p != 0));
    let auto = node.text("auto_pad").is_some_and(|p| p != "NOTSET" && p != "VALID");
    if padded || auto {
        Err("it pads its input; here nothing is padded: train it with padding 0".into())
    } else {
        Ok(())
    }
}

fn convolve(node: &Node<'_>, w: &Array, bias: Option<Vec<f64>>, draft: &mut Draft) -> Refused {
    let [a, b, kernel @ ..] = &w.shape[..] else {
        return Err(format!("its weights have the shape {:?}", w.shape));
    };
    unpadded(node)?;
    if node.int("group", 1) != 1 {
        return Err("it is in groups; here each filter takes in all channels: train it with group 1".into());
    }
    if node.ints("dilations").is_some_and(|d| d.iter().any(|d| *d != 1)) {
        return Err("it is dilated; train it with dilation 1".into());
    }
    if node.ints("output_padding").is_some_and(|d| d.iter().any(|d| *d != 0))
        || node.attribute("output_shape").is_some()
    {
        return Err("it pads what it gives; train it without output_padding".into());
    }
    let axis = time(draft, kernel)?;
    let frames = kernel.get(axis).copied().unwrap_or(1);
    let stride =
        along(node.ints("strides"), 1, axis, kernel.len(), 1).ok_or("its strides are not one for each axis")?;
    let transposed = node.op() == "ConvTranspose";
    let (filters, channels, kind) =
        if transposed { (*b, *a, LayerKind::Transposed) } else { (*a, *b, LayerKind::Convolution) };
    let biases = bias.unwrap_or_else(|| vec![0.0; filters]);
    if biases.len() != filters {
        return Err(format!("it has {} biases for {filters} filters", biases.len()));
    }
    draft.slide(kind, [frames, stride], biases, channels, |o, c, t| {
        let (row, col) = if transposed { (c, o) } else { (o, c) };
        w.data.get((row * b + col) * frames + t).copied().unwrap_or(0.0)
    })
}

fn average(node: &Node<'_>, constants: &Constants<'_>, draft: &mut Draft) -> Refused {
    unpadded(node)?;
    let kernel: Option<Vec<usize>> =
        node.ints("kernel_shape").unwrap_or(&[]).iter().map(|k| usize::try_from(*k).ok()).collect();
    let kernel = kernel.ok_or("its kernel is not of whole numbers")?;
    let axis = time(draft, &kernel)?;
    let frames = kernel.get(axis).copied().unwrap_or(1);
    let stride =
        along(node.ints("strides"), 1, axis, kernel.len(), 1).ok_or("its strides are not one for each axis")?;
    let of = draft.shape[2 + axis];
    if stride != frames && frames != of {
        return Err(format!(
            "it averages {frames} frames, one every {stride}; here means do not overlap: give both the same"
        ));
    }
    if node.int("ceil_mode", 0) != 0 && !of.is_multiple_of(frames.max(1)) {
        return Err("it averages what is left at the end, too; train it with ceil_mode 0".into());
    }
    if node.ints("dilations").is_some_and(|d| d.iter().any(|d| *d != 1)) {
        return Err("it is dilated; train it with dilation 1".into());
    }
    draft.average(if frames == of { None } else { Some(frames) })?;
    quantised_pool(node, constants, draft)
}

fn normalise(node: &Node<'_>, constants: &Constants<'_>, draft: &mut Draft) -> Refused {
    let constant = |i: usize| {
        let array = node.input(i).and_then(|name| constants.get(name));
        array.map(|a| a.data.clone()).ok_or("its numbers are not constant")
    };
    let (gain, bias, mean, variance) = (constant(1)?, constant(2)?, constant(3)?, constant(4)?);
    let epsilon = node.float("epsilon", 1e-5);
    let channels = draft.shape.get(1).copied().unwrap_or(0);
    if [&gain, &bias, &mean, &variance].iter().any(|list| list.len() != channels) {
        return Err(format!("its numbers are not one for each of {channels} channels"));
    }
    let scale: Vec<f64> = gain.iter().zip(&variance).map(|(g, v)| g / (v + epsilon).sqrt()).collect();
    if scale.iter().any(|s| !s.is_finite()) {
        return Err("a variance is negative".into());
    }
    let shift: Vec<f64> = bias.iter().zip(&mean).zip(&scale).map(|((b, m), s)| b - m * s).collect();
    let by_channel = |list: Vec<f64>| {
        let mut shape = vec![1; draft.shape.len()];
        shape[1] = channels;
        fit(&Array::new(shape, list), draft)
    };
    let (scale, shift) = (by_channel(scale)?, by_channel(shift)?);
    draft.affine(&scale, &shift);
    Ok(())
}

/// The tensor is kept in whole numbers with this scale and zero point: what range they have, and where 0 is the least of them
/// also that what is negative was cut.
fn quantised(scale: Option<&Array>, zero: Option<&Array>, has_zero: bool, draft: &mut Draft) -> Refused {
    let scale = scale.and_then(Array::scalar).filter(|s| *s > 0.0).ok_or("its scale is not one positive constant")?;
    let (zero, least, most) = match zero {
        None if has_zero => return Err("its zero point is not a constant".into()),
        None => (0.0, 0.0, 255.0),
        Some(array) => {
            let bounds = array.least.zip(array.most).ok_or("it is not in 8 bits")?;
            (array.scalar().ok_or("it has a zero point for each channel; give the tensor one")?, bounds.0, bounds.1)
        }
    };
    let magnitude = ((least - zero).abs()).max((most - zero).abs()) * scale;
    // Quantisers leave out a Relu that does what their bounds do.
    if zero == least && !draft.pieces.is_empty() {
        draft.relu()?;
    }
    draft.range(magnitude);
    Ok(())
}

/// Pools of whole numbers: x, scale, zero, scale of y, zero of y.
fn quantised_pool(node: &Node<'_>, constants: &Constants<'_>, draft: &mut Draft) -> Refused {
    if !node.op().starts_with("QLinear") {
        return Ok(());
    }
    let constant = |i: usize| node.input(i).and_then(|name| constants.get(name));
    // What it averages is not negative where that matters.
    let magnitude = constant(3).and_then(Array::scalar).zip(constant(4)).and_then(|(scale, zero)| {
        let at = zero.scalar()?;
        Some(scale * (zero.least? - at).abs().max((zero.most? - at).abs()))
    });
    draft.range(magnitude.ok_or("its scales and zero points are not constant, or not in 8 bits")?);
    Ok(())
}

/// Layers of whole numbers: x, its scale and zero, w, its scale and zero, then of y, with the biases first or last.
fn quantised_layer(node: &Node<'_>, constants: &Constants<'_>, draft: &mut Draft) -> Refused {
    let constant = |i: usize| node.input(i).and_then(|name| constants.get(name));
    let gemm = node.op() == "QGemm";
    let (bias, scale, zero) = if gemm { (6, 7, 8) } else { (8, 6, 7) };
    if !draft.pieces.is_empty() {
        // Of what comes in the sign is known already.
        let range = constant(1).and_then(Array::scalar).zip(constant(2)).and_then(|(s, z)| {
            let at = z.scalar()?;
            Some(s * (z.least? - at).abs().max((z.most? - at).abs()))
        });
        draft.range(range.ok_or("its scales and zero points are not constant, or not in 8 bits")?);
    }
    let (w, w_scale) = constant(3).zip(constant(4)).ok_or("its weights are not constant")?;
    let turns = gemm && node.int("transB", 0) != 0;
    let axis = if node.op() == "QLinearConv" || turns { 0 } else { 1 };
    let weights = w.dequantised(w_scale, constant(5), axis).ok_or("the scales of its weights do not fit them")?;
    // Biases are in units of a sum.
    let x_scale = constant(1).and_then(Array::scalar).ok_or("its scale is not a constant")?;
    let biases = match node.input(bias) {
        None => None,
        Some(_) => {
            let b = constant(bias).ok_or("its biases are not constant")?;
            let unit = |i: usize| {
                x_scale * w_scale.data.get(if w_scale.data.len() > 1 { i } else { 0 }).copied().unwrap_or(0.0)
            };
            Some(Array::list(b.data.iter().enumerate().map(|(i, b)| b * unit(i)).collect()))
        }
    };
    if node.op() == "QLinearConv" {
        convolve(node, &weights, biases.map(|b| b.data), draft)?;
    } else {
        if node.int("transA", 0) != 0 || node.float("alpha", 1.0) != 1.0 {
            return Err("its input is transposed, or scaled by alpha".into());
        }
        let weights = if turns { weights } else { turned(&weights)? };
        dense(&weights, biases.as_ref(), 1.0, draft)?;
    }
    // Without a scale its output is real.
    match node.input(scale) {
        None => Ok(()),
        Some(_) => quantised(constant(scale), constant(zero), node.input(zero).is_some(), draft),
    }
}
