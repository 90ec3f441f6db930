//! The ESN's forms: how each judges a window, and how one is made of another.

use super::{ConvertFault, Form};
use crate::included::Esn;
use crate::memory::{EsnFixed, EsnInt8, EsnModel, EsnScratch, IntegerScratch, Model};
use crate::training::fresh_esn;
use hone_esn::{Judge, Quantization, Said};
use hone_learn::Verdict;
use hone_signal::WindowView;

/// What an ESN in any form carries from window to window.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "lives in a static; a box would need a heap")]
#[repr(u32)]
pub enum Stream {
    /// In floating point.
    Float(EsnScratch),
    /// In integers.
    Integer(IntegerScratch),
}

// As the slots' `fresh_esn`: cleared where it lies.
#[inline(never)]
fn fresh_float(stream: &mut Stream) {
    const NEW: EsnScratch = EsnScratch::new();
    *stream = Stream::Float(NEW);
}

#[inline(never)]
fn fresh_integer(stream: &mut Stream) {
    const NEW: IntegerScratch = IntegerScratch::new();
    *stream = Stream::Integer(NEW);
}

impl Default for Stream {
    fn default() -> Self {
        Self::new()
    }
}

impl Stream {
    /// At the start, for a model in floating point.
    pub const fn new() -> Self {
        Self::Float(EsnScratch::new())
    }

    /// At the start of a stream, for this model.
    pub fn prepare(&mut self, model: &Model) {
        match model {
            Model::EsnInt8(_) | Model::EsnFixed(_) => fresh_integer(self),
            _ => fresh_float(self),
        }
    }

    /// Forgets the stream.
    pub fn reset(&mut self) {
        match self {
            Self::Float(scratch) => scratch.reset(),
            Self::Integer(scratch) => scratch.reset(),
        }
    }

    /// The verdict of an ESN in any form; `None` of another model.
    pub fn infer(&mut self, model: &Model, window: &WindowView<'_>) -> Option<Verdict> {
        match (model, self) {
            (Model::Esn(esn), Self::Float(scratch)) => Some(esn.infer(window, scratch)),
            (Model::EsnInt8(esn), Self::Integer(scratch)) => Some(esn.infer(window, scratch)),
            (Model::EsnFixed(esn), Self::Integer(scratch)) => Some(esn.infer(window, scratch)),
            _ => None,
        }
    }

    /// What an ESN in any form says of a window.
    pub(super) fn judge(&mut self, model: &Model, window: &WindowView<'_>) -> Said {
        match (model, self) {
            (Model::Esn(esn), Self::Float(scratch)) => (&**esn, scratch).judge(window),
            (Model::EsnInt8(esn), Self::Integer(scratch)) => (&**esn, scratch).judge(window),
            (Model::EsnFixed(esn), Self::Integer(scratch)) => (&**esn, scratch).judge(window),
            _ => Said::NOTHING,
        }
    }
}

#[inline(never)]
pub(crate) fn fresh_int8(slot: &mut Model) {
    const NEW: EsnInt8 = EsnInt8::new();
    if let Some(new) = Esn::new(NEW) {
        *slot = Model::EsnInt8(new);
    }
}

#[inline(never)]
pub(crate) fn fresh_fixed(slot: &mut Model) {
    const NEW: EsnFixed = EsnFixed::new();
    if let Some(new) = Esn::new(NEW) {
        *slot = Model::EsnFixed(new);
    }
}

/// Makes `form` of `source` in `slot`, working in `memory`.
pub(super) fn make(source: &EsnModel, form: Form, slot: &mut Model, memory: &mut [u32]) -> Result<(), ConvertFault> {
    match form {
        Form::Clustered(_) => fresh_esn(slot),
        Form::Int8 => fresh_int8(slot),
        Form::Fixed(_) => fresh_fixed(slot),
    }
    match (slot, form) {
        (Model::Esn(esn), Form::Clustered(factor)) => {
            esn.copy_from(source);
            esn.cluster(factor.into(), memory).map_err(ConvertFault::Cluster)
        }
        (Model::EsnInt8(esn), _) => esn.quantize(source, Quantization::Int8).map_err(ConvertFault::Quantize),
        (Model::EsnFixed(esn), Form::Fixed(fixed)) => {
            esn.quantize(source, Quantization::Fixed(fixed)).map_err(ConvertFault::Quantize)
        }
        _ => Err(ConvertFault::NoSuchForm),
    }
}

/// Sets the thresholds anew for these errors, which are reordered.
pub(super) fn calibrate(model: &mut Model, mse: &mut [f32], nmse: &mut [f32]) -> Result<(), ConvertFault> {
    let set = match model {
        Model::Esn(esn) => esn.calibrate(mse, nmse),
        Model::EsnInt8(esn) => esn.calibrate(mse, nmse),
        Model::EsnFixed(esn) => esn.calibrate(mse, nmse),
        _ => false,
    };
    if set { Ok(()) } else { Err(ConvertFault::NoThreshold) }
}

/// What the score is held against.
pub(super) fn threshold(model: &Model) -> f32 {
    match model {
        Model::Esn(esn) => esn.threshold().upper,
        Model::EsnInt8(esn) => esn.threshold().upper,
        Model::EsnFixed(esn) => esn.threshold().upper,
        _ => 0.0,
    }
}

/// Bytes of the readout's weights as written.
pub(super) fn weight_bytes(model: &Model) -> usize {
    match model {
        Model::Esn(esn) => esn.readout_bytes(),
        Model::EsnInt8(esn) => esn.readout_bytes(),
        Model::EsnFixed(esn) => esn.readout_bytes(),
        _ => 0,
    }
}
