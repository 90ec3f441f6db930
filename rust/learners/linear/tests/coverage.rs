//! The interval of 95 % covers its share of data that was not learnt, whether residuals are independent or correlated.
use hone_linear::{Ground, Model, Params, Shape, State, model_words};
use hone_numeric::rng::Rng;
use std::path::{Path, PathBuf};

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

/// The share of values within the interval, of those judged over 20 seeds.
fn cover(params: Params, correlation: f32) -> f64 {
    let (mut judged, mut inside) = (0u32, 0u32);
    for seed in 0..20 {
        let checked = params.check(Shape { channels: 2, inputs: 24, interval: MINUTE }).unwrap();
        let (mut model, mut state) = (Model::<WORDS>::new(), State::<25>::new());
        model.edit().begin(&checked).unwrap();
        let mut source = Source { rng: Rng::new(100 + seed), other: 0.0, error: 0.0, correlation };
        for i in 0..POINTS {
            let outcome = model.edit().observe(&source.next(), (i + 1) * MINUTE, &mut state);
            if outcome.ground == Ground::Learnt {
                judged += 1;
                inside += u32::from(outcome.verdict.score <= 1.0);
            }
        }
    }
    assert!(judged > 190_000);
    f64::from(inside) / f64::from(judged)
}

#[test]
fn covers_its_share_of_simulated_data() {
    let frozen = Params { frames: 10_000, ..Params::DEFAULT };
    let adapting = Params { frames: 200, adapt: true, forgetting: 0.99, ..Params::DEFAULT };
    for (name, params) in [("learnt before", frozen), ("learnt on", adapting)] {
        for (lags, others) in [(0, true), (8, false), (23, true)] {
            for correlation in [0.0, 0.9] {
                let share = cover(Params { lags, others, ..params }, correlation);
                println!("{name}, {lags} lags, others {others}, correlation {correlation}: {share:.4}");
                assert!((0.935..=0.965).contains(&share), "{share}");
            }
        }
    }
}

/// The machine's temperature every five minutes: the first two weeks but one day are learnt, the rest judged where no labelled
/// failure is.
#[test]
fn covers_its_share_of_a_healthy_temperature() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/data");
    let folder = std::env::var_os("HONE_DATA").map_or(shared, PathBuf::from).join("temperature");
    let name = "machine_temperature_system_failure";
    let Ok(text) = std::fs::read_to_string(folder.join(format!("{name}.csv"))) else {
        println!("skipped: no recordings");
        return;
    };
    let spans = std::fs::read_to_string(folder.join(format!("{name}_windows.csv"))).unwrap();
    let spans: Vec<(&str, &str)> = spans.lines().skip(1).map(|l| l.split_once(',').unwrap()).collect();
    for (adapt, forgetting) in [(false, 1.0), (true, 0.999)] {
        let params = Params { frames: 2000, lags: 8, adapt, forgetting, ..Params::DEFAULT };
        let checked = params.check(Shape { channels: 1, inputs: 24, interval: 5 * MINUTE }).unwrap();
        let (mut model, mut state) = (Model::<WORDS>::new(), State::<25>::new());
        model.edit().begin(&checked).unwrap();
        let (mut judged, mut inside, mut squares) = (0u32, 0u32, 0.0f64);
        for (i, line) in text.lines().skip(1).enumerate() {
            let (when, value) = line.split_once(',').unwrap();
            let value: f32 = value.parse().unwrap();
            let outcome = model.edit().observe(&[value], (i as u64 + 1) * 5 * MINUTE, &mut state);
            let healthy = spans.iter().all(|(from, to)| !(*from..=*to).contains(&when));
            if outcome.ground == Ground::Learnt && healthy {
                judged += 1;
                inside += u32::from(outcome.verdict.score <= 1.0);
                squares += f64::from(value - outcome.mean).powi(2);
            }
        }
        let share = f64::from(inside) / f64::from(judged);
        println!("adapt {adapt}: {share:.4} of {judged} values, MSE {:.3}", squares / f64::from(judged));
        assert!((0.925..=0.975).contains(&share), "{share}");
    }
}
