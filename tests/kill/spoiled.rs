use std::collections::BTreeSet;

use super::account::assert_journal_settled;
use super::cases::run_all;
use super::*;
use crate::support::proxy::{End, Fate, Proxy};
use crate::support::standin::Standin;

/// Of so many reads one is spoiled too.
const READS_FOR_ONE: usize = 23;

/// Each write meets this the first time it is sent, whether it was carried out or not.
#[test]
fn whatever_a_write_is_answered_it_is_looked_at_and_made_once() {
    let ends = [End::Cut, End::Garbled, End::Half, End::Page, End::Stall];
    let both = |end| [false, true].map(|reaches| Fate { reaches, end });
    run_all(ends.into_iter().flat_map(both).collect(), get_through);
}

fn get_through(standin: &Standin, fate: &Fate) {
    let account = Account::open(standin);
    let spoiled = *fate;
    let (mut met, mut reads) = (BTreeSet::new(), 0);
    let proxy = Proxy::start(&standin.address, move |write| {
        let is_spoiled = match write {
            Some(write) => met.insert(write.to_owned()),
            None => {
                reads += 1;
                reads % READS_FOR_ONE == 0
            }
        };
        if is_spoiled { spoiled } else { Fate::PASS }
    });
    let home = account.home(&proxy.address);
    let daemon = home.start();
    daemon.until_ready();
    account.rotate(&daemon);
    account.until_over(&daemon);
    assert!(daemon.terminate().success(), "{}", home.log_text());
    account.assert_served_once();
    assert_journal_settled(&home);
}
