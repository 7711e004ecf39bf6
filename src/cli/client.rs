//! A minimal HTTP/1.1 client for the watchdog's own API: one GET, one connection, plain text on a near network.

#![expect(clippy::disallowed_methods, reason = "a blocking command in real time")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use serde_json::Value;

/// For connecting, and again for the whole answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than 500 items of the largest list.
const ANSWER_LIMIT: u64 = 16 << 20;
/// Items asked for at once, and pages asked for at most.
const LIMIT: usize = 500;
const PAGES: usize = 200;

pub(super) struct Answer {
    pub status: u16,
    pub body: String,
}

/// GET of `path` at `url`, `http://host:port`.
pub(super) fn get(url: &str, path: &str) -> anyhow::Result<Answer> {
    let host = host(url)?;
    let ask = || exchange(host, path);
    ask().with_context(|| {
        format!("the watchdog at {url} cannot be asked; is it running, and is this its http.listen?")
    })
}

fn host(url: &str) -> anyhow::Result<&str> {
    let host = url
        .strip_prefix("http://")
        .with_context(|| format!("{url:?} must begin with http://; TLS is not spoken"))?
        .trim_end_matches('/');
    ensure!(
        !host.is_empty() && !host.contains(['/', '@', '?', ' ']),
        "{url:?} must be http://host:port and no more"
    );
    Ok(host)
}

fn exchange(host: &str, path: &str) -> anyhow::Result<Answer> {
    let mut stream = connect(host)?;
    let until = Instant::now() + PATIENCE;
    stream
        .set_write_timeout(Some(PATIENCE))
        .context("cannot set a timeout")?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAccept: application/json\r\n\r\n"
    );
    stream
        .write_all(request.as_bytes())
        .context("the request cannot be sent")?;
    parse(&read_all(&mut stream, until)?)
}

fn connect(host: &str) -> anyhow::Result<TcpStream> {
    let has_port = host
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let with_port = if has_port {
        host.to_owned()
    } else {
        format!("{host}:80")
    };
    let addresses: Vec<SocketAddr> = with_port
        .to_socket_addrs()
        .with_context(|| format!("{host} cannot be resolved"))?
        .collect();
    let mut last = None;
    for address in &addresses {
        match TcpStream::connect_timeout(address, PATIENCE) {
            Ok(stream) => return Ok(stream),
            Err(error) => {
                last = Some(anyhow::Error::new(error).context(format!("cannot connect to {address}")))
            }
        }
    }
    Err(last.unwrap_or_else(|| anyhow::anyhow!("{host} has no address")))
}

/// Reads to the end of the connection, within the time and the limit.
fn read_all(stream: &mut TcpStream, until: Instant) -> anyhow::Result<Vec<u8>> {
    let mut all = Vec::new();
    let mut chunk = [0; 16 * 1024];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        ensure!(!left.is_zero(), "no answer within {} s", PATIENCE.as_secs());
        stream
            .set_read_timeout(Some(left))
            .context("cannot set a timeout")?;
        match stream.read(&mut chunk).context("the answer cannot be read")? {
            0 => return Ok(all),
            n => all.extend_from_slice(&chunk[..n]),
        }
        ensure!(
            all.len() as u64 <= ANSWER_LIMIT,
            "the answer is too long: this is not the watchdog"
        );
    }
}

fn parse(answer: &[u8]) -> anyhow::Result<Answer> {
    let text = std::str::from_utf8(answer).context("the answer is no text")?;
    let (head, body) = text
        .split_once("\r\n\r\n")
        .context("the answer is no HTTP, or was cut off")?;
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok());
    let status = status.context("the answer is no HTTP/1.1")?;
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("transfer-encoding") {
            bail!("the answer comes in chunks, as from a proxy: ask the watchdog itself");
        }
        if name.eq_ignore_ascii_case("content-length") {
            let length: usize = value.trim().parse().context("the answer's length is no number")?;
            ensure!(
                body.len() >= length,
                "the answer was cut off: {} of {length} bytes",
                body.len()
            );
        }
    }
    Ok(Answer {
        status,
        body: body.to_owned(),
    })
}

/// The JSON of a path that must be there.
pub(super) fn ask(url: &str, path: &str) -> anyhow::Result<Value> {
    json(path, &get(url, path)?)
}

/// Percent-encoded, for a path.
pub(super) fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

