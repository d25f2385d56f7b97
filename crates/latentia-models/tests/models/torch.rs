//! Weights of PyTorch, whose layout is written out here.

use std::collections::HashMap;
use std::path::Path;

use latentia_models::{Autoencoder, ModelSpec, TorchNames, TorchSource, TrainingSpec};
use safetensors::tensor::{Dtype, TensorView};

use crate::unit;

/// Name, shape and values of a tensor.
type Tensor = (String, Vec<usize>, Vec<f32>);

fn model(text: &str, shape: &[usize], seed: u64) -> Autoencoder {
    let spec: ModelSpec = toml::from_str(text).expect("a specification");
    spec.build(shape, seed).expect("a model")
}

const DENSE: &str = r#"
    likelihood = "mse"
    encoder = [{ layer = "dense", units = 4, activation = "relu" }, { layer = "dense", units = 4 }, { layer = "dense", units = 2 }]
    decoder = [{ layer = "dense", units = 4, activation = "tanh" }, { layer = "dense" }]
"#;

const CONV: &str = r#"
    likelihood = "bce"
    encoder = [
        { layer = "conv", channels = 3, kernel = [3, 2], stride = 2, padding = 1 },
        { layer = "batch-norm", activation = "relu" },
        { layer = "flatten" },
        { layer = "dense", units = 5 },
    ]
    decoder = [
        { layer = "dense", activation = "relu" },
        { layer = "reshape", channels = 3 },
        { layer = "transposed-conv", kernel = 3, stride = 2, padding = 1 },
    ]
"#;

const VAE: &str = r#"
    likelihood = "gaussian"
    code = { kind = "gaussian", units = 2 }
    encoder = [{ layer = "dense", units = 3 }]
    decoder = [{ layer = "dense" }]
"#;

fn file(tensors: &[Tensor]) -> Vec<u8> {
    let bytes = tensors.iter().map(|(name, shape, values)| {
        let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        (name.clone(), shape.clone(), bytes)
    });
    let bytes: Vec<_> = bytes.collect();
    let views = bytes.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).expect("a tensor");
        (name, view)
    });
    safetensors::serialize(views, None).expect("a file")
}

/// A state dict with the weights of `model`: modules by our layers', `kernel` of convolutions by layer.
fn state_dict(
    model: &Autoencoder,
    modules: &[(&str, &str)],
    filters: &HashMap<&str, [usize; 3]>,
) -> Vec<Tensor> {
    let tensors = model.weights().map(|(name, value)| {
        let (layer, own) = name.rsplit_once('.').expect("a layer");
        let module = modules.iter().find(|(ours, _)| *ours == layer);
        let module = module.expect("a module").1;
        let (rows, cols, values) = (value.rows(), value.cols(), value.as_slice());
        let own = match own {
            "gamma" => "weight",
            "beta" => "bias",
            "running-mean" => "running_mean",
            "running-variance" => "running_var",
            own => own,
        };
        let (shape, values) = match filters.get(layer) {
            Some([channels, height, width]) if own == "weight" => {
                (vec![rows, *channels, *height, *width], values.to_vec())
            }
            None if own == "weight" && rows > 1 => {
                let mut transposed = vec![0.0; values.len()];
                for (at, &x) in values.iter().enumerate() {
                    transposed[at % cols * rows + at / cols] = x;
                }
                (vec![cols, rows], transposed)
            }
            _ => (vec![cols], values.to_vec()),
        };
        (format!("{module}.{own}"), shape, values)
    });
    tensors.collect()
}

/// The message of a refusal, which leaves the model as it is.
fn refusal(model: &mut Autoencoder, tensors: &[Tensor], names: &TorchNames) -> String {
    let examples = unit(3, 4, model.width());
    let before = model.reconstruct(&examples).expect("a model");
    let error = model.import_torch(&file(tensors), names);
    let after = model.reconstruct(&examples).expect("a model");
    assert_eq!(before, after);
    error.expect_err("does not fit").to_string()
}

