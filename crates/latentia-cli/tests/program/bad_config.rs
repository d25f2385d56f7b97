//! Arguments and configurations that make no sense: wrong usage, exit code 2.

use crate::harness::{TINY, TestDir, table};

#[test]
fn numbers_out_of_range() {
    let dir = TestDir::new();
    let whole = "it must be a whole number of at least 1";
    let positive = "it must be a positive number";
    for (arguments, valid) in [
        ("--latent 0", whole),
        ("--latent -3", whole),
        ("--latent two", whole),
        ("--epochs 0", whole),
        ("--epochs -1", whole),
        ("--epochs 5000000000", whole),
        ("--batch-size 0", whole),
        ("--learning-rate nan", positive),
        ("--learning-rate inf", positive),
        ("--learning-rate 0", positive),
        ("--learning-rate -0.5", positive),
        ("--seed -1", "it must be a whole number from 0 to 2^64 - 1"),
        ("--threads 0", "1..=1024"),
    ] {
        let (name, value) = arguments.split_once(' ').expect("a name and a value");
        let seen = format!("invalid value '{value}' for '{name} ");
        dir.refused(&format!("train {arguments}"), 2, &[&seen, valid]);
    }
}

#[test]
fn a_model_larger_than_any_memory() {
    let dir = TestDir::new();
    for width in ["1000000000", "99999999999999999"] {
        dir.refused(
            &format!("train --latent {width}"),
            2,
            &[width, "parameters", "at most 1073741824"],
        );
    }
}

#[test]
fn arguments_that_exclude_each_other() {
    let dir = TestDir::new();
    dir.refused(
        "train --resume --force",
        2,
        &["'--resume [<RUN>]'", "'--force'"],
    );
    dir.refused("train --preset a --config b", 2, &["'--preset <NAME>'"]);
    dir.refused("encode m data", 2, &["--output <FILE>"]);
}

#[test]
fn an_output_of_unknown_ending() {
    let dir = TestDir::with([("m", &TINY[..]), ("c.csv", &b"1,2,3,4,5\n"[..])]);
    for (command, endings) in [
        (
            "encode m random -o c.txt",
            ".npy, .csv, .parquet, .svg or .html",
        ),
        (
            "encode m random -o c.png",
            ".npy, .csv, .parquet, .svg or .html",
        ),
        (
            "encode m random -o codes",
            ".npy, .csv, .parquet, .svg or .html",
        ),
        ("decode m c.csv -o r.jpg", ".png, .npy, .csv or .parquet"),
        (
            "reconstruct m random -o r.txt",
            ".png, .npy, .csv or .parquet",
        ),
    ] {
        let output = command.rsplit(' ').next().unwrap_or_default();
        let seen = format!("cannot tell the format of `{output}`; end it in {endings}");
        dir.refused(command, 2, &[&seen]);
    }
}

/// Trains with the preset `table`, in which `from` stands as `to`.
#[track_caller]
fn check_config(from: &str, to: &str, words: &[&str]) {
    let dir = TestDir::with([("t.csv", table(20).as_bytes())]);
    let preset = dir.run("presets table").done().stdout;
    assert!(preset.contains(from), "{preset}");
    dir.write("my.toml", preset.replacen(from, to, 1));
    dir.refused("train --config my.toml --data t.csv", 2, words);
}

#[test]
fn a_key_that_is_not_known() {
    let words = [
        "`my.toml`, line 18: unknown key `epoch`, expected one of `epochs`, `steps`, `batch-size`",
    ];
    check_config("epochs = 200", "epoch = 3", &words);
    let words = ["`my.toml`, line 9: unknown key `unit`, expected one of `units`, "];
    check_config("units = 128", "unit = 128", &words);
    check_config(
        "[training]",
        "[trainig]",
        &["line 17: unknown key `trainig`"],
    );
}

