//! Rows that are scored as they come.
#![allow(clippy::print_stderr, reason = "a test that is left out says so")]

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::LazyLock;

use serde_json::Value;

use crate::harness::{LATENTIA, Ran, TestDir, npy_floats, numbers};

/// Pieces of which weight and length follow from the kind; the weight is missing in every ninth row.
fn piece(i: usize, noise: f32) -> String {
    let (kind, scale) = [("nut", 1.0), ("bolt", 3.0), ("rod", 9.0)][i % 3];
    let weight = match i % 9 {
        5 => String::new(),
        _ => format!("{:.2}", scale * (5.0 + noise)),
    };
    let length = scale * 2.0 + (i % 5) as f32;
    format!("piece-{i},{kind},{weight},{length:.1}\n")
}

fn pieces(count: usize) -> String {
    let rows = (0..count).zip(numbers(count));
    let rows: String = rows.map(|(i, noise)| piece(i, noise)).collect();
    format!("name,kind,weight,length\n{rows}")
}

/// A model of pieces, with its detector.
static PIECES: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let dir = TestDir::with([("pieces.csv", pieces(300).as_bytes())]);
    dir.run("detect --train pieces.csv --id name --save m.safetensors")
        .done();
    dir.read("m.safetensors")
});

/// Two rows that belong, one that does not, and one without a weight.
const NEW: &str = "name,kind,weight,length\n\
    x-1,nut,5.5,3.0\n\
    x-2,rod,48.0,20.0\n\
    x-3,rod,900.0,1.0\n\
    x-4,bolt,,8.0\n";

const FOLLOW: &str = "detect m - --follow";

fn dir() -> TestDir {
    TestDir::with([("m", &PIECES[..]), ("new.csv", NEW.as_bytes())])
}

/// Runs the program with this on its standard input.
#[track_caller]
fn fed(dir: &TestDir, arguments: &str, input: &str) -> Ran {
    dir.write("input", input);
    let mut command = dir.command("sh");
    command.args(["-c", &format!("\"$0\" {arguments} < input"), LATENTIA]);
    Ran::of(command)
}

/// The objects on stdout, one a line.
fn answers(ran: &Ran) -> Vec<Value> {
    let line = |line| serde_json::from_str(line).expect("JSON");
    ran.stdout.lines().map(line).collect()
}

/// A run that is fed line by line.
struct Following {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Following {
    fn start(dir: &TestDir, arguments: &str) -> Self {
        let stderr = File::create(dir.path("stderr")).expect("a file");
        let mut child = dir
            .command(LATENTIA)
            .args(arguments.split_whitespace())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .expect("the program starts");
        Self {
            input: child.stdin.take().expect("a pipe"),
            output: BufReader::new(child.stdout.take().expect("a pipe")),
            child,
        }
    }

    fn write(&mut self, text: &str) {
        self.input.write_all(text.as_bytes()).expect("it is read");
    }

    /// Waits for an answer: for ever, where none comes before the next row.
    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line:?}"))
    }

    fn end(self) -> Option<i32> {
        let Self {
            mut child, input, ..
        } = self;
        drop(input);
        child.wait().expect("an end").code()
    }
}

#[test]
fn a_row_is_answered_before_the_next_is_sent() {
    let dir = dir();
    let mut following = Following::start(&dir, FOLLOW);
    for (number, line) in NEW.split_inclusive('\n').enumerate() {
        following.write(line);
        if let Some(example) = number.checked_sub(1) {
            let answer = following.answer();
            assert_eq!(answer["example"], example, "{answer}");
            assert_eq!(answer["id"], format!("x-{number}"), "{answer}");
        }
    }
    // An error is an answer too, and half a row is none.
    following.write("x-5,nut,heavy,3.0\nx-6,nut,");
    assert!(following.answer()["error"].is_string());
    following.write("5.5,3.0\n");
    assert_eq!(following.answer()["id"], "x-6");
    assert_eq!(following.end(), Some(1));
}

