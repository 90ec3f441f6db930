//! Where what a device says goes: lines of JSON or CSV, or an MQTT broker.

use super::reader::Object;
use rumqttc::{Client, Event, LastWill, MqttOptions, Outgoing, Packet, QoS};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Columns of CSV; all other fields are in the last one, as an object.
const COLUMNS: [&str; 14] = [
    "time_us", "event", "window", "decision", "class", "name", "score", "value", "lower", "upper", "seen", "training",
    "learner", "reason",
];
const MORE: &str = "more";
/// Messages that wait for the broker at most.
const WAITING: usize = 10_000;
/// A broker that is not there is looked for so often.
const AGAIN: Duration = Duration::from_secs(1);

/// The line of CSV that names the columns.
pub fn csv_head() -> String {
    row(COLUMNS.iter().copied().chain([MORE]).map(str::to_owned))
}

/// An event as a line of CSV.
pub fn csv(object: &Object) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let cells = COLUMNS.iter().map(|name| object.fields.get(*name).map(text).unwrap_or_default());
    let rest = object.fields.iter().filter(|(name, _)| !COLUMNS.contains(&name.as_str()));
    let rest: Map<String, Value> = rest.map(|(name, value)| (name.clone(), value.clone())).collect();
    let rest = if rest.is_empty() { String::new() } else { Value::Object(rest).to_string() };
    row(cells.chain([rest]))
}

fn row(cells: impl Iterator<Item = String>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // To memory nothing fails.
    let _ = writer.write_record(cells);
    writer.into_inner().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// A connection to a broker, which comes back by itself.
pub struct Mqtt {
    client: Client,
    topic: String,
    shared: Arc<Shared>,
    /// Messages given to the client.
    given: u64,
    /// Messages for which there was no room.
    pub refused: u64,
}

#[derive(Default)]
struct Shared {
    /// Messages that the broker has.
    kept: AtomicU64,
    /// The broker has taken a connection once.
    met: AtomicBool,
    ended: AtomicBool,
}

impl Mqtt {
    /// Begins to connect; `told` hears of every change. `place` is `HOST` or `HOST:PORT`.
    ///
    /// # Errors
    /// `place` or `topic` cannot be used.
    pub fn new(
        place: &str,
        topic: &str,
        login: Option<(&str, &str)>,
        mut told: impl FnMut(&str) + Send + 'static,
    ) -> Result<Self, String> {
        let (host, port) = place.rsplit_once(':').unwrap_or((place, "1883"));
        let port = port.parse().map_err(|_| format!("--mqtt takes HOST or HOST:PORT, and '{port}' is no port"))?;
        if topic.is_empty() || topic.contains(['#', '+', '\0']) || topic.starts_with('$') {
            return Err("--topic takes a topic without '#' and '+', such as hone/pump-3".into());
        }
        let mut options = MqttOptions::new(format!("hone-{}", std::process::id()), host.trim_matches(['[', ']']), port);
        options.set_keep_alive(Duration::from_secs(20)).set_last_will(LastWill::new(
            state(topic),
            "offline",
            QoS::AtLeastOnce,
            true,
        ));
        if let Some((user, password)) = login {
            options.set_credentials(user, password);
        }
        let (client, mut connection) = Client::new(options, WAITING);
        let shared = Arc::new(Shared::default());
        let (seen, name, online, greeting) = (Arc::clone(&shared), place.to_owned(), state(topic), client.clone());
        std::thread::spawn(move || {
            let mut connected = None;
            for news in connection.iter() {
                match news {
                    Ok(Event::Incoming(Packet::ConnAck(_))) => {
                        connected = Some(true);
                        seen.met.store(true, Ordering::Release);
                        told(&format!("connected to the broker at {name}"));
                        let _ = greeting.try_publish(&online, QoS::AtMostOnce, true, "online");
                    }
                    Ok(Event::Incoming(Packet::PubAck(_))) => {
                        seen.kept.fetch_add(1, Ordering::AcqRel);
                    }
                    Ok(Event::Outgoing(Outgoing::Disconnect)) => break,
                    Ok(_) => {}
                    Err(_) if seen.ended.load(Ordering::Acquire) => break,
                    Err(error) => {
                        if connected != Some(false) {
                            told(&format!(
                                "no connection to the broker at {name}: {error}; it is tried again each second"
                            ));
                        }
                        connected = Some(false);
                        std::thread::sleep(AGAIN);
                    }
                }
            }
        });
        Ok(Self { client, topic: topic.to_owned(), shared, given: 0, refused: 0 })
    }

    /// Sends a message under `topic/name`.
    pub fn send(&mut self, name: &str, payload: &str) {
        let topic = format!("{}/{}", self.topic, name.replace(['#', '+', '/', '\0'], "_"));
        match self.client.try_publish(topic, QoS::AtLeastOnce, false, payload) {
            Ok(()) => self.given += 1,
            Err(_) => self.refused += 1,
        }
    }

    /// Whether there was a connection to the broker at any time.
    pub fn met(&self) -> bool {
        self.shared.met.load(Ordering::Acquire)
    }

    /// Waits until the broker has all, or `patience` is over; how many messages it has not.
    pub fn finish(&mut self, patience: Duration) -> u64 {
        let until = Instant::now() + patience;
        while self.shared.kept.load(Ordering::Acquire) < self.given && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.client.try_publish(state(&self.topic), QoS::AtMostOnce, true, "offline");
        self.shared.ended.store(true, Ordering::Release);
        let _ = self.client.try_disconnect();
        // The last words are on their way.
        std::thread::sleep(Duration::from_millis(100));
        self.refused + self.given.saturating_sub(self.shared.kept.load(Ordering::Acquire))
    }
}

fn state(topic: &str) -> String {
    format!("{topic}/monitor")
}

/// Samples as an object.
pub fn samples(first: u32, time_us: u64, rate_hz: f64, faults: u8, frames: &[Vec<f32>]) -> Value {
    json!({ "samples": frames.len(), "time_us": time_us, "first": first, "rate_hz": rate_hz, "faults": faults, "values": frames })
}

#[cfg(test)]
mod tests {
    use super::super::reader::{Heard, Reader};
    use super::*;

    #[test]
    fn an_event_is_a_row_that_lacks_nothing() {
        let line = b"{\"event\":\"training_failed\",\"time_us\":7,\"training\":1,\"reason\":\"say \\\"a, b\\\"\",\"frames\":3}\n";
        let heard = Reader::default().take(line);
        let [Heard::Object(object)] = heard.as_slice() else { panic!("{heard:?}") };
        let (head, row) = (csv_head(), csv(object));
        let mut reader = csv::Reader::from_reader(
            head.as_bytes().iter().chain(row.as_bytes()).copied().collect::<Vec<u8>>().leak() as &[u8],
        );
        let names = reader.headers().unwrap().clone();
        let row = reader.records().next().unwrap().unwrap();
        let of = |name: &str| row.get(names.iter().position(|n| n == name).unwrap()).unwrap();
        assert_eq!((of("event"), of("time_us"), of("score")), ("training_failed", "7", ""));
        assert_eq!((of("reason"), of("more")), ("say \"a, b\"", "{\"frames\":3}"));
    }
}
