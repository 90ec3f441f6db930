//! The writer: the sections are measured first, so that the lengths that stand before them are known, and then streamed.

use crate::CRC;
use crate::entries::{Entry, put as put_entry, put_text};
use crate::layout::{
    CHANNELS, CLASSES, HEADER, HEADER_CHECKED, Learner, MAGIC, PARAMETERS, PAYLOAD, PIPELINE, REPORT, SCALING,
    SECTION_HEADER, SECTIONS, TRAILER, VERSION, report_bytes,
};
use hone_learn::payload::{self, PutError};
use hone_learn::sink::{Counter, Refused, Sink};
use hone_learn::{ClassId, Report};
use hone_signal::Channel;
use serde::Serialize;

/// Visits named values: calls the function it is given once for each. It is called twice and must visit the same.
pub type Each<'a> = &'a dyn Fn(&mut dyn FnMut(&str, Entry<'_>));

/// Visits classes and their names, as [`Each`] visits values.
pub type EachClass<'a> = &'a dyn Fn(&mut dyn FnMut(ClassId, &str));

/// Visits offsets and factors of features, as [`Each`] visits values.
pub type EachScale<'a> = &'a dyn Fn(&mut dyn FnMut(f32, f32));

/// All of a container but its payload.
#[derive(Clone, Copy)]
pub struct Contents<'a> {
    /// Whose model it is.
    pub learner: Learner,
    /// The number of the payload's layout; each learner counts its own from 1.
    pub layout: u8,
    /// The parameters that it was trained with.
    pub parameters: Each<'a>,
    /// How windows become features: the pipeline's parameters.
    pub pipeline: Each<'a>,
    /// The channels, in order.
    pub channels: &'a [Channel],
    /// Visits what is subtracted from each feature, and what it is then multiplied by.
    pub scaling: EachScale<'a>,
    /// Visits the classes and their names, as [`Each`] does.
    pub classes: EachClass<'a>,
    /// How the training ended.
    pub report: Option<Report>,
}

impl Contents<'_> {
    /// Of a payload alone: no parameters, channels, classes or report.
    pub const fn bare(learner: Learner, layout: u8) -> Self {
        Self {
            learner,
            layout,
            parameters: &|_| (),
            pipeline: &|_| (),
            channels: &[],
            scaling: &|_| (),
            classes: &|_| (),
            report: None,
        }
    }
}

/// Why there is no container. What the sink took must not be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// The sink takes no more.
    Sink,
    /// A number is not finite, a name is longer than 255 bytes, or the model does not serialize.
    Unwritable,
    /// The contents were not the same when measured and when written.
    Changed,
}

impl From<Refused> for WriteError {
    fn from(_: Refused) -> Self {
        Self::Sink
    }
}

impl From<PutError> for WriteError {
    fn from(error: PutError) -> Self {
        match error {
            PutError::Sink => Self::Sink,
            PutError::Unwritable => Self::Unwritable,
        }
    }
}

/// Puts a payload. It is called twice and must put the same.
pub type Payload<'a> = &'a dyn Fn(&mut dyn Sink) -> Result<(), WriteError>;

/// The bytes that [`write()`] would write.
///
/// # Errors
/// [`WriteError::Unwritable`].
pub fn size<P: Serialize + ?Sized>(contents: &Contents<'_>, model: &P) -> Result<u32, WriteError> {
    let mut lengths = [0; SECTIONS];
    measure(contents, &|sink| put_payload(sink, model), &mut lengths)
}

/// Writes a container with `model` as its payload and says how many bytes it has.
///
/// # Errors
/// [`WriteError`].
pub fn write<P: Serialize + ?Sized>(
    contents: &Contents<'_>,
    model: &P,
    sink: &mut dyn Sink,
) -> Result<u32, WriteError> {
    write_payload(contents, &|sink| put_payload(sink, model), sink)
}

/// Writes a container around payload bytes that are already encoded.
///
/// # Errors
/// [`WriteError`].
pub fn write_raw(contents: &Contents<'_>, payload: &[u8], sink: &mut dyn Sink) -> Result<u32, WriteError> {
    write_payload(contents, &|sink| Ok(sink.put(payload)?), sink)
}

/// Puts the first `length` bytes of `words` in memory's order: a model that is encoded already.
///
/// # Errors
/// [`WriteError`]; [`WriteError::Unwritable`] when `words` are too few.
pub fn encode_words(words: &[u32], length: usize, sink: &mut dyn Sink) -> Result<(), WriteError> {
    let mut left = length;
    for word in words.get(..length.div_ceil(4)).ok_or(WriteError::Unwritable)? {
        let bytes = word.to_ne_bytes();
        sink.put(bytes.get(..left.min(4)).unwrap_or(&bytes))?;
        left = left.saturating_sub(4);
    }
    Ok(())
}

