mod database;
mod deploy;
mod layers;
