use std::collections::HashMap;

use super::axis::{CountAxis, ticks};
use super::figure::ScoresFigure;
use super::histogram::Bins;
use super::layout::{LEFT, PLOT, WIDTH, WORDS};
use super::markup::{FLAGGED, NORMAL, cut, escaped};
use super::strangest::StrangeExample;

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
        let (tag, text) = piece.split_once('>').expect("a tag ends");
        assert!(!text.contains('>'), "{text}");
        for entity in piece.split('&').skip(1) {
            let name = entity.split_once(';').expect("an entity ends").0;
            assert!(["amp", "lt", "gt", "quot", "#39"].contains(&name), "{name}");
        }
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
            continue;
        }
        let closed = tag.strip_suffix('/');
        let (name, mut rest) = closed.unwrap_or(tag).split_once(' ').unwrap_or((tag, ""));
        let mut attributes = HashMap::new();
        while let Some((key, quoted)) = rest.trim_start().split_once("=\"") {
            let (value, more) = quoted.split_once('"').expect("a quote ends");
            assert_eq!(attributes.insert(key, value), None, "{key} is there twice");
            rest = more;
        }
        assert_eq!(rest, "", "in {tag}");
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

/// The tags of a picture that is well-formed and has nothing outside of it.
fn drawn(svg: &str) -> Vec<Tag<'_>> {
    let tags = parsed(svg);
    let number = |text: &str| text.parse::<f64>().expect("a number");
    let height = number(tags[0].attributes["height"]);
    for tag in &tags[2..] {
        for (key, value) in &tag.attributes {
            let numbers: Vec<f64> = match *key {
                "d" => value.split(['M', 'L', ' ']).skip(1).map(number).collect(),
                "x" | "y" | "width" | "height" => vec![number(value)],
                _ => Vec::new(),
            };
            let inside = |x: &f64| (0.0..=WIDTH.max(height)).contains(x);
            assert!(numbers.iter().all(inside), "{}: {key} = {value}", tag.name);
        }
    }
    tags
}

/// How many examples the bars of a colour have by their hints, and how many bars there are.
fn counted_bars(tags: &[Tag<'_>], fill: &str) -> (usize, usize) {
    let pairs = tags
        .windows(2)
        .filter(|pair| pair[0].attributes.get("fill") == Some(&fill) && pair[1].name == "title");
    let counts = pairs.map(|pair| {
        let count = pair[1].text.split_once(' ').expect("a count").0;
        count.replace(',', "").parse::<usize>().expect("a count")
    });
    counts.fold((0, 0), |(sum, bars), count| (sum + count, bars + 1))
}

#[test]
fn every_picture_is_well_formed_and_has_nothing_outside() {
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
    let mut values = vec![None];
    values.extend(
        [
            0.5,
            -0.5,
            0.0,
            7.0,
            1e12,
            f64::MAX,
            f64::MIN,
            f64::NAN,
            f64::INFINITY,
        ]
        .map(Some),
    );
    for scores in all {
        for held_out in [&[][..], &many[..300], scores] {
            for threshold in &values {
                let figure = ScoresFigure {
                    held_out,
                    threshold: threshold.map(|value| (value, "given")),
                    ..figure(scores, &odd)
                };
                let svg = figure.svg();
                let tags = drawn(&svg);
                let is_flagged = |x: &&f64| threshold.is_some_and(|threshold| **x >= threshold);
                let finite = || scores.iter().filter(|x| x.is_finite());
                let flagged = finite().filter(is_flagged).count();
                assert_eq!(counted_bars(&tags, FLAGGED).0, flagged, "{threshold:?}");
                let normal = finite().count() - flagged;
                assert_eq!(counted_bars(&tags, NORMAL).0, normal, "{threshold:?}");
            }
        }
    }
}

#[test]
fn no_name_is_markup() {
    let name = "<script>\"a\" & 'b'</script>]]>\u{0}\u{1b}\u{ffff}\n\t日本 اسم";
    let strangest = [strange(name, 1.0)];
    let figure = ScoresFigure {
        model: name,
        data: name,
        score: name,
        threshold: Some((0.5, name)),
        ..figure(&[0.0, 1.0], &strangest)
    };
    let svg = figure.svg();
    let tags = drawn(&svg);
    let known = ["svg", "rect", "title", "path", "text", "g"];
    assert!(tags.iter().all(|tag| known.contains(&tag.name)));
    // Where the bar is pointed at, all of it is read.
    let escaped = "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt;]]&gt;\u{fffd}\u{fffd}\u{fffd}\n 日本 اسم";
    let hint = format!("{escaped}: 1.000\n60 % {escaped}\n20 % {escaped}");
    assert!(tags.iter().any(|tag| tag.text == hint), "{svg}");

    let page = figure.html();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains(&svg));
    assert!(!page.contains("<script"));
    let title = page.split_once("<title>").expect("a title").1;
    assert!(title.starts_with("Scores of &lt;script&gt;&quot;a"));
}

