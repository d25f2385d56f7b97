//! Known anomalies, by which a detector is measured.

use std::io::Cursor;
use std::sync::LazyLock;

use image::{GrayImage, ImageFormat, Luma};
use latentia_models::{ModelFile, RankingMetrics, RankingOptions};
use serde_json::Value;

use crate::harness::{DIGITS, Ran, TestDir, npy_floats, numbers};

/// Rows of `a, b, c`, of which the last follows from the others but in those that are anomalous.
fn rows(count: usize) -> Vec<String> {
    let numbers: Vec<f32> = numbers(3 * count).collect();
    let rows = numbers.chunks(3).enumerate();
    rows.map(|(row, x)| {
        let other = if is_anomalous(row) {
            2.0 * x[2]
        } else {
            0.1 * x[2]
        };
        format!("{},{},{}", x[0], x[1], x[0] - x[1] + other)
    })
    .collect()
}

fn is_anomalous(row: usize) -> bool {
    row % 8 == 3
}

/// A table with these names of columns of those rows that are `kept`, behind what each is said to be.
fn table(names: &str, kept: fn(usize) -> bool, said: impl Fn(usize) -> String) -> String {
    let rows = rows(160).into_iter().enumerate();
    let rows = rows.filter(|(row, _)| kept(*row));
    let rows = rows.map(|(row, values)| format!("{}{values}\n", said(row)));
    format!("{names}\n{}", rows.collect::<String>())
}

/// The whole table, with a column that has `words[1]` for an anomaly.
fn labelled(name: &str, words: [&str; 2]) -> String {
    let said = |row| format!("{},", words[usize::from(is_anomalous(row))]);
    table(&format!("{name},a,b,c"), |_| true, said)
}

/// A model of normal rows, with its detector.
static MODEL: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let dir = TestDir::new();
    let normal = table("a,b,c", |row| !is_anomalous(row), |_| String::new());
    dir.write("normal.csv", normal);
    dir.run("train --preset anomaly --data normal.csv --out run")
        .done();
    dir.read("run/model.safetensors")
});

/// A folder with the model as `m` and a table `t.csv`.
fn with_table(text: &str) -> TestDir {
    TestDir::with([("m", &MODEL[..]), ("t.csv", text.as_bytes())])
}

/// What `evaluate` gives for `t.csv`, and the anomalies of a column.
fn evaluate(dir: &TestDir, more: &str) -> Ran {
    dir.run(&format!(
        "evaluate m --data t.csv --json --anomalies {more}"
    ))
}

/// The measures of scores that `detect` gives, with its threshold.
fn of_detect(dir: &TestDir, rate: &str, k: Option<usize>) -> RankingMetrics {
    let ran = dir.run(&format!(
        "detect m t.csv --false-alarm {rate} --json -o s.jsonl"
    ));
    let threshold = ran.done().json()["threshold"].as_f64();
    let score = |line: &str| {
        let line: Value = serde_json::from_str(line).expect("an object");
        line["score"].as_f64().expect("a score")
    };
    let scores: Vec<f64> = dir.text("s.jsonl").lines().map(score).collect();
    let anomalous: Vec<bool> = (0..scores.len()).map(is_anomalous).collect();
    let options = RankingOptions {
        k,
        threshold,
        ..RankingOptions::default()
    };
    RankingMetrics::measure(&scores, &anomalous, &options).expect("measures")
}

/// Holds all measures of a report to these.
#[track_caller]
fn check_measures(report: &Value, metrics: &RankingMetrics) {
    let expected = serde_json::to_string(metrics).expect("JSON");
    let expected: Value = serde_json::from_str(&expected).expect("JSON");
    for (key, value) in expected.as_object().expect("an object") {
        assert_eq!(&report[key], value, "{key}");
    }
}

