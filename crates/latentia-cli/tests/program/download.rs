//! Downloads that break off, from a server on this machine.
#![allow(clippy::print_stderr, reason = "a test that is left out says so")]

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

#[cfg(target_os = "linux")]
use crate::harness::LATENTIA;
use crate::harness::{Ran, TestDir};

/// How a server disappoints.
#[derive(Clone, Copy)]
enum Fault {
    None,
    /// It hangs up after so many bytes of an answer.
    HangsUp(usize),
    /// It says nothing more after so many bytes.
    FallsSilent(usize),
}

/// Serves the files of a folder until the end of the tests; gives its address.
fn serve(folder: PathBuf, fault: Fault) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming() {
            // The other side may hang up: that is one of the things tested.
            let _ = stream.and_then(|stream| answer(&folder, fault, stream));
        }
    });
    format!("http://{address}")
}

fn answer(folder: &Path, fault: Fault, mut to: TcpStream) -> io::Result<()> {
    let mut asked = String::new();
    let mut lines = BufReader::new(to.try_clone()?);
    while !asked.ends_with("\r\n\r\n") && lines.read_line(&mut asked)? > 0 {}
    let name = asked
        .split(' ')
        .nth(1)
        .unwrap_or_default()
        .trim_start_matches('/');
    let bytes = fs::read(folder.join(name))?;
    let lower = asked.to_ascii_lowercase();
    let range = lower
        .split_once("range: bytes=")
        .and_then(|(_, range)| range.split_once('-'));
    let start: usize = range.and_then(|(start, _)| start.parse().ok()).unwrap_or(0);
    let (rest, all) = (&bytes[start.min(bytes.len())..], bytes.len());
    let length = rest.len();
    match start {
        0 => write!(to, "HTTP/1.1 200 OK\r\n")?,
        _ => write!(
            to,
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {start}-{}/{all}\r\n",
            all - 1
        )?,
    }
    write!(to, "Connection: close\r\nContent-Length: {length}\r\n\r\n")?;
    match fault {
        Fault::None => to.write_all(rest),
        Fault::HangsUp(after) => to.write_all(&rest[..after.min(length)]),
        Fault::FallsSilent(after) => {
            to.write_all(&rest[..after.min(length)])?;
            thread::sleep(Duration::from_secs(600));
            Ok(())
        }
    }
}

/// A folder with all of MNIST, packed.
fn mnist() -> Option<PathBuf> {
    let variable = std::env::var_os("LATENTIA_DATA_DIR").map(PathBuf::from);
    let folder = variable.map(|folder| folder.join("mnist"));
    let folder = folder.filter(|folder| folder.join("train-images-idx3-ubyte.gz").is_file());
    if folder.is_none() {
        eprintln!("left out: LATENTIA_DATA_DIR names no folder with `mnist`, packed");
    }
    folder
}

const FIRST: &str = "sets/mnist/train-images-idx3-ubyte.gz";

fn fetch(dir: &TestDir, mirror: &str) -> Ran {
    dir.run(&format!("data fetch mnist --to sets --mirror {mirror}"))
}

#[test]
fn a_download_that_broke_off_goes_on_where_it_was() {
    let Some(folder) = mnist() else { return };
    let dir = TestDir::new();
    let broken = serve(folder.clone(), Fault::HangsUp(1_000_000));
    let mirror = format!("{broken}/train-images-idx3-ubyte.gz: ");
    fetch(&dir, &broken).fails(
        1,
        &[
            "could not download `train-images-idx3-ubyte.gz`, tried",
            &mirror,
        ],
    );
    // What came has another name than what is whole.
    assert_eq!(dir.names("sets/mnist"), ["train-images-idx3-ubyte.gz.part"]);
    assert_eq!(dir.read(&format!("{FIRST}.part")).len(), 1_000_000);
    fetch(&dir, &serve(folder.clone(), Fault::None)).done();
    assert_eq!(dir.names("sets/mnist").len(), 4);
    assert!(
        dir.read(FIRST) == fs::read(folder.join("train-images-idx3-ubyte.gz")).expect("a file")
    );
}

#[test]
fn a_killed_download_goes_on_where_it_was() {
    let Some(folder) = mnist() else { return };
    let dir = TestDir::new();
    let silent = serve(folder.clone(), Fault::FallsSilent(2_000_000));
    let mut child = dir.start(&format!("data fetch mnist --to sets --mirror {silent}"));
    let part = dir.path(&format!("{FIRST}.part"));
    dir.wait_until("some bytes", || {
        part.metadata().is_ok_and(|part| part.len() > 1_900_000)
    });
    child.kill().expect("it can be killed");
    child.wait().expect("an end");
    assert_eq!(dir.names("sets/mnist"), ["train-images-idx3-ubyte.gz.part"]);
    fetch(&dir, &serve(folder.clone(), Fault::None)).done();
    assert!(
        dir.read(FIRST) == fs::read(folder.join("train-images-idx3-ubyte.gz")).expect("a file")
    );
}

#[test]
fn files_of_another_content_are_not_taken() {
    let dir = TestDir::with([("wrong/train-images-idx3-ubyte.gz", b"something else")]);
    let mirror = serve(dir.path("wrong"), Fault::None);
    fetch(&dir, &mirror).fails(1, &["the sha-256 of its content is ", "expected ba891046"]);
    assert!(dir.names("sets/mnist").is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_but_fetch_needs_a_network() {
    let dir = TestDir::new();
    let mut probe = dir.command("unshare");
    if !probe
        .args(["-Urn", "true"])
        .status()
        .is_ok_and(|status| status.success())
    {
        eprintln!("left out: no network can be taken away here (`unshare -Urn`)");
        return;
    }
    let without = |arguments: &str| {
        let mut command = dir.command("unshare");
        command.args(["-Urn", LATENTIA]).args(arguments.split(' '));
        Ran::of(command)
    };
    let model = "runs/tiny/model.safetensors";
    without("train --preset tiny --epochs 1").done();
    for arguments in ["data list", "presets"] {
        without(arguments).done();
    }
    without(&format!("evaluate {model}")).done();
    without(&format!("encode {model} random -o codes.npy")).done();
    without("data fetch mnist --to sets")
        .fails(1, &["could not download", "hint: without a network"]);
}
