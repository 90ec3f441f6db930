//! A network while a graph is walked: its layers so far, and where each number of the graph's tensor lies in ours.
//!
//! Ours are kept frame by frame, the graph's channel by channel. A reshape or transposition changes how the graph sees a tensor and
//! not the numbers, so the state has the graph's shape and for each place in it the place in our tensor. Of the input the order is
//! free until the first layer with frames asks for one.
//!
//! What multiplies and adds channel by channel (a normalisation, a scaler) is folded into the layer before it where that is linear, or
//! else waits for the next one.

use hone_net::{Extent, Layer, LayerKind, MAX_TENSOR};

/// A layer with its numbers.
#[derive(Clone, Debug)]
pub struct Piece {
    pub layer: Layer,
    pub input: Extent,
    pub output: Extent,
    /// Row by row as `hone_net::Given` has them; empty of an average.
    pub weights: Vec<f64>,
    pub biases: Vec<f64>,
}

impl Piece {
    pub fn learns(&self) -> bool {
        self.layer.kind.learns()
    }

    /// Weights of a row.
    fn cols(&self) -> usize {
        match self.layer.kind {
            LayerKind::Convolution => usize::from(self.layer.kernel) * usize::from(self.input.channels),
            LayerKind::Transposed => usize::from(self.layer.kernel) * usize::from(self.output.channels),
            _ => self.input.len(),
        }
    }

    /// Each weight, with the numbers of the channels that it leads from and to. Of a dense layer these are its units, and all that
    /// it takes in.
    fn each(&mut self, mut change: impl FnMut(&mut f64, usize, usize)) {
        let (cols, kind) = (self.cols().max(1), self.layer.kind);
        let (from, to) = (usize::from(self.input.channels).max(1), usize::from(self.output.channels).max(1));
        for (i, w) in self.weights.iter_mut().enumerate() {
            let (row, col) = (i / cols, i % cols);
            match kind {
                LayerKind::Convolution => change(w, col % from, row),
                LayerKind::Transposed => change(w, row, col % to),
                _ => change(w, col, row),
            }
        }
    }

    /// Scales and shifts what it gives, by channel.
    fn scale_output(&mut self, scale: &[f64], shift: &[f64]) {
        self.each(|w, _, to| *w *= scale[to]);
        for ((b, scale), shift) in self.biases.iter_mut().zip(scale).zip(shift) {
            *b = *b * scale + shift;
        }
    }

    /// Takes in what is scaled and shifted before it, place by place of a dense layer's input, by channel of a convolution's;
    /// whether it can.
    fn scale_input(&mut self, scale: &[f64], shift: &[f64]) -> bool {
        // At the ends fewer frames add to an output, and so fewer shifts.
        if self.layer.kind == LayerKind::Transposed && shift.iter().any(|s| *s != 0.0) {
            return false;
        }
        let mut added = vec![0.0; self.biases.len()];
        self.each(|w, from, to| {
            added[to] += *w * shift[from];
            *w *= scale[from];
        });
        self.biases.iter_mut().zip(added).for_each(|(b, a)| *b += a);
        true
    }
}

/// y = scale·x + shift, for each number of our tensor.
#[derive(Clone, Debug)]
pub struct Affine {
    pub scale: Vec<f64>,
    pub shift: Vec<f64>,
}

impl Affine {
    fn none(len: usize) -> Self {
        Self { scale: vec![1.0; len], shift: vec![0.0; len] }
    }

    /// By channel, if it is the same in all frames.
    fn by_channel(&self, channels: usize) -> Option<Self> {
        let same = |all: &[f64]| all.chunks(channels).all(|frame| frame == &all[..channels]);
        let whole = channels > 0 && same(&self.scale) && same(&self.shift);
        whole.then(|| Self { scale: self.scale[..channels].to_vec(), shift: self.shift[..channels].to_vec() })
    }
}

/// The state of a walk.
#[derive(Clone, Debug)]
pub struct Draft {
    pub pieces: Vec<Piece>,
    /// Of the graph's tensor, the batch first as 1.
    pub shape: Vec<usize>,
    /// For each place of it the place in our tensor.
    order: Vec<usize>,
    /// Of our tensor.
    extent: Extent,
    pending: Option<Affine>,
    /// For each number of our input its place in the graph's, once there is a layer.
    pub entry: Vec<usize>,
    /// What the graph does to its input before the first layer.
    pub standard: Option<Affine>,
    /// Largest magnitude of what each layer takes in, where the graph says it.
    pub ranges: Vec<(usize, f64)>,
}

type Refused = Result<(), String>;

