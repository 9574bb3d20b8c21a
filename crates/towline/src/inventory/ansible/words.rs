//! A line as a shell would split it: quotes, backslashes, and a comment behind `#`.

/// Its words, and the octet where each begins; an error says what is open.
pub(super) fn split(line: &str) -> Result<Vec<(String, usize)>, &'static str> {
    let mut words: Vec<(String, usize)> = Vec::new();
    let mut word: Option<(String, usize)> = None;
    let mut characters = line.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            // Also in the midst of a word, as Python's shlex has it.
            '#' => break,
            c if c.is_whitespace() => words.extend(word.take()),
            '\'' | '"' => {
                let (text, _) = word.get_or_insert_with(|| (String::new(), at));
                loop {
                    match characters.next() {
                        Some((_, end)) if end == c => break,
                        // In double quotes a backslash is for what ends them, and for itself.
                        Some((_, '\\')) if c == '"' => match characters.next() {
                            Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                            Some((_, other)) => text.extend(['\\', other]),
                            None => return Err("a quote is open"),
                        },
                        Some((_, inside)) => text.push(inside),
                        None => return Err("a quote is open"),
                    }
                }
            }
            '\\' => match characters.next() {
                Some((_, escaped)) => word.get_or_insert_with(|| (String::new(), at)).0.push(escaped),
                None => return Err("nothing stands behind a backslash"),
            },
            c => word.get_or_insert_with(|| (String::new(), at)).0.push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_does() {
        for (line, right) in [
            ("r1 a=b  c=d", "r1|a=b|c=d"),
            ("r1 a='x y' b=\"p \\\" q\" # z", "r1|a=x y|b=p \" q"),
            ("r1 a=x\\ y b='' c=\"\\n\"", "r1|a=x y|b=|c=\\n"),
            ("r1 args='-o ProxyCommand=\"ssh -W %h:%p j\"'", "r1|args=-o ProxyCommand=\"ssh -W %h:%p j\""),
            ("", ""),
        ] {
            let words: Vec<String> = split(line).unwrap().into_iter().map(|(word, _)| word).collect();
            assert_eq!(words.join("|"), right, "{line}");
        }
        assert_eq!(split("ä 'x'").unwrap()[1].1, 3);
        for open in ["a 'b", "a \"b", "a \\", "\"\\"] {
            assert!(split(open).is_err(), "{open}");
        }
    }
}
