//! `latentia detect`

use std::ops::ControlFlow;
use std::path::Path;

use anyhow::anyhow;
use latentia_data::{Dataset, Source};
use latentia_models::{
    Autoencoder, Detector, ModelError, ModelFile, ObservedRows, Preset, Provenance, Rule,
};
use latentia_tensor::Rows;

use super::follow;
use crate::args::{ColumnArgs, DetectArgs};
use crate::figures::reconstruction_pairs;
use crate::inputs::{Loader, check_fit, open};
use crate::measures::Findings;
use crate::outputs::{Format, OutputColumns, write_column, write_findings};
use crate::processes::Shares;
use crate::terminal::{StageBar, UsageError, counted, print, tell, waiting};
use crate::training::{build, check_examples, preset_for};

/// Rate of false alarms where nobody names a rule.
pub(super) const FALSE_ALARM: f64 = 0.01;

/// Endings of a model's file.
const MODEL: &str = "safetensors";

pub(super) fn run(args: &DetectArgs, loader: &Loader, shares: &Shares) -> anyhow::Result<()> {
    let output = args.output.as_deref();
    let format_of =
        |path: Option<&Path>, formats: &[Format]| path.map(|path| Format::of(path, formats));
    let format = format_of(output, &Format::SCORES).transpose()?;
    let steps_format = format_of(args.steps.as_deref(), &Format::ARRAYS).transpose()?;
    let rule = rule(args);
    rule.check()
        .map_err(|error| UsageError(error.to_string()))?;
    if args.follow {
        follow::check(args)?;
    }
    let is_shared = !args.follow && args.train.is_none();
    if !is_shared && !shares.is_first_of_unshared() {
        return Ok(());
    }
    let loader = match is_shared {
        true => &loader.among(shares.collective()),
        false => loader,
    };
    let (subject, data) = subject(args, loader)?;
    let Subject {
        name,
        model,
        detector,
        examples,
    } = subject;
    if args.follow {
        return follow::run((&model, &detector), rule, &loader.carrying(!args.no_ids));
    }
    if let (Some(format), Some(output)) = (format, output) {
        format.check_fits(&model, output)?;
    }
    let examples = match examples {
        Some(examples) => examples,
        None => loader.carrying(!args.no_ids).pick(&data, &model)?.dataset,
    };
    check_fit(&model, &data, &examples)?;
    let bar = StageBar::new("scoring", examples.rows());
    let score = |rows: &dyn Rows| detector.score(&ObservedRows::new(rows, &bar));
    let scores = match &args.train {
        Some(_) => score(&examples)?,
        None => {
            let path = args.model.as_deref().unwrap_or(Path::new(&name));
            shares.agree(args, path, &examples)?;
            let at_once = Detector::rows_at_once(examples.cols());
            let own = shares.own_rows(&examples, examples.rows(), at_once);
            match shares.gather(score(&own)?) {
                Some(scores) => scores,
                None => return Ok(()),
            }
        }
    };
    drop(bar);
    let shown = (args.count.into(), args.explain);
    let findings = Findings::of((&model, &detector), (&examples, scores), rule, shown)?;
    for warning in findings.warnings() {
        tell(&format!("warning: {warning}"));
    }
    match args.json {
        true => print(&format!(
            "{}\n",
            serde_json::to_string_pretty(&findings.json())?
        ))?,
        false => print(&findings.text())?,
    }
    if let (Some(path), Some(format)) = (&args.steps, steps_format) {
        write_steps((path, format), &findings, &examples)?;
    }
    match (output, format) {
        (Some(output), Some(format)) => write(
            (output, format),
            &findings,
            &model,
            ([name.as_str(), data.as_str()], &examples),
        ),
        _ => Ok(()),
    }
}

/// What scores examples.
struct Subject {
    /// The model's file, or the preset that was trained.
    name: String,
    model: Autoencoder,
    detector: Detector,
    /// The training examples, where these are to be scored.
    examples: Option<Dataset>,
}

fn rule(args: &DetectArgs) -> Rule {
    match (args.contamination, args.threshold, args.fdr) {
        (Some(share), ..) => Rule::Contamination(share),
        (_, Some(threshold), _) => Rule::Threshold(threshold),
        (.., Some(rate)) => Rule::FalseDiscovery(rate),
        _ => Rule::FalseAlarm(args.false_alarm.unwrap_or(FALSE_ALARM)),
    }
}

/// A model and its detector, from a file or trained, and what they are to score.
fn subject(args: &DetectArgs, loader: &Loader) -> anyhow::Result<(Subject, String)> {
    let usage = |what: &str| Err(UsageError(what.into()).into());
    if let Some(train) = &args.train {
        let data = match (&args.model, &args.data) {
            (Some(data), None) => Some(data.to_string_lossy().into_owned()),
            (None, _) => None,
            (Some(_), Some(_)) => {
                return usage(
                    "--train trains a model: name the data alone, `latentia detect --train DATA [DATA]`",
                );
            }
        };
        let subject = trained(args, loader, train, data.is_none())?;
        if data.is_none() && matches!(rule(args), Rule::FalseAlarm(_) | Rule::FalseDiscovery(_)) {
            tell(
                "the model learned from these rows: they score lower than new ones would, and fewer are flagged than the rate says",
            );
        }
        return Ok((subject, data.unwrap_or_else(|| train.clone())));
    }
    if args.columns != ColumnArgs::default() {
        return usage(
            "a model knows what its columns are: --schema, --label, --id, --ignore, --categorical and --missing go with --train",
        );
    }
    let (Some(path), Some(data)) = (&args.model, &args.data) else {
        return usage(
            "name a model and examples, `latentia detect MODEL DATA`, or train one, `latentia detect --train DATA`",
        );
    };
    let file = open(path)?;
    let kept = || {
        Detector::of(&file.model, &file.attachments).map_err(|error| {
            anyhow!(
                "`{}`: {error}, which --reference DATA names",
                path.display()
            )
        })
    };
    let detector = match &args.reference {
        Some(reference) => {
            let examples = loader.pick(reference, &file.model)?.dataset;
            check_fit(&file.model, reference, &examples)?;
            Detector::fit(&file.model, &examples, None)?
        }
        None => kept()?.unwrap_or_else(|| {
            tell(&format!(
                "warning: `{}` has no detector: scores are the plain loss, in {}, and nothing is flagged; --reference DATA names \
                 examples that belong, to fit one to",
                path.display(),
                file.model.likelihood().unit().name()
            ));
            Detector::plain(&file.model)
        }),
    };
    let subject = Subject {
        name: path.to_string_lossy().into_owned(),
        model: file.model,
        detector,
        examples: None,
    };
    Ok((subject, data.clone()))
}