#[test]
fn answers_are_those_of_detect_on_the_file() {
    let dir = dir();
    for rule in ["", "--false-alarm 0.2", "--threshold -0.5", "--no-ids"] {
        dir.run(&format!("detect m new.csv -n 1 -o whole.jsonl {rule}"))
            .done();
        let ran = fed(&dir, &format!("{FOLLOW} {rule}"), NEW).done();
        let own = answers(&ran);
        let whole = dir.text("whole.jsonl");
        let whole = whole
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"));
        let whole: Vec<Value> = whole.collect();
        assert_eq!(own.len(), 4);
        for (own, whole) in own.iter().zip(whole) {
            let flagged = own["flag"] == true;
            assert_eq!(own.get("reasons").is_some(), flagged, "{own}");
            assert_eq!(own.get("id").is_some(), rule != "--no-ids", "{own}");
            for (key, value) in own.as_object().expect("an object") {
                assert_eq!(*value, whole[key], "{key}: {own}, {whole}");
            }
        }
        assert_eq!(own[2]["flag"], true);
        assert_eq!(own[2]["reasons"][0]["column"], "weight");
    }
    // The default is a rate of false alarms of 1 %.
    let of = |rule: &str| fed(&dir, &format!("{FOLLOW} {rule}"), NEW).done().stdout;
    assert_eq!(of(""), of("--false-alarm 0.01"));
    assert_ne!(of(""), of("--threshold -0.5"));
}

#[test]
fn columns_are_matched_by_the_names_of_the_first_line() {
    let dir = dir();
    let plain = fed(&dir, FOLLOW, NEW).done();
    let other = "length;note;kind;name;weight\n\
        3,0;\"a\nb\";nut;x-1;5,5\n\
        20,0;c;rod;x-2;48,0\n\
        1,0;;rod;x-3;900,0\n\
        8,0;;bolt;x-4;NA\n";
    let ran = fed(&dir, FOLLOW, other).done();
    assert_eq!(ran.stdout, plain.stdout);
    for note in [
        "`standard input`: fields are parted by `;`",
        "left out, as the model does not know them: `note`",
        "its columns are put into the model's order",
    ] {
        assert!(ran.stderr.contains(note), "{}", ran.stderr);
    }
    // Without names, by their position: without those that are not learned from, too.
    let (_, rows) = NEW.split_once('\n').expect("lines");
    let ran = fed(&dir, FOLLOW, rows).done();
    assert_eq!(ran.stdout, plain.stdout);
    assert!(
        ran.stderr.contains("matched by their position"),
        "{}",
        ran.stderr
    );
    let rows = rows
        .lines()
        .map(|row| row.split_once(',').expect("fields").1);
    let rows = rows.collect::<Vec<_>>().join("\n");
    let no_ids = fed(&dir, &format!("{FOLLOW} --no-ids"), NEW).done();
    assert_eq!(fed(&dir, FOLLOW, &rows).done().stdout, no_ids.stdout);
    let words = ["`standard input` has no column `weight`"];
    fed(&dir, FOLLOW, "name,kind,length\nx-1,nut,3.0\n").fails(1, &words);
    fed(&dir, FOLLOW, "").fails(1, &["`standard input`: rows: found nothing"]);
    assert_eq!(
        fed(&dir, FOLLOW, "name,kind,weight,length\n").done().stdout,
        ""
    );
}

