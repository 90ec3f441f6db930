//! Faults made of healthy windows. An anomaly set has none to train on, and none of its own may choose settings: what is
//! chosen by is how well a detector tells held-back healthy windows from the same windows perturbed, each kind in three strengths
//! (injected anomalies as a surrogate: Goswami et al., *Unsupervised model selection for time-series anomaly detection*, ICLR 2023).

use hone_numeric::rng::Rng;
use hone_signal::{Sample, WindowView};
use std::f64::consts::TAU;

/// What is done to windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Deviations from the window's mean grow by a share s.
    Louder,
    /// They shrink by a share s.
    Quieter,
    /// White noise of s times the channel's RMS.
    Noise,
    /// A sine of s times the channel's RMS, of a frequency drawn.
    Tone,
    /// Everything takes 1/(1 - s) as long.
    Slower,
    /// Blows in equal intervals that ring off, of s times the channel's RMS.
    Blows,
    /// The mean moves by s times the channel's RMS.
    Level,
}

/// A perturbation: the kind and its strength.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Perturbation {
    pub kind: Kind,
    pub strength: f64,
}

/// All that are tried. A level counts for a fault only where the mean tells something.
pub(super) fn all(level: bool) -> Vec<Perturbation> {
    let relative = [0.25, 0.5, 1.0];
    let (share, slower) = ([0.1, 0.25, 0.5], [0.05, 0.1, 0.2]);
    let mut kinds = vec![
        (Kind::Louder, share),
        (Kind::Quieter, share),
        (Kind::Noise, relative),
        (Kind::Tone, relative),
        (Kind::Slower, slower),
        (Kind::Blows, relative),
    ];
    if level {
        kinds.push((Kind::Level, relative));
    }
    kinds.into_iter().flat_map(|(kind, all)| all.map(|strength| Perturbation { kind, strength })).collect()
}

/// RMS of each channel's deviation from the mean of its window, over windows.
pub(super) fn rms<'a>(windows: impl Iterator<Item = WindowView<'a>>) -> Vec<f64> {
    let mut sums: Vec<(f64, f64)> = Vec::new();
    for window in windows {
        sums.resize(window.channels, (0.0, 0.0));
        let means = means(window.samples, window.channels);
        for frame in window.samples.chunks_exact(window.channels.max(1)) {
            for ((sum, count), (sample, mean)) in sums.iter_mut().zip(frame.iter().zip(&means)) {
                *sum += (f64::from(*sample) - mean).powi(2);
                *count += 1.0;
            }
        }
    }
    // At least what quantisation makes.
    sums.iter().map(|(sum, count)| (sum / count.max(1.0)).sqrt().max(0.3)).collect()
}

fn means(samples: &[Sample], channels: usize) -> Vec<f64> {
    let frames = (samples.len() / channels.max(1)).max(1) as f64;
    let mean = |c: usize| samples.iter().skip(c).step_by(channels.max(1)).map(|s| f64::from(*s)).sum::<f64>() / frames;
    (0..channels).map(mean).collect()
}

/// One perturbation over a stream of windows.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    perturbation: Perturbation,
    rms: Vec<f64>,
    rng: Rng,
    /// Frames since the stream began.
    at: u64,
    /// Cycles of the tone a frame, frames between blows, and cycles of their ringing a frame.
    tone: f64,
    every: f64,
    ring: f64,
    /// Of each channel, so that channels are not alike.
    phases: Vec<f64>,
}

impl Stream {
    pub fn new(perturbation: Perturbation, rms: Vec<f64>, frames: usize, seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let mut between = |low: f64, high: f64| low * (high / low).powf(f64::from(rng.next_unit()));
        let least = (2.0 / frames.max(8) as f64).min(0.2);
        let (tone, ring) = (between(least, 0.4), between(0.1, 0.4));
        let every = between(8.0, (frames as f64 / 2.0).max(16.0));
        let phases = rms.iter().map(|_| f64::from(rng.next_unit())).collect();
        Self { perturbation, rms, rng, at: 0, tone, every, ring, phases }
    }