impl Draft {
    /// Of an input of this shape, the batch first.
    ///
    /// # Errors
    /// It is too long.
    pub fn new(shape: Vec<usize>) -> Result<Self, String> {
        let len = shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d)).filter(|n| (1..=MAX_TENSOR).contains(n));
        let len = len.ok_or_else(|| format!("has more than {MAX_TENSOR} numbers, or none"))?;
        let extent = Extent { frames: 1, channels: len as u16 };
        let (pieces, ranges) = (Vec::new(), Vec::new());
        let order = (0..len).collect();
        Ok(Self { pieces, shape, order, extent, pending: None, entry: Vec::new(), standard: None, ranges })
    }

    fn len(&self) -> usize {
        self.order.len()
    }

    /// The graph sees the tensor with another shape.
    pub fn reshape(&mut self, shape: Vec<usize>) {
        self.shape = shape;
    }

    /// The graph sees the tensor with its axes in another order.
    pub fn transpose(&mut self, axes: &[usize]) -> Refused {
        let places = super::array::transposed(&self.shape, axes).filter(|_| axes.first() == Some(&0));
        let places = places.ok_or("its axes are none of the tensor's, or move the batch")?;
        self.order = places.iter().map(|place| self.order[*place]).collect();
        self.shape = axes.iter().map(|a| self.shape[*a]).collect();
        Ok(())
    }

    /// Before the first layer: our order of the input is this, `places` being the graph's places in it.
    fn enter(&mut self, places: Vec<usize>, extent: Extent) {
        let of = |list: &[f64]| places.iter().map(|place| list[self.order[*place]]).collect();
        let affine = self.pending.take().unwrap_or_else(|| Affine::none(places.len()));
        self.standard = Some(Affine { scale: of(&affine.scale), shift: of(&affine.shift) });
        self.entry = places.iter().map(|place| self.order[*place]).collect();
        let mut order = vec![0; places.len()];
        places.iter().enumerate().for_each(|(ours, graphs)| order[*graphs] = ours);
        (self.order, self.extent) = (order, extent);
    }

    /// The tensor is seen as channels of frames, with no other axis longer than 1: our order is then frame by frame.
    fn frames(&mut self) -> Refused {
        let [1, channels, rest @ ..] = &self.shape[..] else {
            return Err(format!("it takes in a tensor of shape {:?}, not of channels and frames", self.shape));
        };
        let channels = *channels;
        let frames: usize = rest.iter().product();
        if rest.iter().filter(|d| **d > 1).count() > 1 {
            return Err("it slides along more than one axis; here there is time alone".into());
        }
        let extent = Extent { frames: frames as u16, channels: channels as u16 };
        let places: Vec<usize> = (0..channels * frames).map(|i| i % channels * frames + i / channels).collect();
        if self.entry.is_empty() {
            self.enter(places, extent);
            return Ok(());
        }
        let same = self.extent == extent && places.iter().enumerate().all(|(ours, graphs)| self.order[*graphs] == ours);
        same.then_some(()).ok_or_else(|| "what the layer before it gives has other channels and frames".into())
    }

    /// What waits for the next layer goes into it.
    fn fold(&mut self, piece: &mut Piece) -> Refused {
        let Some(affine) = self.pending.take() else { return Ok(()) };
        let affine = if piece.layer.kind == LayerKind::Dense {
            affine
        } else {
            affine
                .by_channel(piece.input.channels.into())
                .ok_or("what is added before it is not the same in all frames")?
        };
        let folded = piece.scale_input(&affine.scale, &affine.shift);
        folded.then_some(()).ok_or_else(|| "what is added before a transposed convolution cannot be part of it".into())
    }

    fn push(&mut self, mut piece: Piece) -> Refused {
        self.fold(&mut piece)?;
        self.extent = piece.output;
        self.pieces.push(piece);
        Ok(())
    }

    /// y = W·x + b, the weights of each output in the order of the graph's tensor.
    pub fn dense(&mut self, weights: &[f64], biases: Vec<f64>) -> Refused {
        let (len, units) = (self.len(), biases.len());
        if weights.len() != len * units || units == 0 || units > usize::from(hone_net::MAX_CHANNELS) {
            return Err(format!("its weights are not {len} for each of 1 to {} units", hone_net::MAX_CHANNELS));
        }
        if self.entry.is_empty() {
            self.enter((0..len).collect(), Extent { frames: 1, channels: len as u16 });
        }
        let mut ordered = vec![0.0; weights.len()];
        for (to, from) in ordered.chunks_mut(len).zip(weights.chunks(len)) {
            self.order.iter().zip(from).for_each(|(place, w)| to[*place] = *w);
        }
        let output = Extent { frames: 1, channels: units as u16 };
        let layer = Layer::dense(units as u16, true);
        self.push(Piece { layer, input: self.extent, output, weights: ordered, biases })?;
        (self.shape, self.order) = (vec![1, units], (0..units).collect());
        Ok(())
    }

    /// A convolution, or its transpose, whose filter of output `o` and input `c` has the weight `weight(o, c, frame)`.
    pub fn slide(
        &mut self,
        kind: LayerKind,
        [kernel, stride]: [usize; 2],
        biases: Vec<f64>,
        channels: usize,
        weight: impl Fn(usize, usize, usize) -> f64,
    ) -> Refused {
        self.frames()?;
        let (own, filters) = (usize::from(self.extent.channels), biases.len());
        if own != channels {
            return Err(format!("its filters take in {channels} channels and there are {own}"));
        }
        let layer = Layer { kind, channels: filters as u16, kernel: kernel as u16, stride: stride as u16, relu: false };
        let most = usize::from(hone_net::MAX_KERNEL);
        let inside = (1..=usize::from(hone_net::MAX_CHANNELS)).contains(&filters);
        if !inside || !(1..=most).contains(&kernel) || !(1..=most).contains(&stride) {
            return Err(format!(
                "it has {filters} filters of {kernel} frames, one every {stride}: more than there may be"
            ));
        }
        let output = layer.output(self.extent, 1).map_err(|_| {
            format!(
                "it does not fit {} frames of {own} channels, or gives more than {MAX_TENSOR} numbers",
                self.extent.frames
            )
        })?;
        let mut weights = Vec::with_capacity(filters * own * kernel);
        match kind {
            LayerKind::Transposed => {
                for c in 0..own {
                    weights.extend((0..kernel * filters).map(|i| weight(i % filters, c, i / filters)));
                }
            }
            _ => {
                for o in 0..filters {
                    weights.extend((0..kernel * own).map(|i| weight(o, i % own, i / own)));
                }
            }
        }
        self.push(Piece { layer, input: self.extent, output, weights, biases })?;
        self.sees(filters);
        Ok(())
    }

    /// Means of so many frames, or of all.
    pub fn average(&mut self, frames: Option<usize>) -> Refused {
        self.frames()?;
        let layer = match frames {
            None => Layer { kind: LayerKind::GlobalAverage, ..Layer::default() },
            Some(frames) if (1..=usize::from(hone_net::MAX_KERNEL)).contains(&frames) => {
                Layer { kind: LayerKind::Average, kernel: frames as u16, stride: frames as u16, ..Layer::default() }
            }
            Some(frames) => {
                return Err(format!("it averages {frames} frames, and {} are the most", hone_net::MAX_KERNEL));
            }
        };
        let channels = usize::from(self.extent.channels);
        let output = layer.output(self.extent, 1).map_err(|_| "it takes in more frames than there are".to_string())?;
        // A mean of scaled numbers is the scaled mean.
        let waiting = self.pending.take();
        let waiting =
            waiting.map(|a| a.by_channel(channels).ok_or("what is added before it is not the same in all frames"));
        self.pending = waiting.transpose()?.map(|a| Affine {
            scale: a.scale.repeat(output.frames.into()),
            shift: a.shift.repeat(output.frames.into()),
        });
        self.pieces.push(Piece { layer, input: self.extent, output, weights: vec![], biases: vec![] });
        self.extent = output;
        self.sees(channels);
        Ok(())
    }

    /// The graph sees what a layer with frames gives.
    fn sees(&mut self, channels: usize) {
        let frames = usize::from(self.extent.frames);
        self.order = (0..channels * frames).map(|i| i % frames * channels + i / frames).collect();
        // As many axes as before, all but one of them 1.
        let longest = self.shape.iter().skip(2).position(|d| *d > 1).unwrap_or(0);
        for (i, d) in self.shape.iter_mut().skip(2).enumerate() {
            *d = if i == longest { frames } else { 1 };
        }
        self.shape[1] = channels;
    }

    /// y = scale·x + shift, for each place of the graph's tensor.
    pub fn affine(&mut self, scale: &[f64], shift: &[f64]) {
        let mut affine = Affine::none(self.len());
        for ((place, scale), shift) in self.order.iter().zip(scale).zip(shift) {
            (affine.scale[*place], affine.shift[*place]) = (*scale, *shift);
        }
        if let (Some(piece), None) = (self.pieces.last_mut(), &self.pending)
            && piece.learns()
            && !piece.layer.relu
            && let Some(by) = affine.by_channel(piece.output.channels.into())
        {
            return piece.scale_output(&by.scale, &by.shift);
        }
        let before = self.pending.take().unwrap_or_else(|| Affine::none(affine.scale.len()));
        let both = before.scale.iter().zip(&before.shift).zip(affine.scale.iter().zip(&affine.shift));
        let (scale, shift) = both.map(|((s, t), (scale, shift))| (s * scale, t * scale + shift)).unzip();
        self.pending = Some(Affine { scale, shift });
    }

    /// What is negative becomes 0.
    pub fn relu(&mut self) -> Refused {
        let positive = |pieces: &[Piece]| {
            let mut last = pieces.iter().rev().skip_while(|p| !p.learns());
            last.next().is_some_and(|p| p.layer.relu)
        };
        if self.pending.is_some() {
            return Err("it is not directly behind a layer of weights".into());
        }
        if positive(&self.pieces) {
            return Ok(());
        }
        let last = self.pieces.last_mut().filter(|piece| piece.learns());
        last.ok_or("it is not directly behind a layer of weights")?.layer.relu = true;
        Ok(())
    }

    /// The tensor has numbers of this magnitude, by what the graph says of it.
    pub fn range(&mut self, magnitude: f64) {
        self.ranges.push((self.pieces.len(), magnitude));
    }

    /// The walk has ended at the logits, or at the one number of which a sigmoid is the probability of the second of two classes.
    pub fn finish(&mut self, sigmoid: bool) -> Refused {
        let count = self.len();
        if self.entry.is_empty() {
            return Err("there is no layer before it".into());
        }
        if self.extent.frames != 1 {
            return Err(format!(
                "it ends in {} frames of {} channels: there is no number for each class",
                self.extent.frames, self.extent.channels
            ));
        }
        let is_output = self
            .pieces
            .last()
            .is_some_and(|p| p.layer.kind == LayerKind::Dense && !p.layer.relu && self.pending.is_none());
        if !is_output {
            // What the last layer gives, as it is.
            let identity: Vec<f64> = (0..count * count).map(|i| f64::from(i / count == i % count)).collect();
            self.dense(&identity, vec![0.0; count])?;
        }
        match (count, sigmoid) {
            (1, true) => {
                let Some(piece) = self.pieces.last_mut() else { return Ok(()) };
                let half = |all: &[f64], by: f64| all.iter().map(|w| w * by).collect::<Vec<_>>();
                piece.weights = [half(&piece.weights, -0.5), half(&piece.weights, 0.5)].concat();
                piece.biases = [half(&piece.biases, -0.5), half(&piece.biases, 0.5)].concat();
                piece.layer.channels = 2;
                piece.output.channels = 2;
                Ok(())
            }
            (_, true) => {
                Err("several outputs with a sigmoid are several questions; here one of several classes is told".into())
            }
            (1, false) => Err("it has one output, and here one of several classes is told".into()),
            (_, false) => Ok(()),
        }
    }

    /// By channel of our input what is subtracted and multiplied before the first layer, where the graph does so.
    pub fn standardised(&self) -> Option<(Vec<f64>, Vec<f64>)> {
        let by = self.standard.as_ref()?.by_channel(self.input().channels.into())?;
        let none = by.scale.iter().all(|s| *s == 1.0) && by.shift.iter().all(|s| *s == 0.0);
        let usable = by.scale.iter().all(|s| *s != 0.0);
        (usable && !none).then(|| (by.shift.iter().zip(&by.scale).map(|(t, s)| -t / s).collect(), by.scale))
    }

    /// The input is standardised by these means and gains, by channel, and what the graph did instead goes into the first layer.
    pub fn standardise(&mut self, means: &[f64], gains: &[f64]) -> Refused {
        let input = self.input();
        let Some(graphs) = self.standard.take() else { return Ok(()) };
        let channels = usize::from(input.channels);
        let parts = graphs.scale.iter().zip(&graphs.shift).zip(means.iter().zip(gains).cycle());
        let (scale, shift) =
            parts.map(|((s, t), (mean, gain))| (if *gain == 0.0 { 0.0 } else { s / gain }, s * mean + t)).unzip();
        let affine = Affine { scale, shift };
        let Some(first) = self.pieces.iter_mut().find(|p| p.learns()) else { return Ok(()) };
        let affine = if first.layer.kind == LayerKind::Dense && first.input == input {
            affine
        } else {
            let by = affine.by_channel(channels).ok_or("the input is scaled differently from frame to frame")?;
            let frames = if first.layer.kind == LayerKind::Dense { usize::from(first.input.frames) } else { 1 };
            Affine { scale: by.scale.repeat(frames), shift: by.shift.repeat(frames) }
        };
        let folded = first.scale_input(&affine.scale, &affine.shift);
        folded
            .then_some(())
            .ok_or_else(|| "a transposed convolution cannot take in what the input is shifted by".into())
    }

    /// What the network takes in.
    pub fn input(&self) -> Extent {
        self.pieces.first().map_or(self.extent, |piece| piece.input)
    }
}
