//! Who calls, and from which address.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, lookup_host};

use super::{AwsError, Clients, Sorted};
use crate::diag::{Class, Explain, Hint};

/// How long an endpoint may take to accept a connection.
const REACH_LIMIT: Duration = Duration::from_secs(10);

/// AWS's own service that answers with the address it sees.
const CHECK_ADDRESS: &str = "checkip.amazonaws.com";

/// The account and identity that the credentials belong to.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Twelve digits.
    pub account: String,
    /// The ARN of the user or assumed role.
    pub arn: String,
}

impl Caller {
    /// Asks STS. The first call of every command, so that missing credentials are said first.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn ask(clients: &Clients) -> Result<Self, AwsError> {
        const OPERATION: &str = "sts:GetCallerIdentity";
        let answer = clients.sts.get_caller_identity().send().await.named(OPERATION)?;
        let account = answer.account.ok_or_else(|| AwsError::incomplete(OPERATION, "account"))?;
        Ok(Self { account, arn: answer.arn.unwrap_or_default() })
    }

    /// Returns the user or role whose policies decide what the caller may do; the root of an account has none.
    pub fn principal(&self) -> Option<String> {
        let (_, tail) = self.arn.split_once("::")?;
        let (account, name) = tail.split_once(':')?;
        match name.split_once('/') {
            Some(("assumed-role", session)) => {
                let role = session.split('/').next().unwrap_or_default();
                Some(format!("arn:aws:iam::{account}:role/{role}"))
            }
            Some(("user", _)) => Some(self.arn.clone()),
            _ => None,
        }
    }
}

/// Why the caller's address could not be found.
#[derive(Debug, thiserror::Error)]
pub enum CallerError {
    /// No connection.
    #[error("cannot find out your own IP address from `{host}`")]
    Unreachable {
        /// Who was asked.
        host: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Nobody answers at the endpoint.
    #[error("got no answer from `{url}`")]
    NobodyListens {
        /// The endpoint.
        url: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The answer is no address.
    #[error("`{host}` answered with something that is no IP address")]
    NoAddress {
        /// Who was asked.
        host: String,
    },
}

impl Explain for CallerError {
    fn class(&self) -> Class {
        Class::Failed
    }

    fn hints(&self) -> Vec<Hint> {
        if let Self::NobodyListens { .. } = self {
            return vec!["does the local cloud run? `stack local up` starts it".into(), "is the URL right?".into()];
        }
        vec!["write the address instead of `my-ip`, such as `access = [\"203.0.113.7/32\"]`".into()]
    }
}

/// Tries a connection to an endpoint of the person's own, so that nobody waits for retries when nobody listens.
///
/// # Errors
/// If there is no connection.
pub async fn reach(target: &super::Target) -> Result<(), CallerError> {
    let Some(url) = &target.endpoint_url else { return Ok(()) };
    let host = host_of(url);
    let silent = || std::io::Error::from(std::io::ErrorKind::TimedOut);
    let connected =
        tokio::time::timeout(REACH_LIMIT, TcpStream::connect(&host)).await.unwrap_or_else(|_| Err(silent()));
    connected.map(drop).map_err(|source| CallerError::NobodyListens { url: url.clone(), source })
}

/// Returns `host:port` of a URL.
fn host_of(url: &str) -> String {
    let default = if url.starts_with("https://") { 443 } else { 80 };
    let host = url.split("://").last().unwrap_or(url).split('/').next().unwrap_or(url);
    if host.contains(':') { host.to_owned() } else { format!("{host}:{default}") }
}

/// Returns the address from which the endpoint sees this machine: for AWS the public one, for another endpoint the
/// local end of a connection to it.
///
/// # Errors
/// If nobody can be asked.
pub async fn caller_address(target: &super::Target) -> Result<IpAddr, CallerError> {
    let Some(url) = &target.endpoint_url else { return public_address().await };
    let host = host_of(url);
    let connected = TcpStream::connect(&host).await.and_then(|stream| stream.local_addr());
    connected.map(|local| local.ip()).map_err(|source| CallerError::Unreachable { host, source })
}

async fn public_address() -> Result<IpAddr, CallerError> {
    let host = CHECK_ADDRESS.to_owned();
    let unreachable = |source| CallerError::Unreachable { host: CHECK_ADDRESS.into(), source };
    // IPv4 only: the rules of the security group are for IPv4 ranges.
    let mut addresses = lookup_host((CHECK_ADDRESS, 80)).await.map_err(unreachable)?;
    let address = addresses.find(SocketAddr::is_ipv4).ok_or(CallerError::NoAddress { host: host.clone() })?;
    let mut stream = TcpStream::connect(address).await.map_err(unreachable)?;
    let request = format!("GET / HTTP/1.0\r\nHost: {CHECK_ADDRESS}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.map_err(unreachable)?;
    let mut answer = String::new();
    stream.take(4096).read_to_string(&mut answer).await.map_err(unreachable)?;
    let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default().trim();
    body.parse().map_err(|_| CallerError::NoAddress { host })
}

#[cfg(test)]
mod tests {
    use super::Caller;

    #[test]
    fn the_principal_is_the_role_behind_a_session() {
        let of = |arn: &str| Caller { account: String::new(), arn: arn.to_owned() }.principal();
        assert_eq!(of("arn:aws:sts::1:assumed-role/Admin/ana").unwrap(), "arn:aws:iam::1:role/Admin");
        assert_eq!(of("arn:aws:iam::1:user/ana").unwrap(), "arn:aws:iam::1:user/ana");
        assert_eq!(of("arn:aws:iam::1:root"), None);
    }
}