#[test]
fn a_row_that_cannot_be_read_is_not_the_end() {
    let dir = dir();
    let input = "name,kind,weight,length\n\
        x-1,nut,5.5,3.0\n\
        x-2,nut,5.5\n\
        x-3,screw,5.5,3.0\n\
        x-4,nut,\"5.5,3.0\n\
        x-5,nut,heavy,long\n\
        x-6,nut,5.5,3.0\n";
    let ran = fed(&dir, FOLLOW, input);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr
            .ends_with("error: 4 of 6 rows could not be scored\n"),
        "{}",
        ran.stderr
    );
    let own = answers(&ran);
    assert_eq!(own.len(), 6);
    for (number, words) in [
        (1, "line 3: found 3 fields, expected 4 fields"),
        (2, "line 4, column `kind`: found `screw`, expected one of `"),
        (
            3,
            "line 5: found a quote that opens a field and is not closed",
        ),
        (
            4,
            "line 6, column `weight`: found `heavy`, expected a number",
        ),
        (
            4,
            "line 6, column `length`: found `long`, expected a number",
        ),
    ] {
        let (own, example) = (&own[number], number);
        assert_eq!(own["example"], example);
        let said = own["error"].as_str().expect("an error");
        assert!(said.contains(words) && own.get("score").is_none(), "{own}");
    }
    assert_eq!(
        (&own[5]["example"], &own[5]["id"]),
        (&5.into(), &"x-6".into())
    );
    assert_eq!(own[5]["score"], own[0]["score"]);

    let ran = fed(&dir, &format!("{FOLLOW} --strict"), input);
    assert_eq!((ran.code, answers(&ran).len()), (1, 2));
    assert!(
        ran.stderr
            .contains("error: `standard input`: line 3: found 3 fields")
    );
}

#[test]
fn rows_of_plain_numbers_are_matched_by_their_position() {
    // A window of a wave a row, as a series is cut into.
    let wave = |i: usize| {
        let of = |t: usize| format!("{:.4}", (0.7 * (i + t) as f32).sin());
        (0..8).map(of).collect::<Vec<_>>().join(",")
    };
    let rows: Vec<String> = (0..200).map(wave).collect();
    let dir = TestDir::with([("w.csv", rows.join("\n").as_bytes())]);
    let array: Vec<f32> = rows
        .iter()
        .flat_map(|row| row.split(','))
        .map(|x| x.parse().expect("a number"))
        .collect();
    dir.write("w.npy", npy_floats(8, &array));
    let odd = format!("{}\n0,0,0,9,0,0,0,0\n1,2,3\n", rows[0]);
    for data in ["w.csv", "w.npy"] {
        dir.run(&format!("detect --train {data} --save m.safetensors"))
            .done();
        let ran = fed(&dir, "detect m.safetensors - --follow", &odd);
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        let own = answers(&ran);
        assert_eq!(
            (own.len(), &own[0]["flag"], &own[1]["flag"]),
            (3, &false.into(), &true.into())
        );
        assert_eq!(own[1]["reasons"][0]["column"], "4", "{}", own[1]);
        let said = own[2]["error"].as_str().expect("an error");
        assert!(said.contains("found 3 fields, expected 8 fields"), "{said}");
    }
}