#[test]
fn a_linear_layer_has_its_rows_as_our_columns() {
    let text = r#"
        likelihood = "mse"
        encoder = [{ layer = "dense", units = 1 }]
        decoder = [{ layer = "dense" }]
    "#;
    let mut model = model(text, &[2], 1);
    let tensor = |name: &str, shape: &[usize], values: &[f32]| {
        (name.to_string(), shape.to_vec(), values.to_vec())
    };
    let tensors = [
        tensor("encoder.0.weight", &[1, 2], &[10.0, 1.0]),
        tensor("encoder.0.bias", &[1], &[0.5]),
        tensor("decoder.0.weight", &[2, 1], &[1.0, -1.0]),
        tensor("decoder.0.bias", &[2], &[0.0, 3.0]),
    ];
    let sources = model.import_torch(&file(&tensors), &TorchNames::new());
    assert_eq!(sources.expect("fits").len(), 4);
    let x = latentia_tensor::Matrix::from_vec(1, 2, vec![2.0, 7.0]);
    assert_eq!(model.encode(&x).expect("a code").as_slice(), [27.5]);
    let y = model.reconstruct(&x).expect("a row");
    assert_eq!(y.as_slice(), [27.5, -24.5]);
}

#[test]
fn modules_are_matched_by_order_and_shape() {
    let layers = [
        "encoder.0",
        "encoder.1",
        "encoder.2",
        "decoder.0",
        "decoder.1",
    ];
    for modules in [
        [
            "encoder.0",
            "encoder.2",
            "encoder.10",
            "decoder.0",
            "decoder.2",
        ],
        ["fc1", "fc2", "fc9", "fc10", "fc11"],
        ["m.enc.a", "m.enc.b", "m.enc.c", "m.dec.a", "m.dec.b"],
    ] {
        let theirs = model(DENSE, &[4], 1);
        let mut ours = model(DENSE, &[4], 2);
        let modules: Vec<_> = layers.into_iter().zip(modules).collect();
        let tensors = state_dict(&theirs, &modules, &HashMap::new());
        let sources = ours.import_torch(&file(&tensors), &TorchNames::new());
        let sources = sources.expect("fits");
        assert_eq!(sources[2].1, [format!("{}.weight", modules[1].1)]);
        let same = ours.weights().zip(theirs.weights()).all(|(a, b)| a == b);
        assert!(same, "{modules:?}");
    }
}

#[test]
fn convolutions_and_running_statistics_are_read_as_they_lie() {
    let theirs = {
        let mut model = model(CONV, &[7, 8], 1);
        let values = [
            ("gamma", 2.0),
            ("beta", 0.25),
            ("running-mean", 0.5),
            ("running-variance", 3.0),
        ];
        for (name, value) in values {
            let values = [value, value + 0.5, value + 1.0];
            model
                .set_weight(&format!("encoder.1.{name}"), &values)
                .expect("a parameter");
        }
        model
    };
    let names = [
        "encoder.0",
        "encoder.1",
        "encoder.2",
        "decoder.0",
        "decoder.1",
    ];
    let modules = [
        "encoder.0",
        "encoder.1",
        "encoder.4",
        "decoder.0",
        "decoder.3",
    ];
    let modules: Vec<_> = names.into_iter().zip(modules).collect();
    let filters = HashMap::from([("encoder.0", [1, 3, 2]), ("decoder.1", [1, 3, 3])]);
    let mut tensors = state_dict(&theirs, &modules, &filters);
    tensors.push(("encoder.1.num_batches_tracked".into(), vec![], vec![9.0]));
    let mut ours = model(CONV, &[7, 8], 2);
    ours.import_torch(&file(&tensors), &TorchNames::new())
        .expect("fits");
    let examples = unit(5, 9, 56);
    let [ours_out, theirs_out] =
        [&ours, &theirs].map(|own| own.reconstruct(&examples).expect("rows"));
    assert_eq!(ours_out, theirs_out);

    // A convolution before batch normalisation seldom has a bias.
    tensors.retain(|(name, ..)| name != "encoder.0.bias");
    ours.import_torch(&file(&tensors), &TorchNames::new())
        .expect("fits");
    assert_eq!(ours.reconstruct(&examples).expect("rows"), theirs_out);
}

