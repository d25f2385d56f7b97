//! The instruction set of the processor that runs.

use std::env;
use std::sync::LazyLock;

use pulp::Arch;

/// The instruction set of our kernels: the widest that this processor has, or none beyond the baseline where the environment
/// has `LATENTIA_PORTABLE`. What another machine would compute is tested so. With `LATENTIA_ISA=avx2` it is at most AVX2, to
/// measure what a processor without AVX-512 would do. faer chooses for itself and knows nothing of the variables: what must be the
/// same everywhere does not come from its products.
pub(crate) static ARCH: LazyLock<Arch> = LazyLock::new(|| {
    if env::var_os("LATENTIA_PORTABLE").is_some() {
        return Arch::Scalar;
    }
    #[cfg(target_arch = "x86_64")]
    if env::var_os("LATENTIA_ISA").is_some_and(|isa| isa == "avx2")
        && let Some(avx2) = pulp::x86::V3::try_new()
    {
        return Arch::V3(avx2);
    }
    Arch::new()
});

/// Name of the instruction set that the kernels use: `V4` is AVX-512, `V3` AVX2, `Scalar` none beyond the baseline. Gradients have the same
/// bits on machines with the same one.
pub fn instruction_set() -> String {
    let name = format!("{:?}", *ARCH);
    name.split(['(', ' ']).next().unwrap_or_default().into()
}

/// Runs `kernel` compiled for the widest instruction set that this processor has.
///
/// The choice changes the speed and not the result: no floating-point operation is reordered or contracted. Mark `kernel`
/// `#[inline(always)]`, or it is compiled for the baseline.
#[inline]
pub fn vectorized<R>(kernel: impl FnOnce() -> R) -> R {
    ARCH.dispatch(kernel)
}
