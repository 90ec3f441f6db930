//! What a TinyRCE has made of its windows: the prototypes of the model that `model export` sends.

use hone_model::frame::{Receiver, Reply};
use hone_model::{Container, Learner};
use serde_json::{Value, json};

/// TinyRCE's number in saved models.
const RCE: Learner = Learner(3);
/// Words of the largest model that is read.
const WORDS: usize = 1 << 16;

/// Class, radius (in standard deviations a feature) and centre (as windows have it) of each, from the lines that the device answers.
///
/// # Errors
/// A sentence: what the device said, or that lines are missing.
pub fn read(answer: &[String]) -> Result<Value, String> {
    if let Some(error) = answer.iter().find_map(|line| line.strip_prefix("error: ")) {
        return Err(error.to_owned());
    }
    let (mut memory, mut receiver) = (vec![0; 1 << 20], Receiver::new());
    let length =
        answer.iter().filter(|line| line.starts_with("HM ")).find_map(|line| match receiver.line(line, &mut memory) {
            Reply::Complete { length } => Some(length as usize),
            _ => None,
        });
    let bytes =
        length.and_then(|length| memory.get(..length)).ok_or("the model did not come whole; press Draw again")?;
    let container = Container::read(bytes).map_err(|e| crate::model::why(&e))?;
    let mut model = Box::new(hone_rce::Model::<WORDS>::new());
    container
        .load(RCE, hone_rce::LAYOUT, |input| model.load(input))
        .map_err(|_| "the model in use is no TinyRCE that learns; only that has prototypes to show")?;
    let all: Vec<Value> = (0..model.prototypes())
        .filter_map(|index| {
            let (class, radius) = model.prototype(index)?;
            let centre: Vec<f32> = (0..model.features()).filter_map(|f| model.centre(index, f)).collect();
            Some(json!({ "class": class.0, "radius": radius, "centre": centre }))
        })
        .collect();
    Ok(json!({ "prototypes": all }))
}
