//! The thread that has the device's console: what the page asks for is typed, what the device says goes to the [`Hub`], and what no
//! event tells is asked for now and then.

use super::hub::Hub;
use crate::monitor::reader::Heard;
use crate::monitor::station::{News, Station};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// As long as a person may wait for `train --wait`.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);
/// How often counters are asked for. At 115200 baud they are 0.2 s of the line, in which frames of samples are lost.
const COUNTERS: Duration = Duration::from_secs(5);
/// How often the progress of a training is asked for.
const PROGRESS: Duration = Duration::from_millis(500);

/// What the page asks for.
pub enum Job {
    /// A command, whether the console shows it, and whether it was begun or taken back: the lines of its answer.
    Command(String, bool, Arc<AtomicBool>, oneshot::Sender<Result<Vec<String>, String>>),
    /// A model for the device, and whether it was begun or taken back: what the device says of it.
    Push(Vec<u8>, Arc<AtomicBool>, oneshot::Sender<Result<String, String>>),
}

/// Serves a device until `ended`; it is then left as it was found.
pub fn run(mut station: Station, hub: &Hub, jobs: &Receiver<Job>, interrupt: &AtomicBool, ended: &AtomicBool) {
    let mut see = |news: News| hub.see(news);
    let (mut counters, mut progress) = (None::<Instant>, Instant::now());
    while !ended.load(Ordering::Acquire) {
        station.hear(Duration::from_millis(10), &mut see);
        if let Ok(job) = jobs.try_recv() {
            interrupt.store(false, Ordering::Release);
            match job {
                Job::Command(_, _, taken, _) | Job::Push(_, taken, _) if taken.swap(true, Ordering::AcqRel) => {}
                Job::Command(line, false, _, reply) => {
                    hub.state().busy = Some(line.clone());
                    let mut stop = || interrupt.swap(false, Ordering::AcqRel) || ended.load(Ordering::Acquire);
                    let mut others = |news: News| match news {
                        News::Own(_) => {}
                        news => see(news),
                    };
                    let _ = reply.send(station.ask(&line, PATIENCE, &mut stop, &mut others));
                    hub.state().busy = None;
                }
                Job::Command(line, true, _, reply) => {
                    hub.state().busy = Some(line.clone());
                    hub.print("typed", &line);
                    let mut stop = || interrupt.swap(false, Ordering::AcqRel) || ended.load(Ordering::Acquire);
                    let mut objects = Vec::new();
                    let mut both = |news: News| {
                        if let News::Heard(Heard::Object(object)) = &news
                            && object.stats().is_some()
                        {
                            hub.print("answer", &object.text);
                            objects.push(object.text.clone());
                        }
                        see(news);
                    };
                    let answer = station.ask(&line, PATIENCE, &mut stop, &mut both);
                    let answer: Result<Vec<String>, String> =
                        answer.map(|lines| lines.into_iter().chain(objects).collect());
                    if let Err(error) = &answer {
                        hub.print("answer", &format!("error: {error}"));
                    }
                    station.told_still(&line, &mut see);
                    hub.state().busy = None;
                    // Who asked may have gone.
                    let _ = reply.send(answer);
                    hub.state().changed |= changes(&line);
                    counters = None;
                }
                Job::Push(bytes, _, reply) => {
                    hub.state().busy = Some("model import".into());
                    hub.print("typed", "model import");
                    let answer =
                        station.push(&bytes, &mut |line| hub.tell("pushed", "", &json!({ "line": line })), &mut see);
                    hub.print("answer", answer.as_ref().map_or_else(|e| e.as_str(), |text| text.as_str()));
                    hub.state().busy = None;
                    let _ = reply.send(answer);
                    hub.state().changed = true;
                }
            }
        }
        if !station.is_open() {
            continue;
        }
        if counters.is_none_or(|c| c.elapsed() >= COUNTERS) {
            counters = Some(Instant::now());
            station.look("stats --json", &mut see);
        }
        let training = hub.state().training;
        if training.is_some() && progress.elapsed() >= PROGRESS {
            progress = Instant::now();
            if let Some(value) = phase(&station.look("train status", &mut see)) {
                hub.tell("progress", "", &value);
            }
        }
        if std::mem::take(&mut hub.state().changed) {
            let info = station.look("model info", &mut see);
            hub.tell("model", "", &json!({ "lines": info, "threshold": threshold(&info) }));
            hub.tell("labels", "", &json!(station.look("label list", &mut see)));
            // The words that say which learners there are: `(esn, svm or rce)`.
            let device = station.look("config list device", &mut see);
            hub.tell("learners", "", &json!(learners(&device)));
        }
    }
    station.leave(&mut see);
}

/// Whether what the page shows of model and names may be another after this command.
fn changes(line: &str) -> bool {
    ["model", "label", "config", "train"].iter().any(|word| line.trim_start().starts_with(word))
}

/// How far the training is: `collecting 17 % (23 of 128)`.
fn phase(status: &[String]) -> Option<Value> {
    status.iter().find_map(|line| {
        let (phase, rest) = line.trim().split_once(' ')?;
        let (percent, rest) = rest.split_once(" % (")?;
        let (done, all) = rest.strip_suffix(')')?.split_once(" of ")?;
        let number = |text: &str| text.parse::<u32>().ok();
        Some(json!({ "phase": phase, "percent": number(percent)?, "done": number(done)?, "all": number(all)? }))
    })
}

/// The model's threshold, of one that has any.
fn threshold(info: &[String]) -> Option<f64> {
    info.iter().find_map(|line| line.strip_prefix("threshold ")?.split([',', ' ']).next()?.parse().ok())
}

fn learners(device: &[String]) -> Vec<String> {
    let line = device.iter().find(|line| line.starts_with("device.learner")).map_or("", String::as_str);
    let words = line.rsplit_once('(').and_then(|(_, rest)| rest.split_once(')')).map_or("", |(words, _)| words);
    words.replace(" or ", ", ").split(", ").filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(|l| l.trim().to_owned()).collect()
    }

    #[test]
    fn what_the_device_says_is_understood() {
        let progress = phase(&lines("training 1: esn, for 3.019 s\n  collecting 17 % (23 of 128)")).unwrap();
        assert_eq!(progress, json!({ "phase": "collecting", "percent": 17, "done": 23, "all": 128 }));
        assert_eq!(phase(&lines("training 1: esn, cancelled, took 3.030 s")), None);
        assert_eq!(threshold(&lines("esn, 2.2 s old\nthreshold 0.1318, MSE in calibration 0.1115")), Some(0.1318));
        assert_eq!(threshold(&lines("svm, linear")), None);
        let line = "device.learner = esn  what the button and a bare 'train' train (esn, svm, rce, linear, net or vae)";
        assert_eq!(learners(&lines(line)), ["esn", "svm", "rce", "linear", "net", "vae"]);
        assert_eq!(learners(&lines("device.learner = esn what (esn)")), ["esn"]);
    }
}
