//! Network interfaces: those of databases, clusters, functions and endpoints, and those that somebody made.

use std::time::Duration;

use super::super::names;
use super::super::query::{Params, list, text, wrap};
use super::super::refusal::Refusal;
use super::filters::{Describe, Shown};
use super::state::{Network, OwnInterface, unknown};
use crate::localcloud::emulated::ACCOUNT;

static DESCRIBE: Describe = Describe {
    filters: &[
        "attachment.attachment-id",
        "attachment.instance-owner-id",
        "availability-zone",
        "description",
        "group-id",
        "interface-type",
        "network-interface-id",
        "owner-id",
        "requester-id",
        "requester-managed",
        "status",
        "subnet-id",
        "vpc-id",
    ],
    set: "networkInterfaceSet",
};

/// The variable that says for how long an interface of a deleted function stays, in milliseconds.
const LINGER: &str = "STACK_LOCAL_LINGER_MILLIS";

/// Whose interface it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Maker {
    Customer,
    Endpoint,
    Lambda,
    Rds,
    Redshift,
}

/// One interface.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Interface {
    pub(super) id: String,
    pub(super) description: String,
    pub(super) maker: Maker,
    pub(super) in_use: bool,
    pub(super) subnet: String,
    pub(super) groups: Vec<String>,
    pub(super) public: bool,
}

impl Maker {
    fn requester(self) -> &'static str {
        match self {
            Self::Customer => ACCOUNT,
            Self::Endpoint => "amazon-aws",
            Self::Lambda => "amazon-lambda",
            Self::Rds => "amazon-rds",
            Self::Redshift => "amazon-redshift",
        }
    }

    fn interface_type(self) -> &'static str {
        match self {
            Self::Endpoint => "vpc_endpoint",
            Self::Lambda => "lambda",
            _ => "interface",
        }
    }
}

impl Interface {
    fn status(&self) -> &'static str {
        if self.in_use { "in-use" } else { "available" }
    }

    fn attachment_id(&self) -> String {
        let prefix = if self.maker == Maker::Lambda { "ela-attach" } else { "eni-attach" };
        format!("{prefix}-{}", self.id.trim_start_matches("eni-"))
    }
}

impl OwnInterface {
    /// Returns how far it is: in use, available, or gone. One that somebody made stays until it is deleted; one that
    /// Lambda left is in use for the first half of its time.
    fn stage(&self, linger: Duration, now: i64) -> Option<bool> {
        if !self.left_by_lambda {
            return Some(false);
        }
        let age = Duration::from_millis(u64::try_from(now - self.since).unwrap_or_default());
        (age < linger).then_some(age * 2 < linger)
    }
}

/// Returns for how long an interface of a deleted function stays; AWS takes up to an hour, the local cloud none.
pub(super) fn linger() -> Duration {
    let said = std::env::var(LINGER).ok().and_then(|text| text.parse().ok());
    Duration::from_millis(said.unwrap_or(0))
}

/// Returns an id that is the same whenever it is asked for.
pub(super) fn interface_id(of: &str) -> String {
    use sha2::{Digest, Sha256};
    format!("eni-0{}", &hex::encode(Sha256::digest(of.as_bytes()))[..16])
}

impl Network {
    /// Returns the interfaces that the network itself knows of.
    pub(super) fn own_interfaces(&self, linger: Duration) -> Vec<Interface> {
        let now = now();
        let made = self.interfaces.iter().filter_map(|(id, own)| {
            Some(Interface {
                id: id.clone(),
                description: own.description.clone(),
                maker: if own.left_by_lambda { Maker::Lambda } else { Maker::Customer },
                in_use: own.stage(linger, now)?,
                subnet: own.subnet.clone(),
                groups: own.groups.clone(),
                public: false,
            })
        });
        let of_endpoints = self.endpoints.iter().flat_map(|(id, endpoint)| {
            endpoint.subnets.iter().map(move |subnet| Interface {
                id: interface_id(&format!("endpoint {id} {subnet}")),
                description: format!("VPC Endpoint Interface {id}"),
                maker: Maker::Endpoint,
                in_use: true,
                subnet: subnet.clone(),
                groups: endpoint.groups.clone(),
                public: false,
            })
        });
        made.chain(of_endpoints).collect()
    }

    /// Forgets the interfaces whose time is over.
    pub(super) fn forget_gone(&mut self, linger: Duration) {
        let now = now();
        self.interfaces.retain(|_, own| own.stage(linger, now).is_some());
    }

    /// Answers `CreateNetworkInterface`. The type `lambda`, which no customer can ask for, is what Lambda leaves.
    pub(super) fn create_interface(&mut self, params: &Params) -> Result<String, Refusal> {
        let subnet = params.required("SubnetId")?.to_owned();
        let vpc = self.subnet(&subnet)?.vpc.clone();
        let mut groups = params.texts("SecurityGroupId");
        for group in &groups {
            if self.group(group)?.vpc != vpc {
                let message = format!("You have specified two resources that belong to different networks: {group}");
                return Err(Refusal::bad("InvalidGroup.NotFound", message));
            }
        }
        if groups.is_empty() {
            let default = self.groups.iter().find(|(_, group)| group.vpc == vpc && group.name == "default");
            groups.extend(default.map(|(id, _)| id.clone()));
        }
        let id = names::id("eni");
        let own = OwnInterface {
            subnet,
            groups,
            description: params.text("Description").unwrap_or_default().to_owned(),
            left_by_lambda: params.text("InterfaceType") == Some("lambda"),
            since: now(),
        };
        self.interfaces.insert(id.clone(), own);
        self.tag_new(&id, params, "network-interface")?;
        let made = self.own_interfaces(Duration::MAX).into_iter().find(|interface| interface.id == id);
        Ok(wrap("networkInterface", made.map(|made| self.interface_body(&made)).unwrap_or_default()))
    }

