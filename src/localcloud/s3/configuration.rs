//! The configuration documents of a bucket: what was put comes back, and what AWS would refuse is refused.

use std::collections::BTreeSet;

use http::StatusCode;
use s3s::S3Result;

use super::buckets::Bucket;
use super::refusal::{bad_request, not_found, refuse};
use super::xml::Element;

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// What a bucket answers for a document that nobody put.
enum Unset {
    Refused(&'static str, &'static str),
    Document(&'static str),
}

/// One kind of document, by the query word that names it.
pub(super) struct Kind {
    pub(super) word: &'static str,
    root: &'static str,
    unset: Unset,
}

static KINDS: &[Kind] = &[
    Kind { word: "accelerate", root: "AccelerateConfiguration", unset: Unset::Document("") },
    Kind {
        word: "cors",
        root: "CORSConfiguration",
        unset: Unset::Refused("NoSuchCORSConfiguration", "The CORS configuration does not exist"),
    },
    Kind {
        word: "encryption",
        root: "ServerSideEncryptionConfiguration",
        // It cannot be turned off: after a deletion it is what it was at the start.
        unset: Unset::Document(
            "<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>\
             </ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule>",
        ),
    },
    Kind {
        word: "lifecycle",
        root: "LifecycleConfiguration",
        unset: Unset::Refused("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"),
    },
    Kind { word: "logging", root: "BucketLoggingStatus", unset: Unset::Document("") },
    Kind { word: "notification", root: "NotificationConfiguration", unset: Unset::Document("") },
    Kind {
        word: "object-lock",
        root: "ObjectLockConfiguration",
        unset: Unset::Refused(
            "ObjectLockConfigurationNotFoundError",
            "Object Lock configuration does not exist for this bucket",
        ),
    },
    Kind {
        word: "ownershipControls",
        root: "OwnershipControls",
        unset: Unset::Refused("OwnershipControlsNotFoundError", "The bucket ownership controls were not found"),
    },
    Kind { word: "policy", root: "", unset: Unset::Refused("NoSuchBucketPolicy", "The bucket policy does not exist") },
    Kind {
        word: "publicAccessBlock",
        root: "PublicAccessBlockConfiguration",
        unset: Unset::Refused(
            "NoSuchPublicAccessBlockConfiguration",
            "The public access block configuration was not found",
        ),
    },
    Kind {
        word: "replication",
        root: "ReplicationConfiguration",
        unset: Unset::Refused("ReplicationConfigurationNotFoundError", "The replication configuration was not found"),
    },
    Kind {
        word: "requestPayment",
        root: "RequestPaymentConfiguration",
        unset: Unset::Document("<Payer>BucketOwner</Payer>"),
    },
    Kind { word: "tagging", root: "Tagging", unset: Unset::Refused("NoSuchTagSet", "The TagSet does not exist") },
    Kind { word: "versioning", root: "VersioningConfiguration", unset: Unset::Document("") },
    Kind {
        word: "website",
        root: "WebsiteConfiguration",
        unset: Unset::Refused(
            "NoSuchWebsiteConfiguration",
            "The specified bucket does not have a website configuration",
        ),
    },
];

/// Returns the kind of document that a query asks for.
pub(super) fn kind(words: &[(String, String)]) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| words.iter().any(|(word, _)| word == kind.word))
}

impl Kind {
    /// Returns the document of a bucket.
    pub(super) fn get(&self, bucket: &Bucket) -> S3Result<String> {
        match (bucket.documents.get(self.word), &self.unset) {
            (Some(document), _) => Ok(document.clone()),
            (None, Unset::Refused(code, message)) => Err(not_found(code, *message)),
            (None, Unset::Document(inner)) => Ok(document(self.root, inner)),
        }
    }

    /// Puts a document after looking at what can be wrong with it.
    pub(super) fn put(&self, bucket: &mut Bucket, body: &[u8]) -> S3Result<()> {
        let malformed = || {
            let message = "The XML you provided was not well-formed or did not validate against our published schema";
            bad_request("MalformedXML", message)
        };
        let text = std::str::from_utf8(body).map_err(|_| malformed())?.to_owned();
        if self.word == "policy" {
            check_policy(bucket, &text)?;
        } else {
            let root = Element::parse(body).filter(|root| root.name == self.root).ok_or_else(malformed)?;
            match self.word {
                "tagging" => check_tags(&root)?,
                "versioning" if !matches!(root.text_of("Status"), Some("Enabled" | "Suspended")) => {
                    let message = "The Versioning element must be specified";
                    return Err(bad_request("IllegalVersioningConfigurationException", message));
                }
                "publicAccessBlock" => {
                    bucket.documents.insert(self.word.to_owned(), public_access_block(&root));
                    return Ok(());
                }
                _ => {}
            }
        }
        bucket.documents.insert(self.word.to_owned(), text);
        Ok(())
    }

