use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use flate2::{Compression, write::GzEncoder};
use latentia_data::NamedFile;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::content::names;
use super::download::Client;
use super::download::server::{Behaviour, Server, nobody, silent};
use super::options::FetchOptions;
use super::outcome::Outcome;
use super::partial_file::PartialFile;
use super::set::fetch_by;

fn gzip(content: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(content).expect("memory");
    encoder.finish().expect("memory")
}

/// Numbers that gzip can shorten only a little.
fn content() -> Vec<u8> {
    let next = |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
    std::iter::successors(Some(1), next)
        .map(|state| (state >> 24) as u8 & 127)
        .take(300_000)
        .collect()
}

fn wanted(content: &[u8]) -> NamedFile {
    NamedFile {
        name: "images",
        bytes: content.len() as u64,
        sha256: hex::encode(Sha256::digest(content)).leak(),
        compressed: false,
    }
}

/// A folder to fetch into.
struct TestDir(TempDir);

impl TestDir {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.0.path().join(name), bytes).expect("a written file");
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.path().join(name)).expect("a file")
    }

    fn names(&self) -> Vec<String> {
        let entries = self.0.path().read_dir().expect("a folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name())
            .map(|name| name.into_string().expect("a name"))
            .collect();
        names.sort();
        names
    }

    fn fetch(
        &self,
        file: NamedFile,
        mirrors: &[&str],
        from: Option<&Path>,
    ) -> anyhow::Result<Outcome> {
        let options = FetchOptions {
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_millis(500),
            ..FetchOptions::default()
        };
        let client = Client::without_proxy(&options);
        let mut last = 0;
        let mut progress = |name: &str, bytes: u64, total: Option<u64>| {
            assert_eq!(name, file.name);
            assert!(total.is_none_or(|total| bytes <= total));
            last = bytes;
        };
        let folder = self.0.path();
        let files = std::slice::from_ref(&file);
        let mut outcomes = fetch_by(&client, files, mirrors, folder, from, &mut progress)?;
        let outcome = outcomes.pop().expect("an outcome");
        if outcome != Outcome::AlreadyThere {
            let path = names(&file).map(|name| folder.join(name));
            let length = path.iter().find_map(|path| path.metadata().ok());
            assert_eq!(length.map(|metadata| metadata.len()), Some(last));
        }
        Ok(outcome)
    }
}

#[test]
fn an_archive_is_judged_as_it_was_packed() {
    let packed = gzip(&content(), 6);
    let archive = || NamedFile {
        compressed: true,
        ..wanted(&packed)
    };
    let (from, to) = (TestDir::new(), TestDir::new());
    from.write("images.gz", &gzip(&content(), 1));
    let another = to.fetch(archive(), &[], Some(from.0.path()));
    another.expect_err("another packing of the same content");
    from.write("images.gz", &packed);
    let bring = || to.fetch(archive(), &[], Some(from.0.path()));
    assert_eq!(bring().expect("the right one"), Outcome::Copied);
    assert_eq!(bring().expect("the right one"), Outcome::AlreadyThere);
    assert!(to.read("images.gz") == packed);
}

fn downloaded(mirror: &str, resumed: bool) -> Outcome {
    let mirror = mirror.to_owned();
    Outcome::Downloaded { mirror, resumed }
}

#[test]
fn downloads_once() {
    let (content, dir) = (content(), TestDir::new());
    let server = Server::new(Behaviour::new(gzip(&content, 6)));
    let outcome = dir.fetch(wanted(&content), &[&server.mirror], None);
    assert_eq!(
        outcome.expect("a download"),
        downloaded(&server.mirror, false)
    );
    assert_eq!(dir.names(), ["images.gz"]);
    assert_eq!(dir.read("images.gz"), gzip(&content, 6));

    let outcome = dir.fetch(wanted(&content), &[&server.mirror], None);
    assert_eq!(outcome.expect("the file"), Outcome::AlreadyThere);
    let asked = server.asked.lock().expect("a log");
    assert_eq!(asked.len(), 1);
    assert!(asked[0].starts_with("get /set/images.gz http/1.1"));
}

#[test]
fn a_plain_file_counts() {
    let (content, dir) = (content(), TestDir::new());
    dir.write("images", &content);
    let outcome = dir.fetch(wanted(&content), &[], None);
    assert_eq!(outcome.expect("the file"), Outcome::AlreadyThere);
}

