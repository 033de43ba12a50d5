//! The service: operations of `AWSBudgetServiceGateway`, and budgets themselves.

use async_trait::async_trait;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::check::{self, required};
use crate::localcloud::cloud::Context;
use crate::localcloud::documents::Documents;
use crate::localcloud::emulated::ACCOUNT;
use crate::localcloud::mint;
use crate::localcloud::page::page;
use crate::localcloud::refusal::Refusal;
use crate::localcloud::service::Service;
use crate::localcloud::{Call, Reply};

/// What an operation answers.
pub(super) type Answer = Result<Value, Refusal>;

/// Budgets belong to no region: they are kept under this word instead of one.
pub(super) const EVERYWHERE: &str = "global";

/// The kind of document that a budget is, with its alerts and tags.
pub(super) const BUDGET: &str = "budget";

/// The most results that a page holds where a request does not say.
const PAGE: u64 = 100;

/// The end of a budget for which none is said: 2087-06-15, in seconds since 1970.
const NO_END: f64 = 3_706_473_600.0;

/// AWS Budgets on this machine.
pub(crate) struct Budgets {
    pub(super) context: Context,
    pub(super) documents: Documents,
}

impl Budgets {
    /// Restores the budgets from the cloud's folder.
    ///
    /// # Errors
    /// If the saved state cannot be read.
    pub(crate) fn open(context: &Context) -> std::io::Result<Self> {
        Ok(Self { context: context.clone(), documents: Documents::open("budgets", &context.home)? })
    }

    fn answer(&self, operation: &str, input: &Value) -> Answer {
        let by_arn = ["TagResource", "UntagResource", "ListTagsForResource"].contains(&operation);
        if !by_arn && required(input, "AccountId")? != ACCOUNT {
            let message = format!("Account {ACCOUNT} is not authorized to access account {}", input["AccountId"]);
            return Err(Refusal::new("AccessDeniedException", message));
        }
        match operation {
            "CreateBudget" => self.create_budget(input),
            "UpdateBudget" => self.update_budget(input),
            "DescribeBudget" => Ok(json!({ "Budget": self.budget(input, "get budget")?["Budget"] })),
            "DescribeBudgets" => Ok(self.describe_budgets(input)),
            "DeleteBudget" => self.delete_budget(input),
            "CreateNotification" => self.create_notification(input),
            "UpdateNotification" => self.update_notification(input),
            "DeleteNotification" => self.delete_notification(input),
            "DescribeNotificationsForBudget" => self.describe_notifications(input),
            "CreateSubscriber" => self.create_subscriber(input),
            "UpdateSubscriber" => self.update_subscriber(input),
            "DeleteSubscriber" => self.delete_subscriber(input),
            "DescribeSubscribersForNotification" => self.describe_subscribers(input),
            "TagResource" => self.tag_resource(input),
            "UntagResource" => self.untag_resource(input),
            "ListTagsForResource" => self.list_tags(input),
            _ => {
                let message = format!("the local AWS Budgets does not know {operation}");
                Err(Refusal::new("NotImplemented", message).status(501))
            }
        }
    }

    fn create_budget(&self, input: &Value) -> Answer {
        let budget = self.checked(&input["Budget"])?;
        let mut alerts = json!([]);
        for one in input["NotificationsWithSubscribers"].as_array().into_iter().flatten() {
            check::add_alert(&mut alerts, &one["Notification"], &one["Subscribers"])?;
        }
        let tags = check::tags(&input["ResourceTags"])?;
        let name = required(&budget, "BudgetName")?.to_owned();
        let document = json!({ "Budget": budget, "Alerts": alerts, "Tags": tags });
        if !self.documents.create(EVERYWHERE, BUDGET, &name, document) {
            let message = format!("Error creating budget: {name} - the budget already exists.");
            return Err(Refusal::new("DuplicateRecordException", message));
        }
        Ok(json!({}))
    }

    /// Replaces what a budget measures; its alerts stay.
    fn update_budget(&self, input: &Value) -> Answer {
        let budget = self.checked(&input["NewBudget"])?;
        let name = required(&budget, "BudgetName")?.to_owned();
        let updated = self.documents.edit(EVERYWHERE, BUDGET, &name, |document| document["Budget"] = budget);
        updated.map(|()| json!({})).ok_or_else(|| absent("update budget", &name))
    }

    fn describe_budgets(&self, input: &Value) -> Value {
        let all = self.documents.list(EVERYWHERE, BUDGET).into_iter().map(|(_, document)| document["Budget"].clone());
        let (shown, next) = cut(all.collect(), input, 1000);
        json!({ "Budgets": shown, "NextToken": next })
    }

    fn delete_budget(&self, input: &Value) -> Answer {
        let name = required(input, "BudgetName")?;
        let removed = self.documents.remove(EVERYWHERE, BUDGET, name);
        removed.map(|_| json!({})).ok_or_else(|| absent("delete budget", name))
    }

    /// Returns the document of the budget that a request names.
    pub(super) fn budget(&self, input: &Value, attempt: &str) -> Answer {
        let name = required(input, "BudgetName")?;
        self.documents.get(EVERYWHERE, BUDGET, name).ok_or_else(|| absent(attempt, name))
    }

    /// Checks what a customer wants and returns it as it is shown.
    fn checked(&self, wanted: &Value) -> Answer {
        check::budget(wanted)?;
        let mut budget = wanted.clone();
        let now = self.context.clock.now();
        // A budget without a beginning begins with the current month.
        let month = now.to_zoned(TimeZone::UTC).first_of_month().and_then(|day| day.start_of_day());
        let begin = month.map_or(now, |day| day.timestamp());
        let period = &wanted["TimePeriod"];
        budget["TimePeriod"] = json!({
            "Start": period["Start"].as_f64().unwrap_or_else(|| mint::seconds(begin)),
            "End": period["End"].as_f64().unwrap_or(NO_END),
        });
        if let Some(amount) = wanted["BudgetLimit"]["Amount"].as_str().filter(|amount| !amount.contains('.')) {
            budget["BudgetLimit"]["Amount"] = json!(format!("{amount}.0"));
        }
        let nothing = json!({ "Amount": "0.0", "Unit": wanted["BudgetLimit"]["Unit"].as_str().unwrap_or("USD") });
        budget["CalculatedSpend"] = json!({ "ActualSpend": nothing, "ForecastedSpend": nothing });
        budget["LastUpdatedTime"] = json!(mint::seconds(now));
        if budget["CostFilters"].is_null() && budget["FilterExpression"].is_null() {
            budget["CostFilters"] = json!({});
        }
        if budget["BudgetType"] == "COST" && budget["Metrics"].is_null() {
            budget["CostTypes"] = check::cost_types(&wanted["CostTypes"]);
        }
        Ok(budget)
    }
}

/// Returns one page of a list and the token of the next.
pub(super) fn cut(items: Vec<Value>, input: &Value, most: usize) -> (Vec<Value>, Option<String>) {
    page(items, input["NextToken"].as_str(), Some(input["MaxResults"].as_u64().unwrap_or(PAGE)), most)
}

/// Says that there is no such budget.
pub(super) fn absent(attempt: &str, name: &str) -> Refusal {
    Refusal::new("NotFoundException", format!("Unable to {attempt}: {name} - the budget doesn't exist."))
}

#[async_trait]
impl Service for Budgets {
    fn signing_names(&self) -> &'static [&'static str] {
        &["budgets"]
    }

    async fn handle(&self, call: Call) -> Reply {
        match self.answer(&call.operation, &call.json()) {
            Ok(body) => Reply::json(&body),
            Err(refusal) => refusal.reply(),
        }
    }
}
