mod cli;
mod contract;
mod database;
mod deploy;
mod endtoend;
mod layers;
mod support;
