//! Loopback ports for servers.

use std::net::{Ipv4Addr, TcpListener};

/// Returns `wanted` if nothing listens on it, else a free port.
pub(super) fn free_or_other(wanted: u16) -> std::io::Result<u16> {
    if is_free(wanted) {
        return Ok(wanted);
    }
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Returns whether a server could listen on the loopback port, and on the port of all addresses.
fn is_free(port: u16) -> bool {
    port != 0
        && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
        && TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_gives_another() {
        let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let taken = holder.local_addr().unwrap().port();
        assert!(!is_free(taken));
        assert_ne!(free_or_other(taken).unwrap(), taken);
    }
}
