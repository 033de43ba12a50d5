//! The arguments of a run: the job's defaults under the run's own, under what may not be overridden.

use std::collections::BTreeMap;

use serde_json::Value;

/// Arguments by name, with the two dashes.
#[derive(Debug, Clone, Default)]
pub(super) struct Arguments(BTreeMap<String, String>);

impl Arguments {
    pub(super) fn of(job: &Value, run: &Value) -> Self {
        let mut merged = BTreeMap::new();
        for layer in [&job["DefaultArguments"], &run["Arguments"], &job["NonOverridableArguments"]] {
            for (name, value) in layer.as_object().into_iter().flatten() {
                merged.insert(name.clone(), value.as_str().unwrap_or_default().to_owned());
            }
        }
        let own = [("--JOB_NAME", &run["JobName"]), ("--JOB_RUN_ID", &run["Id"])];
        for (name, value) in own {
            merged.insert(name.to_owned(), value.as_str().unwrap_or_default().to_owned());
        }
        Self(merged)
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Returns the values of a list with commas.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        self.get(name)
            .into_iter()
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|one| !one.is_empty())
            .collect()
    }

    /// Returns whether a switch is on; a name without a value is.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| value.is_empty() || value == "true")
    }

    /// Returns the Spark settings of `--conf`, which holds several as `a=1 --conf b=2`.
    pub(super) fn confs(&self) -> Vec<&str> {
        self.get("--conf")
            .into_iter()
            .flat_map(|value| value.split("--conf"))
            .map(str::trim)
            .filter(|conf| conf.contains('='))
            .collect()
    }

    /// Returns the words that the script sees.
    pub(super) fn words(&self) -> Vec<String> {
        self.0.iter().flat_map(|(name, value)| [name.clone(), value.clone()]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_run_wins_over_the_defaults() {
        let job = json!({
            "DefaultArguments": { "--a": "1", "--b": "2", "--conf": "x=1 --conf y=2" },
            "NonOverridableArguments": { "--c": "fixed" },
        });
        let run = json!({ "JobName": "j", "Id": "jr_1", "Arguments": { "--b": "3", "--c": "mine" } });
        let arguments = Arguments::of(&job, &run);
        assert_eq!(
            [arguments.get("--a"), arguments.get("--b"), arguments.get("--c")],
            [Some("1"), Some("3"), Some("fixed")]
        );
        assert_eq!(arguments.confs(), ["x=1", "y=2"]);
        assert!(arguments.words().windows(2).any(|pair| pair == ["--JOB_RUN_ID", "jr_1"]));
    }
}
