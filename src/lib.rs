//! `rotation-watchdog`: watches the rotation of AWS Secrets Manager secrets and refreshes their consumers
//! at the right moment, once, with proof. ARCHITECTURE.md has the map.

pub mod aws;
pub mod cli;
pub mod config;
pub mod database;
pub mod http;
pub mod observe;
pub mod ports;
pub mod remediation;
pub mod runtime;
pub mod sim;
pub mod store;
pub mod telemetry;
