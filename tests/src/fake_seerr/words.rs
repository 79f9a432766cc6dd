//! Titles as a search index has them: words in lower case without accents and punctuation.

/// The words of a title.
pub(super) fn split(text: &str) -> Vec<String> {
    let plain: String = text
        .to_lowercase()
        .chars()
        .filter(|letter| *letter != '\'' && *letter != '’')
        .map(|letter| match letter {
            'à' | 'á' | 'â' | 'ä' | 'ã' | 'å' => 'a',
            'è' | 'é' | 'ê' | 'ë' => 'e',
            'ì' | 'í' | 'î' | 'ï' => 'i',
            'ò' | 'ó' | 'ô' | 'ö' | 'õ' | 'ø' => 'o',
            'ù' | 'ú' | 'û' | 'ü' => 'u',
            'ç' => 'c',
            'ñ' => 'n',
            other => other,
        })
        .collect();
    plain
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether a name has all these words; no words are in no name.
pub(super) fn holds_all(words: &str, name: &str) -> bool {
    let known = split(name);
    let words = split(words);
    !words.is_empty() && words.iter().all(|word| known.contains(word))
}
