//! Downloads a named set's files and keeps only what has the right digest.
//!
//! A file is written to `NAME.gz.part` and gets its name when the SHA-256 of its content is right; what a broken
//! connection leaves there is continued the next time, or at the next mirror. No answer of a server can fill the disk
//! or the memory: what comes over the network and what it unpacks to have a limit, and so has every wait.

use std::fmt::Write as _;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use flate2::read::MultiGzDecoder;
use latentia_data::NamedFile;
use sha2::{Digest, Sha256};
use ureq::Agent;
use ureq::http::{Response, StatusCode, header};

/// How much larger than its content a packed file may be; gzip adds far less to what it cannot pack.
const PACKING: u64 = 1 << 20;
const CHUNK: usize = 1 << 16;

/// How to fetch.
#[derive(Clone, Copy, Debug)]
pub struct FetchOptions<'a> {
    /// Take the files from this folder instead of the network.
    pub from: Option<&'a Path>,
    /// Longest wait for a name to be resolved, and for a connection.
    pub connect_timeout: Duration,
    /// Longest wait for the next bytes.
    pub read_timeout: Duration,
}

impl Default for FetchOptions<'_> {
    fn default() -> Self {
        Self {
            from: None,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
        }
    }
}

/// Where a file came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was in the folder, with the right digest.
    AlreadyThere,
    /// It was copied from [`FetchOptions::from`].
    Copied,
    /// It was downloaded.
    Downloaded {
        /// The mirror that had it.
        mirror: String,
        /// Whether an earlier download was continued.
        resumed: bool,
    },
}

/// Is told, as they come, the name of the file, its bytes so far, and how many there will be if that is known.
pub type Progress<'a> = dyn FnMut(&str, u64, Option<u64>) + 'a;

/// Brings `files` into `folder`, which is created where it is missing; gives one outcome a file, in the same order.
///
/// A file already there with the right content is left alone, be it plain or with `.gz`; one with other content is
/// replaced. `mirrors` are addresses to which a file's name and `.gz` are added, tried in turn for each file.
///
/// # Errors
/// When a file can be had from nowhere: the message lists what was tried. Files brought before it stay.
pub fn fetch(
    files: &[NamedFile],
    mirrors: &[&str],
    folder: &Path,
    options: &FetchOptions<'_>,
    progress: &mut Progress<'_>,
) -> anyhow::Result<Vec<Outcome>> {
    let agent = Agent::new_with_config(configuration(options).build());
    fetch_by(&agent, files, mirrors, folder, options.from, progress)
}

fn configuration(
    options: &FetchOptions<'_>,
) -> ureq::config::ConfigBuilder<ureq::typestate::AgentScope> {
    Agent::config_builder()
        .user_agent(concat!("latentia/", env!("CARGO_PKG_VERSION")))
        .http_status_as_error(false)
        .timeout_resolve(Some(options.connect_timeout))
        .timeout_connect(Some(options.connect_timeout))
        .timeout_per_write(Some(options.read_timeout))
        .timeout_per_read(Some(options.read_timeout))
}

fn fetch_by(
    agent: &Agent,
    files: &[NamedFile],
    mirrors: &[&str],
    folder: &Path,
    from: Option<&Path>,
    progress: &mut Progress<'_>,
) -> anyhow::Result<Vec<Outcome>> {
    let bring = |wanted: &NamedFile| {
        let is_right =
            |name| File::open(folder.join(name)).is_ok_and(|file| check(&file, wanted).is_ok());
        if names(wanted).into_iter().any(is_right) {
            return Ok(Outcome::AlreadyThere);
        }
        match from {
            Some(from) => copy(wanted, from, folder, progress),
            None => download(agent, wanted, mirrors, folder, progress),
        }
    };
    files.iter().map(bring).collect()
}

/// The names that a file may have in a folder: as mirrors hold it, and unpacked.
fn names(wanted: &NamedFile) -> [String; 2] {
    [format!("{}.gz", wanted.name), wanted.name.to_owned()]
}

