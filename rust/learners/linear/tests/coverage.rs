//! The interval of 95 % covers its share of data that was not learnt, whether residuals are independent or correlated.
use hone_linear::{Ground, Model, Params, Shape, State, model_words};
use hone_numeric::rng::Rng;

const MINUTE: u64 = 60_000_000;
const POINTS: u64 = 20_000;
const WORDS: usize = model_words(2, 24, true);

/// A stream: the target, which follows another channel with an autoregressive error of this correlation, and that channel.
struct Source {
    rng: Rng,
    other: f32,
    error: f32,
    correlation: f32,
}

impl Source {
    fn next(&mut self) -> [f32; 2] {
        self.other = 0.9 * self.other + self.rng.next_normal();
        let fresh = (1.0 - self.correlation * self.correlation).sqrt();
        self.error = self.correlation * self.error + fresh * self.rng.next_normal();
        [20.0 + 2.0 * self.other + 0.5 * self.error, 5.0 + self.other]
    }
}

/// Values judged, and those within the interval, of frames after those learnt.
fn cover(params: Params, correlation: f32, seeds: u64) -> (u64, u64) {
    let (mut judged, mut inside) = (0, 0);
    for seed in 0..seeds {
        let checked = params.check(Shape { channels: 2, inputs: 24, interval: MINUTE as u32 }).unwrap();
        let (mut model, mut state) = (Model::<WORDS>::new(), State::<25>::new());
        model.edit().begin(&checked).unwrap();
        let mut source = Source { rng: Rng::new(100 + seed), other: 0.0, error: 0.0, correlation };
        for i in 0..POINTS {
            let outcome = model.edit().observe(&source.next(), (i + 1) * MINUTE, &mut state);
            if outcome.ground == Ground::Learnt {
                judged += 1;
                inside += u64::from(outcome.verdict.score <= 1.0);
            }
        }
    }
    (judged, inside)
}

#[test]
fn explore() {
    let frozen = Params { frames: 10_000, ..Params::DEFAULT };
    let early = Params { frames: 64, ..Params::DEFAULT };
    let adapting = Params { frames: 200, adapt: true, forgetting: 0.99, ..Params::DEFAULT };
    for (name, params) in [("frozen", frozen), ("early", early), ("adapting", adapting)] {
        for (lags, others) in [(0, true), (8, false), (23, true)] {
            for correlation in [0.0, 0.5, 0.9] {
                let (judged, inside) = cover(Params { lags, others, ..params }, correlation, 20);
                println!("{name} lags {lags} others {others} correlation {correlation}: {:.4} of {judged}", inside as f64 / judged as f64);
            }
        }
    }
}
