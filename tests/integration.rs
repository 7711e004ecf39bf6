mod database;
mod layers;
