//! The built program is killed, and its connections are spoiled, at each write of a rotation; its disk fills up.

mod account;
mod cases;
mod disk;
mod drain;
mod every_write;
mod spoiled;

use account::Account;
