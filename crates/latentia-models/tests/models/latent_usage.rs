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
    let vectors = usage("code = { kind = 'vector-quantised', codebook = 20, dimension = 3 }");
    let perplexity = perplexity(vectors);
    // Vectors that nobody needs are revived while the model learns.
    assert!(perplexity > 10.0, "{perplexity}");
}

#[test]
fn perplexity_is_that_of_each_codebook_and_of_all_together() {
    const CODE: &str =
        "code = { kind = 'vector-quantised', codebook = 8, codebooks = 3, dimension = 3 }";
    let (used, _) = usage(CODE);
    assert_eq!(used.codebooks.len(), 3);
    let of_each = used.codebooks.iter();
    let together: usize = of_each.clone().map(|own| own.used).sum();
    assert_eq!(used.codebook_used, Some(together));
    // Every codebook has a third of the indices: `ln 3` and the mean of their entropies.
    let entropy = of_each.map(|own| own.perplexity.ln()).sum::<f64>() / 3.0;
    let measured = used.codebook_perplexity.expect("codebooks");
    assert!((measured - 3.0 * entropy.exp()).abs() < 1e-9 * measured);
    let mut perplexities = used.codebooks.iter().map(|own| own.perplexity);
    assert!(perplexities.all(|own| (2.0..=8.0).contains(&own)));
    let json = serde_json::to_value(&used).expect("plain data");
    assert_eq!(json["codebooks"][2]["used"], used.codebooks[2].used);
}

#[test]
fn perplexity_counts_the_vectors_of_levels_that_are_used() {
    let levels = usage("code = { kind = 'finite-scalar-quantised', levels = [4, 3, 2] }");
    let perplexity = perplexity(levels);
    // The encoder's ReLUs leave the upper levels: 2 of 4, 2 of 3 and 1 of 2.
    assert!((2.0..=4.0).contains(&perplexity), "{perplexity}");
}

#[test]
fn perplexity_counts_the_vectors_of_signs_that_are_used() {
    let signs = usage("code = { kind = 'lookup-free-quantised', dimension = 3 }");
    let perplexity = perplexity(signs);
    assert!((1.0..=8.0).contains(&perplexity), "{perplexity}");
}

/// The perplexity of vectors of three elements, as it was measured and counted here.
fn perplexity((used, codes): (LatentUsage, Vec<Vec<u32>>)) -> f64 {
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
    perplexity
}

#[test]
fn indices_go_both_ways_and_others_are_refused() {
    let model = |code: &str| {
        let spec = model_spec(&format!("likelihood = 'mse'\n{code}\n{LAYERS}"));
        spec.build(&[9], 3).expect("parts that fit")
    };
    for code in [
        "code = { kind = 'vector-quantised', codebook = 24, dimension = 3 }",
        "code = { kind = 'vector-quantised', codebook = 24, codebooks = 2, dimension = 6 }",
        "code = { kind = 'finite-scalar-quantised', levels = [4, 3, 2] }",
    ] {
        let (model, examples) = (model(code), signed(1, 50, 9));
        let codes = model.encode(&examples).expect("they fit");
        let indices = model.encode_indices(&examples).expect("they fit");
        assert_eq!(indices.len(), 100);
        assert_eq!(model.decode_indices(&indices).expect("indices"), codes);
        // Codes are what they were when they are quantised again; a sum of vectors can have a nearer first one.
        let again = model.quantise_latents(codes.clone()).expect("they fit");
        assert!(again == codes || code.contains("codebooks"), "{code}");

        let refused = |indices: &[u32]| {
            let refused = model.decode_indices(indices);
            refused.expect_err("no indices").to_string()
        };
        assert_eq!(
            refused(&[1, 2, 3]),
            "3 indices are not whole codes; a code has 2"
        );
        assert_eq!(
            refused(&[23, 24]),
            "index 24 is none of the codebook's 24 vectors; they count from 0"
        );
    }
    let refused = model("").decode_indices(&[]).expect_err("no codebook");
    assert_eq!(
        refused.to_string(),
        "code is deterministic, without a codebook; codes from a codebook have indices: vector-quantised, finite-scalar-quantised, lookup-free-quantised, gumbel-softmax"
    );
}
