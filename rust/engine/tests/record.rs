//! `record` and `time`: what goes over the console, what does not fit it, and when it is over.

mod common;

use common::{Act, Bench, TestFlash};
use hone_engine::data::order::RecordPhase;
use hone_model::stream::{Frame, LONGEST, decode};
use hone_signal::{Faults, Micros, Rate};

/// Of each piece sent: number of its first frame, samples, faults; and rate, `every` and time of day as told.
type Sent = (Vec<(u32, Vec<i16>, u8)>, Option<(u32, u16, u64)>, Option<(u32, u32)>);

fn sent(b: &mut Bench) -> Sent {
    let bytes = std::mem::take(&mut b.sent);
    let (mut pieces, mut head, mut end) = (Vec::new(), None, None);
    for segment in bytes.split(|b| *b == 0).filter(|s| !s.is_empty()) {
        let mut memory = [0; LONGEST];
        match decode(segment, &mut memory).expect("only frames were sent") {
            Frame::Head(h) => head = Some((h.frames, h.every, h.epoch)),
            Frame::End(e) => end = Some((e.frames, e.lost)),
            Frame::Data(d) => {
                let samples = d.samples.chunks(2).map(|s| i16::from_le_bytes([s[0], s[1]])).collect();
                pieces.push((d.first, samples, d.faults));
            }
        }
    }
    (pieces, head, end)
}

#[test]
fn every_frame_is_sent_for_so_long_and_then_no_more() {
    let mut b = Bench::new();
    b.run(0.5);
    b.command("time set 2026-11-30T12:00:00Z").unwrap();
    assert!(b.text.contains("until the next restart"), "{}", b.text);
    b.command("record 2 --raw").unwrap();
    assert!(b.text.starts_with("recording 3 channels at 1000 Hz: 6675 bytes a second"), "{}", b.text);
    assert!(b.command("record 2").is_err() && b.text.contains("'record off'"), "{}", b.text);
    b.run(3.0);
    let (pieces, head, end) = sent(&mut b);
    assert_eq!(head, Some((1000, 1, 1_796_040_000_000_000 - 500_000)));
    let frames: usize = pieces.iter().map(|p| p.1.len() / 3).sum();
    assert!((1990..=2010).contains(&frames), "{frames}");
    assert_eq!(end, Some((frames as u32, 0)));
    assert!(b.text.contains(&format!("recorded {frames} frames, 0 lost")), "{}", b.text);
    let mut next = pieces[0].0;
    for (first, samples, _) in &pieces {
        assert_eq!(*first, next);
        next += samples.len() as u32 / 3;
    }
    assert_eq!(b.links.record.get().phase, RecordPhase::Off);
    b.run(1.0);
    assert!(b.sent.is_empty());
}

#[test]
fn what_the_line_does_not_carry_is_the_mean_of_some_or_refused_with_the_numbers() {
    let fast = |act, line| {
        let mut b = Bench::sampling(TestFlash::new(2), move |s| (s.rate, s.act) = (Rate::new(8000, 1), act));
        b.line = Some(line);
        b.run(0.1);
        b
    };
    let mut b = fast(Act::Saturated, 115_200);
    assert!(b.command("record 1 --raw").is_err());
    assert_eq!(
        b.text,
        "error: 53400 bytes a second, the line carries 11520; without --raw the mean of each 5 frames is sent\n"
    );
    b.command("record 1").unwrap();
    assert!(
        b.text.contains("at 8000 Hz, the mean of each 5 frames: 10680 bytes a second, the line carries 11520"),
        "{}",
        b.text
    );
    b.run(2.0);
    let (pieces, head, end) = sent(&mut b);
    assert_eq!(head, Some((8000, 5, 0)));
    let frames: usize = pieces.iter().map(|p| p.1.len() / 3).sum();
    assert!((1590..=1605).contains(&frames) && end == Some((frames as u32, 0)), "{frames} {end:?}");
    assert!(pieces.windows(2).all(|p| p[1].0 == p[0].0 + 5 * p[0].1.len() as u32 / 3));
    // The mean of what is at the end of the range is the end of the range.
    assert!(pieces.iter().all(|p| Faults(p.2).any(Faults::SATURATED) && p.1.chunks(3).all(|f| f[0] >= 32766 && f[1..] == [32767; 2])));
    // Three channels of 1600 Hz and 16 bits fit.
    let mut b = Bench::sampling(TestFlash::new(2), |s| s.rate = Rate::new(1600, 1));
    b.line = Some(115_200);
    b.run(0.1);
    b.command("record 1 --raw").unwrap();
    assert!(b.text.contains("10680 bytes a second, the line carries 11520"), "{}", b.text);
}

