mod cli;
mod database;
mod deploy;
mod endtoend;
mod layers;
mod support;
