//! Commands whose examples several processes share.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

/// Commands, and the files that they write; `MODEL` and `DATA` stand for both. What they print counts too.
const COMMANDS: [(&str, &[&str]); 7] = [
    ("encode MODEL DATA -o codes.npy", &["codes.npy"]),
    ("encode MODEL DATA -o codes.csv", &["codes.csv"]),
    ("detect MODEL DATA --json -o scores.csv", &["scores.csv"]),
    ("compress MODEL DATA -o small.ltc --json", &["small.ltc"]),
    // They are not shared.
    ("evaluate MODEL --data DATA --json", &[]),
    ("reconstruct MODEL DATA -o back.npy", &["back.npy"]),
    ("encode MODEL mnist-mini -o codes.svg", &["codes.svg"]),
];

/// Seconds differ from run to run.
const SECONDS: &str = "compress_seconds";

/// Several processes write and print what one does.
pub fn check(program: &Path, folder: &Path) -> anyhow::Result<()> {
    let folder = folder.join("shares");
    fs::create_dir_all(&folder)?;
    let run = |arguments: &str| alone(program, &folder, arguments);
    run("train --preset vae-20 --data mnist-mini --seed 3 --epochs 2 --out run --force")?;
    // Of several chunks, and of several parts that are scored together.
    run("sample run/model.safetensors -n 6001 --seed 3 -o data.npy")?;
    for (command, files) in COMMANDS {
        let command = command
            .replace("MODEL", "run/model.safetensors")
            .replace("DATA", "data.npy");
        let results = |ranks: usize| -> anyhow::Result<Vec<Vec<u8>>> {
            for file in files {
                let _ = fs::remove_file(folder.join(file));
            }
            let printed = match ranks {
                1 => alone(program, &folder, &command)?,
                _ => several(program, &folder, &command, ranks)?,
            };
            let printed = printed.lines().filter(|line| !line.contains(SECONDS));
            let mut results = vec![printed.collect::<Vec<_>>().join("\n").into_bytes()];
            for file in files {
                results.push(fs::read(folder.join(file)).with_context(|| command.clone())?);
            }
            Ok(results)
        };
        let expected = results(1)?;
        for ranks in [2, 3] {
            ensure!(
                results(ranks)? == expected,
                "{command}: {ranks} processes have other bytes"
            );
        }
    }
    println!(
        "mpi shares: the bytes of one process of {} commands",
        COMMANDS.len()
    );
    standard_input(program, &folder)?;
    said_once(program, &folder)?;
    different(program, &folder)
}

/// What the first process is given through a pipe, all of them learn from, and encode.
fn standard_input(program: &Path, folder: &Path) -> anyhow::Result<()> {
    for (arguments, file) in [
        (
            "train --preset vae-20 --data - --seed 3 --epochs 1 --out piped --force",
            "piped/model.safetensors",
        ),
        ("encode run/model.safetensors - -o codes.npy", "codes.npy"),
    ] {
        let written = |ranks: usize| -> anyhow::Result<Vec<u8>> {
            let mut command = match ranks {
                1 => Command::new(program),
                _ => launched(program, ranks),
            };
            command.args(arguments.split(' ')).args(["--threads", "1"]);
            printed(command.stdin(File::open(folder.join("data.npy"))?), folder)?;
            Ok(fs::read(folder.join(file))?)
        };
        let expected = written(1)?;
        for ranks in [2, 3] {
            ensure!(
                written(ranks)? == expected,
                "{arguments}: {ranks} processes have other bytes"
            );
        }
    }
    println!("mpi shares: all processes read the standard input of the first");
    Ok(())
}

/// What is wrong for all processes is said by one, as is what they show.
fn said_once(program: &Path, folder: &Path) -> anyhow::Result<()> {
    for (arguments, words, code) in [
        ("encode --help", "Usage:", 0),
        ("encode --bogus", "unexpected argument", 2),
        (
            "train --resume nowhere",
            "`nowhere` holds no command.json",
            1,
        ),
        ("encode run/model.safetensors no.npy -o x.npy", "no.npy", 1),
    ] {
        let mut command = launched(program, 3);
        command.args(arguments.split(' ')).current_dir(folder);
        let output = command.output()?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        ensure!(
            output.status.code() == Some(code) && said.matches(words).count() == 1,
            "{arguments}: {} with {said}",
            output.status
        );
    }
    println!("mpi shares: help and errors come once");
    Ok(())
}

/// Processes with other examples are refused.
fn different(program: &Path, folder: &Path) -> anyhow::Result<()> {
    let run = |name: &str| {
        alone(
            program,
            folder,
            &format!("sample run/model.safetensors -n 9 --seed {name} -o {name}.npy"),
        )
    };
    run("1")?;
    run("2")?;
    let _ = fs::remove_file(folder.join("none.npy"));
    let own = "encode run/model.safetensors 1.npy -o none.npy";
    let mut command = mpirun(1);
    command
        .arg(program)
        .args(own.split(' '))
        .args([":", "-n", "1"]);
    command
        .arg(program)
        .args(own.replace("1.npy", "2.npy").split(' '));
    let output = command.current_dir(folder).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let expected = "process 1: error: its command line differs from that of the first process";
    ensure!(
        !output.status.success() && said.contains(expected) && !folder.join("none.npy").exists(),
        "other examples: {said}"
    );
    println!("mpi shares: processes that were asked for something else are refused");
    Ok(())
}

/// `ranks` processes of the program.
fn launched(program: &Path, ranks: usize) -> Command {
    let mut command = mpirun(ranks);
    command.arg(program);
    command
}

fn mpirun(ranks: usize) -> Command {
    let mut command = Command::new("mpirun");
    command.args(["--allow-run-as-root", "--oversubscribe", "-n"]);
    command.arg(ranks.to_string());
    command
}

/// What `ranks` processes print.
fn several(program: &Path, folder: &Path, arguments: &str, ranks: usize) -> anyhow::Result<String> {
    let mut command = launched(program, ranks);
    command.args(arguments.split(' '));
    printed(command.args(["--threads", "1"]), folder)
}

/// What one process prints.
fn alone(program: &Path, folder: &Path, arguments: &str) -> anyhow::Result<String> {
    printed(Command::new(program).args(arguments.split(' ')), folder)
}

fn printed(command: &mut Command, folder: &Path) -> anyhow::Result<String> {
    let output = command.current_dir(folder).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} failed: {said}");
    Ok(String::from_utf8(output.stdout)?)
}
