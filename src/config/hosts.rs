//! Names of hosts, as logins go to them and as consumers name them.

pub(super) const HOST_REMEDY: &str =
    "give the host alone, as \"db.example.internal\": no scheme, no port, no path";

/// A name or an address; what it is not: an URL, or a host with its port. An IPv6 address has colons of its own.
pub(super) fn is_host(text: &str) -> bool {
    const LONGEST: usize = 253;
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let is_name = !text.is_empty()
        && text.len() <= LONGEST
        && !text.starts_with(['.', '-'])
        && text.bytes().all(is_of_name);
    is_name || text.parse::<std::net::Ipv6Addr>().is_ok()
}
