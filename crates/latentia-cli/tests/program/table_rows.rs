//! Rows of a table of mixed columns: what the model makes of them, in the table's own words.

use serde_json::Value;

use crate::harness::{TestDir, png_size};

/// Pieces of three kinds, of which weight and length follow from the kind; one cell is missing in every ninth row.
fn pieces(rows: usize) -> String {
    let row = |i: usize| {
        let (kind, scale) = [("nut", 1.0), ("bolt", 3.0), ("rod", 9.0)][i % 3];
        let weight = match i % 9 {
            5 => String::new(),
            _ => format!("{:.1}", scale * (5.0 + (i % 7) as f32)),
        };
        let length = scale * 2.0 + (i % 5) as f32;
        let is_steel = ["no", "yes"][i / 2 % 2];
        let class = ["cheap", "dear", "rare"][i % 3];
        format!("piece-{i},{kind},{weight},{length:.2},{is_steel},{class}\n")
    };
    let rows: String = (0..rows).map(row).collect();
    format!("name,kind,weight,length,steel,class\n{rows}")
}

/// A variational model of the columns of a table.
const VARIATIONAL: &str = "
    [model]
    preprocessing = 'standardise'
    likelihood = 'columns'
    encoder = [{ layer = 'dense', units = 16, activation = 'tanh' }]
    code = { kind = 'gaussian', units = 2 }
    decoder = [{ layer = 'dense', units = 16, activation = 'tanh' }, { layer = 'dense' }]
    [training]
    epochs = 60
    learning-rate = 0.01
    validation = 0.1
";

/// A folder with `pieces.csv` and a model of it in `m`.
fn trained() -> TestDir {
    let dir = TestDir::with([("pieces.csv", pieces(90).as_bytes())]);
    dir.run("train --data pieces.csv --id name --label class --epochs 60 --out m")
        .done();
    dir
}

#[test]
fn a_row_is_explained_in_the_words_of_its_table() {
    let dir = trained();
    let explain = "explain m/model.safetensors pieces.csv --index 5";
    let report = dir.run(&format!("{explain} --json")).done().json();
    let columns = report["columns"].as_array().expect("a list");
    let of = |column: &Value, key: &str| column[key].as_f64().expect("a number");
    let names: Vec<&str> = columns.iter().filter_map(|c| c["name"].as_str()).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, ["kind", "length", "steel", "weight"]);
    assert!(columns.is_sorted_by(|a, b| of(a, "score") >= of(b, "score")));

    // In the unit of `detect`, and all of what that says.
    let detected = dir.run("detect m/model.safetensors pieces.csv -n 90 --json");
    let detected = detected.done().json();
    let worst = detected["worst"].as_array().expect("a list");
    let own = worst.iter().find(|row| row["example"] == 5).expect("row 5");
    assert_eq!(
        [&report["score"], &report["unit"], &report["loss"]],
        [&own["score"], &detected["unit"], &own["loss"]]
    );
    let sum: f64 = columns.iter().map(|column| of(column, "loss")).sum();
    assert!((sum - of(&report, "loss")).abs() < 1e-4, "{report}");

    let column = |name: &str| columns.iter().find(|c| c["name"] == name).expect(name);
    assert_eq!(report["id"], "piece-5");
    assert_eq!(column("kind")["value"], "rod");
    assert_eq!(column("length")["value"], 18.0);
    assert!(column("weight")["value"].is_null());
    assert_eq!(of(column("weight"), "loss"), 0.0);
    let expected = column("kind")["expected"].as_str().expect("a level");
    assert!(["nut", "bolt", "rod"].contains(&expected), "{expected}");

    let ran = dir.run(&format!("{explain} -o row.png")).done();
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(
        lines[0].starts_with("example 5 (piece-5): score "),
        "{lines:?}"
    );
    assert_eq!(lines.len(), 2 + 4, "{lines:?}");
    assert!(lines[2].starts_with(names[0]), "{lines:?}");
    assert!(lines[2].ends_with(&"█".repeat(20)), "{lines:?}");
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("weight ") && line.contains(" missing "))
    );
    assert!(
        lines.iter().any(|line| line.contains(" 18.00 ")),
        "{lines:?}"
    );
    let (width, height) = png_size(&dir.read("row.png"));
    assert!(width > height && height > 6 * 16, "{width} x {height}");
}

