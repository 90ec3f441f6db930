//! `hone push`, `hone pull` and `hone record` against the host's device: over a pseudo-terminal, and over a line that loses and damages
//! bytes.

#[path = "common/mod.rs"]
mod common;
#[path = "transfer/monitor.rs"]
mod monitor;
#[path = "transfer/page.rs"]
mod page;
#[path = "transfer/view.rs"]
mod view;

use hone_engine::Sensor as _;
use hone_engine::data::order::RecordPhase;
use hone_engine::text::Out;
use hone_host::device::flash::HostFlash;
use hone_host::device::session::{self, Answer, Handles, Input, Next, Script, Time};
use hone_host::device::source::Source;
use hone_host::record::receive::{Recording, receive};
use hone_host::transfer::console::{Console, Line};
use hone_host::transfer::{Trouble, fetch, send};
use hone_model::Container;
use hone_numeric::rng::Rng;
use hone_signal::Micros;
use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A device's end of a line, whatever that is.
trait End: Send {
    fn take(&mut self) -> io::Result<Option<u8>>;
    fn put(&mut self, bytes: &[u8]);
}

/// The end, for what is typed and for what is printed.
#[derive(Clone)]
struct Shared(Arc<Mutex<Box<dyn End>>>);

impl Shared {
    fn wait(&self, patience: Duration) -> Answer {
        let until = Instant::now() + patience;
        let mut line = Vec::new();
        loop {
            match self.0.lock().unwrap().take() {
                Ok(Some(b'\n' | b'\r')) => return Answer::Line(line),
                Ok(Some(byte)) => line.push(byte),
                Ok(None) if Instant::now() > until => return Answer::Silence,
                Ok(None) => {}
                Err(_) => return Answer::End,
            }
        }
    }
}

impl Input for Shared {
    fn line(&mut self, patience: Micros) -> Answer {
        self.wait(Duration::from_micros(patience.0))
    }

    fn interactive(&self) -> bool {
        true
    }
}

impl Out for Shared {
    fn str(&mut self, text: &str) {
        self.0.lock().unwrap().put(text.replace('\n', "\r\n").as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) -> bool {
        self.0.lock().unwrap().put(bytes);
        true
    }
}

struct Nowhere;

impl Out for Nowhere {
    fn str(&mut self, _: &str) {}
}

/// A device with a shell on this end, until `quit` or the line goes; first it runs these commands.
fn device(end: Box<dyn End>, commands: &'static [&'static str]) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut device = session::device(Source::rig(1), HostFlash::ram());
        let handles = Handles::of(&device);
        let mut shared = Shared(Arc::new(Mutex::new(end)));
        let mut time = Script { device: &mut device, watch: &mut |_| true, pace: None };
        time.pause(Micros(100_000), &mut Nowhere);
        for command in commands {
            assert_eq!(handles.line(command, &mut time, &mut shared, &mut Nowhere), Next::Go(Ok(())));
        }
        let mut out = shared.clone();
        let mut typed = Instant::now();
        while typed.elapsed() < Duration::from_secs(60) {
            let line = match shared.wait(Duration::from_millis(2)) {
                Answer::Line(line) => line,
                // Time passes for a recording alone, so that all else depends on what is typed.
                Answer::Silence if handles.links.record.get().phase == RecordPhase::Off => continue,
                Answer::Silence => {
                    time.pause(Micros(20_000), &mut out);
                    continue;
                }
                Answer::End => return,
            };
            typed = Instant::now();
            out.str("uart:~$ ");
            if handles.line(&String::from_utf8_lossy(&line), &mut time, &mut shared, &mut out) == Next::Quit {
                return;
            }
            time.pause(Micros(10_000), &mut out);
        }
    })
}

/// A line in memory that harms a share of the bytes: half of them are lost, half changed.
struct Wire {
    out: Sender<u8>,
    back: Receiver<u8>,
    rng: Rng,
    harm: f32,
}

