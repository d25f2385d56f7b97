//! A folder to run the program in, what came of it, and files to give it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// The program.
pub const LATENTIA: &str = env!("CARGO_BIN_EXE_latentia");

/// Longer than any run of these tests takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A fresh folder, in which the program runs.
pub struct TestDir {
    folder: TempDir,
}

impl TestDir {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder }
    }

    /// A folder with these files.
    pub fn with<const N: usize>(files: [(&str, &[u8]); N]) -> Self {
        let dir = Self::new();
        for (name, content) in files {
            dir.write(name, content);
        }
        dir
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        let folder = path.parent().expect("a name within the folder");
        fs::create_dir_all(folder).expect("a folder");
        fs::write(path, content).expect("a written file");
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).expect("text")
    }

    /// Every file in the folder and below, by its path in it.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        fn walk(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) {
            for entry in folder.read_dir().expect("a folder") {
                let entry = entry.expect("an entry");
                let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
                let path = entry.path();
                // A folder counts too: an empty one would also be left behind.
                match path.is_dir() {
                    true => {
                        walk(&path, &format!("{name}/"), files);
                        files.insert(format!("{name}/"), Vec::new());
                    }
                    false => {
                        files.insert(name, fs::read(path).expect("a file"));
                    }
                }
            }
        }
        let mut files = BTreeMap::new();
        walk(self.folder.path(), "", &mut files);
        files
    }

    /// Names of the files in a folder.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let entries = self.path(folder).read_dir().expect("a folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// A command that runs here and finds no data sets but those that a test puts here.
    pub fn command(&self, program: impl AsRef<OsStr>) -> std::process::Command {
        let mut command = std::process::Command::new(program);
        command
            .current_dir(self.folder.path())
            .env_remove("LATENTIA_DATA_DIR")
            .env("XDG_CACHE_HOME", self.path("no-cache"));
        command
    }

    /// Runs the program with arguments that have spaces between them.
    #[track_caller]
    pub fn run(&self, arguments: &str) -> Ran {
        self.run_with(arguments.split_whitespace())
    }

    #[track_caller]
    pub fn run_with(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ran {
        let mut command = self.command(LATENTIA);
        command.args(arguments);
        Ran::of(command)
    }

    /// Runs the program, which refuses with this exit code, says all of `words` and leaves the folder as it was.
    #[track_caller]
    pub fn refused(&self, arguments: &str, code: i32, words: &[&str]) -> Ran {
        let before = self.files();
        let ran = self.run(arguments).fails(code, words);
        let after = self.files();
        assert!(
            before == after,
            "{arguments}: there were {:?}, there are {:?}",
            before.keys(),
            after.keys()
        );
        ran
    }

    /// Starts the program and comes back at once; stdout is kept, stderr goes to the file `stderr`.
    pub fn start(&self, arguments: &str) -> Child {
        let stderr = fs::File::create(self.path("stderr")).expect("a file");
        self.command(LATENTIA)
            .args(arguments.split_whitespace())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .expect("the program starts")
    }

    /// Waits until something holds.
    #[track_caller]
    pub fn wait_until(&self, what: &str, holds: impl Fn() -> bool) {
        let start = Instant::now();
        while !holds() {
            assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
            thread::sleep(Duration::from_millis(2));
        }
    }
}

/// What came of a run.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    #[track_caller]
    pub fn of(command: std::process::Command) -> Self {
        let output = Command::from_std(command)
            .timeout(PATIENCE)
            .output()
            .expect("the program starts");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        let ran = Self {
            code: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        assert!(
            ran.code >= 0 && !ran.stderr.contains("panicked"),
            "ended by a panic or a signal: {}",
            ran.stderr
        );
        ran
    }

    #[track_caller]
    pub fn done(self) -> Self {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self
    }

    /// Nothing on stdout, the message on stderr.
    #[track_caller]
    pub fn fails(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(self.code, code, "{}", self.stderr);
        assert_eq!(self.stdout, "");
        let (_, message) = self.stderr.split_once("error: ").expect("an error");
        for word in words {
            assert!(message.contains(word), "`{word}` is not said: {message}");
        }
        assert!(!message.contains("os error"), "{message}");
        let first = message.lines().next().unwrap_or_default();
        assert!(!first.ends_with('.'), "{message}");
        self
    }

    /// The one object on stdout.
    #[track_caller]
    pub fn json(&self) -> Value {
        let value: Value = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error} in {}", self.stdout));
        assert!(value.is_object(), "{value}");
        value
    }
}

/// A model of digits, trained for two epochs.
pub static DIGITS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let dir = TestDir::new();
    dir.run("train --epochs 2").done();
    dir.read("runs/digits/model.safetensors")
});

/// A model of the built-in random numbers, small enough to be read a thousand times.
pub static TINY: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let dir = TestDir::new();
    dir.run("train --preset tiny --epochs 1").done();
    dir.read("runs/tiny/model.safetensors")
});

/// Numbers from 0 to 1 that look random.
pub fn numbers(count: usize) -> impl Iterator<Item = f32> {
    let next = |state: &u64| {
        let state = state.wrapping_mul(6_364_136_223_846_793_005);
        Some(state.wrapping_add(1_442_695_040_888_963_407))
    };
    std::iter::successors(Some(42), next)
        .map(|state| (state >> 40) as f32 / (1 << 24) as f32)
        .take(count)
}

/// A table with a header: two columns of random numbers, and one that follows from them.
pub fn table(rows: usize) -> String {
    let numbers: Vec<f32> = numbers(2 * rows).collect();
    let lines = numbers
        .chunks(2)
        .map(|pair| format!("{},{},{}\n", pair[0], 100.0 * pair[1], pair[0] - pair[1]));
    std::iter::once("a,b,c\n".to_string())
        .chain(lines)
        .collect()
}

/// An NPY file of any type.
pub fn npy(descr: &str, shape: &str, body: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(body);
    file
}

/// An NPY file of floats in rows of `cols`.
pub fn npy_floats(cols: usize, values: &[f32]) -> Vec<u8> {
    let body: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
    npy("<f4", &format!("({}, {cols})", values.len() / cols), &body)
}

/// The rows, the columns and the values of an NPY file of floats.
pub fn read_npy(file: &[u8]) -> (u64, u64, Vec<f32>) {
    let file = npyz::NpyFile::new(file).expect("an NPY file");
    let (rows, cols) = match file.shape() {
        &[rows, cols] => (rows, cols),
        shape => panic!("{shape:?}"),
    };
    (rows, cols, file.into_vec().expect("floats"))
}

/// An IDX file of bytes.
pub fn idx(sizes: &[u32], body: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 0x08, sizes.len() as u8];
    file.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
    file.extend(body);
    file
}

/// Width and height of a PNG file.
pub fn png_size(file: &[u8]) -> (u32, u32) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(file))
        .read_info()
        .expect("a PNG file");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut pixels).expect("a whole picture");
    (info.width, info.height)
}

/// The text between two marks that a page has once.
#[track_caller]
pub fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = page.split_once(from).expect("the first mark");
    let (text, rest) = rest.split_once(to).expect("the second mark");
    assert!(!rest.contains(from), "`{from}` is there twice");
    text
}

/// What a page of `report` is made of.
#[track_caller]
pub fn contents(page: &str) -> Value {
    let json = between(
        page,
        r#"<script type="application/json" id="contents">"#,
        "</script>",
    );
    serde_json::from_str(json).expect("JSON")
}
