//! `latentia data`, and where data sets are found.
#![allow(clippy::print_stderr, reason = "a test that is left out says so")]

use std::path::{Path, PathBuf};

use crate::harness::{LATENTIA, Ran, TestDir, idx, table};

/// Four files of the form of MNIST, three images and two.
fn write_small_set(dir: &TestDir, folder: &str) {
    for (part, count) in [("train", 3), ("t10k", 2)] {
        let images = idx(&[count, 4, 4], &vec![200; 16 * count as usize]);
        let labels = idx(&[count], &vec![1; count as usize]);
        dir.write(&format!("{folder}/{part}-images-idx3-ubyte"), images);
        dir.write(&format!("{folder}/{part}-labels-idx1-ubyte"), labels);
    }
}

/// Whether the distribution has brought MNIST, so that it cannot be missing.
fn is_installed() -> bool {
    let installed = Path::new("/usr/share/datasets/mnist").exists();
    if installed {
        eprintln!("left out: `mnist` is installed on this machine");
    }
    installed
}

#[test]
fn data_list_says_what_there_is_and_where() {
    if is_installed() {
        return;
    }
    let dir = TestDir::new();
    let list = dir.run("data list").done().stdout;
    for said in [
        "mnist-mini ",
        "; built in",
        "mnist ",
        "`latentia data fetch mnist` brings it",
        "fashion-mnist ",
        "random ",
        "shapes ",
    ] {
        assert!(list.contains(said), "`{said}` in {list}");
    }
    write_small_set(&dir, "sets/mnist");
    let list = dir.run("data list --data-dir sets").done().stdout;
    assert!(list.contains("; sets/mnist\n"), "{list}");
    let json = dir.run("data list --data-dir sets --json").done().json();
    let sets = json["sets"].as_array().expect("a list");
    let set = |name: &str| sets.iter().find(|set| set["name"] == name);
    assert_eq!(set("mnist").expect("known")["folder"], "sets/mnist");
    assert_eq!(set("mnist-mini").expect("known")["is_built_in"], true);
    let presets = dir.run("presets --json").done().json();
    assert_eq!(presets["presets"][0]["data"], "mnist-mini");
}

#[test]
fn data_info_describes_names_and_files() {
    let dir = TestDir::with([("t.csv", table(20).as_bytes())]);
    let info = |data: &str| dir.run(&format!("data info {data}")).done().stdout;
    let digits = info("mnist-mini");
    assert!(
        digits.contains("\ntrain     5,000  28x28   bytes"),
        "{digits}"
    );
    assert!(
        digits.contains("\ntest      1,000  28x28   bytes"),
        "{digits}"
    );
    let fingerprint = "6939ad12e16363cc2e5433601a798f23e242b4d91739d5f1ff7210cee812b71f";
    assert!(digits.contains(fingerprint), "{digits}");
    assert!(!info("mnist-mini:test").contains("train"));
    assert!(info("t.csv").contains("\nall         20      3  floats"));
}

#[test]
fn a_named_set_is_found_where_the_user_says() {
    let dir = TestDir::new();
    write_small_set(&dir, "sets/mnist");
    let by_argument = dir.run("data info mnist --data-dir sets").done().stdout;
    assert!(
        by_argument.contains("\ntrain         3    4x4"),
        "{by_argument}"
    );
    let mut command = dir.command(LATENTIA);
    command
        .args(["data", "info", "mnist"])
        .env("LATENTIA_DATA_DIR", dir.path("sets"));
    assert_eq!(Ran::of(command).done().stdout, by_argument);

    // What is suggested after a training finds it there, too.
    let ran = dir.run("train --data mnist --data-dir sets --latent 2 --epochs 1");
    let (_, encode) = ran
        .done()
        .stderr
        .split_once("latentia encode ")
        .map_or_else(
            || panic!("what to try next"),
            |(_, rest)| ((), rest.to_string()),
        );
    dir.run(&format!("encode {encode}")).done();
}

#[test]
fn a_set_that_is_not_here_comes_with_the_way_to_get_it() {
    if is_installed() {
        return;
    }
    let dir = TestDir::new();
    dir.refused(
        "train --preset mnist --data-dir nowhere",
        1,
        &[
            "`mnist` is in none of `nowhere`, ",
            "`latentia data fetch mnist` brings it",
        ],
    );
    dir.refused("data info mnsit", 1, &["`mnsit`", "did you mean `mnist`?"]);
    dir.refused("data fetch mnsit", 2, &["`mnsit`", "did you mean `mnist`?"]);
    dir.refused(
        "data fetch mnist --from nowhere --to sets",
        1,
        &["`nowhere` has no file `train-images-idx3-ubyte.gz`"],
    );
}

#[test]
fn fetch_does_not_believe_a_folder() {
    let dir = TestDir::new();
    write_small_set(&dir, "wrong");
    let words = [
        "wrong/train-images-idx3-ubyte",
        "sha-256",
        "expected ba891046",
    ];
    dir.run("data fetch mnist --from wrong --to sets")
        .fails(1, &words);
    assert!(dir.names("sets/mnist").is_empty());
    let ran = dir.run("data fetch mnist-mini").done();
    assert!(ran.stderr.contains("there is nothing to fetch"));
}

#[test]
fn fetch_takes_files_that_are_on_the_disk() {
    let variable = std::env::var_os("LATENTIA_DATA_DIR").map(PathBuf::from);
    let Some(folder) = variable.filter(|folder| folder.join("mnist").is_dir()) else {
        eprintln!("left out: LATENTIA_DATA_DIR names no folder with `mnist`");
        return;
    };
    let dir = TestDir::new();
    let fetch = || {
        let mut command = dir.command(LATENTIA);
        command
            .args(["data", "fetch", "mnist", "--to", "sets", "--from"])
            .arg(folder.join("mnist"));
        Ran::of(command).done().stderr
    };
    assert_eq!(fetch().matches(": copied\n").count(), 4);
    assert_eq!(fetch().matches(": already there\n").count(), 4);
    let info = dir.run("data info mnist --data-dir sets").done().stdout;
    assert!(info.contains("\ntrain    60,000  28x28"), "{info}");
    assert!(info.contains("\ntest     10,000  28x28"), "{info}");
}
