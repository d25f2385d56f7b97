//! Data in other files than tables of text, and through a pipe.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::harness::{LATENTIA, Ran, TestDir, idx, npy, npy_floats, numbers, read_npy, table};

/// Runs the program with a file piped into it.
#[track_caller]
fn piped(dir: &TestDir, file: &str, arguments: &str) -> Ran {
    let mut command = dir.command("sh");
    command.args(["-c", &format!("cat {file} | \"$0\" {arguments}"), LATENTIA]);
    Ran::of(command)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("in memory");
    encoder.finish().expect("in memory")
}

#[test]
fn a_dash_is_standard_input_of_any_format() {
    let text = table(60);
    let rows = text.lines().skip(1).flat_map(|line| line.split(','));
    let values: Vec<f32> = rows.map(|x| x.parse().expect("a number")).collect();
    let dir = TestDir::with([
        ("t.csv", text.as_bytes()),
        ("t.csv.gz", &gzip(text.as_bytes())),
        ("semicolons.csv", text.replace(',', ";").as_bytes()),
        ("t.npy", &npy_floats(3, &values)),
    ]);
    dir.run("train --data t.csv --latent 2 --epochs 1 --out run")
        .done();
    dir.run("encode run/model.safetensors t.csv -o expected.npy")
        .done();
    let expected = read_npy(&dir.read("expected.npy"));
    assert_eq!((expected.0, expected.1), (60, 2));
    for file in ["t.csv", "t.csv.gz", "semicolons.csv", "t.npy"] {
        // Some of it in memory, or all.
        for memory in ["1G", "1"] {
            let encode = format!("encode run/model.safetensors - -o z.npy --memory {memory}");
            let ran = piped(&dir, file, &encode).done();
            assert!(read_npy(&dir.read("z.npy")) == expected, "{file}");
            let said = "`standard input`: fields are parted by `;`";
            assert_eq!(
                ran.stderr.contains(said),
                file == "semicolons.csv",
                "{}",
                ran.stderr
            );
        }
    }
    piped(
        &dir,
        "t.csv",
        "train --data - --latent 2 --epochs 1 --out piped",
    )
    .done();
    let images: Vec<u8> = (0..2 * 4).collect();
    dir.write("i.gz", gzip(&idx(&[2, 2, 2], &images)));
    let ran = piped(&dir, "i.gz", "data info -").done();
    assert!(ran.stdout.contains("2x2"), "{}", ran.stdout);
}

#[test]
fn what_is_wrong_with_standard_input_is_said_of_it() {
    let dir = TestDir::with([
        ("empty", &b""[..]),
        ("binary", b"\x00\x01\x02\x03\x04\x05\x06"),
        ("ragged", b"a,b\n1,2\n3\n"),
        ("utf16", b"\xff\xfea\0,\0b\0\n\0"),
        ("broken.gz", &gzip(b"1,2\n3,4\n")[..20]),
        ("text.npy", &npy("<U4", "(1, 1)", &[0; 16])),
    ]);
    for (file, words) in [
        ("empty", "rows: found nothing, expected one row"),
        (
            "binary",
            "kind of file: found first bytes [00, 01, 02, 03, 04, 05], expected",
        ),
        ("ragged", "line 3: found 1 field"),
        ("utf16", "text: found UTF-16"),
        ("broken.gz", "compressed data: found"),
        ("text.npy", "dtype: found `<U4`"),
    ] {
        let said = format!("`standard input`: {words}");
        let ran = piped(&dir, file, "train --data -").fails(1, &[&said]);
        assert!(!ran.stderr.contains("epoch"), "{}", ran.stderr);
    }
    assert!(!dir.path("runs").exists());
}

/// Of numpy.savez_compressed(x = 3 x 2 floats, y = [2, 0, 1]), and what numpy.savez makes of the first alone.
#[test]
fn archives_of_numpy_are_data() {
    let seed = |name: &str| {
        std::fs::read(format!("../../fuzz/seeds/npz/{name}")).expect("a seed of the fuzzer")
    };
    let dir = TestDir::with([
        ("both.npz", &seed("savez-compressed")[..]),
        ("one.npz", &seed("savez")),
    ]);
    let info = |file: &str| dir.run(&format!("data info {file}")).done().stdout;
    let (both, one) = (info("both.npz"), info("one.npz"));
    assert!(both.contains("yes") && one.contains("no"), "{both}{one}");
    let digest = |text: &str| text.lines().last().map(String::from);
    assert_eq!(digest(&both), digest(&one));
    assert_eq!(
        digest(&piped(&dir, "both.npz", "data info -").done().stdout),
        digest(&one)
    );
}

#[test]
fn integers_that_are_rounded_are_said() {
    let body: Vec<u8> = numbers(40)
        .flat_map(|x| (1_700_000_001 + i64::from(x > 0.5)).to_le_bytes())
        .collect();
    let dir = TestDir::with([("times.npy", &npy("<i8", "(20, 2)", &body)[..])]);
    let ran = dir.run("data info times.npy").done();
    let said =
        "`times.npy`: 40 whole numbers beyond 2^24 rounded to f32, 1700000001 to 1700000000 first";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
}

