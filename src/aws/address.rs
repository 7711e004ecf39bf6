//! Where a call was sent: kept with each answer and each failure, for whoever has to mend the way there.

use std::error::Error;
use std::fmt;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::{RuntimeComponents, RuntimeComponentsBuilder};
use aws_smithy_types::config_bag::ConfigBag;

/// Scheme, host and port of a URL: without path, query, user and password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address(String);

impl Address {
    pub(super) fn of(url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        Self(if scheme.is_empty() {
            host.to_owned()
        } else {
            format!("{scheme}://{host}")
        })
    }

    pub(super) fn asked(response: &HttpResponse) -> Option<&Self> {
        response.extension()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A client that tells where it was sent.
#[derive(Debug)]
pub(super) struct Addressed(pub(super) SharedHttpClient);

impl HttpClient for Addressed {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector(self.0.http_connector(settings, components)))
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        bag: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.validate_base_client_config(components, bag)
    }

    fn validate_final_config(&self, components: &RuntimeComponents, bag: &ConfigBag) -> Result<(), BoxError> {
        self.0.validate_final_config(components, bag)
    }
}

#[derive(Debug)]
struct Connector(SharedHttpConnector);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let address = Address::of(request.uri());
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move {
            match answer.await {
                Ok(mut response) => {
                    response.add_extension(address);
                    Ok(response)
                }
                Err(error) => Err(unanswered(error, address)),
            }
        })
    }
}

/// The same error, with the address among its causes.
fn unanswered(error: ConnectorError, address: Address) -> ConnectorError {
    let connection = error.connection_metadata().cloned();
    let (timeout, user, io, other) = (
        error.is_timeout(),
        error.is_user(),
        error.is_io(),
        error.as_other(),
    );
    let source = error.into_source();
    let cause = Box::new(Unanswered { address, source });
    let told = match (timeout, user, io) {
        (true, ..) => ConnectorError::timeout(cause),
        (_, true, _) => ConnectorError::user(cause),
        (_, _, true) => ConnectorError::io(cause),
        (false, false, false) => ConnectorError::other(cause, other),
    };
    match connection {
        Some(connection) => told.with_connection(connection),
        None => told,
    }
}

#[derive(Debug)]
struct Unanswered {
    address: Address,
    source: BoxError,
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}

impl Error for Unanswered {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_no_more_than_scheme_host_and_port() {
        let table = [
            (
                "https://ecs.eu-west-1.amazonaws.com/",
                "https://ecs.eu-west-1.amazonaws.com",
            ),
            (
                "http://127.0.0.1:5000/2015-03-31/functions/?x=1",
                "http://127.0.0.1:5000",
            ),
            ("https://user:p@ss@proxy:8443?token=1", "https://proxy:8443"),
            ("/relative", ""),
        ];
        for (url, expected) in table {
            assert_eq!(Address::of(url).to_string(), expected);
        }
    }
}
