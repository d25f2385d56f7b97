//! A file from the network: the only file that names it.

use std::fmt::Write;
use std::path::Path;

use anyhow::bail;
use latentia_data::NamedFile;
use ureq::Agent;
use ureq::http::{Response, StatusCode, header};

use super::content::names;
use super::options::FetchOptions;
use super::outcome::Outcome;
use super::partial_file::{PartialFile, Progress};

/// An HTTP client.
pub(super) struct Client(Agent);

impl Client {
    /// By the proxy that the environment names, if it does.
    pub(super) fn new(options: &FetchOptions<'_>) -> Self {
        Self(Agent::new_with_config(configuration(options).build()))
    }

    /// Whatever proxy the environment names: for servers on this machine.
    #[cfg(test)]
    pub(super) fn without_proxy(options: &FetchOptions<'_>) -> Self {
        Self(Agent::new_with_config(
            configuration(options).proxy(None).build(),
        ))
    }
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

/// Downloads a file from the first mirror that has the right one.
pub(super) fn download(
    Client(agent): &Client,
    wanted: &NamedFile,
    mirrors: &[&str],
    folder: &Path,
    progress: &mut Progress<'_>,
) -> anyhow::Result<Outcome> {
    let [name, _] = names(wanted);
    let part = PartialFile::open(wanted, folder)?;
    let mut tried = String::new();
    for mirror in mirrors {
        let address = format!("{mirror}{name}");
        match complete(agent, &address, &part, progress) {
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
fn complete(
    agent: &Agent,
    address: &str,
    part: &PartialFile<'_>,
    progress: &mut Progress<'_>,
) -> anyhow::Result<bool> {
    let mut resumed = receive_from(agent, address, part, progress)?;
    let mut verdict = part.check();
    if resumed && verdict.is_err() {
        // The beginning may be another mirror's, which packed the same content in another way.
        part.clear()?;
        resumed = receive_from(agent, address, part, progress)?;
        verdict = part.check();
    }
    if verdict.is_err() {
        part.clear()?;
    }
    verdict.map(|()| resumed)
}

/// Receives the rest of `part`, or all of it; says whether it was the rest.
fn receive_from(
    agent: &Agent,
    address: &str,
    part: &PartialFile<'_>,
    progress: &mut Progress<'_>,
) -> anyhow::Result<bool> {
    let start = part.length()?;
    let mut request = agent.get(address);
    if start > 0 {
        request = request.header(header::RANGE, format!("bytes={start}-"));
    }
    let response = request.call()?;
    let start = match response.status() {
        StatusCode::OK => 0,
        StatusCode::PARTIAL_CONTENT if start > 0 && begins_at(&response, start) => start,
        StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE if start > 0 => {
            part.clear()?;
            return receive_from(agent, address, part, progress);
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

#[cfg(test)]
pub(super) mod server {
    //! Servers of this machine, good and bad.

    use std::io::{self, BufRead, BufReader, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::{Arc, Mutex};
    use std::thread;

    /// What a server does with requests for its only file.
    #[derive(Clone)]
    pub struct Behaviour {
        pub bytes: Vec<u8>,
        /// Answers a range with 206.
        pub ranges: bool,
        /// Closes the connection behind this many bytes of an answer.
        pub breaks_after: usize,
        /// Tells how long the answer will be.
        pub announces: bool,
        pub status: &'static str,
    }

    impl Behaviour {
        pub fn new(bytes: Vec<u8>) -> Self {
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
    pub struct Server {
        pub mirror: String,
        pub asked: Arc<Mutex<Vec<String>>>,
    }

    impl Server {
        pub fn new(behaviour: Behaviour) -> Self {
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
    pub fn nobody() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        format!("http://{address}/")
    }

    /// The address of a listener that accepts no connection; as long as it lives, nobody answers there.
    pub fn silent() -> (TcpListener, String) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}/", listener.local_addr().expect("an address"));
        (listener, address)
    }
}
