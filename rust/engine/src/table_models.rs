//! The part of the table of learners that is about models.

/// The enum of all learners' models, and the matches that pass each call of the contract on.
macro_rules! models {
    ($(($Name:ident, $field:ident, $name:literal, $code:literal, $online:ident, $learner:ty)),*) => {
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

            /// Numbers of the row that it makes for another learner; 0 where it makes none.
            pub fn codes(&self) -> u16 {
                match self {
                    Self::Empty => 0,
                    $(#[cfg(feature = $name)] Self::$Name(model) => <$learner as Contract>::codes(model),)*
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
                if !SMALL_MODELS {
                    return Err(Refusal::NoSuchForm);
                }
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

            /// Takes over into `params` what a training that goes on from it has from it, whatever is set.
            pub fn resume(&self, params: &mut Params) {
                match self {
                    Self::Empty => {}
                    $(#[cfg(feature = $name)] Self::$Name(model) => {
                        <$learner as Contract>::resume(model, &mut params.$field);
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
    };
}