    /// The samples of the next window, perturbed.
    pub fn next(&mut self, window: &WindowView) -> Vec<Sample> {
        let channels = window.channels.max(1);
        let frames = window.samples.len() / channels;
        let means = means(window.samples, channels);
        let s = self.perturbation.strength;
        let sample = |frame: usize, c: usize| window.samples.get(frame * channels + c).map_or(0.0, |v| f64::from(*v));
        let mut out = Vec::with_capacity(window.samples.len());
        for frame in 0..frames {
            let at = self.at + frame as u64;
            for c in 0..channels {
                let (x, mean) = (sample(frame, c), means.get(c).copied().unwrap_or(0.0));
                let (rms, phase) =
                    (self.rms.get(c).copied().unwrap_or(1.0), self.phases.get(c).copied().unwrap_or(0.0));
                let y = match self.perturbation.kind {
                    Kind::Louder => mean + (x - mean) * (1.0 + s),
                    Kind::Quieter => mean + (x - mean) * (1.0 - s),
                    Kind::Noise => x + s * rms * f64::from(self.rng.next_normal()),
                    Kind::Tone => x + s * rms * (TAU * (self.tone * at as f64 + phase)).sin() * 2f64.sqrt(),
                    Kind::Slower => {
                        // The middle of the window, drawn out over all of it, by a cubic through four samples.
                        let place = frames as f64 * s / 2.0 + frame as f64 * (1.0 - s);
                        let i = place.floor();
                        let v = |k: i64| sample((i as i64 + k).clamp(0, frames as i64 - 1) as usize, c);
                        cubic([v(-1), v(0), v(1), v(2)], place - i)
                    }
                    Kind::Blows => {
                        let since = at as f64 % self.every;
                        // As strong over all as the rms asks: a decay over a quarter of the interval.
                        let decay = self.every / 4.0;
                        let size = (self.every / (decay / 4.0)).sqrt();
                        x + s * rms * size * (-since / decay).exp() * (TAU * (self.ring * since + phase)).sin()
                    }
                    Kind::Level => x + s * rms,
                };
                out.push(y.round().clamp(f64::from(Sample::MIN), f64::from(Sample::MAX)) as Sample);
            }
        }
        self.at += frames as u64;
        out
    }
}

/// Catmull and Rom's cubic between the middle two of four.
fn cubic([a, b, c, d]: [f64; 4], t: f64) -> f64 {
    b + 0.5 * t * (c - a + t * (2.0 * a - 5.0 * b + 4.0 * c - d + t * (3.0 * (b - c) + d - a)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hone_signal::Micros;

    fn view(samples: &[Sample]) -> WindowView<'_> {
        WindowView {
            samples,
            channels: 2,
            time: Micros(0),
            sequence: 0,
            faults: hone_signal::Faults::NONE,
            label: None,
        }
    }

    /// Two channels, one sine each, RMS 1000 and 500.
    fn sine(cycles: f64) -> Vec<Sample> {
        let at = |i: usize| (TAU * cycles * i as f64 / 256.0).sin() * 2f64.sqrt();
        (0..256).flat_map(|i| [(1000.0 * at(i)) as Sample, (500.0 * at(i) + 700.0) as Sample]).collect()
    }

    #[test]
    fn perturbations_do_what_they_say() {
        let healthy = sine(16.0);
        let own = rms([view(&healthy)].into_iter());
        assert!((own[0] - 1000.0).abs() < 2.0 && (own[1] - 500.0).abs() < 2.0, "{own:?}");
        let with = |kind, strength| {
            let mut stream = Stream::new(Perturbation { kind, strength }, own.clone(), 256, 3);
            let windows: Vec<Vec<Sample>> = (0..20).map(|_| stream.next(&view(&healthy))).collect();
            windows
        };
        let changed = |windows: &[Vec<Sample>]| {
            let differences: Vec<Vec<Sample>> =
                windows.iter().map(|w| w.iter().zip(&healthy).map(|(a, b)| a - b).collect()).collect();
            rms(differences.iter().map(|d| view(d)))
        };
        let all_rms = |windows: &[Vec<Sample>]| rms(windows.iter().map(|w| view(w)));
        assert!((all_rms(&with(Kind::Louder, 0.25))[0] - 1250.0).abs() < 3.0);
        assert!((all_rms(&with(Kind::Quieter, 0.25))[1] - 375.0).abs() < 3.0);
        for kind in [Kind::Noise, Kind::Tone] {
            let by = changed(&with(kind, 0.5));
            assert!((by[0] - 500.0).abs() < 30.0 && (by[1] - 250.0).abs() < 15.0, "{kind:?}: {by:?}");
        }
        let blows = changed(&with(Kind::Blows, 0.5));
        assert!((250.0..900.0).contains(&blows[0]), "{blows:?}");
        let level = with(Kind::Level, 1.0);
        assert!((means(&level[0], 2)[0] - 1000.0).abs() < 3.0 && (means(&level[0], 2)[1] - 1200.0).abs() < 3.0);
        // 16 cycles drawn out by 1/0.8 are 12.8; neither louder nor quieter.
        let slower = &with(Kind::Slower, 0.2)[0];
        let crossings =
            slower.chunks(2).collect::<Vec<_>>().windows(2).filter(|p| (p[0][0] < 0) != (p[1][0] < 0)).count();
        assert!((24..=27).contains(&crossings), "{crossings}");
        assert!((all_rms(std::slice::from_ref(slower))[0] - 1000.0).abs() < 30.0);
        assert_eq!(all(true).len(), all(false).len() + 3);
        // The same seed, the same fault.
        assert_eq!(with(Kind::Noise, 0.5), with(Kind::Noise, 0.5));
    }
}
