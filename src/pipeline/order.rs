//! The order of the steps: who waits for whom.

use std::collections::BTreeSet;

use super::step_table::StepTable;
use super::{Dataset, step::Step};

/// A step and the positions, in the same list, of the steps that must have ended before it.
pub struct Planned<'a> {
    /// The step.
    pub table: &'a StepTable,
    /// What it waits for.
    pub needs: BTreeSet<usize>,
}

/// Orders steps by what they read and write; where that leaves a choice, as the file does.
///
/// # Errors
/// The names of the steps that wait for each other.
pub fn order(steps: &[StepTable]) -> Result<Vec<Planned<'_>>, Vec<String>> {
    let shapes: Vec<Shape> = steps.iter().map(Shape::of).collect();
    let needs: Vec<BTreeSet<usize>> = (0..steps.len()).map(|at| needs(&shapes, at)).collect();
    let mut positions: Vec<usize> = vec![];
    while positions.len() < steps.len() {
        let is_ready = |at: &usize| !positions.contains(at) && needs[*at].iter().all(|need| positions.contains(need));
        let Some(next) = (0..steps.len()).find(is_ready) else {
            let left = (0..steps.len()).filter(|at| !positions.contains(at));
            return Err(left.map(|at| steps[at].name.clone()).collect());
        };
        positions.push(next);
    }
    let place = |old: &usize| positions.iter().position(|position| position == old).unwrap_or_default();
    let planned = |at: &usize| Planned { table: &steps[*at], needs: needs[*at].iter().map(place).collect() };
    Ok(positions.iter().map(planned).collect())
}

struct Shape<'a> {
    name: &'a str,
    after: &'a [String],
    reads: Vec<Dataset>,
    writes: Vec<Dataset>,
    gates: Option<Dataset>,
}

impl<'a> Shape<'a> {
    fn of(table: &'a StepTable) -> Self {
        Self {
            name: &table.name,
            after: &table.after,
            reads: table.all_reads(),
            writes: table.all_writes(),
            gates: table.step().and_then(Step::gates),
        }
    }

    fn says_nothing(&self) -> bool {
        self.after.is_empty() && self.reads.is_empty() && self.writes.is_empty()
    }
}

fn needs(shapes: &[Shape<'_>], at: usize) -> BTreeSet<usize> {
    let own = &shapes[at];
    if own.says_nothing() {
        // Nothing tells where it belongs but its place in the file.
        return at.checked_sub(1).into_iter().collect();
    }
    let mut needs: BTreeSet<usize> = BTreeSet::new();
    needs.extend(
        shapes
            .iter()
            .enumerate()
            .filter(|(_, other)| own.after.iter().any(|name| name == other.name))
            .map(|(other, _)| other),
    );
    for dataset in &own.reads {
        needs.extend(producers(shapes, at, dataset));
        // A check that stands before it in the file decides whether the data may be used.
        let gates = |(other, shape): &(usize, &Shape<'_>)| *other < at && shape.gates.as_ref() == Some(dataset);
        if own.gates.is_none() {
            needs.extend(shapes.iter().enumerate().filter(gates).map(|(other, _)| other));
        }
    }
    for dataset in &own.writes {
        for (other, shape) in shapes.iter().enumerate().take(at) {
            let wrote = shape.writes.contains(dataset);
            // Who reads what is here before must have done so before it changes.
            let read = shape.reads.contains(dataset) && !producers(shapes, other, dataset).contains(&at);
            if wrote || read {
                needs.insert(other);
            }
        }
    }
    needs.remove(&at);
    needs
}

/// Returns who writes what a step reads: those before it in the file, or, if there is none, those behind it.
fn producers(shapes: &[Shape<'_>], at: usize, dataset: &Dataset) -> Vec<usize> {
    let all = shapes.iter().enumerate().filter(|(other, shape)| *other != at && shape.writes.contains(dataset));
    let (before, behind): (Vec<usize>, Vec<usize>) = all.map(|(other, _)| other).partition(|other| *other < at);
    if before.is_empty() { behind } else { before }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One step a line: its name, what it reads, what it writes.
    fn steps(lines: &[(&str, &[&str], &[&str])]) -> Vec<StepTable> {
        let entry = |(name, reads, writes): &(&str, &[&str], &[&str])| {
            let value = serde_json::json!({ "name": name, "reads": reads, "writes": writes });
            serde_json::from_value(value).unwrap()
        };
        lines.iter().map(entry).collect()
    }

    fn told(steps: &[StepTable]) -> Vec<String> {
        let planned = order(steps).unwrap();
        let name = |at: &usize| planned[*at].table.name.clone();
        let line = |one: &Planned<'_>| {
            format!("{} <- {}", one.table.name, one.needs.iter().map(name).collect::<Vec<_>>().join(" "))
        };
        planned.iter().map(line).collect()
    }

    #[test]
    fn data_decide_and_then_the_file() {
        let steps = steps(&[
            ("warehouse", &["staging"], &["warehouse"]),
            ("staging", &["mysql"], &["staging"]),
            ("crawl", &["mysql"], &[]),
            ("load", &["object"], &["mysql"]),
        ]);
        assert_eq!(told(&steps), ["load <- ", "staging <- load", "warehouse <- staging", "crawl <- load"]);
    }

    #[test]
    fn a_second_writer_waits_for_the_readers_of_the_first() {
        let steps = steps(&[
            ("load", &[], &["mysql"]),
            ("copy", &["mysql"], &["staging"]),
            ("clean", &["mysql"], &["mysql"]),
            ("note", &[], &[]),
        ]);
        assert_eq!(told(&steps), ["load <- ", "copy <- load", "clean <- load copy", "note <- clean"]);
    }

    #[test]
    fn steps_that_wait_for_each_other_are_named() {
        let steps = steps(&[("a", &["x"], &["y"]), ("b", &["y"], &["x"]), ("c", &[], &["z"])]);
        assert_eq!(order(&steps).err(), Some(vec!["a".to_owned(), "b".to_owned()]));
    }

    #[test]
    fn a_check_stands_before_those_behind_it_that_read_the_same() {
        let mut steps =
            steps(&[("job", &[], &["staging"]), ("sound", &[], &[]), ("load", &["staging"], &["warehouse"])]);
        steps[1].check = Some(serde_json::from_value(serde_json::json!("staging")).unwrap());
        assert_eq!(told(&steps)[2], "load <- job sound");
    }
}
