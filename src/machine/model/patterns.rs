//! What the rotation Lambda's lines look like (aws-facts: The rotation Lambda's log).

/// What to look for in a line. `<arn>` must be the secret's, `<version>` is taken, any other `<…>` matches anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPatterns {
    pub create: Vec<String>,
    pub set_single_user: Vec<String>,
    pub set_alternating_users: Vec<String>,
    /// setSecret found it done; says nothing about the strategy.
    pub set_retried: Vec<String>,
    pub test: Vec<String>,
    pub finish: Vec<String>,
    /// Refused with AWSPENDING: the database may hold the new password.
    pub test_failed: Vec<String>,
    /// Refused with every version: locked out.
    pub locked_out: Vec<String>,
    pub timed_out: Vec<String>,
    pub exception: Vec<String>,
}

impl Default for LogPatterns {
    fn default() -> Self {
        let list = |patterns: &[&str]| patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        Self {
            create: list(&[
                "createSecret: Successfully put secret for ARN <arn> and version <version>.",
                "createSecret: Successfully retrieved secret for <arn>.",
                "Successfully completed createSecret",
            ]),
            set_single_user: list(&[
                "setSecret: Successfully set password for user <user> in <engine> DB for secret arn <arn>.",
            ]),
            set_alternating_users: list(&[
                "setSecret: Successfully set password for <user> in <engine> DB for secret arn <arn>.",
            ]),
            set_retried: list(&[
                "setSecret: AWSPENDING secret is already set as password in <engine> DB for secret arn <arn>.",
                "Successfully completed setSecret",
            ]),
            test: list(&[
                "testSecret: Successfully signed into <engine> DB with AWSPENDING secret in <arn>.",
                "Successfully completed testSecret",
            ]),
            finish: list(&[
                "finishSecret: Successfully set AWSCURRENT stage to version <version> for secret <arn>.",
                "Successfully completed finishSecret",
            ]),
            test_failed: list(&[
                "testSecret: Unable to log into database with pending secret of secret ARN <arn>",
            ]),
            locked_out: list(&[
                "setSecret: Unable to log into database with previous, current, or pending secret of secret arn <arn>",
            ]),
            timed_out: list(&["Task timed out after"]),
            exception: list(&["[ERROR]"]),
        }
    }
}