/// Checks the content of `file`, which may be packed.
fn check(mut file: &File, wanted: &NamedFile) -> anyhow::Result<()> {
    file.rewind()?;
    let mut packed = BufReader::with_capacity(CHUNK, file);
    // Not by the name: some servers unpack on the way.
    let gzip = !wanted.compressed && packed.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    let content: &mut dyn Read = match gzip {
        true => &mut MultiGzDecoder::new(packed),
        false => &mut packed,
    };

    let mut content = content.take(wanted.bytes.saturating_add(1));
    let mut hash = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        match content.read(&mut chunk).context("it does not unpack")? {
            0 => break,
            read => hash.update(&chunk[..read]),
        }
    }
    ensure!(
        content.limit() > 0,
        "its content is larger than {} bytes",
        wanted.bytes
    );
    let sha256: String = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    ensure!(
        sha256 == wanted.sha256,
        "the sha-256 of its content is {sha256}, expected {}",
        wanted.sha256
    );
    Ok(())
}

fn copy(
    wanted: &NamedFile,
    from: &Path,
    folder: &Path,
    progress: &mut Progress<'_>,
) -> anyhow::Result<Outcome> {
    let [packed, plain] = names(wanted);
    let Some((name, file)) = [&packed, &plain]
        .into_iter()
        .find_map(|name| Some((name, File::open(from.join(name)).ok()?)))
    else {
        bail!(
            "`{}` has no file `{packed}` or `{plain}` that can be read",
            from.display()
        )
    };
    let part = Part::open(wanted, folder)?;
    part.clear()
        .and_then(|()| part.receive(file, 0, None, progress))
        .and_then(|()| part.check())
        .with_context(|| format!("could not take `{}`", from.join(name).display()))
        .or_else(|error| part.clear().and(part.leave()).and(Err(error)))?;
    part.finish(folder, name)?;
    Ok(Outcome::Copied)
}

fn download(
    agent: &Agent,
    wanted: &NamedFile,
    mirrors: &[&str],
    folder: &Path,
    progress: &mut Progress<'_>,
) -> anyhow::Result<Outcome> {
    let [name, _] = names(wanted);
    let part = Part::open(wanted, folder)?;
    let mut tried = String::new();
    for mirror in mirrors {
        let address = format!("{mirror}{name}");
        match ask(agent, &address, &part, progress) {
            Ok(resumed) => {
                part.finish(folder, &name)?;
                let mirror = (*mirror).to_owned();
                return Ok(Outcome::Downloaded { mirror, resumed });
            }
            Err(error) => write!(tried, "\n  {address}: {error:#}")?,
        }
    }
    part.leave()?;
    bail!(
        "could not download `{name}`, tried{}\n\
         hint: without a network, `--from DIR` takes files that are already on the disk",
        if tried.is_empty() {
            " nothing: it has no mirrors"
        } else {
            &tried
        }
    )
}

/// Completes `part` from one address; says whether what was there before is part of it.
fn ask(
    agent: &Agent,
    address: &str,
    part: &Part<'_>,
    progress: &mut Progress<'_>,
) -> anyhow::Result<bool> {
    let mut resumed = request(agent, address, part, progress)?;
    let mut verdict = part.check();
    if resumed && verdict.is_err() {
        // The beginning may be another mirror's, which packed the same content in another way.
        part.clear()?;
        resumed = request(agent, address, part, progress)?;
        verdict = part.check();
    }
    if verdict.is_err() {
        part.clear()?;
    }
    verdict.map(|()| resumed)
}

/// Receives the rest of `part`, or all of it; says whether it was the rest.
fn request(
    agent: &Agent,
    address: &str,
    part: &Part<'_>,
    progress: &mut Progress<'_>,
) -> anyhow::Result<bool> {
    let start = part.length()?;
    let mut question = agent.get(address);
    if start > 0 {
        question = question.header(header::RANGE, format!("bytes={start}-"));
    }
    let response = question.call()?;
    let start = match response.status() {
        StatusCode::OK => 0,
        StatusCode::PARTIAL_CONTENT if start > 0 && begins_at(&response, start) => start,
        StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE if start > 0 => {
            part.clear()?;
            return request(agent, address, part, progress);
        }
        status => bail!("the server answered {status}"),
    };
    let body = response.into_body();
    let total = body.content_length().map(|rest| start.saturating_add(rest));
    part.receive(body.into_reader(), start, total, progress)?;
    Ok(start > 0)
}

/// Whether a partial answer begins where it was asked to, by its header `Content-Range: bytes START-END/TOTAL`.
fn begins_at<B>(response: &Response<B>, start: u64) -> bool {
    response
        .headers()
        .get(header::CONTENT_RANGE)
        .and_then(|range| range.to_str().ok()?.strip_prefix("bytes ")?.split_once('-'))
        .is_some_and(|(first, _)| first.parse() == Ok(start))
}

