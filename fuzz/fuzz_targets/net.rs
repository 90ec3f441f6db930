//! Any bytes as the payload of a network. What is taken judges rows of any bits, and is written again to the
//! same bytes.
#![no_main]

use hone_model::decode;
use hone_net::{Model, Network};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // The text that declares a network, too.
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = Network::parse(text);
    }
    let mut model = Box::new(Model::<4096>::new());
    if decode(data, |d| model.load(d)).is_err() {
        // What follows a whole payload is refused by `decode`, after the model has been read.
        return;
    }
    let view = model.view();
    let mut scratch = vec![0; view.scratch_words()];
    for turn in 0..3 {
        let byte = |i: usize| data[(i * 5 + turn * 13) % data.len()];
        let row: Vec<f32> =
            (0..view.input().len()).map(|i| f32::from_le_bytes([0, 1, 2, 3].map(|k| byte(i + k)))).collect();
        let _ = view.infer(&row, &mut scratch);
    }
    let bytes = postcard::to_allocvec(&*model).expect("it was read");
    let mut again = Box::new(Model::<4096>::new());
    decode(&bytes, |d| again.load(d)).expect("it was written");
    assert_eq!(postcard::to_allocvec(&*again).expect("it was read"), bytes);
});
