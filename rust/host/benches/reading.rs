//! Reading recordings in CSV, as `hone check` and `hone eval` do before anything else, in bytes of the file (of a `.gz` as
//! unpacked): `cargo bench -p hone-host --bench reading`.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hone_host::dataset::{Dataset, Source};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

/// Frames of three channels, some 16 to 30 MB of text.
const FRAMES: u32 = 500_000;

fn rows(time: impl Fn(u32) -> String) -> String {
    let mut noise = 1u32;
    (0..FRAMES).fold("time,x,y,z\n".to_owned(), |mut text, i| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (rough, wave) = (f64::from(noise >> 16) / 65_536.0 - 0.5, (f64::from(i) * 0.69).sin());
        let (x, y, z) = (wave + 0.4 * rough, 0.5 * wave - 0.3 * rough, 9.81 + 0.2 * rough);
        let _ = writeln!(text, "{},{x:.4},{y:.4},{z:.4}", time(i));
        text
    })
}

fn manifest(file: &str) -> Source {
    let channel = |name: &str| format!("[[channel]]\nname = \"{name}\"\nscale = 0.001\n");
    let text = format!(
        "name = \"bench\"\nkind = \"recordings\"\ntask = \"anomaly\"\nrate_hz = 1000\nwindow = {{ length = 128 }}\n{}{}{}[[class]]\n\
         name = \"n\"\n[[class]]\nname = \"f\"\nanomalous = true\n[[file]]\npath = \"{file}\"\nclass = \"n\"\nsplit = {{ train = 0.5, \
         test = 0.5 }}\n",
        channel("x"),
        channel("y"),
        channel("z")
    );
    Source::new(Path::new("bench.toml"), text)
}

fn reading(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let seconds = rows(|i| format!("{:.3}", f64::from(i) / 1000.0));
    let dates = rows(|i| format!("2024-07-01T00:{:02}:{:02}.{:03}Z", i / 60_000, i / 1000 % 60, i % 1000));
    let comma = seconds.replace(',', ";").replace('.', ",");
    let wide: Vec<u8> = seconds.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(seconds.as_bytes()).expect("memory");
    let packed = packed.finish().expect("memory");
    let unpacked = seconds.len();
    let mut group = criterion.benchmark_group("reading");
    group.sample_size(10);
    for (name, bytes, size) in [
        ("seconds.csv", seconds.as_bytes(), unpacked),
        ("dates.csv", dates.as_bytes(), dates.len()),
        ("decimal-comma.csv", comma.as_bytes(), comma.len()),
        ("utf-16.csv", &wide, wide.len()),
        ("seconds.csv.gz", &packed, unpacked),
    ] {
        std::fs::write(folder.path().join(name), bytes).expect("a file");
        let source = manifest(name);
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                Dataset::look(&source, folder.path()).expect("a recording").usable(hone_host::dataset::Part::Train)
            })
        });
    }
    group.finish();
}

criterion_group!(benches, reading);
criterion_main!(benches);