#[test]
fn a_value_that_is_not_possible() {
    let number = "expected a whole number, 0 or more";
    check_config("= 200", "= \"many\"", &["line 18", "\"many\"", number]);
    check_config("= 200", "= -3", &["line 18", "`-3`", number]);
    check_config("= 200", "= 0", &["`epochs` is 0; it must be 1 to 500000"]);
    check_config(
        "= 2e-3",
        "= -1.0",
        &["`learning-rate` is -1; it must be a positive number"],
    );
    check_config("= 32", "= 0", &["`batch-size` is 0; it must be at least 1"]);
    check_config(
        "= 0.1",
        "= 1.5",
        &["`validation` is 1.5", "less than 1, or `test`"],
    );
    check_config("= 0.1", "= \"tset\"", &["line 22", "a share", "\"test\""]);
    check_config(
        "\"relu\"",
        "\"rleu\"",
        &["line 9", "unknown value `rleu`", "`relu`"],
    );
    check_config(
        "\"cosine\"",
        "\"cosin\"",
        &["line 21", "unknown value `cosin`"],
    );
    check_config(
        "floor = 0.01",
        "floor = 7",
        &["`floor` is 7; it must be from 0 to 1"],
    );
    let adam = "optimizer = \"adam\"\nvalidation = 0.1";
    let table = "expected a table such as `{ kind = \"adam\" }`";
    check_config("validation = 0.1", adam, &["line 22", table]);
}

#[test]
fn a_value_where_a_table_belongs() {
    for (line, example) in [
        ("code = \"gaussian\"", "{ kind = \"gaussian\", units = 20 }"),
        ("condition = 10", "{ classes = 10 }"),
        ("corruption = 0.3", "{ kind = \"masking\", rate = 0.3 }"),
        ("objective = 4.0", "{ beta = 4.0 }"),
        (
            "objective = { kl-sparsity = 0.05 }",
            "{ weight = 1.0, target = 0.05 }",
        ),
    ] {
        let to = format!("{line}\nlikelihood =");
        let expected = format!("expected a table such as `{example}`");
        check_config("likelihood =", &to, &["`my.toml`, line 7", &expected]);
    }
}

#[test]
fn no_toml_at_all() {
    check_config("encoder = [", "encoder = ", &["`my.toml`, line 9: "]);
    check_config(
        "epochs = 200",
        "epochs = 2\nepochs = 3",
        &["line 19: duplicate key"],
    );
    let dir = TestDir::with([("empty.toml", &b""[..]), ("bytes.toml", b"\xff\xfe")]);
    dir.refused(
        "train --config empty.toml",
        2,
        &["`empty.toml`, line 1: missing key `model`"],
    );
    dir.refused(
        "train --config bytes.toml",
        2,
        &["`bytes.toml` is no text, or longer than 1048576 bytes"],
    );
}

#[test]
fn a_decoder_that_does_not_fit_the_data() {
    check_config(
        "    { layer = \"dense\" },",
        "    { layer = \"dense\", units = 7 },",
        &[
            "decoder ends with 7 elements",
            "an example has 3",
            "leave out `units`",
        ],
    );
    check_config(
        "units = 128",
        "units = 0",
        &["encoder: layer 0 (dense) has units 0"],
    );
    check_config(
        "units = 128",
        "units = 64000000000",
        &["parameters", "use smaller layers"],
    );
}

#[test]
fn a_sigmoid_before_a_likelihood_on_logits() {
    let dir = TestDir::new();
    let preset = dir.run("presets mnist").done().stdout;
    let decoder = "decoder = [{ layer = \"dense\" }]";
    assert!(preset.contains(decoder), "{preset}");
    let sigmoid = "decoder = [{ layer = \"dense\", activation = \"sigmoid\" }]";
    dir.write("my.toml", preset.replace(decoder, sigmoid));
    dir.refused(
        "train --config my.toml --data mnist-mini",
        2,
        &[
            "decoder ends with activation `sigmoid` under likelihood `bce`",
            "it works on logits and applies the sigmoid itself: leave the last activation out",
        ],
    );
    check_config(
        "\"columns\"",
        "\"bce\"",
        &[
            "likelihood `bce` does not fit preprocessing `standardise`",
            "`min-max`",
        ],
    );
}

#[test]
fn no_data_at_all() {
    let dir = TestDir::new();
    dir.refused(
        "train --preset table",
        2,
        &["preset `table` names no data; say what to train on with --data"],
    );
}