#[test]
fn means_are_of_frames_in_a_row() {
    let mut b = Bench::new();
    b.line = Some(35_000);
    b.run(0.1);
    b.command("record 1").unwrap();
    assert!(b.text.contains("the mean of each 3 frames"), "{}", b.text);
    b.run(0.3);
    b.device.sensor.act = Act::Broken;
    b.run(0.3);
    b.device.sensor.act = Act::Hum;
    b.run(1.6);
    let (pieces, ..) = sent(&mut b);
    let steps: Vec<u32> = pieces.windows(2).map(|p| p[1].0 - (p[0].0 + p[0].1.len() as u32)).collect();
    assert_eq!(steps.iter().filter(|s| **s > 0).count(), 1, "one gap: {steps:?}");
}

#[test]
fn what_is_no_number_goes_by_itself() {
    let mut b = Bench::new();
    b.run(0.1);
    b.command("record 1").unwrap();
    for act in [Act::Hum, Act::Nan, Act::Hum] {
        b.device.sensor.act = act;
        b.run(0.2);
    }
    b.run(1.0);
    let (pieces, ..) = sent(&mut b);
    let invalid: usize = pieces.iter().filter(|p| Faults(p.2).any(Faults::NOT_A_NUMBER)).map(|p| p.1.len() / 3).sum();
    assert!((199..=201).contains(&invalid), "{invalid}");
}

#[test]
fn it_ends_when_told_and_when_the_sensor_is_gone() {
    let mut b = Bench::new();
    assert!(b.command("record off").is_ok() && b.text.contains("nothing is recorded"), "{}", b.text);
    for seconds in ["0", "-1", "x", "1e9", "2 --fast", ""] {
        assert!(b.command(&format!("record {seconds}")).is_err(), "{seconds}");
    }
    b.run(0.1);
    b.command("record 1000").unwrap();
    b.run(1.0);
    b.command("record off").unwrap();
    b.run(0.5);
    let (pieces, _, end) = sent(&mut b);
    assert!(pieces.len() > 20 && end.is_some());
    b.command("record 1").unwrap();
    b.device.sensor.act = Act::Missing;
    b.run(3.0);
    assert_eq!(sent(&mut b).2, Some((0, 0)));
    // Where nothing can be sent nothing is recorded.
    b.command("record 1000").unwrap();
    struct Text;
    impl hone_engine::text::Out for Text {
        fn str(&mut self, _: &str) {}
    }
    let mut now = b.device.now();
    for _ in 0..3 {
        hone_engine::say::record::write(b.links, &b.device.recorded, now, &mut Text);
        now = Micros(now.0 + 2_000_000);
    }
    assert_eq!(b.links.record.get().phase, RecordPhase::Off);
}

#[test]
fn a_slow_sensors_frames_do_not_wait_for_others() {
    let mut b = Bench::sampling(TestFlash::new(2), |s| s.rate = Rate::new(1, 10));
    b.run(1.0);
    b.command("record 60").unwrap();
    b.run(35.0);
    assert_eq!(sent(&mut b).0.len(), 3);
}

#[test]
fn the_time_of_day_goes_on() {
    let mut b = Bench::new();
    assert!(b.command("time").is_err() && b.text.contains("not known"), "{}", b.text);
    assert!(b.command("time set yesterday").is_err() && b.text.contains("2000 to 2099"), "{}", b.text);
    b.command("time set 2026-02-28T23:59:58Z").unwrap();
    b.run(3.0);
    b.command("time").unwrap();
    assert_eq!(b.text, "2026-03-01T00:00:01Z\n");
}
