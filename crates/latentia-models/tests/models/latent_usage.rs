//! What is said of codes in use.

use std::collections::HashMap;

use latentia_models::LatentUsage;

use crate::{begin, model_spec, signed, training_spec};

const LAYERS: &str = "encoder = [{ layer = 'dense', units = 6, activation = 'relu' }]
     decoder = [{ layer = 'dense' }]";

fn usage(code: &str) -> (LatentUsage, Vec<Vec<u32>>) {
    let spec = model_spec(&format!("likelihood = 'mse'\n{code}\n{LAYERS}"));
    let mut model = spec.build(&[9], 3).expect("parts that fit");
    let examples = signed(1, 700, 9);
    let training = training_spec("epochs = 3\nbatch-size = 32");
    let mut run = begin(&mut model, training, 1, &examples, None).expect("they fit");
    run.run(&mut ()).expect("it trains");
    let codes = model.encode(&examples).expect("they fit");
    let bits = |row: &[f32]| row.iter().map(|x| x.to_bits()).collect();
    let usage = LatentUsage::measure(&model, &examples).expect("they fit");
    (
        usage.expect("a code without a distribution"),
        codes.view().iter_rows().map(bits).collect(),
    )
}

#[test]
fn units_that_never_change_are_dead() {
    let (used, codes) = usage("code = { kind = 'top-k', k = 1 }");
    let alike = |unit: &usize| codes.iter().all(|code| code[*unit] == codes[0][*unit]);
    assert_eq!(used.dead_units, Some((0..6).filter(alike).count()));
    assert_eq!(used.codebook_perplexity, None);
}

#[test]
fn perplexity_counts_the_vectors_that_are_used() {
    let (used, codes) = usage("code = { kind = 'vector-quantised', codebook = 20, dimension = 3 }");
    let mut counts: HashMap<&[u32], f64> = HashMap::new();
    for vector in codes.iter().flat_map(|code| code.chunks(3)) {
        *counts.entry(vector).or_default() += 1.0;
    }
    assert_eq!(used.codebook_used, Some(counts.len()));
    let shares = counts.values().map(|count| count / 1400.0);
    let perplexity = shares.map(|p| -p * p.ln()).sum::<f64>().exp();
    let measured = used.codebook_perplexity.expect("a codebook");
    assert!(
        (measured - perplexity).abs() < 1e-9 * perplexity,
        "{measured} {perplexity}"
    );
    // Vectors that nobody needs are revived while the model learns.
    assert!(perplexity > 10.0, "{perplexity}");
}