    /// Answers `DeleteNetworkInterface`; one in use stays.
    pub(super) fn delete_interface(&mut self, params: &Params, all: &[Interface]) -> Result<String, Refusal> {
        let id = params.required("NetworkInterfaceId")?;
        let interface = find(all, id)?;
        if interface.in_use {
            let message = format!("Network interface '{id}' is currently in use.");
            return Err(Refusal::bad("InvalidParameterValue", message));
        }
        self.interfaces.remove(id);
        self.tags.remove(id);
        Ok(text("return", true))
    }

    /// Answers `DetachNetworkInterface`. There are no instances that a customer could attach to, so what is attached
    /// belongs to a service, whose attachments a customer may not touch.
    pub(super) fn detach_interface(params: &Params, all: &[Interface]) -> Result<String, Refusal> {
        let id = params.required("AttachmentId")?;
        let attached = all.iter().find(|interface| interface.in_use && interface.attachment_id() == id);
        Err(match attached.map(|interface| interface.maker) {
            None => Refusal::bad("InvalidAttachmentID.NotFound", format!("Attachment '{id}' does not exist.")),
            Some(Maker::Lambda) => {
                let message = "You are not allowed to manage 'ela-attach' attachments.";
                Refusal::bad("OperationNotPermitted", message)
            }
            Some(_) => {
                let message = "You do not have permission to access the specified resource.";
                Refusal::bad("AuthFailure", message)
            }
        })
    }

    /// Answers `DescribeNetworkInterfaces`.
    pub(super) fn describe_interfaces(&self, params: &Params, interfaces: &[Interface]) -> Result<String, Refusal> {
        let ids = params.texts("NetworkInterfaceId");
        for id in &ids {
            find(interfaces, id)?;
        }
        let mut all = Vec::new();
        for interface in interfaces.iter().filter(|interface| ids.is_empty() || ids.contains(&interface.id)) {
            // What names a subnet that is not there is not in a network.
            let Ok(subnet) = self.subnet(&interface.subnet) else { continue };
            let mut facts = vec![
                ("availability-zone", subnet.zone.clone()),
                ("description", interface.description.clone()),
                ("interface-type", interface.maker.interface_type().to_owned()),
                ("network-interface-id", interface.id.clone()),
                ("owner-id", ACCOUNT.to_owned()),
                ("requester-id", interface.maker.requester().to_owned()),
                ("requester-managed", (interface.maker != Maker::Customer).to_string()),
                ("status", interface.status().to_owned()),
                ("subnet-id", interface.subnet.clone()),
                ("vpc-id", subnet.vpc.clone()),
            ];
            facts.extend(interface.groups.iter().map(|group| ("group-id", group.clone())));
            if interface.in_use {
                facts.push(("attachment.attachment-id", interface.attachment_id()));
                facts.push(("attachment.instance-owner-id", interface.maker.requester().to_owned()));
            }
            all.push(Shown { id: interface.id.clone(), facts, body: self.interface_body(interface) });
        }
        DESCRIBE.answer(self, params, all)
    }

    fn interface_body(&self, interface: &Interface) -> String {
        let (vpc, zone) =
            self.subnet(&interface.subnet).map(|subnet| (subnet.vpc.clone(), subnet.zone.clone())).unwrap_or_default();
        let groups = interface.groups.iter().map(|group| {
            let name = self.groups.get(group).map(|group| group.name.clone()).unwrap_or_default();
            text("groupId", group) + &text("groupName", name)
        });
        let attachment = text("attachmentId", interface.attachment_id())
            + &text("instanceOwnerId", interface.maker.requester())
            + &text("deleteOnTermination", false)
            + &text("deviceIndex", 1)
            + &text("status", "attached");
        text("networkInterfaceId", &interface.id)
            + &text("subnetId", &interface.subnet)
            + &text("vpcId", vpc)
            + &text("availabilityZone", zone)
            + &text("description", &interface.description)
            + &text("ownerId", ACCOUNT)
            + &text("requesterId", interface.maker.requester())
            + &text("requesterManaged", interface.maker != Maker::Customer)
            + &text("status", interface.status())
            + &text("interfaceType", interface.maker.interface_type())
            + &if interface.in_use { wrap("attachment", attachment) } else { String::new() }
            + &list("groupSet", "item", groups)
            + &self.tag_set(&interface.id)
    }
}

fn find<'a>(all: &'a [Interface], id: &str) -> Result<&'a Interface, Refusal> {
    let found = all.iter().find(|interface| interface.id == id);
    found.ok_or_else(|| unknown(id, "InvalidNetworkInterfaceID.NotFound", "networkInterface ID"))
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lambda_leaves_is_in_use_then_available_then_gone() {
        let left = OwnInterface { left_by_lambda: true, since: 1000, ..OwnInterface::default() };
        let stage = |now: i64| left.stage(Duration::from_millis(100), now);
        assert_eq!([stage(1049), stage(1050), stage(1100)], [Some(true), Some(false), None]);
        assert_eq!(left.stage(Duration::ZERO, 1000), None);
    }

    #[test]
    fn what_somebody_made_stays_available() {
        assert_eq!(OwnInterface::default().stage(Duration::ZERO, i64::MAX), Some(false));
    }
}