#[test]
fn a_server_may_unpack() {
    let (content, dir) = (content(), TestDir::new());
    let server = Server::new(Behaviour::new(content.clone()));
    let outcome = dir.fetch(wanted(&content), &[&server.mirror], None);
    assert_eq!(
        outcome.expect("a download"),
        downloaded(&server.mirror, false)
    );
}

#[test]
fn wrong_files_are_replaced() {
    let (content, dir) = (content(), TestDir::new());
    dir.write("images", b"something else");
    dir.write("images.gz", &gzip(&content[1..], 6));
    let server = Server::new(Behaviour::new(gzip(&content, 6)));
    let outcome = dir.fetch(wanted(&content), &[&server.mirror], None);
    assert_eq!(
        outcome.expect("a download"),
        downloaded(&server.mirror, false)
    );
    assert_eq!(dir.names(), ["images.gz"]);
}

/// Breaks a download off, then completes it at a second server, which has `second` and may know ranges.
#[track_caller]
fn check_continued(second: Vec<u8>, ranges: bool, announces: bool, resumed: bool, asks: usize) {
    let (content, dir) = (content(), TestDir::new());
    let first = Server::new(Behaviour {
        breaks_after: 100_000,
        ..Behaviour::new(gzip(&content, 6))
    });
    let error = dir
        .fetch(wanted(&content), &[&first.mirror], None)
        .expect_err("a broken connection");
    assert!(
        format!("{error:#}").contains("broke off after"),
        "{error:#}"
    );
    assert_eq!(dir.names(), ["images.gz.part"]);
    let start = dir.read("images.gz.part").len();
    assert!(start > 0 && start <= 100_000, "{start}");

    let second = Server::new(Behaviour {
        ranges,
        announces,
        ..Behaviour::new(second)
    });
    let outcome = dir.fetch(wanted(&content), &[&second.mirror], None);
    assert_eq!(
        outcome.expect("a download"),
        downloaded(&second.mirror, resumed)
    );
    assert_eq!(dir.names(), ["images.gz"]);
    let asked = second.asked.lock().expect("a log");
    assert_eq!(asked.len(), asks);
    assert!(asked[0].contains(&format!("range: bytes={start}-\r\n")));
}

#[test]
fn continues_where_it_broke_off() {
    check_continued(gzip(&content(), 6), true, true, true, 1);
    check_continued(gzip(&content(), 6), true, false, true, 1);
}

#[test]
fn starts_again_where_it_cannot_continue() {
    // The second server knows no ranges; or holds other bytes; or holds fewer than are there.
    check_continued(gzip(&content(), 6), false, true, false, 1);
    check_continued(gzip(&content(), 1), true, true, false, 2);
    let (content, dir) = (content(), TestDir::new());
    dir.write("images.gz.part", &[7; 400_000]);
    let server = Server::new(Behaviour::new(gzip(&content, 6)));
    let outcome = dir.fetch(wanted(&content), &[&server.mirror], None);
    assert_eq!(
        outcome.expect("a download"),
        downloaded(&server.mirror, false)
    );
    assert_eq!(server.asked.lock().expect("a log").len(), 2);
}

/// Fetches `content` from a server that behaves badly, and gives the message.
#[track_caller]
fn refused(behaviour: Behaviour) -> String {
    let dir = TestDir::new();
    let server = Server::new(behaviour);
    let error = dir
        .fetch(wanted(&content()), &[&server.mirror], None)
        .expect_err("a bad server");
    assert_eq!(dir.names(), [""; 0]);
    let error = format!("{error:#}");
    assert!(error.contains(&format!("\n  {}images.gz: ", server.mirror)));
    error
}

#[test]
fn other_content_is_refused() {
    let mut other = content();
    other[7] ^= 1;
    let error = refused(Behaviour::new(gzip(&other, 6)));
    assert!(error.contains("the sha-256 of its content is"), "{error}");
    let error = refused(Behaviour::new(gzip(&content(), 6)[..1000].to_vec()));
    assert!(error.contains("it does not unpack"), "{error}");
    let error = refused(Behaviour {
        status: "404 Not Found",
        ..Behaviour::new(b"no such file".to_vec())
    });
    assert!(
        error.contains("the server answered 404 Not Found"),
        "{error}"
    );
}

