//! `latentia decompress`

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use anyhow::{Context, anyhow};
use latentia_codec::{Archive, CodecError, Names};
use latentia_data::{Carried, ColumnKind};
use latentia_tensor::{ExampleShape, Matrix, MatrixRef};

use crate::args::DecompressArgs;
use crate::figures::{COLUMNS, PixelLayout, Sheet, exact};
use crate::inputs::open;
use crate::outputs::{Element, Format, OutputColumns, PictureFolder, Sink, write_blocks};
use crate::terminal::{StageBar, UsageError, count, counted, tell};

/// Pictures that one file shows.
const SHOWN: usize = 100;

pub(super) fn run(args: &DecompressArgs) -> anyhow::Result<()> {
    // A name without an ending is a folder of pictures.
    let format = match args.output.extension() {
        None => None,
        Some(_) => Some(Format::of(&args.output, &Format::ALL)?),
    };
    let model = open(&args.model)?;
    let path = args.file.display();
    let source = File::open(&args.file).with_context(|| format!("cannot read `{path}`"))?;
    let archive = Archive::open(BufReader::new(source), &model);
    let mut archive = archive.map_err(|error| in_words(error, args))?;
    let header = archive.header().clone();
    let width = model.model.width();
    let is_picture = PixelLayout::of_grey_or_rgb(model.model.shape()).is_some();
    if matches!(format, None | Some(Format::Png)) && !is_picture {
        let shape: Vec<String> = header.shape.iter().map(usize::to_string).collect();
        return Err(UsageError(format!(
            "examples of {} values are no pictures in grey or RGB; end the output in .npy, .csv or .parquet",
            shape.join("x")
        ))
        .into());
    }
    let rows = match args.index {
        Some(_) => 1,
        None => usize::try_from(header.examples).context("more examples than there is memory")?,
    };
    let names = archive.names().map(|names| match args.index {
        None => names.clone(),
        Some(index) => Names {
            column: names.column.clone(),
            texts: names
                .texts
                .get(index as usize)
                .cloned()
                .into_iter()
                .collect(),
        },
    });
    let output = Output {
        path: &args.output,
        rows,
        shape: model.model.shape(),
        element: match header.bytes {
            true => Element::Byte,
            false => Element::Float,
        },
        columns: match &names {
            Some(names) => {
                let texts = Carried::of(&names.column, ColumnKind::Id, &names.texts);
                OutputColumns::examples_of(&model.model).behind(vec![texts])
            }
            None => OutputColumns::examples_of(&model.model),
        },
        names,
    };
    let mut failed = None;
    let mut produce = |sink: &mut Sink<'_>| {
        decode(&mut archive, args.index, (rows, width), sink).map_err(|error| match error {
            CodecError::Io(error) => error,
            error => {
                failed = Some(error);
                io::Error::other("it cannot be decompressed")
            }
        })
    };
    let written = output.write(format, &mut produce);
    match failed {
        Some(error) => return Err(in_words(error, args)),
        None => written?,
    }
    tell(&format!(
        "wrote {}: {}",
        args.output.display(),
        counted(rows, "example")
    ));
    Ok(())
}

/// An error that names the files.
fn in_words(error: CodecError, args: &DecompressArgs) -> anyhow::Error {
    let path = args.file.display();
    match error {
        CodecError::OtherModel { wanted, given } => anyhow!(
            "`{path}` was compressed with the model of SHA-256 {}…, and `{}` is {}…",
            &wanted[..16],
            args.model.display(),
            &given[..16]
        ),
        error => anyhow::Error::new(error).context(format!("cannot decompress `{path}`")),
    }
}

/// Hands one example to `sink`, or every chunk as soon as it is decoded: memory does not grow with the file.
fn decode(
    archive: &mut Archive<'_, BufReader<File>>,
    index: Option<u64>,
    (rows, width): (usize, usize),
    sink: &mut Sink<'_>,
) -> Result<(), CodecError> {
    let bar = StageBar::new("decompressing", rows);
    if let Some(index) = index {
        let values = archive.example(index)?;
        return sink(MatrixRef::new(&values, 1, width)).map_err(CodecError::Io);
    }
    let mut done = 0;
    archive.for_each_chunk(|chunk| {
        sink(chunk.view())?;
        done += chunk.rows() as u64;
        bar.set(done);
        Ok(())
    })
}

/// What decoded examples come from: it hands each block to the function it is given.
type BlockSource<'a> = dyn FnMut(&mut Sink<'_>) -> io::Result<()> + 'a;

/// Where examples go, how many there are and of which shape, and what their values are.
struct Output<'a> {
    path: &'a Path,
    rows: usize,
    /// Of an example.
    shape: &'a ExampleShape,
    element: Element,
    columns: OutputColumns<'a>,
    /// What names the examples.
    names: Option<Names>,
}

impl Output<'_> {
    /// Writes examples as `format` says, or into a folder.
    fn write(&self, format: Option<Format>, produce: &mut BlockSource<'_>) -> anyhow::Result<()> {
        match format {
            Some(Format::Png) => self.write_picture(produce),
            Some(format) => {
                let kind = (format, self.element);
                let shape = [&[self.rows], &self.shape[..]].concat();
                write_blocks(self.path, kind, &shape, &self.columns, produce)
            }
            None => self.write_folder(produce),
        }
    }

    /// Writes the first examples as one picture.
    fn write_picture(&self, produce: &mut BlockSource<'_>) -> anyhow::Result<()> {
        let (rows, shape) = (self.rows, self.shape);
        let width: usize = shape.iter().product();
        let capacity = rows.min(SHOWN) * width;
        let mut shown = Vec::with_capacity(capacity);
        produce(&mut |block| {
            let values = block.iter_rows().flatten().take(capacity - shown.len());
            shown.extend(values.map(|x| x / self.element.full_scale()));
            Ok(())
        })?;
        let shown = Matrix::from_vec(capacity / width, width, shown);
        if rows > shown.rows() {
            tell(&format!(
                "the picture shows {} of {}; a name without an ending is a folder of all",
                shown.rows(),
                count(rows)
            ));
        }
        let picture = match rows {
            1 => exact(shown.as_slice(), shape),
            _ => {
                let names = self.names.as_ref().map_or(&[][..], |names| &names.texts);
                let captions = names.iter().take(shown.rows());
                let captions = captions.map(|name| name.rsplit('/').next().unwrap_or(name).into());
                let sheet = Sheet {
                    captions: &captions.collect::<Vec<String>>(),
                    ..Sheet::default()
                };
                sheet.grid(shown.view(), shape, COLUMNS)
            }
        };
        picture.write(self.path)
    }

    /// Writes each example as a picture into a new folder.
    fn write_folder(&self, produce: &mut BlockSource<'_>) -> anyhow::Result<()> {
        let names = self.names.as_ref().map(|names| names.texts.clone());
        let mut folder = PictureFolder::new(self.path, self.shape, names)?;
        produce(&mut |block| {
            for row in block.iter_rows() {
                let pixels: Vec<f32> = row.iter().map(|x| x / self.element.full_scale()).collect();
                folder.push(&pixels)?;
            }
            Ok(())
        })?;
        folder.finish()
    }
}