#[test]
fn measures_are_those_of_the_scores_that_detect_gives() {
    let dir = with_table(&labelled("Odd", ["no", "Yes"]));
    let ran = evaluate(&dir, "Odd").done();
    assert!(!ran.stderr.contains("left out"), "{}", ran.stderr);
    let report = ran.json();
    let metrics = of_detect(&dir, "0.01", None);
    assert_eq!((metrics.anomalies, metrics.k), (20, 20));
    assert!(metrics.auroc.value > 0.8, "{metrics:?}");
    check_measures(&report, &metrics);
    let keys: Vec<&String> = report.as_object().expect("an object").keys().collect();
    assert_eq!(
        keys,
        [
            "anomalies",
            "anomalies_data",
            "at_threshold",
            "auroc",
            "average_precision",
            "average_precision_baseline",
            "column",
            "data",
            "examples",
            "false_alarm",
            "k",
            "model",
            "part",
            "precision_at_k",
            "seed",
            "unit",
            "warnings",
        ]
    );
    assert_eq!(
        (&report["column"], &report["false_alarm"]),
        (&"Odd".into(), &0.01.into())
    );
    assert!(report["anomalies_data"].is_null());

    let report = evaluate(&dir, "1 --false-alarm 0.2 -k 5").done().json();
    check_measures(&report, &of_detect(&dir, "0.2", Some(5)));
    let other = evaluate(&dir, "1 --seed 1").done().json();
    assert_ne!(other["auroc"]["interval"], report["auroc"]["interval"]);
}

#[test]
fn a_table_has_each_measure_with_its_interval() {
    let dir = with_table(&labelled("Odd", ["0", "1"]));
    let text = dir
        .run("evaluate m --data t.csv --anomalies Odd --false-alarm 0.2")
        .done()
        .stdout;
    let lines: Vec<&str> = text.lines().collect();
    let starts = [
        "t.csv (all, 160)",
        "area under the ROC curve",
        "average precision",
        "  of a random order",
        "precision among the first 20",
        "flagged, from a score of ",
        "  recall",
        "  false-alarm rate",
        "  precision",
        "20 of 160 examples are anomalies; the threshold is for a false-alarm rate of 20 %",
    ];
    assert_eq!(lines.len(), starts.len(), "{text}");
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{text}");
    }
    assert!(lines[0].ends_with("  95 % interval"), "{text}");
    for line in [1, 2, 4, 6, 7, 8] {
        assert!(lines[line].contains(" to "), "{text}");
    }
    assert!(lines[3].ends_with(" 0.12500"), "{text}");
}

#[test]
fn anomalies_may_be_data_of_their_own() {
    let dir = with_table(&labelled("Odd", ["0", "1"]));
    let whole = evaluate(&dir, "Odd").done().json();
    let none = |_| String::new();
    dir.write("bad.csv", table("a,b,c", is_anomalous, none));
    dir.write("good.csv", table("a,b,c", |row| !is_anomalous(row), none));
    let evaluate = "evaluate m --data good.csv --anomalies bad.csv";
    let report = dir.run(&format!("{evaluate} --json")).done().json();
    for key in ["examples", "auroc", "average_precision", "at_threshold"] {
        assert_eq!(report[key], whole[key], "{key}");
    }
    assert_eq!(report["anomalies_data"], "bad.csv");
    assert!(report["column"].is_null());
    let text = dir.run(evaluate).done().stdout;
    assert!(text.starts_with("good.csv, bad.csv (160)"), "{text}");
    dir.refused(
        &format!("{evaluate} --anomalous 1"),
        2,
        &[
            "`--anomalous` goes with a column",
            "`bad.csv` is no column of `good.csv`",
        ],
    );
    // A column of that name wins, and a path is no column.
    let said = |row: usize| format!("{},", u8::from(row.is_multiple_of(2)));
    dir.write("t.csv", table("bad.csv,a,b,c", |_| true, said));
    let report = |named: &str| self::evaluate(&dir, named).done().json();
    assert_eq!(report("bad.csv")["anomalies"], 80);
    let apart = report("./bad.csv");
    assert_eq!(
        (&apart["examples"], &apart["anomalies"]),
        (&180.into(), &20.into())
    );
}

