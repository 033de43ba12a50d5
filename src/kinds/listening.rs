//! On which port a database listens, as far as that can be a difference.

use std::net::IpAddr;

/// Returns the port to compare with the declared one.
///
/// A server behind an address of this machine (a tunnel, a forwarded port, an emulator) takes whichever port is free
/// here; AWS itself never answers with such an address. That is no difference.
pub(crate) fn comparable_port(endpoint: Option<&(String, i32)>, declared: i32, observed: i32) -> i32 {
    let is_here = |host: &String| host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match endpoint {
        // While it is being made it has no endpoint yet.
        None => declared,
        Some((host, _)) if is_here(host) => declared,
        Some(_) => observed,
    }
}

#[cfg(test)]
mod tests {
    use super::comparable_port;

    #[test]
    fn only_a_port_of_this_machine_is_free_to_differ() {
        let here = ("127.0.0.1".to_owned(), 40_000);
        let there = ("db.abc.us-east-2.rds.amazonaws.com".to_owned(), 3307);
        assert_eq!(comparable_port(Some(&here), 3306, 40_000), 3306);
        assert_eq!(comparable_port(Some(&there), 3306, 3307), 3307);
    }
}
