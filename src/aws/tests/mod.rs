//! The adapters over an HTTP client in memory: real SDK clients, no sockets, tokio's paused clock.

mod classification;
mod clock;
mod ecs;
mod fake;
mod labels;
mod lambda;
mod logs;
mod metrics;
mod paging;
mod properties;
mod rds;
mod reads;

use std::sync::{Arc, Mutex};

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use jiff::Timestamp;

use super::connect::{Timeouts, timeouts};
use super::{Aws, AwsClock, Observer, behavior};
use fake::Fake;

/// The local clock of all these tests stands here.
const NOW: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// What the observer was told.
type Calls = Arc<Mutex<Vec<(&'static str, &'static str, &'static str)>>>;

fn watched(fake: &Fake) -> (Aws, Calls) {
    let keys = Credentials::new("AKIDEXAMPLE", "not-a-secret", None, None, "test");
    with_credentials(fake, SharedCredentialsProvider::new(keys))
}

fn with_credentials(fake: &Fake, credentials: SharedCredentialsProvider) -> (Aws, Calls) {
    let calls = Calls::default();
    let heard = calls.clone();
    let observer: Observer = Arc::new(move |service, operation, outcome| {
        heard.lock().unwrap().push((service, operation, outcome));
    });
    let clock = AwsClock::new(Arc::new(|| NOW));
    let shared = SdkConfig::builder()
        .behavior_version(behavior())
        .region(Region::new("eu-west-1"))
        .credentials_provider(credentials)
        .timeout_config(timeouts(Timeouts::default()))
        .time_source(clock.clone())
        .http_client(SharedHttpClient::new(fake.clone()))
        .build();
    (Aws::new(&shared, &observer, clock), calls)
}

fn aws(fake: &Fake) -> Aws {
    watched(fake).0
}
