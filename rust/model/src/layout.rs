//! The numbers of the format.

use hone_learn::{Metric, Report, Stop};

/// The first bytes of every container.
pub const MAGIC: [u8; 4] = *b"HONE";

/// The version that this build writes, and the newest that it reads.
pub const VERSION: u16 = 1;

/// Bytes of the header: magic, version, learner, payload layout, length, CRC-32 of the twelve bytes before.
pub(crate) const HEADER: usize = 16;
/// Bytes of the header that its CRC covers.
pub(crate) const HEADER_CHECKED: usize = 12;
/// Bytes of a section's tag and length.
pub(crate) const SECTION_HEADER: usize = 5;
/// Bytes of the CRC at the end; the payload stands before it.
pub const TRAILER: usize = 4;

/// Sections, in the order in which they stand.
pub(crate) const PARAMETERS: u8 = 1;
pub(crate) const PIPELINE: u8 = 2;
pub(crate) const CHANNELS: u8 = 3;
pub(crate) const SCALING: u8 = 4;
pub(crate) const CLASSES: u8 = 5;
pub(crate) const REPORT: u8 = 6;
pub(crate) const PAYLOAD: u8 = 7;
/// How many there are.
pub(crate) const SECTIONS: usize = 7;

/// Bytes of a channel: scale and unit.
pub(crate) const CHANNEL_BYTES: usize = 5;
/// Bytes of a feature's offset and factor.
pub(crate) const SCALING_BYTES: usize = 8;
/// Bytes of a report.
pub(crate) const REPORT_BYTES: usize = 22;

/// Whose model it is, by the number that the learner has in the format. Numbers once given are never given again:
/// `docs/formats/model.md` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Learner(pub u8);

pub(crate) fn report_bytes(report: &Report) -> [u8; REPORT_BYTES] {
    let stop = match report.stop {
        Stop::Converged => 0,
        Stop::IterationLimit => 1,
        Stop::MemoryCap => 2,
        Stop::Cancelled => 3,
        Stop::Ongoing => 4,
        Stop::NoBetter => 5,
    };
    let metric = match report.metric {
        Metric::MeanSquaredError => 0,
        Metric::KktGap => 1,
        Metric::Accuracy => 2,
        Metric::CrossEntropy => 3,
    };
    let [r0, r1, r2, r3] = report.rows.to_le_bytes();
    let [i0, i1, i2, i3] = report.iterations.to_le_bytes();
    let [w0, w1, w2, w3, w4, w5, w6, w7] = report.work.to_le_bytes();
    let [q0, q1, q2, q3] = report.quality.to_le_bytes();
    [stop, metric, r0, r1, r2, r3, i0, i1, i2, i3, w0, w1, w2, w3, w4, w5, w6, w7, q0, q1, q2, q3]
}
