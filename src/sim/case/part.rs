//! The parts of a case that can be left out, to find the smallest that still fails.

use std::fmt;
use std::str::FromStr;

/// One part, by its place in the case as it was generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Fault(usize),
    Crash(usize),
    Pause(usize),
    Jump(usize),
    Secret(usize),
    Service(usize),
    Function(usize),
    /// Everything that disturbs one of secrets, services and functions, counted in this order, or last the account's floor.
    Disturbance(usize),
}

type Make = fn(usize) -> Part;

/// The word for each kind in commands.
const WORDS: [(&str, Make); 8] = [
    ("fault", Part::Fault),
    ("crash", Part::Crash),
    ("pause", Part::Pause),
    ("jump", Part::Jump),
    ("secret", Part::Secret),
    ("service", Part::Service),
    ("function", Part::Function),
    ("disturbance", Part::Disturbance),
];

impl Part {
    fn place(self) -> usize {
        match self {
            Self::Fault(i)
            | Self::Crash(i)
            | Self::Pause(i)
            | Self::Jump(i)
            | Self::Secret(i)
            | Self::Service(i)
            | Self::Function(i)
            | Self::Disturbance(i) => i,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let i = self.place();
        let word = WORDS.iter().find(|(_, make)| make(i) == *self);
        write!(f, "{}.{i}", word.map_or("part", |(word, _)| word))
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('.').and_then(|(word, i)| {
            let (_, make) = WORDS.iter().find(|(known, _)| *known == word)?;
            Some(make(i.parse().ok()?))
        });
        let words = || WORDS.map(|(word, _)| format!("{word}.N")).join(", ");
        parsed.ok_or_else(|| format!("expected one of {}, as fault.0", words()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_read_back_what_they_write() {
        for (i, (_, make)) in WORDS.iter().enumerate() {
            let part = make(i);
            assert_eq!(part.to_string().parse(), Ok(part));
        }
        assert!("secret".parse::<Part>().is_err());
        assert!("planet.1".parse::<Part>().is_err());
    }
}