/// A model trained on `data`, with its detector; with the examples, where these are `scored`.
fn trained(
    args: &DetectArgs,
    loader: &Loader,
    data: &str,
    scored: bool,
) -> anyhow::Result<Subject> {
    if let Some(save) = &args.save
        && save.extension().is_none_or(|ending| ending != MODEL)
    {
        let what = format!("`{}`: a model's name ends in .{MODEL}", save.display());
        return Err(UsageError(what).into());
    }
    let loader = loader.with_columns(&args.columns)?;
    let Source {
        train: examples, ..
    } = loader.carrying(scored && !args.no_ids).load(data)?;
    check_examples(data, &examples)?;
    let usual = match examples.shape().len() {
        1 => "anomaly",
        _ => "digits",
    };
    let (name, preset) = preset_for(args.preset.as_deref().unwrap_or(usual))?;
    let Preset {
        model: spec,
        training,
        mut detection,
        ..
    } = preset;
    let training = training.suiting(false);
    detection.members = args.members.unwrap_or(detection.members);
    let mut model = build(&spec, &examples, args.seed)?;
    tell(&format!(
        "{name}: learning from {} of `{data}`",
        counted(examples.rows(), "example")
    ));
    let (detector, provenance) = {
        let mut run = latentia_models::Training::new(
            &mut model,
            training.clone(),
            args.seed,
            &examples,
            None,
        )
        .map_err(|error| anyhow!("`{data}`: {error}"))?;
        let fitted = waiting("learning", || run.fit(&mut ()).into_result())?;
        let split = run.split();
        let detector = waiting("fitting the detector", || {
            Detector::cross_fit(
                run.model(),
                &split.training,
                split.validation_rows(),
                &training,
                &detection,
                args.seed,
                // Nothing is kept of it before its end, so that Ctrl-C ends the program itself.
                &|| ControlFlow::Continue(()),
            )
        })?;
        let fingerprint = examples.fingerprint().map_err(ModelError::from)?;
        (detector, fitted.provenance(&name, data, &fingerprint))
    };
    if let Some(save) = &args.save {
        keep(&model, &detector, &provenance, save)?;
    }
    Ok(Subject {
        name,
        model,
        detector,
        examples: scored.then_some(examples),
    })
}

fn keep(
    model: &Autoencoder,
    detector: &Detector,
    provenance: &Provenance,
    path: &Path,
) -> anyhow::Result<()> {
    ModelFile::save(model, provenance, &detector.tensors()?, path)?;
    tell(&format!(
        "wrote {}: the model and its detector",
        path.display()
    ));
    Ok(())
}

/// Writes the mean score of the windows that cover each time step.
fn write_steps(
    (path, format): (&Path, Format),
    findings: &Findings<'_>,
    examples: &Dataset,
) -> anyhow::Result<()> {
    let Some((windows, steps, carried)) = examples.cut() else {
        let what = "--steps goes with a series, a row a time step, and a model of its windows, as by `train --window`";
        return Err(UsageError(what.into()).into());
    };
    let means = windows.means_of_steps(findings.scores(), steps);
    let means: Vec<f32> = means.into_iter().map(|mean| mean as f32).collect();
    let columns = OutputColumns::named(["score".into()]);
    let columns = match carried.is_empty() {
        true => columns,
        false => columns.behind(carried.to_vec()),
    };
    write_column(path, format, &columns, &means)?;
    let covered = counted(
        means.iter().filter(|mean| !mean.is_nan()).count(),
        "time step",
    );
    tell(&format!("wrote {}: scores of {covered}", path.display()));
    Ok(())
}

fn write(
    (output, format): (&Path, Format),
    findings: &Findings<'_>,
    model: &Autoencoder,
    (names, examples): ([&str; 2], &Dataset),
) -> anyhow::Result<()> {
    let what = match format {
        Format::Png => {
            let shown = findings.listed();
            let captions: Vec<String> = (shown.iter()).map(|&row| findings.caption(row)).collect();
            reconstruction_pairs(model, (examples, shown), &captions)?.write(output)?;
            match model.shape().is_series() {
                true => "the strangest under their reconstructions".into(),
                false => "the strangest above their reconstructions".into(),
            }
        }
        Format::Svg | Format::Html => {
            findings.chart(names).write(output)?;
            "scores, their threshold and the strangest".into()
        }
        _ => {
            write_findings(output, format, findings, examples)?;
            counted(findings.scores().len(), "score")
        }
    };
    tell(&format!("wrote {}: {what}", output.display()));
    Ok(())
}