/// Puts a model alone, without a container, as it would be a container's payload.
///
/// # Errors
/// [`WriteError`].
pub fn encode<P: Serialize + ?Sized>(model: &P, sink: &mut dyn Sink) -> Result<(), WriteError> {
    put_payload(sink, model)
}

fn put_payload<P: Serialize + ?Sized>(sink: &mut dyn Sink, model: &P) -> Result<(), WriteError> {
    Ok(payload::put(model, sink)?)
}

/// Lengths of the sections by tag - 1; 0 for one that is left out.
type Lengths = [u32; SECTIONS];

fn total(lengths: &Lengths) -> u32 {
    let sections = lengths.iter().enumerate().filter(|(i, n)| **n > 0 || i + 1 == SECTIONS);
    sections.fold((HEADER + TRAILER) as u32, |sum, (_, n)| sum.saturating_add(*n).saturating_add(SECTION_HEADER as u32))
}

/// The lengths of all sections; the container's bytes.
fn measure(contents: &Contents<'_>, payload: Payload<'_>, lengths: &mut Lengths) -> Result<u32, WriteError> {
    for (tag, length) in (PARAMETERS..).zip(&mut *lengths) {
        let mut counter = Counter::default();
        section(contents, payload, tag, &mut counter).map_err(|_| WriteError::Unwritable)?;
        *length = counter.0;
    }
    match total(lengths) {
        u32::MAX => Err(WriteError::Unwritable),
        all => Ok(all),
    }
}

/// Writes a container around what `payload` puts.
///
/// # Errors
/// [`WriteError`].
pub fn write_payload(contents: &Contents<'_>, payload: Payload<'_>, sink: &mut dyn Sink) -> Result<u32, WriteError> {
    let mut lengths = [0; SECTIONS];
    let all = measure(contents, payload, &mut lengths)?;
    let mut out = Checked { sink, digest: CRC.digest(), count: 0 };
    let mut header = CRC.digest();
    let [v0, v1] = VERSION.to_le_bytes();
    let [n0, n1, n2, n3] = all.to_le_bytes();
    let [m0, m1, m2, m3] = MAGIC;
    let head: [u8; HEADER_CHECKED] = [m0, m1, m2, m3, v0, v1, contents.learner.0, contents.layout, n0, n1, n2, n3];
    header.update(&head);
    out.put(&head)?;
    out.put(&header.finalize().to_le_bytes())?;
    for (tag, length) in (PARAMETERS..).zip(&lengths) {
        let length = *length;
        if length == 0 && tag != PAYLOAD {
            continue;
        }
        out.put(&[tag])?;
        out.put(&length.to_le_bytes())?;
        let before = out.count;
        section(contents, payload, tag, &mut out)?;
        if out.count.wrapping_sub(before) != length {
            return Err(WriteError::Changed);
        }
    }
    let crc = out.digest.clone().finalize();
    out.sink.put(&crc.to_le_bytes())?;
    Ok(all)
}

/// Passes bytes on, with their count and running CRC.
struct Checked<'s> {
    sink: &'s mut dyn Sink,
    digest: crc::Digest<'static, u32, crc::NoTable>,
    count: u32,
}

impl Sink for Checked<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        self.digest.update(bytes);
        self.count = self.count.wrapping_add(bytes.len() as u32);
        self.sink.put(bytes)
    }
}

fn section(contents: &Contents<'_>, payload: Payload<'_>, tag: u8, sink: &mut dyn Sink) -> Result<(), WriteError> {
    match tag {
        PARAMETERS => visit(contents.parameters, sink)?,
        PIPELINE => visit(contents.pipeline, sink)?,
        CHANNELS => {
            for channel in contents.channels {
                finite(channel.scale)?;
                sink.put(&channel.scale.to_le_bytes())?;
                sink.put(&[channel.unit.number()])?;
            }
        }
        SCALING => {
            let mut result = Ok(());
            (contents.scaling)(&mut |offset, factor| {
                for number in [offset, factor] {
                    result = result.and_then(|()| finite(number)).and_then(|()| Ok(sink.put(&number.to_le_bytes())?));
                }
            });
            result?;
        }
        CLASSES => {
            let mut result = Ok(());
            (contents.classes)(&mut |id, name| {
                result = result.and_then(|()| sink.put(&id.0.to_le_bytes())).and_then(|()| put_text(sink, name));
            });
            result?;
        }
        REPORT => {
            if let Some(report) = &contents.report {
                sink.put(&report_bytes(report))?;
            }
        }
        _ => payload(sink)?,
    }
    Ok(())
}

fn visit(each: Each<'_>, sink: &mut dyn Sink) -> Result<(), Refused> {
    let mut result = Ok(());
    each(&mut |name, entry| result = result.and_then(|()| put_entry(sink, name, entry)));
    result
}

fn finite(value: f32) -> Result<(), WriteError> {
    if value.is_finite() { Ok(()) } else { Err(WriteError::Unwritable) }
}
