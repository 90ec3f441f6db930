//! An hour on a bad line, in the device's time; and a broker.

use super::reader::Heard;
use super::station::{News, Station, Wish};
use super::{Monitor, Out as Given, sink::Mqtt};
use crate::device::flash::HostFlash;
use crate::device::session::{self, Handles, HostDevice, NoInput, Script, Time};
use crate::device::source::Source;
use crate::transfer::console::Line;
use hone_engine::text::Out;
use hone_numeric::rng::Rng;
use hone_signal::Micros;
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const HOUR: u64 = 3_600_000_000;
const STEP: Micros = Micros(250_000);

#[derive(Default)]
struct Text(String);

impl Out for Text {
    fn str(&mut self, text: &str) {
        self.0.push_str(text);
    }
}

/// A device on a bad line: it is reset, the port goes away, and there is garbage between its lines.
struct World {
    device: HostDevice,
    rng: Rng,
    passed: u64,
    next_reset: u64,
    next_loss: u64,
    /// Which opening of the port is in force; 0 while there is none.
    open: u32,
    openings: u32,
    typed: Vec<u8>,
    out: Vec<u8>,
    /// Events that it sent whole.
    sent: Vec<String>,
    resets: u64,
    losses: u64,
    garbage: u64,
}

fn booted() -> HostDevice {
    let mut device = session::device(Source::rig(1), HostFlash::ram());
    let handles = Handles::of(&device);
    let mut time = Script { device: &mut device, watch: &mut |_| true, pace: None };
    handles.line("train esn --windows 30", &mut time, &mut NoInput, &mut Text::default());
    device
}

impl World {
    fn new() -> Self {
        let (next_reset, next_loss) = (100_000_000, 150_000_000);
        Self {
            device: booted(),
            rng: Rng::new(24),
            passed: 0,
            next_reset,
            next_loss,
            open: 0,
            openings: 0,
            typed: Vec::new(),
            out: b"hone:~$ ".to_vec(),
            sent: Vec::new(),
            resets: 0,
            losses: 0,
            garbage: 0,
        }
    }

    fn below(&mut self, most: usize) -> usize {
        ((self.rng.next_unit() * most as f32) as usize).min(most - 1)
    }

    /// Noise of all byte values, with the beginnings of events and frames in it.
    fn noise(&mut self) {
        self.garbage += 1;
        for _ in 0..1 + self.below(40) {
            let byte = self.below(256) as u8;
            self.out.push(byte);
        }
        let begun: [&[u8]; 5] = [b"{\"event\":\"verd", b"\0\x01\x01\x02", b"{\"", b"\r\n", b"\0\x05\x01\x20\x30"];
        let which = self.below(8);
        self.out.extend(begun.get(which).copied().unwrap_or(b""));
    }

    /// What the device says of itself takes the prompt's place.
    fn say(&mut self, text: &str) {
        for line in text.lines() {
            if self.below(20) == 0 {
                self.noise();
            }
            self.out.extend(b"\x1b[8D\x1b[J");
            self.out.extend(line.as_bytes());
            if line.starts_with("{\"event\"") {
                self.sent.push(line.to_owned());
            }
            if self.below(40) == 0 {
                self.noise();
            }
            self.out.extend(b"\r\nhone:~$ ");
        }
    }

    fn pass(&mut self) {
        let mut text = Text::default();
        Script { device: &mut self.device, watch: &mut |_| true, pace: None }.pause(STEP, &mut text);
        self.passed += STEP.0;
        if self.open == 0 {
            return;
        }
        self.say(&text.0);
        while let Some(end) = self.typed.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = self.typed.drain(..=end).collect();
            let line = String::from_utf8(line).unwrap();
            let handles = Handles::of(&self.device);
            let mut answer = Text::default();
            let mut time = Script { device: &mut self.device, watch: &mut |_| true, pace: None };
            handles.line(line.trim(), &mut time, &mut NoInput, &mut answer);
            self.out.extend(format!("{line}{}hone:~$ ", answer.0).replace('\n', "\r\n").bytes());
        }
        if self.passed >= self.next_reset {
            self.resets += 1;
            self.next_reset += 60_000_000 + self.below(60_000_000) as u64;
            // In the midst of an event.
            let cut = self.sent.last().map_or(0, |event| event.len() / 2);
            let half: Vec<u8> = self.sent.last().map_or(Vec::new(), |event| event.bytes().take(cut).collect());
            self.out.extend(half);
            self.out.extend(b"*** Booting Zephyr OS build v3.7.0 ***\r\nhone:~$ ");
            self.device = booted();
            self.typed.clear();
        }
    }
}

/// One opening of the port.
struct End(Arc<Mutex<World>>, u32);

