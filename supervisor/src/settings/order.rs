//! Which program waits for which: `after` names programs that there are, and no chain of them comes
//! back to where it began.

use std::collections::{BTreeMap, BTreeSet};

use super::{Program, faults::Faults};

type Edges<'a> = BTreeMap<&'a str, Vec<&'a str>>;

/// Looks at `after` of all programs.
pub(super) fn check(programs: &[Program], faults: &mut Faults<'_>) {
    let names: BTreeSet<&str> = programs
        .iter()
        .map(|program| program.name.as_str())
        .collect();
    for program in programs {
        for other in &program.after {
            if other == &program.name {
                faults.wrong(
                    &program.name,
                    "after",
                    "names the program itself; remove it",
                );
            } else if !names.contains(other.as_str()) {
                let all: Vec<_> = names.iter().copied().collect();
                let problem = format!(
                    "names {other:?}, which is no program; there are {}",
                    all.join(", ")
                );
                faults.wrong(&program.name, "after", problem);
            }
        }
    }
    for circle in circles(&edges(programs, &names)) {
        if let Some(first) = circle.first() {
            let problem = format!(
                "goes in a circle: {} → {first}; take one of them out",
                circle.join(" → ")
            );
            faults.wrong(first, "after", problem);
        }
    }
}

/// Who waits for whom, without what has been refused already.
fn edges<'a>(programs: &'a [Program], names: &BTreeSet<&'a str>) -> Edges<'a> {
    let others = |program: &'a Program| {
        program
            .after
            .iter()
            .map(String::as_str)
            .filter(|other| names.contains(other) && *other != program.name)
            .collect()
    };
    programs
        .iter()
        .map(|program| (program.name.as_str(), others(program)))
        .collect()
}

/// One circle of each knot, beginning with its first name.
fn circles<'a>(edges: &Edges<'a>) -> Vec<Vec<&'a str>> {
    let mut left = edges.clone();
    let mut circles = Vec::new();
    loop {
        drop_free(&mut left);
        let Some(start) = left.keys().next().copied() else {
            return circles;
        };
        let circle = circle_from(start, &left);
        // What waits for it is no circle by that.
        left.retain(|name, _| !circle.contains(name));
        circles.push(circle);
    }
}

/// Takes away, again and again, who waits for nobody that is left.
fn drop_free(left: &mut Edges<'_>) {
    loop {
        let names: BTreeSet<&str> = left.keys().copied().collect();
        left.retain(|_, others| others.iter().any(|other| names.contains(other)));
        if left.len() == names.len() {
            return;
        }
    }
}

/// Goes from one to the next that is left, which there always is, until a name comes again.
fn circle_from<'a>(start: &'a str, left: &Edges<'a>) -> Vec<&'a str> {
    let mut path = vec![start];
    loop {
        let next = path
            .last()
            .and_then(|name| left.get(name))
            .and_then(|others| others.iter().find(|other| left.contains_key(*other)));
        let Some(next) = next else { return path };
        if let Some(place) = path.iter().position(|seen| seen == next) {
            let mut circle = path.split_off(place);
            let least = (0..circle.len()).min_by_key(|index| circle.get(*index).copied());
            circle.rotate_left(least.unwrap_or(0));
            return circle;
        }
        path.push(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_knot_is_told_as_the_chain_it_is() {
        let edges: Edges = [
            ("a", vec!["b"]),
            ("b", vec!["free", "c"]),
            ("c", vec!["a"]),
            ("d", vec!["a"]),
            ("free", vec![]),
            ("x", vec!["y"]),
            ("y", vec!["x"]),
        ]
        .into();
        assert_eq!(circles(&edges), [vec!["a", "b", "c"], vec!["x", "y"]]);
    }

    #[test]
    fn what_waits_without_coming_back_is_no_circle() {
        let edges: Edges = [("a", vec!["b", "c"]), ("b", vec!["c"]), ("c", vec![])].into();
        assert!(circles(&edges).is_empty());
    }

    #[test]
    fn a_circle_begins_with_its_first_name_wherever_it_was_entered() {
        let edges: Edges = [("a", vec!["z"]), ("m", vec!["z"]), ("z", vec!["m"])].into();
        assert_eq!(circles(&edges), [vec!["m", "z"]]);
    }
}
