//! The macros by which parameters are declared, each once: [`settings!`](crate::settings) and
//! [`choices!`](crate::choices).

use crate::Value;

/// The type of a field of parameters: it is one setting, or as many as an array has places.
pub trait Field: Copy {
    /// Of all-zero bits: no number, off, the first choice.
    const ZERO: Self;
    /// Settings that the field is.
    const COUNT: usize = 1;

    /// The value of setting `index` of the field.
    fn value(&self, index: usize) -> Option<Value>;

    /// Stores a value. False when it is of another kind, or no number of this type.
    fn store(&mut self, index: usize, value: Value) -> bool;
}

/// Whole numbers of all sizes.
macro_rules! whole {
    ($($type:ty)+) => {
        $(impl Field for $type {
            const ZERO: Self = 0;

            fn value(&self, _: usize) -> Option<Value> {
                Some(Value::Int(i32::try_from(*self).unwrap_or(i32::MAX)))
            }

            fn store(&mut self, _: usize, value: Value) -> bool {
                let Value::Int(v) = value else { return false };
                <$type>::try_from(v).map(|v| *self = v).is_ok()
            }
        })+
    };
}
whole!(u8 u16 u32 i32);

impl Field for f32 {
    const ZERO: Self = 0.0;

    fn value(&self, _: usize) -> Option<Value> {
        Some(Value::Real(*self))
    }

    fn store(&mut self, _: usize, value: Value) -> bool {
        let Value::Real(v) = value else { return false };
        *self = v;
        true
    }
}

impl Field for bool {
    const ZERO: Self = false;

    fn value(&self, _: usize) -> Option<Value> {
        Some(Value::Flag(*self))
    }

    fn store(&mut self, _: usize, value: Value) -> bool {
        let Value::Flag(v) = value else { return false };
        *self = v;
        true
    }
}

/// A choice that may be left open: `None` is the first word, and `T`'s words follow it.
impl<T: Field> Field for Option<T> {
    const ZERO: Self = None;

    fn value(&self, index: usize) -> Option<Value> {
        match self {
            None => Some(Value::Choice(0)),
            Some(chosen) => match chosen.value(index)? {
                Value::Choice(place) => Some(Value::Choice(place.checked_add(1)?)),
                _ => None,
            },
        }
    }

    fn store(&mut self, index: usize, value: Value) -> bool {
        let Value::Choice(place) = value else { return false };
        *self = place
            .checked_sub(1)
            .map(|place| {
                let mut chosen = T::ZERO;
                (chosen.store(index, Value::Choice(place)), chosen)
            })
            .and_then(|(known, chosen)| known.then_some(chosen));
        place == 0 || self.is_some()
    }
}

impl<T: Field, const N: usize> Field for [T; N] {
    const ZERO: Self = [T::ZERO; N];
    const COUNT: usize = N;

    fn value(&self, index: usize) -> Option<Value> {
        self.get(index)?.value(0)
    }

    fn store(&mut self, index: usize, value: Value) -> bool {
        self.get_mut(index).is_some_and(|place| place.store(0, value))
    }
}