#[test]
fn words_say_what_is_counted() {
    let scores: Vec<f64> = (0..2000).map(|i| f64::from(i) / 1000.0).collect();
    let figure = ScoresFigure {
        held_out: &scores[..1500],
        threshold: Some((1.99, "false alarm 0.5 %")),
        ..figure(&scores, &[])
    };
    let svg = figure.svg();
    let tags = drawn(&svg);
    for words in [
        "Scores of d.csv by m.safetensors",
        "2,000 examples, of which 10 (0.50 %) are flagged",
        "1,990 examples below the threshold",
        "10 examples at or above it: flagged",
        "threshold 1.990: false alarm 0.5 %",
        "1,500 held-out training examples, scaled to 2,000",
        "examples, log scale",
    ] {
        assert!(tags.iter().any(|tag| tag.text == words), "{words}: {svg}");
    }
    let bars = [NORMAL, FLAGGED].map(|fill| counted_bars(&tags, fill));
    assert_eq!([bars[0].0, bars[1].0], [1990, 10]);
    assert!(!svg.contains("beyond"));
}

#[test]
fn a_score_far_from_all_others_leaves_the_axis_to_them() {
    let mut scores = numbers(300);
    scores.extend([1e30, -1e12, f64::NAN]);
    let strangest = [strange("far", 1e30), strange("near", 0.9)];
    let svg = figure(&scores, &strangest).svg();
    let tags = drawn(&svg);
    for words in [
        "1 example beyond the axis, up to 1.00e30",
        "1 example beyond the axis, down to -1.00e12",
        "left out as not finite: 1 score",
        "302 examples",
    ] {
        assert!(tags.iter().any(|tag| tag.text == words), "{words}: {svg}");
    }
    let (examples, bars) = counted_bars(&tags, NORMAL);
    assert!(examples == 302 && bars > 20, "{bars}");
    // The bar of one ends beyond the axis, that of the other where its score is.
    let bars = tags.iter().filter(|tag| tag.name == "rect");
    let widths: Vec<f64> = bars
        .filter(|tag| {
            tag.text.is_empty() && tag.attributes.get("x") == Some(&format!("{LEFT:.1}").as_str())
        })
        .filter_map(|tag| tag.attributes["width"].parse().ok())
        .collect();
    let [far, near] = widths[..] else {
        panic!("{widths:?}")
    };
    assert!(far > PLOT && near > 0.7 * PLOT && near < PLOT, "{widths:?}");

    // Of two beyond the axis, one is flagged: neither hides the other.
    scores.push(1e20);
    let figure_of = |threshold| ScoresFigure {
        threshold,
        ..figure(&scores, &[])
    };
    let svg = figure_of(Some((1e25, ""))).svg();
    assert!(svg.contains("threshold 1.00e25, beyond the axis<"));
    let bars = drawn(&svg).into_iter().filter(|tag| tag.name == "rect");
    let right: Vec<f64> = bars
        .filter_map(|bar| bar.attributes.get("x")?.parse().ok())
        .filter(|x| (LEFT + PLOT..WORDS).contains(x))
        .collect();
    assert!(right.len() == 2 && right[1] - right[0] > 3.0, "{right:?}");

    // Two clusters are no outliers, nor is what is a little farther than the rest.
    for scores in [
        [vec![0.0; 80], vec![0.01; 60], vec![100.0; 60]].concat(),
        (0..50).map(f64::from).chain([300.0]).collect(),
    ] {
        assert!(!figure(&scores, &[]).svg().contains("beyond"));
    }
}

