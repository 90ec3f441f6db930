//! Frames of samples among text: what goes in comes out, and what is harmed is text.

use hone_learn::Unit;
use hone_model::stream::{Data, End, Frame, Head, LONGEST, NAME, SAMPLES, VERSION, channel, decode, encode, send};
use proptest::prelude::*;

fn coded(frame: &Frame<'_>) -> Vec<u8> {
    encode(frame, &mut [0; LONGEST]).expect("it fits").to_vec()
}

#[test]
fn the_longest_frames_fit_and_longer_ones_are_none() {
    let samples = [0x55; 2 * SAMPLES + 100];
    let data = |count| Frame::Data(Data { first: u32::MAX, micros: u64::MAX, faults: 255, samples: &samples[..count] });
    let bytes = coded(&data(2 * SAMPLES));
    assert!(bytes.len() <= LONGEST);
    assert_eq!(decode(&bytes[1..bytes.len() - 1], &mut [0; LONGEST]), Some(data(2 * SAMPLES)));
    assert_eq!(encode(&data(2 * SAMPLES + 100), &mut [0; LONGEST]), None);
    let channels: Vec<u8> = (0..16).flat_map(|_| channel(f32::MAX, Unit::Celsius)).collect();
    let head = Frame::Head(Head {
        version: VERSION,
        sensor: &"x".repeat(NAME),
        frames: u32::MAX,
        seconds: u32::MAX,
        every: u16::MAX,
        epoch: u64::MAX,
        channels: &channels,
    });
    let bytes = coded(&head);
    let mut memory = [0; LONGEST];
    let Some(Frame::Head(found)) = decode(&bytes[1..bytes.len() - 1], &mut memory) else { panic!("a head") };
    let meaning: Vec<_> = found.meaning().collect();
    assert_eq!(meaning, [Some((f32::MAX, Unit::Celsius)); 16]);
}

#[test]
fn a_port_gets_the_frame_whole() {
    let end = Frame::End(End { frames: 3, lost: 0 });
    let (mut port, mut room) = ([0xff; 64], &mut [][..]);
    let mut left = &mut port[..];
    assert_eq!(send(&end, &mut left), Ok(true));
    let used = 64 - left.len();
    assert_eq!(&port[..used], coded(&end));
    assert!(send(&end, &mut room).is_err(), "a port that takes nothing is told of");
}

proptest! {
    #[test]
    fn what_was_sent_is_found_among_text(first: u32, micros: u64, faults: u8, samples in proptest::collection::vec(any::<u8>(), 0..=2 * SAMPLES), text in "[ -~\n]{0,40}") {
        let data = Frame::Data(Data { first, micros, faults, samples: &samples });
        let line = [text.as_bytes(), &coded(&data), text.as_bytes()].concat();
        let found: Vec<_> = line.split(|b| *b == 0).filter(|s| decode(s, &mut [0; LONGEST]) == Some(data)).collect();
        prop_assert_eq!(found.len(), 1);
    }

    #[test]
    fn what_is_harmed_is_no_frame(samples in proptest::collection::vec(any::<u8>(), 0..=2 * SAMPLES), at: usize, change in 1u8.., cut: bool) {
        let data = Frame::Data(Data { first: 9, micros: 9, faults: 0, samples: &samples });
        let mut bytes = coded(&data);
        let at = 1 + at % (bytes.len() - 2);
        if cut { bytes.remove(at); } else { bytes[at] ^= change; }
        for segment in bytes.split(|b| *b == 0) {
            prop_assert!(decode(segment, &mut [0; LONGEST]).is_none());
        }
    }

    #[test]
    fn bytes_from_anywhere_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = decode(&bytes, &mut [0; LONGEST]);
    }
}
