//! The JSON that a device prints: every line is one of these structs, whose members are the documented ones
//! (docs/formats/telemetry.md, docs/formats/stats-json.md).

use hone_learn::text::Out;
use serde::Serialize;
use serde_json_core::ser::{Result, Serializer};

/// Bytes that a line may have, without its end. A line fits with all texts and numbers as long as they can be.
const LINE: usize = 512;

/// Writes an object as a line. One that does not fit is an error of the program and told as one.
#[inline(never)]
pub(crate) fn line(object: &dyn Object, out: &mut dyn Out) {
    let mut memory = [0; LINE];
    let mut to = Serializer::new(&mut memory);
    let length = object.write(&mut to).map(|()| to.end());
    let text = length.ok().and_then(|length| core::str::from_utf8(memory.get(..length)?).ok());
    out.str(text.unwrap_or("{\"event\":\"error\"}"));
    out.str("\n");
}

/// What can be a line: so that there is one [`line`] for all.
pub(crate) trait Object {
    /// Writes itself.
    fn write(&self, to: &mut Serializer<'_>) -> Result<()>;
}

impl<T: Serialize> Object for T {
    fn write(&self, to: &mut Serializer<'_>) -> Result<()> {
        self.serialize(to)
    }
}

/// An event. Members that have no meaning for it are absent.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Told<'a> {
    pub event: &'a str,
    pub time_us: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub training: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learner: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lower: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upper: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alarm: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begin_us: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_us: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause_channel: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause_feature: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pass: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_back: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frames: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nominal_hz: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured_hz: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub off: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'a str>,
}

// The objects of `stats --json`. What has no value is `null`, and so is a real number that is not finite.

/// The device as a whole.
#[derive(Serialize)]
#[serde(tag = "stats", rename = "device")]
pub(crate) struct Device<'a> {
    pub time_us: u64,
    pub model: Option<&'a str>,
    pub model_age_us: Option<u64>,
    pub memory_bytes: u32,
    pub memory_budget_bytes: u32,
    pub events_lost: u32,
    pub feature_steps: u32,
}

/// Windows and verdicts.
#[derive(Serialize)]
#[serde(tag = "stats", rename = "inference")]
pub(crate) struct Inference<'a> {
    pub windows: u32,
    pub broken: u32,
    pub rejected: u32,
    pub lost_to_training: u32,
    pub normal: u32,
    pub anomalous: u32,
    pub classified: u32,
    pub unknown: u32,
    pub latency_min_us: u32,
    pub latency_mean_us: u32,
    pub latency_max_us: u32,
    pub last_decision: Option<&'a str>,
    pub last_class: Option<u32>,
    pub last_score: f32,
}

/// Alarms, and the newest.
#[derive(Serialize)]
#[serde(tag = "stats", rename = "alarm")]
pub(crate) struct Alarm {
    pub count: u32,
    pub active: bool,
    pub sum: f32,
    pub begin_us: Option<u64>,
    pub end_us: Option<u64>,
    pub peak: Option<f32>,
    pub score: Option<f32>,
    pub peak_us: Option<u64>,
    pub cause_channel: Option<u32>,
    pub cause_feature: Option<u32>,
}

/// The sensor and its frames.
#[derive(Serialize)]
#[serde(tag = "stats", rename = "sampling")]
pub(crate) struct Sampling<'a> {
    pub sensor: Option<&'a str>,
    pub health: &'a str,
    pub frames: u32,
    pub overruns: u32,
    pub repeated: u32,
    pub blocks_lost: u32,
    pub queue_most: u32,
    pub errors: u32,
    pub not_a_number: u32,
    pub saturated: u32,
    pub stuck: u32,
    pub interval_min_us: u32,
    pub interval_max_us: u32,
    pub interval_deviation_us: f32,
    pub measured_hz: f32,
    pub rate_hz: f32,
    pub pace: Option<&'a str>,
}

/// The training set.
#[derive(Serialize)]
#[serde(tag = "stats", rename = "data")]
pub(crate) struct Data {
    pub rows: u32,
    pub capacity: u32,
    pub features: u32,
    pub missed: u32,
}

/// The model that makes rows for others.
#[derive(Serialize)]
#[serde(tag = "stats", rename = "encoder")]
pub(crate) struct Encoder<'a> {
    pub learner: &'a str,
    pub digest: &'a str,
    pub numbers: u32,
    pub in_use: bool,
}

/// The model that learns in place.
#[derive(Serialize)]
#[serde(tag = "stats", rename = "online")]
pub(crate) struct Online<'a> {
    pub learner: &'a str,
    pub units: u32,
    pub capacity: u32,
    pub learnt: u32,
    pub accuracy: f32,
    pub recent_accuracy: f32,
    pub pruned: u32,
    pub refused: u32,
    pub waiting_window: Option<u32>,
}