#[test]
fn modules_side_by_side_are_named() {
    let theirs = model(VAE, &[4], 1);
    let modules = [
        ("encoder.0", "enc"),
        ("code.0", "both"),
        ("decoder.0", "dec"),
    ];
    let mut tensors = state_dict(&theirs, &modules, &HashMap::new());
    let halves: Vec<Tensor> = (tensors.iter().filter(|(name, ..)| name.starts_with("both")))
        .flat_map(|(name, shape, values)| {
            let halves = values.chunks(values.len() / 2).zip(["mu", "logvar"]);
            let shape = [&[shape[0] / 2], &shape[1..]].concat();
            halves.map(move |(half, own)| (name.replace("both", own), shape.clone(), half.to_vec()))
        })
        .collect();
    tensors.retain(|(name, ..)| !name.starts_with("both"));
    tensors.extend(halves);
    let both = TorchSource::Several(vec!["mu".into(), "logvar".into()]);
    let names = TorchNames::from([("code.0".into(), both)]);
    let mut ours = model(VAE, &[4], 2);
    ours.import_torch(&file(&tensors), &names).expect("fits");
    assert!(ours.weights().zip(theirs.weights()).all(|(a, b)| a == b));

    // Without names nothing has the shape of both.
    let mut other = model(VAE, &[4], 3);
    let words = refusal(&mut other, &tensors, &TorchNames::new());
    for problem in [
        "`code.0.weight` [4, 3] has no source",
        "`mu.weight` [2, 3] is left over",
        "`logvar.bias` [2] is left over",
    ] {
        assert!(words.contains(problem), "{words}");
    }
}

#[test]
fn what_does_not_fit_is_named_with_shapes() {
    let theirs = model(VAE, &[4], 1);
    let modules = [
        ("encoder.0", "enc"),
        ("code.0", "both"),
        ("decoder.0", "dec"),
    ];
    let tensors = state_dict(&theirs, &modules, &HashMap::new());
    let mut ours = model(VAE, &[4], 2);
    for (key, source, words) in [
        (
            "encoder.0",
            "dec",
            "`encoder.0.weight` takes [3, 4], `dec.weight` has [4, 2]",
        ),
        (
            "encoder.0",
            "fc",
            "`encoder.0` names `fc.weight`, which there is not",
        ),
        (
            "encoder.7",
            "enc",
            "`encoder.7` is no layer or parameter of the model",
        ),
        (
            "encoder.0.weight",
            "enc.bias",
            "takes [3, 4], `enc.bias` has [3]",
        ),
    ] {
        let names = TorchNames::from([(key.into(), TorchSource::One(source.into()))]);
        let said = refusal(&mut ours, &tensors, &names);
        assert!(said.contains(words), "{said}");
    }
    let mut infinite = tensors.clone();
    infinite[0].2[1] = f32::INFINITY;
    let said = refusal(&mut ours, &infinite, &TorchNames::new());
    assert!(
        said.contains("`enc.weight` has a value that is not finite"),
        "{said}"
    );
    let said = ours.import_torch(b"nothing", &TorchNames::new());
    let said = said.expect_err("no file").to_string();
    assert!(said.contains("no safetensors file"), "{said}");
    // Two of which one has no shape are never one after another.
    let mut scalar = tensors;
    scalar.push(("scalar".into(), vec![], vec![1.0]));
    let both = TorchSource::Several(vec!["scalar".into(), "enc.weight".into()]);
    let names = TorchNames::from([("encoder.0.weight".into(), both)]);
    let said = refusal(&mut ours, &scalar, &names);
    assert!(said.contains("`encoder.0.weight` takes [3, 4]"), "{said}");
}

