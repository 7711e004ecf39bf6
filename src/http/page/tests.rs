//! Cursors and pages, whatever they are made of.

use proptest::prelude::*;

use super::*;

fn keyed(keys: &[String]) -> Vec<(String, String)> {
    keys.iter().map(|key| (key.clone(), key.clone())).collect()
}

fn page(keys: &[String], limit: usize, cursor: Option<String>) -> Page<String> {
    let paging = Paging { limit, cursor };
    paging
        .cut("keys", Timestamp::UNIX_EPOCH, keyed(keys), |key| key)
        .expect("a cursor that was given")
}

proptest! {
    #[test]
    fn a_cursor_reads_back(list in "[a-z]{1,9}", key in "\\PC{0,60}|[\\x00-\\x7f]{0,60}") {
        let cursor = write_cursor(&list, &key);
        prop_assert!(cursor.bytes().all(|byte| byte.is_ascii_hexdigit()));
        prop_assert_eq!(read_cursor(&list, &cursor).expect("given"), key);
    }

    /// What this list did not give is none of its cursors, however near it comes.
    #[test]
    fn a_forged_cursor_is_refused(
        key in "[a-z/]{0,9}",
        at in any::<prop::sample::Index>(),
        other in "[0-9a-fA-F+ ]|.",
        foreign in "[0-9a-fA-F+]{0,20}|.{0,20}",
    ) {
        let given = write_cursor("keys", &key);
        let at = at.index(given.len());
        let changed = format!("{}{other}{}", &given[..at], &given[at + 1..]);
        for cursor in [changed, foreign] {
            if let Ok(key) = read_cursor("keys", &cursor) {
                prop_assert_eq!(write_cursor("keys", &key), cursor);
            }
        }
    }

    #[test]
    fn pages_lead_through_all_items_once_and_in_order(
        keys in prop::collection::btree_set("[a-c]{0,4}|.{0,3}", 0..40),
        limit in 1..12_usize,
    ) {
        let keys: Vec<String> = keys.into_iter().collect();
        let mut found = Vec::new();
        let mut cursor = None;
        loop {
            let page = page(&keys, limit, cursor);
            prop_assert_eq!(page.total, keys.len());
            prop_assert!(page.items.len() <= limit);
            found.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        prop_assert_eq!(found, keys);
    }

    #[test]
    fn a_limit_is_a_number_within_its_bounds(text in "[+-]?[0-9]{0,5}|.{0,8}") {
        match read_limit(&text) {
            Ok(limit) => prop_assert!((1..=MAX_LIMIT).contains(&limit) && text.trim_start_matches(['+', '0']) == limit.to_string()),
            Err(_) => prop_assert!(!text.parse::<usize>().is_ok_and(|limit| (1..=MAX_LIMIT).contains(&limit))),
        }
    }
}

/// Longer than any address that is taken.
#[test]
fn a_cursor_of_megabytes_is_read_like_any_other() {
    const LONG: usize = 4 * 1024 * 1024;
    let key = "é".repeat(LONG / 2);
    assert_eq!(
        read_cursor("keys", &write_cursor("keys", &key)).expect("given"),
        key
    );
    for part in ["0", "00", "6b", "ff", "é", "%", "+a", "FF"] {
        let forged = part.repeat(LONG / part.len());
        assert!(read_cursor("keys", &forged).is_err(), "{part}");
        let forged = write_cursor("keys", "") + &forged;
        assert_eq!(
            read_cursor("keys", &forged).is_ok(),
            ["0", "00", "6b"].contains(&part),
            "{part}"
        );
        assert!(read_limit(&part.repeat(LONG / part.len())).is_err(), "{part}");
    }
}