/// What is kept.
#[derive(Serialize)]
#[serde(tag = "stats", rename = "flash")]
pub(crate) struct Flash {
    pub ready: bool,
    pub model_bytes: u32,
    pub free_bytes: u32,
    pub saves: u32,
    pub config_saves: u32,
    pub failures: u32,
    pub erases: u32,
    pub missed_frames: u32,
    pub found_unfinished: u32,
    pub found_damaged: u32,
}

/// A training that has ended.
#[derive(Serialize)]
#[serde(tag = "stats", rename = "training")]
pub(crate) struct Training<'a> {
    pub id: u32,
    pub learner: &'a str,
    pub done: bool,
    pub rows: Option<u32>,
    pub quality: f32,
    pub took_us: u64,
}

/// A thread.
#[derive(Serialize)]
#[serde(tag = "stats", rename = "thread")]
pub(crate) struct Thread<'a> {
    pub name: &'a str,
    pub stack_bytes: u32,
    pub stack_used: u32,
    pub cpu_permille: u32,
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use hone_learn::text::Line;
    use serde_json::Value;
    use std::string::String;

    fn read(object: &dyn Object) -> Value {
        let mut text = Line::<1024>::default();
        line(object, &mut text);
        assert!(text.as_str().ends_with("}\n") && text.as_str().len() <= LINE, "{}", text.as_str());
        serde_json::from_str(text.as_str()).unwrap()
    }

    #[test]
    fn the_longest_objects_of_statistics_fit() {
        // The longest text of an f32.
        let (long, real, text) =
            (u64::MAX, -1.175_494_4e-38, "a name as long as any of a thread, a sensor or a word \u{1b}");
        let n = u32::MAX;
        let device = Device {
            time_us: long,
            model: Some(text),
            model_age_us: Some(long),
            memory_bytes: n,
            memory_budget_bytes: n,
            events_lost: n,
            feature_steps: n,
        };
        assert_eq!(read(&device)["model"], text);
        let inference = Inference {
            windows: n,
            broken: n,
            rejected: n,
            lost_to_training: n,
            normal: n,
            anomalous: n,
            classified: n,
            unknown: n,
            latency_min_us: n,
            latency_mean_us: n,
            latency_max_us: n,
            last_decision: Some("anomalous"),
            last_class: Some(n),
            last_score: real,
        };
        assert_eq!(read(&inference)["last_score"].as_f64(), Some(-1.175_494_4e-38));
        let alarm = Alarm {
            count: n,
            active: false,
            sum: real,
            begin_us: Some(long),
            end_us: Some(long),
            peak: Some(real),
            score: Some(real),
            peak_us: Some(long),
            cause_channel: Some(n),
            cause_feature: Some(n),
        };
        assert_eq!(read(&alarm)["peak_us"], long);
        let sampling = Sampling {
            sensor: Some(text),
            health: "not_a_number",
            frames: n,
            overruns: n,
            repeated: n,
            blocks_lost: n,
            queue_most: n,
            errors: n,
            not_a_number: n,
            saturated: n,
            stuck: n,
            interval_min_us: n,
            interval_max_us: n,
            interval_deviation_us: real,
            measured_hz: real,
            rate_hz: real,
            pace: Some("sensor's trigger"),
        };
        assert_eq!(read(&sampling)["stuck"], n);
        let online = Online {
            learner: text,
            units: n,
            capacity: n,
            learnt: n,
            accuracy: real,
            recent_accuracy: f32::NAN,
            pruned: n,
            refused: n,
            waiting_window: None,
        };
        assert_eq!((&read(&online)["waiting_window"], &read(&online)["recent_accuracy"]), (&Value::Null, &Value::Null));
        let flash = Flash {
            ready: false,
            model_bytes: n,
            free_bytes: n,
            saves: n,
            config_saves: n,
            failures: n,
            erases: n,
            missed_frames: n,
            found_unfinished: n,
            found_damaged: n,
        };
        assert_eq!(read(&flash)["stats"], "flash");
        let training = Training { id: n, learner: text, done: true, rows: Some(n), quality: real, took_us: long };
        assert_eq!(read(&training)["took_us"], long);
        read(&Thread { name: text, stack_bytes: n, stack_used: n, cpu_permille: n });
        read(&Data { rows: n, capacity: n, features: n, missed: n });
        read(&Encoder { learner: text, digest: text, numbers: n, in_use: true });
    }

    #[test]
    fn text_is_read_back_by_another_reader_and_what_is_too_long_is_told() {
        let all: String = (0u32..0x80).chain([0xe9, 0x20ac, 0x1f600]).filter_map(char::from_u32).collect();
        let told = Told { event: &all, ..Told::default() };
        assert_eq!(read(&told), serde_json::json!({ "event": all, "time_us": 0 }));
        let long = "x".repeat(LINE);
        assert_eq!(read(&Told { event: &long, ..Told::default() }), serde_json::json!({ "event": "error" }));
    }
}
