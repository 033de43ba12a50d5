//! What runs is told in one line and never holds a prompt, and all of it stops with one command, without a stack file.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Ran, ran, root, stack};
use crate::team::{boto3, faults, shipped_file};
use crate::world::World;

/// On a quiet machine it takes a fifth of this; a busy one runs several tests at once.
const PROMPT_LIMIT: Duration = Duration::from_millis(1500);

/// A stack of which two servers can be stopped.
const STACK: &str = r#"[stack]
name = "ecommerce"
region = "us-east-2"

[network]
cidr = "10.0.0.0/16"
zones = ["us-east-2a", "us-east-2b"]

[mysql.sales]
identifier = "sales"
class = "db.t4g.micro"
version = "8.4"
storage_gib = 20
database = "sales"

[role.redshift]
name = "warehouse"
service = "redshift"

[redshift.warehouse]
identifier = "warehouse"
node_type = "ra3.large"
nodes = 1
database = "warehouse"
role = "redshift"
"#;

/// A cloud without engines behind it, with that stack in place of the shipped one.
fn servers(name: &str) -> World {
    let world = World::with(name, &[("STACK_LOCAL_ENGINES", "off")]);
    std::fs::write(shipped_file(&world), STACK).unwrap();
    world
}

/// A prompt in some folder: no stack file, only a region.
fn prompt(world: &World, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = world.command(&[&["--region", "us-east-2", "remind"], arguments].concat());
    command.current_dir(folder).env("STACK_CACHE_HOME", folder.join("cache")).env("TZ", "UTC");
    command
}

fn is_silent(ran: &Ran) -> bool {
    ran.stdout.is_empty() && ran.stderr.is_empty()
}

#[test]
fn what_runs_is_told_and_stopped() {
    let world = servers("remind");
    let folder = tempfile::tempdir().unwrap();
    let remind = |arguments: &[&str]| ran(&mut prompt(&world, folder.path(), arguments));
    assert!(is_silent(&remind(&[]).exits(0)));
    // On a busy machine an answer may come too late for a prompt, so what it says is asked for with patience.
    assert!(is_silent(&remind(&["--quiet", "--wait"]).exits(0)));

    world.stack(&["--yes", "up"]).exits(0);
    let told = remind(&["--wait"]).exits(0);
    assert_eq!((told.stdout.lines().count(), told.stderr.as_str()), (1, ""), "{}", told.all());
    for word in ["`mysql.sales` of `ecommerce`", "`redshift.warehouse`", "/h", "`stack down --all-stacks` stops them"] {
        assert!(told.stdout.contains(word), "{word} in {}", told.all());
    }
    assert!(is_silent(&remind(&["--quiet", "--wait"]).exits(2)));
    let json: serde_json::Value = serde_json::from_str(&remind(&["--json", "--wait"]).exits(0).stdout).unwrap();
    assert_eq!(json["running"].as_array().unwrap().len(), 2, "{json}");
    let elsewhere = ran(world.command(&["--region", "us-east-1", "remind"]).current_dir(folder.path()));
    assert!(is_silent(&elsewhere) && elsewhere.code == 0, "{}", elsewhere.all());
    // Beside a stack file nothing needs to be said.
    assert!(world.stack(&["remind", "--wait"]).exits(0).stdout.contains("`mysql.sales`"));

    world.stack(&["--region", "us-east-2", "down", "--all-stacks"]).exits(0);
    assert!(is_silent(&remind(&["--wait"]).exits(0)));

    world.down();
    assert!(is_silent(&remind(&[]).exits(0)));
    assert!(is_silent(&remind(&["--quiet", "--wait"]).exits(0)));
    let status = world.stack(&["local", "status"]).exits(0);
    assert!(status.stdout.contains("not running"), "a question starts no cloud: {}", status.all());
}

/// Passes calls on to the world's cloud, each after `delay`; without a world it never answers.
fn endpoint(world: Option<&World>, delay: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let cloud = world.map(|world| world.endpoint().trim_start_matches("http://").to_owned());
    std::thread::spawn(move || {
        let mut held = vec![];
        for caller in listener.incoming().flatten() {
            match cloud.clone() {
                Some(cloud) => drop(std::thread::spawn(move || pass_on(caller, &cloud, delay))),
                None => held.push(caller),
            }
        }
    });
    url
}

