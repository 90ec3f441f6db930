//! A recording as CSV, WAV or .npy, and its manifest.

use super::receive::Recording;
use hone_learn::Unit;
use std::fmt::Write as _;
use std::io::Cursor;
use std::path::Path;

/// Frames of a file at most; a gap of weeks is not filled.
const MOST: u64 = 100_000_000;

/// Formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Units and times, a gap being one in the times.
    Csv,
    /// Shares of full scale. With gaps in floating point, what is missing being not a number.
    Wav,
    /// LSB; likewise.
    Npy,
}

impl Kind {
    /// As the name says.
    ///
    /// # Errors
    /// It says none of these.
    pub fn of(path: &Path) -> Result<Self, String> {
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
        match ending.as_str() {
            "csv" => Ok(Self::Csv),
            "wav" => Ok(Self::Wav),
            "npy" => Ok(Self::Npy),
            _ => Err("give a file name that ends in .csv, .wav or .npy".into()),
        }
    }
}

/// The file.
///
/// # Errors
/// This format cannot hold it.
pub fn bytes(kind: Kind, r: &Recording) -> Result<Vec<u8>, String> {
    match kind {
        Kind::Csv => Ok(csv(r).into_bytes()),
        Kind::Npy => npy(r),
        Kind::Wav => wav(r),
    }
}

fn names(r: &Recording) -> Vec<String> {
    let axes = ["x", "y", "z"];
    let motion = r.channels.iter().all(|c| c.1 == Unit::MetresPerSecondSquared);
    match r.channels.len() {
        n @ 1..=3 if motion => axes.iter().take(n).map(|a| (*a).to_owned()).collect(),
        n => (0..n).map(|i| format!("channel{i}")).collect(),
    }
}

fn csv(r: &Recording) -> String {
    let mut text = format!("time,{}\n", names(r).join(","));
    let start = r.pieces.first().map_or(0, |p| p.micros);
    let width = r.channels.len();
    // To a twentieth of an LSB.
    let places: Vec<usize> = r.channels.iter().map(|c| (1.0 - c.0.log10().floor()).clamp(0.0, 30.0) as usize).collect();
    let mut frames = r.samples.chunks_exact(width);
    for (i, piece) in r.pieces.iter().enumerate() {
        let next = r.pieces.get(i + 1).filter(|n| n.missing == 0);
        let interval = next.map_or(r.interval(), |n| (n.micros - piece.micros) as f64 / piece.frames as f64);
        for (k, frame) in frames.by_ref().take(piece.frames).enumerate() {
            let time = ((piece.micros - start) as f64 + k as f64 * interval) / 1e6;
            let _ = write!(text, "{time:.6}");
            for ((value, (scale, _)), places) in frame.iter().zip(&r.channels).zip(&places) {
                text.push(',');
                if !piece.invalid {
                    let _ = write!(text, "{:.places$}", f64::from(*value) * f64::from(*scale));
                }
            }
            text.push('\n');
        }
    }
    text
}

/// Every frame's values, and `None` for those that are missing or no numbers.
fn filled(r: &Recording) -> Result<Vec<Option<&[i16]>>, String> {
    if r.missing() + r.frames() as u64 > MOST {
        return Err(format!("{} frames are missing, and only .csv can hold gaps; record to a .csv file", r.missing()));
    }
    let mut frames = r.samples.chunks_exact(r.channels.len());
    let mut all = Vec::new();
    for piece in &r.pieces {
        all.resize(all.len() + piece.missing as usize, None);
        all.extend(frames.by_ref().take(piece.frames).map(|f| (!piece.invalid).then_some(f)));
    }
    Ok(all)
}

fn npy(r: &Recording) -> Result<Vec<u8>, String> {
    let (frames, width) = (filled(r)?, r.channels.len());
    let whole = frames.iter().all(|f| f.is_some());
    let kind = if whole { "<i2" } else { "<f4" };
    let mut head = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({}, {width}), }}", frames.len());
    // Padded so that the numbers begin at a multiple of 64.
    while (10 + head.len() + 1) % 64 != 0 {
        head.push(' ');
    }
    head.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((head.len() as u16).to_le_bytes());
    bytes.extend(head.as_bytes());
    for frame in frames {
        match frame {
            Some(frame) if whole => frame.iter().for_each(|v| bytes.extend(v.to_le_bytes())),
            Some(frame) => frame.iter().for_each(|v| bytes.extend(f32::from(*v).to_le_bytes())),
            None => (0..width).for_each(|_| bytes.extend(f32::NAN.to_le_bytes())),
        }
    }
    Ok(bytes)
}

