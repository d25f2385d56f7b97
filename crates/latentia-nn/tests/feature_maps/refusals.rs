//! Layers that do not fit.

use std::fmt::Debug;

use latentia_nn::Shape;

use crate::chains::build;

fn assert_refused(text: &str, input: impl Into<Option<[usize; 3]>> + Debug, message: &str) {
    let shape = input.into().map_or(Shape::Flat(784), Shape::feature_maps);
    let error = build(text, shape).expect_err("it does not fit");
    assert_eq!(error, message);
}

#[test]
fn what_does_not_fit_is_refused_with_the_layer_and_both_shapes() {
    let image = [1, 28, 28];
    assert_refused(
        "{ layer = 'conv', channels = 2, kernel = 30, padding = 'valid' }",
        image,
        "layer 0 (conv) has a window of 30x30; it gets 1x28x28, 28x28 with the padding: use a smaller kernel, or padding `same`",
    );
    assert_refused(
        "{ layer = 'conv', channels = 2, kernel = 3, stride = 0 }",
        image,
        "layer 0 (conv) has stride 0; it needs at least 1",
    );
    assert_refused(
        "{ layer = 'max-pool', size = 14 }, { layer = 'max-pool', size = 3 }",
        image,
        "layer 1 (max-pool) has a window of 3x3; it gets 1x2x2, 2x2 with the padding: use a smaller kernel, or padding `same`",
    );
    assert_refused(
        "{ layer = 'conv', channels = 2, kernel = 3 }",
        None,
        "layer 0 (conv) gets rows of 784 elements; it works on feature maps: put a `reshape` with [channels, height, width] before \
         it, or give examples of a height and a width",
    );
    assert_refused(
        "{ layer = 'reshape', shape = [3, 28, 28] }",
        image,
        "layer 0 (reshape) takes 1x28x28 for 3x28x28; 3x28x28 has 2352 elements",
    );
    assert_refused(
        "{ layer = 'reshape', channels = 1 }",
        image,
        "layer 0 (reshape) leaves height and width open; the layers behind it do not end with those of an example: give `shape`, \
         [channels, height, width], or end a decoder of pictures or series with feature maps",
    );
    assert_refused(
        "{ layer = 'reshape' }",
        image,
        "layer 0 (reshape) has neither `shape` nor `channels`; give one: `channels` alone leaves height and width to the decoder",
    );
    assert_refused(
        "{ layer = 'reshape', shape = [1, 28, 28], channels = 2 }",
        image,
        "layer 0 (reshape) has channels 2 and a shape of 1; give one of them",
    );
    assert_refused(
        "{ layer = 'transposed-conv', channels = 1, kernel = 3, padding = 'fit', stride = 2, output-padding = 1 }",
        image,
        "layer 0 (transposed-conv) has output-padding 1; padding `fit` makes the size alone: leave it out",
    );
    assert_refused(
        "{ layer = 'residual', layers = [{ layer = 'conv', channels = 2, kernel = 3 }] }",
        image,
        "layer 0 (residual) goes from 1x28x28 to 2x28x28; its layers must end with the shape that they begin with",
    );
    assert_refused(
        "{ layer = 'conv', channels = 6, kernel = 3 }, { layer = 'group-norm', groups = 4 }",
        image,
        "layer 1 (group-norm) has 4 groups; `groups` must divide the 6 channels it gets",
    );
    assert_refused(
        "{ layer = 'transposed-conv', channels = 1, kernel = 2, padding = 15 }",
        image,
        "layer 0 (transposed-conv) cuts 30 off 29 elements; something must be left: use a smaller padding",
    );
    assert_refused(
        "{ layer = 'conv', kernel = 3, padding = 'valid' }",
        image,
        "layer 0 (conv) ends with feature maps of 26x26; 784 elements are wanted here, which is no multiple of 676",
    );
    assert_refused(
        "{ layer = 'conv', channels = 100000000, kernel = 3 }",
        image,
        "layer 0 (conv) makes 100000000 feature maps of 28x28; fewer than 2³¹ elements are possible: use fewer channels or a larger \
         stride",
    );
    assert_refused(
        "{ layer = 'upsample', factor = 1000000000 }",
        image,
        "layer 0 (upsample) makes 1 feature maps of 28000000000x28000000000; fewer than 2³¹ elements are possible: use fewer \
         channels or a larger stride",
    );
    assert_refused(
        "{ layer = 'average-pool', size = 2, padding = 2 }",
        image,
        "layer 0 (average-pool) has a padding as wide as its window, 2x2; the padding must be narrower: a mean of nothing is \
         none",
    );
}

#[test]
fn layers_in_one_dimension_refuse_feature_maps_that_are_no_series() {
    for (layer, planar) in [
        ("conv-1d', channels = 2, kernel = 3", "conv"),
        (
            "transposed-conv-1d', channels = 2, kernel = 3",
            "transposed-conv",
        ),
        ("max-pool-1d', size = 2", "max-pool"),
        ("average-pool-1d', size = 2", "average-pool"),
        ("upsample-1d', factor = 2", "upsample"),
    ] {
        let name = layer.split('\'').next().unwrap_or_default();
        assert_refused(
            &format!("{{ layer = '{layer} }}"),
            [1, 28, 28],
            &format!(
                "layer 0 ({name}) gets feature maps 1x28x28; it works on series, feature maps [channels, 1, time]: use `{planar}`"
            ),
        );
    }
    assert_refused(
        "{ layer = 'conv-1d', channels = 2, kernel = 3, stride = 0 }",
        [1, 1, 28],
        "layer 0 (conv-1d) has stride 0; it needs at least 1",
    );
}
