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
    /// The step failed for another reason; the line names it.
    pub failed: Vec<String>,
    /// Beside Lambda's own word, which is built in.
    pub timed_out: Vec<String>,
    /// Beside the runtimes' own forms, which are built in.
    pub exception: Vec<String>,
}

impl Default for LogPatterns {
    fn default() -> Self {
        let list = |patterns: &[&str]| patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        Self {
            create: list(CREATE),
            set_single_user: list(SET_SINGLE_USER),
            set_alternating_users: list(SET_ALTERNATING_USERS),
            set_retried: list(SET_RETRIED),
            test: list(TEST),
            finish: list(FINISH),
            test_failed: list(TEST_FAILED),
            locked_out: list(LOCKED_OUT),
            failed: list(FAILED),
            timed_out: Vec::new(),
            exception: Vec::new(),
        }
    }
}

// Each line of AWS's templates stands in tests/corpus/log-templates.txt.

const CREATE: &[&str] = &[
    "createSecret: Successfully put secret for ARN <arn> and version <version>.",
    "createSecret: Successfully retrieved secret for <arn>.",
    "create_secret: Successfully generated new password and staged for ARN <arn> and version <version>.",
    "create_secret: Successfully created new authorization for ARN <arn> and version <version>.",
    "create_secret: Successfully retrieved secret for <arn>.",
    "Successfully completed createSecret",
];
const SET_SINGLE_USER: &[&str] = &[
    "setSecret: Successfully set password for user <user> in <engine> DB for secret arn <arn>.",
    "setSecret: Successfully set password for user <user> in MongoDB for secret arn <arn>.",
    "set_secret: Successfully updated the password for ARN <arn> and version <id>.",
];
const SET_ALTERNATING_USERS: &[&str] = &[
    "setSecret: Successfully set password for user <user> in elasticache for secret arn <arn>.",
    "setSecret: Successfully set password for <user> in <engine> DB for secret arn <arn>.",
    "setSecret: Successfully set password for <user> in MongoDB for secret arn <arn>.",
];
const SET_RETRIED: &[&str] = &[
    "setSecret: AWSPENDING secret is already set as password in <engine> for secret arn <arn>.",
    "Successfully authenticated the pending user secret.",
    "set_secret: Successfully completed.",
    "Successfully completed setSecret",
];
const TEST: &[&str] = &[
    "testSecret: Successfully signed into <engine> with AWSPENDING secret in <arn>.",
    "testSecret: User <user> is active in elasticache after password update for secret arn <arn>.",
    "test_secret: Successfully tested authentication rotation.",
    "test_secret: Successfully tested token rotation.",
    "Successfully completed testSecret",
];
const FINISH: &[&str] = &[
    "finishSecret: Successfully set AWSCURRENT stage to version <version> for secret <arn>.",
    "finishSecret: Version <id> already marked as AWSCURRENT for <arn>",
    "finish_secret: Successfully set AWSCURRENT stage to version <version> for secret <arn>.",
    "finish_secret: Version <id> already marked as AWSCURRENT for <arn>",
    "Secret version <id> already set as AWSCURRENT for secret <arn>.",
    "Successfully completed finishSecret",
];
const TEST_FAILED: &[&str] = &[
    "testSecret: Unable to log into database with pending secret of secret ARN <arn>",
    "testSecret: One or more keytabs failed validation",
];
const LOCKED_OUT: &[&str] = &[
    "setSecret: Unable to log into database with previous, current, or pending secret of secret arn <arn>",
    "setSecret: Failed to update password for secret ARN <arn>.",
];
const FAILED: &[&str] = &[
    "setSecret: Unable to log into <database> using <credentials> secret <id>",
    "setSecret: Attempting to modify user <user> other than <user>",
    "setSecret: Current database host <host> is not the same host as",
    "setSecret: Encountered API error while fetching connection parameters from <api>",
    "setSecret: Error encountered when attempting to set password in database for user <user>",
    "setSecret: Unable to create user <user>",
    "setSecret: User <user> does not exist in database",
    "setSecret: Unable to reset the user<s> password in Directory Services for directory <id>",
    "setSecret: Failed to set the user's keytab for directory <id>",
    "setSecret: The secret has a tag aws:redshift<tag>, but <why>",
    "setSecret: <id> is not a valid DB Instance ARN.",
    "setSecret: <id> is not a valid DB Cluster ARN.",
    "createSecret: secret <arn> has no user_arn defined.",
    "createSecret: Connection failure with secret ARN <arn>",
    "setSecret: Connection failure with secret ARN <arn>",
    "testSecret: Connection failure with secret ARN <arn>",
    "finishSecret: Connection failure with secret ARN <arn>",
    ": user <user> associated with secret <arn> did not reached the active status.",
    "execute_kinit_command: kinit failed",
    "execute_kinit_command: Unexpected value for current_dict",
    "lambda_handler: Invalid step parameter <step> for secret <arn>",
    "Secret version <id> has no stage for rotation of secret <arn>.",
    "Secret version <id> not set as AWSPENDING for rotation of secret <arn>.",
    "Secret <arn> is not enabled for rotation",
    "Secret <arn> is not allowed to use this Lambda function for rotation",
    "User <user> is not allowed to use this Lambda function for rotation",
    "Username <user> in current dict does not match username <user> in pending dict",
    "Current directory name list <list> does not match pending directory name list",
    "Invalid secret value JSON for secret <arn>.",
    "Invalid secret value json for secret <arn>.",
    "Failed to create keytab with new password",
];
