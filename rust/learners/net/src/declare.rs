//! A network as the text of a setting: read, written, and what is wrong with it where.

use crate::network::{Kind, Layer, MAX_LAYERS, Network, NetworkError};
use crate::params::Params;
use hone_learn::setting::Field;
use hone_learn::text::{Line, Out, Write};
use hone_learn::{ParamError, Settings, TEXT_BYTES, Text, TextFault, Value};

/// What is wrong with a text that is to declare a network.
pub(crate) fn reader(text: &str) -> Result<(), TextFault> {
    let Err((error, at)) = Network::read(text) else { return Ok(()) };
    let rest = text.get(at..).unwrap_or("").trim_start();
    Err(TextFault::new(at, why(error, rest)))
}

fn why(error: NetworkError, rest: &str) -> &'static str {
    match error {
        NetworkError::TooMany => "there is room for 7 layers",
        NetworkError::TooShort { .. } => "takes in more frames than there are: fewer frames, or a stride before it",
        NetworkError::TooLarge { .. } => {
            "this layer, or all that is trained at a time, is too large: fewer units or filters, or net.batch"
        }
        NetworkError::Layer { .. } if rest.starts_with("dense") => "takes 1 to 512 units, as in dense32",
        NetworkError::Layer { .. } if rest.starts_with("conv") || rest.starts_with("tconv") => {
            "takes 1 to 512 filters of 1 to 256 frames, one every 1 to 256, as in conv8k9s4"
        }
        NetworkError::Layer { .. } if rest.starts_with("avg") => "takes 1 to 256 frames, as in avg4",
        NetworkError::Layer { .. } => "is none of dense32, conv8k9s4, tconv8k9s4, avg4, gap, flatten and sample",
    }
}

/// What is wrong with the layers for what they take in, as text of the setting.
pub(crate) fn refused(network: &Network, error: NetworkError) -> ParamError {
    let (NetworkError::Layer { layer } | NetworkError::TooShort { layer, .. } | NetworkError::TooLarge { layer }) =
        error
    else {
        return ParamError::Conflict("more layers than there is room for");
    };
    // Behind the layers declared comes the output layer, whose size is theirs.
    let at = usize::from(layer.saturating_sub(1)).min(network.layers().len().saturating_sub(1));
    let mut before = Line::<TEXT_BYTES>::default();
    write(network.layers().get(..at).unwrap_or(&[]), &mut before);
    let at = before.as_str().len() + usize::from(at > 0);
    match Params::SETTINGS.first() {
        Some(setting) => ParamError::Text(setting, TextFault::new(at, why(error, ""))),
        None => ParamError::NoSuchSetting,
    }
}

/// The text that declares these layers.
fn write(layers: &[Layer], out: &mut dyn Out) {
    for (i, layer) in layers.iter().enumerate() {
        out.str(if i == 0 { "" } else { "," });
        let filters = [layer.channels.into(), layer.kernel.into(), layer.stride.into()];
        match layer.kind {
            Kind::Dense => out.counts("dense%", &filters),
            Kind::Convolution if layer.stride == 1 => out.counts("conv%k%", &filters),
            Kind::Convolution => out.counts("conv%k%s%", &filters),
            Kind::Transposed if layer.stride == 1 => out.counts("tconv%k%", &filters),
            Kind::Transposed => out.counts("tconv%k%s%", &filters),
            Kind::Average => out.counts("avg%", filters.get(1..).unwrap_or(&[])),
            Kind::GlobalAverage => out.str("gap"),
            Kind::Sample => out.str("sample"),
        }
        out.str(if layer.kind.learns() && !layer.relu { "lin" } else { "" });
    }
}

/// One setting: the text that declares the layers. Of a network that no such text has room for there is none.
impl Field for Network {
    const ZERO: Self = Self::NONE;

    fn value(&self, _: usize) -> Option<Value> {
        // The longest layer has 19 characters.
        let mut text = Line::<{ 20 * MAX_LAYERS }>::default();
        write(self.layers(), &mut text);
        Text::new(if self.layers().is_empty() { "flatten" } else { text.as_str() }).map(Value::Text)
    }

    fn store(&mut self, _: usize, value: Value) -> bool {
        let Value::Text(text) = value else { return false };
        Self::parse(text.as_str()).map(|network| *self = network).is_ok()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;

    fn told(text: &str) -> (u8, &'static str) {
        match Params::DEFAULT.clone().set_text("layers", text) {
            Err(ParamError::Text(setting, fault)) if setting.name == "layers" => (fault.at(), fault.why()),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        assert_eq!(
            told("gap,conv8"),
            (4, "takes 1 to 512 filters of 1 to 256 frames, one every 1 to 256, as in conv8k9s4")
        );
        assert_eq!(told("dense8, dense0").0, 7);
        assert_eq!(told("avg0").1, "takes 1 to 256 frames, as in avg4");
        assert_eq!(told("dense32,").0, 8);
        assert_eq!(told("gap,gap,gap,gap,gap,gap,gap,gap"), (28, "there is room for 7 layers"));
        assert_eq!(told(&"dense32,".repeat(9)).0, TEXT_BYTES as u8);
    }

    #[test]
    fn a_network_comes_back_as_the_text_that_declares_it() {
        for text in ["dense32", "flatten", "conv8k9s4,conv16k5s2,gap", "conv6k3,avg2,dense8lin,sample,tconv4k2s2lin"] {
            let mut params = Params::ZERO;
            params.set_text("layers", text).unwrap();
            let Some(Value::Text(shown)) = params.get(0) else { panic!("{text}") };
            assert_eq!(shown.as_str(), text);
        }
    }

    proptest! {
        #[test]
        fn any_text_that_is_taken_comes_back_as_the_same_network(text in "((conv|tconv|dense|avg|gap|lin|[0-9ks, ]){1,3},?){1,8}") {
            let mut params = Params::DEFAULT;
            if params.set_text("layers", &text).is_ok() {
                let Some(Value::Text(shown)) = params.get(0) else { panic!("{text}") };
                prop_assert!(shown.as_str().len() <= text.len().max("flatten".len()));
                let mut again = Params::DEFAULT;
                again.set_text("layers", shown.as_str()).unwrap();
                prop_assert_eq!(again.network, params.network);
            }
        }
    }
}
