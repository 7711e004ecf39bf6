//! ARNs of secrets where they stand in foreign text.

/// The parts of an ARN, the last being the name. What follows the name in a `valueFrom` is no part of it.
const PARTS: usize = 7;

/// What a name may be made of (CreateSecret: Name; managed ones begin with `rds!`), and the colons between the parts.
fn is_of_arn(c: char) -> bool {
    c.is_ascii_alphanumeric() || "/_+=.@-!:".contains(c)
}

/// The word that begins here, if it were an ARN or an id, without the full stop of a sentence.
pub(super) fn leading(text: &str) -> &str {
    let end = text.find(|c| !is_of_arn(c)).unwrap_or(text.len());
    text[..end].trim_end_matches(['.', ':'])
}

/// Every ARN of a secret in a text, with all that follows it up to the next space or quote.
pub(super) fn all(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c| !is_of_arn(c));
    let arns = words.filter_map(|word| word.find("arn:aws").map(|at| leading(&word[at..])));
    arns.filter(|arn| arn.contains(":secret:"))
}

/// The ARN itself, up to its name.
pub(super) fn bare(arn: &str) -> &str {
    arn.match_indices(':')
        .nth(PARTS - 1)
        .map_or(arn, |(end, _)| &arn[..end])
}
