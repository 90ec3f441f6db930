//! Frames out of what a console says: told from text by the zeros around them and their checksum.

use crate::transfer::console::Line;
use hone_learn::Unit;
use hone_model::stream::{Frame, Head, LONGEST, VERSION, decode};
use hone_signal::Faults;
use std::time::{Duration, Instant};

/// The device says nothing for so long: it is over. Of a slow sensor so many frames are waited for.
const SILENCE: Duration = Duration::from_secs(5);
const SILENT_FRAMES: f64 = 3.0;
/// Without a byte for so long the device has said what it had to say; a device that talks on is not waited for.
const QUIET: Duration = Duration::from_millis(300);
const SETTLE: Duration = Duration::from_secs(2);
/// From so many harmed frames on a line that harms more than it carries is given up.
const HARMED: u32 = 16;

/// Frames that followed one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The device's number of its first sensor frame, and when it was read, in microseconds.
    pub first: u32,
    /// See `first`.
    pub micros: u64,
    /// They are not numbers.
    pub invalid: bool,
    /// Frames.
    pub frames: usize,
    /// Frames that are missing before it.
    pub missing: u64,
}

/// A recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// The sensor's name.
    pub sensor: String,
    /// Frames of the sensor in so many seconds, and of how many of them one of these is the mean.
    pub rate: (u32, u32, u16),
    /// The time of day at the device's time 0, in microseconds since 1970.
    pub epoch: Option<u64>,
    /// Scale and unit of each channel.
    pub channels: Vec<(f32, Unit)>,
    /// In order of time.
    pub pieces: Vec<Piece>,
    /// LSB, frame by frame.
    pub samples: Vec<i16>,
    /// What was harmed on the line.
    pub harmed: u32,
}

impl Recording {
    /// Nothing yet, of what this head tells.
    ///
    /// # Errors
    /// It is of another version, or impossible.
    pub fn new(head: &Head<'_>) -> Result<Self, String> {
        let channels: Option<Vec<(f32, Unit)>> = head.meaning().collect();
        let channels = channels.filter(|c| !c.is_empty() && head.version == VERSION).ok_or_else(|| {
            format!("the device sends version {} of the stream and this program reads {VERSION}; update the older of the two", head.version)
        })?;
        let well = channels.iter().all(|c| c.0.is_finite() && c.0 > 0.0);
        if !well || head.frames == 0 || head.seconds == 0 || head.every == 0 {
            return Err(
                "the device reports a rate or scale that is not possible; its firmware and this program may not match"
                    .into(),
            );
        }
        let rate = (head.frames, head.seconds, head.every);
        let epoch = Some(head.epoch).filter(|e| *e > 0);
        let (pieces, samples, harmed) = (Vec::new(), Vec::new(), 0);
        Ok(Self { sensor: head.sensor.to_owned(), rate, epoch, channels, pieces, samples, harmed })
    }

    /// Frames per second, nominal.
    pub fn rate_hz(&self) -> f64 {
        f64::from(self.rate.0) / f64::from(self.rate.1) / f64::from(self.rate.2)
    }

    /// Microseconds between frames as measured, as far as that is known.
    pub fn interval(&self) -> f64 {
        let (first, rest) = match self.pieces.as_slice() {
            [first, .., last] => (first, last),
            _ => return 1e6 / self.rate_hz(),
        };
        let numbers = f64::from(rest.first.wrapping_sub(first.first)) / f64::from(self.rate.2);
        let measured = rest.micros.saturating_sub(first.micros) as f64 / numbers.max(1.0);
        // After a silence of the sensor numbers do not tell.
        if (measured * self.rate_hz() / 1e6 - 1.0).abs() < 0.1 { measured } else { 1e6 / self.rate_hz() }
    }

    /// Frames that came.
    pub fn frames(&self) -> usize {
        self.pieces.iter().map(|p| p.frames).sum()
    }

    /// Frames that are missing between those that came.
    pub fn missing(&self) -> u64 {
        self.pieces.iter().map(|p| p.missing).sum()
    }

    /// Places where some are missing.
    pub fn gaps(&self) -> usize {
        self.pieces.iter().filter(|p| p.missing > 0).count()
    }

    /// From the first frame to the end of the last.
    pub fn seconds(&self) -> f64 {
        let ends = self.pieces.first().zip(self.pieces.last());
        ends.map_or(0.0, |(a, b)| (b.micros.saturating_sub(a.micros) as f64 + b.frames as f64 * self.interval()) / 1e6)
    }

    /// Takes what a frame carries.
    ///
    /// # Errors
    /// It does not go on from what came before.
    pub fn take(&mut self, data: &hone_model::stream::Data<'_>) -> Result<(), String> {
        let width = 2 * self.channels.len();
        let frames = data.samples.len() / width;
        if frames == 0 || !data.samples.len().is_multiple_of(width) {
            return Err("the device sent incomplete frames; record again".into());
        }
        let missing = match self.pieces.last() {
            None => 0,
            Some(p) => {
                let next = p.first.wrapping_add(p.frames as u32 * u32::from(self.rate.2));
                let (jump, late) = (data.first.wrapping_sub(next), data.micros.saturating_sub(p.micros) as f64);
                if data.micros < p.micros || jump > u32::MAX / 2 {
                    return Err("the device restarted during the recording; record again".into());
                }
                // By the numbers; where the sensor was silent they do not count on, and the times tell.
                let by_number = u64::from(jump.div_ceil(self.rate.2.into()));
                let by_time = (late * self.rate_hz() / 1e6).round() - p.frames as f64;
                if jump == 0 { 0 } else { by_number.max(by_time.max(0.0) as u64) }
            }
        };
        let invalid = Faults(data.faults).any(Faults::NOT_A_NUMBER);
        self.pieces.push(Piece { first: data.first, micros: data.micros, invalid, frames, missing });
        self.samples.extend(data.samples.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])));
        Ok(())
    }
}

