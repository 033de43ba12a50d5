//! What a stack costs: from the file alone, from the runs before, after prices moved, and what a change makes of it.

use serde_json::Value;

use crate::edit;
use crate::support::{Ran, copy_of_the_stack, ran, stack};
use crate::team::{boto3, plan};
use crate::world::World;

const FILE: &str = "stacks/ecommerce.toml";

/// Without servers a world is quick.
const NO_SERVERS: (&str, &str) = ("STACK_LOCAL_ENGINES", "off");

/// A world of the shipped stack without the schemas, which need servers.
fn without_servers(name: &str) -> World {
    let world = World::with(name, &[NO_SERVERS]);
    edit::drop_key(&world.folder().join(FILE), "schema");
    world
}

fn json(ran: Ran) -> Value {
    serde_json::from_str(&ran.exits(0).stdout).unwrap()
}

fn line<'a>(ran: &'a Ran, begins: &str) -> &'a str {
    let lines = ran.stdout.lines().chain(ran.stderr.lines());
    lines.map(str::trim_end).find(|line| line.starts_with(begins)).unwrap_or_else(|| panic!("{}", ran.all()))
}

#[test]
fn without_credentials_the_file_alone_tells() {
    let (folder, _) = copy_of_the_stack();
    let mut command = stack(folder.path());
    command.args(["--stack", FILE, "cost"]).env("AWS_EC2_METADATA_DISABLED", "true");
    insta::assert_snapshot!(ran(&mut command).exits(0).all(), @"
    exit 0
    `ecommerce` in us-east-2, as the file declares it
    resource                   $/h running  $/h stopped  $/month always on  8 h on weekdays  one run a night
    `dashboard.main`                0.0041       0.0041               3.00             3.00             3.00
    `mysql.sales`                   0.0247       0.0037              18.03             6.34             3.02
    `endpoint.secretsmanager`       0.0100       0.0100               7.30             7.30             7.30
    `redshift.warehouse`            0.5435       0.0005             396.79            94.52             8.66
    the runs themselves                                                                                14.29
    all                             0.5824       0.0184             425.12           111.16            36.27

    one run of the pipeline: $0.7519 (30 minutes assumed: no run tells yet)
    part                          seconds       $  how it is known
    upload the file
    wait for the load                      0.0005  estimate: 512 MiB for 60 s
    crawl MySQL                            0.1467  estimate: 2 DPUs for 10 min
    MySQL to S3                            0.0147  estimate: 2 DPUs for 60 s
    crawl S3                               0.1467  estimate: 2 DPUs for 10 min
    check staging with Athena              0.0001  estimate: one query, which Athena bills with 10 MB at least
    S3 to Redshift                         0.0147  estimate: 2 DPUs for 60 s
    crawl Redshift                         0.1467  estimate: 2 DPUs for 10 min
    check Redshift against MySQL
    `mysql.sales`                  1800.0  0.0105  while the run goes on
    `redshift.warehouse`           1800.0  0.2715  while the run goes on

    billed by what is kept and used, on top of the resources:
      S3 Standard storage: $0.023 per GiB-month
      Glue jobs and crawlers: $0.44 per DPU-hour
      CloudWatch Logs, written: $0.5 per GB
      CloudWatch Logs, kept: $0.03 per GiB-month
      Lambda invocations: $0.0000002 per request
      RDS backups beyond the size of the storage: $0.095 per GiB-month
      Secrets Manager, requests: $0.000005 per request
      Redshift managed storage and snapshots: $0.024 per GiB-month
      Athena, data read: $5 per TB

    prices of us-east-2: the table of this `stack` of 2026-11-22, 30 of 30 not checked for this region; `stack prices update` fetches AWS's own
    note: there are no credentials, so no run before tells; this is an estimate from the stack file
    ");
}

#[test]
fn prices_of_a_region_need_no_stack_file() {
    let folder = tempfile::tempdir().unwrap();
    let list = |region: &str| ran(stack(folder.path()).args(["prices", "--region", region])).exits(0);
    let known = list("us-east-1");
    insta::assert_snapshot!(line(&known, "RDS MySQL db.t4g.micro"), @"RDS MySQL db.t4g.micro                              0.016  hour        2026-11-22  AWS on-demand price list of us-east-1");
    insta::assert_snapshot!(line(&known, "Interface endpoint"), @"Interface endpoint in one zone                       0.01  hour        2026-11-22  as AWS's price list shows it; not checked (not checked for this region)");
    assert_eq!(known.stdout.lines().count(), 32, "{}", known.stdout);
    insta::assert_snapshot!(list("eu-west-1").stdout, @"no price of eu-west-1 is known; `stack prices update` fetches them");
}

#[test]
fn a_price_that_moves_is_followed_and_a_change_shows_what_it_costs() {
    let world = without_servers("cost");
    let before = world.stack(&["cost"]).exits(0);
    assert!(before.stderr.contains("nothing of it exists yet"), "{}", before.all());
    world.stack(&["--yes", "up"]).exits(0);
    assert_eq!(world.stack(&["cost"]).exits(0).stdout, before.stdout, "what exists costs what was told");

    let fetched = world.stack(&["prices", "update"]).exits(0);
    insta::assert_snapshot!(fetched.stdout.split("; kept in").next().unwrap(), @"
      Redshift node dc2.large  stays at 0.25 of 2026-11-22: the price list has no such item
      KMS customer key  stays at 1 of 2026-11-22: the price list has no such item
      Budget without actions  stays at 0 of 2026-11-22: the price list has no such item
    30 prices of us-east-2 fetched: 0 changed, 3 were unknown before
    ");
    let moved = br#"{ "USE2-InstanceUsage:db.t4g.micro": 0.5, "InstanceUsage:db.t4g.micro": 9 }"#;
    std::fs::write(world.home().join("prices.json"), moved).unwrap();
    let again = world.stack(&["prices", "update"]).exits(0);
    insta::assert_snapshot!(line(&again, "~"), @"~ RDS MySQL db.t4g.micro  0.016 -> 0.5 per hour (+3025.0%)");
    let after = json(world.stack(&["--json", "cost"]));
    let sales = after["resources"].as_array().unwrap().iter().find(|one| one["address"] == "mysql.sales").unwrap();
    assert_eq!(format!("{:.4}", sales["usd_per_hour"]["running"].as_f64().unwrap()), "0.5087", "{sales}");
    assert!(after["prices"]["source"].as_str().unwrap().contains("fetched on"), "{}", after["prices"]);

    let file = world.folder().join(FILE);
    edit::edit(&file, &[("mysql.sales", "class", r#""db.t3.micro""#)]);
    let planned = world.stack(&["plan"]).exits(0);
    insta::assert_snapshot!(planned.stdout, @r"
    ~ mysql.sales  (the file changed)  $0.5087/h -> $0.0257/h (-$0.4830)
        class: `db.t4g.micro` -> `db.t3.micro`
    0 to create, 1 to change, 0 to replace, 0 to delete, 41 as declared; $1.066/h now, $0.583/h after: -$0.4830/h, -$352.59/month if always on
    ");
    let markdown = world.stack(&["plan", "--markdown"]).exits(0).stdout.replace(&world.endpoint(), "ENDPOINT");
    insta::assert_snapshot!(markdown, @r"
    ### Plan for account 123456789012, region us-east-2 at ENDPOINT

    | | resource | why | $/h | attribute | now | after |
    |---|---|---|---|---|---|---|
    | `~` | `mysql.sales` | the file changed | $0.5087/h -> $0.0257/h (-$0.4830) | class | `db.t4g.micro` | `db.t3.micro` |

    0 to create, 1 to change, 0 to replace, 0 to delete, 41 as declared; $1.066/h now, $0.583/h after: -$0.4830/h, -$352.59/month if always on
    ");
    let planned = plan(&world, &[], 0);
    let month = planned["usd_per_month_always_on"]["difference"].as_f64().unwrap();
    assert_eq!(format!("{month:.2}"), "-352.59", "{planned}");
    edit::edit(&file, &[("mysql.sales", "class", r#""db.m7g.large""#)]);
    let planned = world.stack(&["plan"]).exits(0);
    assert!(planned.stdout.contains("$0.5087/h -> unknown price"), "{}", planned.all());
    assert!(planned.stdout.contains("+ an unknown price after"), "{}", planned.all());
}

#[test]
fn a_cache_that_cannot_be_used_is_told_and_one_that_can_stays_without_a_network() {
    let world = World::with("prices", &[NO_SERVERS]);
    let cache = world.folder().join("prices");
    let prices = |arguments: &[&str]| ran(world.command(arguments).env("STACK_CACHE_HOME", &cache));
    prices(&["prices", "update"]).exits(0);
    let kept = std::fs::read_dir(&cache).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&kept, "{ \"who\": \"knows\" }").unwrap();
    let refused = prices(&["cost"]).exits(1);
    assert!(refused.stderr.contains(&kept.display().to_string()), "{}", refused.all());
    assert!(refused.stderr.contains("`stack prices update --region us-east-2` writes it anew"), "{}", refused.all());
    let warned = prices(&["status"]).exits(0);
    assert!(warned.stderr.contains("the prices built into `stack` count"), "{}", warned.all());
    prices(&["prices", "update", "--region", "us-east-2"]).exits(0);
    let good = std::fs::read(&kept).unwrap();

    std::fs::write(world.home().join("prices.json"), "[").unwrap();
    let refused = prices(&["prices", "update"]).exits(1);
    assert!(refused.stderr.contains("the prices stay as they were"), "{}", refused.all());
    world.down();
    let mut offline = world.command(&["prices", "update", "--region", "us-east-2"]);
    offline.env("STACK_CACHE_HOME", &cache).env_remove("STACK_TARGET").args(["--endpoint-url", &world.endpoint()]);
    let offline = ran(offline.env("AWS_ACCESS_KEY_ID", "x").env("AWS_SECRET_ACCESS_KEY", "y")).exits(1);
    assert!(offline.stderr.contains("127.0.0.1"), "{}", offline.all());
    assert_eq!(std::fs::read(&kept).unwrap(), good, "a price list out of reach changes nothing");
    assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 1);
}

/// Two runs, as the runner writes them: the job took 100 and 300 seconds.
const RUNS: &str = r#"
def run(number, seconds, usd):
    def step(name, kind, took, usd=None):
        return {"name": name, "kind": kind, "state": "done", "attempts": 1, "began": "2026-11-20T02:00:00Z",
                "ended": "2026-11-20T02:%02d:%02dZ" % divmod(took, 60), "usd": usd, "rows_in": None, "rows_out": None}
    body = {"version": 1, "id": "20261120T02000%dZ-abcd" % number, "stack": "ecommerce", "by": "ana@laptop",
            "began": "2026-11-20T02:00:00Z", "ended": "2026-11-20T03:00:00Z", "state": "done", "data": [], "facts": {},
            "steps": [step("wait for the load", "load", 40), step("crawl MySQL", "crawl", 700),
                      step("MySQL to S3", "job", seconds, usd)]}
    client("s3").put_object(Bucket="uk-ecommerce-data-output", Key=".stack/runs/%s.json" % body["id"],
                            Body=json.dumps(body).encode())
run(1, 100, 0.0244)
run(2, 300, 0.0733)
"#;

#[test]
fn the_runs_before_tell_what_one_costs() {
    let world = without_servers("run-cost");
    world.stack(&["--yes", "up"]).exits(0);
    boto3(&world, RUNS);
    let told = world.stack(&["cost"]).exits(0);
    let run = told.stdout.split("\n\n").nth(1).unwrap().to_owned();
    insta::assert_snapshot!(run, @"
    one run of the pipeline: $0.6687 (740 s as the last 2 runs)
    part                          seconds       $  how it is known
    upload the file
    wait for the load                40.0  0.0003  estimate: 512 MiB for 40 s
    crawl MySQL                     700.0  0.1711  estimate: 2 DPUs for 12 min
    MySQL to S3                     300.0  0.0733  as the runs before
    crawl S3                               0.1467  estimate: 2 DPUs for 10 min
    check staging with Athena              0.0001  estimate: one query, which Athena bills with 10 MB at least
    S3 to Redshift                         0.0147  estimate: 2 DPUs for 60 s
    crawl Redshift                         0.1467  estimate: 2 DPUs for 10 min
    check Redshift against MySQL
    `mysql.sales`                   740.0  0.0043  while the run goes on
    `redshift.warehouse`            740.0  0.1116  while the run goes on
    ");
    let short = json(world.stack(&["--json", "cost", "--run-minutes", "5"]));
    // RDS bills a server for ten minutes at least, its address and Redshift for five.
    let servers: Vec<String> = short["run"]["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{} {:.4}", one["address"].as_str().unwrap(), one["usd"].as_f64().unwrap()))
        .collect();
    assert_eq!(servers, ["mysql.sales 0.0031", "redshift.warehouse 0.0452"]);
    assert_eq!(short["version"], 1);
    let calls = world.stack(&["cost", "--run-minutes", "0"]);
    assert_eq!(calls.code, 64, "{}", calls.all());
}