#[test]
fn a_model_is_trained_and_then_follows() {
    let dir = TestDir::with([("pieces.csv", pieces(100).as_bytes())]);
    let ran = fed(
        &dir,
        "detect --train pieces.csv --id name - --follow --false-alarm 0.001",
        NEW,
    )
    .done();
    let own = answers(&ran);
    assert_eq!((own.len(), &own[2]["flag"]), (4, &true.into()));
    assert!(
        ran.stderr.contains("warning: too few rows to calibrate"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_conditional_model_takes_the_class_of_each_row() {
    let dir = TestDir::with([("pieces.csv", pieces(90).as_bytes())]);
    dir.write(
        "c.toml",
        "
        [model]
        preprocessing = 'standardise'
        likelihood = 'columns'
        condition = { classes = 3 }
        encoder = [{ layer = 'dense', units = 8 }]
        decoder = [{ layer = 'dense' }]
        [training]
        epochs = 5
        ",
    );
    dir.run("train --config c.toml --data pieces.csv --label kind --id name --out m")
        .done();
    let input = "kind,weight,length,name\nnut,5.5,3.0,x-1\nscrew,5.5,3.0,x-2\nrod,48.0,20.0,x-3\n";
    let detect = "detect m/model.safetensors";
    let ran = fed(&dir, &format!("{detect} - --follow"), input);
    let own = answers(&ran);
    assert_eq!((ran.code, own.len()), (1, 3), "{}", ran.stderr);
    let said = own[1]["error"].as_str().expect("an error");
    assert!(said.contains("3 classes"), "{said}");
    // The others are what they are beside rows of other classes.
    dir.write("new.csv", input.replace("screw,5.5,3.0,x-2\n", ""));
    dir.run(&format!("{detect} new.csv -n 1 -o whole.jsonl"))
        .done();
    let whole = dir.text("whole.jsonl");
    let whole = whole
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    let whole: Vec<Value> = whole.collect();
    assert_eq!(
        [&own[0]["score"], &own[2]["score"]],
        [&whole[0]["score"], &whole[1]["score"]]
    );
}

#[test]
fn what_cannot_be_followed_is_refused() {
    let dir = dir();
    for (arguments, words) in [
        (
            "detect m new.csv --follow",
            "--follow reads standard input, `-`, not `new.csv`",
        ),
        (
            "detect m --follow",
            "`… | latentia detect MODEL - --follow`",
        ),
        (
            "detect --train new.csv --follow",
            "`… | latentia detect MODEL - --follow`",
        ),
        ("detect --train new.csv new.csv --follow", "not `new.csv`"),
        (
            "detect --train - - --follow",
            "--train `-`: --follow reads standard input",
        ),
        (
            "detect m - --reference - --follow",
            "--reference `-`: --follow reads standard input",
        ),
        (
            "detect m - --follow --json",
            "'--follow' cannot be used with '--json'",
        ),
        (
            "detect m - --follow --fdr 0.1",
            "'--follow' cannot be used with",
        ),
    ] {
        dir.refused(arguments, 2, &[words]);
    }
    dir.run("train --preset digits --data mnist-mini --epochs 1 --out d")
        .done();
    let ran = fed(&dir, "detect d/model.safetensors - --follow", "1,2\n");
    ran.fails(
        2,
        &["--follow scores rows of a table; the model takes pictures, examples of shape 28x28"],
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_is_refused() {
    let dir = dir();
    let mut command = dir.command("script");
    command.args(["-qec", &format!("{LATENTIA} {FOLLOW}"), "/dev/null"]);
    let Ok(output) = command.stdin(Stdio::null()).output() else {
        eprintln!("left out: `script` is not on this machine");
        return;
    };
    let shown = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(2), "{shown}");
    assert!(
        shown.contains("standard input is a terminal; --follow reads"),
        "{shown}"
    );
}

#[test]
fn a_reader_that_has_read_enough_ends_it_quietly() {
    let dir = dir();
    let Following {
        mut child,
        mut input,
        output,
    } = Following::start(&dir, FOLLOW);
    drop(output);
    // It ends at the first answer: what is written to it later goes nowhere.
    let _ = input.write_all(NEW.as_bytes());
    assert_eq!(child.wait().expect("an end").code(), Some(0));
    assert!(
        !dir.text("stderr").contains("error"),
        "{}",
        dir.text("stderr")
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_quietly() {
    let dir = dir();
    for signal in ["-INT", "-TERM"] {
        let mut following = Following::start(&dir, FOLLOW);
        following.write(NEW);
        for _ in 0..4 {
            following.answer();
        }
        let id = following.child.id().to_string();
        let status = std::process::Command::new("kill")
            .args([signal, &id])
            .status();
        assert!(status.expect("`kill` starts").success());
        let status = following.child.wait().expect("an end");
        let said = dir.text("stderr");
        assert_eq!(status.code(), Some(130), "{said}");
        assert!(
            !said.contains("error") && !said.contains("panicked"),
            "{said}"
        );
    }
}