    /// Forgets a document.
    pub(super) fn delete(&self, bucket: &mut Bucket) {
        bucket.documents.remove(self.word);
    }
}

/// Gives a new bucket what AWS gives it since April 2023: nothing is public, and nobody has access control lists.
pub(super) fn set_defaults(bucket: &mut Bucket, ownership: &str) {
    let block = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"]
        .map(|name| format!("<{name}>true</{name}>"))
        .concat();
    let rule = format!("<Rule><ObjectOwnership>{ownership}</ObjectOwnership></Rule>");
    let documents = &mut bucket.documents;
    documents.insert("publicAccessBlock".to_owned(), document("PublicAccessBlockConfiguration", &block));
    documents.insert("ownershipControls".to_owned(), document("OwnershipControls", &rule));
}

/// Writes a document of the S3 namespace.
pub(super) fn document(root: &str, inner: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"{NAMESPACE}\">{inner}</{root}>")
}

/// Writes every switch, as a switch that was left out is off and AWS says so.
fn public_access_block(root: &Element) -> String {
    let switch = |name: &str| {
        let on = root.text_of(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        format!("<{name}>{on}</{name}>")
    };
    let names = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];
    document("PublicAccessBlockConfiguration", &names.map(switch).concat())
}

/// Refuses tags that AWS refuses.
pub(super) fn check_tags(root: &Element) -> S3Result<()> {
    let mut seen = BTreeSet::new();
    let tags: Vec<&Element> = root.children.iter().flat_map(|set| set.all("Tag")).collect();
    if tags.len() > 50 {
        return Err(bad_request("InvalidTag", "Bucket tag count cannot be greater than 50"));
    }
    for tag in tags {
        let key = tag.text_of("Key").unwrap_or_default();
        if key.is_empty() || key.chars().count() > 128 {
            return Err(bad_request("InvalidTag", "The TagKey you have provided is invalid"));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(bad_request("InvalidTag", "System tags cannot be added/updated by requester"));
        }
        if tag.text_of("Value").unwrap_or_default().chars().count() > 256 {
            return Err(bad_request("InvalidTag", "The TagValue you have provided is invalid"));
        }
        if !seen.insert(key) {
            return Err(bad_request("InvalidTag", "Cannot provide multiple Tags with the same key"));
        }
    }
    Ok(())
}

fn check_policy(bucket: &Bucket, text: &str) -> S3Result<()> {
    let malformed = || bad_request("MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'");
    let policy: serde_json::Value = serde_json::from_str(text).map_err(|_| malformed())?;
    let statements = match policy.get("Statement") {
        Some(serde_json::Value::Array(statements)) => statements.clone(),
        Some(statement) if statement.is_object() => vec![statement.clone()],
        _ => return Err(bad_request("MalformedPolicy", "Missing required field Statement")),
    };
    let block = bucket.documents.get("publicAccessBlock").and_then(|document| Element::parse(document.as_bytes()));
    let blocked = block.is_some_and(|block| block.text_of("BlockPublicPolicy") == Some("true"));
    let public = statements.iter().any(|statement| {
        let everyone = |principal: &serde_json::Value| principal == "*" || principal["AWS"] == "*";
        statement["Effect"] == "Allow" && everyone(&statement["Principal"]) && statement.get("Condition").is_none()
    });
    if blocked && public {
        let message = "Access Denied: public policies are blocked by the BlockPublicPolicy block public access setting";
        return Err(refuse(StatusCode::FORBIDDEN, "AccessDenied", message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(word: &str) -> &'static Kind {
        kind(&[(word.to_owned(), String::new())]).unwrap()
    }

    #[test]
    fn a_public_policy_waits_until_the_block_is_off() {
        let mut bucket = Bucket::default();
        set_defaults(&mut bucket, "BucketOwnerEnforced");
        let policy = br#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}}"#;
        assert!(find("policy").put(&mut bucket, policy).is_err());
        find("publicAccessBlock").delete(&mut bucket);
        assert!(find("policy").put(&mut bucket, policy).is_ok());
    }

    #[test]
    fn two_tags_of_one_key_are_refused() {
        let tags =
            b"<Tagging><TagSet><Tag><Key>a</Key><Value/></Tag><Tag><Key>a</Key><Value/></Tag></TagSet></Tagging>";
        let error = find("tagging").put(&mut Bucket::default(), tags).unwrap_err();
        assert_eq!(error.code().as_str(), "InvalidTag");
    }
}
