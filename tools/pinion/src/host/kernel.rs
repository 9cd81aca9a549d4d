//! The one thing that no file tells: whether the kernel's clock follows another.

/// How well the kernel's clock is held.
pub struct KernelClock {
    /// A daemon disciplines it.
    pub synchronized: bool,
    /// How far off it may be at most, in microseconds.
    pub max_error_us: i64,
}

#[allow(unsafe_code)]
pub(super) fn kernel_clock() -> Option<KernelClock> {
    // SAFETY: `timex` is a plain struct of integers for which all zeros is valid; with `modes` 0 the call only
    // fills it in.
    let (state, timex) = unsafe {
        let mut timex: libc::timex = std::mem::zeroed();
        (libc::adjtimex(&raw mut timex), timex)
    };
    (state >= 0).then_some(KernelClock {
        synchronized: timex.status & libc::STA_UNSYNC == 0,
        max_error_us: timex.maxerror,
    })
}
