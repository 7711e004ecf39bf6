//! Every endpoint through the router, without a socket.

mod errors;
mod lists;
mod properties;
mod served;
mod shapes;
