//! What processes must have in common.

use std::env;

use anyhow::bail;
use latentia_nn::Collective;
use latentia_tensor::instruction_set;
use sha2::{Digest, Sha256};

/// Refuses processes of other versions of the program, on machines of another kind, or that differ in one of `facts`, each with what it is.
///
/// # Errors
/// In each process that differs from the first: in what.
pub fn agree_on(facts: &[(&str, String)], collective: &dyn Collective) -> anyhow::Result<()> {
    let version = format!("{} {}", env!("CARGO_PKG_VERSION"), env::consts::ARCH);
    let own = [("version", version), ("instruction set", instruction_set())];
    for (what, own) in own.iter().chain(facts) {
        let own: [u8; 32] = Sha256::digest(own.as_bytes()).into();
        let mut first = own;
        collective.broadcast(0, &mut first);
        if own != first {
            bail!("its {what} differs from that of the first process");
        }
    }
    Ok(())
}