impl Wire {
    fn pair(harm: f32) -> (Self, Self) {
        let ((a, b), (c, d)) = (channel(), channel());
        let wire = |out, back, seed| Self { out, back, rng: Rng::new(seed), harm };
        (wire(a, d, 1), wire(c, b, 2))
    }

    fn send(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let chance = self.rng.next_unit();
            if chance >= self.harm {
                let _ = self.out.send(*byte);
            } else if chance > self.harm / 2.0 {
                let _ = self.out.send(byte ^ 1);
            }
        }
    }
}

impl End for Wire {
    fn take(&mut self) -> io::Result<Option<u8>> {
        match self.back.recv_timeout(Duration::from_millis(5)) {
            Ok(byte) => Ok(Some(byte)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        self.send(bytes);
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.send(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Line for Wire {
    fn read(&mut self, bytes: &mut [u8], patience: Duration) -> io::Result<usize> {
        let Some(first) = bytes.first_mut() else { return Ok(0) };
        match self.back.recv_timeout(patience) {
            Ok(byte) => *first = byte,
            Err(RecvTimeoutError::Timeout) => return Ok(0),
            Err(RecvTimeoutError::Disconnected) => return Err(io::ErrorKind::BrokenPipe.into()),
        }
        let mut count = 1;
        for (place, byte) in bytes.iter_mut().skip(1).zip(self.back.try_iter()) {
            *place = byte;
            count += 1;
        }
        Ok(count)
    }
}

const TRAIN: &[&str] = &["train esn --windows 40 --wait", "infer off"];

/// A console over such a wire, and the device behind it.
fn console(harm: f32, commands: &'static [&'static str]) -> (Console<Wire>, JoinHandle<()>) {
    let (host, end) = Wire::pair(harm);
    (Console::new(host), device(Box::new(end), commands))
}

fn end(console: Console<Wire>, device: JoinHandle<()>) {
    drop(console);
    device.join().unwrap();
}

#[test]
fn a_model_goes_over_a_clean_line_and_back() {
    let (mut from, first) = console(0.0, TRAIN);
    let bytes = fetch(&mut from, &mut |_, _| ()).unwrap();
    end(from, first);
    assert!(Container::read(&bytes).is_ok());
    let (mut to, second) = console(0.0, &["infer off"]);
    let mut seen = Vec::new();
    let answer = send(&mut to, &bytes, &mut |line| seen.push(line)).unwrap();
    assert!(answer.starts_with("imported: esn, "), "{answer}");
    assert!(seen.is_sorted() && seen.len() > 20, "{seen:?}");
    assert_eq!(fetch(&mut to, &mut |_, _| ()).unwrap(), bytes);
    end(to, second);
}

#[test]
fn a_line_that_harms_every_three_hundredth_byte_delays_and_does_not_spoil() {
    let (mut from, first) = console(1.0 / 300.0, TRAIN);
    let bytes = fetch(&mut from, &mut |_, _| ()).unwrap();
    end(from, first);
    assert!(Container::read(&bytes).is_ok());
    let (mut to, second) = console(1.0 / 300.0, &["infer off"]);
    let answer = send(&mut to, &bytes, &mut |_| ()).unwrap();
    assert!(answer.starts_with("imported: "), "{answer}");
    end(to, second);
}

#[test]
fn a_network_that_a_pc_trained_is_pushed_and_learns_more() {
    let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/onnx");
    let file = common::folder("transfer-import").join("rig.hone");
    let [onnx, rows, file] =
        [from.join("rig.onnx"), from.join("rig.csv"), file].map(|p| p.to_str().unwrap().to_owned());
    common::hone(&["model", "import", &onnx, &file, "--calibrate", &rows], b"").well();
    let bytes = std::fs::read(&file).unwrap();
    let commands = &["label 1", "wait 3", "rig imbalance", "label 2", "wait 3", "label none"];
    let (mut console, device) = console(0.0, commands);
    let answer = send(&mut console, &bytes, &mut |_| ()).unwrap();
    assert!(answer.starts_with("imported: net, "), "{answer}");
    console.type_line("train net --continue --last 1 --wait").unwrap();
    let mut told = String::new();
    while !told.starts_with("training 1: net, ") {
        told = console.next_line(Duration::from_secs(60)).unwrap().expect("the training ends");
        assert!(!told.contains("error"), "{told}");
    }
    let learnt = fetch(&mut console, &mut |_, _| ()).unwrap();
    let (before, after) = (Container::read(&bytes).unwrap(), Container::read(&learnt).unwrap());
    assert_eq!(after.learner(), before.learner());
    assert_eq!(after.payload().len(), before.payload().len());
    assert_ne!(after.payload(), before.payload());
    end(console, device);
}

/// Types the first lines of a transfer and goes away.
fn half(console: &mut Console<Wire>, bytes: &[u8], lines: u32) {
    let sender = hone_model::frame::Sender::new(bytes).unwrap();
    let mut memory = [0; hone_model::frame::LINE];
    console.type_line("model import").unwrap();
    for number in 0..lines {
        console.type_line(sender.line(number, &mut memory).unwrap()).unwrap();
    }
    let wanted = format!("send {lines}");
    while console.next_line(Duration::from_secs(60)).unwrap().expect("the device answers") != wanted {}
}

#[test]
fn a_transfer_that_was_broken_off_goes_on_and_another_begins_anew() {
    let (mut from, first) = console(0.0, TRAIN);
    let bytes = fetch(&mut from, &mut |_, _| ()).unwrap();
    end(from, first);
    let (mut to, second) = console(0.0, &["infer off"]);
    half(&mut to, &bytes, 12);
    let mut seen = Vec::new();
    let answer = send(&mut to, &bytes, &mut |line| seen.push(line)).unwrap();
    assert!(answer.starts_with("imported: esn, "), "{answer}");
    assert_eq!(seen.first(), Some(&12), "it did not go on: {seen:?}");
    half(&mut to, &[7; 4000], 20);
    seen.clear();
    let answer = send(&mut to, &bytes, &mut |line| seen.push(line)).unwrap();
    assert!(answer.starts_with("imported: esn, ") && seen.first() == Some(&1), "{answer} {seen:?}");
    end(to, second);
}

#[test]
fn what_the_device_refuses_is_said() {
    let (mut console, device) = console(0.0, &[]);
    let mut refused = |send_this: Option<&[u8]>| {
        let result = match send_this {
            Some(bytes) => send(&mut console, bytes, &mut |_| ()),
            None => fetch(&mut console, &mut |_, _| ()).map(|_| String::new()),
        };
        match result {
            Err(Trouble::Refused(text)) => text,
            other => panic!("{other:?}"),
        }
    };
    assert!(refused(None).contains("no model"));
    assert!(refused(Some(&[9; 500])).contains("not a model"));
    assert!(refused(Some(&[9; 20_000])).contains("working memory"));
    // The console is at its prompt again.
    assert!(refused(None).contains("no model"));
    end(console, device);
}

/// What was recorded is what the rig gave, frame by frame, and what is missing is known.
fn is_the_rigs(recording: &Recording) {
    let mut rig = Source::rig(1);
    let (mut number, mut at, mut missing) = (0, 0, 0);
    for piece in &recording.pieces {
        missing += piece.missing;
        for k in 0..piece.frames as u32 {
            let mut frame = [0; 16];
            while number <= piece.first + k {
                frame = [0; 16];
                rig.read(Micros(0), &mut frame[..3]).unwrap();
                number += 1;
            }
            assert_eq!(recording.samples[at..at + 3], frame[..3], "frame {}", piece.first + k);
            at += 3;
        }
        // The rig is paced by the clock.
        assert_eq!(piece.micros, 1000 * u64::from(piece.first));
    }
    let (first, last) = (recording.pieces.first().unwrap(), recording.pieces.last().unwrap());
    let span = u64::from(last.first - first.first) + last.frames as u64;
    assert_eq!(span, recording.frames() as u64 + missing, "each frame came, or is known to be missing");
    assert_eq!((at, missing), (recording.samples.len(), recording.missing()));
}

#[test]
fn what_is_recorded_is_what_was_sampled() {
    let (host, wire) = Wire::pair(0.0);
    let device = device(Box::new(wire), &["infer off"]);
    let mut notes = Vec::new();
    let recording = receive(host, 2.5, true, &mut |note| notes.push(note.to_owned()), &|| false).unwrap();
    assert_eq!(notes, ["recording 3 channels at 1000 Hz: 6675 bytes a second"]);
    assert_eq!((recording.missing(), recording.harmed, recording.rate_hz()), (0, 0, 1000.0));
    assert!((2490..=2530).contains(&recording.frames()), "{}", recording.frames());
    assert!(recording.sensor.contains("motor") && recording.channels.len() == 3);
    is_the_rigs(&recording);
    device.join().unwrap();
}

#[test]
fn what_is_lost_on_the_line_is_a_gap() {
    let (host, wire) = Wire::pair(1.0 / 3000.0);
    let device = device(Box::new(wire), &["infer off"]);
    let recording = receive(host, 20.0, false, &mut |_| (), &|| false).unwrap();
    assert!(recording.gaps() > 5 && recording.frames() > 15_000, "{} {}", recording.gaps(), recording.frames());
    assert!(recording.harmed > 0);
    is_the_rigs(&recording);
    device.join().unwrap();
}

#[test]
fn a_recording_is_ended_from_here() {
    let (host, wire) = Wire::pair(0.0);
    let device = device(Box::new(wire), &["infer off"]);
    let begun = Instant::now();
    let recording =
        receive(host, 800_000.0, false, &mut |_| (), &|| begun.elapsed() > Duration::from_millis(400)).unwrap();
    assert!(recording.frames() > 100);
    is_the_rigs(&recording);
    device.join().unwrap();
}

/// A console that says this, whatever is typed.
struct Said(io::Cursor<Vec<u8>>, bool);

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1 |= bytes.starts_with(b"record 1");
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Line for Said {
    fn read(&mut self, bytes: &mut [u8], patience: Duration) -> io::Result<usize> {
        if !self.1 {
            std::thread::sleep(patience);
            return Ok(0);
        }
        self.0.read(bytes)
    }
}

#[test]
fn a_line_that_harms_most_is_given_up_and_a_refusal_is_told() {
    use hone_model::stream::{Data, Frame, Head, LONGEST, VERSION, channel, encode};
    let hear = |text: Vec<u8>| receive(Said(io::Cursor::new(text), false), 1.0, true, &mut |_| (), &|| false);
    let coded = |frame: Frame<'_>| encode(&frame, &mut [0; LONGEST]).unwrap().to_vec();
    let scale = channel(0.001, hone_signal::Unit::Celsius);
    let head = Head { version: VERSION, sensor: "s", frames: 10, seconds: 1, every: 1, epoch: 0, channels: &scale };
    let data = |first, micros| coded(Frame::Data(Data { first, micros, faults: 0, samples: &[0xff; 2] }));
    let mut harmed = coded(Frame::Head(head));
    for n in 0..40 {
        let mut bytes = data(n, u64::from(n) * 100_000);
        bytes[3] ^= 0x81;
        harmed.extend(bytes);
    }
    assert!(hear(harmed).unwrap_err().starts_with("the line damages data (16 frames damaged, 0 intact)"));
    let restarted = [coded(Frame::Head(head)), data(50, 5_000_000), data(2, 200_000)].concat();
    assert!(hear(restarted).unwrap_err().contains("restarted during the recording"));
    let other = coded(Frame::Head(Head { version: VERSION + 1, ..head }));
    assert!(hear(other).unwrap_err().contains("version 2"));
    let no = b"record 1 --raw\r\nerror: 50000 bytes a second, the line carries 11520\r\nuart:~$ ".to_vec();
    assert_eq!(hear(no).unwrap_err(), "the device refused: 50000 bytes a second, the line carries 11520");
    assert!(hear(b"hello\r\n".to_vec()).unwrap_err().contains("check that this is its console"));
}

#[cfg(unix)]
mod pty {
    use super::*;
    use serialport::{SerialPort as _, TTYPort};
    use std::process::{Command, Output};

    struct Master(TTYPort);

    impl End for Master {
        fn take(&mut self) -> io::Result<Option<u8>> {
            let mut byte = [0];
            match self.0.read(&mut byte) {
                Ok(1) => Ok(Some(byte[0])),
                Ok(_) => Ok(None),
                Err(_) => {
                    // Nothing came, or nobody has the other end open.
                    std::thread::sleep(Duration::from_millis(1));
                    Ok(None)
                }
            }
        }

        fn put(&mut self, bytes: &[u8]) {
            let _ = self.0.write_all(bytes);
        }
    }

    #[test]
    fn the_program_pushes_and_pulls_over_a_pseudo_terminal() {
        let (mut master, slave) = TTYPort::pair().unwrap();
        master.set_timeout(Duration::from_millis(5)).unwrap();
        let port = slave.name().unwrap();
        // The program wants it for itself.
        drop(slave);
        let device = device(Box::new(Master(master)), TRAIN);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("model.hone");
        let run = |what: &str| -> Output {
            Command::new(env!("CARGO_BIN_EXE_hone")).arg(what).arg(&port).arg(&file).output().unwrap()
        };
        let well = |what: &str| {
            let output = run(what);
            let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{what}: {text}");
            text
        };
        assert!(well("pull").starts_with("fetched: esn, "));
        let bytes = std::fs::read(&file).unwrap();
        assert!(well("push").starts_with("imported: esn, "));
        well("pull");
        assert_eq!(std::fs::read(&file).unwrap(), bytes);
        std::fs::write(&file, b"no model").unwrap();
        let output = run("push");
        assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("model.hone: it is"));
        for (name, seconds) in [("text.csv", "3"), ("array.npy", "3"), ("sound.wav", "3")] {
            let file = folder.path().join(name);
            let hone =
                |args: &[&std::ffi::OsStr]| Command::new(env!("CARGO_BIN_EXE_hone")).args(args).output().unwrap();
            let record =
                hone(&["record".as_ref(), port.as_ref(), file.as_ref(), "--seconds".as_ref(), seconds.as_ref()]);
            let told = String::from_utf8_lossy(&record.stdout).into_owned() + &String::from_utf8_lossy(&record.stderr);
            assert!(record.status.success() && told.contains("frames of 3 channels"), "{told}");
            let manifest = file.with_extension("toml");
            let check = hone(&["check".as_ref(), manifest.as_ref(), "--root".as_ref(), folder.path().as_ref()]);
            let told = String::from_utf8_lossy(&check.stdout).into_owned() + &String::from_utf8_lossy(&check.stderr);
            assert!(check.status.success() && told.contains("1000"), "{name}: {told}");
            // Neither a recording nor its manifest, which may have been edited, is replaced.
            std::fs::remove_file(&file).unwrap();
            let again = hone(&["record".as_ref(), port.as_ref(), file.as_ref()]);
            let told = String::from_utf8_lossy(&again.stderr);
            assert!(!again.status.success() && told.contains(".toml already exists"), "{told}");
        }
        let record = Command::new(env!("CARGO_BIN_EXE_hone")).args(["record", &port, "motor.mp3"]).output().unwrap();
        assert!(!record.status.success() && String::from_utf8_lossy(&record.stderr).contains(".csv, .wav or .npy"));
        // Open until the device has read it.
        let mut typed = std::fs::OpenOptions::new().write(true).open(&port).unwrap();
        typed.write_all(b"\nquit\n").unwrap();
        device.join().unwrap();
    }
}
