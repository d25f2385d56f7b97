//! Data and models that are not what they should be: said what, where and what would be valid, and nothing written.

use crate::harness::{DIGITS, TINY, TestDir, idx, npy, npy_floats, numbers};
#[cfg(unix)]
use crate::harness::{LATENTIA, Ran};

/// Trains on one file, which is refused.
#[track_caller]
fn check_data(name: &str, content: &[u8], words: &[&str]) {
    let dir = TestDir::with([(name, content)]);
    let subject = format!("`{name}`: ");
    let words: Vec<&str> = words.iter().copied().chain([subject.as_str()]).collect();
    dir.refused(&format!("train --data {name} --out run"), 1, &words);
    dir.refused(&format!("data info {name}"), 1, &words);
}

#[test]
fn a_file_that_is_not_there() {
    let dir = TestDir::with([("m", &TINY[..])]);
    dir.refused("train --data t.csv", 1, &["no such file: `t.csv`"]);
    dir.refused("encode m t.npy -o c.npy", 1, &["no such file: `t.npy`"]);
    dir.refused(
        "inspect models/m",
        1,
        &["cannot read `models/m`: no such file or directory"],
    );
    dir.refused(
        "train --config my.toml",
        1,
        &["cannot read `my.toml`: no such file or directory"],
    );
}

#[test]
fn a_name_that_is_not_known() {
    let dir = TestDir::new();
    dir.refused(
        "train --data mnist-mnii",
        1,
        &["`mnist-mnii`", "did you mean `mnist-mini`?"],
    );
    dir.refused(
        "train --data faces",
        1,
        &["`faces`", "known sets are `mnist-mini`, `mnist`"],
    );
    dir.refused(
        "train --preset digts",
        2,
        &["`digts`", "did you mean `digits`?"],
    );
    dir.refused("presets mnsit", 2, &["`mnsit`", "did you mean `mnist`?"]);
    dir.refused(
        "train --preset unknown",
        2,
        &["no preset is called `unknown`", "there are digits, table"],
    );
}

#[test]
fn a_truncated_idx_file() {
    let whole = idx(&[10, 4, 4], &[7; 160]);
    check_data(
        "cut.idx",
        &whole[..100],
        &["length after the header: found 84 bytes, expected 160 bytes (dimensions [10, 4, 4])"],
    );
    check_data(
        "cut.idx",
        &whole[..9],
        &["dimensions in the IDX header: found 5 bytes, expected 12 bytes"],
    );
}

#[test]
fn an_idx_header_that_claims_more_than_there_is() {
    check_data(
        "claim.idx",
        &idx(&[4_000_000_000, 1000, 1000], &[0; 10]),
        &["found 10 bytes, expected 4000000000000000 bytes"],
    );
    check_data(
        "claim.idx",
        &idx(&[u32::MAX; 3], &[0; 10]),
        &[
            "[4294967295, 4294967295, 4294967295]",
            "expected fewer than 2^64 values",
        ],
    );
}

#[test]
fn a_damaged_gzip_file() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, &idx(&[10, 4, 4], &[7; 160])).expect("memory");
    let packed = encoder.finish().expect("memory");
    check_data(
        "cut.idx.gz",
        &packed[..packed.len() / 2],
        &["compressed data: found ", "expected an intact gzip file"],
    );
}

#[test]
fn a_csv_with_a_ragged_row() {
    check_data(
        "t.csv",
        b"a,b\n1,2\n3\n",
        &["line 3: found 1 field, expected 2 fields"],
    );
}

#[test]
fn a_csv_with_text() {
    check_data(
        "t.csv",
        b"age,height\n1,2\n3,tall\n",
        &["line 3, column `height`: found `tall`, expected a number"],
    );
}

#[test]
fn a_csv_in_utf_16() {
    check_data(
        "t.csv",
        b"\xff\xfea\0,\0b\0\n\0",
        &["found UTF-16, expected text in UTF-8: save the table as `CSV UTF-8`"],
    );
}

