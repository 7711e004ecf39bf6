//! Identifiers. Cheap to clone; ordered, so that every walk over them is deterministic.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(text.as_ref().into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// The full ARN of a secret, with its six random characters.
    SecretArn
);
text_id!(
    /// A version of a secret. Equals the ClientRequestToken of the rotation that made it (aws-facts: Staging labels).
    VersionId
);
text_id!(
    /// The short public name of a rotation: twelve hexadecimal digits made from its key, fit for a URL.
    RotationId
);
text_id!(
    /// The name of one attempt at a write, made from what it is to change and why, so that it is the same after a crash.
    AttemptId
);
text_id!(
    /// An ECS deployment, `ecs-svc/…`.
    DeploymentId
);

impl SecretArn {
    /// The same secret in another region: a replica's ARN differs in nothing else.
    #[must_use]
    pub fn in_region(&self, region: &str) -> Self {
        let parts = self.0.splitn(5, ':').enumerate();
        let parts = parts.map(|(i, part)| if i == 3 { region } else { part });
        Self::new(parts.collect::<Vec<_>>().join(":"))
    }

    /// The secret's name: what follows `:secret:`, without the hyphen and six random characters.
    pub fn name(&self) -> &str {
        let tail = self.0.split_once(":secret:").map_or(&*self.0, |(_, tail)| tail);
        match tail.rsplit_once('-') {
            Some((name, random)) if random.len() == 6 => name,
            _ => tail,
        }
    }

    /// The region it lies in.
    pub fn region(&self) -> Option<&str> {
        self.part(3)
    }

    /// The account that owns it.
    pub fn account(&self) -> Option<&str> {
        self.part(4)
    }

    /// The ARN without its six random characters, up to their hyphen: what all secrets of one name have in common, in
    /// one account and region.
    pub fn stem(&self) -> Option<&str> {
        let end = self.0.rfind('-')? + 1;
        (self.0.len() == end + 6).then(|| &self.0[..end])
    }

    /// The ARN without the hyphen and six random characters.
    pub fn without_random(&self) -> Option<&str> {
        self.stem()?.strip_suffix('-')
    }

    /// Whether an ARN is the secret's, with its random characters or without.
    pub fn is(&self, arn: &str) -> bool {
        self.as_str() == arn || self.without_random() == Some(arn)
    }

    /// `arn:partition:secretsmanager:region:account:secret:…`
    fn part(&self, n: usize) -> Option<&str> {
        let is_arn = self.0.starts_with("arn:") && self.0.contains(":secret:");
        let part = self.0.split(':').nth(n).filter(|_| is_arn)?;
        (!part.is_empty()).then_some(part)
    }
}

/// One replacement of a secret's value: the `n`-th time that this version was promoted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RotationKey {
    pub secret: SecretArn,
    pub version: VersionId,
    /// 1 for the first promotion of the version; more after a rollback to it.
    pub n: u32,
}

impl RotationKey {
    pub fn id(&self) -> RotationId {
        RotationId::new(digest(&[
            self.secret.as_str(),
            self.version.as_str(),
            &self.n.to_string(),
        ]))
    }
}

impl AttemptId {
    /// The `nth` attempt at `action` on `subject`, for the sake of `cause`.
    pub fn of(action: &str, subject: &str, cause: &str, nth: u32) -> Self {
        Self::new(digest(&[action, subject, cause, &nth.to_string()]))
    }
}

pub(super) fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize()
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_tells_region_and_account() {
        let arn = SecretArn::new("arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:shop/db-AbCdEf");
        assert_eq!(
            (arn.region(), arn.account()),
            (Some("cn-north-1"), Some("123456789012"))
        );
        for other in [
            "shop/db",
            "arn:aws:secretsmanager",
            "arn:aws:secretsmanager:::secret:x",
        ] {
            let arn = SecretArn::new(other);
            assert_eq!((arn.region(), arn.account()), (None, None), "{other}");
        }
    }

    #[test]
    fn a_name_loses_only_the_random_suffix() {
        let arn = |tail: &str| SecretArn::new(format!("arn:aws:secretsmanager:eu-west-1:1:secret:{tail}"));
        assert_eq!(arn("/shop/rds/prod-AbCdEf").name(), "/shop/rds/prod");
        assert_eq!(arn("plain").name(), "plain");
        assert_eq!(arn("has-hyphens-x1").name(), "has-hyphens-x1");
    }

    #[test]
    fn a_replica_has_its_primarys_arn_but_for_the_region() {
        let arn = SecretArn::new("arn:aws:secretsmanager:eu-west-1:1:secret:a:b-AbCdEf");
        let primary = arn.in_region("us-east-1");
        assert_eq!(
            primary.as_str(),
            "arn:aws:secretsmanager:us-east-1:1:secret:a:b-AbCdEf"
        );
    }

    #[test]
    fn ids_depend_on_every_part_and_its_border() {
        let key = |secret: &str, version: &str, n| RotationKey {
            secret: SecretArn::new(secret),
            version: VersionId::new(version),
            n,
        };
        let ids = [
            key("a", "bc", 1).id(),
            key("ab", "c", 1).id(),
            key("a", "bc", 2).id(),
        ];
        assert_eq!(ids[0].as_str().len(), 12);
        assert!(ids[0] != ids[1] && ids[0] != ids[2] && ids[1] != ids[2]);
        assert_eq!(ids[0], key("a", "bc", 1).id());
    }
}
