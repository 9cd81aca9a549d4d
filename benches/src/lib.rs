//! Benchmarks live in `suite`; this package has no library of its own.