#[test]
fn a_csv_with_infinity() {
    check_data(
        "t.csv",
        b"1,2\n3,4\ninf,6\n",
        &["line 3, column 1: found `inf`, expected a finite number"],
    );
}

#[test]
fn an_npy_of_another_type() {
    check_data(
        "i.npy",
        &npy("<c8", "(2, 3)", &[0; 48]),
        &[
            "dtype: found `<c8`, expected integers, floats or booleans",
            ".astype('float32')",
        ],
    );
    check_data(
        "s.npy",
        &npy("<f4", "(6,)", &[0; 24]),
        &["shape in the header: found [6], expected two dimensions or more"],
    );
    check_data(
        "n.npy",
        &npy_floats(2, &[1.0, 2.0, 3.0, f32::INFINITY]),
        &["row 1, column 1 (from 0): found inf"],
    );
}

#[test]
fn no_examples() {
    let example = "expected one example or more";
    check_data("e.npy", &npy("<f4", "(0, 3)", &[]), &["[0, 3]", example]);
    check_data("e.idx", &idx(&[0, 28, 28], &[]), &["[0, 28, 28]", example]);
    let row = "expected one row of values or more";
    check_data("e.csv", b"", &["found nothing", row]);
    check_data("h.csv", b"a,b\n", &["found only a header", row]);
}

#[test]
fn a_file_of_no_known_kind() {
    check_data(
        "notes.rtf",
        b"a note",
        &["kind of file: found text, expected a table of text", ".csv"],
    );
    let dir = TestDir::with([("texts/a.txt", &b"a text"[..])]);
    dir.refused(
        "train --data texts",
        1,
        &["`texts`: pictures: found none, but `a.txt`, expected files that end in .png, .jpg, .jpeg, .webp, .bmp, .tif, .tiff or .gif"],
    );
}

#[test]
fn values_that_a_likelihood_gives_no_probability() {
    let values: Vec<f32> = numbers(300).map(|x| 20.0 * x - 5.0).collect();
    let dir = TestDir::with([("wide.npy", &npy_floats(6, &values)[..])]);
    let low = values.iter().copied().fold(f32::INFINITY, f32::min);
    let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let range = format!("ranges from {low} to {high}; ");
    let words = [
        "`wide.npy`: `bce` needs values in [0, 1]",
        &range,
        "`--preset table`",
    ];
    let ran = dir.refused("train --data wide.npy --preset digits", 1, &words);
    assert!(!ran.stderr.contains("epoch 1"), "{}", ran.stderr);
    // The hint is a good one, and what is done where no preset is asked for.
    dir.run("train --data wide.npy --preset table --epochs 1 --out t")
        .done();
    let ran = dir.run("train --data wide.npy --epochs 1 --out u --json");
    assert_eq!(ran.done().json()["preset"], "table");
}

#[test]
fn a_part_that_the_data_does_not_have() {
    let dir = TestDir::with([("m", &TINY[..])]);
    dir.refused(
        "encode m random:test -o c.npy",
        2,
        &["`random` has no parts; leave out `:test`"],
    );
    dir.refused(
        "train --data mnist-mini:test",
        2,
        &["`mnist-mini` without `:test`"],
    );
}

#[test]
fn data_of_another_width_than_the_model() {
    let dir = TestDir::with([
        ("digits", &DIGITS[..]),
        ("tiny", &TINY[..]),
        ("t.csv", &b"1,2,3\n"[..]),
    ]);
    let words = ["`t.csv` has 3 values an example, the model takes 784 (28x28)"];
    for command in [
        "evaluate digits --data t.csv",
        "encode digits t.csv -o c.npy",
        "reconstruct digits t.csv -o r.png",
    ] {
        dir.refused(command, 1, &words);
    }
    dir.refused(
        "encode tiny t.csv -o c.npy",
        1,
        &["`t.csv` has 3 values an example, the model takes 10\n"],
    );
    dir.refused(
        "decode tiny t.csv -o r.npy",
        1,
        &[
            "`t.csv` has 3 values a code, the model takes 5",
            "`latentia encode`",
        ],
    );
}

