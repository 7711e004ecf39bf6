//! Where a place cannot show a promise, or does otherwise than AWS documents. The suite bends nothing to either.

use std::fmt;

use super::stage::Place;

pub(super) struct Exception {
    pub(super) place: Place,
    pub(super) promise: &'static str,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    NotThere {
        why: &'static str,
    },
    /// The promise is tried all the same, and must not be kept: a difference that is gone is taken off the list.
    Differs(Difference),
}

pub(super) struct Difference {
    does: &'static str,
    documented: &'static str,
    /// Where the stand-in puts it right.
    corrected: &'static str,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            does,
            documented,
            corrected,
        } = self;
        write!(
            f,
            "moto {does}; AWS {documented}; tests/support/aws/{corrected} corrects it"
        )
    }
}

const fn not_there(place: Place, promise: &'static str, why: &'static str) -> Exception {
    Exception {
        place,
        promise,
        kind: Kind::NotThere { why },
    }
}

const fn simulation(promise: &'static str, why: &'static str) -> Exception {
    not_there(Place::Simulation, promise, why)
}

const fn account(promise: &'static str, why: &'static str) -> Exception {
    not_there(Place::Account, promise, why)
}

const fn moto(
    promise: &'static str,
    does: &'static str,
    documented: &'static str,
    corrected: &'static str,
) -> Exception {
    Exception {
        place: Place::Moto,
        promise,
        kind: Kind::Differs(Difference {
            does,
            documented,
            corrected,
        }),
    }
}

const NO_ROTATION: &str = "only RotateSecret with a rotation Lambda does that";
const NO_TASKS: &str = "no task runs there: it would cost, and need an image, subnets and a role";
const NO_FAULTS: &str = "AWS fails nothing to order";
const TOO_MANY: &str = "so many are not made in somebody's account";
const NOT_MODELLED: &str = "the simulated account has none";
const NEEDS_MORE: &str = "it would need tasks, capacity or a runtime that is not to be had there";
const ONE_CALL: &str = "a simulated read is one call, and a simulated write needs none";

