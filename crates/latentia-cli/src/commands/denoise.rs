//! `latentia denoise`

use latentia_models::{Denoising, ModelFile};
use latentia_nn::Corruption;
use latentia_tensor::{Subset, Targets};

use crate::args::DenoiseArgs;
use crate::figures::{Sheet, above_each_other, mixed};
use crate::inputs::{Loader, caption, check_fit, open};
use crate::outputs::Format;
use crate::terminal::{UsageError, number, print, table, tell};

pub(super) fn run(args: &DenoiseArgs, loader: &Loader) -> anyhow::Result<()> {
    if let Some(output) = &args.output {
        Format::of(output, &[Format::Png])?;
    }
    let ModelFile { model, .. } = open(&args.model)?;
    if let (Some(output), Some(_)) = (&args.output, model.schema()) {
        let output = output.display();
        let hint = format!("`{output}`: rows of a table make no picture; leave out --output");
        return Err(UsageError(hint).into());
    }
    let asked = [
        args.masking.map(|rate| Corruption::Masking { rate }),
        args.salt_and_pepper
            .map(|rate| Corruption::SaltAndPepper { rate }),
        args.gaussian
            .map(|deviation| Corruption::Gaussian { deviation }),
    ];
    let asked = asked.into_iter().flatten().next();
    let learned = || model.spec().and_then(|spec| spec.corruption);
    let corruption = match args.target {
        Some(_) => None,
        None => asked.or_else(learned),
    };
    if corruption.is_none() && args.target.is_none() {
        let hint = "the model was not trained to denoise; say how to corrupt the examples, as in --masking 0.3, or what noisy ones \
                    are to be restored as, --target CLEAN";
        return Err(UsageError(hint.into()).into());
    }
    if let Some(corruption) = corruption.filter(|own| !own.is_valid()) {
        let hint = format!(
            "{corruption} makes no sense; a rate lies in [0, 1], a deviation is finite and at least 0"
        );
        return Err(UsageError(hint).into());
    }
    let loader = loader.with_target(args.target.as_deref());
    let examples = loader.pick(&args.data, &model)?.dataset;
    check_fit(&model, &args.data, &examples)?;
    let measured = Denoising::measure(&model, &examples, corruption, args.seed, None)?;
    if args.json {
        print(&format!("{}\n", serde_json::to_string_pretty(&measured)?))?;
    } else {
        let line = |name: &str, corrupted: String, restored: String| {
            vec![name.to_string(), corrupted, restored]
        };
        print(&table(&[
            line("", "corrupted".into(), "restored".into()),
            line(
                "mean squared error",
                number(measured.noisy_mse),
                number(measured.denoised_mse),
            ),
        ]))?;
    }
    if let Some(output) = &args.output {
        let indices = mixed(&examples, args.count.into());
        let captions = indices.iter().map(|&row| caption(&examples, row));
        let captions: Vec<String> = captions.collect();
        let first = Subset::new(&examples, indices);
        let (noisy, restored) = model.denoise(&first, corruption, args.seed)?;
        let sets = vec![model.inputs(&Targets(&first))?, noisy, restored];
        let title = match corruption {
            Some(corruption) => format!("denoising: {corruption}"),
            None => "denoising".into(),
        };
        let sheet = Sheet {
            title: &title,
            rows: &["original", "corrupted", "restored"].map(String::from),
            captions: &captions,
            ..Sheet::default()
        };
        above_each_other(&model, sets, &sheet).write(output)?;
        tell(&format!(
            "wrote {}: examples, corrupted below, restored below those",
            output.display()
        ));
    }
    Ok(())
}
