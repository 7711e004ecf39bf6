//! Plain words of the model, the same in the journal.

use machine::model::{Method, Stage, Step, Strategy};
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

words!(
    #[expect(clippy::enum_variant_names, reason = "the steps as AWS calls them")]
    StepRecord = Step {
        CreateSecret,
        SetSecret,
        TestSecret,
        FinishSecret
    }
);
words!(
    StrategyRecord = Strategy {
        SingleUser,
        AlternatingUsers,
        Managed,
        Unknown
    }
);
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
    MethodRecord = Method {
        Redeploy,
        ConfigUpdate,
        ConcurrencyCycle
    }
);
