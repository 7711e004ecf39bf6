//! The databases behind the secrets: whom they let in, and when they answer otherwise.

use jiff::{SignedDuration, Timestamp};
use machine::model::{LoginAnswer, SecretArn, VersionId};

use super::{Happening, Secret, Value, World};

/// Refused logins of one user within [`WITHIN`] after which the database locks the account.
const LOCKS_AFTER: usize = 20;
const WITHIN: SignedDuration = SignedDuration::from_mins(10);

/// A time in which a database does not answer new logins as it should. Applications keep the sessions they have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub from: Timestamp,
    pub to: Timestamp,
    pub kind: TroubleKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TroubleKind {
    /// No connection is left for us.
    Full,
    /// It takes the connection and says nothing.
    Silent,
    /// An administrator has locked the account.
    Locked,
}

/// Whom a consumer logs in as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// The user that the secret names.
    First,
    /// The one that the rotation Lambda gives the same password after it, where there is one: a user for reports.
    Second,
}

/// The second account's user, which no value names.
const SECOND_USER: &str = "reports";

/// A password that the database took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub at: Timestamp,
    pub user: String,
    pub password: String,
}

impl Secret {
    /// Whether the database lets this version in.
    pub fn accepts(&self, version: &VersionId) -> bool {
        self.accepts_as(version, Account::First)
    }

    /// Where there is no second account, everybody logs in as the first.
    pub fn accepts_as(&self, version: &VersionId, account: Account) -> bool {
        let Some(Some(value)) = self.values.get(version) else {
            return false;
        };
        self.accepted.get(self.user(value, account)) == Some(&value.password)
    }

    /// Whether every account has the password of this version.
    pub(super) fn accepts_for_all(&self, version: &VersionId) -> bool {
        [Account::First, Account::Second]
            .iter()
            .all(|account| self.accepts_as(version, *account))
    }

    pub(super) fn user<'a>(&self, value: &'a Value, account: Account) -> &'a str {
        match account {
            Account::Second if self.two_accounts => SECOND_USER,
            Account::First | Account::Second => &value.user,
        }
    }

    /// Those whom a rotation gives the password of a value, in order.
    pub(super) fn users_of(&self, value: &Value) -> Vec<String> {
        let second = self.two_accounts.then(|| SECOND_USER.to_owned());
        [value.user.clone()].into_iter().chain(second).collect()
    }

    /// The database takes the password of a version, if it has one, for every account.
    pub(super) fn accept(&mut self, version: &VersionId, now: Timestamp) {
        self.accept_for(version, usize::MAX, now);
    }

    /// The same for the first so many accounts.
    pub(super) fn accept_for(&mut self, version: &VersionId, accounts: usize, now: Timestamp) {
        let Some(Some(value)) = self.values.get(version).cloned() else {
            return;
        };
        self.history_of(version).exposed.push(now);
        let mut changed = false;
        for user in self.users_of(&value).into_iter().take(accounts) {
            changed |= self.take_password(user, &value.password, now);
        }
        if changed {
            self.exposed.push(now);
        }
    }

    /// Whether the user had another password.
    pub(super) fn take_password(&mut self, user: String, password: &str, at: Timestamp) -> bool {
        let before = self.accepted.insert(user.clone(), password.to_owned());
        if before.as_deref() != Some(password) {
            let password = password.to_owned();
            self.taken.push(Taken { at, user, password });
        }
        before.is_some_and(|before| before != password)
    }

    /// When the watchdog was first refused with this version, from a time on.
    pub fn refused_from(&self, version: &VersionId, from: Timestamp) -> Option<Timestamp> {
        let user = &self.values.get(version)?.as_ref()?.user;
        let answered = &self.history.get(version)?.answered;
        let refused = self.refused.get(user)?.iter();
        refused
            .filter(|at| **at >= from && answered.contains(at))
            .min()
            .copied()
    }

    /// Whether so many logins of a user were refused that the database locked it.
    pub fn is_locked(&self, user: &str, now: Timestamp) -> bool {
        let refused = self.refused.get(user).into_iter().flatten();
        refused.filter(|at| now < **at + WITHIN).count() >= LOCKS_AFTER
    }

    /// Whether that ever came about.
    pub fn was_locked(&self, user: &str) -> bool {
        let refused = self.refused.get(user).map_or(&[][..], Vec::as_slice);
        let mut windows = refused.windows(LOCKS_AFTER);
        windows.any(|window| window[LOCKS_AFTER - 1] < window[0] + WITHIN)
    }

    pub(super) fn trouble(&self, now: Timestamp) -> Option<TroubleKind> {
        let trouble = self
            .troubles
            .iter()
            .find(|trouble| (trouble.from..trouble.to).contains(&now));
        trouble.map(|trouble| trouble.kind)
    }

    fn refusal(&self) -> LoginAnswer {
        let is_postgres = self
            .kind
            .engine()
            .is_some_and(|engine| engine.starts_with("Postgre"));
        let code = if is_postgres { "28P01" } else { "1045" };
        LoginAnswer::Refused {
            code: code.to_owned(),
        }
    }
}

impl World {
    /// A login of the watchdog with what a version of the secret says.
    pub fn log_in(&mut self, arn: &SecretArn, user: &str, password: &str) -> LoginAnswer {
        let now = self.now;
        let Some(secret) = self.secrets.get_mut(arn) else {
            return LoginAnswer::Unreachable {
                why: "no such host".to_owned(),
            };
        };
        if let Some(trouble) = secret.trouble(now) {
            return trouble.answer();
        }
        if secret.is_locked(user, now) {
            return TroubleKind::Locked.answer();
        }
        let tried = Some(Value {
            user: user.to_owned(),
            password: password.to_owned(),
        });
        let version = secret.values.iter().find(|(_, value)| **value == tried);
        if let Some(version) = version.map(|(version, _)| version.clone()) {
            secret.history_of(&version).answered.push(now);
        }
        if secret.accepted.get(user).is_some_and(|known| known == password) {
            return LoginAnswer::Accepted;
        }
        secret.refused.entry(user.to_owned()).or_default().push(now);
        let answer = secret.refusal();
        if secret.is_locked(user, now) {
            self.count_outages();
            self.plan_in(WITHIN, Happening::Reassess);
        }
        answer
    }
}

impl TroubleKind {
    /// None of these says anything about the password.
    fn answer(self) -> LoginAnswer {
        match self {
            Self::Full => LoginAnswer::Busy {
                code: "1040".to_owned(),
            },
            Self::Silent => LoginAnswer::Unreachable {
                why: "no answer in time".to_owned(),
            },
            Self::Locked => LoginAnswer::Account {
                code: "3118".to_owned(),
            },
        }
    }
}
