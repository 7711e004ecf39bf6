//! A function's environment, whatever is in it.

use proptest::prelude::*;

use super::*;

proptest! {
    /// A merge loses nothing, or is none.
    #[test]
    fn an_environment_is_merged_whole(
        variables in prop::collection::hash_map("[A-Z_]{1,12}", ".{0,300}", 0..20),
        value in "[a-z0-9]{0,20}",
    ) {
        let answer = EnvironmentResponse::builder().set_variables(Some(variables.clone())).build();
        let EnvironmentSeen::Readable { bytes, .. } = seen(Some(&answer)) else {
            return Err(TestCaseError::fail("unreadable"));
        };
        prop_assert_eq!(bytes, serde_json::to_string(&variables).expect("JSON").len());
        let mut expected = variables;
        expected.insert(MARKER_VARIABLE.to_owned(), value.clone());
        let fits = serde_json::to_string(&expected).expect("JSON").len() <= 4096;
        let merged = merge(Some(answer), MARKER_VARIABLE, &value).ok();
        prop_assert_eq!(merged.is_some(), fits);
        if let Some(merged) = merged {
            prop_assert_eq!(merged.variables(), Some(&expected));
        }
    }
}
