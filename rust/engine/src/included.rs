//! Which learners this build has: by cargo features, Kconfig's `CONFIG_HONE_ESN`, `_SVM` and `_RCE`.
//!
//! The code reads as if all were there. What is of one learner alone lies in its wrapper ([`Esn`], [`Svm`], [`Rce`]), of
//! which there is no value in a build without that learner: the compiler knows a match arm that holds one for unreachable, and
//! leaves out what follows from it, code and memory. Where no such value is at hand, [`ESN`], [`SVM`] and [`RCE`] say it.

use core::ops::{Deref, DerefMut};

#[cfg(not(any(feature = "esn", feature = "svm", feature = "rce")))]
compile_error!("a device needs a learner: set one of CONFIG_HONE_ESN, CONFIG_HONE_SVM and CONFIG_HONE_RCE");

/// Whether the build has the Echo State Network.
pub const ESN: bool = cfg!(feature = "esn");
/// Whether the build has the support vector machine.
pub const SVM: bool = cfg!(feature = "svm");
/// Whether the build has TinyRCE.
pub const RCE: bool = cfg!(feature = "rce");

macro_rules! part {
    ($name:ident, $feature:literal, $about:literal) => {
        #[doc = $about]
        #[derive(Clone, Copy, Debug)]
        #[cfg(feature = $feature)]
        pub struct $name<T>(T);

        #[doc = $about]
        #[derive(Clone, Copy, Debug)]
        #[cfg(not(feature = $feature))]
        pub struct $name<T>(core::convert::Infallible, core::marker::PhantomData<T>);

        #[cfg(feature = $feature)]
        impl<T> $name<T> {
            /// Holds `value`; `None` in a build without the learner.
            #[inline(always)]
            pub fn new(value: T) -> Option<Self> {
                Some(Self(value))
            }

            /// Makes another of what this holds.
            #[inline(always)]
            pub fn map<U>(self, make: impl FnOnce(T) -> U) -> $name<U> {
                $name(make(self.0))
            }
        }

        #[cfg(not(feature = $feature))]
        impl<T> $name<T> {
            /// Holds `value`; `None` in a build without the learner.
            #[inline(always)]
            pub fn new(_: T) -> Option<Self> {
                None
            }

            /// Makes another of what this holds.
            #[inline(always)]
            pub fn map<U>(self, _: impl FnOnce(T) -> U) -> $name<U> {
                match self.0 {}
            }
        }

        impl<T> Deref for $name<T> {
            type Target = T;

            #[inline(always)]
            fn deref(&self) -> &T {
                #[cfg(feature = $feature)]
                return &self.0;
                #[cfg(not(feature = $feature))]
                match self.0 {}
            }
        }

        impl<T> DerefMut for $name<T> {
            #[inline(always)]
            fn deref_mut(&mut self) -> &mut T {
                #[cfg(feature = $feature)]
                return &mut self.0;
                #[cfg(not(feature = $feature))]
                match self.0 {}
            }
        }
    };
}

part!(Esn, "esn", "Something of the Echo State Network's.");
part!(Svm, "svm", "Something of the support vector machine's.");
part!(Rce, "rce", "Something of TinyRCE's.");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lack {
    #[cfg(not(feature = "esn"))]
    Esn,
    #[cfg(not(feature = "svm"))]
    Svm,
    #[cfg(not(feature = "rce"))]
    Rce,
}

/// A learner that this build leaves out. In a build that has all there is no such value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing(Lack);

impl Missing {
    /// Those left out.
    pub const ALL: &'static [Self] = &[
        #[cfg(not(feature = "esn"))]
        Self(Lack::Esn),
        #[cfg(not(feature = "svm"))]
        Self(Lack::Svm),
        #[cfg(not(feature = "rce"))]
        Self(Lack::Rce),
    ];

    /// The learner of this name, if it is left out.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|m| m.name() == name)
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self.0 {
            #[cfg(not(feature = "esn"))]
            Lack::Esn => "esn",
            #[cfg(not(feature = "svm"))]
            Lack::Svm => "svm",
            #[cfg(not(feature = "rce"))]
            Lack::Rce => "rce",
        }
    }

    /// The option that brings it back.
    pub const fn option(self) -> &'static str {
        match self.0 {
            #[cfg(not(feature = "esn"))]
            Lack::Esn => "CONFIG_HONE_ESN",
            #[cfg(not(feature = "svm"))]
            Lack::Svm => "CONFIG_HONE_SVM",
            #[cfg(not(feature = "rce"))]
            Lack::Rce => "CONFIG_HONE_RCE",
        }
    }
}
