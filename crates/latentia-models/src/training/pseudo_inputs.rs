//! Pseudo-inputs of a prior that begin at training examples.

use latentia_nn::{BLOCK_ROWS, Mode, Position, Tape};
use latentia_tensor::{Noise, Rows};
use rand::seq::SliceRandom;

use crate::{Autoencoder, ModelError, Scaled, stream};

/// Sets the pseudo-inputs of `model`, where its prior has some, to training examples that `seed` chooses, as the first layer that
/// learns sees them; where these are fewer, the others stay as they were drawn.
///
/// # Errors
/// When an example cannot be read.
pub(super) fn begin_at_examples(
    model: &mut Autoencoder,
    examples: &dyn Rows,
    seed: u64,
) -> Result<(), ModelError> {
    let Some((first, parameter)) = model.chain.pseudo_inputs() else {
        return Ok(());
    };
    let count = model.chain.parameters()[parameter].value.rows();
    let mut order: Vec<u32> = (0..examples.rows() as u32).collect();
    order.shuffle(&mut Noise::new(seed, stream::PSEUDO_INPUTS).row(0));
    order.truncate(count);
    let scaled = Scaled::new(examples, &model.scaling).drawn(model.preprocessing, 0);
    // Where nothing stands before it, the examples themselves.
    if first == 0 {
        let own = &mut model.chain.parameters_mut()[parameter].value;
        return Ok(scaled.read(&order, own.top_mut(order.len()))?);
    }
    let mut tape = Tape::forward_only(&model.chain, 0..first, Mode::Eval, BLOCK_ROWS);
    for (block, indices) in order.chunks(BLOCK_ROWS).enumerate() {
        tape.read(&scaled, indices)?;
        tape.forward(&model.chain, Position::default());
        let rows = tape.output();
        let own = &mut model.chain.parameters_mut()[parameter].value;
        let at = block * BLOCK_ROWS * rows.cols();
        own.as_mut_slice()[at..at + rows.span().len()].copy_from_slice(rows.span());
    }
    Ok(())
}
