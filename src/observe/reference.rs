//! How task definitions and environments name a secret (aws-facts: ECS).

use machine::model::{Reference, ReferenceKind, SecretArn};

/// SSM parameters under this path stand for secrets.
const SSM_REFERENCE: &str = "/aws/reference/secretsmanager/";

/// The watched secret that a `valueFrom` names, if it is one of them.
///
/// Forms: the full ARN; the ARN without its six random characters; either with `:json-key:stage:version-id`;
/// and SSM's reference path. A bare name is an SSM parameter, not a secret.
pub(super) fn from_value(value_from: &str, secrets: &[SecretArn]) -> Option<Reference> {
    if let Some((_, name)) = value_from.split_once(SSM_REFERENCE) {
        let secret = secrets.iter().find(|secret| secret.name() == name)?.clone();
        return Some(Reference {
            secret,
            kind: ReferenceKind::Injected,
        });
    }
    let parts: Vec<&str> = value_from.splitn(10, ':').collect();
    let ["arn", _, "secretsmanager", _, _, "secret", _, rest @ ..] = parts.as_slice() else {
        return None;
    };
    let arn = parts[..7].join(":");
    let secret = by_arn(&arn, secrets)?.clone();
    let at = |i: usize| rest.get(i).copied().filter(|part| !part.is_empty());
    let kind = match (at(1), at(2)) {
        (_, Some(version)) => ReferenceKind::Pinned {
            to: format!("version {version}"),
        },
        (None | Some("AWSCURRENT"), None) => ReferenceKind::Injected,
        (Some(stage), None) => ReferenceKind::Pinned { to: stage.to_owned() },
    };
    Some(Reference { secret, kind })
}

/// Exactly this ARN, or this ARN plus a hyphen and six characters.
fn by_arn<'a>(arn: &str, secrets: &'a [SecretArn]) -> Option<&'a SecretArn> {
    let exact = secrets.iter().find(|secret| secret.as_str() == arn);
    exact.or_else(|| {
        secrets.iter().find(|secret| {
            let suffix = secret
                .as_str()
                .strip_prefix(arn)
                .and_then(|rest| rest.strip_prefix('-'));
            suffix.is_some_and(|suffix| suffix.len() == 6)
        })
    })
}

/// The watched secrets whose ARN stands somewhere in an environment value: the program fetches by itself.
pub(super) fn in_environment<'a>(
    value: &'a str,
    secrets: &'a [SecretArn],
) -> impl Iterator<Item = Reference> + 'a {
    let named = secrets.iter().filter(move |secret| {
        let bare = secret
            .as_str()
            .len()
            .checked_sub(7)
            .and_then(|end| secret.as_str().get(..end));
        value.contains(secret.as_str()) || bare == Some(value)
    });
    named.map(|secret| Reference {
        secret: secret.clone(),
        kind: ReferenceKind::Fetches,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:/shop/db-AbCdEf";
    const BARE: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:/shop/db";

    fn kind(value_from: &str) -> Option<ReferenceKind> {
        from_value(value_from, &[SecretArn::new(ARN)]).map(|reference| reference.kind)
    }

    #[test]
    fn every_form_of_value_from() {
        let pinned = |to: &str| Some(ReferenceKind::Pinned { to: to.to_owned() });
        let table = [
            (ARN.to_owned(), Some(ReferenceKind::Injected)),
            (BARE.to_owned(), Some(ReferenceKind::Injected)),
            (format!("{ARN}:password::"), Some(ReferenceKind::Injected)),
            (
                format!("{BARE}:password:AWSCURRENT:"),
                Some(ReferenceKind::Injected),
            ),
            (format!("{ARN}:password:AWSPREVIOUS:"), pinned("AWSPREVIOUS")),
            (format!("{ARN}:::0a1b"), pinned("version 0a1b")),
            (
                "/aws/reference/secretsmanager//shop/db".to_owned(),
                Some(ReferenceKind::Injected),
            ),
            (
                "arn:aws:ssm:eu-west-1:1:parameter/aws/reference/secretsmanager//shop/db".to_owned(),
                Some(ReferenceKind::Injected),
            ),
            ("/shop/db".to_owned(), None),
            (format!("{BARE}-other-AbCdEf"), None),
            (format!("{BARE}-2"), None),
            ("arn:aws:secretsmanager:eu-west-1:1:secret".to_owned(), None),
            (String::new(), None),
        ];
        for (value_from, expected) in table {
            assert_eq!(kind(&value_from), expected, "{value_from}");
        }
    }

    #[test]
    fn an_environment_names_a_secret_by_its_arn() {
        let secrets = [SecretArn::new(ARN)];
        let found = |value: &str| in_environment(value, &secrets).count();
        assert_eq!(found(ARN), 1);
        assert_eq!(found(&format!("{{\"secret\":\"{ARN}\"}}")), 1);
        assert_eq!(found(BARE), 1);
        assert_eq!(found("/shop/db"), 0);
        assert_eq!(found(""), 0);
    }
}
