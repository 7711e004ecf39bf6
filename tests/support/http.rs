//! One request to a server on this machine.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

/// Status and body.
pub(crate) fn ask(address: &str, method: &str, path: &str, body: &str) -> std::io::Result<(u16, String)> {
    ask_with(address, method, path, body, "")
}

/// `headers` end in line breaks.
pub(crate) fn ask_with(
    address: &str,
    method: &str,
    path: &str,
    body: &str,
    headers: &str,
) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    Ok((status.unwrap_or_default(), body.unwrap_or_default()))
}

/// The JSON of a 200, or of nothing at all.
pub(crate) fn get(address: &str, path: &str) -> Option<Value> {
    let (status, body) = ask(address, "GET", path, "").ok()?;
    (status == 200).then(|| serde_json::from_str(&body).expect("JSON"))
}
