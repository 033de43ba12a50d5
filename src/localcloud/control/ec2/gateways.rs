//! Internet gateways.

use super::super::names;
use super::super::query::{Params, list, text, wrap};
use super::super::refusal::Refusal;
use super::filters::{Describe, Shown, asked};
use super::interfaces::Interface;
use super::state::{Network, in_use};
use crate::localcloud::emulated::ACCOUNT;

static DESCRIBE: Describe = Describe {
    filters: &["attachment.state", "attachment.vpc-id", "internet-gateway-id", "owner-id"],
    set: "internetGatewaySet",
};

impl Network {
    /// Answers `CreateInternetGateway`.
    pub(super) fn create_gateway(&mut self, params: &Params) -> Result<String, Refusal> {
        let id = names::id("igw");
        self.gateways.insert(id.clone(), None);
        self.tag_new(&id, params, "internet-gateway")?;
        Ok(wrap("internetGateway", self.gateway_body(&id)?))
    }

    /// Answers `AttachInternetGateway`: one VPC a gateway, one gateway a VPC.
    pub(super) fn attach_gateway(&mut self, params: &Params) -> Result<String, Refusal> {
        let (id, vpc) = (params.required("InternetGatewayId")?, params.required("VpcId")?);
        self.vpc(vpc)?;
        if let Some(other) = self.gateway(id)? {
            let message = format!("resource {id} is already attached to network {other}");
            return Err(Refusal::bad("Resource.AlreadyAssociated", message));
        }
        if self.gateways.values().any(|other| other.as_deref() == Some(vpc)) {
            let message = format!("Network {vpc} already has an internet gateway attached");
            return Err(Refusal::bad("InvalidParameterValue", message));
        }
        self.gateways.insert(id.to_owned(), Some(vpc.to_owned()));
        Ok(text("return", true))
    }

    /// Answers `DetachInternetGateway`; a public database or cluster in the VPC keeps it.
    pub(super) fn detach_gateway(&mut self, params: &Params, interfaces: &[Interface]) -> Result<String, Refusal> {
        let (id, vpc) = (params.required("InternetGatewayId")?, params.required("VpcId")?);
        self.vpc(vpc)?;
        if self.gateway(id)?.as_deref() != Some(vpc) {
            let message = format!("resource {id} is not attached to network {vpc}");
            return Err(Refusal::bad("Gateway.NotAttached", message));
        }
        let here = |interface: &Interface| self.subnets.get(&interface.subnet).is_some_and(|subnet| subnet.vpc == vpc);
        if interfaces.iter().any(|interface| interface.public && here(interface)) {
            let message = format!(
                "Network {vpc} has some mapped public address(es). Please unmap those public address(es) before \
                 detaching the gateway."
            );
            return Err(Refusal::bad("DependencyViolation", message));
        }
        self.gateways.insert(id.to_owned(), None);
        Ok(text("return", true))
    }

    /// Answers `DeleteInternetGateway`.
    pub(super) fn delete_gateway(&mut self, params: &Params) -> Result<String, Refusal> {
        let id = params.required("InternetGatewayId")?;
        if self.gateway(id)?.is_some() {
            return Err(in_use(&format!("The internetGateway '{id}'")));
        }
        self.gateways.remove(id);
        self.tags.remove(id);
        Ok(text("return", true))
    }

    /// Answers `DescribeInternetGateways`.
    pub(super) fn describe_gateways(&self, params: &Params) -> Result<String, Refusal> {
        let ids = asked(
            params,
            "InternetGatewayId",
            &self.gateways,
            "InvalidInternetGatewayID.NotFound",
            "internetGateway ID",
        )?;
        let mut all = Vec::new();
        for id in ids {
            let mut facts = vec![("internet-gateway-id", id.clone()), ("owner-id", ACCOUNT.to_owned())];
            if let Some(vpc) = self.gateway(&id)? {
                facts.extend([("attachment.vpc-id", vpc.clone()), ("attachment.state", "available".to_owned())]);
            }
            let body = self.gateway_body(&id)?;
            all.push(Shown { id, facts, body });
        }
        DESCRIBE.answer(self, params, all)
    }

    fn gateway_body(&self, id: &str) -> Result<String, Refusal> {
        let attachment = self.gateway(id)?.as_ref().map(|vpc| text("vpcId", vpc) + &text("state", "available"));
        Ok(text("internetGatewayId", id)
            + &text("ownerId", ACCOUNT)
            + &list("attachmentSet", "item", attachment)
            + &self.tag_set(id))
    }
}
