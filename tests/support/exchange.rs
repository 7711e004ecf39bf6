//! HTTP/1.1 as far as AWS's SDK and the stand-in speak it: one request, one answer, one connection.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use super::proxy::End;

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Asked {
    /// By operation, or by path.
    Read(String),
    /// By operation, subject, and a concurrency's value: `PutFunctionConcurrency receipts 0`.
    Write(String),
}

/// A request as it came.
pub(crate) struct Request {
    /// `POST /path HTTP/1.1`
    line: String,
    /// Each with its line break.
    headers: Vec<String>,
    body: Vec<u8>,
}

impl Request {
    /// Nothing where the connection ends before it begins.
    pub(crate) fn read(stream: &TcpStream) -> io::Result<Option<Self>> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        let mut request = Self {
            line,
            headers: Vec::new(),
            body: Vec::new(),
        };
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            if header.trim().is_empty() {
                break;
            }
            request.headers.push(header);
        }
        let length = request.header("content-length");
        request.body = vec![0; length.map_or(0, |length| length.parse().expect("a length"))];
        reader.read_exact(&mut request.body)?;
        Ok(Some(request))
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut pairs = self.headers.iter().filter_map(|header| header.split_once(':'));
        let (_, value) = pairs.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value.trim())
    }

    pub(crate) fn asked(&self) -> Asked {
        let target = self
            .header("x-amz-target")
            .and_then(|target| target.rsplit_once('.'));
        let Some((_, operation)) = target else {
            return self.asked_of_lambda();
        };
        if operation == "UpdateService" {
            let service = self.json()["service"].as_str().expect("a service").to_owned();
            return Asked::Write(format!("{operation} {service}"));
        }
        if operation == "UpdateSecretVersionStage" {
            return Asked::Write(operation.to_owned());
        }
        Asked::Read(operation.to_owned())
    }

    fn asked_of_lambda(&self) -> Asked {
        let mut words = self.line.split(' ');
        let (method, address) = (words.next().expect("a method"), words.next().expect("a path"));
        let path = address.split('?').next().unwrap_or_default().replace("%3A", ":");
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let of_arn = |arn: &str| arn.rsplit(':').next().unwrap_or_default().to_owned();
        Asked::Write(match (method, parts.as_slice()) {
            ("GET", _) => return Asked::Read(path),
            ("PUT", [_, "functions", name, "configuration"]) => format!("UpdateFunctionConfiguration {name}"),
            ("PUT", [_, "functions", name, "concurrency"]) => {
                let reserved = &self.json()["ReservedConcurrentExecutions"];
                format!("PutFunctionConcurrency {name} {reserved}")
            }
            ("DELETE", [_, "functions", name, "concurrency"]) => format!("DeleteFunctionConcurrency {name}"),
            ("POST", [_, "tags", arn]) => format!("TagResource {}", of_arn(arn)),
            ("DELETE", [_, "tags", arn]) => format!("UntagResource {}", of_arn(arn)),
            _ => panic!("neither a read nor a known write: {}", self.line),
        })
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

/// Asks the server, which closes the connection behind its answer.
pub(crate) fn forward(address: &str, request: &Request) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address)?;
    let head = format!(
        "{}Connection: close\r\n{}\r\n",
        request.line,
        request.headers.concat()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(&request.body)?;
    let mut answered = Vec::new();
    stream.read_to_end(&mut answered)?;
    Ok(answered)
}

/// A 200.
fn answer(content_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// What the program gets in place of the answer. The caller then closes the connection.
pub(crate) fn send(stream: &mut TcpStream, end: End, answered: &[u8]) -> io::Result<()> {
    match end {
        End::Answer => stream.write_all(answered),
        End::Garbled => stream.write_all(&answer("application/x-amz-json-1.1", "{\"service\": {\"serv")),
        End::Half => {
            let whole = answer("application/x-amz-json-1.1", "{\"service\": {}}");
            stream.write_all(&whole[..whole.len() - 5])
        }
        End::Page => stream.write_all(&answer("text/html", "<html><body>Please log in</body></html>")),
        End::Stall => stream.read_to_end(&mut Vec::new()).map(drop),
        End::Cut | End::Kill => Ok(()),
    }
}
