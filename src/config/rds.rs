//! The keys of a rule that say which database of RDS its secrets belong to.

use machine::model::{RdsId, RdsRule};

use super::reader::Section;

const DATABASES: &str = "a database as the API names it: \"rds-instance:IDENTIFIER\" or \"rds-cluster:IDENTIFIER\" (letters, \
                         digits and `-`; of an instance in a cluster the cluster, which has the master user)";

pub(super) fn read(section: &mut Section<'_>) -> Option<RdsRule> {
    let database = section.parsed("rds", None, DATABASES, database_of, ToString::to_string);
    let master_user = section.answer("rds_master_user");
    if master_user.is_some() && !section.has("rds") {
        section.problem(
            "rds_master_user",
            "is given, and the rule names no database",
            "give rds, or remove it: where the login test is on, both are known",
        );
    }
    database.map(|database| RdsRule {
        database,
        master_user,
    })
}

/// CreateDBInstance: DBInstanceIdentifier.
fn database_of(text: &str) -> Option<RdsId> {
    const LONGEST: usize = 63;
    RdsId::parse(text).filter(|id| {
        let identifier = id.identifier();
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        identifier.len() <= LONGEST && identifier.bytes().all(is_allowed)
    })
}
