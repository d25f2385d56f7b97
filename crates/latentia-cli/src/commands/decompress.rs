//! `latentia decompress`

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::Path;

use anyhow::{Context, bail};
use latentia_codec::{Archive, CodecError};
use latentia_tensor::{Matrix, MatrixRef};

use crate::args::DecompressArgs;
use crate::figures::{COLUMNS, exact, grid};
use crate::inputs::open;
use crate::outputs::{Element, Format, write_values};
use crate::terminal::{UsageError, count, counted, examples_bar, tell};

/// Pictures that one file shows.
const SHOWN: usize = 100;

pub(super) fn run(args: &DecompressArgs) -> anyhow::Result<()> {
    // A name without an ending is a folder of pictures.
    let format = match args.output.extension() {
        None => None,
        Some(_) => Some(Format::of(
            &args.output,
            &[Format::Npy, Format::Csv, Format::Png],
        )?),
    };
    let model = open(&args.model)?;
    let path = args.file.display();
    let source = File::open(&args.file).with_context(|| format!("cannot read `{path}`"))?;
    let wrong = |error: CodecError| match error {
        CodecError::OtherModel { wanted, given } => anyhow::anyhow!(
            "`{path}` was compressed with the model of SHA-256 {}…, and `{}` is {}…",
            &wanted[..16],
            args.model.display(),
            &given[..16]
        ),
        error => anyhow::Error::new(error).context(format!("cannot decompress `{path}`")),
    };
    let mut archive = Archive::open(BufReader::new(source), &model).map_err(wrong)?;
    let header = archive.header().clone();
    let shape = &header.shape;
    let element = if header.bytes {
        Element::Byte
    } else {
        Element::Float
    };
    let width = model.model.width();
    if matches!(format, None | Some(Format::Png)) && shape.len() < 2 {
        return Err(UsageError(format!(
            "examples of {width} numbers are no pictures; end the output in .npy or .csv"
        ))
        .into());
    }
    let rows = match args.index {
        Some(_) => 1,
        None => usize::try_from(header.examples).context("more examples than there is memory")?,
    };
    let mut bar = examples_bar("decompressing", rows);
    let (mut done, mut failed) = (0, None);
    // Every chunk goes where it belongs as soon as it is decoded; memory does not grow with the file.
    let mut produce = |see: &mut dyn FnMut(MatrixRef<'_>) -> io::Result<()>| -> io::Result<()> {
        let decoded = match args.index {
            Some(index) => archive
                .example(index)
                .and_then(|values| see(MatrixRef::new(&values, 1, width)).map_err(CodecError::Io)),
            None => archive.for_each_chunk(|chunk| {
                see(chunk.view())?;
                done += chunk.rows() as u64;
                bar(done);
                Ok(())
            }),
        };
        decoded.map_err(|error| match error {
            CodecError::Io(error) => error,
            error => {
                failed = Some(error);
                io::Error::other("it cannot be decompressed")
            }
        })
    };
    let output = Output {
        path: &args.output,
        shape: &[&[rows], &shape[..]].concat(),
        element,
    };
    let written = match format {
        Some(Format::Png) => output.write_picture(&mut produce),
        Some(format) => write_values(output.path, format, output.shape, element, &mut produce),
        None => output.write_folder(&mut produce),
    };
    match failed {
        Some(error) => return Err(wrong(error)),
        None => written?,
    }
    tell(&format!(
        "wrote {}: {}",
        args.output.display(),
        counted(rows, "example")
    ));
    Ok(())
}

/// What decoded examples come from: it hands each block to the function it is given.
type Produce<'a> =
    dyn FnMut(&mut dyn FnMut(MatrixRef<'_>) -> io::Result<()>) -> io::Result<()> + 'a;

/// Where examples go, how many there are and of which shape, and what their values are.
struct Output<'a> {
    path: &'a Path,
    shape: &'a [usize],
    element: Element,
}

impl Output<'_> {
    /// Writes the first examples as one picture.
    fn write_picture(&self, produce: &mut Produce<'_>) -> anyhow::Result<()> {
        let (rows, shape) = (self.shape[0], &self.shape[1..]);
        let width: usize = shape.iter().product();
        let room = rows.min(SHOWN) * width;
        let mut shown = Vec::with_capacity(room);
        produce(&mut |block| {
            let values = block.iter_rows().flatten().take(room - shown.len());
            shown.extend(values.map(|x| x / self.element.full_scale()));
            Ok(())
        })?;
        let shown = Matrix::from_vec(room / width, width, shown);
        if rows > shown.rows() {
            tell(&format!(
                "the picture shows {} of {}; a name without an ending is a folder of all",
                shown.rows(),
                count(rows)
            ));
        }
        let picture = match rows {
            1 => exact(shown.as_slice(), shape),
            _ => grid(shown.view(), shape, COLUMNS),
        };
        picture.write(self.path)
    }

    /// Writes each example as a picture into a new folder, which appears whole or not at all.
    fn write_folder(&self, produce: &mut Produce<'_>) -> anyhow::Result<()> {
        let folder = self.path;
        if folder.exists() {
            bail!("`{}` exists; name a new folder", folder.display());
        }
        let parent = match folder.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let cannot = || format!("cannot create `{}`", folder.display());
        let temporary = tempfile::Builder::new()
            .prefix(".latentia-")
            .tempdir_in(parent)
            .with_context(cannot)?;
        let mut number = 0;
        produce(&mut |block| {
            for row in block.iter_rows() {
                let pixels: Vec<f32> = row.iter().map(|x| x / self.element.full_scale()).collect();
                let path = temporary.path().join(format!("{number:06}.png"));
                let picture = exact(&pixels, &self.shape[1..]);
                picture.write(&path).map_err(io::Error::other)?;
                number += 1;
            }
            Ok(())
        })?;
        fs::rename(temporary.path(), folder).with_context(cannot)?;
        // Nothing is left under the temporary name to be removed.
        let _ = temporary.keep();
        Ok(())
    }
}
