//! The kernels on this machine: `cargo bench -p hone-numeric`.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hone_numeric::{cholesky, kernel, rng::Rng};

fn floats(criterion: &mut Criterion) {
    let mut rng = Rng::new(1);
    let mut numbers = |n: usize| -> Vec<f32> { (0..n).map(|_| rng.next_signed()).collect() };
    let (a, x, mut y) = (numbers(10_000), numbers(600), vec![0.0; 100]);
    let mut group = criterion.benchmark_group("f32");
    group.throughput(Throughput::Elements(600));
    group.bench_function("dot/600", |b| b.iter(|| kernel::dot_f32(black_box(&a[..600]), black_box(&x))));
    group.bench_function("squared_distance/600", |b| {
        b.iter(|| kernel::squared_distance_f32(black_box(&a[..600]), black_box(&x)))
    });
    group.throughput(Throughput::Elements(10_000));
    group.bench_function("matvec/100", |b| {
        b.iter(|| kernel::matvec_f32(black_box(&a), black_box(&x[..100]), black_box(&mut y)))
    });
    group.finish();
}

fn integers(criterion: &mut Criterion) {
    let mut rng = Rng::new(2);
    let a: Vec<i16> = (0..600).map(|_| rng.next_u32() as i16).collect();
    let c: Vec<u8> = (0..4_848).map(|_| rng.next_u32() as u8).collect();
    let mut distances = vec![0; 100];
    criterion.bench_function("i16/dot/600", |b| b.iter(|| kernel::dot_i16(black_box(&a), black_box(&a))));
    criterion.bench_function("u8/manhattans/100x48", |b| {
        b.iter(|| kernel::manhattans_u8(black_box(&c[..48]), black_box(&c[48..]), black_box(&mut distances)))
    });
}

fn equations(criterion: &mut Criterion) {
    const N: usize = 65;
    let mut rng = Rng::new(3);
    let mut a = vec![0.0; cholesky::packed_len(N)];
    a.iter_mut().for_each(|x| *x = rng.next_signed());
    for i in 0..N {
        a[cholesky::packed_len(i) + i] = 2.0 * N as f32;
    }
    criterion.bench_function("cholesky/65", |b| {
        b.iter(|| {
            let (mut l, mut x) = (a.clone(), [1.0; N]);
            cholesky::factor(&mut l, N).expect("diagonally dominant");
            cholesky::solve(&l, N, &mut x);
            x
        })
    });
}

criterion_group!(benches, floats, integers, equations);
criterion_main!(benches);
