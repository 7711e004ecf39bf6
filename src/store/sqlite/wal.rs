//! SQLite's write-ahead log, read beside the process that writes it: what is committed and not yet in the database.
//!
//! The format is SQLite's own and does not change (SQLite: Database File Format, 4 The Write-Ahead Log).

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// The last bit says which end of a word comes first in checksums.
const MAGIC: u32 = 0x377f_0682;
const FORMAT: u32 = 3_007_000;

/// Which log this is: it changes whenever the log begins anew, which happens after all of it is in the database.
pub(super) fn generation(log: &[u8]) -> &[u8] {
    &log[..HEADER.min(log.len())]
}

/// Puts what the log has committed over `database`. What is torn, or left from an earlier log, ends it.
///
/// A database never grows beyond `limit` bytes: more than that is no journal's log.
pub(super) fn apply(log: &[u8], database: &mut Vec<u8>, limit: u64) {
    let Some(header) = Header::read(log) else { return };
    let mut sum = header.sum;
    let mut uncommitted = Vec::new();
    for frame in log[HEADER..].chunks_exact(FRAME_HEADER + header.page_size) {
        let (head, page) = frame.split_at(FRAME_HEADER);
        sum = header.add(header.add(sum, &head[..8]), page);
        if head[8..16] != *header.salts || sum != (word(head, 16), word(head, 20)) {
            return;
        }
        uncommitted.push((word(head, 0), page));
        let pages = word(head, 4);
        if u64::from(pages) * header.page_size as u64 > limit {
            return;
        }
        if pages > 0 {
            commit(database, pages, header.page_size, &mut uncommitted);
        }
    }
}

/// Pages count from 1. One that lies behind the new end was cut off by its own transaction.
fn commit(database: &mut Vec<u8>, pages: u32, page_size: usize, changed: &mut Vec<(u32, &[u8])>) {
    database.resize(pages as usize * page_size, 0);
    for (number, page) in changed.drain(..) {
        let begin = (number as usize).wrapping_sub(1).wrapping_mul(page_size);
        if let Some(place) = database.get_mut(begin..begin.saturating_add(page_size)) {
            place.copy_from_slice(page);
        }
    }
}

struct Header<'a> {
    page_size: usize,
    salts: &'a [u8],
    sum: (u32, u32),
    little_endian: bool,
}

impl<'a> Header<'a> {
    /// Nothing where SQLite too would take the log for empty.
    fn read(log: &'a [u8]) -> Option<Self> {
        let log = log.get(..HEADER)?;
        let (magic, page_size) = (word(log, 0), word(log, 8) as usize);
        let fits = magic & !1 == MAGIC
            && word(log, 4) == FORMAT
            && page_size.is_power_of_two()
            && (512..=65_536).contains(&page_size);
        let mut header = Self {
            page_size,
            salts: &log[16..24],
            sum: (word(log, 24), word(log, 28)),
            little_endian: magic & 1 == 0,
        };
        let sum = header.add((0, 0), &log[..24]);
        let whole = sum == header.sum;
        header.sum = sum;
        (fits && whole).then_some(header)
    }

    fn add(&self, (mut s0, mut s1): (u32, u32), bytes: &[u8]) -> (u32, u32) {
        let read = |bytes: &[u8]| match self.little_endian {
            true => word(bytes, 0).swap_bytes(),
            false => word(bytes, 0),
        };
        for pair in bytes.chunks_exact(8) {
            s0 = s0.wrapping_add(read(&pair[..4])).wrapping_add(s1);
            s1 = s1.wrapping_add(read(&pair[4..])).wrapping_add(s0);
        }
        (s0, s1)
    }
}

/// Four bytes, the high one first.
fn word(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + 4]
        .iter()
        .fold(0, |word, byte| word << 8 | u32::from(*byte))
}