/// Declares a learner's parameters. Of this
///
/// ```
/// use hone_learn::setting::{FLAG, Settings, choice, int, real};
/// hone_learn::choices! {
///     /// What is learnt.
///     pub enum Target {
///         /// The input.
///         Same = "same",
///         /// The next one.
///         Next = "next",
///     }
/// }
/// hone_learn::settings! {
///     /// Parameters of a network.
///     pub struct Params {
///         /// units of the network
///         ///
///         /// The first line is what `config list` says of a setting; what follows is for readers of the code.
///         pub units: u16 = 64, "units", int(8, 512), "";
///         /// share of the old state that is kept
///         pub leak: f32 = 0.5, "leak-rate", real(0.0, 1.0), "";
///         /// steps after a reset that do not count
///         pub washout: u16 = 20, "washout", int(0, 4096), "frames";
///         /// what is learnt
///         pub target: Target = Target::Next, "target", choice(Target::WORDS), "";
///         /// carry the state from window to window
///         pub carry: bool = false, "carry", FLAG, "";
///         /// factor on the cost of this class
///         pub weights: [f32; 2] = [1.0; 2], "weight-0" "weight-1", real(0.0, 10.0), "";
///     }
/// }
/// let mut params = Params { units: 32, ..Params::DEFAULT };
/// params.set_text("leak-rate", "0.25").unwrap();
/// assert_eq!((params.leak, Params::SETTINGS[2].unit), (0.25, "frames"));
/// ```
///
/// it makes the struct, `DEFAULT`, `ZERO` (all bits zero, for a static model without content) and
/// [`Settings`](crate::Settings). A field is its help, its type and default, the setting's name (one for each place of an
/// array), what it takes, and the unit of a number, empty for a bare one. Attributes such as `derive` stand above the struct.
#[macro_export]
macro_rules! settings {
    (
        $(#[$attribute:meta])*
        $vis:vis struct $params:ident {
            $(
                #[doc = $help:literal]
                $(#[doc = $more:literal])*
                $field_vis:vis $field:ident: $type:ty = $default:expr, $($name:literal)+, $kind:expr, $unit:literal;
            )+
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        $vis struct $params {
            $(
                #[doc = $help]
                $(#[doc = $more])*
                $field_vis $field: $type,
            )+
        }

        impl $params {
            /// The defaults.
            pub const DEFAULT: Self = Self { $($field: $default,)+ };

            #[allow(dead_code, reason = "not every learner has a static model")]
            /// All bits zero: what a static model holds before it has content.
            pub const ZERO: Self = Self { $($field: <$type as $crate::setting::Field>::ZERO,)+ };
        }

        impl Default for $params {
            fn default() -> Self {
                Self::DEFAULT
            }
        }

        impl $crate::Settings for $params {
            const SETTINGS: &'static [$crate::Setting] = &[
                $($($crate::Setting {
                    name: $name,
                    help: $help.trim_ascii_start(),
                    kind: $kind,
                    unit: $unit,
                },)+)+
            ];

            fn get(&self, index: usize) -> Option<$crate::Value> {
                use $crate::setting::Field;
                $(
                    if index < <$type as Field>::COUNT {
                        return self.$field.value(index);
                    }
                    let index = index - <$type as Field>::COUNT;
                )+
                let _ = index;
                None
            }

            fn store(&mut self, index: usize, value: $crate::Value) -> bool {
                use $crate::setting::Field;
                $(
                    if index < <$type as Field>::COUNT {
                        return self.$field.store(index, value);
                    }
                    let index = index - <$type as Field>::COUNT;
                )+
                let _ = index;
                false
            }
        }
    };
}

/// Declares an enum of words, for a setting that is one of them; [`settings!`](crate::settings) shows it. The first is the
/// enum's default. `ALL` and `WORDS` list the variants and their words in order.
#[macro_export]
macro_rules! choices {
    (
        $(#[$attribute:meta])*
        $vis:vis enum $choice:ident {
            $(#[$first_attribute:meta])*
            $first:ident = $first_word:literal
            $(, $(#[$variant_attribute:meta])* $variant:ident = $word:literal)* $(,)?
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        $vis enum $choice {
            $(#[$first_attribute])*
            #[default]
            $first,
            $($(#[$variant_attribute])* $variant,)*
        }

        impl $choice {
            /// All, in order.
            pub const ALL: &'static [Self] = &[Self::$first, $(Self::$variant),*];

            #[allow(dead_code, reason = "a build with features may list fewer")]
            /// Their words.
            pub const WORDS: &'static [&'static str] = &[$first_word, $($word),*];
        }

        impl $crate::setting::Field for $choice {
            const ZERO: Self = Self::$first;

            fn value(&self, _: usize) -> Option<$crate::Value> {
                Some($crate::Value::Choice(*self as u8))
            }

            fn store(&mut self, _: usize, value: $crate::Value) -> bool {
                let $crate::Value::Choice(place) = value else { return false };
                Self::ALL.get(usize::from(place)).map(|chosen| *self = *chosen).is_some()
            }
        }
    };
}

#[cfg(test)]
mod tests {
    extern crate std;
    use crate::setting::{FLAG, Field, Kind, Setting, Settings, Value, choice, int, real};

    crate::choices! {
        /// Of the tests.
        pub enum Colour {
            /// First.
            Red = "red",
            /// Second.
            Green = "green",
        }
    }

    crate::settings! {
        /// One of each kind of field.
        pub struct Params {
            ///how many
            pub count: u16 = 3, "count", int(1, 70_000), "rows";
            /// how much
            ///
            /// Not part of the help.
            pub amount: f32 = 0.5, "amount", real(-1.0, 1.0), "";
            /// each its own
            pub weights: [f32; 3] = [1.0, 2.0, 3.0], "weight-0" "weight-1" "weight-2", real(0.0, 9.0), "";
            /// none for whichever
            pub colour: Option<Colour> = None, "colour", choice(&["auto", "red", "green"]), "";
            /// whether
            pub on: bool = true, "on", FLAG, "";
            /// more bits than a setting
            pub seed: u32 = 1, "seed", int(0, i32::MAX), "";
        }
    }

    #[test]
    fn names_defaults_and_units_stand_in_the_table_in_order() {
        let names: std::vec::Vec<_> = Params::SETTINGS.iter().map(|s| s.name).collect();
        assert_eq!(names, ["count", "amount", "weight-0", "weight-1", "weight-2", "colour", "on", "seed"]);
        let [count, amount, _, weight, ..] = Params::SETTINGS else { panic!() };
        assert_eq!(*count, Setting { name: "count", help: "how many", kind: int(1, 70_000), unit: "rows" });
        assert_eq!((amount.help, amount.unit), ("how much", ""));
        assert_eq!((weight.help, weight.kind), ("each its own", Kind::Real { min: 0.0, max: 9.0 }));
        let p = Params::default();
        assert_eq!((p.get(3), p.get(4)), (Some(Value::Real(2.0)), Some(Value::Real(3.0))));
        assert_eq!(Colour::WORDS, ["red", "green"]);
        assert_eq!(Params::ZERO.colour.or(Some(Colour::ZERO)), Some(Colour::Red));
    }

    #[test]
    fn each_setting_is_a_field_of_its_own() {
        let defaults = Params::DEFAULT;
        for (i, setting) in Params::SETTINGS.iter().enumerate() {
            let other = match (setting.kind, defaults.get(i).unwrap()) {
                (Kind::Int { min, .. }, Value::Int(_)) => Value::Int(min),
                (Kind::Real { max, .. }, Value::Real(_)) => Value::Real(max),
                (Kind::Flag, Value::Flag(v)) => Value::Flag(!v),
                (Kind::Choice(words), Value::Choice(_)) => Value::Choice(words.len() as u8 - 1),
                mixed => panic!("{}: {mixed:?}", setting.name),
            };
            let mut p = defaults;
            p.set(i, other).unwrap();
            for j in 0..Params::SETTINGS.len() {
                assert_eq!(p.get(j), if i == j { Some(other) } else { defaults.get(j) }, "{}", setting.name);
            }
            assert!(!p.store(i, if matches!(other, Value::Flag(_)) { Value::Int(1) } else { Value::Flag(true) }));
        }
        let mut p = defaults;
        let end = Params::SETTINGS.len();
        assert_eq!((p.get(end), p.store(end, Value::Int(1)), p.check_ranges()), (None, false, Ok(())));
        assert!(p.store(5, Value::Choice(2)) && p.colour == Some(Colour::Green));
        assert!(!p.store(5, Value::Choice(3)) && p.store(5, Value::Choice(0)) && p.colour.is_none());
        // In range, and no number of the field's type.
        assert!(p.set(0, Value::Int(70_000)).is_err() && p.count == 3);
        p.seed = u32::MAX;
        assert_eq!(p.get(7), Some(Value::Int(i32::MAX)));
    }

    #[test]
    fn a_field_out_of_range_is_found_by_its_setting() {
        let refused = |p: Params| match p.check_ranges() {
            Err(crate::ParamError::Invalid(setting)) => setting.name,
            other => panic!("{other:?}"),
        };
        assert_eq!(refused(Params { amount: f32::NAN, ..Params::DEFAULT }), "amount");
        assert_eq!(refused(Params { weights: [1.0, 1.0, 9.5], ..Params::DEFAULT }), "weight-2");
        assert_eq!(refused(Params { count: 0, ..Params::DEFAULT }), "count");
    }
}
