//! An HTTP client that answers from a list and keeps what it was sent.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;

#[derive(Clone, Debug)]
pub(super) enum Answer {
    Http {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    },
    /// The connection ended after the request was sent.
    Cut,
    /// Nobody listens.
    Refused,
    Silence,
}

impl Answer {
    pub(super) fn json(body: &serde_json::Value) -> Self {
        Self::http(200, "application/json", body.to_string().into_bytes())
    }

    pub(super) fn xml(status: u16, body: String) -> Self {
        Self::http(status, "text/xml", body.into_bytes())
    }

    pub(super) fn cbor(status: u16, body: Vec<u8>) -> Self {
        Self::http(status, "application/cbor", body).with("smithy-protocol", "rpc-v2-cbor")
    }

    /// AWS's own answer to a write.
    pub(super) fn written(body: &serde_json::Value) -> Self {
        Self::json(body).with("x-amzn-requestid", "1")
    }

    pub(super) fn html(status: u16) -> Self {
        Self::http(status, "text/html", b"<html>secret page</html>".to_vec())
    }

    /// An error as both JSON protocols can read it.
    pub(super) fn error(status: u16, code: &str, message: &str) -> Self {
        let body = serde_json::json!({ "__type": code, "message": message, "Message": message });
        Self::http(status, "application/json", body.to_string().into_bytes()).with("x-amzn-errortype", code)
    }

    #[must_use]
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Self::Http { headers, .. } = &mut self {
            headers.push((name, value.to_string()));
        }
        self
    }

    fn http(status: u16, kind: &str, body: Vec<u8>) -> Self {
        let headers = vec![("content-type", kind.to_owned())];
        Self::Http {
            status,
            headers,
            body,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Sent {
    /// `ListSecrets`, or `GET /2015-03-31/functions/…`.
    pub(super) operation: String,
    pub(super) body: String,
}

impl Sent {
    fn of(request: &HttpRequest) -> Self {
        let target = request.headers().get("x-amz-target");
        let named = target.and_then(|target| target.rsplit('.').next());
        let path = request.uri().split_once(".com").map_or("", |(_, path)| path);
        let body = request.body().bytes().unwrap_or_default();
        Self {
            operation: named.map_or_else(|| format!("{} {path}", request.method()), str::to_owned),
            body: String::from_utf8_lossy(body).into_owned(),
        }
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// Gives its answers in turn, the last one for ever.
#[derive(Clone, Debug)]
pub(super) struct Fake {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Fake {
    pub(super) fn answers(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self {
            answers: Arc::new(Mutex::new(answers.into_iter().collect())),
            sent: Arc::default(),
        }
    }

    pub(super) fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }

    pub(super) fn operations(&self) -> Vec<String> {
        self.sent().into_iter().map(|sent| sent.operation).collect()
    }

    fn next(&self) -> Answer {
        let mut answers = self.answers.lock().unwrap();
        let next = answers.pop_front().expect("an answer");
        if answers.is_empty() {
            answers.push_back(next.clone());
        }
        next
    }
}

impl HttpConnector for Fake {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.sent.lock().unwrap().push(Sent::of(&request));
        let answer = self.next();
        HttpConnectorFuture::new(async move {
            match answer {
                Answer::Http {
                    status,
                    headers,
                    body,
                } => Ok(response(status, headers, body)),
                Answer::Cut => Err(io_error(std::io::ErrorKind::ConnectionReset)),
                Answer::Refused => Err(io_error(std::io::ErrorKind::ConnectionRefused)),
                Answer::Silence => std::future::pending().await,
            }
        })
    }
}

impl HttpClient for Fake {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

fn response(status: u16, headers: Vec<(&'static str, String)>, body: Vec<u8>) -> HttpResponse {
    let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
    for (name, value) in headers {
        response.headers_mut().insert(name, value);
    }
    response
}

fn io_error(kind: std::io::ErrorKind) -> ConnectorError {
    ConnectorError::io(std::io::Error::from(kind).into())
}