#[test]
fn a_model_that_is_none() {
    let dir = TestDir::with([
        ("t.csv", &b"1,2,3\n"[..]),
        ("runs/a/model.safetensors", b""),
    ]);
    dir.refused(
        "inspect t.csv",
        1,
        &["`t.csv` is no model file, or is cut short"],
    );
    dir.refused(
        "inspect runs/a",
        1,
        &["`runs/a` is a folder; its model is `runs/a/model.safetensors`"],
    );
    dir.refused("inspect runs", 1, &["`runs` is a folder"]);
    // A tensor of somebody else's.
    let header = br#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header);
    file.extend([0; 4]);
    dir.write("other.safetensors", file);
    dir.refused(
        "inspect other.safetensors",
        1,
        &["`other.safetensors` is a safetensors file without the key `latentia`"],
    );
}

#[test]
fn a_model_file_cut_short() {
    let dir = TestDir::new();
    let whole = &TINY[..];
    for length in [0, 1, 7, 8, 100, whole.len() / 2, whole.len() - 1] {
        dir.write("m", &whole[..length]);
        dir.refused("inspect m", 1, &["`m` is no model file, or is cut short"]);
    }
    dir.write("m", [whole, b"x"].concat());
    dir.refused("inspect m", 1, &["`m` is no model file"]);
}

#[test]
fn a_model_file_with_a_flipped_byte_never_loads_as_another() {
    let dir = TestDir::with([("m", &TINY[..])]);
    let sound = dir.run("inspect m --json").done().stdout;
    let mut loaded = Vec::new();
    // The whole beginning, then a sample; a prime stride meets every offset in a word.
    let positions = (0..64).chain((64..TINY.len()).step_by(7));
    for position in positions {
        let mut file = TINY.clone();
        // Now one bit, now many.
        file[position] ^= [0x01, 0x80, 0xff, 0x20][position % 4];
        dir.write("m", &file);
        let ran = dir.run("inspect m --json");
        if ran.code == 0 {
            assert_eq!(ran.stdout, sound, "byte {position}");
            loaded.push(position);
        } else {
            ran.fails(1, &["`m` "]);
        }
    }
    // What may differ without harm is a blank or two.
    assert!(loaded.len() < 3, "{loaded:?}");
}

#[test]
fn a_model_of_a_newer_format() {
    let format = br#"{\"format\":1,"#;
    let at = TINY
        .windows(format.len())
        .position(|window| window == format);
    let mut file = TINY.clone();
    file[at.expect("the format") + format.len() - 2] = b'2';
    let dir = TestDir::with([("m", &file[..])]);
    dir.refused(
        "inspect m",
        1,
        &["`m` has format 2; this version reads up to 1: use a newer latentia"],
    );
}

#[test]
fn data_that_a_model_was_trained_on_and_is_gone() {
    let dir = TestDir::with([("t.csv", &b"1,2,3\n4,5,6\n"[..])]);
    dir.run("train --data t.csv --epochs 1 --out .").done();
    std::fs::remove_file(dir.path("t.csv")).expect("a file");
    dir.refused(
        "evaluate model.safetensors",
        1,
        &["no such file: `t.csv`; the model was trained on it, --data names other data"],
    );
}

#[cfg(unix)]
#[test]
fn a_pipe_that_ends_too_early() {
    let dir = TestDir::new();
    let whole = npy("<f4", "(1000, 4)", &[0; 16_000]);
    dir.write("whole.npy", &whole);
    dir.write("half.npy", &whole[..whole.len() / 2]);
    for (content, fails) in [("half.npy", true), ("whole.npy", false)] {
        let script = format!(
            "rm -f data.npy; mkfifo data.npy; cat {content} >data.npy & exec \"$LATENTIA\" train --data data.npy \
             --preset table --epochs 1 --memory 1K --force --out run"
        );
        let mut command = dir.command("sh");
        command.args(["-c", &script]).env("LATENTIA", LATENTIA);
        let ran = Ran::of(command);
        match fails {
            true => ran.fails(
                1,
                &[
                    "`data.npy`: length after the header: found ",
                    ", expected 16000 bytes",
                ],
            ),
            false => ran.done(),
        };
    }
}

