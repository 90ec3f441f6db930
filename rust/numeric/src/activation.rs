//! The reservoir's activation.

/// Hyperbolic tangent. To be replaced by a faster one with a stated bound.
pub fn tanh(x: f32) -> f32 {
    libm::tanhf(x)
}
