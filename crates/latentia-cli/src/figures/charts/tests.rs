use std::collections::HashMap;

use latentia_models::Epoch;
use latentia_tensor::MatrixRef;

use super::histogram::Bins;
use super::scores::{ScoresFigure, StrangeExample};
use super::words::{hint, words};
use super::{Chart, codes, losses};

const NORMAL: &str = "#6f9bc8";
const FLAGGED: &str = "#d05818";

/// Numbers about 0 without pattern, seldom beyond 1.
fn numbers(count: usize) -> Vec<f64> {
    (0..count)
        .map(|i| ((i * i + 7 * i) as f64 * 0.618).fract() * (i as f64).sin())
        .collect()
}

fn figure<'a>(scores: &'a [f64], strangest: &'a [StrangeExample]) -> ScoresFigure<'a> {
    ScoresFigure {
        model: "m.safetensors",
        data: "d.csv",
        score: "score",
        scores,
        held_out: &[],
        threshold: None,
        strangest,
    }
}

fn strange(name: &str, score: f64) -> StrangeExample {
    StrangeExample {
        name: name.into(),
        score,
        reasons: vec![(name.into(), 0.6), (name.into(), 0.2)],
    }
}

/// An element's name and attributes, and the text until the next tag.
struct Tag<'a> {
    name: &'a str,
    attributes: HashMap<&'a str, &'a str>,
    text: &'a str,
}

/// The start tags of an XML document; fails unless elements are closed in order, attributes quoted, and texts escaped.
fn parsed(xml: &str) -> Vec<Tag<'_>> {
    let (mut tags, mut open) = (Vec::new(), Vec::new());
    for piece in xml.trim().split('<').skip(1) {
        if piece.starts_with("!--") {
            continue;
        }
        let (tag, text) = piece.split_once('>').expect("a tag ends");
        for entity in piece.split('&').skip(1) {
            let name = entity.split_once(';').expect("an entity ends").0;
            assert!(
                ["amp", "lt", "gt", "quot", "apos"].contains(&name),
                "{name}"
            );
        }
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
            continue;
        }
        let closed = tag.trim_end().strip_suffix('/');
        let (name, mut rest) = closed.unwrap_or(tag).split_once(' ').unwrap_or((tag, ""));
        let mut attributes = HashMap::new();
        while let Some((key, quoted)) = rest.trim_start().split_once("=\"") {
            let (value, more) = quoted.split_once('"').expect("a quote ends");
            assert_eq!(attributes.insert(key, value), None, "{key} is there twice");
            rest = more;
        }
        assert_eq!(rest.trim(), "", "in {tag}");
        if closed.is_none() {
            open.push(name);
        }
        tags.push(Tag {
            name,
            attributes,
            text,
        });
    }
    assert_eq!(open, Vec::<&str>::new());
    assert!(xml.chars().all(|c| c == '\n' || !c.is_control()));
    tags
}

/// The tags of a chart that is well-formed, runs nothing, and has all of its rectangles, circles and texts inside.
fn drawn(svg: &str) -> Vec<Tag<'_>> {
    let tags = parsed(svg);
    let known = [
        "svg", "rect", "title", "path", "text", "g", "line", "circle", "defs", "clipPath", "style",
        "polyline", "tspan",
    ];
    let number = |text: &str| text.parse::<f64>().expect("a number");
    let size = ["width", "height"].map(|key| number(tags[0].attributes[key]));
    assert_eq!(
        tags[0].attributes["viewBox"],
        format!("0 0 {} {}", size[0], size[1])
    );
    for tag in &tags {
        assert!(known.contains(&tag.name), "{}", tag.name);
        if !["rect", "circle", "text"].contains(&tag.name) {
            continue;
        }
        for (key, value) in &tag.attributes {
            let most = match *key {
                "x" | "cx" => size[0],
                "y" | "cy" => size[1],
                _ => continue,
            };
            assert!(
                (0.0..=most).contains(&number(value)),
                "{}: {key} = {value}",
                tag.name
            );
        }
    }
    tags
}

