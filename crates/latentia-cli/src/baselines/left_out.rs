//! Formats that are not built in.

/// What to say of the formats that a report cannot compare with; `None` where all are built in.
pub fn left_out() -> Option<&'static str> {
    match cfg!(feature = "baselines") {
        true => None,
        false => Some(
            "JPEG, WebP, bzip2 and xz are left out of the report; \
             `cargo build --release --features baselines` builds a program that has them",
        ),
    }
}
