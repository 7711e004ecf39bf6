//! AWS's regions by name: which there are, and which have RDS's authorities built in.
//!
//! From botocore 1.43.11, `data/partitions.json`; new regions come twice a year, so an unknown one of the right shape
//! may exist.

/// RDS's own authorities of these are built in (`database/rds-ca-bundle.md`; a test holds both equal).
pub const WITH_AUTHORITIES: [&str; 27] = [
    "af-south-1",
    "ap-east-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ca-central-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "me-central-1",
    "me-south-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// The others, of all partitions.
const WITHOUT_AUTHORITIES: [&str; 19] = [
    "ap-east-2",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-isoe-west-1",
    "eusc-de-east-1",
    "il-central-1",
    "mx-central-1",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "us-isob-west-1",
    "us-isof-east-1",
    "us-isof-south-1",
];

/// Every region that is known, in no particular order.
pub fn all() -> impl Iterator<Item = &'static str> {
    WITH_AUTHORITIES.into_iter().chain(WITHOUT_AUTHORITIES)
}

pub fn is_known(region: &str) -> bool {
    all().any(|known| known == region)
}

/// Whether it is written as regions are: some lower-case words and a number, as `eu-west-1`, `us-gov-west-1`,
/// `eusc-de-east-1`.
pub fn has_the_shape(region: &str) -> bool {
    let parts: Vec<&str> = region.split('-').collect();
    let [words @ .., number] = parts.as_slice() else {
        return false;
    };
    let is_word =
        |word: &&str| (2..=12).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_number = (1..=2).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    (2..=4).contains(&words.len()) && words.iter().all(is_word) && is_number
}

/// Where AWS offers the authorities of a region that has none built in; nothing where they are built in.
pub fn missing_authorities(region: &str) -> Option<String> {
    if WITH_AUTHORITIES.contains(&region) || !has_the_shape(region) {
        return None;
    }
    let store = match region {
        _ if region.starts_with("cn-") => "https://rds-truststore.s3.cn-north-1.amazonaws.com.cn",
        _ if region.starts_with("us-gov-") => "https://truststore.pki.us-gov-west-1.rds.amazonaws.com",
        _ => "https://truststore.pki.rds.amazonaws.com",
    };
    Some(format!("{store}/{region}/{region}-bundle.pem"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_known_region_has_the_shape_and_stands_once() {
        assert!(all().all(has_the_shape));
        assert_eq!(all().collect::<BTreeSet<_>>().len(), all().count());
    }

    #[test]
    fn what_is_no_region_is_told_by_its_shape() {
        for wrong in [
            "",
            "eu",
            "eu-west",
            "us-east-1a",
            "EU-WEST-1",
            "eu_west_1",
            "us-east-1 ",
            "-1",
            "eu--1",
            "eu-west-",
            "eu-west-100",
            "Ireland",
            "aws-global",
            "arn:aws",
            "é-west-1",
        ] {
            assert!(!has_the_shape(wrong), "{wrong}");
        }
        for unknown in ["eu-west-9", "xx-nowhere-1", "us-gov-central-1"] {
            assert!(has_the_shape(unknown) && !is_known(unknown), "{unknown}");
        }
    }

    #[test]
    fn d4_a_region_without_built_in_authorities_has_an_address_for_them() {
        assert_eq!(missing_authorities("eu-west-1"), None);
        for (region, expected) in [
            (
                "ca-west-1",
                "https://truststore.pki.rds.amazonaws.com/ca-west-1/ca-west-1-bundle.pem",
            ),
            (
                "us-gov-east-1",
                "https://truststore.pki.us-gov-west-1.rds.amazonaws.com/us-gov-east-1/us-gov-east-1-bundle.pem",
            ),
            (
                "cn-northwest-1",
                "https://rds-truststore.s3.cn-north-1.amazonaws.com.cn/cn-northwest-1/cn-northwest-1-bundle.pem",
            ),
        ] {
            assert_eq!(missing_authorities(region).as_deref(), Some(expected));
        }
    }
}