fn wav(r: &Recording) -> Result<Vec<u8>, String> {
    let rate = r.rate_hz().round();
    if (rate - r.rate_hz()).abs() > 1e-3 * r.rate_hz() || rate < 1.0 {
        return Err(format!(
            "a WAV file needs a whole number of frames per second, and this recording has {}; use .csv or .npy",
            r.rate_hz()
        ));
    }
    let (frames, width) = (filled(r)?, r.channels.len());
    let whole = frames.iter().all(|f| f.is_some());
    let (bits, format) = if whole { (16, hound::SampleFormat::Int) } else { (32, hound::SampleFormat::Float) };
    let spec = hound::WavSpec {
        channels: width as u16,
        sample_rate: rate as u32,
        bits_per_sample: bits,
        sample_format: format,
    };
    let mut bytes = Cursor::new(Vec::new());
    let written = || -> Result<(), hound::Error> {
        let mut writer = hound::WavWriter::new(&mut bytes, spec)?;
        for frame in frames {
            match frame {
                Some(frame) if whole => frame.iter().try_for_each(|v| writer.write_sample(*v))?,
                Some(frame) => frame.iter().try_for_each(|v| writer.write_sample(f32::from(*v) / 32768.0))?,
                None => (0..width).try_for_each(|_| writer.write_sample(f32::NAN))?,
            }
        }
        writer.finalize()
    };
    written().map_err(|e| e.to_string())?;
    Ok(bytes.into_inner())
}

/// The manifest.
///
/// # Errors
/// The file's name is no text.
pub fn manifest(kind: Kind, r: &Recording, file: &Path) -> Result<String, String> {
    let head =
        head(kind, r, file)? + "\n[[class]]\nname = \"normal\"\n\n[[class]]\nname = \"anomaly\"\nanomalous = true\n";
    let parts = "split = { train = 0.5, calibrate = 0.25, test = 0.25 }";
    Ok(head + &table(kind, file, "normal", parts)?)
}

/// A file's table.
///
/// # Errors
/// As [`manifest`].
pub fn table(kind: Kind, file: &Path, class: &str, parts: &str) -> Result<String, String> {
    let name = file.file_name().and_then(|n| n.to_str()).ok_or("the file's name is not UTF-8 text")?;
    let meaning = match kind {
        Kind::Csv => "time = \"time\"\n",
        Kind::Npy => "axes = [\"time\", \"channel\"]\n",
        Kind::Wav => "",
    };
    Ok(format!("\n[[file]]\npath = {}\n{meaning}class = {}\n{parts}\n", quoted(name), quoted(class)))
}

/// As TOML has it.
pub fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// What stands before classes and files.
///
/// # Errors
/// As [`manifest`].
pub fn head(kind: Kind, r: &Recording, file: &Path) -> Result<String, String> {
    let name = file.file_name().and_then(|n| n.to_str()).ok_or("the file's name is not UTF-8 text")?;
    let stem = file.file_stem().and_then(|n| n.to_str()).unwrap_or(name);
    let short: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
    let frames = r.frames();
    let window = [256, 128, 64, 32, 16, 8].into_iter().find(|w| frames / w >= 40).unwrap_or(8);
    let (first, missing) = (r.pieces.first().map_or(0, |p| p.micros), r.missing());
    let begun = r.epoch.and_then(|e| jiff::Timestamp::from_microsecond((e + first) as i64).ok());
    let begun = begun.map_or_else(String::new, |t| format!(", from {t} on"));
    let mut text = format!(
        "# {frames} frames of {}{begun}; {missing} frames missing. Say what it is a recording of: class, parts.\n\
         name = {}\nkind = \"recordings\"\ntask = \"anomaly\"\nrate_hz = {}\nwindow = {{ length = {window} }}\n",
        quoted(&r.sensor).trim_matches('"'),
        quoted(&short),
        r.rate_hz()
    );
    for (name, (scale, unit)) in names(r).iter().zip(&r.channels) {
        let unit = if *unit == Unit::None { "none" } else { unit.name() };
        let _ = write!(text, "\n[[channel]]\nname = {}\nscale = {scale}\nunit = \"{unit}\"\n", quoted(name));
        if kind == Kind::Npy && (missing > 0 || r.pieces.iter().any(|p| p.invalid)) {
            let _ = writeln!(text, "factor = {scale}");
        }
    }
    Ok(text)
}