#[test]
fn too_much_is_refused() {
    // Small on the way, large when unpacked.
    let error = refused(Behaviour::new(gzip(&vec![0; 30_000_000], 6)));
    assert!(
        error.contains("its content is larger than 300000 bytes"),
        "{error}"
    );
    // Large on the way, whether announced or not.
    for announces in [true, false] {
        let error = refused(Behaviour {
            announces,
            ..Behaviour::new(vec![0; 30_000_000])
        });
        assert!(error.contains("it is larger than 1348576 bytes"), "{error}");
    }
}

#[test]
fn the_next_mirror_is_tried() {
    let (content, dir) = (content(), TestDir::new());
    let bad = Server::new(Behaviour::new(b"not it".to_vec()));
    let good = Server::new(Behaviour::new(gzip(&content, 6)));
    let mirrors = [nobody(), bad.mirror, good.mirror.clone()];
    let mirrors: Vec<&str> = mirrors.iter().map(String::as_str).collect();
    let outcome = dir.fetch(wanted(&content), &mirrors, None);
    assert_eq!(
        outcome.expect("a download"),
        downloaded(&good.mirror, false)
    );
}

#[test]
fn without_a_network_the_message_helps() {
    let dir = TestDir::new();
    let [first, second] = [nobody(), nobody()];
    let error = dir
        .fetch(wanted(&content()), &[&first, &second], None)
        .expect_err("no server");
    let error = format!("{error:#}");
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines[0], "could not download `images.gz`, tried");
    assert!(lines[1].starts_with(&format!("  {first}images.gz: ")));
    assert!(lines[2].starts_with(&format!("  {second}images.gz: ")));
    assert_eq!(
        lines[3],
        "hint: without a network, `--from DIR` takes files that are already on the disk"
    );
    assert_eq!(dir.names(), [""; 0]);
}

#[test]
fn a_silent_server_is_not_waited_for() {
    let (_listener, mirror) = silent();
    let start = Instant::now();
    let error = TestDir::new()
        .fetch(wanted(&content()), &[&mirror], None)
        .expect_err("no answer");
    assert!(start.elapsed() < Duration::from_secs(20));
    assert!(format!("{error:#}").contains("timeout"), "{error:#}");
}

#[test]
fn files_are_taken_from_a_folder() {
    let content = content();
    for (name, bytes) in [
        ("images.gz", gzip(&content, 6)),
        ("images", content.clone()),
    ] {
        let (from, dir) = (TestDir::new(), TestDir::new());
        from.write(name, &bytes);
        // A download that broke off does not matter.
        dir.write("images.gz.part", &[7; 400_000]);
        let outcome = dir.fetch(wanted(&content), &[], Some(from.0.path()));
        assert_eq!(outcome.expect("a copy"), Outcome::Copied);
        assert_eq!(dir.names(), [name]);
        assert_eq!(dir.read(name), bytes);
        assert_eq!(from.names(), [name]);
    }
}

#[test]
fn a_folder_is_not_trusted_either() {
    let content = content();
    for (bytes, expected) in [
        (gzip(&content[1..], 6), "the sha-256 of its content is"),
        (vec![0; 1_400_000], "it is larger than 1348576 bytes"),
    ] {
        let (from, dir) = (TestDir::new(), TestDir::new());
        from.write("images.gz", &bytes);
        let error = dir
            .fetch(wanted(&content), &[], Some(from.0.path()))
            .expect_err("a wrong file");
        let error = format!("{error:#}");
        let path = from.0.path().join("images.gz");
        assert!(error.starts_with(&format!("could not take `{}`: ", path.display())));
        assert!(error.contains(expected), "{error}");
        assert_eq!(dir.names(), [""; 0]);
    }
    let (from, dir) = (TestDir::new(), TestDir::new());
    let error = dir
        .fetch(wanted(&content), &[], Some(from.0.path()))
        .expect_err("an empty folder");
    let expected = "has no file `images.gz` or `images` that can be read";
    assert!(error.to_string().ends_with(expected), "{error}");
}

#[test]
fn two_do_not_write_one_file() {
    let dir = TestDir::new();
    let file = wanted(&content());
    let held = PartialFile::open(&file, dir.0.path()).expect("a part");
    let error = dir
        .fetch(wanted(&content()), &[&nobody()], None)
        .expect_err("a held part");
    let expected = "is being written by another download, wait for its end";
    assert!(error.to_string().ends_with(expected), "{error}");
    drop(held);
}
