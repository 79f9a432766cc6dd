//! Reads the text of a GraphQL query: fields, aliases, arguments, fragments. No directives, no mutations.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A field that is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Field {
    pub(super) alias: String,
    pub(super) name: String,
    pub(super) arguments: BTreeMap<String, Argument>,
    pub(super) fields: Vec<Field>,
}

/// An argument's value, or the variable that holds it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Argument {
    Value(Value),
    Variable(String),
    Object(BTreeMap<String, Argument>),
}

/// A query: its variables with their types, and what it asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Query {
    pub(super) variables: BTreeMap<String, String>,
    pub(super) fields: Vec<Field>,
}

impl Field {
    /// The argument's value, with variables filled in; `Null` when absent.
    pub(super) fn argument(&self, name: &str, variables: &Map<String, Value>) -> Value {
        self.arguments
            .get(name)
            .map_or(Value::Null, |argument| argument.fill(variables))
    }

    /// The variable that stands for the argument, if one does.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        match self.arguments.get(name) {
            Some(Argument::Variable(variable)) => Some(variable),
            _ => None,
        }
    }
}

impl Argument {
    fn fill(&self, variables: &Map<String, Value>) -> Value {
        match self {
            Self::Value(value) => value.clone(),
            Self::Variable(name) => variables.get(name).cloned().unwrap_or_default(),
            Self::Object(fields) => fields
                .iter()
                .map(|(name, argument)| (name.clone(), argument.fill(variables)))
                .collect::<Map<_, _>>()
                .into(),
        }
    }
}

/// Reads a query.
/// # Errors
/// A sentence saying what was not understood.
pub(super) fn read(text: &str) -> Result<Query, String> {
    let mut reader = Reader {
        tokens: tokens(text)?,
        at: 0,
    };
    let mut query = Query::default();
    let mut fragments = BTreeMap::new();
    while let Some(token) = reader.peek() {
        match token {
            "{" => query.fields = reader.selection()?,
            "query" => {
                reader.next()?;
                if reader.peek().is_some_and(is_name) {
                    reader.next()?;
                }
                if reader.take("(") {
                    query.variables = reader.declarations()?;
                }
                query.fields = reader.selection()?;
            }
            "fragment" => {
                reader.next()?;
                let name = reader.next()?;
                reader.expect("on")?;
                reader.next()?;
                fragments.insert(name, reader.selection()?);
            }
            other => return Err(format!("Syntax Error: Unexpected {other:?}.")),
        }
    }
    query.fields = spread(query.fields, &fragments)?;
    if query.fields.is_empty() {
        return Err("Syntax Error: nothing is asked for.".to_owned());
    }
    Ok(query)
}

/// Replaces `...name` by the fragment's fields.
fn spread(
    fields: Vec<Field>,
    fragments: &BTreeMap<String, Vec<Field>>,
) -> Result<Vec<Field>, String> {
    let mut whole = Vec::new();
    for mut field in fields {
        if let Some(name) = field.name.strip_prefix("...") {
            let fragment = fragments
                .get(name)
                .ok_or_else(|| format!("Unknown fragment {name:?}."))?;
            whole.extend(spread(fragment.clone(), fragments)?);
        } else {
            field.fields = spread(field.fields, fragments)?;
            whole.push(field);
        }
    }
    Ok(whole)
}

fn is_name(token: &str) -> bool {
    token.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
}

