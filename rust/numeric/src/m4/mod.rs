//! Kernels in assembly for a core with the DSP extension and single-precision FPU (Cortex-M4F): the one place in the
//! portable crates with unsafe code. Each function gives the bits of its portable twin; `rust/vectors` compares them
//! on the target.
//!
//! The compiler loads floats one by one (it does not give `vldr`s the consecutive registers that would merge them into
//! `vldm`) and has no stable dual multiply-accumulate. Here loops load four to sixteen words at a time.
//!
//! Safety, throughout: the assembly reads exactly the elements that the slices hold (the counts are the shorter
//! slice's), writes only to its output registers or through the `&mut` slices that it was given, keeps the stack,
//! and declares what registers it uses. Floating-point results leave in a core register, because the compiler
//! takes floating-point operands only on cores with double precision.
#![allow(unsafe_code)]

pub(crate) mod cholesky;
pub(crate) mod float;
mod float_rows;
pub(crate) mod integer;
pub(crate) mod integer_distance;
pub(crate) mod lanes;
pub(crate) mod layer;
pub(crate) mod ud;
