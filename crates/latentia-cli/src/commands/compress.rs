//! `latentia compress`

use std::fs;
use std::io::{self, Cursor, Read, Write};
use std::time::Instant;

use anyhow::{Context, bail};
use latentia_codec::{Codec, CodecError, Coded, Compressed, Method, Names};
use latentia_data::Dataset;
use latentia_models::{ModelFile, write_atomically};
use latentia_nn::CodeValues;
use latentia_tensor::Rows;
use serde_json::json;

use crate::args::CompressArgs;
use crate::baselines::{Report, left_out};
use crate::inputs::{Loader, check_fit, open};
use crate::processes::Shares;
use crate::terminal::{StageBar, UsageError, count, counted, number, print, tell};

/// Quality where none is asked for: of codes whose cells are a choice, and of those that are whole numbers already.
const QUALITY: u8 = 50;
const ROUNDED_QUALITY: u8 = 100;

pub(super) fn run(args: &CompressArgs, loader: &Loader, shares: &Shares) -> anyhow::Result<()> {
    let file = open(&args.model)?;
    check_output(args)?;
    let loader = loader.among(shares.collective()).carrying(true);
    let examples = loader.pick(&args.data, &file.model)?.dataset;
    check_fit(&file.model, &args.data, &examples)?;
    if args.lossless {
        check_unchanged(args, &examples)?;
    }
    let mut codec = codec(args, &file, &examples)?;
    if let Some(ids) = examples.ids() {
        codec = codec.with_names(Names {
            column: ids.name.clone(),
            texts: ids.texts().map(String::from).collect(),
        });
    }
    if args.lossless {
        check_black_and_white(&codec, args, &examples)?;
    }
    shares.agree(args, &args.model, &examples)?;
    let own = shares.own(codec.chunks(&examples), 1);
    if !shares.is_first() {
        shares.send(&serialised(&codec.code_chunks(&examples, own)?), 1);
        return Ok(());
    }
    let start = Instant::now();
    let (done, compressed) = compress(args, &codec, &examples, (own.len(), shares))?;
    let seconds = start.elapsed().as_secs_f64();
    if let Some(output) = &args.output {
        tell(&format!(
            "wrote {}: {}",
            output.display(),
            summary(&done, &examples)
        ));
    }
    let model_bytes = fs::metadata(&args.model)
        .with_context(|| format!("cannot read `{}`", args.model.display()))?
        .len();
    let report = match args.report {
        true => {
            let report = Report::of(&codec, &examples, &compressed, seconds, model_bytes)?;
            if let Some(formats) = left_out() {
                tell(formats);
            }
            Some(report)
        }
        false => None,
    };
    match (args.json, report) {
        (true, report) => {
            let mut all = facts(&codec, &done, &examples, seconds, model_bytes);
            if let Some(report) = report {
                report.add_to(&mut all);
            }
            print(&format!("{all}\n"))
        }
        (false, Some(report)) => print(&report.to_string()),
        (false, None) => Ok(()),
    }
}

/// Refuses to write over the model.
fn check_output(args: &CompressArgs) -> anyhow::Result<()> {
    let same = |output| fs::canonicalize(output).ok() == fs::canonicalize(&args.model).ok();
    if let Some(output) = &args.output
        && output.exists()
        && same(output)
    {
        bail!(
            "`{}` is the model, without which nothing comes back; name another file",
            output.display()
        );
    }
    Ok(())
}

/// Refuses pictures that are not examples as they are: their own pixels would not come back.
fn check_unchanged(args: &CompressArgs, examples: &Dataset) -> anyhow::Result<()> {
    let pictures = examples.pictures();
    let Some((pictures, first)) = pictures.and_then(|own| Some((own, own.first_changed()?))) else {
        return Ok(());
    };
    bail!(
        "`{}`: --lossless gives every pixel back, and pictures would have to be changed for this model, the first `{first}`: {}; train one \
         on pictures of their own size and colours, or leave --lossless out",
        args.data,
        pictures.changes().join("; ")
    );
}

/// The codec that was asked for.
fn codec<'a>(
    args: &CompressArgs,
    file: &'a ModelFile,
    examples: &Dataset,
) -> anyhow::Result<Codec<'a>> {
    let bytes = examples.is_bytes();
    let usual = match file.model.latent().values() {
        CodeValues::Integers => ROUNDED_QUALITY,
        _ => QUALITY,
    };
    let quality = args.quality.unwrap_or(usual);
    match (args.lossless, args.psnr_floor) {
        (true, _) => Ok(Codec::lossless(file, examples)?),
        (false, Some(floor)) => {
            let (codec, reached) = Codec::with_psnr(file, examples, floor)?;
            if reached < floor {
                bail!(
                    "the model reaches {reached:.2} dB with the finest cells, less than {floor}; ask for less, or train one with a wider code"
                );
            }
            Ok(codec)
        }
        (false, None) => Ok(Codec::new(file, Method::from_quality(quality), bytes)?),
    }
}