#[test]
fn half_precision_becomes_single_and_other_types_are_named() {
    let text = r#"
        likelihood = "mse"
        encoder = [{ layer = "dense", units = 1 }]
        decoder = [{ layer = "dense" }]
    "#;
    let import = |dtype, weight: [u8; 4]| {
        let zero = |shape: &[usize]| (Dtype::F32, shape.to_vec(), vec![0; 4 * shape[0]]);
        let tensors = [
            ("encoder.0.weight", (dtype, vec![1, 2], weight.to_vec())),
            ("encoder.0.bias", zero(&[1])),
            ("decoder.0.weight", zero(&[2, 1])),
            ("decoder.0.bias", zero(&[2])),
        ];
        let views = tensors.iter().map(|(name, (dtype, shape, bytes))| {
            let view = TensorView::new(*dtype, shape.clone(), bytes).expect("a tensor");
            (name, view)
        });
        let bytes = safetensors::serialize(views, None).expect("a file");
        let mut model = model(text, &[2], 1);
        let weight = |model: &Autoencoder| {
            let weight = model.weights().find(|(name, _)| name == "encoder.0.weight");
            weight.expect("a weight").1.as_slice().to_vec()
        };
        let imported = model.import_torch(&bytes, &TorchNames::new());
        imported
            .map(|_| weight(&model))
            .map_err(|error| error.to_string())
    };
    let f16 = import(Dtype::F16, [0x00, 0x3e, 0x01, 0x80]);
    assert_eq!(f16, Ok(vec![1.5, -(2_f32.powi(-24))]));
    let bf16 = import(Dtype::BF16, [0x40, 0x40, 0x01, 0x00]);
    assert_eq!(bf16, Ok(vec![3.0, 2_f32.powi(-133)]));
    let refused = import(Dtype::I16, [1, 0, 2, 0]).expect_err("no float");
    let words = "`encoder.0.weight` is I16; F16, BF16, F32 and F64 are read";
    assert!(refused.contains(words), "{refused}");
    let infinite = import(Dtype::BF16, [0x80, 0x7f, 0, 0]).expect_err("infinite");
    assert!(infinite.contains("not finite"), "{infinite}");
}

/// The tensors of a file.
fn tensors_of(bytes: &[u8]) -> Vec<Tensor> {
    let file = safetensors::SafeTensors::deserialize(bytes).expect("a file");
    let mut tensors: Vec<Tensor> = (file.iter())
        .map(|(name, view)| {
            let values = view.data().as_chunks().0.iter();
            let values = values.map(|x| f32::from_le_bytes(*x)).collect();
            (name.to_string(), view.shape().to_vec(), values)
        })
        .collect();
    tensors.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    tensors
}

#[test]
fn a_model_goes_to_pytorch_and_comes_back() {
    for (text, shape) in [(DENSE, &[4][..]), (CONV, &[7, 8]), (VAE, &[4])] {
        let ours = model(text, shape, 1);
        let module = ours
            .torch_module(Path::new("w.safetensors"))
            .expect("a module");
        let mut back = model(text, shape, 2);
        back.import_torch(&module.weights, &TorchNames::new())
            .expect("fits");
        assert!(ours.weights().zip(back.weights()).all(|(a, b)| a == b));
    }
}

