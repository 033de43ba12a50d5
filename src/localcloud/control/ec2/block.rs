//! Blocks of IPv4 addresses.

use std::fmt;
use std::net::Ipv4Addr;

/// A block such as `10.0.0.0/16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    base: u32,
    pub(super) bits: u32,
}

impl Block {
    /// Reads a block; addresses beyond its bits are cut off, as AWS does.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        let address: Ipv4Addr = address.parse().ok()?;
        let bits = bits.parse().ok().filter(|bits| *bits <= 32)?;
        Some(Self { base: u32::from(address) & mask(bits), bits })
    }

    /// Returns whether another block lies inside this one.
    pub(super) fn contains(self, other: Self) -> bool {
        other.bits >= self.bits && other.base & mask(self.bits) == self.base
    }

    /// Returns whether two blocks share addresses.
    pub(super) fn overlaps(self, other: Self) -> bool {
        self.contains(other) || other.contains(self)
    }

    /// Returns how many addresses of a subnet can be given out: AWS keeps five.
    pub(super) fn free(self) -> u64 {
        (1_u64 << (32 - self.bits)).saturating_sub(5)
    }
}

impl fmt::Display for Block {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", Ipv4Addr::from(self.base), self.bits)
    }
}

fn mask(bits: u32) -> u32 {
    u32::MAX.checked_shl(32 - bits).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_know_what_they_hold() {
        let vpc = Block::parse("10.0.5.7/16").unwrap();
        assert_eq!(vpc.to_string(), "10.0.0.0/16");
        let subnet = Block::parse("10.0.16.0/20").unwrap();
        assert!(vpc.contains(subnet) && vpc.overlaps(subnet) && !subnet.contains(vpc));
        assert_eq!(subnet.free(), 4091);
        assert!(Block::parse("0.0.0.0/0").unwrap().contains(vpc));
        assert_eq!(Block::parse("10.0.0.0/33"), None);
    }
}