#[test]
fn of_many_columns_the_worst_are_shown() {
    let row = |i: usize| -> String {
        let cells = (0..20).map(|j| format!("{}", (i * (j + 3)) % 17));
        cells.collect::<Vec<_>>().join(",") + "\n"
    };
    let header = (0..20)
        .map(|j| format!("c{j}"))
        .collect::<Vec<_>>()
        .join(",");
    let table = format!("{header}\n{}", (0..40).map(row).collect::<String>());
    let dir = TestDir::with([("wide.csv", table.as_bytes())]);
    dir.run("train --data wide.csv --epochs 2 --out m").done();
    let ran = dir.run("explain m/model.safetensors wide.csv").done();
    assert_eq!(ran.stdout.lines().count(), 2 + 15 + 1, "{}", ran.stdout);
    assert!(ran.stdout.ends_with("\n… and 5 more\n"), "{}", ran.stdout);
}

#[test]
fn filters_of_a_table_see_every_level_and_inputs_of_levels_are_refused() {
    let dir = TestDir::with([("pieces.csv", pieces(90).as_bytes())]);
    dir.write("v.toml", VARIATIONAL);
    dir.run("train --config v.toml --data pieces.csv --label class --epochs 1 --out m")
        .done();
    let filters = "explain m/model.safetensors --filters";
    dir.run(&format!("{filters} -o filters.png")).done();
    // 16 filters, eight beside each other: three levels, a number and its gaps, a number, a boolean.
    let (width, _) = png_size(&dir.read("filters.png"));
    assert_eq!(width, 8 * 7 * 12 + 7 * 4 + 16);
    dir.refused(filters, 2, &["--output"]);
    dir.refused(
        "explain m/model.safetensors --dimension 0 -o d.png",
        1,
        &["categories and booleans do not have, as column `kind`"],
    );
}

/// The cells of a CSV file without quotes, line by line.
fn cells(text: &str) -> Vec<Vec<&str>> {
    text.lines().map(|line| line.split(',').collect()).collect()
}

#[test]
fn training_shows_rows_of_a_table_above_their_reconstructions() {
    let dir = trained();
    let names = dir.names("m");
    assert_eq!(
        names,
        [
            "command.json",
            "last-checkpoint.safetensors",
            "loss.svg",
            "metrics.csv",
            "metrics.jsonl",
            "model.safetensors",
            "reconstructions.csv"
        ]
    );
    let (text, table) = (dir.text("m/reconstructions.csv"), dir.text("pieces.csv"));
    let (lines, table) = (cells(&text), cells(&table));
    let header = ["row", "what", "kind", "weight", "length", "steel"];
    assert_eq!(lines[0], header);
    // A tenth of ninety rows is held out.
    assert_eq!(lines.len(), 1 + 2 * 9, "{text}");
    for pair in lines[1..].chunks(2) {
        let row: usize = pair[0][0].parse().expect("a number");
        assert_eq!(
            (pair[0][1], pair[1][1], pair[1][0]),
            ("original", "reconstruction", pair[0][0])
        );
        assert_eq!(pair[0][2..], table[row + 1][1..5]);
        assert!(["nut", "bolt", "rod"].contains(&pair[1][2]), "{text}");
        assert!(
            pair[1][3..5].iter().all(|cell| cell.parse::<f32>().is_ok()),
            "{text}"
        );
    }

    dir.write("v.toml", VARIATIONAL);
    let train = "train --config v.toml --data pieces.csv --id name --label class --out v";
    let ran = dir.run(train).done();
    let wrote = "metrics.csv, metrics.jsonl, loss.svg, reconstructions.csv, samples.csv\n";
    assert!(ran.stderr.contains(wrote), "{}", ran.stderr);
    let samples = dir.text("v/samples.csv");
    let samples = cells(&samples);
    assert_eq!((&samples[0][..], samples.len()), (&header[2..], 101));
    assert!(["nut", "bolt", "rod"].contains(&samples[1][0]));
    // Drawn, where there are scales to draw by: the same as by `sample`.
    dir.write(
        "s.toml",
        VARIATIONAL.replace("'columns'", "'columns-learned-scale'"),
    );
    let train = train
        .replace("v.toml", "s.toml")
        .replace("--out v", "--out s");
    dir.run(&train).done();
    dir.run("sample s/model.safetensors -n 100 -o x.csv").done();
    assert_eq!(dir.text("s/samples.csv"), dir.text("x.csv"));
}

