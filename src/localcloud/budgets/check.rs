//! What AWS Budgets refuses.

use serde_json::{Map, Value, json};

use crate::localcloud::refusal::Refusal;

/// The most alerts of one budget.
const MOST_ALERTS: usize = 5;

/// The most addresses of one alert; there may be one topic beside them.
const MOST_ADDRESSES: usize = 10;

/// What a budget of costs counts where it does not say.
const COST_TYPES: [(&str, bool); 11] = [
    ("IncludeTax", true),
    ("IncludeSubscription", true),
    ("UseBlended", false),
    ("IncludeRefund", true),
    ("IncludeCredit", true),
    ("IncludeUpfront", true),
    ("IncludeRecurring", true),
    ("IncludeOtherSubscription", true),
    ("IncludeSupport", true),
    ("IncludeDiscount", true),
    ("UseAmortized", false),
];

pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}

/// Returns a member that must be a text with something in it.
pub(super) fn required<'a>(input: &'a Value, member: &str) -> Result<&'a str, Refusal> {
    let missing = || invalid(format!("1 validation error detected: Value null at '{member}' must not be null"));
    input[member].as_str().filter(|text| !text.is_empty()).ok_or_else(missing)
}

fn one_of(input: &Value, member: &str, words: &[&str]) -> Result<(), Refusal> {
    let word = required(input, member)?;
    if words.contains(&word) {
        return Ok(());
    }
    Err(invalid(format!("Value '{word}' at '{member}' must be one of {}", words.join(", "))))
}

/// Checks a budget.
pub(super) fn budget(budget: &Value) -> Result<(), Refusal> {
    let name = required(budget, "BudgetName")?;
    if name.chars().count() > 100 || name.contains([':', '\\']) || name.contains("/action/") {
        return Err(invalid(format!("Value '{name}' at 'BudgetName' is no name of a budget")));
    }
    let kinds =
        ["USAGE", "COST", "RI_UTILIZATION", "RI_COVERAGE", "SAVINGS_PLANS_UTILIZATION", "SAVINGS_PLANS_COVERAGE"];
    one_of(budget, "BudgetType", &kinds)?;
    one_of(budget, "TimeUnit", &["DAILY", "MONTHLY", "QUARTERLY", "ANNUALLY", "CUSTOM"])?;
    let has = |member: &str| !budget[member].is_null();
    if !has("BudgetLimit") && !has("PlannedBudgetLimits") && !has("AutoAdjustData") {
        return Err(invalid(
            "Unable to create/update budget - please provide one of the followings: Budget Limit/ Planned Budget \
             Limit/ Auto Adjust Data",
        ));
    }
    if has("BudgetLimit") {
        let (amount, unit) = (required(&budget["BudgetLimit"], "Amount")?, required(&budget["BudgetLimit"], "Unit")?);
        let is_number = amount.bytes().all(|letter| letter.is_ascii_digit() || letter == b'.');
        if !is_number || !amount.parse::<f64>().is_ok_and(|amount| amount > 0.0) {
            return Err(invalid(format!("Budget limit must be a number greater than zero: {amount}")));
        }
        if budget["BudgetType"] == "COST" && unit != "USD" {
            return Err(invalid(format!("The unit of a cost budget is USD, not {unit}")));
        }
    }
    let (is_new, is_old) = (has("FilterExpression") || has("Metrics"), has("CostFilters") || has("CostTypes"));
    if is_new && is_old {
        return Err(invalid("FilterExpression and Metrics cannot be used together with CostFilters and CostTypes"));
    }
    filters(&budget["CostFilters"])
}

fn filters(filters: &Value) -> Result<(), Refusal> {
    for value in filters["TagKeyValue"].as_array().into_iter().flatten() {
        let text = value.as_str().unwrap_or_default();
        if !text.contains('$') || !["user:", "aws:"].iter().any(|prefix| text.starts_with(prefix)) {
            return Err(invalid(format!("A filter by tag looks like user:KEY$VALUE, not {text}")));
        }
    }
    Ok(())
}

/// Returns the cost types with AWS's defaults where they do not say.
pub(super) fn cost_types(wanted: &Value) -> Value {
    let types = COST_TYPES
        .iter()
        .map(|(name, default)| ((*name).to_owned(), json!(wanted[*name].as_bool().unwrap_or(*default))));
    Value::Object(types.collect::<Map<_, _>>())
}

