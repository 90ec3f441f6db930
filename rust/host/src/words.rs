//! The word that was meant, when one is mistyped.

/// The candidate nearest to `word`, if it is near enough to have been meant: one slip (a letter missing, added, wrong, or two
/// exchanged) in three letters.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The shell writes the learner or section before it: esn.leak.
    let bare = word.rsplit('.').next().unwrap_or(word);
    let slips = |candidate: &str| match strsim::damerau_levenshtein(word, candidate) {
        0 => 0,
        slips => slips.min(1 + strsim::damerau_levenshtein(bare, candidate)),
    };
    let near = candidates.into_iter().map(|c| (slips(c), c)).min_by_key(|(slips, _)| *slips)?;
    (near.0 > 0 && near.0 <= word.chars().count().div_ceil(3)).then_some(near.1)
}

/// `; did you mean 'WORD'?`, or nothing: to follow what is wrong.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map_or(String::new(), |near| format!("; did you mean '{near}'?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_is_offered_and_nothing_else() {
        let words = ["train", "wait", "label", "led"];
        for (typed, meant) in [("trian", "train"), ("wiat", "wait"), ("lable", "label"), ("lde", "led")] {
            assert_eq!(nearest(typed, words), Some(meant), "{typed}");
        }
        assert_eq!(nearest("esn.leak", ["leak", "units"]), Some("leak"));
        assert_eq!(nearest("esn.leek", ["esn.leak", "svm.c"]), Some("esn.leak"));
        for typed in ["nonsense", "train", "x", ""] {
            assert_eq!(nearest(typed, words), None, "{typed}");
        }
    }
}