/// What a console says, cut at zeros.
struct Segments<L> {
    line: L,
    received: Vec<u8>,
}

impl<L: Line> Segments<L> {
    fn type_line(&mut self, text: &str) -> Result<(), String> {
        let typed = self.line.write_all(text.as_bytes()).and_then(|()| self.line.write_all(b"\n"));
        typed.and_then(|()| self.line.flush()).map_err(broke)
    }

    fn read(&mut self, patience: Duration) -> Result<usize, String> {
        let mut bytes = [0; 4096];
        let count = self.line.read(&mut bytes, patience).map_err(broke)?;
        self.received.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    /// Passes over what comes until nothing does.
    fn settle(&mut self) -> Result<(), String> {
        let until = Instant::now() + SETTLE;
        let mut last = Instant::now();
        while last.elapsed() < QUIET && Instant::now() < until {
            if self.read(QUIET)? > 0 {
                last = Instant::now();
            }
            self.received.clear();
        }
        Ok(())
    }

    fn next(&mut self) -> Option<Vec<u8>> {
        let end = self.received.iter().position(|b| *b == 0)?;
        let mut segment: Vec<u8> = self.received.drain(..=end).collect();
        segment.pop();
        Some(segment)
    }
}

fn broke(error: std::io::Error) -> String {
    format!("the line broke: {error}")
}

/// What a line of the device's says of the recording.
fn said(text: &[u8]) -> Option<Result<String, String>> {
    let text = String::from_utf8_lossy(text);
    let line = |mark: &str| {
        let (_, rest) = text.split_once(mark)?;
        let end = rest.find(['\r', '\n', '\u{1b}'])?;
        Some(rest[..end].to_owned())
    };
    match line("error: ") {
        Some(error) => Some(Err(error)),
        None => line("recording ").map(Ok),
    }
}

/// Records so many seconds of the device's time. `note` is told what the device says of it; `stop` ends it early.
///
/// # Errors
/// A sentence that says what to do.
pub fn receive<L: Line>(
    line: L,
    seconds: f64,
    raw: bool,
    note: &mut dyn FnMut(&str),
    stop: &dyn Fn() -> bool,
) -> Result<Recording, String> {
    let mut console = Segments { line, received: Vec::new() };
    // Whatever was typed or recorded before is ended.
    console.type_line("")?;
    console.type_line("record off")?;
    console.settle()?;
    console.type_line(&format!("record {seconds}{}", if raw { " --raw" } else { "" }))?;
    let result = collect(&mut console, note, stop);
    if result.is_err() {
        let _ = console.type_line("record off");
    }
    result
}

fn collect<L: Line>(
    console: &mut Segments<L>,
    note: &mut dyn FnMut(&str),
    stop: &dyn Fn() -> bool,
) -> Result<Recording, String> {
    let mut recording: Option<Recording> = None;
    let (mut last, mut patience) = (Instant::now(), SILENCE);
    let (mut answered, mut stopped, mut harmed, mut good) = (false, false, 0, 0u32);
    loop {
        if stop() && !stopped {
            stopped = true;
            console.type_line("record off")?;
        }
        while let Some(segment) = console.next() {
            let mut memory = [0; LONGEST];
            match decode(&segment, &mut memory) {
                Some(Frame::Head(head)) if recording.is_none() => {
                    let new = Recording::new(&head)?;
                    patience = patience.max(Duration::from_secs_f64((SILENT_FRAMES / new.rate_hz()).min(1e6)));
                    recording = Some(new);
                }
                Some(Frame::Head(_)) => good += 1,
                Some(Frame::Data(data)) => {
                    good += 1;
                    if let Some(recording) = &mut recording {
                        recording.take(&data)?;
                    }
                }
                Some(Frame::End(_)) => return finished(recording, harmed),
                // What the shell says has none of these; a part of a frame has, in all but few.
                None if segment.iter().any(|b| !(b.is_ascii_graphic() || b" \r\n\t\x08\x1b\x07".contains(b))) => {
                    harmed += 1;
                    if harmed >= HARMED && harmed > good {
                        return Err(format!(
                            "the line damages data ({harmed} frames damaged, {good} intact): use a lower --baud on both ends, or a shorter cable"
                        ));
                    }
                }
                None => {
                    if let (false, Some(said)) = (answered, said(&segment)) {
                        answered = true;
                        note(&format!("recording {}", said.map_err(refused)?));
                    }
                }
            }
        }
        if !answered && let Some(Err(error)) = said(&console.received) {
            return Err(refused(error));
        }
        if console.read(Duration::from_millis(100))? > 0 {
            last = Instant::now();
        }
        // A device that never ends a frame is not to fill the memory.
        if console.received.len() > 65536 {
            console.received.clear();
        }
        if last.elapsed() > patience {
            if recording.as_ref().is_some_and(|r| r.frames() > 0) {
                note("the device stopped sending before the end");
            }
            return finished(recording, harmed);
        }
    }
}

fn refused(error: String) -> String {
    format!("the device refused: {error}")
}

fn finished(recording: Option<Recording>, harmed: u32) -> Result<Recording, String> {
    match recording {
        Some(recording) if recording.frames() > 0 => Ok(Recording { harmed, ..recording }),
        Some(_) => Err("the device sampled nothing; 'sensor info' on its console says why".into()),
        None => Err("the device does not record; check that this is its console, and --baud".into()),
    }
}
