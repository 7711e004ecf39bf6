//! Which lines one invocation wrote: those with its id, and those without one that stand between its first and its last
//! in the same stream. An environment runs one invocation after the other.

use std::collections::BTreeMap;

use super::line::{Line, Word};
use super::platform::Platform;

/// The lines of one invocation, in the order of time. A line that belongs to none is one by itself.
pub(super) struct Invocation<'a> {
    pub(super) lines: Vec<&'a Line<'a>>,
}

/// Where a stream stands.
#[derive(Default)]
struct Stream<'a> {
    current: Option<usize>,
    /// The environment has begun; its invocation comes.
    is_init: bool,
    /// Lines whose invocation is not known yet.
    waiting: Vec<&'a Line<'a>>,
}

#[derive(Default)]
struct Split<'a> {
    invocations: Vec<Invocation<'a>>,
    streams: BTreeMap<&'a str, Stream<'a>>,
    by_id: BTreeMap<&'a str, usize>,
}

pub(super) fn split<'a>(lines: &'a [Line<'a>]) -> Vec<Invocation<'a>> {
    let mut split = Split::default();
    for line in lines {
        match &line.request {
            Some(id) => split.with_id(line, id),
            None => split.without_id(line),
        }
    }
    let left: Vec<_> = std::mem::take(&mut split.streams).into_values().collect();
    for stream in left {
        split.settle(stream.waiting, stream.is_init);
    }
    split.invocations
}

impl<'a> Split<'a> {
    fn with_id(&mut self, line: &'a Line<'a>, id: &'a str) {
        let begins = line.word == Word::Platform(Platform::Start);
        // An invocation that is tried again keeps its id.
        let known = self.by_id.get(id).copied().filter(|_| !begins);
        let stream = self.streams.entry(line.stream).or_default();
        let (waiting, is_init) = (
            std::mem::take(&mut stream.waiting),
            std::mem::take(&mut stream.is_init),
        );
        // Its first lines were logged before what was read, or while its environment began.
        let are_its = known.is_none() && (is_init || !begins);
        let its = if are_its {
            waiting
        } else {
            self.settle(waiting, is_init)
        };
        let index = known.unwrap_or(self.invocations.len());
        if known.is_none() {
            self.invocations.push(Invocation { lines: its });
            self.by_id.insert(id, index);
        }
        self.invocations[index].lines.push(line);
        let is_over = matches!(line.word, Word::Platform(Platform::Report(_)));
        if let Some(stream) = self.streams.get_mut(line.stream) {
            stream.current = (!is_over).then_some(index);
        }
    }

    fn without_id(&mut self, line: &'a Line<'a>) {
        let stream = self.streams.entry(line.stream).or_default();
        if line.word == Word::Platform(Platform::InitStart) {
            (stream.current, stream.is_init) = (None, true);
        }
        match stream.current {
            Some(index) => self.invocations[index].lines.push(line),
            None => stream.waiting.push(line),
        }
    }

    /// Lines that no invocation follows: those of an environment's beginning are one, any other stands for itself.
    fn settle(&mut self, waiting: Vec<&'a Line<'a>>, is_init: bool) -> Vec<&'a Line<'a>> {
        if is_init {
            self.invocations.push(Invocation { lines: waiting });
        } else {
            let alone = waiting.into_iter().map(|line| Invocation { lines: vec![line] });
            self.invocations.extend(alone);
        }
        Vec::new()
    }
}