struct Reader {
    tokens: Vec<String>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.at).map(String::as_str)
    }

    fn next(&mut self) -> Result<String, String> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token.ok_or_else(|| "Syntax Error: Unexpected <EOF>.".to_owned())
    }

    fn take(&mut self, wanted: &str) -> bool {
        let is_there = self.peek() == Some(wanted);
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, wanted: &str) -> Result<(), String> {
        let found = self.next()?;
        if found == wanted {
            Ok(())
        } else {
            Err(format!(
                "Syntax Error: Expected {wanted:?}, found {found:?}."
            ))
        }
    }

    fn declarations(&mut self) -> Result<BTreeMap<String, String>, String> {
        let mut declared = BTreeMap::new();
        while !self.take(")") {
            self.expect("$")?;
            let name = self.next()?;
            self.expect(":")?;
            let mut kind = String::new();
            while !matches!(self.peek(), Some("$" | ")" | "=") | None) {
                kind.push_str(&self.next()?);
            }
            if self.take("=") {
                self.argument()?;
            }
            declared.insert(name, kind);
        }
        Ok(declared)
    }

    fn selection(&mut self) -> Result<Vec<Field>, String> {
        self.expect("{")?;
        let mut fields = Vec::new();
        while !self.take("}") {
            let first = self.next()?;
            if first == "..." {
                if self.take("on") {
                    self.next()?;
                    fields.extend(self.selection()?);
                } else {
                    let name = format!("...{}", self.next()?);
                    fields.push(Field {
                        name,
                        ..Field::default()
                    });
                }
                continue;
            }
            if !is_name(&first) {
                return Err(format!("Syntax Error: Expected Name, found {first:?}."));
            }
            let name = if self.take(":") {
                self.next()?
            } else {
                first.clone()
            };
            let mut field = Field {
                alias: first,
                name,
                ..Field::default()
            };
            if self.take("(") {
                field.arguments = self.arguments(")")?;
            }
            if self.peek() == Some("{") {
                field.fields = self.selection()?;
            }
            fields.push(field);
        }
        Ok(fields)
    }

    fn arguments(&mut self, end: &str) -> Result<BTreeMap<String, Argument>, String> {
        let mut arguments = BTreeMap::new();
        while !self.take(end) {
            let name = self.next()?;
            self.expect(":")?;
            arguments.insert(name, self.argument()?);
        }
        Ok(arguments)
    }

    fn argument(&mut self) -> Result<Argument, String> {
        let token = self.next()?;
        Ok(match token.as_str() {
            "$" => Argument::Variable(self.next()?),
            "{" => Argument::Object(self.arguments("}")?),
            _ => match serde_json::from_str(&token) {
                Ok(value) => Argument::Value(value),
                Err(_) if is_name(&token) => Argument::Value(Value::String(token)),
                Err(_) => return Err(format!("Syntax Error: Unexpected {token:?}.")),
            },
        })
    }
}

fn tokens(text: &str) -> Result<Vec<String>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start_matches('\u{feff}');
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '#' => {
                rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
                continue;
            }
            ' ' | '\t' | '\r' | '\n' | ',' => {
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
            '.' if rest.starts_with("...") => 3,
            '"' => {
                let body = rest.get(1..).unwrap_or_default();
                let end = body.find('"');
                end.ok_or("Syntax Error: Unterminated string.")? + 2
            }
            '{' | '}' | '(' | ')' | ':' | '!' | '$' | '=' | '[' | ']' => 1,
            letter if letter.is_ascii_alphanumeric() || letter == '_' || letter == '-' => rest
                .find(|letter: char| !letter.is_ascii_alphanumeric() && !"_-.".contains(letter))
                .unwrap_or(rest.len()),
            other => return Err(format!("Syntax Error: Cannot parse {other:?}.")),
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token.to_owned());
        rest = after;
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_query_of_the_site_is_read() {
        let query = read(
            r"query Watch($user: ID!, $after: String) {
                predefinedList(classType: WATCH_LIST, userId: $user) {
                    id
                    titleListItemSearch(first: 250, after: $after) { edges { listItem: title { ...Basics } } }
                }
            }
            fragment Basics on Title { id titleText { text } }",
        )
        .unwrap();
        assert_eq!(query.variables["user"], "ID!");
        let root = &query.fields[0];
        assert_eq!(root.name, "predefinedList");
        let variables = json!({"user": "ur1"});
        assert_eq!(
            root.argument("userId", variables.as_object().unwrap()),
            json!("ur1")
        );
        assert_eq!(root.argument("classType", &Map::new()), json!("WATCH_LIST"));
        let search = &root.fields[1];
        assert_eq!(search.argument("first", &Map::new()), json!(250));
        assert_eq!(search.variable("after"), Some("after"));
        let item = &search.fields[0].fields[0];
        assert_eq!(
            (item.alias.as_str(), item.name.as_str()),
            ("listItem", "title")
        );
        assert_eq!(item.fields.len(), 2);
    }

    #[test]
    fn a_broken_query_says_what_is_wrong() {
        assert!(
            read("query { list(id: \"ls1\") { id ")
                .unwrap_err()
                .contains("EOF")
        );
        assert!(read("mutation { x }").unwrap_err().contains("mutation"));
    }
}