#[test]
fn rows_of_a_table_are_drawn_by_no_command() {
    let dir = trained();
    dir.run("encode m/model.safetensors pieces.csv -o codes.csv")
        .done();
    let words = ["`x.png`: rows of a table make no picture; end it in .csv, .parquet or .npy"];
    for command in [
        "reconstruct M pieces.csv",
        "detect M pieces.csv",
        "decode M codes.csv",
        "sample M --prior mixture",
        "traverse M",
        "interpolate M pieces.csv",
    ] {
        let command = command.replace('M', "m/model.safetensors");
        dir.refused(&format!("{command} -o x.png"), 2, &words);
        if !command.starts_with("traverse") {
            dir.run(&format!("{command} -o x.csv")).done();
        }
    }
    let denoise = "denoise m/model.safetensors pieces.csv --masking 0.1";
    dir.run(denoise).done();
    let words_of_it = ["rows of a table make no picture; leave out --output"];
    dir.refused(&format!("{denoise} -o x.png"), 2, &words_of_it);
    // Those of a table of numbers alone have units too.
    dir.write("numbers.csv", crate::harness::table(20));
    dir.run("train --data numbers.csv --epochs 1 --out n")
        .done();
    dir.refused("detect n/model.safetensors numbers.csv -o x.png", 2, &words);
    // A model that replaces it leaves nothing of it.
    dir.run("train --epochs 1 --out n --force").done();
    assert!(!dir.path("n/reconstructions.csv").exists());
    assert!(dir.path("n/reconstructions.png").exists());
}

#[test]
fn a_row_beyond_all_of_training_is_flagged_though_it_is_alone() {
    // Near a plane, and far from all of it.
    let point = |i: u32| {
        let (s, t) = ((0.37 * i as f32).sin(), (0.53 * i as f32).cos());
        format!("{s:.4},{t:.4},{:.4},{:.4}\n", s + t, s - 2.0 * t)
    };
    let rows: String = (0..60).map(point).collect();
    let dir = TestDir::with([
        ("abcd.csv", format!("a,b,c,d\n{rows}").as_bytes()),
        ("one.csv", b"a,b,c,d\n50,-50,50,50\n"),
    ]);
    dir.run("train --preset anomaly --data abcd.csv --out m")
        .done();
    let detect = "detect m/model.safetensors";
    let report = dir.run(&format!("{detect} one.csv --json")).done().json();
    let worst = &report["worst"][0];
    assert_eq!(
        (&worst["beyond_training"], &worst["training_share"]),
        (&true.into(), &1.0.into())
    );
    let ran = dir.run(&format!("{detect} one.csv")).done();
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(lines[0].ends_with("  p-value  flag  reasons"), "{lines:?}");
    assert!(lines[1].contains("  yes  `"), "{lines:?}");
    let said = "too few rows to calibrate: 60 cross-fitted scores can show no rate below 1.6393 %";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);

    // Of its own rows, most are not, and the shares go with the scores.
    let report = dir
        .run(&format!("{detect} abcd.csv -n 60 --json"))
        .done()
        .json();
    let worst = report["worst"].as_array().expect("a list");
    let share = |row: &Value| row["training_share"].as_f64().expect("a share");
    assert!(worst.is_sorted_by(|a, b| share(a) >= share(b)), "{report}");
    let beyond = worst.iter().filter(|row| row["beyond_training"] == true);
    assert!(beyond.count() < 6, "{report}");
    // Rows that were learned from score lower than the cross-fitted ones that calibrate.
    let median = share(&worst[30]);
    assert!((0.05..0.65).contains(&median), "{median}");
}

