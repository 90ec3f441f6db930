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

        /// Whether one of the build's learners learns from the training set.
        pub const ROWS: bool = false $(|| {
            #[cfg(feature = $name)]
            let rows = <$learner as Contract>::ROWS;
            #[cfg(not(feature = $name))]
            let rows = false;
            rows
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

            /// The learner's defaults with what `entries` say, checked.
            ///
            /// # Errors
            /// [`ParamError`].
            pub fn check_entries(self, entries: Entries<'_>, setup: &Setup) -> Result<(), ParamError> {
                match self {
                    $(#[cfg(feature = $name)] Self::$Name => {
                        let mut params = <$learner as Contract>::DEFAULT;
                        apply(&mut params, entries);
                        <$learner as Contract>::check(&params, setup).map(|_| ())
                    })*
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

        /// A model of any of them.
        ///
        /// The empty one is first, so that it is all zero: so the static memory costs no flash. A model without content is
        /// all zero but for the tag: so it is made where it lies. A tag as wide as the models are aligned leaves no padding
        /// in between, over which the compiler would not clear.
        #[derive(Debug)]
        #[allow(clippy::large_enum_variant, reason = "lives in a static pool, where there is no box")]
        #[allow(missing_docs, reason = "a variant for each learner, of its name")]
        #[repr(u64)]
        pub enum Model {
            /// None.
            Empty,
            $(#[cfg(feature = $name)] $Name(<$learner as Contract>::Model),)*
        }

        // In functions of their own the compiler clears the place where it lies; inlined it builds the model on the stack first.
        mod clear {
            use super::*;
            $(
                #[cfg(feature = $name)]
                #[inline(never)]
                pub(super) fn $field(model: &mut Model) {
                    *model = Model::$Name(const { <$learner as Contract>::EMPTY });
                }
            )*
        }

        mod clear_scratch {
            use super::*;
            $(
                #[cfg(feature = $name)]
                #[inline(never)]
                pub(super) fn $field(scratch: &mut Scratch) {
                    *scratch = Scratch::$Name(const { <$learner as Contract>::SCRATCH });
                }
            )*
        }

        impl Model {
            /// Makes it an empty one of this learner.
            pub fn clear(&mut self, learner: Learner) {
                match learner {
                    $(#[cfg(feature = $name)] Learner::$Name => clear::$field(self),)*
                }
            }

            /// Whose it is.
            pub const fn learner(&self) -> Option<Learner> {
                match self {
                    Self::Empty => None,
                    $(#[cfg(feature = $name)] Self::$Name(_) => Some(Learner::$Name),)*
                }
            }

            /// What it sees.
            pub fn shape(&self) -> Shape {
                match self {
                    Self::Empty => Shape::default(),
                    $(#[cfg(feature = $name)] Self::$Name(model) => <$learner as Contract>::shape(model),)*
                }
            }

            /// Its thresholds.
            pub fn bounds(&self) -> Option<Bounds> {
                match self {
                    Self::Empty => None,
                    $(#[cfg(feature = $name)] Self::$Name(model) => <$learner as Contract>::bounds(model),)*
                }
            }

            /// Bytes of the numbers that a conversion makes smaller.
            pub fn weights(&self) -> usize {
                match self {
                    Self::Empty => 0,
                    $(#[cfg(feature = $name)] Self::$Name(model) => <$learner as Contract>::weights(model),)*
                }
            }

            /// The number of the layout in which it is written.
            pub fn layout(&self) -> u8 {
                match self {
                    Self::Empty => 0,
                    $(#[cfg(feature = $name)] Self::$Name(model) => <$learner as Contract>::layout(model),)*
                }
            }

            /// Calls `each` with the name and value of every parameter that it was trained with.
            pub fn each_parameter(&self, each: &mut dyn FnMut(&str, Entry<'_>)) {
                match self {
                    Self::Empty => {}
                    $(#[cfg(feature = $name)] Self::$Name(model) => {
                        if let Some(params) = <$learner as Contract>::params(model) {
                            each_setting(params, each);
                        }
                    })*
                }
            }

            /// Some lines about it.
            pub fn about(&self, out: &mut dyn Out) {
                match self {
                    Self::Empty => {}
                    $(#[cfg(feature = $name)] Self::$Name(model) => <$learner as Contract>::about(model, out),)*
                }
            }

            /// Writes it as a container's payload.
            ///
            /// # Errors
            /// [`PutError`].
            pub fn write(&self, sink: &mut dyn Sink) -> Result<(), PutError> {
                match self {
                    Self::Empty => Err(PutError::Unwritable),
                    $(#[cfg(feature = $name)] Self::$Name(model) => <$learner as Contract>::write(model, sink),)*
                }
            }

            /// Becomes the learner's model that a payload has, trained with the parameters of `entries`.
            ///
            /// # Errors
            /// [`PayloadError`]; it is of no use then.
            pub fn read(
                &mut self,
                learner: Learner,
                layout: u8,
                entries: Entries<'_>,
                payload: &[u8],
            ) -> Result<(), PayloadError> {
                self.clear(learner);
                match self {
                    Self::Empty => Err(PayloadError::Layout),
                    $(#[cfg(feature = $name)] Self::$Name(model) => {
                        let mut params = <$learner as Contract>::DEFAULT;
                        apply(&mut params, entries);
                        <$learner as Contract>::read(model, layout, &params, payload)
                    })*
                }
            }

            /// What it says of an input; `None` when it has no content, or the input is of another shape.
            pub fn infer(&self, input: &Input<'_>, scratch: &mut Scratch) -> Option<Answer> {
                match self {
                    Self::Empty => None,
                    $(#[cfg(feature = $name)] Self::$Name(model) => {
                        let Scratch::$Name(scratch) = scratch else { return None };
                        <$learner as Contract>::infer(model, input, scratch)
                    })*
                }
            }

            /// As [`Model::infer`], of one that learns in place.
            pub fn infer_online(&self, input: &Input<'_>, scratch: &mut OnlineScratch) -> Option<Answer> {
                let _ = (input, &scratch);
                match self {
                    Self::Empty => None,
                    $(#[cfg(feature = $name)] Self::$Name(_model) => learns!($online {
                        let OnlineScratch::$Name(scratch) = scratch else { return None };
                        <$learner as Contract>::infer(_model, input, scratch)
                    } { None }),)*
                }
            }

            /// Writes the row that it makes of an input for another learner; its numbers.
            pub fn encode(&self, input: &Input<'_>, scratch: &mut Scratch, row: &mut [f32]) -> Option<usize> {
                match self {
                    Self::Empty => None,
                    $(#[cfg(feature = $name)] Self::$Name(model) => {
                        let Scratch::$Name(scratch) = scratch else { return None };
                        <$learner as Contract>::encode(model, input, scratch, row)
                    })*
                }
            }

            /// Makes a smaller form of it in `new`.
            ///
            /// # Errors
            /// [`Refusal`]; `new` is of no use then.
            pub fn convert(&self, form: Form, new: &mut Self, workspace: &mut [u32]) -> Result<(), Refusal<Fault>> {
                match self {
                    Self::Empty => Err(Refusal::NoSuchForm),
                    $(#[cfg(feature = $name)] Self::$Name(model) => {
                        new.clear(Learner::$Name);
                        let Self::$Name(new) = new else { return Err(Refusal::NoSuchForm) };
                        match <$learner as Contract>::convert(model, form, new, workspace) {
                            Ok(()) => Ok(()),
                            Err(Refusal::NoSuchForm) => Err(Refusal::NoSuchForm),
                            Err(Refusal::Converted) => Err(Refusal::Converted),
                            Err(Refusal::Fault(fault)) => Err(Refusal::Fault(Fault::$Name(fault))),
                        }
                    })*
                }
            }

            /// Windows that set the thresholds of a new form of it, and bytes of workspace that these take.
            pub fn settles(&self, windows: Option<u16>) -> (u16, usize) {
                match self {
                    Self::Empty => (0, 0),
                    $(#[cfg(feature = $name)] Self::$Name(model) => <$learner as Contract>::settles(model, windows),)*
                }
            }

            /// Takes in a window that sets the thresholds of `new`.
            ///
            /// # Errors
            /// The learner's.
            pub fn settle(
                &self,
                new: &mut Self,
                scratch: [&mut Scratch; 2],
                workspace: &mut [u32],
                (at, of): (u16, u16),
                input: &Input<'_>,
            ) -> Result<(), Fault> {
                match self {
                    Self::Empty => Ok(()),
                    $(#[cfg(feature = $name)] Self::$Name(old) => {
                        let [Scratch::$Name(a), Scratch::$Name(b)] = scratch else { return Ok(()) };
                        let Self::$Name(new) = new else { return Ok(()) };
                        let settling = Settling { old, new, scratch: [a, b], workspace, at, of };
                        <$learner as Contract>::settle(settling, input).map_err(Fault::$Name)
                    })*
                }
            }

            /// Whether it learns in place.
            pub fn learns(&self) -> bool {
                match self {
                    Self::Empty => false,
                    $(#[cfg(feature = $name)] Self::$Name(_model) => {
                        learns!($online { <$learner as hone_learn::learner::Online>::learns(_model) } { false })
                    })*
                }
            }

            /// Whether it learns labelled windows alone.
            pub const fn labelled(&self) -> bool {
                match self {
                    Self::Empty => true,
                    $(#[cfg(feature = $name)] Self::$Name(_) => {
                        learns!($online { <$learner as hone_learn::learner::Online>::LABELLED } { true })
                    })*
                }
            }

            /// Takes over parameters that may change while it learns; false when some take a new beginning.
            pub fn adjust(&mut self, params: &Params) -> bool {
                let _ = params;
                match self {
                    Self::Empty => false,
                    $(#[cfg(feature = $name)] Self::$Name(_model) => {
                        learns!($online { <$learner as hone_learn::learner::Online>::adjust(_model, &params.$field) } { false })
                    })*
                }
            }

            /// Learns an input in place; whether it did.
            pub fn learn(&mut self, input: &Input<'_>, scratch: &mut OnlineScratch) -> bool {
                let _ = (input, &scratch);
                match self {
                    Self::Empty => false,
                    $(#[cfg(feature = $name)] Self::$Name(_model) => learns!($online {
                        let OnlineScratch::$Name(scratch) = scratch else { return false };
                        <$learner as hone_learn::learner::Online>::learn(_model, input, scratch).is_ok()
                    } { false }),)*
                }
            }

            /// How far it has come in learning.
            pub fn learning(&self) -> Learning {
                match self {
                    Self::Empty => Learning::default(),
                    $(#[cfg(feature = $name)] Self::$Name(_model) => {
                        learns!($online { <$learner as hone_learn::learner::Online>::learning(_model) } { Learning::default() })
                    })*
                }
            }

            /// Becomes the same as one that learns in place.
            pub fn copy(&mut self, from: &Self) {
                match from {
                    Self::Empty => *self = Self::Empty,
                    $(#[cfg(feature = $name)] Self::$Name(_from) => learns!($online {
                        self.clear(Learner::$Name);
                        let Self::$Name(to) = self else { return };
                        <$learner as hone_learn::learner::Online>::copy(_from, to)
                    } {
                        *self = Self::Empty
                    }),)*
                }
            }
        }

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
