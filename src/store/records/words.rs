//! Plain words of the model, the same in the journal.

use machine::model::{Procedure, Stage, Step, Strategy};
use serde::{Deserialize, Serialize};

/// An enum of plain words, the same on both sides.
macro_rules! words {
    ($(#[$attribute:meta])* $record:ident = $model:ident { $($word:ident),* }) => {
        #[derive(Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        $(#[$attribute])*
        pub(super) enum $record { $($word),* }

        impl From<$model> for $record {
            fn from(word: $model) -> Self {
                match word { $($model::$word => Self::$word),* }
            }
        }

        impl From<$record> for $model {
            fn from(word: $record) -> Self {
                match word { $($record::$word => Self::$word),* }
            }
        }
    };
}

pub(super) use words;

words!(
    #[expect(clippy::enum_variant_names, reason = "the steps as AWS calls them")]
    StepRecord = Step {
        CreateSecret,
        SetSecret,
        TestSecret,
        FinishSecret
    }
);
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StrategyRecord {
    SingleUser,
    AlternatingUsers,
    Managed,
    Unknown,
}

impl From<Strategy> for StrategyRecord {
    fn from(strategy: Strategy) -> Self {
        match strategy {
            // No line tells the second of each two: logins and DescribeSecret do.
            Strategy::SingleUser | Strategy::DualPasswords => Self::SingleUser,
            Strategy::Managed | Strategy::External => Self::Managed,
            Strategy::AlternatingUsers => Self::AlternatingUsers,
            Strategy::Unknown => Self::Unknown,
        }
    }
}

impl From<StrategyRecord> for Strategy {
    fn from(strategy: StrategyRecord) -> Self {
        match strategy {
            StrategyRecord::SingleUser => Self::SingleUser,
            StrategyRecord::Managed => Self::Managed,
            StrategyRecord::AlternatingUsers => Self::AlternatingUsers,
            StrategyRecord::Unknown => Self::Unknown,
        }
    }
}

words!(
    StageRecord = Stage {
        Unknown,
        Stale,
        Refreshing,
        Presumed,
        Fresh,
        Beyond
    }
);
words!(
    ProcedureRecord = Procedure {
        Redeploy,
        ConfigUpdate,
        ConcurrencyCycle,
        RollForward
    }
);