/// A file that is not complete, under its temporary name.
struct Part<'a> {
    wanted: &'a NamedFile,
    path: PathBuf,
    file: File,
}

impl<'a> Part<'a> {
    fn open(wanted: &'a NamedFile, folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)
            .with_context(|| format!("could not create `{}`", folder.display()))?;
        let path = folder.join(format!("{}.gz.part", wanted.name));
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .with_context(|| format!("could not write `{}`", path.display()))?;
        // Where the file system has no locks, the digest still refuses what two writers may mix.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            bail!(
                "`{}` is being written by another download, wait for its end",
                path.display()
            );
        }
        Ok(Self { wanted, path, file })
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn clear(&self) -> anyhow::Result<()> {
        Ok(self.file.set_len(0)?)
    }

    fn check(&self) -> anyhow::Result<()> {
        check(&self.file, self.wanted)
    }

    /// Writes what is read behind the first `start` bytes. What came is kept when the reading breaks off; all is
    /// thrown away when it is too much.
    fn receive(
        &self,
        mut from: impl Read,
        start: u64,
        total: Option<u64>,
        progress: &mut Progress<'_>,
    ) -> anyhow::Result<()> {
        let mut file = &self.file;
        file.set_len(start)?;
        file.seek(SeekFrom::Start(start))?;

        let limit = self.wanted.bytes.saturating_add(PACKING);
        let mut length = start;
        let mut chunk = vec![0; CHUNK];
        // An announced size is enough to refuse; without one, or with a false one, the bytes are counted.
        while length.max(total.unwrap_or(0)) <= limit {
            progress(self.wanted.name, length, total);
            match from
                .read(&mut chunk)
                .with_context(|| format!("broke off after {length} bytes"))?
            {
                0 => return Ok(()),
                read => {
                    file.write_all(&chunk[..read])
                        .with_context(|| format!("could not write `{}`", self.path.display()))?;
                    length += read as u64;
                }
            }
        }
        self.clear()?;
        bail!("it is larger than {limit} bytes")
    }

    /// Gives the file its name.
    fn finish(&self, folder: &Path, name: &str) -> anyhow::Result<()> {
        let path = folder.join(name);
        fs::rename(&self.path, &path)
            .with_context(|| format!("could not write `{}`", path.display()))?;
        // A plain and a packed file of one name would be a riddle, and the other one has been found wrong.
        let [packed, plain] = names(self.wanted);
        let other = folder.join(if name == packed { plain } else { packed });
        match fs::remove_file(&other) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("could not remove `{}`", other.display()))
            }
            _ => Ok(()),
        }
    }

    /// Leaves behind what can be continued, and nothing else.
    fn leave(&self) -> anyhow::Result<()> {
        if self.length()? == 0 {
            fs::remove_file(&self.path)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::sync::{Arc, Mutex};
    use std::thread;
    use std::time::Instant;

    use flate2::{Compression, write::GzEncoder};
    use tempfile::TempDir;

    use super::*;

    /// What a server does with requests for its only file.
    #[derive(Clone)]
    struct Behaviour {
        bytes: Vec<u8>,
        /// Answers a range with 206.
        ranges: bool,
        /// Closes the connection behind this many bytes of an answer.
        breaks_after: usize,
        /// Tells how long the answer will be.
        announces: bool,
        status: &'static str,
    }

    impl Behaviour {
        fn new(bytes: Vec<u8>) -> Self {
            Self {
                bytes,
                ranges: true,
                breaks_after: usize::MAX,
                announces: true,
                status: "200 OK",
            }
        }

        fn answer(&self, mut to: TcpStream, log: &Mutex<Vec<String>>) -> io::Result<()> {
            let mut asked = String::new();
            let mut lines = BufReader::new(to.try_clone()?);
            while !asked.ends_with("\r\n\r\n") && lines.read_line(&mut asked)? > 0 {}
            let asked = asked.to_ascii_lowercase();
            log.lock().expect("a log").push(asked.clone());

            let start = asked
                .split_once("range: bytes=")
                .and_then(|(_, range)| range.split_once('-')?.0.parse().ok())
                .filter(|_| self.ranges);
            let (status, rest) = match start {
                Some(start) if start < self.bytes.len() => {
                    ("206 Partial Content", &self.bytes[start..])
                }
                Some(_) => ("416 Range Not Satisfiable", &[][..]),
                None => (self.status, &self.bytes[..]),
            };
            write!(to, "HTTP/1.1 {status}\r\nConnection: close\r\n")?;
            if let Some(start) = start {
                let all = self.bytes.len();
                write!(to, "Content-Range: bytes {start}-{}/{all}\r\n", all - 1)?;
            }
            if self.announces {
                write!(to, "Content-Length: {}\r\n", rest.len())?;
            }
            to.write_all(b"\r\n")?;
            to.write_all(&rest[..rest.len().min(self.breaks_after)])
        }
    }

    /// A server on this machine, until the end of the tests.
    struct Server {
        mirror: String,
        asked: Arc<Mutex<Vec<String>>>,
    }

    impl Server {
        fn new(behaviour: Behaviour) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let port = listener.local_addr().expect("an address").port();
            let asked = Arc::new(Mutex::new(Vec::new()));
            let log = Arc::clone(&asked);
            thread::spawn(move || {
                for stream in listener.incoming() {
                    // The other side may hang up: that is one of the things tested.
                    let _ = stream.and_then(|stream| behaviour.answer(stream, &log));
                }
            });
            Self {
                mirror: format!("http://127.0.0.1:{port}/set/"),
                asked,
            }
        }
    }

    /// A mirror whose port nobody listens on.
    fn nobody() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        format!("http://{address}/")
    }

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
        let hash = Sha256::digest(content);
        let sha256: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        NamedFile {
            name: "images",
            bytes: content.len() as u64,
            sha256: sha256.leak(),
            compressed: false,
        }
    }

    /// A folder to fetch into.
    struct Place(TempDir);

    impl Place {
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
            // Whatever proxy the environment names, the servers are here.
            let agent = Agent::new_with_config(configuration(&options).proxy(None).build());
            let mut last = 0;
            let mut progress = |name: &str, bytes: u64, total: Option<u64>| {
                assert_eq!(name, file.name);
                assert!(total.is_none_or(|total| bytes <= total));
                last = bytes;
            };
            let folder = self.0.path();
            let files = std::slice::from_ref(&file);
            let mut outcomes = fetch_by(&agent, files, mirrors, folder, from, &mut progress)?;
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
        let (from, to) = (Place::new(), Place::new());
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
        let (content, place) = (content(), Place::new());
        let server = Server::new(Behaviour::new(gzip(&content, 6)));
        let outcome = place.fetch(wanted(&content), &[&server.mirror], None);
        assert_eq!(
            outcome.expect("a download"),
            downloaded(&server.mirror, false)
        );
        assert_eq!(place.names(), ["images.gz"]);
        assert_eq!(place.read("images.gz"), gzip(&content, 6));

        let outcome = place.fetch(wanted(&content), &[&server.mirror], None);
        assert_eq!(outcome.expect("the file"), Outcome::AlreadyThere);
        let asked = server.asked.lock().expect("a log");
        assert_eq!(asked.len(), 1);
        assert!(asked[0].starts_with("get /set/images.gz http/1.1"));
    }

    #[test]
    fn a_plain_file_counts() {
        let (content, place) = (content(), Place::new());
        place.write("images", &content);
        let outcome = place.fetch(wanted(&content), &[], None);
        assert_eq!(outcome.expect("the file"), Outcome::AlreadyThere);
    }

    #[test]
    fn a_server_may_unpack() {
        let (content, place) = (content(), Place::new());
        let server = Server::new(Behaviour::new(content.clone()));
        let outcome = place.fetch(wanted(&content), &[&server.mirror], None);
        assert_eq!(
            outcome.expect("a download"),
            downloaded(&server.mirror, false)
        );
    }

    #[test]
    fn wrong_files_are_replaced() {
        let (content, place) = (content(), Place::new());
        place.write("images", b"something else");
        place.write("images.gz", &gzip(&content[1..], 6));
        let server = Server::new(Behaviour::new(gzip(&content, 6)));
        let outcome = place.fetch(wanted(&content), &[&server.mirror], None);
        assert_eq!(
            outcome.expect("a download"),
            downloaded(&server.mirror, false)
        );
        assert_eq!(place.names(), ["images.gz"]);
    }

    /// Breaks a download off, then completes it at a second server, which has `second` and may know ranges.
    #[track_caller]
    fn check_continued(second: Vec<u8>, ranges: bool, announces: bool, resumed: bool, asks: usize) {
        let (content, place) = (content(), Place::new());
        let first = Server::new(Behaviour {
            breaks_after: 100_000,
            ..Behaviour::new(gzip(&content, 6))
        });
        let error = place
            .fetch(wanted(&content), &[&first.mirror], None)
            .expect_err("a broken connection");
        assert!(
            format!("{error:#}").contains("broke off after"),
            "{error:#}"
        );
        assert_eq!(place.names(), ["images.gz.part"]);
        let start = place.read("images.gz.part").len();
        assert!(start > 0 && start <= 100_000, "{start}");

        let second = Server::new(Behaviour {
            ranges,
            announces,
            ..Behaviour::new(second)
        });
        let outcome = place.fetch(wanted(&content), &[&second.mirror], None);
        assert_eq!(
            outcome.expect("a download"),
            downloaded(&second.mirror, resumed)
        );
        assert_eq!(place.names(), ["images.gz"]);
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
        let (content, place) = (content(), Place::new());
        place.write("images.gz.part", &[7; 400_000]);
        let server = Server::new(Behaviour::new(gzip(&content, 6)));
        let outcome = place.fetch(wanted(&content), &[&server.mirror], None);
        assert_eq!(
            outcome.expect("a download"),
            downloaded(&server.mirror, false)
        );
        assert_eq!(server.asked.lock().expect("a log").len(), 2);
    }

    /// Fetches `content` from a server that behaves badly, and gives the message.
    #[track_caller]
    fn refused(behaviour: Behaviour) -> String {
        let place = Place::new();
        let server = Server::new(behaviour);
        let error = place
            .fetch(wanted(&content()), &[&server.mirror], None)
            .expect_err("a bad server");
        assert_eq!(place.names(), [""; 0]);
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
        let (content, place) = (content(), Place::new());
        let bad = Server::new(Behaviour::new(b"not it".to_vec()));
        let good = Server::new(Behaviour::new(gzip(&content, 6)));
        let mirrors = [nobody(), bad.mirror, good.mirror.clone()];
        let mirrors: Vec<&str> = mirrors.iter().map(String::as_str).collect();
        let outcome = place.fetch(wanted(&content), &mirrors, None);
        assert_eq!(
            outcome.expect("a download"),
            downloaded(&good.mirror, false)
        );
    }

    #[test]
    fn without_a_network_the_message_helps() {
        let place = Place::new();
        let [first, second] = [nobody(), nobody()];
        let error = place
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
        assert_eq!(place.names(), [""; 0]);
    }

    #[test]
    fn a_silent_server_is_not_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let mirror = format!("http://{}/", listener.local_addr().expect("an address"));
        let start = Instant::now();
        let error = Place::new()
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
            let (from, place) = (Place::new(), Place::new());
            from.write(name, &bytes);
            // A download that broke off does not matter.
            place.write("images.gz.part", &[7; 400_000]);
            let outcome = place.fetch(wanted(&content), &[], Some(from.0.path()));
            assert_eq!(outcome.expect("a copy"), Outcome::Copied);
            assert_eq!(place.names(), [name]);
            assert_eq!(place.read(name), bytes);
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
            let (from, place) = (Place::new(), Place::new());
            from.write("images.gz", &bytes);
            let error = place
                .fetch(wanted(&content), &[], Some(from.0.path()))
                .expect_err("a wrong file");
            let error = format!("{error:#}");
            let path = from.0.path().join("images.gz");
            assert!(error.starts_with(&format!("could not take `{}`: ", path.display())));
            assert!(error.contains(expected), "{error}");
            assert_eq!(place.names(), [""; 0]);
        }
        let (from, place) = (Place::new(), Place::new());
        let error = place
            .fetch(wanted(&content), &[], Some(from.0.path()))
            .expect_err("an empty folder");
        let expected = "has no file `images.gz` or `images` that can be read";
        assert!(error.to_string().ends_with(expected), "{error}");
    }

    #[test]
    fn two_do_not_write_one_file() {
        let place = Place::new();
        let file = wanted(&content());
        let held = Part::open(&file, place.0.path()).expect("a part");
        let error = place
            .fetch(wanted(&content()), &[&nobody()], None)
            .expect_err("a held part");
        let expected = "is being written by another download, wait for its end";
        assert!(error.to_string().ends_with(expected), "{error}");
        drop(held);
    }
}