fn pass_on(mut caller: TcpStream, cloud: &str, delay: Duration) {
    let Ok(mut cloud) = TcpStream::connect(cloud) else { return };
    let (mut from_cloud, mut to_caller) = (cloud.try_clone().unwrap(), caller.try_clone().unwrap());
    std::thread::spawn(move || {
        let mut bytes = [0; 16_384];
        while let Ok(count @ 1..) = from_cloud.read(&mut bytes) {
            std::thread::sleep(delay);
            if to_caller.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
    });
    drop(std::io::copy(&mut caller, &mut cloud));
}

#[test]
fn a_cloud_that_never_answers_holds_no_prompt() {
    let folder = tempfile::tempdir().unwrap();
    let url = endpoint(None, Duration::ZERO);
    for (arguments, code) in [(&[][..], 0), (&["--quiet"], 1), (&["--json"], 0)] {
        let mut command = stack(folder.path());
        command.env("AWS_ACCESS_KEY_ID", "a").env("AWS_SECRET_ACCESS_KEY", "b").env("AWS_ENDPOINT_URL", &url);
        command.env("STACK_CACHE_HOME", folder.path().join("cache"));
        command.args([&["--region", "us-east-2", "remind"], arguments].concat());
        let began = Instant::now();
        let told = ran(&mut command).exits(code);
        assert!(is_silent(&told), "{}", told.all());
        assert!(began.elapsed() < PROMPT_LIMIT, "{:?}", began.elapsed());
    }
    // Nobody in the prompt's way either: no credentials, no region, a stack file that is none.
    std::fs::create_dir(folder.path().join("stacks")).unwrap();
    std::fs::write(folder.path().join("stacks/a.toml"), "[stack\n").unwrap();
    for arguments in [&["remind"][..], &["--region", "us-east-2", "remind"], &["--stack", "stacks/a.toml", "remind"]] {
        let mut command = stack(folder.path());
        command.args(arguments).env("AWS_EC2_METADATA_DISABLED", "true").env("STACK_CACHE_HOME", folder.path());
        let told = ran(&mut command);
        assert!(is_silent(&told), "{}", told.all());
        let told = ran(command.arg("--wait")).exits(1);
        assert_eq!((told.stdout.as_str(), told.stderr.lines().count()), ("", 1), "{}", told.all());
    }
}

#[test]
fn a_slow_cloud_is_asked_in_the_background() {
    let world = servers("remind-slow");
    world.stack(&["--yes", "up"]).exits(0);
    let folder = tempfile::tempdir().unwrap();
    let url = endpoint(Some(&world), Duration::from_millis(800));
    let remind = |arguments: &[&str]| {
        let began = Instant::now();
        let told = ran(prompt(&world, folder.path(), arguments).env("AWS_ENDPOINT_URL", &url));
        (told, began.elapsed())
    };
    let (first, took) = remind(&[]);
    assert!(is_silent(&first) && first.code == 0 && took < PROMPT_LIMIT, "{} after {took:?}", first.all());
    let deadline = Instant::now() + Duration::from_secs(60);
    let known = loop {
        let (told, took) = remind(&[]);
        assert!(took < PROMPT_LIMIT, "{took:?}");
        if !told.stdout.is_empty() || Instant::now() > deadline {
            break told;
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    assert!(known.stdout.contains("`mysql.sales`") && known.stdout.contains(" (as of "), "{}", known.all());
    assert_eq!(remind(&["--quiet"]).0.code, 1, "what was known is no knowledge of now");
    let (waited, _) = remind(&["--wait"]);
    assert!(waited.stdout.contains("`mysql.sales`") && !waited.stdout.contains("as of"), "{}", waited.all());
}

#[test]
fn the_start_file_of_a_shell_gets_a_block_and_loses_it_again() {
    let world = servers("remind-shell");
    world.stack(&["--yes", "up"]).exits(0);
    let home = tempfile::tempdir().unwrap();
    let (dotfile, start) = (home.path().join("dotfiles-bashrc"), home.path().join(".bashrc"));
    let before: &[u8] = b"alias ll='ls -l'\n# caf\xe9, and no line break at the end";
    std::fs::write(&dotfile, before).unwrap();
    std::fs::set_permissions(&dotfile, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::os::unix::fs::symlink("dotfiles-bashrc", &start).unwrap();
    let remind = |arguments: &[&str]| {
        let mut command = prompt(&world, home.path(), arguments);
        ran(command.env("HOME", home.path()).env("SHELL", "/bin/bash"))
    };
    for arguments in [&["--install"][..], &["--install", "shell"], &["--install", "--yes"]] {
        let refused = remind(arguments).exits(1);
        assert!(refused.stderr.contains("--yes"), "{}", refused.all());
    }
    assert_eq!(std::fs::read(&dotfile).unwrap(), before);

    for _ in 0..2 {
        let installed = remind(&["--install", "shell", "--yes"]).exits(0);
        assert!(installed.stderr.contains("remind --region us-east-2 --local"), "{}", installed.all());
    }
    let text = std::fs::read(&dotfile).unwrap();
    let text = String::from_utf8_lossy(&text);
    assert_eq!(text.matches("# >>> stack remind >>>").count(), 1, "{text}");
    assert!(start.is_symlink());
    assert_eq!(std::fs::metadata(&dotfile).unwrap().permissions().mode() & 0o777, 0o600);

    // Three prompts, one line (that of last time, if this machine is too busy for an answer in time), and the exit code
    // of the person's own command is kept.
    remind(&["--wait"]).exits(0);
    let mut shell = Command::new("bash");
    shell.args(["--rcfile", &start.display().to_string(), "-i"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let environment = prompt(&world, home.path(), &[]);
    shell.env_clear().envs(environment.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut shell = shell.stderr(Stdio::null()).spawn().unwrap();
    shell.stdin.take().unwrap().write_all(b"true\nfalse\necho code $?\n").unwrap();
    let output = String::from_utf8(shell.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!(output.matches("running: `mysql.sales`").count(), 1, "{output}");
    assert!(output.contains("code 1"), "{output}");

    remind(&["--uninstall"]).exits(1);
    let removed = remind(&["--uninstall", "--yes"]).exits(0);
    assert!(removed.stdout.contains(".bashrc"), "{}", removed.all());
    assert_eq!(std::fs::read(&dotfile).unwrap(), before);
    assert!(start.is_symlink());
    let again = remind(&["--uninstall", "--yes"]).exits(0);
    assert!(again.stdout.contains("nothing was there"), "{}", again.all());
}

/// Writes a program that notes how it was called.
fn program(folder: &Path, name: &str) {
    let path = folder.join(name);
    let log = folder.join("called").display().to_string();
    std::fs::write(&path, format!("#!/bin/sh\necho {name} \"$@\" >> '{log}'\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_timer_is_made_and_removed() {
    let world = servers("remind-timer");
    world.stack(&["--yes", "up"]).exits(0);
    let home = tempfile::tempdir().unwrap();
    let (programs, nowhere) = (home.path().join("programs"), home.path().join("nowhere"));
    std::fs::create_dir(&programs).unwrap();
    program(&programs, "systemctl");
    program(&programs, "notify-send");
    let called = || std::fs::read_to_string(programs.join("called")).unwrap_or_default();
    let remind = |path: &Path, arguments: &[&str]| {
        let mut command = prompt(&world, home.path(), arguments);
        let path = format!("{}:/usr/bin:/bin", path.display());
        ran(command.env("HOME", home.path()).env("PATH", path).env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/none"))
    };
    remind(&programs, &["--install", "timer", "--yes"]).exits(0);
    assert_eq!(called(), "systemctl --user daemon-reload\nsystemctl --user enable --now stack-remind.timer\n");
    let folder = home.path().join(".config/systemd/user");
    let service = std::fs::read_to_string(folder.join("stack-remind.service")).unwrap();
    assert!(service.contains("remind --wait --notify --region us-east-2 --local\n"), "{service}");
    assert!(folder.join("stack-remind.timer").is_file());

    let shown = remind(&programs, &["--wait", "--notify"]).exits(0);
    assert!(is_silent(&shown), "{}", shown.all());
    assert!(called().contains("notify-send --app-name=stack -- stack running: `mysql.sales`"), "{}", called());

    let removed = remind(&programs, &["--uninstall", "--yes"]).exits(0);
    assert!(removed.stdout.contains("stack-remind.timer"), "{}", removed.all());
    assert!(called().contains("disable --now stack-remind.timer"), "{}", called());
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);

    // Somebody else's file of this name is neither overwritten nor removed.
    std::fs::write(folder.join("stack-remind.timer"), "[Timer]\n").unwrap();
    let refused = remind(&nowhere, &["--install", "timer", "--yes"]).exits(1);
    assert!(refused.stderr.contains("was not made by `stack`"), "{}", refused.all());
    let nothing = remind(&nowhere, &["--uninstall", "--yes"]).exits(0);
    assert!(nothing.stdout.contains("nothing was there"), "{}", nothing.all());
}

/// A stack of which only a server can be stopped.
const OTHER: &str = r#"[stack]
name = "other"
region = "us-east-1"

[network]
cidr = "10.9.0.0/16"
zones = ["us-east-1a", "us-east-1b"]

[mysql.shop]
identifier = "other-shop"
class = "db.t4g.micro"
version = "8.4"
storage_gib = 20
database = "shop"
"#;

const SERVERS: &str = r#"
for region in ("us-east-1", "us-east-2"):
    rds = boto3.client("rds", endpoint_url=ENDPOINT, region_name=region, aws_access_key_id="x",
                       aws_secret_access_key="y")
    for one in rds.describe_db_instances()["DBInstances"]:
        print(one["DBInstanceIdentifier"], one["DBInstanceStatus"])
print(client("redshift").describe_clusters()["Clusters"][0]["ClusterStatus"])
"#;

#[test]
fn every_stack_of_the_account_is_stopped_and_nothing_else() {
    let world = servers("remind-all");
    world.stack(&["--yes", "up"]).exits(0);
    let other = world.file("other.toml", OTHER.as_bytes());
    world.stack(&["--stack", &other, "--yes", "up"]).exits(0);
    boto3(
        &world,
        r#"
rds = client("rds")
ours = rds.describe_db_instances()["DBInstances"][0]
rds.create_db_instance(DBInstanceIdentifier="theirs", DBInstanceClass="db.t4g.micro", Engine="mysql",
                       AllocatedStorage=20, MasterUsername="admin", ManageMasterUserPassword=True,
                       DBSubnetGroupName=ours["DBSubnetGroup"]["DBSubnetGroupName"],
                       Tags=[{"Key": "stack:name", "Value": "no-address"}, {"Key": "owner", "Value": "ana"}])
until(lambda: all(one["DBInstanceStatus"] == "available" for one in rds.describe_db_instances()["DBInstances"]))
"#,
    );
    faults(&world, "[{'does': 'denied', 'service': 'redshift', 'operation': 'PauseCluster'}]");
    let folder = tempfile::tempdir().unwrap();
    let down = |arguments: &[&str]| {
        let mut command = world.command(&[&["down", "--all-stacks"], arguments].concat());
        ran(command.current_dir(folder.path()))
    };
    let stopped = down(&[]).exits(1);
    for word in
        ["stack `ecommerce` in us-east-2", "stack `other` in us-east-1", "other/us-east-1/mysql.shop stopped in"]
    {
        assert!(stopped.stderr.contains(word), "{word} in {}", stopped.all());
    }
    // What is told while it stops comes in any order.
    let is_list = |line: &&str| !line.starts_with('~') && !line.contains(" waits: ");
    let list: Vec<&str> = stopped.stderr.lines().take_while(is_list).collect();
    insta::assert_snapshot!(list.join("\n"), @r"
    account 123456789012: will be stopped
    stack `other` in us-east-1
      mysql.shop                     runs        $0.0197/h      other-shop
    stack `ecommerce` in us-east-2
      mysql.sales                    runs        $0.0197/h      sales
      redshift.warehouse             runs        $0.5435/h      warehouse
    ");
    let why = "`redshift.warehouse` of `ecommerce` in us-east-2 was not stopped: redshift:PauseCluster was refused";
    assert!(stopped.stderr.contains(why), "{}", stopped.all());
    assert!(stopped.stdout.starts_with("2 stopped, 0 stopped already, 1 not stopped in "), "{}", stopped.all());
    let seen = boto3(&world, SERVERS);
    assert_eq!(seen, "other-shop stopped\nsales stopped\ntheirs available\navailable");

    faults(&world, "[]");
    let json = down(&["--json"]).exits(0);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let results: Vec<&str> =
        json["machines"].as_array().unwrap().iter().filter_map(|one| one["result"].as_str()).collect();
    assert_eq!(results, ["was_stopped", "was_stopped", "stopped"], "{json:#}");
    let nothing = down(&["--region", "eu-west-1"]).exits(0);
    assert!(nothing.stdout.contains("nothing of any stack is there to be stopped in 1 region"), "{}", nothing.all());

    // Who may not ask for the regions gets the one that is known, and is told so.
    faults(&world, "[{'does': 'denied', 'service': 'ec2', 'operation': 'DescribeRegions'}]");
    let one = ran(world.command(&["down", "--all-stacks"]).current_dir(root())).exits(1);
    assert!(one.stderr.contains("--region us-east-2"), "{}", one.all());
    let one = world.stack(&["down", "--all-stacks"]).exits(0);
    assert!(one.stderr.contains("only us-east-2 is looked at"), "{}", one.all());
}
