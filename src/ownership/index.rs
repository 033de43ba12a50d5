//! The tags of everything of a stack, read with a few calls instead of one a resource.

use std::collections::HashMap;

use aws_sdk_resourcegroupstagging::types::TagFilter;

use super::Tags;
use crate::aws::{AwsError, Clients, Sorted, Trouble};

/// What the tagging API says carries the name of a stack, by ARN. It lags by minutes: see [`Self::of`].
#[derive(Debug, Default)]
pub struct TagIndex(HashMap<String, Tags>);

impl TagIndex {
    /// Reads the index of one stack, 100 resources a call. Who may not read it gets an empty one: then every
    /// resource is asked itself.
    ///
    /// # Errors
    /// If AWS cannot be asked.
    pub async fn read(aws: &Clients, stack: &str) -> Result<Self, AwsError> {
        const PAGE: i32 = 100;
        let filter = TagFilter::builder().key(super::tags::NAME).values(stack).build();
        let call = aws.tagging.get_resources().tag_filters(filter).resources_per_page(PAGE);
        let mut pages = call.into_paginator().items().send();
        let mut index = HashMap::new();
        while let Some(mapping) = pages.next().await {
            let mapping = match mapping.named("tag:GetResources") {
                Ok(mapping) => mapping,
                Err(error) if error.trouble == Trouble::Denied => return Ok(Self::default()),
                Err(error) => return Err(error),
            };
            let tags = mapping.tags.unwrap_or_default().into_iter().map(|tag| (Some(tag.key), Some(tag.value)));
            index.insert(mapping.resource_arn.unwrap_or_default(), Tags::collect(tags));
        }
        Ok(Self(index))
    }

    /// Returns what the index says of a resource. What it says may be minutes old.
    pub fn of(&self, arn: &str) -> Option<&Tags> {
        self.0.get(arn)
    }
}