#[test]
fn a_model_of_a_table_takes_it_in_parquet() {
    // Columns a, b, c: 1.5, -2, 3; 1, 2, 3; true, false, true.
    let parquet = std::fs::read("../../fuzz/seeds/parquet/numbers").expect("a seed of the fuzzer");
    let dir = TestDir::with([
        ("t.parquet", &parquet[..]),
        ("t.csv", b"c,b,a\n1,1,1.5\n0,2,-2\n1,3,3\n"),
    ]);
    dir.run("train --data t.parquet --latent 2 --epochs 1 --out run")
        .done();
    let codes = |data: &str| {
        dir.run(&format!("encode run/model.safetensors {data} -o z.npy"))
            .done();
        read_npy(&dir.read("z.npy"))
    };
    let (own, other) = (codes("t.parquet"), codes("t.csv"));
    assert_eq!((own.0, own.1), (3, 2));
    assert!(own == other, "{own:?} {other:?}");
    piped(
        &dir,
        "t.parquet",
        "encode run/model.safetensors - -o piped.npy",
    )
    .done();
    assert!(read_npy(&dir.read("piped.npy")) == own);
}

/// What `data info` says of each column of a table: its name, its kind and how many cells are missing.
fn columns_of(dir: &TestDir, file: &str) -> Vec<(String, String, u64)> {
    let info = dir.run(&format!("data info {file} --json")).done().json();
    let columns = info["columns"].as_array().expect("columns");
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    let column = |own: &serde_json::Value| {
        let missing = own["missing"].as_u64().expect("a count");
        (text(&own["name"]), text(&own["kind"]), missing)
    };
    columns.iter().map(column).collect()
}

#[test]
fn what_a_model_of_a_table_gives_is_a_table_in_parquet() {
    let penguins = std::fs::read("../../docs/data/penguins.csv").expect("penguins");
    let dir = TestDir::with([("p.csv", &penguins[..])]);
    dir.run("train --preset table-imputation --data p.csv --label Species --epochs 2 --out run")
        .done();
    let run = |command: &str, rest: &str| {
        dir.run(&format!("{command} run/model.safetensors {rest}"))
            .done();
    };
    let own = columns_of(&dir, "p.csv");
    assert!(own.iter().any(|(.., gaps)| *gaps > 0), "{own:?}");
    let mut whole = own.clone();
    for (.., gaps) in &mut whole {
        *gaps = 0;
    }
    // The columns of the file are in its order; a reconstruction has its label first.
    run("impute", "p.csv -o filled.parquet");
    assert_eq!(columns_of(&dir, "filled.parquet"), whole);
    run("reconstruct", "p.csv -o r.parquet");
    assert_eq!(columns_of(&dir, "r.parquet"), whole);
    run("reconstruct", "p.csv -o r.parquet --no-ids");
    assert_eq!(columns_of(&dir, "r.parquet"), whole[1..]);

    // The same values as in a table of text, beside the label of each row.
    run("encode", "p.csv -o z.parquet");
    run("encode", "p.csv -o z.csv");
    let codes = columns_of(&dir, "z.parquet");
    assert_eq!((&*codes[0].0, &*codes[1].0), ("Species", "z1"));
    run("decode", "z.parquet -o from-parquet.npy");
    run("decode", "z.csv -o from-text.npy");
    assert!(dir.read("from-parquet.npy") == dir.read("from-text.npy"));
    run("detect", "p.csv -o scores.parquet");
    let scores = columns_of(&dir, "scores.parquet");
    let names: Vec<&str> = scores.iter().map(|(name, ..)| &**name).collect();
    let found = ["score", "training_share", "p_value", "flag", "reasons"];
    assert_eq!(names, [&["Species"], &found[..]].concat());
}

#[test]
fn arrays_in_several_files_are_one() {
    let values: Vec<f32> = numbers(180).collect();
    let dir = TestDir::with([
        ("whole.npy", &npy_floats(3, &values)[..]),
        ("part-0.npy", &npy_floats(3, &values[..60])),
        ("part-1.npy", &npy_floats(3, &values[60..])),
    ]);
    let train = |data: &str, out: &str| {
        let train = format!("train --preset table --data {data} --latent 2 --epochs 2 --out {out}");
        dir.run(&train).done()
    };
    train("whole.npy", "whole");
    let ran = train("part-*.npy", "parts");
    let said = "`part-*.npy`: 2 files one after another, `part-0.npy` to `part-1.npy`: 60 examples";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    let encode = |model: &str, data: &str| {
        dir.run(&format!("encode {model}/model.safetensors {data} -o z.npy"))
            .done();
        dir.read("z.npy")
    };
    assert!(encode("whole", "whole.npy") == encode("parts", "part-*.npy"));
    dir.refused(
        "train --data none-*.npy",
        1,
        &["`none-*.npy`: files: found none of such a name"],
    );
}