#[test]
fn words_say_what_an_anomaly_is() {
    for words in [
        ["0", "1"],
        ["0.0", "1.0"],
        ["False", "True"],
        ["NO", "yes"],
        ["normal", "Anomaly"],
        ["normal", "anomalous"],
        ["Inlier", "OUTLIER"],
        ["n", "o"],
    ] {
        let dir = with_table(&labelled("is", words));
        let report = evaluate(&dir, "is").done().json();
        assert_eq!(report["anomalies"], 20, "{words:?}");
    }
    // One class of several, and a number in another form.
    let class = |row: usize| ["7", "8"][row % 2].to_owned();
    let said = |row| match is_anomalous(row) {
        true => "-1.0,".into(),
        false => class(row) + ",",
    };
    let dir = with_table(&table("class,a,b,c", |_| true, said));
    let report = evaluate(&dir, "class --anomalous -1").done().json();
    assert_eq!(report["anomalies"], 20);
}

#[test]
fn a_column_that_does_not_say_what_an_anomaly_is_is_refused() {
    let refused = |words: [&str; 2], more: &str, code: i32, expected: &str| {
        let dir = with_table(&labelled("Odd", words));
        let evaluate = format!("evaluate m --data t.csv --anomalies {more}");
        dir.refused(&evaluate, code, &[expected]);
    };
    refused(
        ["good", "broken"],
        "Odd",
        2,
        "`t.csv`, column `Odd`: `good`, `broken` do not say which examples are anomalies, as 1 and 0, yes and no, or outlier and \
         inlier do; `--anomalous VALUE` names the value that anomalies have",
    );
    // As scikit-learn has it, the other way round.
    refused(["1", "-1"], "Odd", 2, "`1`, `-1` do not say");
    refused(
        ["good", "Broken"],
        "Odd --anomalous broken",
        2,
        "`t.csv`, column `Odd`: no example is `broken`; did you mean `Broken`?",
    );
    refused(
        ["no", "no"],
        "Odd",
        1,
        "`t.csv`, column `Odd`: none of 160 examples is an anomaly; at least one must be, and at least one must not",
    );
    refused(["1", "1"], "Odd", 1, "all of 160 examples are anomalies");
    refused(
        ["a", "a"],
        "Odd --anomalous a",
        1,
        "all of 160 examples are anomalies",
    );
    // The first anomaly is in the fourth row.
    refused(
        ["no", ""],
        "Odd",
        1,
        "line 5, column `Odd`: found nothing, expected a value in every row (20 such in all)",
    );
    refused(
        ["0", "1"],
        "odd",
        2,
        "`t.csv` has no column `odd`, and no data is called `odd`; did you mean `Odd`?",
    );
    refused(
        ["0", "1"],
        "5",
        2,
        "`t.csv` has no column `5`, and no data is called `5`",
    );
    refused(
        ["0", "1"],
        "Odd -k 161",
        2,
        "`k` is 161; it must be from 1 to",
    );
    refused(
        ["0", "1"],
        "Odd --importance-samples 2",
        2,
        "cannot be used with",
    );
}

#[test]
fn a_model_without_a_detector_has_its_loss_and_no_threshold() {
    let dir = with_table(&labelled("Odd", ["0", "1"]));
    let file = ModelFile::load(&dir.path("m")).expect("a model");
    ModelFile::save(&file.model, &file.provenance, &[], &dir.path("m")).expect("a model");
    let ran = evaluate(&dir, "Odd").done();
    let said = "warning: `m` has no detector: scores are its plain loss, in nats per example, without a threshold";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    let report = ran.json();
    assert!(report["at_threshold"].is_null() && report["false_alarm"].is_null());
    check_measures(&report, &of_detect(&dir, "0.01", None));
    let text = dir.run("evaluate m --data t.csv --anomalies Odd").done();
    assert!(!text.stdout.contains("flagged"), "{}", text.stdout);
}