/// Returns an alert as it is shown, checked.
pub(super) fn notification(wanted: &Value) -> Result<Value, Refusal> {
    one_of(wanted, "NotificationType", &["ACTUAL", "FORECASTED"])?;
    one_of(wanted, "ComparisonOperator", &["GREATER_THAN", "LESS_THAN", "EQUAL_TO"])?;
    let threshold = wanted["Threshold"].as_f64().filter(|threshold| (0.0..=15e12).contains(threshold));
    let threshold = threshold.ok_or_else(|| invalid("Value at 'Threshold' must be between 0 and 15000000000000"))?;
    let unit = wanted["ThresholdType"].as_str().unwrap_or("PERCENTAGE");
    one_of(&json!({ "ThresholdType": unit }), "ThresholdType", &["PERCENTAGE", "ABSOLUTE_VALUE"])?;
    Ok(json!({
        "NotificationType": wanted["NotificationType"], "ComparisonOperator": wanted["ComparisonOperator"],
        "Threshold": threshold, "ThresholdType": unit, "NotificationState": "OK",
    }))
}

/// Adds a checked alert to those of a budget.
pub(super) fn add_alert(alerts: &mut Value, wanted: &Value, subscribers: &Value) -> Result<(), Refusal> {
    let notification = notification(wanted)?;
    let list = alerts.as_array_mut().ok_or_else(|| invalid("no alerts"))?;
    if list.iter().any(|one| one["Notification"] == notification) {
        return Err(Refusal::new("DuplicateRecordException", "Duplicate notifications are not allowed."));
    }
    if list.len() >= MOST_ALERTS {
        let message = format!("Unable to create notification - a budget has at most {MOST_ALERTS} notifications.");
        return Err(Refusal::new("CreationLimitExceededException", message));
    }
    let mut kept = vec![];
    for one in subscribers.as_array().into_iter().flatten() {
        add_subscriber(&mut kept, one)?;
    }
    if kept.is_empty() {
        return Err(invalid("Unable to create notification - a notification needs at least one subscriber."));
    }
    list.push(json!({ "Notification": notification, "Subscribers": kept }));
    Ok(())
}

/// Adds a checked address or topic to those of an alert.
pub(super) fn add_subscriber(list: &mut Vec<Value>, wanted: &Value) -> Result<(), Refusal> {
    let subscriber = subscriber(wanted)?;
    if list.contains(&subscriber) {
        return Err(Refusal::new("DuplicateRecordException", "Duplicate subscribers are not allowed."));
    }
    let kind = &subscriber["SubscriptionType"];
    let most = if kind == "SNS" { 1 } else { MOST_ADDRESSES };
    if list.iter().filter(|one| one["SubscriptionType"] == *kind).count() >= most {
        let message = format!("Unable to create subscriber - a notification has at most {most} of the type {kind}.");
        return Err(Refusal::new("CreationLimitExceededException", message));
    }
    list.push(subscriber);
    Ok(())
}

/// Returns an address or a topic, checked.
pub(super) fn subscriber(wanted: &Value) -> Result<Value, Refusal> {
    one_of(wanted, "SubscriptionType", &["SNS", "EMAIL"])?;
    let address = required(wanted, "Address")?;
    let is_good = match wanted["SubscriptionType"].as_str() {
        Some("SNS") => address.starts_with("arn:aws:sns:"),
        _ => address.split_once('@').is_some_and(|(who, place)| !who.is_empty() && place.contains('.')),
    };
    if !is_good || address.contains(char::is_whitespace) {
        return Err(invalid(format!("{address} is not a valid address of a subscriber.")));
    }
    Ok(json!({ "SubscriptionType": wanted["SubscriptionType"], "Address": address }))
}

/// Reads tags as an object.
pub(super) fn tags(list: &Value) -> Result<Map<String, Value>, Refusal> {
    let mut tags = Map::new();
    for tag in list.as_array().into_iter().flatten() {
        let key = required(tag, "Key")?;
        let value = tag["Value"].as_str().unwrap_or_default();
        if key.starts_with("aws:") || key.chars().count() > 128 || value.chars().count() > 256 {
            return Err(invalid(format!("{key} is no tag that a customer can set.")));
        }
        tags.insert(key.to_owned(), json!(value));
    }
    if tags.len() > 50 {
        return Err(Refusal::new("ServiceQuotaExceededException", "A budget has at most 50 tags."));
    }
    Ok(tags)
}
