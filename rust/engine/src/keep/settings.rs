//! Run-time parameters as bytes: a version, then every setting that differs from its default, under its full name, as
//! the container's entries. docs/formats/config.md has the layout. What a build does not know it leaves out, so
//! settings survive a change of the program.

use crate::data::config::{Config, Section};
use hone_learn::text::{Line, Out as _};
use hone_model::{Entries, Entry, Refused, Sink};

/// Of this layout.
const VERSION: u8 = 1;

/// Writes what differs from the defaults.
///
/// # Errors
/// [`Refused`] by the sink.
pub(super) fn write(config: &Config, sink: &mut dyn Sink) -> Result<(), Refused> {
    sink.put(&[VERSION])?;
    for section in Section::all() {
        for (index, setting) in section.settings().iter().enumerate() {
            let Some(value) = config.get(section, index) else { continue };
            if Config::DEFAULT.get(section, index) == Some(value) {
                continue;
            }
            let Some(entry) = Entry::of(setting, &value) else { continue };
            let mut name = Line::<48>::default();
            name.str(section.name());
            name.str(".");
            name.str(setting.name);
            hone_model::entries::put(sink, name.as_str(), entry)?;
        }
    }
    Ok(())
}

/// Sets what is in `bytes`; how many settings of it this build does not have or take. `None` when they are of another
/// version.
pub(super) fn apply(config: &mut Config, bytes: &[u8]) -> Option<u16> {
    let (version, rest) = bytes.split_first()?;
    if *version != VERSION {
        return None;
    }
    let mut skipped = 0u16;
    for (name, entry) in Entries::new(rest) {
        let set = Config::find(name).is_some_and(|(section, index)| {
            let setting = section.settings().get(index);
            let value = setting.and_then(|s| entry.value(s));
            value.is_some_and(|v| config.set(section, index, v).is_ok())
        });
        skipped = skipped.saturating_add(u16::from(!set));
    }
    Some(skipped)
}
