//! What an instance class of RDS is made of.

/// Memory and processors of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Class {
    /// Memory in MiB as AWS advertises it; the operating system and RDS's own processes take their part of it.
    pub memory_mib: u64,
    /// Virtual processors.
    pub vcpus: u64,
    /// Whether it may use its processors in full only for a time.
    pub is_burstable: bool,
}

/// Sizes of the burstable classes: memory in MiB and processors.
const BURSTABLE: [(&str, u64, u64); 6] = [
    ("micro", 1_024, 2),
    ("small", 2_048, 2),
    ("medium", 4_096, 2),
    ("large", 8_192, 2),
    ("xlarge", 16_384, 4),
    ("2xlarge", 32_768, 8),
];

/// Returns what a class such as `db.t4g.micro` is made of, or `None` for a family that is not known.
///
/// Source: "DB instance classes", Amazon RDS User Guide: within a family memory grows with the processors.
pub fn class(name: &str) -> Option<Class> {
    let (family, size) = name.strip_prefix("db.")?.split_once('.')?;
    if family.starts_with('t') {
        let (_, memory_mib, vcpus) = BURSTABLE.iter().find(|(known, ..)| *known == size)?;
        return Some(Class { memory_mib: *memory_mib, vcpus: *vcpus, is_burstable: true });
    }
    let gib_per_vcpu = match family {
        _ if family.starts_with("x2ie") => 32,
        _ if family.starts_with('x') => 16,
        _ if family.starts_with('r') => 8,
        _ if family.starts_with('m') => 4,
        _ if family.starts_with('c') => 2,
        _ => return None,
    };
    let vcpus = match size {
        "medium" => 1,
        "large" => 2,
        "xlarge" => 4,
        _ => size.strip_suffix("xlarge")?.parse::<u64>().ok()?.checked_mul(4)?,
    };
    Some(Class { memory_mib: vcpus.checked_mul(gib_per_vcpu * 1_024)?, vcpus, is_burstable: false })
}

#[cfg(test)]
mod tests {
    use super::class;

    #[test]
    fn memory_follows_family_and_size() {
        let gib = |name: &str| class(name).map(|class| (class.memory_mib / 1_024, class.vcpus));
        assert_eq!(gib("db.t4g.micro"), Some((1, 2)));
        assert_eq!(gib("db.t3.2xlarge"), Some((32, 8)));
        assert_eq!(gib("db.m7g.large"), Some((8, 2)));
        assert_eq!(gib("db.r6g.12xlarge"), Some((384, 48)));
        assert_eq!(gib("db.x2g.large"), Some((32, 2)));
        for unknown in ["db.t4g.nano", "db.q1.large", "t4g.micro", "db.m7g.hugexlarge", "db.m7g"] {
            assert_eq!(gib(unknown), None, "{unknown}");
        }
    }
}