#[test]
fn a_rate_that_cannot_be_shown_is_told_of() {
    let dir = with_table(&labelled("Odd", ["0", "1"]));
    let ran = evaluate(&dir, "Odd --false-alarm 0.0001").done();
    let said = "warning: too few rows to calibrate: no rate of false alarms below ";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    let warnings = ran.json()["warnings"].take();
    assert_eq!(warnings.as_array().map(Vec::len), Some(1), "{warnings}");
}

#[test]
fn a_column_that_the_model_learned_from_is_told_of() {
    let dir = TestDir::new();
    dir.write("t.csv", labelled("Odd", ["0", "1"]));
    dir.run("train --data t.csv --epochs 1 --out run").done();
    let evaluate = "evaluate run/model.safetensors --data t.csv --anomalies Odd";
    let ran = dir.run(evaluate).done();
    let said = "warning: the model learned from `Odd`: it sees what it is judged by";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    // The data that it was trained on, where none is named.
    dir.run("evaluate run/model.safetensors --anomalies Odd")
        .done();
}

#[test]
fn pictures_have_classes_and_arrays_have_files() {
    let dir = TestDir::with([("m", &DIGITS[..])]);
    let ran = dir.run("evaluate m --data mnist-mini --anomalies class --anomalous 3 --json");
    let report = ran.done().json();
    assert_eq!(report["part"], "test");
    assert_eq!(report["column"], "class");
    assert_eq!(report["anomalies"], report["k"]);
    let anomalies = report["anomalies"].as_u64().expect("a count");
    assert!((60..150).contains(&anomalies), "{report}");
    dir.refused(
        "evaluate m --data mnist-mini --anomalies digit --anomalous 3",
        2,
        &["`mnist-mini` has no columns but its labels, `class`, and no data is called `digit`"],
    );

    let half = vec![0.5; 20 * 784];
    dir.write("grey.npy", npy_floats(784, &half));
    let ran = dir.run("evaluate m --data mnist-mini --anomalies grey.npy --json");
    let report = ran.done().json();
    assert_eq!(
        (&report["examples"], &report["anomalies"]),
        (&1020.into(), &20.into())
    );
    assert_eq!(report["auroc"]["value"], 1.0);
    dir.refused(
        "evaluate m --data grey.npy --anomalies class",
        2,
        &["`grey.npy` has neither columns with names nor labels, and no data is called `class`"],
    );
}

#[test]
fn folders_of_pictures_are_classes_or_data_of_their_own() {
    let dir = TestDir::with([("m", &DIGITS[..])]);
    for number in 0..20u8 {
        let (folder, level) = match number % 5 {
            0 => ("scratched", 200 + number),
            _ => ("fine", number),
        };
        let picture = GrayImage::from_pixel(28, 28, Luma([level]));
        let mut file = Cursor::new(Vec::new());
        picture
            .write_to(&mut file, ImageFormat::Png)
            .expect("in memory");
        dir.write(&format!("parts/{folder}/{number}.png"), file.into_inner());
    }
    let classes = "evaluate m --data parts --anomalies class --anomalous scratched --json";
    let apart = "evaluate m --data parts/fine --anomalies parts/scratched --json";
    let [classes, apart] = [classes, apart].map(|asked| dir.run(asked).done().json());
    assert_eq!(
        (&classes["examples"], &classes["anomalies"]),
        (&20.into(), &4.into())
    );
    assert_eq!(classes["auroc"], apart["auroc"]);
    assert_eq!(classes["at_threshold"], apart["at_threshold"]);
    dir.refused(
        "evaluate m --data parts --anomalies class",
        2,
        &["`parts`, labels: `fine`, `scratched` do not say"],
    );
}
