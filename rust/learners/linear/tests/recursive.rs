//! Recursive least squares against double precision: after a million updates, with nearly collinear inputs.
use hone_learn::Decision;
use hone_linear::{Ground, Model, Params, SCALE_FRAMES, Shape, State, model_words};
use hone_numeric::rng::Rng;

const INPUTS: usize = 8;
const MINUTE: u64 = 60_000_000;

/// Frame i: the target, then inputs z₀ + spread·z_j with offset 3, z uniform in ±1; the target is a combination of them and a
/// normal error of 0.05.
fn frame(i: u64, spread: f32) -> [f32; INPUTS + 1] {
    let mut rng = Rng::new(i);
    let common = rng.next_signed();
    let mut frame = [0.0; INPUTS + 1];
    let mut y = 1.0;
    for (j, x) in frame.iter_mut().enumerate().skip(1) {
        *x = 3.0 + (common + spread * rng.next_signed());
        y += (j as f32 - 4.0) * *x;
    }
    frame[0] = y + 0.05 * rng.next_normal();
    frame
}

/// Weighted least squares in double precision by Householder's QR of the latest rows; older weigh nothing.
struct Reference {
    rows: Vec<Vec<f64>>,
}

impl Reference {
    fn solve(&self, forgetting: f64) -> Vec<f64> {
        let (m, n) = (self.rows.len(), self.rows[0].len());
        let mut a: Vec<Vec<f64>> = self.rows.clone();
        for (i, row) in a.iter_mut().enumerate() {
            let weight = forgetting.powi((m - 1 - i) as i32).sqrt();
            row.iter_mut().for_each(|x| *x *= weight);
        }
        for k in 0..n - 1 {
            let norm = a[k..].iter().map(|r| r[k] * r[k]).sum::<f64>().sqrt();
            let alpha = if a[k][k] > 0.0 { -norm } else { norm };
            let mut v: Vec<f64> = a[k..].iter().map(|r| r[k]).collect();
            v[0] -= alpha;
            let square = v.iter().map(|v| v * v).sum::<f64>();
            for j in k..n {
                let dot = v.iter().zip(&a[k..]).map(|(v, r)| v * r[j]).sum::<f64>() * 2.0 / square;
                v.iter().zip(&mut a[k..]).for_each(|(v, r)| r[j] -= dot * v);
            }
        }
        let mut x = vec![0.0; n - 1];
        for k in (0..n - 1).rev() {
            let known: f64 = (k + 1..n - 1).map(|j| a[k][j] * x[j]).sum();
            x[k] = (a[k][n - 1] - known) / a[k][k];
        }
        x
    }
}

fn compare(updates: u64, forgetting: f32, spread: f32) -> (f64, f64) {
    let params = Params { lags: 0, others: true, forgetting, frames: u32::MAX >> 6, ..Params::DEFAULT };
    let checked = params.check(Shape { channels: INPUTS + 1, inputs: INPUTS, interval: MINUTE as u32 }).unwrap();
    let mut model = Model::<{ model_words(INPUTS + 1, INPUTS, true) }>::new();
    let mut state = State::<{ INPUTS + 1 }>::new();
    model.edit().begin(&checked).unwrap();
    let kept = if forgetting < 1.0 { 4000 } else { updates };
    let mut reference = Reference { rows: Vec::new() };
    for i in 0..updates {
        let frame = frame(i, spread);
        model.edit().observe(&frame, (i + 1) * MINUTE, &mut state);
        if i >= u64::from(SCALE_FRAMES) && i + kept >= updates {
            let mut row = vec![1.0];
            row.extend(frame[1..].iter().map(|x| f64::from(*x)));
            row.push(f64::from(frame[0]));
            reference.rows.push(row);
        }
    }
    let coefficients = reference.solve(f64::from(forgetting));
    let targets: Vec<f64> = reference.rows.iter().map(|r| r[INPUTS + 1]).collect();
    let mean = targets.iter().sum::<f64>() / targets.len() as f64;
    let deviation = (targets.iter().map(|y| (y - mean) * (y - mean)).sum::<f64>() / targets.len() as f64).sqrt();
    let mut worst = 0.0f64;
    for i in 0..100 {
        let frame = frame(updates + i, spread);
        let outcome = model.view().judge(&frame, (updates + 1 + i) * MINUTE, &mut state);
        let want: f64 =
            coefficients[0] + frame[1..].iter().zip(&coefficients[1..]).map(|(x, c)| f64::from(*x) * c).sum::<f64>();
        worst = worst.max((f64::from(outcome.mean) - want).abs() / deviation);
    }
    (worst, deviation)
}

#[test]
fn explore() {
    for spread in [1.0, 0.1, 2.83e-3] {
        for (updates, forgetting) in [(200, 1.0), (2000, 1.0), (20_000, 1.0), (20_000, 0.99), (1_000_000, 0.99)] {
            println!("{spread} {updates} {forgetting}: {:?}", compare(updates, forgetting, spread));
        }
    }
    let _ = (Decision::Normal, Ground::Learnt);
}
