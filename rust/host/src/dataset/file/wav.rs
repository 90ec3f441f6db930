//! WAV files: 8 to 32-bit integers or 32-bit floating point, any number of channels.

use super::array::{Array, ArrayError, Element};
use super::text;
use hound::{SampleFormat, WavReader};
use std::io::ErrorKind;
use std::path::Path;

/// A WAV file.
pub struct Wav {
    /// Frames by channels, as shares of full scale in 16 bits: 32768 is 1.
    pub array: Array,
    /// Frames per second, as its header says.
    pub rate_hz: u32,
}

/// Files beyond this are refused rather than read into memory.
const LARGEST: u64 = 2 << 30;

/// Reads a file. Whatever its depth, its numbers become those of 16 bits with a fraction.
///
/// # Errors
/// [`ArrayError`] says what is wrong with it.
pub fn open(path: &Path) -> Result<Wav, ArrayError> {
    let bytes = text::bytes(path, LARGEST).map_err(ArrayError)?;
    let mut reader = WavReader::new(bytes.as_slice()).map_err(broken)?;
    let spec = reader.spec();
    let channels = usize::from(spec.channels);
    if channels == 0 {
        return Err(ArrayError("has no channel".into()));
    }
    let mut data = Vec::with_capacity(4 * reader.len() as usize);
    match spec.sample_format {
        SampleFormat::Float => {
            for sample in reader.samples::<f32>() {
                data.extend((sample.map_err(broken)? * 32768.0).to_le_bytes());
            }
        }
        SampleFormat::Int => {
            // Exact in 32-bit floating point up to 24 bits.
            let unit = (2.0f64).powi(16 - i32::from(spec.bits_per_sample));
            for sample in reader.samples::<i32>() {
                data.extend(((f64::from(sample.map_err(broken)?) * unit) as f32).to_le_bytes());
            }
        }
    }
    let frames = data.len() / (4 * channels);
    data.truncate(4 * channels * frames);
    let shape = vec![frames, channels];
    let array = Array { shape, element: Element::Float(4), big_endian: false, fortran: false, bytes: data };
    Ok(Wav { array, rate_hz: spec.sample_rate })
}

fn broken(error: hound::Error) -> ArrayError {
    ArrayError(match error {
        // Bytes in memory fail to be read where there are no more of them.
        hound::Error::IoError(e) if matches!(e.kind(), ErrorKind::UnexpectedEof | ErrorKind::Other) => {
            "ends early: it was cut short; copy it again".into()
        }
        hound::Error::IoError(e) => format!("cannot be read: {e}"),
        hound::Error::FormatError(what) => {
            format!("is no WAV file that can be read ({what}); save it as PCM or 32-bit float")
        }
        hound::Error::Unsupported | hound::Error::InvalidSampleFormat => {
            "is compressed or of a depth not read; save it as PCM of 16, 24 or 32 bits, or 32-bit float".into()
        }
        other => format!("is no WAV file that can be read ({other})"),
    })
}
