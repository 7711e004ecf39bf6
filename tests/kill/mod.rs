//! The built program is killed, and its connections are spoiled, at each write of a rotation.

mod account;
mod cases;
mod every_write;
mod spoiled;

use account::Account;
