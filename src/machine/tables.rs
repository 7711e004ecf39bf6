//! Tables: what is seen, in order, and what it means (aws-facts: Staging labels; checklist C2.4 to C2.7).

mod agenda;
mod cadence;
mod caps;
mod deadlines;
mod deployments;
mod discovery;
mod doubts;
mod findings;
mod first_start;
mod fleet;
mod fleet_findings;
mod functions;
mod logins;
mod moments;
mod promotion_findings;
mod putting_back;
mod rotations;
mod stages;
mod staleness;
mod standings;
mod steps;
mod tries;
mod trust;
mod words;
mod world;
