//! Calls that are denied, throttled, or whose answer is lost (design rule 2).

mod reads;
mod writes;

use crate::contract::run::Run;

pub(super) async fn all(run: &mut Run<'_>) {
    reads::all(run).await;
    writes::all(run).await;
}
