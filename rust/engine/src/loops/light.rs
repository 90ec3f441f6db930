//! The light's language, as a function of time.
//!
//! | the light | means |
//! |---|---|
//! | off | normal, or nothing to say |
//! | on | an alarm lasts |
//! | blinks five times a second for 1.2 s | a training has finished with a new model |
//! | two short flashes each second | unknown input: a label is wanted |

use hone_signal::Micros;

const BLINK_PERIOD: u64 = 200_000;
const BLINK_SPAN: u64 = 1_200_000;

/// What the light shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Light {
    trained: Option<Micros>,
    /// An alarm lasts.
    pub alarm: bool,
    /// A label is wanted.
    pub asking: bool,
}

impl Light {
    /// A training has just finished.
    pub fn training_finished(&mut self, now: Micros) {
        self.trained = Some(now);
    }

    /// Whether it goes on and off by itself.
    pub fn blinks(&self) -> bool {
        self.trained.is_some() || self.asking
    }

    /// Whether the light is on at this time.
    pub fn on(&mut self, now: Micros) -> bool {
        if let Some(since) = self.trained {
            let span = now.0.saturating_sub(since.0);
            if span < BLINK_SPAN {
                return span % BLINK_PERIOD < BLINK_PERIOD / 2;
            }
            self.trained = None;
        }
        let phase = now.0 % 1_000_000;
        self.alarm || (self.asking && (phase < 100_000 || (200_000..300_000).contains(&phase)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blinks_after_training_then_shows_the_alarm() {
        let mut light = Light { alarm: true, ..Light::default() };
        light.training_finished(Micros(1_000_000));
        let mut edges = 0;
        let mut was = false;
        for ms in 1000..2200 {
            let on = light.on(Micros(ms * 1000));
            edges += u32::from(on && !was);
            was = on;
        }
        assert_eq!(edges, 6);
        assert!(light.on(Micros(2_200_000)) && light.on(Micros(2_350_000)));
        light.alarm = false;
        assert!(!light.on(Micros(2_400_000)));
    }
}