/// Starts a long training whose examples stay in `data.npy`, and waits for its first epoch.
fn training_from_a_file(dir: &TestDir) -> std::process::Child {
    let values: Vec<f32> = numbers(40_000).collect();
    dir.write("data.npy", npy_floats(4, &values));
    let child = dir.start(
        "train --data data.npy --preset table --epochs 100000 --memory 1K --checkpoint-every 100 --out run",
    );
    dir.wait_until("an epoch", || dir.text("stderr").contains("epoch 1/"));
    child
}

#[test]
fn a_file_that_is_cut_off_while_it_is_read() {
    let dir = TestDir::new();
    let mut child = training_from_a_file(&dir);
    let file = std::fs::File::options()
        .write(true)
        .open(dir.path("data.npy"));
    file.and_then(|file| file.set_len(1000))
        .expect("our own file");
    assert_eq!(child.wait().expect("an end").code(), Some(1));
    let said = dir.text("stderr");
    let message = "error: cannot read the examples: `data.npy` has changed since it was loaded\n";
    assert!(said.ends_with(message), "{said}");
    // What was learned is there.
    assert!(said.contains("kept the model of epoch "), "{said}");
    let kept = [
        "checkpoint.safetensors",
        "command.json",
        "metrics.csv",
        "metrics.jsonl",
        "model.safetensors",
    ];
    assert_eq!(dir.names("run"), kept);
}

#[cfg(unix)]
#[test]
fn a_file_that_vanishes_while_it_is_read_is_read_on() {
    let dir = TestDir::new();
    let mut child = training_from_a_file(&dir);
    std::fs::remove_file(dir.path("data.npy")).expect("our own file");
    std::thread::sleep(std::time::Duration::from_millis(300));
    let kill = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.is_ok_and(|status| status.success()));
    assert_eq!(
        child.wait().expect("an end").code(),
        Some(130),
        "{}",
        dir.text("stderr")
    );
}

#[test]
fn memory_is_a_size() {
    let dir = TestDir::new();
    for wrong in ["1.5G", "G", "-1", "1T", "99999999999G"] {
        dir.refused(
            &format!("train --memory {wrong}"),
            2,
            &["it must be a whole number of bytes, or of K, M or G"],
        );
    }
}

#[cfg(unix)]
#[test]
fn a_temporary_folder_that_is_not_there_is_named() {
    let dir = TestDir::with([("t.csv", b"1,2\n3,4\n")]);
    let mut command = dir.command(LATENTIA);
    command
        .args(["data", "info", "t.csv", "--memory", "1"])
        .env("TMPDIR", "/nowhere");
    Ran::of(command).fails(
        1,
        &["cannot keep the values of `t.csv` on the disk in `/nowhere`, set TMPDIR to a folder with room for them: no such file"],
    );
}

#[test]
fn no_mistake_is_answered_with_what_destroys() {
    let dir = TestDir::new();
    for command in [
        "",
        "train",
        "evaluate m",
        "encode m x",
        "compress m x",
        "inspect m",
        "presets",
        "data list",
        "data fetch mnist",
    ] {
        for flag in ["--skip", "--frce", "--forces", "--for"] {
            let ran = dir.run(&format!("{command} {flag} x"));
            let ran = ran.fails(2, &["unexpected argument", flag]);
            let others = ran.stderr.replace(flag, "");
            assert!(
                !others.contains("--force"),
                "{command} {flag}: {}",
                ran.stderr
            );
        }
    }
    // What does no harm is suggested all the same.
    let ran = dir.refused(
        "train --epoch 3",
        2,
        &["a similar argument exists: '--epochs'"],
    );
    assert!(
        ran.stderr.contains("Usage: latentia train"),
        "{}",
        ran.stderr
    );
    let ran = dir.refused("train --frce", 2, &["Usage: latentia train [OPTIONS]"]);
    assert!(!ran.stderr.contains("similar"), "{}", ran.stderr);
}