#[test]
fn the_worst_rows_are_called_by_their_ids() {
    let odd = pieces(90) + "piece-x,rod,9000.0,1.00,no,rare\n";
    let dir = trained();
    dir.write("odd.csv", &odd);
    let detect = "detect m/model.safetensors odd.csv";
    let ran = dir.run(&format!("{detect} -n 3 -o scores.csv")).done();
    let lines: Vec<Vec<&str>> = ran
        .stdout
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        lines[0],
        ["example", "name", "score", "p-value", "flag", "reasons"]
    );
    assert_eq!(lines[1][..2], ["90", "piece-x"]);
    assert_eq!(lines[1][4..7], ["yes", "`weight`", "9000.0,"]);
    let report = dir.run(&format!("{detect} --json")).done().json();
    assert_eq!(report["worst"][0]["id"], "piece-x");
    let scores = dir.text("scores.csv");
    let scores = cells(&scores);
    let found = ["score", "training_share", "p_value", "flag", "reasons"];
    assert_eq!(scores[0], [&["name", "class"], &found[..]].concat());
    assert_eq!(
        [0, 3, 5].map(|column| scores[91][column]),
        ["piece-x", "1", "true"]
    );
    assert!(
        scores[91][6].starts_with("\"`weight` 9000.0"),
        "{:?}",
        scores[91]
    );
    let ran = dir.run(&format!("{detect} --no-ids")).done();
    assert!(!ran.stdout.contains("piece-"), "{}", ran.stdout);
}

#[test]
fn classes_of_a_table_are_called_by_their_labels() {
    let dir = TestDir::with([("pieces.csv", pieces(90).as_bytes())]);
    let conditioned = VARIATIONAL.replace("[model]", "[model]\n condition = { classes = 3 }");
    dir.write("c.toml", conditioned);
    let train = "train --config c.toml --data pieces.csv --ignore kind --out m";
    dir.refused(
        train,
        1,
        &[
            "conditioned on one of 3 classes",
            "a table whose label column is named",
        ],
    );
    dir.run(&format!("{train} --label class")).done();
    let header = ["class", "weight", "length", "steel"];
    let samples = dir.text("m/samples.csv");
    let samples = cells(&samples);
    assert_eq!(samples[0], header);
    assert_eq!(
        [1, 2, 3].map(|row| samples[row][0]),
        ["cheap", "dear", "rare"]
    );

    // Cheap pieces are short, rare ones long.
    let length = |label: &str, expected: &str| {
        let sample = format!("sample m/model.safetensors -n 50 --label {label} -o x.csv");
        dir.run(&sample).done();
        let text = dir.text("x.csv");
        let lines = cells(&text);
        assert_eq!((&lines[0][..], lines.len()), (&header[..], 51));
        assert!(lines[1..].iter().all(|line| line[0] == expected), "{text}");
        let lengths = lines[1..]
            .iter()
            .map(|line| line[2].parse::<f32>().expect("a number"));
        lengths.sum::<f32>() / 50.0
    };
    let (cheap, rare) = (length("cheap", "cheap"), length("rare", "rare"));
    assert!(cheap < 8.0 && rare > 14.0, "{cheap}, {rare}");
    assert_eq!(length("2", "rare"), rare);

    let encode = "encode m/model.safetensors pieces.csv -o codes.csv";
    dir.run(encode).done();
    let decode = "decode m/model.safetensors codes.csv --label dear -o x.csv";
    dir.run(decode).done();
    let text = dir.text("x.csv");
    assert!(
        cells(&text)[1..].iter().all(|line| line[0] == "dear"),
        "{text}"
    );
    let traverse = "traverse m/model.safetensors --steps 3 --label";
    dir.run(&format!("{traverse} rare -o x.csv")).done();
    assert_eq!(cells(&dir.text("x.csv"))[6][0], "rare");
    for label in ["gold", "3", "-1"] {
        let words = format!("`--label` is {label}; the model knows `cheap`, `dear`, `rare`");
        dir.refused(&format!("{traverse} {label} -o y.csv"), 2, &[&words]);
    }
}