pub(super) fn json(path: &str, answer: &Answer) -> anyhow::Result<Value> {
    ensure!(
        answer.status == 200,
        "{path} answered {}: {}",
        answer.status,
        answer.body.trim()
    );
    serde_json::from_str(&answer.body).with_context(|| format!("{path} did not answer JSON"))
}

/// All pages of a list.
pub(super) fn list(url: &str, path: &str) -> anyhow::Result<Vec<Value>> {
    pages(url, path, &format!("limit={LIMIT}"))
}

/// All pages of what is asked for by a query.
pub(super) fn list_where(url: &str, path: &str, query: &str) -> anyhow::Result<Vec<Value>> {
    pages(url, path, &format!("{query}&limit={LIMIT}"))
}

fn pages(url: &str, path: &str, query: &str) -> anyhow::Result<Vec<Value>> {
    #[derive(Deserialize)]
    struct Page {
        items: Vec<Value>,
        next_cursor: Option<String>,
    }
    let mut all = Vec::new();
    let mut next = format!("{path}?{query}");
    for _ in 0..PAGES {
        let page: Page = read(ask(url, &next)?)?;
        all.extend(page.items);
        match page.next_cursor {
            Some(cursor) => next = format!("{path}?{query}&cursor={cursor}"),
            None => return Ok(all),
        }
    }
    bail!("{path} has more than {PAGES} pages of {LIMIT}")
}

pub(super) fn read<T: serde::de::DeserializeOwned>(value: Value) -> anyhow::Result<T> {
    serde_json::from_value(value).context("this API is of another version than this program")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_plain_addresses_are_taken() {
        assert_eq!(host("http://127.0.0.1:9847/").expect("plain"), "127.0.0.1:9847");
        assert_eq!(host("http://[::1]:9847").expect("plain"), "[::1]:9847");
        for wrong in [
            "https://a",
            "127.0.0.1:9847",
            "http://",
            "http://a/v1",
            "http://me@a",
        ] {
            assert!(host(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn answers_are_read_whole_or_not_at_all() {
        let good = parse(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno").expect("whole");
        assert_eq!((good.status, good.body.as_str()), (503, "no"));
        for wrong in [
            "SSH-2.0-OpenSSH\r\n\r\n",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 abc\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nno",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0",
        ] {
            assert!(parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_address_is_a_host_or_none(url in "(http://)?[a-z0-9:/@?. \\[\\]é]{0,20}|.{0,40}") {
            if let Ok(host) = host(&url) {
                prop_assert!(url.trim_end_matches('/') == format!("http://{host}"), "{}", host);
                prop_assert!(!host.contains(['/', '@', '?', ' ']), "{}", host);
            }
        }

        #[test]
        fn any_answer_is_read_whole_or_not_at_all(
            head in "HTTP/1.[01] [0-9 ]{0,4}[a-zA-Z ]{0,9}|.{0,30}",
            fields in prop::collection::vec("(Content-Length|Transfer-Encoding|x)?(: ?[0-9+-]{0,20}|[ -~]{0,9})", 0..4),
            body in prop::collection::vec(any::<u8>(), 0..20),
            is_cut in any::<bool>(),
        ) {
            let lines = [vec![head], fields].concat().join("\r\n");
            let end: &[u8] = if is_cut { b"" } else { b"\r\n\r\n" };
            if let Ok(answer) = parse(&[lines.as_bytes(), end, &body].concat()) {
                prop_assert!(answer.body.as_bytes().ends_with(&body), "{}", answer.body);
            }
        }
    }

    /// So long that a reader which looked at each pair of places would be at it for hours.
    #[test]
    fn megabytes_are_read_like_anything_else() {
        const LONG: usize = 8 * 1024 * 1024;
        for part in [
            "\r\n",
            "\r",
            "a:\r\n",
            "Content-Length: 0\r\n",
            ":",
            "HTTP/1.1 200\r\n",
            " ",
            "é",
            "/",
        ] {
            let text = part.repeat(LONG / part.len());
            let whole = format!("HTTP/1.1 200 OK\r\n\r\n{text}");
            assert_eq!(parse(whole.as_bytes()).expect("whole").body.len(), text.len());
            let fields = format!("HTTP/1.1 200 OK\r\n{text}\r\nContent-Length: 2\r\n\r\nno");
            if let Ok(answer) = parse(fields.as_bytes()) {
                assert_eq!(answer.status, 200, "{part}");
            }
            assert!(parse(text.as_bytes()).is_err(), "{part}");
            assert!(host(&text).is_err(), "{part}");
            host(&format!("http://{text}")).ok();
        }
    }
}