#[test]
fn the_module_of_a_model_is_written_out() {
    let ours = model(CONV, &[7, 8], 1);
    let module = ours
        .torch_module(Path::new("w.safetensors"))
        .expect("a module");
    for line in [
        "nn.Unflatten(1, (1, 7, 8)),",
        "nn.Conv2d(1, 3, (3, 2), stride=(2, 2), padding=(1, 1), dilation=(1, 1)),",
        "nn.BatchNorm2d(3),",
        "nn.ReLU(),",
        "nn.Flatten(),",
        "nn.Linear(60, 5),",
        "nn.Sigmoid(),",
        "load_file(\"w.safetensors\")",
    ] {
        assert!(module.program.contains(line), "{}", module.program);
    }
    let tensors = tensors_of(&module.weights);
    let shape = |name: &str| {
        let own = tensors.iter().find(|own| own.0 == name);
        own.unwrap_or_else(|| panic!("no {name}")).1.clone()
    };
    // Numbers count modules as `nn.Sequential` does.
    assert_eq!(shape("encoder.1.weight"), [3, 1, 3, 2]);
    assert_eq!(shape("encoder.2.running_var"), [3]);
    assert_eq!(shape("encoder.5.weight"), [5, 60]);
}

#[test]
fn what_makes_pairs_in_training_alone_is_no_module() {
    for penalty in ["contractive", "gradient-penalty"] {
        let text = format!(
            "likelihood = 'mse'\nobjective = {{ {penalty} = 0.1 }}\nencoder = [{{ layer = 'dense', units = 3 }}]\n\
             decoder = [{{ layer = 'dense' }}]"
        );
        let module = model(&text, &[5], 1).torch_module(Path::new("w.safetensors"));
        let module = module.expect("a module");
        let names: Vec<String> = tensors_of(&module.weights)
            .into_iter()
            .map(|own| own.0)
            .collect();
        assert!(names.contains(&"decoder.0.weight".into()), "{names:?}");
        assert!(
            module.program.contains("nn.Linear(3, 5),"),
            "{}",
            module.program
        );
    }
}

#[test]
fn a_gaussian_code_is_a_linear_layer_and_constants_of_preprocessing_are_buffers() {
    let text = VAE.replace("code =", "preprocessing = \"standardise\"\n    code =");
    let mut ours = model(&text, &[4], 1);
    let spec = TrainingSpec {
        epochs: 1,
        ..TrainingSpec::default()
    };
    ours.fit(&unit(3, 50, 4), &spec, 1).expect("it converges");
    let module = ours.torch_module(Path::new("w")).expect("a module");
    for line in [
        "self.code = nn.Linear(3, 4)\n",
        "self.register_buffer(\"divisor\", torch.ones(4))\n",
        "mean, s = self.code(self.encoder((x.flatten(1) - self.shift) / self.divisor)).chunk(2, 1)\n",
        "return self.decoder(codes) * self.divisor + self.shift\n",
    ] {
        assert!(module.program.contains(line), "{}", module.program);
    }
    let tensors = tensors_of(&module.weights);
    let tensor = |name: &str| tensors.iter().find(|own| own.0 == name).expect(name);
    assert_eq!(tensor("code.weight").1, [4, 3]);
    assert_eq!(tensor("shift").2, ours.scaling().shift);
    assert_eq!(tensor("divisor").2, ours.scaling().divisor);
}

#[test]
fn what_pytorch_has_no_module_for_is_named() {
    let refused = |text: &str, words: &str| {
        let error = model(text, &[4], 1).torch_module(Path::new("w"));
        let error = error.err().expect("refused").to_string();
        assert!(error.starts_with(words), "{error}");
    };
    let sparse = VAE.replace("kind = \"gaussian\", units = 2", "kind = \"top-k\", k = 1");
    refused(&sparse, "the code `top-k` has no counterpart in `torch.nn`");
    let flow = VAE.replace("units = 2", "units = 2, posterior = { kind = \"radial\" }");
    refused(
        &flow,
        "a posterior of kind `radial` has no counterpart in `torch.nn`",
    );
    let residual = DENSE.replace(
        "{ layer = \"dense\", units = 4 }",
        "{ layer = \"residual\", layers = [{ layer = \"dense\", units = 4 }] }",
    );
    refused(&residual, "encoder.2 (add input of the layer before, ");
}
