use std::collections::BTreeSet;

use super::cases::run_all;
use super::*;
use crate::support::proxy::{End, Fate, Proxy};
use crate::support::standin::Standin;

/// Every write meets this the first time it is sent, whether it was carried out or not; and so does every read.
#[test]
fn whatever_a_write_is_answered_it_is_looked_at_and_made_once() {
    // The one that takes longest first.
    let ends = [End::Stall, End::Cut, End::Garbled, End::Half, End::Page];
    let both = |end| [false, true].map(|reaches| Fate { reaches, end });
    run_all(ends.into_iter().flat_map(both).collect(), get_through);
}

fn get_through(standin: &Standin, fate: &Fate) {
    let account = Account::open(standin);
    let spoiled = *fate;
    let mut met = BTreeSet::new();
    let proxy = Proxy::start(&standin.address, move |asked| {
        let is_first = met.insert(asked.clone());
        if is_first { spoiled } else { Fate::PASS }
    });
    account.assert_one_life_serves(&proxy.address);
}