impl Write for End {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().typed.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Line for End {
    fn read(&mut self, bytes: &mut [u8], _: Duration) -> io::Result<usize> {
        let mut world = self.0.lock().unwrap();
        if world.open != self.1 {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if world.out.is_empty() {
            if world.passed >= world.next_loss {
                // All that was sent had come.
                world.losses += 1;
                world.next_loss += 300_000_000;
                world.open = 0;
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            world.pass();
        }
        // As a line gives it: in pieces of any length.
        let most = 1 + world.below(bytes.len());
        let count = most.min(world.out.len());
        for (place, byte) in bytes.iter_mut().zip(world.out.drain(..count)) {
            *place = byte;
        }
        Ok(count)
    }
}

#[test]
fn an_hour_of_resets_and_garbage_loses_no_event_that_was_sent_whole() {
    let world = Arc::new(Mutex::new(World::new()));
    let shared = Arc::clone(&world);
    let open = move || -> io::Result<Box<dyn Line + Send>> {
        let mut world = shared.lock().unwrap();
        world.openings += 1;
        if world.openings % 3 == 2 {
            // It is away for a while.
            return Err(io::ErrorKind::NotFound.into());
        }
        (world.open, world.typed) = (world.openings, Vec::new());
        Ok(Box::new(End(Arc::clone(&shared), world.openings)))
    };
    let mut station = Station::new(Box::new(open), Wish { every: true, samples: false });
    let mut monitor = Monitor::new(true, Box::new(|_| ()));
    let mut came = Vec::new();
    let mut see = |news: News| {
        if let Some(Given::Event(event)) = monitor.see(news) {
            came.push(event.text);
        }
    };
    station.begin(&mut see).unwrap();
    while world.lock().unwrap().passed < HOUR {
        station.hear(Duration::from_millis(1), &mut see);
    }
    while !world.lock().unwrap().out.is_empty() {
        station.hear(Duration::from_millis(1), &mut see);
    }
    let world = world.lock().unwrap();
    // Each once, and in their order.
    let first = came.iter().zip(&world.sent).position(|(a, b)| a != b);
    assert_eq!((first, world.sent.len() - came.len()), (None, 0), "{:?}", first.map(|n| (&came[n], &world.sent[n])));
    let tally = monitor.tally;
    let counts = format!(
        "{} events, {} resets, {} losses, {} garbage: {}",
        world.sent.len(),
        world.resets,
        world.losses,
        world.garbage,
        monitor.summary()
    );
    assert!(world.sent.len() > 15_000 && world.resets > 30 && world.losses > 10 && world.garbage > 500, "{counts}");
    assert_eq!((tally.events, tally.resets, tally.lost), (world.sent.len() as u64, world.resets, world.losses));
    assert!(tally.garbage > world.garbage / 2, "{} of {}", tally.garbage, world.garbage);
}

/// A broker that takes what comes, and says what it was: topic and payload of each message.
fn broker() -> (String, std::thread::JoinHandle<Vec<(String, String)>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let handle = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut messages = Vec::new();
        loop {
            let mut head = [0; 2];
            if stream.read_exact(&mut head).is_err() {
                return messages;
            }
            let (mut length, mut shift) = (usize::from(head[1] & 0x7f), 7);
            let mut last = head[1];
            while last & 0x80 != 0 {
                let mut more = [0];
                stream.read_exact(&mut more).unwrap();
                last = more[0];
                length |= usize::from(last & 0x7f) << shift;
                shift += 7;
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            match head[0] >> 4 {
                1 => stream.write_all(&[0x20, 2, 0, 0]).unwrap(),
                3 => {
                    let end = 2 + usize::from(u16::from_be_bytes([body[0], body[1]]));
                    let topic = String::from_utf8(body[2..end].to_vec()).unwrap();
                    let counted = head[0] & 6 != 0;
                    let payload = String::from_utf8(body[end + if counted { 2 } else { 0 }..].to_vec()).unwrap();
                    if counted {
                        stream.write_all(&[0x40, 2, body[end], body[end + 1]]).unwrap();
                    }
                    messages.push((topic, payload));
                }
                14 => return messages,
                _ => {}
            }
        }
    });
    (place, handle)
}

#[test]
fn a_broker_gets_each_event_under_its_name() {
    let (place, broker) = broker();
    let mut mqtt = Mqtt::new(&place, "plant/pump-3", None, |_| ()).unwrap();
    let events: Vec<String> = (0..300).map(|n| format!("{{\"event\":\"verdict\",\"window\":{n}}}")).collect();
    for event in &events {
        mqtt.send("verdict", event);
    }
    mqtt.send("samples", "{\"samples\":0}");
    assert_eq!(mqtt.finish(Duration::from_secs(30)), 0);
    let messages = broker.join().unwrap();
    let of = |topic: &str| -> Vec<String> { messages.iter().filter(|m| m.0 == topic).map(|m| m.1.clone()).collect() };
    assert_eq!(of("plant/pump-3/verdict"), events);
    assert_eq!(of("plant/pump-3/samples").len(), 1);
    assert_eq!(of("plant/pump-3/monitor"), ["online", "offline"]);
    for (place, topic) in [("a:b", "hone"), ("a", "h#"), ("a", "")] {
        assert!(Mqtt::new(place, topic, None, |_| ()).is_err());
    }
}

#[test]
fn a_broker_that_is_not_there_is_told_and_what_it_misses_is_counted() {
    let place = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (told, hear) = std::sync::mpsc::channel();
    let mut mqtt = Mqtt::new(&place, "hone", None, move |text| told.send(text.to_owned()).unwrap_or(())).unwrap();
    mqtt.send("verdict", "{}");
    assert!(hear.recv_timeout(Duration::from_secs(30)).unwrap().starts_with("no connection to the broker"));
    assert_eq!(mqtt.finish(Duration::from_millis(50)), 1);
}

#[test]
fn the_device_on_this_pc_answers_as_a_board_does() {
    let mut device = Some(session::device(Source::rig(1), HostFlash::ram()));
    let open = move || device.take().map(super::hosted::start).ok_or_else(|| io::Error::other("ended"));
    let mut station = Station::new(Box::new(open), Wish { every: false, samples: true });
    let mut news = Vec::new();
    let mut see = |n: News| news.push(n);
    station.begin(&mut see).unwrap();
    station.hear(Duration::from_millis(50), &mut see);
    let mut ask = |command: &str| station.ask(command, Duration::from_secs(20), &mut || false, &mut see).unwrap();
    assert_eq!(ask("config get device.telemetry"), ["json"]);
    assert!(ask("trian")[0].starts_with("error: 'trian' is no command"));
    assert_eq!(ask("sensor info")[1], "well");
    assert!(ask("stats --json").is_empty(), "counters are no text");
    let begun = std::time::Instant::now();
    ask("wait 0.5");
    assert!(begun.elapsed() >= Duration::from_millis(450));
    let mut stops = 0;
    let mut stop = || {
        stops += 1;
        stops == 5
    };
    let answer = station.ask("wait 1000", Duration::from_secs(20), &mut stop, &mut see).unwrap();
    assert!(answer[0].contains("interrupted"), "{answer:?}");
    station.leave(&mut see);
    assert_eq!(
        station.ask("config get device.telemetry", Duration::from_secs(20), &mut || false, &mut see).unwrap(),
        ["text"]
    );
    let count = |f: fn(&News) -> bool| news.iter().filter(|n| f(n)).count();
    assert!(count(|n| matches!(n, News::Heard(Heard::Frame(_)))) > 10);
    assert!(count(|n| matches!(n, News::Heard(Heard::Object(o)) if o.stats().is_some())) >= 4);
    assert_eq!(count(|n| matches!(n, News::Heard(Heard::Garbage(..)) | News::Lost(_) | News::Reset)), 0);
}

#[cfg(unix)]
#[test]
fn a_port_that_goes_away_is_opened_again() {
    use crate::transfer::console::Serial;
    use serialport::{SerialPort as _, TTYPort};
    use std::time::Instant;
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("board");
    let plug = || {
        let (master, slave) = TTYPort::pair().unwrap();
        let _ = std::fs::remove_file(&link);
        std::os::unix::fs::symlink(slave.name().unwrap(), &link).unwrap();
        master
    };
    let mut master = plug();
    let path = link.clone();
    let mut station = Station::new(Box::new(move || Ok(Box::new(Serial::open(&path, 115_200)?))), Wish::default());
    let mut news = Vec::new();
    station.begin(&mut |n| news.push(n)).unwrap();
    let mut until = |station: &mut Station, holds: &dyn Fn(&News) -> bool| {
        let begun = Instant::now();
        while !news.iter().any(holds) {
            assert!(begun.elapsed() < Duration::from_secs(60), "{news:?}");
            station.hear(Duration::from_millis(20), &mut |n| news.push(n));
        }
    };
    let of = |number: u64| move |n: &News| matches!(n, News::Heard(Heard::Object(o)) if o.time() == Some(number));
    master.write_all(b"{\"event\":\"overrun\",\"time_us\":1}\r\n{\"event\":\"ov").unwrap();
    until(&mut station, &of(1));
    drop(master);
    until(&mut station, &|n| matches!(n, News::Lost(_)));
    // What had begun is told.
    until(&mut station, &|n| matches!(n, News::Heard(Heard::Garbage(..))));
    assert!(!station.is_open());
    // Not there at all for a while.
    std::fs::remove_file(&link).unwrap();
    station.hear(Duration::from_millis(300), &mut |n| panic!("{n:?}"));
    let mut master = plug();
    while !station.is_open() {
        station.hear(Duration::from_millis(20), &mut |_| ());
    }
    master.write_all(b"{\"event\":\"overrun\",\"time_us\":2}\r\n").unwrap();
    until(&mut station, &of(2));
}