pub(super) const EXCEPTIONS: &[Exception] = &[
    simulation(
        "tasks: one without a service is told apart",
        "every simulated task is a service's",
    ),
    simulation(
        "log: a group of the class Infrequent Access refuses for good",
        "its log groups have no class",
    ),
    simulation(
        "services: one in Express Mode is found by its primary deployment",
        NOT_MODELLED,
    ),
    simulation(
        "services: what Service Connect logs with is injected, too",
        NOT_MODELLED,
    ),
    simulation(
        "tasks: what keeps tasks of an older deployment running is told",
        NOT_MODELLED,
    ),
    simulation("functions: one on managed instances says so", NOT_MODELLED),
    simulation(
        "functions: a runtime that may not be updated is refused by name",
        NOT_MODELLED,
    ),
    simulation("denied: a read names the right to each of its calls", ONE_CALL),
    simulation(
        "denied: a service is seen without its tasks, and says so",
        ONE_CALL,
    ),
    simulation("throttled: a read says so of each of its calls", ONE_CALL),
    simulation(
        "lost: a read without an answer to each of its calls fails",
        ONE_CALL,
    ),
    simulation(
        "denied, throttled, lost: a write that reads first is not sent without",
        ONE_CALL,
    ),
    moto(
        "labels: AWSPENDING shows before its version has a value",
        "lists the version that RotateSecret made",
        "lists versions with a value only",
        "secrets.py list_versions",
    ),
    moto(
        "labels: a value put by hand moves AWSCURRENT at once",
        "takes AWSPENDING away too",
        "moves AWSCURRENT and AWSPREVIOUS and leaves AWSPENDING where it is",
        "secrets.py put_value",
    ),
    moto(
        "log: a group of the class Infrequent Access refuses for good",
        "knows no class and filters every group",
        "has no FilterLogEvents for Infrequent Access",
        "logs.py before",
    ),
    moto(
        "functions: an update shows until it has ended",
        "ends an update at once and leaves LastModified and RevisionId as they were",
        "tells LastUpdateStatus InProgress for a while and moves both",
        "functions.py correct",
    ),
    moto(
        "functions: an update while one is under way is a conflict",
        "updates",
        "refuses with ResourceConflictException",
        "functions.py _check_idle",
    ),
    moto(
        "functions: an environment that cannot be read is not written",
        "shows every environment to everybody",
        "answers Environment.Error without kms:Decrypt",
        "functions.py configuration",
    ),
    moto(
        "functions: one on managed instances says so",
        "knows no capacity providers",
        "answers CapacityProviderConfig",
        "functions.py configuration",
    ),
    moto(
        "functions: a runtime that may not be updated is refused by name",
        "updates functions of any runtime",
        "refuses with InvalidParameterValueException, and names the runtime",
        "functions.py _check_runtime",
    ),
    moto(
        "concurrency: less than 100 unreserved is refused",
        "reserves any number",
        "keeps 100 of the account's concurrency for functions that reserve none",
        "functions.py _check_unreserved",
    ),
    moto(
        "absent: a secret",
        "fails with HTTP 500 where the versions of no secret are asked for",
        "answers ResourceNotFoundException",
        "secrets.py list_versions",
    ),
    moto(
        "absent: a version that AWSCURRENT is to be moved to",
        "takes AWSCURRENT away first, and then refuses with InvalidParameterException",
        "refuses with ResourceNotFoundException, and moves nothing",
        "secrets.py move_label",
    ),
    account(
        "labels: a secret that rotates names its rotation Lambda",
        NO_ROTATION,
    ),
    account(
        "labels: AWSPENDING shows before its version has a value",
        NO_ROTATION,
    ),
    account(
        "labels: LastRotatedDate tells of the end of a rotation",
        NO_ROTATION,
    ),
    account("log: the rotation Lambda tells every step", NO_ROTATION),
    account(
        "services: a task definition names the secrets that it injects",
        "it would need an execution role",
    ),
    account(
        "tasks: at rest all are of the primary deployment, and healthy",
        NO_TASKS,
    ),
    account(
        "tasks: old and new stand side by side, until the new ones are healthy",
        NO_TASKS,
    ),
    account("deployments: a failed one leaves the old tasks", NO_TASKS),
    account("tasks: one without a service is told apart", NO_TASKS),
    account(
        "functions: an environment that cannot be read is not written",
        "it would need a KMS key",
    ),
    account(
        "services: one in Express Mode is found by its primary deployment",
        NEEDS_MORE,
    ),
    account(
        "services: what Service Connect logs with is injected, too",
        NEEDS_MORE,
    ),
    account(
        "tasks: what keeps tasks of an older deployment running is told",
        NEEDS_MORE,
    ),
    account("functions: one on managed instances says so", NEEDS_MORE),
    account(
        "functions: a runtime that may not be updated is refused by name",
        NEEDS_MORE,
    ),
    account(
        "denied: a read names the right that it needs, and on what",
        NO_FAULTS,
    ),
    account("denied: a read names the right to each of its calls", NO_FAULTS),
    account(
        "denied: a service is seen without its tasks, and says so",
        NO_FAULTS,
    ),
    account(
        "denied, throttled, lost: a write that reads first is not sent without",
        NO_FAULTS,
    ),
    account("denied: a write has no effect, and names the right", NO_FAULTS),
    account("throttled: a read says so", NO_FAULTS),
    account("throttled: a read says so of each of its calls", NO_FAULTS),
    account("throttled: a write has no effect, and is sent once", NO_FAULTS),
    account("lost: a read without an answer fails", NO_FAULTS),
    account(
        "lost: a read without an answer to each of its calls fails",
        NO_FAULTS,
    ),
    account(
        "lost: a write without an answer is in doubt, where nothing happened",
        NO_FAULTS,
    ),
    account(
        "lost: a write without an answer is in doubt, where it happened, once",
        NO_FAULTS,
    ),
    account("pages: more services than one", TOO_MANY),
    account("pages: more tasks than one", NO_TASKS),
    account("pages: more functions than one", TOO_MANY),
    account("pages: more secrets than one", TOO_MANY),
];
