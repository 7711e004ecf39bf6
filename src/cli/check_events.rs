//! `check-events`: whether events come to the queue, by one that the user sends.
//!
//! A message goes to one reader. So where a watchdog runs, it reads, and this command asks it; else this command reads the
//! queue itself.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout_at};

use super::client::get;
use super::wiring;
use crate::aws::Aws;
use crate::config::{Config, environment};
use crate::observe::events::{TEST_SOURCE, Told, read};
use crate::ports::{EventQueue, QueueAttributes};

pub(super) const HELP: &str = "\
Where a watchdog with a queue answers at --url, it is asked whether the event came; else this command reads the queue \
itself, and what it takes out beside the event comes to the watchdog up to a minute later. Exit code 0 where the event came, \
1 where it did not, 2 for a configuration with problems.";

const ASK_AGAIN: Duration = Duration::from_millis(500);

/// What is checked, and how.
pub(super) struct Check {
    pub(super) config: PathBuf,
    /// Where a watchdog may answer.
    pub(super) url: String,
    pub(super) wait: Duration,
}

pub(super) fn run(args: &Check, out: &mut dyn Write) -> anyhow::Result<u8> {
    let config = match Config::load(&args.config, environment()) {
        Ok(config) => config,
        Err(problems) => {
            writeln!(anstream::stderr(), "{problems}")?;
            return Ok(2);
        }
    };
    let Some(queue_url) = config.events.queue_url.clone() else {
        bail!(
            "events.queue_url is not set in {}: everything is polled. docs/events.md says how to set events up",
            args.config.display()
        );
    };
    wiring::runtime()?.block_on(check(args, &config, &queue_url, out))
}

async fn check(args: &Check, config: &Config, queue_url: &str, out: &mut dyn Write) -> anyhow::Result<u8> {
    #[expect(clippy::disallowed_methods, reason = "what the clock is made from")]
    let aws = Aws::connect(
        &wiring::aws(&config.aws),
        Arc::new(|_, _, _| {}),
        Arc::new(Timestamp::now),
    )
    .await?;
    let queue = aws.queue(queue_url);
    let (_, attributes) = queue
        .attributes()
        .await
        .context("the queue cannot be asked what it is like (deploy/ecs/events.json has the rights)")?;
    writeln!(out, "queue      {queue_url}: {}", words(&attributes))?;
    let id = random_id()?;
    let asked = watchdog(&args.url);
    match &asked {
        Some(_) => writeln!(out, "read by    the watchdog at {}", args.url)?,
        None => writeln!(
            out,
            "read by    this command: no watchdog with a queue answers at {}",
            args.url
        )?,
    }
    writeln!(out, "send       {}", command(&id, aws.region()))?;
    writeln!(out, "waiting for it, {} s at most", args.wait.as_secs())?;
    let until = Instant::now() + args.wait;
    let came = match asked {
        Some(_) => by_the_watchdog(&args.url, &id, until).await,
        None => by_ourselves(&*queue, &id, until, out).await?,
    };
    if let Some(events) = watchdog(&args.url) {
        writeln!(out, "heartbeat  {}", heartbeat(&events))?;
        writeln!(out, "so far     {}", kinds(&args.url))?;
    }
    match came {
        Some(Came { at, sent }) => {
            let took = sent.map(|sent| at.duration_since(sent).as_secs_f64());
            let took = took.map(|took| format!(", {took:.2} s after the queue got it"));
            writeln!(out, "event      came at {at:.1}{}", took.unwrap_or_default())?;
            Ok(0)
        }
        None => {
            writeln!(out, "event      did not come. {MISSING}")?;
            Ok(1)
        }
    }
}

const MISSING: &str = "See that the rule rotation-watchdog-check is enabled in this region (`aws events describe-rule --name \
    rotation-watchdog-check`), that the queue is its target (`aws events list-targets-by-rule --rule \
    rotation-watchdog-check`), that the queue's policy lets EventBridge send, and that nothing else reads the queue: a \
    watchdog elsewhere is asked with --url";