#[test]
fn no_bin_has_both_sides_of_a_threshold_that_is_shown() {
    let scores = numbers(10_000);
    for threshold in [-0.9, 0.0, 0.123, scores[17], 0.99, 1.5] {
        let bins = Bins::around(&scores, &[], Some(threshold));
        assert!((0.0..=1.0).contains(&bins.share(threshold)), "{threshold}");
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
    let axis = CountAxis::up_to(1e5);
    assert!(axis.share(1.0) > 0.05 && axis.share(0.0) == 0.0 && axis.share(1e5) == 1.0);
    assert_eq!(axis.ticks(), [1.0, 10.0, 100.0, 1e3, 1e4, 1e5]);
    let axis = CountAxis::up_to(40.0);
    assert_eq!(axis.ticks(), [1.0, 3.0, 10.0, 30.0]);
    let axis = CountAxis::up_to(10.0);
    assert_eq!((axis.name(), axis.share(5.0)), ("examples", 0.5));
    assert_eq!(CountAxis::up_to(1.0).ticks(), [0.0, 1.0]);
}

#[test]
fn ticks_are_round() {
    let texts = |low, high| -> Vec<String> {
        let ticks = ticks(low, high).into_iter();
        ticks.map(|(_, text)| text).collect()
    };
    assert_eq!(
        texts(-1.3, 2.2),
        ["-1.0", "-0.5", "0", "0.5", "1.0", "1.5", "2.0"]
    );
    assert_eq!(texts(3.0, 70.0), ["10", "20", "30", "40", "50", "60", "70"]);
    assert_eq!(
        texts(0.0, 1e30),
        ["0", "2e29", "4e29", "6e29", "8e29", "1e30"]
    );
    assert_eq!(
        texts(-2.1e-7, 1e-7),
        ["-2e-7", "-1.5e-7", "-1e-7", "-5e-8", "0", "5e-8", "1e-7"]
    );
    assert_eq!(
        texts(123_455.999, 123_456.003),
        ["123456.000", "123456.002"]
    );
    assert_eq!(
        texts(-1e300, 1e300),
        ["-1e300", "-5e299", "0", "5e299", "1e300"]
    );
    for (value, text) in ticks(-17.3, 1234.5) {
        assert_eq!(text.parse(), Ok(value));
    }
}

#[test]
fn long_texts_end_in_an_ellipsis_and_twenty_bars_are_enough() {
    assert_eq!(cut("short", 100.0), "short");
    assert_eq!(cut("  two\n lines ", 100.0), "two lines");
    for (text, fewest, most) in [
        ("iiiiiiiiiiiiiiiiiiiiiiiiiiiiiii", 18, 26),
        ("WWWWWWWWWWWWWWWWWWWWWWWWW", 6, 9),
        ("日本語の長い名前がここにあるので", 5, 9),
    ] {
        let short = cut(text, 100.0);
        let letters = short.chars().count();
        assert!(
            short.ends_with('…') && (fewest..=most).contains(&letters),
            "{short}"
        );
    }
    // Marks without a width do not make a text of any length.
    let marks = cut(&format!("e{}", "\u{301}".repeat(10_000)), 100.0);
    assert_eq!(marks.chars().count(), 201);
    assert_eq!(escaped("a\u{2028}b\u{85}"), "a b ");

    let many: Vec<StrangeExample> = (0..30).map(|i| strange("row", f64::from(i))).collect();
    let svg = figure(&[0.0, 30.0], &many).svg();
    let groups = drawn(&svg).iter().filter(|tag| tag.name == "g").count();
    assert_eq!(groups, 20);
    assert!(svg.contains("The 20 strangest examples"));
}
