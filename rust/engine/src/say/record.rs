//! A recording on its way out: frames of `hone_model::stream` beside the text.

use crate::capacity::CHANNELS;
use crate::data::buffers::{RECORD, RecordBuf};
use crate::data::env::SensorInfo;
use crate::data::order::{RecordPhase, Recording};
use crate::link::{Links, Recorded};
use core::sync::atomic::Ordering;
use hone_learn::text::{Out, Write as _};
use hone_model::stream::{CHANNELS as MOST, Data, End, Frame, Head, NAME, SAMPLES, VERSION, channel, send};
use hone_signal::Micros;

/// What the samples are is told again after this long.
const AGAIN: Micros = Micros(1_000_000);
/// The last frames are waited for no longer.
const PATIENCE: Micros = Micros(1_000_000);

/// An output as a port.
struct Port<'a>(&'a mut dyn Out);

impl embedded_io::ErrorType for Port<'_> {
    type Error = embedded_io::ErrorKind;
}

impl embedded_io::Write for Port<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> {
        if self.0.bytes(bytes) { Ok(bytes.len()) } else { Err(embedded_io::ErrorKind::Unsupported) }
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// Sends what has been recorded since the last call; called by whoever tells of events, before it does. Whether more is to come.
pub fn write(links: &Links, recorded: &Recorded, now: Micros, out: &mut dyn Out) -> bool {
    let mut r = links.record.get();
    if !RECORD || r.phase == RecordPhase::Off {
        // What came too late for the last one is of no other.
        while recorded.receive().is_some() {}
        return false;
    }
    let Some(info) = links.sampling.get().sensor else { return true };
    let mut well = true;
    if now >= r.head {
        r.head = Micros(now.0 + AGAIN.0);
        well = head(links, &info, &r, out);
    }
    let mut last = false;
    while let Some(buf) = recorded.receive() {
        well = well && data(&buf, out);
        r.frames = r.frames.saturating_add(u32::from(buf.len) / u32::from(info.channels.max(1)));
        last = buf.last;
    }
    let off = now >= r.until || links.record_off.swap(false, Ordering::Relaxed) || !well;
    if r.phase == RecordPhase::On && off {
        links.recording.store(0, Ordering::Relaxed);
        (r.phase, r.until) = (RecordPhase::Ending, Micros(now.0 + PATIENCE.0));
    } else if r.phase == RecordPhase::Ending && (last || now >= r.until) {
        r.phase = RecordPhase::Off;
        let lost = links.record_lost.load(Ordering::Relaxed) / u32::from(info.channels.max(1));
        let _ = send(&Frame::End(End { frames: r.frames, lost }), &mut Port(out));
        out.counts("recorded % frames, % lost\n", &[r.frames, lost]);
    }
    links.record.set(r);
    r.phase != RecordPhase::Off
}

fn head(links: &Links, info: &SensorInfo, r: &Recording, out: &mut dyn Out) -> bool {
    let mut channels = [[0; 5]; if CHANNELS < MOST { CHANNELS } else { MOST }];
    let meaning = info.meaning();
    channels.iter_mut().zip(meaning).for_each(|(place, c)| *place = channel(c.scale, c.unit));
    let channels = channels.get(..meaning.len()).unwrap_or(&channels).as_flattened();
    // A name is cut where a letter ends.
    let cut = (0..=NAME.min(info.name.len())).rev().find_map(|end| info.name.get(..end));
    let head = Head {
        version: VERSION,
        sensor: cut.unwrap_or(""),
        frames: info.rate.frames(),
        seconds: info.rate.seconds(),
        every: r.every,
        epoch: links.epoch.get().unwrap_or(0),
        channels,
    };
    send(&Frame::Head(head), &mut Port(out)) == Ok(true)
}

fn data(buf: &RecordBuf, out: &mut dyn Out) -> bool {
    if buf.len == 0 {
        return true;
    }
    let mut bytes = [[0; 2]; SAMPLES];
    bytes.iter_mut().zip(&buf.samples).for_each(|(place, sample)| *place = sample.to_le_bytes());
    let samples = bytes.get(..buf.len.into()).unwrap_or(&[]).as_flattened();
    let data = Data { first: buf.first, micros: buf.time.0, faults: buf.faults.0, samples };
    send(&Frame::Data(data), &mut Port(out)) == Ok(true)
}
