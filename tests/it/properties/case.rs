//! What is generated: two versions of a stack, faults, and where the first run is killed.

use proptest::prelude::*;
use proptest::sample::select;

/// One case.
#[derive(Debug, Clone)]
pub(super) struct Case {
    /// The stack as it is first applied.
    pub first: Shape,
    /// The stack as it is changed to.
    pub second: Shape,
    /// What goes wrong during the first apply.
    pub faults: Vec<Trouble>,
    /// What goes wrong while it is changed and destroyed.
    pub later_faults: Vec<Trouble>,
    /// After how many calls the first apply is killed.
    pub killed_after: Option<u64>,
    /// After how many calls the change is killed.
    pub change_killed_after: Option<u64>,
    /// Whether the databases are stopped before the change.
    pub is_stopped: bool,
}

/// What a stack declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape {
    /// Tag of the whole stack.
    pub tag: Option<u8>,
    /// Buckets.
    pub buckets: Vec<BucketShape>,
    /// Descriptions of Glue databases.
    pub databases: Vec<u8>,
    /// Whether there is a role for Glue.
    pub role: bool,
    /// Workers of a Glue job, which needs the role and a bucket.
    pub job_workers: Option<u8>,
    /// Whether a crawler looks at the first bucket; needs role and database.
    pub crawler: bool,
    /// Whether there is a workgroup; needs a bucket.
    pub workgroup: bool,
    /// Memory of a function, and whether the first bucket sets it off.
    pub function: Option<(u8, bool)>,
    /// The network and what is in it.
    pub network: Option<NetworkShape>,
}

/// A bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BucketShape {
    /// Part of its name: another number is another bucket.
    pub name: u8,
    /// Versioning.
    pub versioning: bool,
    /// A tag of its own.
    pub tag: Option<u8>,
}

/// A network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NetworkShape {
    /// Who may come in.
    pub access: bool,
    /// An interface endpoint.
    pub endpoint: bool,
    /// Backup days and `long_query_time` of MySQL.
    pub mysql: Option<(u8, Option<u8>)>,
    /// Snapshot days of Redshift.
    pub redshift: Option<u8>,
}

/// Something that goes wrong.
#[derive(Debug, Clone)]
pub(super) struct Trouble {
    /// Whose calls are struck.
    pub service: &'static str,
    /// How many of them are let through first.
    pub skip: u64,
    /// How many are struck then.
    pub times: u64,
    /// How.
    pub how: How,
}

/// How a call is struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// Too many calls.
    Throttled,
    /// HTTP 500.
    Broken,
    /// No connection.
    Reset,
    /// Done, but no answer.
    LostReply,
    /// Slow to answer.
    Late,
    /// Slow to become ready.
    Slow,
    /// Roles need time.
    NotPropagated,
}

fn bucket() -> impl Strategy<Value = BucketShape> {
    (0..3_u8, any::<bool>(), proptest::option::of(0..2_u8)).prop_map(|(name, versioning, tag)| BucketShape {
        name,
        versioning,
        tag,
    })
}

fn network() -> impl Strategy<Value = NetworkShape> {
    let mysql = proptest::option::of((0..3_u8, proptest::option::of(1..3_u8)));
    let redshift = proptest::option::weighted(0.3, 1..3_u8);
    (any::<bool>(), any::<bool>(), mysql, redshift).prop_map(|(access, endpoint, mysql, redshift)| NetworkShape {
        access,
        endpoint,
        mysql,
        redshift,
    })
}

fn shape() -> impl Strategy<Value = Shape> {
    let role = any::<bool>();
    let job = proptest::option::of(2..4_u8);
    let function = proptest::option::of((1..3_u8, any::<bool>()));
    (
        proptest::option::of(0..2_u8),
        proptest::collection::vec(bucket(), 0..3),
        proptest::collection::vec(0..2_u8, 0..3),
        (role, job, any::<bool>(), any::<bool>()),
        function,
        proptest::option::weighted(0.4, network()),
    )
        .prop_map(|(tag, mut buckets, databases, (role, job_workers, crawler, workgroup), function, network)| {
            buckets.dedup_by_key(|bucket| bucket.name);
            Shape { tag, role, job_workers, crawler, workgroup, function, buckets, databases, network }.whole()
        })
}

impl Shape {
    /// Leaves out what needs something that is not there.
    fn whole(self) -> Self {
        let (role, has_bucket, has_database) = (self.role, !self.buckets.is_empty(), !self.databases.is_empty());
        Self {
            job_workers: self.job_workers.filter(|_| role && has_bucket),
            crawler: self.crawler && role && has_bucket && has_database,
            workgroup: self.workgroup && has_bucket,
            function: self.function.filter(|_| role).map(|(memory, trigger)| (memory, trigger && has_bucket)),
            ..self
        }
    }
}

fn trouble() -> impl Strategy<Value = Trouble> {
    let services = select(vec!["s3", "glue", "iam", "ec2", "rds", "redshift", "lambda", "logs", "athena", "*"]);
    let how = select(vec![
        How::Throttled,
        How::Broken,
        How::Reset,
        How::LostReply,
        How::LostReply,
        How::Late,
        How::Slow,
        How::NotPropagated,
    ]);
    (services, 0..25_u64, 1..3_u64, how).prop_map(|(service, skip, times, how)| Trouble { service, skip, times, how })
}

/// Generates cases.
pub(super) fn case() -> impl Strategy<Value = Case> {
    let troubles = || proptest::collection::vec(trouble(), 0..4);
    let kill = || proptest::option::of(1..120_u64);
    // Half of the changes are small ones of the first shape, half are another stack altogether.
    let shapes = (shape(), shape(), any::<bool>()).prop_map(|(first, other, small)| {
        let second =
            if small { Shape { tag: other.tag, databases: other.databases, ..first.clone() }.whole() } else { other };
        (first, second)
    });
    (shapes, troubles(), troubles(), kill(), kill(), any::<bool>()).prop_map(
        |((first, second), faults, later_faults, killed_after, change_killed_after, is_stopped)| Case {
            first,
            second,
            faults,
            later_faults,
            killed_after,
            change_killed_after,
            is_stopped,
        },
    )
}
