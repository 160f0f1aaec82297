//! The tokens of a document type declaration. What may follow a name, a literal or a closing parenthesis directly is
//! part of the token's own rule.

use super::cursor::{Cursor, Malformed, Name, Read, is_blank};
use super::names;

/// A token; blanks before it are skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// `<!` and a keyword.
    Declaration(&'t str),
    /// A name or a name token.
    Word(Word<'t>),
    /// `#` and a keyword.
    Pound(&'t str),
    /// A literal, without its quotes.
    Literal(&'t str),
    /// `(`
    Open,
    /// `)`, with a quantifier directly behind it.
    Close(Option<char>),
    /// `|`
    Or,
    /// `,`
    Comma,
    /// `%` before a blank.
    Percent,
    /// `%name;`
    ParameterReference,
    /// A comment or a processing instruction.
    Remark,
    /// `[`
    OpenBracket,
    /// `]`
    CloseBracket,
    /// `>`
    End,
}

/// A name or name token of a declaration, with the quantifier directly behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word<'t> {
    pub text: &'t str,
    /// Whether it is a name, at most one colon inside.
    pub is_name: bool,
    pub quantifier: Option<char>,
}

impl<'t> Word<'t> {
    /// The qualified name that the word is.
    pub(super) fn name(self) -> Name<'t> {
        match self.text.split_once(':') {
            Some((prefix, local)) => Name { prefix: Some(prefix), local },
            None => Name { prefix: None, local: self.text },
        }
    }
}

/// The next token.
pub(super) fn next<'t>(cursor: &mut Cursor<'t>) -> Read<Token<'t>> {
    cursor.blanks();
    let first = cursor.peek().ok_or(Malformed)?;
    let follows = |cursor: &Cursor<'_>, marks: &str| match cursor.peek() {
        Some(c) if is_blank(c) || marks.contains(c) => Ok(()),
        _ => Err(Malformed),
    };
    match first {
        '"' | '\'' => {
            let literal = cursor.literal()?;
            follows(cursor, ">%[")?;
            return Ok(Token::Literal(literal));
        }
        '<' => return markup(cursor),
        '#' => {
            cursor.expect("#")?;
            let word = cursor.plain_name()?;
            follows(cursor, ")>%|")?;
            return Ok(Token::Pound(word));
        }
        '%' => {
            cursor.expect("%")?;
            if cursor.peek().is_some_and(|c| is_blank(c) || c == '%') {
                return Ok(Token::Percent);
            }
            cursor.plain_name()?;
            cursor.expect(";")?;
            return Ok(Token::ParameterReference);
        }
        ')' => {
            cursor.expect(")")?;
            let quantifier = take_quantifier(cursor);
            if quantifier.is_none() {
                follows(cursor, ">,|)")?;
            }
            return Ok(Token::Close(quantifier));
        }
        _ => {}
    }
    for (mark, token) in [
        ("(", Token::Open),
        ("|", Token::Or),
        (",", Token::Comma),
        ("[", Token::OpenBracket),
        ("]", Token::CloseBracket),
        (">", Token::End),
    ] {
        if cursor.take(mark) {
            let ends_a_section = token == Token::CloseBracket && cursor.rest().starts_with("]>");
            return if ends_a_section { Err(Malformed) } else { Ok(token) };
        }
    }
    word(cursor).map(Token::Word)
}

fn markup<'t>(cursor: &mut Cursor<'t>) -> Read<Token<'t>> {
    if cursor.take("<!--") {
        cursor.comment()?;
        return Ok(Token::Remark);
    }
    if cursor.take("<?") {
        cursor.instruction()?;
        return Ok(Token::Remark);
    }
    cursor.expect("<!")?;
    let keyword = cursor.take_while(|c| c.is_ascii_alphabetic());
    if keyword.is_empty() || !cursor.peek().is_some_and(is_blank) {
        Err(Malformed)
    } else {
        Ok(Token::Declaration(keyword))
    }
}

fn word<'t>(cursor: &mut Cursor<'t>) -> Read<Word<'t>> {
    let text = cursor.take_while(|c| c == ':' || names::is_inside(c));
    let Some(first) = text.chars().next() else { return Err(Malformed) };
    // Behind a colon any name character will do here.
    let colons = memchr::memchr_iter(b':', text.as_bytes()).count();
    let is_name = names::is_start(first) && colons <= 1 && !text.ends_with(':');
    let quantifier = take_quantifier(cursor);
    let delimited = match quantifier {
        Some(_) => is_name,
        None => cursor.peek().is_some_and(|c| is_blank(c) || ">),|[%".contains(c)),
    };
    if delimited { Ok(Word { text, is_name, quantifier }) } else { Err(Malformed) }
}

fn take_quantifier(cursor: &mut Cursor<'_>) -> Option<char> {
    ['?', '*', '+'].into_iter().find(|quantifier| cursor.take(quantifier.encode_utf8(&mut [0; 4])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Read<Vec<Token<'_>>> {
        let mut cursor = Cursor::new(text);
        let mut tokens = Vec::new();
        while tokens.last() != Some(&Token::End) {
            tokens.push(next(&mut cursor)?);
        }
        Ok(tokens)
    }

    #[test]
    fn tokens_carry_their_quantifiers() {
        let word = |text, quantifier| Token::Word(Word { text, is_name: true, quantifier });
        assert_eq!(
            all("<!ELEMENT a:b (c?,#PCDATA|'x' )* >").unwrap(),
            [
                Token::Declaration("ELEMENT"),
                word("a:b", None),
                Token::Open,
                word("c", Some('?')),
                Token::Comma,
                Token::Pound("PCDATA"),
                Token::Or,
                Token::Literal("x"),
                Token::Close(Some('*')),
                Token::End
            ]
        );
    }

    #[test]
    fn what_stands_directly_behind_a_token_may_spoil_it() {
        for text in ["'x'y>", "a'x'>", "(a)'x'>", "<!ELEMENT>", "]]>", "#PCDATA,>", "-a?>", "%a b;>", "<![x>"] {
            assert!(all(text).is_err(), "{text}");
        }
        assert_eq!(all("1a a:b:c >").unwrap().len(), 3);
    }
}
