//! What follows from the table of learners: enums of their models, scratches, trainers, faults and parameters, and the matches
//! that pass each call of the contract on. Dispatch is static.

/// What holds of a learner that learns in place, and of one that does not.
macro_rules! learns {
    (online $yes:block $no:block) => {
        $yes
    };
    (offline $yes:block $no:block) => {
        $no
    };
}

/// The scratch of one that does, and nothing of one that does not.
macro_rules! scratch {
    (online $scratch:ty) => {
        $scratch
    };
    (offline $scratch:ty) => {
        ()
    };
}

macro_rules! learners {
    ($(($Name:ident, $field:ident, $name:literal, $code:literal, $online:ident, $learner:ty)),* $(,)?) => {
        #[cfg(not(any($(feature = $name),*)))]
        compile_error!("a device needs a learner: set one of the CONFIG_HONE_ options of the menu Learners");

        /// A learner that this build has.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Learner {
            $(
                #[cfg(feature = $name)]
                #[doc = $name]
                $Name,
            )*
        }

        /// Those that there could be: name, number in saved models, and whether this build has it.
        const KNOWN: &[(&str, u8, bool)] = &[$(($name, $code, cfg!(feature = $name))),*];

        #[allow(clippy::indexing_slicing, reason = "evaluated at compile time, where an index out of range is an error")]
        const _: () = {
            let mut i = 0;
            while i < KNOWN.len() {
                let mut k = i + 1;
                while k < KNOWN.len() {
                    assert!(KNOWN[i].1 != KNOWN[k].1, "two learners have the same number in saved models");
                    k += 1;
                }
                i += 1;
            }
        };

        /// Whether one of the build's learners learns from the training set.
        pub const ROWS: bool = false $(|| {
            #[cfg(feature = $name)]
            let rows = <$learner as Contract>::ROWS;
            #[cfg(not(feature = $name))]
            let rows = false;
            rows
        })*;

        /// Whether the models of one of them may become some without a part of their units.
        pub const PRUNES: bool = false $(|| {
            #[cfg(feature = $name)]
            let prunes = <$learner as Contract>::PRUNES;
            #[cfg(not(feature = $name))]
            let prunes = false;
            prunes
        })*;

        /// Whether one of them sees windows, and so feature vectors in a row.
        pub const WINDOWS: bool = false $(|| {
            #[cfg(feature = $name)]
            let windows = <$learner as Contract>::WINDOWS;
            #[cfg(not(feature = $name))]
            let windows = false;
            windows
        })*;

        /// Whether one of them learns in place.
        pub const ONLINE: bool = false $(|| (cfg!(feature = $name) && learns!($online { true } { false })))*;

        impl Learner {
            /// All. The first is the default.
            pub const ALL: &'static [Self] = &[$(#[cfg(feature = $name)] Self::$Name),*];
            /// Their names on the command line.
            pub const NAMES: &'static [&'static str] = &[$(#[cfg(feature = $name)] $name),*];

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(#[cfg(feature = $name)] Self::$Name => $name,)*
                }
            }

            /// Its number in saved models.
            pub const fn code(self) -> u8 {
                match self {
                    $(#[cfg(feature = $name)] Self::$Name => $code,)*
                }
            }

            /// Whether it learns in place.
            pub const fn learns_in_place(self) -> bool {
                match self {
                    $(#[cfg(feature = $name)] Self::$Name => learns!($online { true } { false }),)*
                }
            }

            /// Whether it may begin from a model of its own.
            pub const fn resumes(self) -> bool {
                match self {
                    $(#[cfg(feature = $name)] Self::$Name => <$learner as Contract>::RESUMES,)*
                }
            }

            /// Has a visitor see the learner's own type.
            pub fn visit<V: Visitor>(self, visitor: V) -> V::Output {
                match self {
                    $(#[cfg(feature = $name)] Self::$Name => {
                        learns!($online { visitor.online::<$learner>() } { visitor.offline::<$learner>() })
                    })*
                }
            }

            /// Numbers of the longest row that it takes.
            pub const fn row_numbers(self) -> usize {
                match self {
                    $(#[cfg(feature = $name)] Self::$Name => {
                        if <$learner as Contract>::SAMPLES { ROW_NUMBERS } else { FEATURES }
                    })*
                }
            }

            /// Whether it may train a part of a model.
            pub const fn has_parts(self) -> bool {
                match self {
                    $(#[cfg(feature = $name)] Self::$Name => <$learner as Contract>::PARTS,)*
                }
            }

            /// What the mean of its scores is called.
            pub const fn score(self) -> &'static str {
                match self {
                    $(#[cfg(feature = $name)] Self::$Name => <$learner as Contract>::SCORE,)*
                }
            }

            /// What its units are called, of one that learns in place.
            pub const fn units(self) -> &'static str {
                match self {
                    $(#[cfg(feature = $name)] Self::$Name => {
                        learns!($online { <$learner as hone_learn::learner::Online>::UNITS } { "" })
                    })*
                }
            }

            /// The table of its settings.
            pub const fn settings(self) -> &'static [Setting] {
                match self {
                    $(#[cfg(feature = $name)] Self::$Name => {
                        <<$learner as Contract>::Params as Settings>::SETTINGS
                    })*
                }
            }

            /// Its parameters as `entries` say.
            pub fn apply(self, entries: Entries<'_>, params: &mut Params) {
                match self {
                    $(#[cfg(feature = $name)] Self::$Name => { apply(&mut params.$field, entries); })*
                }
            }

            /// What it sees.
            pub fn sees(self, params: &Params) -> Sees {
                match self {
                    $(#[cfg(feature = $name)] Self::$Name => <$learner as Contract>::sees(&params.$field),)*
                }
            }

            /// Windows in which it is measured what is usual for features.
            pub fn measures(self, params: &Params) -> u16 {
                match self {
                    $(#[cfg(feature = $name)] Self::$Name => <$learner as Contract>::measures(&params.$field),)*
                }
            }

            /// Its parameters, checked.
            ///
            /// # Errors
            /// [`ParamError`].
            pub fn check(self, params: &Params, setup: &Setup) -> Result<Checked, ParamError> {
                Ok(match self {
                    $(#[cfg(feature = $name)] Self::$Name => {
                        Checked::$Name(<$learner as Contract>::check(&params.$field, setup)?)
                    })*
                })
            }
        }

        /// What is done with a learner's own type.
        pub trait Visitor {
            /// What comes of it.
            type Output;

            /// With that of one that trains apart from inference.
            fn offline<L: Contract>(self) -> Self::Output;

            /// With that of one that learns in place.
            fn online<L: hone_learn::learner::Online>(self) -> Self::Output;
        }

        /// The parameters of all.
        #[derive(Clone, Copy, Debug)]
        #[allow(missing_docs, reason = "a field for each learner, of its name")]
        pub struct Params {
            $(#[cfg(feature = $name)] pub $field: <$learner as Contract>::Params,)*
        }

        impl Params {
            /// The defaults.
            pub const DEFAULT: Self = Self { $(#[cfg(feature = $name)] $field: <$learner as Contract>::DEFAULT,)* };

            /// The value of a learner's setting.
            pub fn get(&self, learner: Learner, index: usize) -> Option<Value> {
                match learner {
                    $(#[cfg(feature = $name)] Learner::$Name => self.$field.get(index),)*
                }
            }

            /// Stores a value that was found good; false when there is no such setting.
            pub fn store(&mut self, learner: Learner, index: usize, value: Value) -> bool {
                match learner {
                    $(#[cfg(feature = $name)] Learner::$Name => self.$field.store(index, value),)*
                }
            }
        }

        /// Parameters that were checked.
        #[derive(Clone, Copy, Debug)]
        #[allow(missing_docs, reason = "a variant for each learner, of its name")]
        pub enum Checked {
            $(#[cfg(feature = $name)] $Name(<$learner as Contract>::Checked),)*
        }

        impl Checked {
            /// Whose they are.
            pub const fn learner(&self) -> Learner {
                match self {
                    $(#[cfg(feature = $name)] Self::$Name(_) => Learner::$Name,)*
                }
            }

            /// What the training takes.
            pub fn required(&self, setup: &Setup) -> Needs {
                match self {
                    $(#[cfg(feature = $name)] Self::$Name(checked) => <$learner as Contract>::required(checked, setup),)*
                }
            }

            /// A training that has not begun.
            pub fn begin(&self) -> Trainer {
                match self {
                    $(#[cfg(feature = $name)] Self::$Name(checked) => {
                        Trainer::$Name(<$learner as Contract>::begin(checked))
                    })*
                }
            }

            /// Makes `model` an empty one, and lets it begin to learn in place.
            ///
            /// # Errors
            /// The learner's; that it does not learn in place.
            pub fn start(&self, model: &mut Model) -> Result<(), Refusal<Fault>> {
                match self {
                    $(#[cfg(feature = $name)] Self::$Name(_checked) => learns!($online {
                        model.clear(Learner::$Name);
                        let Model::$Name(model) = model else { return Err(Refusal::NoSuchForm) };
                        let started = <$learner as hone_learn::learner::Online>::start(model, _checked);
                        started.map_err(|e| Refusal::Fault(Fault::$Name(e)))
                    } {
                        *model = Model::Empty;
                        Err(Refusal::NoSuchForm)
                    }),)*
                }
            }
        }

        models! { $(($Name, $field, $name, $code, $online, $learner)),* }

        /// What inference carries from window to window, and works in.
        #[derive(Debug)]
        #[allow(clippy::large_enum_variant, reason = "lives in a static, where there is no box")]
        #[allow(missing_docs, reason = "a variant for each learner, of its name")]
        #[repr(u64)]
        pub enum Scratch {
            /// Without a model.
            Empty,
            $(#[cfg(feature = $name)] $Name(<$learner as Contract>::Scratch),)*
        }

        impl Scratch {
            /// At the start of a stream, for this model.
            pub fn prepare(&mut self, model: &Model) {
                match model {
                    Model::Empty => *self = Self::Empty,
                    $(#[cfg(feature = $name)] Model::$Name(model) => {
                        clear_scratch::$field(self);
                        if let Self::$Name(scratch) = self {
                            <$learner as Contract>::prepare(model, scratch);
                        }
                    })*
                }
            }

            /// Forgets the stream.
            pub fn reset(&mut self) {
                match self {
                    Self::Empty => {}
                    $(#[cfg(feature = $name)] Self::$Name(scratch) => <$learner as Contract>::reset(scratch),)*
                }
            }
        }

        /// What a model that learns in place works in; of the others it has nothing.
        #[derive(Debug)]
        #[allow(clippy::large_enum_variant, reason = "lives in a static, where there is no box")]
        #[allow(missing_docs, reason = "a variant for each learner, of its name")]
        #[repr(u64)]
        pub enum OnlineScratch {
            /// Without a model.
            Empty,
            $(#[cfg(feature = $name)] $Name(scratch!($online <$learner as Contract>::Scratch)),)*
        }

        impl OnlineScratch {
            /// At the start of a stream, for this model.
            pub fn prepare(&mut self, model: &Model) {
                match model {
                    Model::Empty => *self = Self::Empty,
                    $(#[cfg(feature = $name)] Model::$Name(_model) => learns!($online {
                        *self = Self::$Name(<$learner as Contract>::SCRATCH);
                        if let Self::$Name(scratch) = self {
                            <$learner as Contract>::prepare(_model, scratch);
                        }
                    } {
                        *self = Self::Empty
                    }),)*
                }
            }
        }

        /// What a training holds between steps.
        #[derive(Debug)]
        #[allow(clippy::large_enum_variant, reason = "there is one, in a static; a box would need a heap")]
        #[allow(missing_docs, reason = "a variant for each learner, of its name")]
        pub enum Trainer {
            $(#[cfg(feature = $name)] $Name(<$learner as Contract>::Trainer),)*
        }

        impl Trainer {
            /// Whose it is.
            pub const fn learner(&self) -> Learner {
                match self {
                    $(#[cfg(feature = $name)] Self::$Name(_) => Learner::$Name,)*
                }
            }

            /// What it is to be given next.
            pub fn wants(&self) -> Wants {
                match self {
                    $(#[cfg(feature = $name)] Self::$Name(trainer) => <$learner as Contract>::wants(trainer),)*
                }
            }

            /// The newest point of its curve.
            pub fn curve(&self) -> Option<Point> {
                match self {
                    $(#[cfg(feature = $name)] Self::$Name(trainer) => <$learner as Contract>::curve(trainer),)*
                }
            }

            /// Makes room in a full set that it has learnt from.
            pub fn make_room(&self, set: SetMut<'_>, workspace: &mut [u32]) {
                match self {
                    $(#[cfg(feature = $name)] Self::$Name(trainer) => {
                        <$learner as Contract>::make_room(trainer, set, workspace)
                    })*
                }
            }

            /// Takes one step; `None` when the model is another learner's.
            pub fn step(&mut self, given: &Given<'_>, lent: Lent<'_, Model>) -> Option<Result<Progress, Fault>> {
                let Lent { model, earlier, workspace, budget } = lent;
                Some(match self {
                    $(#[cfg(feature = $name)] Self::$Name(trainer) => {
                        let Model::$Name(model) = model else { return None };
                        let earlier = earlier.and_then(|earlier| {
                            let Model::$Name(earlier) = earlier else { return None };
                            Some(earlier)
                        });
                        let lent = Lent { model, earlier, workspace, budget };
                        <$learner as Contract>::step(trainer, given, lent).map_err(Fault::$Name)
                    })*
                })
            }
        }

        /// Why a training or a conversion failed.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[allow(missing_docs, reason = "a variant for each learner, of its name")]
        pub enum Fault {
            $(#[cfg(feature = $name)] $Name(<$learner as Contract>::Fault),)*
        }

        impl Fault {
            /// Says it, and what to do.
            pub fn explain(&self, out: &mut dyn Out) {
                match self {
                    $(#[cfg(feature = $name)] Self::$Name(fault) => <$learner as Contract>::explain(fault, out),)*
                }
            }
        }
    };
}