/// How many examples the bars of a colour have by their hints, and how many bars there are.
fn counted_bars(tags: &[Tag<'_>], fill: &str) -> (usize, usize) {
    let pairs = tags.windows(2).filter(|pair| {
        pair[0].name == "title"
            && pair[1].name == "rect"
            && pair[1].attributes.get("fill") == Some(&fill)
    });
    let counts = pairs.map(|pair| {
        let count = pair[0].text.split_once(' ').expect("a count").0;
        count.replace(',', "").parse::<usize>().expect("a count")
    });
    counts.fold((0, 0), |(sum, bars), count| (sum + count, bars + 1))
}

#[test]
fn every_chart_of_scores_is_well_formed_and_counts_every_score_that_is_shown() {
    let many = numbers(5000);
    let huge: Vec<f64> = many.iter().map(|x| x * f64::MAX).collect();
    let tiny: Vec<f64> = many.iter().map(|x| x * f64::MIN_POSITIVE).collect();
    let offset: Vec<f64> = many.iter().map(|x| 1e12 + x).collect();
    let all: [&[f64]; 12] = [
        &[],
        &[0.0],
        &[-3.5],
        &[7.0; 40],
        &[1.0, 2.0, 1e30],
        &[f64::NAN, f64::INFINITY, -f64::INFINITY],
        &[f64::MAX, f64::MIN, 0.0],
        &[5e-324, 0.0],
        &many,
        &huge,
        &tiny,
        &offset,
    ];
    let odd = [f64::NAN, f64::INFINITY, 1e300, -1e300, 0.1].map(|score| strange("a", score));
    let given = [
        0.5,
        -0.5,
        0.0,
        7.0,
        1e12,
        f64::MAX,
        f64::MIN,
        f64::NAN,
        f64::INFINITY,
    ];
    let values = [None].into_iter().chain(given.map(Some));
    for threshold in values {
        for scores in all {
            for held_out in [&[][..], &many[..300], scores] {
                let figure = ScoresFigure {
                    held_out,
                    threshold: threshold.map(|value| (value, "given")),
                    ..figure(scores, &odd)
                };
                let svg = figure.chart().svg();
                let tags = drawn(&svg);
                let bins = Bins::around(scores, held_out, threshold);
                let shown = bins.histogram(scores).bins;
                for (side, fill) in [NORMAL, FLAGGED].into_iter().enumerate() {
                    let expected: usize = shown.iter().map(|bin| bin[side]).sum();
                    assert_eq!(counted_bars(&tags, fill).0, expected, "{threshold:?}");
                }
            }
        }
    }
}

#[test]
fn no_name_is_markup() {
    let name =
        "<script>\"a\" & 'b'</script>]]>\u{0}\u{1b}\u{ffff}\n\t日本 اسم $5 and $\\frac{1}{2}$";
    let strangest = [strange(name, 1.0)];
    let figure = ScoresFigure {
        model: name,
        data: name,
        score: name,
        threshold: Some((0.5, name)),
        ..figure(&[0.0, 1.0], &strangest)
    };
    let chart = figure.chart();
    let svg = chart.svg();
    let tags = drawn(&svg);
    // Where the point is pointed at, all of it is read.
    let escaped = "&lt;script&gt;&quot;a&quot; &amp; &apos;b&apos;&lt;/script&gt;]]&gt;\u{fffd}\u{fffd}\u{fffd}\n 日本 اسم $5 and $\\frac{1}{2}$";
    let hint = format!("{escaped}: 1.000\n60 % {escaped}\n20 % {escaped}");
    assert!(tags.iter().any(|tag| tag.text == hint), "{svg}");

    let page = chart.html();
    assert!(page.starts_with("<!DOCTYPE html>"));
    assert!(!page.contains("<script"));
    let title = page.split_once("<title>").expect("a title").1;
    assert!(title.starts_with("Scores of &lt;script&gt;&quot;a"));

    let points = [0.0, 1.0, 2.0, 3.0];
    let names = vec![name.to_owned(); 2];
    let axes = [name.to_owned(), name.to_owned()];
    let chart = codes(name, &axes, MatrixRef::new(&points, 2, 2), &names, &names);
    let svg = chart.svg();
    let tags = drawn(&svg);
    assert!(
        tags.iter()
            .any(|tag| tag.name == "title" && tag.text == escaped),
        "{svg}"
    );
    // Dollars are no formula: none of them is lost.
    assert!(
        tags.iter()
            .any(|tag| tag.name == "text" && tag.text.matches('$').count() == 3)
    );
    drawn(&losses(name, &[], name).svg());
}

fn has_text(svg: &str, words: &str) -> bool {
    parsed(svg)
        .iter()
        .any(|tag| tag.name == "text" && tag.text == words)
}

#[test]
fn words_say_what_is_counted() {
    let scores: Vec<f64> = (0..2000).map(|i| f64::from(i) / 1000.0).collect();
    let figure = ScoresFigure {
        held_out: &scores[..1500],
        threshold: Some((1.99, "false alarm 0.5 %")),
        ..figure(&scores, &[])
    };
    let svg = figure.chart().svg();
    for words in [
        "Scores of d.csv by m.safetensors",
        "2,000 examples, of which 10 (0.50 %) are flagged",
        "1,990 examples below the threshold",
        "10 examples at or above it: flagged",
        "threshold 1.990: false alarm 0.5 %",
        "1,500 held-out training examples, scaled to 2,000",
        "examples, log scale",
    ] {
        assert!(has_text(&svg, words), "{words}: {svg}");
    }
    let tags = drawn(&svg);
    let bars = [NORMAL, FLAGGED].map(|fill| counted_bars(&tags, fill));
    assert_eq!([bars[0].0, bars[1].0], [1990, 10]);
    assert!(!svg.contains("beyond"));
}

#[test]
fn a_score_far_from_all_others_leaves_the_axis_to_them() {
    let mut scores = numbers(300);
    scores.extend([1e30, -1e12, f64::NAN]);
    let strangest = [strange("far", 1e30), strange("near", 0.9)];
    let svg = figure(&scores, &strangest).chart().svg();
    for words in [
        "302 examples",
        "1 example beyond the axis, up to 1.00e30",
        "1 example beyond the axis, down to -1.00e12",
        "left out as not finite: 1 score",
    ] {
        assert!(has_text(&svg, words), "{words}: {svg}");
    }
    let tags = drawn(&svg);
    let (examples, bars) = counted_bars(&tags, NORMAL);
    assert!(examples == 300 && bars > 20, "{bars}");
    // The point of one is at the end of the axis, that of the other where its score is.
    let points = tags.iter().filter(|tag| tag.name == "circle");
    let places: Vec<f64> = points
        .filter_map(|tag| tag.attributes["cx"].parse().ok())
        .collect();
    let [far, near] = places[..] else {
        panic!("{places:?}")
    };
    assert!(
        far == 1030.0 && (900.0..1025.0).contains(&near),
        "{places:?}"
    );
    assert!(has_text(&svg, "far · 1.00e30 · 60 % far"));

    let figure = ScoresFigure {
        threshold: Some((1e25, "")),
        ..figure(&scores, &[])
    };
    assert!(has_text(
        &figure.chart().svg(),
        "threshold 1.00e25, beyond the axis"
    ));

    // Two clusters are no outliers, nor is what is a little farther than the rest.
    for scores in [
        [vec![0.0; 80], vec![0.01; 60], vec![100.0; 60]].concat(),
        (0..50).map(f64::from).chain([300.0]).collect(),
    ] {
        let figure = ScoresFigure {
            scores: &scores,
            ..figure
        };
        let beyond = figure.chart().svg().contains("example beyond");
        assert!(!beyond);
    }
}

#[test]
fn no_bin_has_both_sides_of_a_threshold_that_is_shown() {
    let scores = numbers(10_000);
    for threshold in [-0.9, 0.0, 0.123, scores[17], 0.99, 1.5] {
        let bins = Bins::around(&scores, &[], Some(threshold));
        assert!(bins.is_shown(threshold), "{threshold}");
        let histogram = bins.histogram(&scores);
        let both = histogram.bins.iter().filter(|[a, b]| *a > 0 && *b > 0);
        assert_eq!(both.count(), 0, "{threshold}");
        let flagged = scores.iter().filter(|x| **x >= threshold).count();
        assert_eq!(histogram.totals(), [10_000 - flagged, flagged]);
        for (bin, [normal, flagged]) in histogram.bins.iter().enumerate() {
            let middle = f64::midpoint(bins.start(bin), bins.start(bin + 1));
            let within = match middle < threshold {
                true => flagged,
                false => normal,
            };
            assert_eq!(*within, 0, "bin {bin} at {middle}, {threshold}");
        }
    }
    // A difference that is lost in a division.
    let bins = Bins::around(&[-5e-324, 0.0, 50.0, 100.0], &[], Some(0.0));
    let histogram = bins.histogram(&[-5e-324, 0.0]);
    let filled: Vec<_> = histogram
        .bins
        .iter()
        .filter(|bin| **bin != [0; 2])
        .collect();
    assert_eq!(filled, [&[1, 0], &[0, 1]]);
}

#[test]
fn one_example_beside_many_is_seen() {
    let scores: Vec<f64> = (0..10_000)
        .map(|i| f64::from(i % 10))
        .chain([50.0])
        .collect();
    let figure = ScoresFigure {
        threshold: Some((40.0, "")),
        ..figure(&scores, &[])
    };
    let svg = figure.chart().svg();
    let tags = drawn(&svg);
    let tops = |fill: &str| -> Vec<f64> {
        let bars = tags.windows(2).filter(|pair| pair[0].name == "title");
        let bars = bars.filter(|pair| pair[1].attributes.get("fill") == Some(&fill));
        bars.filter_map(|pair| pair[1].attributes["y"].parse().ok())
            .collect()
    };
    let [one] = tops(FLAGGED)[..] else {
        panic!("{svg}")
    };
    let most = tops(NORMAL).into_iter().fold(f64::INFINITY, f64::min);
    let clip = tags.iter().position(|tag| tag.name == "clipPath");
    let area = &tags[clip.expect("bars end at the axis") + 1].attributes;
    let [top, height] = ["y", "height"].map(|key| area[key].parse::<f64>().expect("a number"));
    let share = (top + height - one) / (top + height - most);
    assert!((0.04..0.3).contains(&share), "{share}");
}

#[test]
fn codes_are_coloured_by_class_and_named_where_they_are_pointed_at() {
    let rows = 240;
    let points: Vec<f32> = (0..2 * rows).map(|i| (i as f32).sin()).collect();
    let points = MatrixRef::new(&points, rows, 2);
    let axes = ["z1", "z2"].map(String::from);
    let classes: Vec<String> = (0..rows).map(|row| (row % 12 % 10).to_string()).collect();
    let names: Vec<String> = (0..rows).map(|row| format!("cats/{row}.png")).collect();
    let svg = codes("title", &axes, points, &classes, &names).svg();
    let tags = drawn(&svg);
    let titles = tags.iter().filter(|tag| tag.name == "title");
    assert_eq!(
        titles.filter(|tag| tag.text.starts_with("cats/")).count(),
        rows
    );
    for class in 0..10 {
        assert!(has_text(&svg, &class.to_string()), "{class}");
    }
    assert!(!svg.contains("other classes"));

    // The rarest of many share one colour.
    let classes: Vec<String> = (0..rows).map(|row| (row * row / 500).to_string()).collect();
    let svg = codes("title", &axes, points, &classes, &[]).svg();
    assert!(svg.contains("other classes"));
    drawn(&svg);

    // What is not finite is left out, and no class is no legend.
    let points = [f32::NAN, 1.0, 0.5, f32::INFINITY, 1.0, 2.0];
    let svg = codes("title", &axes, MatrixRef::new(&points, 3, 2), &[], &[]).svg();
    let circles = drawn(&svg)
        .iter()
        .filter(|tag| tag.name == "circle")
        .count();
    assert_eq!(circles, 1);
}

#[test]
fn losses_are_lines_over_epochs() {
    let epoch = |epoch: u32, validation_loss| Epoch {
        epoch,
        train_loss: 100.0 / f64::from(epoch),
        validation_loss,
        learning_rate: 0.001,
    };
    let history: Vec<Epoch> = (1..=20).map(|i| epoch(i, Some(7.0))).collect();
    let text = |chart: &Chart| chart.svg();
    let svg = text(&losses("digits on mnist", &history, "nats per example"));
    for words in [
        "Loss of digits on mnist",
        "epoch",
        "nats per example",
        "training",
        "validation",
    ] {
        assert!(has_text(&svg, words), "{words}");
    }
    drawn(&svg);
    let svg = text(&losses("a", &[epoch(1, None)], "b"));
    assert!(!has_text(&svg, "validation"));
    drawn(&svg);
    let odd: Vec<Epoch> = [f64::NAN, f64::INFINITY, -3.0, 5.0]
        .into_iter()
        .map(|train_loss| Epoch {
            train_loss,
            ..epoch(3, None)
        })
        .collect();
    drawn(&text(&losses("a", &odd, "b")));
}

#[test]
fn long_texts_end_in_an_ellipsis_and_twenty_lines_are_enough() {
    assert_eq!(words("short", 20), "short");
    assert_eq!(words("  two\n lines ", 20), "two lines");
    for (text, expected) in [
        ("WWWWWWWWWWWWWWWWWWWWWWWWW", "WWWWWWWWW…"),
        ("日本語の長い名前がここにあるので", "日本語の…"),
    ] {
        assert_eq!(words(text, 10), expected);
    }
    // Marks without a width do not make a text of any length.
    let marks = words(&format!("e{}", "\u{301}".repeat(10_000)), 20);
    assert_eq!(marks.chars().count(), 201);
    assert_eq!(hint("a\u{2028}b\u{85}"), "a b ");
    assert_eq!(words("$1 to $2", 20), "\\$1 to \\$2");

    let many: Vec<StrangeExample> = (0..30).map(|i| strange("row", f64::from(i))).collect();
    let svg = figure(&[0.0, 30.0], &many).chart().svg();
    let points = drawn(&svg)
        .iter()
        .filter(|tag| tag.name == "circle")
        .count();
    assert_eq!(points, 20);
    assert!(has_text(&svg, "The 20 strangest examples"));
}
