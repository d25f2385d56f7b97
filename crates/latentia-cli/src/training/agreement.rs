//! What processes must have in common to train one model.

use std::env;

use anyhow::{Error, bail};
use latentia_models::Training;
use latentia_nn::Collective;
use latentia_tensor::instruction_set;
use sha2::{Digest, Sha256};

/// Refuses processes that differ in what the model's bits depend on; `all_data` is the fingerprint of all data.
///
/// # Errors
/// In each process that differs from the first: in what.
pub fn agree(
    training: &Training<'_>,
    all_data: &str,
    collective: &dyn Collective,
) -> anyhow::Result<()> {
    let version = format!("{} {}", env!("CARGO_PKG_VERSION"), env::consts::ARCH);
    let facts = [
        ("version", version),
        ("instruction set", instruction_set()),
        ("data", all_data.to_string()),
        (
            "model, training or seed",
            training.identity().map_err(Error::from_boxed)?,
        ),
    ];
    for (what, own) in facts {
        let own: [u8; 32] = Sha256::digest(own.as_bytes()).into();
        let mut first = own;
        collective.broadcast(0, &mut first);
        if own != first {
            bail!("its {what} differs from that of the first process");
        }
    }
    Ok(())
}
