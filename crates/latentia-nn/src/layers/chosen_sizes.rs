//! Sizes of feature maps that come back: those behind each layer such that the last ones are as high and wide as is wanted.

use super::kind::LayerKind;
use super::sizes::Sizes;
use crate::Shape;

/// The sizes behind a layer of feature maps of the sizes `before`.
fn behind(before: Sizes, layer: &dyn LayerKind, axis: usize) -> Option<Sizes> {
    let behind = |size| layer.sizes(axis, Some(size));
    Some(Sizes {
        least: behind(before.least)?.least,
        written: behind(before.written)?.written,
        most: behind(before.most)?.most,
    })
}

/// Which of the sizes `before` a layer brings to `wanted`: of several, the one next to what is written.
fn brought_to(wanted: usize, before: Sizes, layer: &dyn LayerKind, axis: usize) -> Option<usize> {
    let behind = |size| layer.sizes(axis, Some(size)).unwrap_or(Sizes::exactly(0));
    let first = before.first(|size| behind(size).most >= wanted);
    let end = before.first(|size| behind(size).least > wanted);
    (first < end).then(|| before.written.clamp(first, end - 1))
}

/// The sizes along `axis` before each layer and behind the last, of feature maps that begin with `size`.
fn along(layers: &[&dyn LayerKind], axis: usize, size: Option<usize>) -> Vec<Option<Sizes>> {
    let mut all = vec![size.map(Sizes::exactly)];
    for (at, layer) in layers.iter().enumerate() {
        all.push(match all[at] {
            Some(sizes) => behind(sizes, *layer, axis),
            None => layer.sizes(axis, None),
        });
    }
    all
}

/// The size behind each layer along `axis` such that feature maps that begin with `size` end with `end`: as written where that is so by
/// itself, otherwise next to it, counted from the last layer. It is nothing for the layers before the last flat row. Nothing at
/// all where no sizes end so.
fn ending_with(
    layers: &[&dyn LayerKind],
    axis: usize,
    size: Option<usize>,
    end: usize,
) -> Option<Vec<Option<usize>>> {
    let before = along(layers, axis, size);
    let last = before.last().copied().flatten();
    last.filter(|sizes| sizes.contains(end))?;
    let mut chosen = vec![None; layers.len()];
    let mut wanted = end;
    for ((layer, before), chosen) in layers.iter().zip(before).zip(&mut chosen).rev() {
        *chosen = Some(wanted);
        let Some(before) = before else { break };
        wanted = brought_to(wanted, before, *layer, axis)?;
    }
    Some(chosen)
}

/// Whether feature maps that have `size` along `axis` come back to it behind encoder and decoder. A decoder that ends with a flat row
/// has none.
pub(super) fn comes_back(
    [encoder, decoder]: [&[&dyn LayerKind]; 2],
    axis: usize,
    size: usize,
) -> bool {
    let encoded = along(encoder, axis, Some(size));
    let fits = encoded.iter().flatten().all(|sizes| sizes.written > 0);
    let code = encoded.last().copied().flatten();
    let code = code.map(|sizes| sizes.written);
    let last = along(decoder, axis, code).last().copied().flatten();
    fits && last.is_none_or(|sizes| sizes.contains(size))
}

/// As [`ending_with`], height and width behind each layer; nothing for all of them where no sizes end so, or no `end` is wanted.
pub(super) fn heights_and_widths(
    layers: &[&dyn LayerKind],
    input: Shape,
    end: Option<[usize; 2]>,
) -> Vec<Option<[usize; 2]>> {
    let along = |axis: usize, end: [usize; 2]| {
        let size = input.as_feature_maps().map(|sizes| sizes[axis + 1]);
        ending_with(layers, axis, size, end[axis])
    };
    let both = end.and_then(|end| along(0, end).zip(along(1, end)));
    match both {
        Some((heights, widths)) => {
            let both = heights.into_iter().zip(widths);
            both.map(|(height, width)| Some([height?, width?]))
                .collect()
        }
        None => vec![None; layers.len()],
    }
}
