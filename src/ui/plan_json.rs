//! A plan for programs. `docs/plan.schema.json` describes it; a field may be added, none changes its meaning without
//! another `version`.

use serde_json::{Value, json};

use crate::billing::{HOURS_A_MONTH, Rate};
use crate::kinds::base::Meta;
use crate::model::{Effect, FieldChange};
use crate::plan::{Change, Plan, Reason};

use super::money::{differences, prices};

/// Returns a plan as JSON.
pub fn plan_json(plan: &Plan, before: &Rate, after: &Rate, meta: &Meta) -> Value {
    let difference = differences(before, after);
    let proposals = plan.proposals.iter();
    let proposals = proposals.map(|one| json!({ "from": one.from, "to": one.to }));
    json!({
        "version": 1,
        "stack": meta.name,
        "account": meta.account,
        "region": meta.region,
        "changes": plan.shown().map(|one| change(one, before, after)).collect::<Vec<_>>(),
        "moved_proposals": proposals.collect::<Vec<_>>(),
        "as_declared": plan.count(crate::model::Action::None),
        "usd_per_hour": {
            "now": before.now().0,
            "after": after.now().0,
            "difference": difference.map(|(hour, _)| hour),
            "has_unknown": before.running().1 || after.running().1,
        },
        "usd_per_month_always_on": {
            "now": before.running().0 * HOURS_A_MONTH,
            "after": after.running().0 * HOURS_A_MONTH,
            "difference": difference.map(|(_, month)| month),
        },
    })
}

fn change(change: &Change, before: &Rate, after: &Rate) -> Value {
    let (price_before, price_after) = prices(before, after, (&change.address, change.action));
    json!({
        "address": change.address.to_string(),
        "kind": change.address.kind,
        "name": change.name(),
        "action": change.action,
        "reason": reason(&change.reason),
        "moved_from": match &change.reason { Reason::Moved(from) => Some(from), _ => None },
        "replaced_because": change.diff.replacement(),
        "fields": change.fields().into_iter().map(FieldChange::shown).map(|one| field(&one)).collect::<Vec<_>>(),
        "usd_per_hour": { "before": price_before, "after": price_after },
    })
}

fn reason(reason: &Reason) -> Value {
    match reason {
        Reason::Moved(_) => json!("moved"),
        other => json!(other),
    }
}

fn field(field: &FieldChange) -> Value {
    let (effect, why) = match field.effect {
        Effect::InPlace => ("in_place", None),
        Effect::Running => ("running", None),
        Effect::Reboot => ("reboot", None),
        Effect::Replace(why) => ("replace", Some(why)),
    };
    json!({ "field": field.field, "seen": field.seen, "want": field.want, "effect": effect, "why": why })
}