/// Writes the examples to the output, if there is one; for a report, hands back the compressed file as well.
fn compress(
    args: &CompressArgs,
    codec: &Codec<'_>,
    examples: &Dataset,
    (own, shares): (usize, &Shares),
) -> anyhow::Result<(Compressed, Vec<u8>)> {
    let mut received = None;
    let mut others = || {
        let parts = match &mut received {
            Some(parts) => parts,
            none => none.insert(Cursor::new(of_others(shares)?)),
        };
        Ok(deserialised(parts)?)
    };
    let bar = StageBar::new("compressing", examples.rows());
    let mut progress = |done| bar.set(done);
    let mut compress = |out: &mut dyn Write| {
        let compressed = codec.compress_with(examples, out, &mut progress, (own, &mut others));
        compressed.map_err(|error| match error {
            CodecError::Io(error) => error,
            error => io::Error::other(error),
        })
    };
    // A report reads the file again; without one, it need not fit into memory.
    let mut file = Vec::new();
    let mut done = Compressed::default();
    if args.report {
        done = compress(&mut file)?;
    }
    if let Some(output) = &args.output {
        write_atomically(output, |out| match args.report {
            true => out.write_all(&file),
            false => compress(out).map(|compressed| done = compressed),
        })?;
    }
    Ok((done, file))
}

/// Chunks as bytes, for the first process: of each the length, the bits that bits back lost on it, and its bytes.
fn serialised(chunks: &[Coded]) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in chunks {
        out.extend((chunk.bytes.len() as u64).to_ne_bytes());
        out.extend(chunk.initial_bits.to_ne_bytes());
        out.extend(&chunk.bytes);
    }
    out
}

/// The next chunk of what [`serialised`] made.
fn deserialised(parts: &mut Cursor<Vec<u8>>) -> io::Result<Coded> {
    let mut word = || -> io::Result<[u8; 8]> {
        let mut word = [0; 8];
        parts.read_exact(&mut word)?;
        Ok(word)
    };
    let (length, bits) = (u64::from_ne_bytes(word()?), f64::from_ne_bytes(word()?));
    let mut bytes = vec![0; length as usize];
    parts.read_exact(&mut bytes)?;
    Ok(Coded::new(bytes, bits))
}

/// What the other processes have coded.
fn of_others(shares: &Shares) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    shares.receive(1, |part| {
        all.extend_from_slice(part);
        Ok(())
    })?;
    Ok(all)
}

fn summary(done: &Compressed, examples: &Dataset) -> String {
    let values = examples.rows() * examples.cols();
    let raw = values * if examples.is_bytes() { 1 } else { 4 };
    format!(
        "{}, {} bytes instead of {}: {} bits a value, {} times smaller",
        counted(examples.rows(), "example"),
        count(done.bytes as usize),
        count(raw),
        number(8.0 * done.bytes as f64 / values as f64),
        number(raw as f64 / done.bytes as f64)
    )
}

/// What a script wants to know.
fn facts(
    codec: &Codec<'_>,
    done: &Compressed,
    examples: &Dataset,
    seconds: f64,
    model_bytes: u64,
) -> serde_json::Value {
    let values = (examples.rows() * examples.cols()) as f64;
    let (method, step) = match codec.method() {
        Method::Lossy { step } => ("lossy", Some(step)),
        Method::BitsBack => ("bits-back", None),
        Method::Residual { step } => ("residual", Some(step)),
    };
    json!({
        "method": method,
        "step": step,
        "examples": done.examples,
        "bytes": done.bytes,
        "container_bytes": done.container_bytes,
        "initial_bits": done.initial_bits,
        "bits_per_dim": 8.0 * done.bytes as f64 / values,
        "compress_seconds": seconds,
        "model_bytes": model_bytes,
    })
}

/// Refuses grey values where a model of black and white would code others in their place.
fn check_black_and_white(
    codec: &Codec<'_>,
    args: &CompressArgs,
    examples: &Dataset,
) -> anyhow::Result<()> {
    if !codec.binarises() {
        if args.binarise {
            let what = "--binarise goes with bits back by a model of black and white; this one codes values as they are";
            return Err(UsageError(what.into()).into());
        }
        return Ok(());
    }
    if args.binarise {
        return Ok(());
    }
    if let Some((example, value)) = codec.grey_value(examples)? {
        bail!(
            "`{}` is grey: example {example} has a value of {value}, and the model knows 0 and 255; --binarise draws values as one or the other, which then come back",
            args.data
        );
    }
    Ok(())
}