fn words(attributes: &QueueAttributes) -> String {
    let kind = if attributes.is_fifo {
        "a FIFO queue, which will not do"
    } else {
        "a standard queue"
    };
    let redrive = if attributes.has_redrive {
        "with a dead-letter queue"
    } else {
        "without a dead-letter queue: what nobody can read is deleted"
    };
    let waiting = attributes.waiting.map(|n| format!(", about {n} messages in it"));
    format!("{kind} {redrive}{}", waiting.unwrap_or_default())
}

/// What a running watchdog says of its events; nothing where none answers, or has no queue.
fn watchdog(url: &str) -> Option<Value> {
    let answer = get(url, "/v1/status")
        .ok()
        .filter(|answer| answer.status == 200)?;
    let status: Value = serde_json::from_str(&answer.body).ok()?;
    status.get("events").filter(|events| !events.is_null()).cloned()
}

fn heartbeat(events: &Value) -> String {
    match events["last_heartbeat"].as_str() {
        Some(at) => format!("last at {at}"),
        None => "none came yet: the rule rotation-watchdog-heartbeat sends one every 5 minutes".to_owned(),
    }
}

/// Which kinds of events the watchdog has had since its start: a rule that is disabled sends none of its own.
fn kinds(url: &str) -> String {
    const SERIES: &str = "rotation_watchdog_events_total{kind=\"";
    let text = get(url, "/metrics").map(|answer| answer.body).unwrap_or_default();
    let series = text
        .lines()
        .filter_map(|line| line.strip_prefix(SERIES)?.split_once("\"} "));
    let came: Vec<String> = series
        .filter(|(_, count)| *count != "0")
        .map(|(kind, count)| format!("{kind} {count}"))
        .collect();
    if came.is_empty() {
        "nothing since the watchdog's start".to_owned()
    } else {
        came.join(", ")
    }
}

fn command(id: &str, region: &str) -> String {
    let detail = format!(r#"{{\"id\":\"{id}\"}}"#);
    let entry = format!(r#"[{{"Source":"{TEST_SOURCE}","DetailType":"check","Detail":"{detail}"}}]"#);
    format!("aws events put-events --region {region} --entries '{entry}'")
}

/// When the event came, and when the queue had got it.
struct Came {
    at: Timestamp,
    sent: Option<Timestamp>,
}

async fn by_the_watchdog(url: &str, id: &str, until: Instant) -> Option<Came> {
    while Instant::now() < until {
        let test = watchdog(url).map(|events| events["last_test"].clone());
        if let Some(test) = test.filter(|test| test["id"] == id) {
            let time = |key: &str| test[key].as_str()?.parse().ok();
            return Some(Came {
                at: time("came")?,
                sent: time("sent"),
            });
        }
        sleep(ASK_AGAIN).await;
    }
    None
}

/// Takes messages out until the event is among them. The others come back when their time in hiding is over.
async fn by_ourselves(
    queue: &dyn EventQueue,
    id: &str,
    until: Instant,
    out: &mut dyn Write,
) -> anyhow::Result<Option<Came>> {
    let mut beside = 0_usize;
    let came = loop {
        let Ok(received) = timeout_at(until, queue.receive()).await else {
            break None;
        };
        let (look, messages) =
            received.context("the queue cannot be read (deploy/ecs/events.json has the rights)")?;
        let is_it = |body: &str| matches!(read(body), Told::Test { id: found } if found == id);
        let found = messages.iter().find(|message| is_it(&message.body));
        beside += messages.len() - usize::from(found.is_some());
        if let Some(message) = found {
            queue.delete(std::slice::from_ref(&message.receipt)).await?;
            break Some(Came {
                at: look.arrived,
                sent: message.sent,
            });
        }
    };
    if beside > 0 {
        writeln!(
            out,
            "beside it  {beside} messages, which come to the watchdog a minute later"
        )?;
    }
    Ok(came)
}

fn random_id() -> anyhow::Result<String> {
    let bytes = wiring::random::<6>()?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
