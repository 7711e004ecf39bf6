mod cli;
mod contract;
mod database;
mod deploy;
mod endtoend;
mod kill;
mod layers;
mod support;
