//! `hone demo --recordings`: what the motor's sensor reads, as CSV files, for who has no recordings yet.

use crate::device::rig::Condition;
use crate::device::source::{Control, Source};
use crate::output;
use hone_engine::Sensor;
use hone_signal::Micros;
use std::fmt::Write as _;
use std::path::Path;

/// The recordings, and seconds of each.
const STORY: [(Condition, u64); 4] =
    [(Condition::Normal, 60), (Condition::SupplyDrop, 15), (Condition::Imbalance, 15), (Condition::Bearing, 15)];

/// Writes the recordings into a folder, one a condition of the motor.
///
/// # Errors
/// A file cannot be written.
pub fn write(folder: &Path, seed: u64) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let path = |condition: Condition| folder.join(format!("{}.csv", condition.name()));
    STORY.iter().try_for_each(|(condition, _)| output::absent(&path(*condition)))?;
    for (condition, seconds) in STORY {
        let mut source = Source::rig(seed);
        if let Control::Rig(control) = source.control() {
            control.set(condition);
        }
        let info = source.info();
        let (scales, rate) = (info.meaning().iter().map(|c| c.scale).collect::<Vec<_>>(), info.rate.hertz() as u64);
        let mut text = "time,x,y,z\n".to_owned();
        let mut frame = vec![0; scales.len()];
        // Until the speed has settled nothing is written.
        for i in 0..(seconds + 1) * rate {
            let time = Micros(i * 1_000_000 / rate);
            source.read(time, &mut frame).map_err(|e| format!("the motor's sensor: {e:?}"))?;
            let Some(written) = i.checked_sub(rate) else { continue };
            let _ = write!(text, "{:.3}", written as f64 / rate as f64);
            for (sample, scale) in frame.iter().zip(&scales) {
                let _ = write!(text, ",{:.3}", f32::from(*sample) * scale);
            }
            text.push('\n');
        }
        let path = path(condition);
        output::write_file(&path, text.as_bytes()).map_err(|e| format!("{}: {e}", path.display()))?;
        output::print(&format!("{}: {seconds} s, m/s2 at {rate} Hz, {}\n", path.display(), meaning(condition)));
    }
    Ok(())
}

fn meaning(condition: Condition) -> &'static str {
    Condition::ALL.iter().find(|c| c.0 == condition).map_or("", |c| c.2)
}
