//! Which decisions the journal holds: no write may be without one (design rule 1).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use machine::model::{AttemptId, Decision, Fact, Target, WriteKind};

/// Decisions of this life that are durable, and of which no write has come yet.
#[derive(Clone, Default)]
pub struct Ledger(Arc<Mutex<Vec<Entry>>>);

struct Entry {
    attempt: AttemptId,
    subject: String,
    kind: WriteKind,
}

impl Ledger {
    /// Another life begins: it may do nothing by what the one before it decided.
    pub fn begin(&self) {
        self.open().clear();
    }

    /// The journal holds these now.
    pub fn commit(&self, facts: &[Fact]) {
        let mut open = self.open();
        for fact in facts {
            match fact {
                // Kept once more where nobody knew that it was.
                Fact::Decided(decision) if open.iter().any(|entry| entry.attempt == decision.attempt) => {}
                Fact::Decided(decision) => open.push(Entry {
                    attempt: decision.attempt.clone(),
                    subject: subject_of(decision),
                    kind: decision.write.kind(),
                }),
                Fact::Ended { attempt, .. } => open.retain(|entry| entry.attempt != *attempt),
                _ => {}
            }
        }
    }

    /// Whether a write of this operation was decided. A decision is for one write.
    pub fn spend(&self, operation: &str, subject: &str) -> bool {
        let mut open = self.open();
        let covers = |entry: &Entry| entry.subject == subject && operation_of(entry.kind) == operation;
        let found = open.iter().position(covers);
        found.map(|i| open.remove(i)).is_some()
    }

    fn open(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As the account names it.
fn subject_of(decision: &Decision) -> String {
    match decision.target() {
        Target::Secret(secret) => secret.to_string(),
        Target::Consumer(consumer) => consumer.to_string(),
    }
}

/// The call that a write makes. What puts back is covered by the decision to switch off.
fn operation_of(kind: WriteKind) -> &'static str {
    match kind {
        WriteKind::Redeploy => "ecs:UpdateService",
        WriteKind::UpdateEnvironment => "lambda:UpdateFunctionConfiguration",
        WriteKind::TagSleep => "lambda:TagResource",
        WriteKind::Sleep => "lambda:PutFunctionConcurrency",
        WriteKind::Promote => "secretsmanager:UpdateSecretVersionStage",
        WriteKind::Restore | WriteKind::Untag => "none",
    }
}
