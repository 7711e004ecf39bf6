//! Which secret a person means.

use std::collections::BTreeSet;

use anyhow::bail;

/// Names in an error, at most.
const NAMED: usize = 8;

/// The ARNs of the secret that is meant: by its ARN, its name, or the beginning of one name alone. More than one where a
/// secret was deleted and made again with the same name.
pub(super) fn pick<'a>(
    wanted: &str,
    secrets: &[(&'a str, &'a str)],
    place: &str,
) -> anyhow::Result<Vec<&'a str>> {
    let arns = |is: &dyn Fn(&str, &str) -> bool| -> Vec<&'a str> {
        let found = secrets.iter().filter(|(arn, name)| is(arn, name));
        found.map(|(arn, _)| *arn).collect()
    };
    let exact = arns(&|arn, name| arn == wanted || name == wanted || name.strip_prefix('/') == Some(wanted));
    if !exact.is_empty() {
        return Ok(exact);
    }
    let begins = |name: &str| {
        !wanted.is_empty() && (name.starts_with(wanted) || name.trim_start_matches('/').starts_with(wanted))
    };
    let names: BTreeSet<&str> = secrets.iter().map(|(_, name)| *name).collect();
    let beginning: Vec<&str> = names.iter().copied().filter(|name| begins(name)).collect();
    match beginning.as_slice() {
        [one] => Ok(arns(&|_, name| name == *one)),
        [] => bail!("no secret {wanted:?} {place}{}", instead(wanted, &names)),
        several => bail!(
            "{wanted:?} begins the names of several secrets: {}",
            list(several)
        ),
    }
}

/// The names that look most like it, or all where there are few.
fn instead(wanted: &str, names: &BTreeSet<&str>) -> String {
    let alike = |name: &str| strsim::jaro_winkler(wanted, name);
    let mut near: Vec<&str> = names.iter().copied().filter(|name| alike(name) > 0.75).collect();
    near.sort_by(|a, b| alike(b).total_cmp(&alike(a)));
    near.truncate(3);
    let all: Vec<&str> = names.iter().copied().collect();
    match (near.is_empty(), all.is_empty()) {
        (false, _) => format!("; did you mean {}?", near.join(" or ")),
        (true, false) => format!("; there are: {}", list(&all)),
        (true, true) => "; there is none at all".to_owned(),
    }
}

fn list(names: &[&str]) -> String {
    let shown = names[..names.len().min(NAMED)].join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown}, and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRETS: [(&str, &str); 5] = [
        ("arn:1", "/shop/db"),
        ("arn:2", "billing/db"),
        ("arn:3", "billing/queue"),
        ("arn:4", "mail-key"),
        ("arn:5", "mail-key"),
    ];

    fn picked(wanted: &str) -> Result<Vec<&str>, String> {
        pick(wanted, &SECRETS, "is watched").map_err(|error| error.to_string())
    }

    #[test]
    fn a_name_an_arn_and_an_unmistakable_beginning_are_enough() {
        for (wanted, expected) in [
            ("arn:1", ["arn:1"].as_slice()),
            ("/shop/db", &["arn:1"]),
            ("shop/db", &["arn:1"]),
            ("sho", &["arn:1"]),
            ("billing/q", &["arn:3"]),
            ("mail-key", &["arn:4", "arn:5"]),
            ("mail", &["arn:4", "arn:5"]),
        ] {
            assert_eq!(picked(wanted).expect(wanted), expected, "{wanted}");
        }
    }

    #[test]
    fn what_is_not_there_is_told_with_what_is() {
        for (wanted, expected) in [
            (
                "billing",
                "begins the names of several secrets: billing/db, billing/queue",
            ),
            (
                "biling/db",
                "no secret \"biling/db\" is watched; did you mean billing/db",
            ),
            ("xyz", "there are: /shop/db, billing/db, billing/queue, mail-key"),
            ("", "there are: "),
        ] {
            let told = picked(wanted).expect_err(wanted);
            assert!(told.contains(expected), "{told}");
        }
        let none = pick("a", &[], "is watched").expect_err("none").to_string();
        assert_eq!(none, "no secret \"a\" is watched; there is none at all");
    }
}
