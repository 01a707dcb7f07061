//! Rules: conditions on node attributes, dates, resources, operations and roles.

mod compare;
mod date;

#[cfg(test)]
mod tests;

use crate::ids::Ids;
use crate::role::Role;
use crate::time::{Moment, interval};
use crate::tree::Element;
use crate::values::Table;
use alloc::borrow::Cow;
use alloc::string::String;

pub use compare::compare_versions;

/// The most expressions that are looked at for one rule: beyond it, references among rules multiply without end, and
/// the rule does not apply.
const MAX_EXPRESSIONS: u32 = 10_000;
/// How deep rules may be nested, references included.
const MAX_NESTING: u32 = 100;

/// What rules are judged by.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The moment of decision.
    pub now: Moment,
    /// Attributes of the node in question; without a node no expression about attributes holds.
    pub node: Option<&'a dyn Table>,
    /// Role in question; [`Role::Unknown`] for none.
    pub role: Role,
    /// The resource that a location constraint has found.
    pub matched: Option<Matched<'a>>,
    /// The resource whose defaults are wanted.
    pub resource: Option<Agent<'a>>,
    /// The operation whose defaults are wanted: its name, and its interval in milliseconds.
    pub operation: Option<(&'a str, u32)>,
}

impl Facts<'_> {
    /// Only a moment.
    #[must_use]
    pub fn at(now: Moment) -> Self {
        Facts { now, node: None, role: Role::Unknown, matched: None, resource: None, operation: None }
    }
}

/// The resource that a constraint applies to.
#[derive(Clone, Copy, Default)]
pub struct Matched<'a> {
    /// What the groups of the constraint's pattern matched: all of it, the first group, …
    pub groups: &'a [Option<&'a str>],
    /// The resource's parameters.
    pub parameters: Option<&'a dyn Table>,
    /// The resource's meta attributes.
    pub meta: Option<&'a dyn Table>,
}

/// The kind of a resource.
#[derive(Clone, Copy, Debug, Default)]
pub struct Agent<'a> {
    /// `ocf`, `lsb`, `stonith`, …
    pub class: Option<&'a str>,
    /// `heartbeat`, …
    pub provider: Option<&'a str>,
    /// `IPaddr2`, …
    pub kind: Option<&'a str>,
}

/// The earliest moment at which a rule that was looked at would be answered differently.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NextChange(pub Option<Moment>);

impl NextChange {
    /// Takes note of a moment.
    pub fn note(&mut self, at: Moment) {
        if self.0.is_none_or(|known| at < known) {
            self.0 = Some(at);
        }
    }
}

/// Whether `rule` applies.
pub fn applies(rule: Element<'_>, ids: &Ids<'_>, facts: &Facts<'_>, next: &mut NextChange) -> bool {
    Evaluation { ids, facts, next, looked_at: 0 }.rule(rule, 0)
}

/// Whether one of the rules in `holder` applies, or there is none.
pub fn any_applies(holder: Element<'_>, ids: &Ids<'_>, facts: &Facts<'_>, next: &mut NextChange) -> bool {
    let mut none = true;
    for rule in holder.children_named("rule") {
        none = false;
        if applies(rule, ids, facts, next) {
            return true;
        }
    }
    none
}

struct Evaluation<'e, 'd> {
    ids: &'e Ids<'d>,
    facts: &'e Facts<'e>,
    next: &'e mut NextChange,
    looked_at: u32,
}

impl Evaluation<'_, '_> {
    fn rule(&mut self, rule: Element<'_>, depth: u32) -> bool {
        if depth > MAX_NESTING {
            return false;
        }
        let rule = match rule.get("id-ref") {
            // What leads nowhere forbids nothing.
            Some(id) => match self.ids.find("rule", id) {
                Some(found) => found,
                None => return true,
            },
            None => rule,
        };
        let any = rule.get("boolean-op").is_some_and(|op| op.eq_ignore_ascii_case("or"));
        for expression in rule.children() {
            self.looked_at += 1;
            if self.looked_at > MAX_EXPRESSIONS {
                return false;
            }
            if self.expression(expression, depth) == any {
                return any;
            }
        }
        !any
    }

    fn expression(&mut self, expression: Element<'_>, depth: u32) -> bool {
        match expression.name() {
            "rule" => self.rule(expression, depth + 1),
            "date_expression" => date::applies(expression, self.facts.now, self.next),
            "rsc_expression" => self.facts.resource.is_some_and(|agent| matches_agent(expression, agent)),
            "op_expression" => self.operation(expression),
            "expression" if expression.get("attribute") == Some("#role") => {
                matches_role(expression, self.facts.role)
            }
            "expression" => self.facts.node.is_some_and(|node| self.attribute(expression, node)),
            _ => false,
        }
    }

    fn operation(&self, expression: Element<'_>) -> bool {
        let Some((name, every)) = self.facts.operation else { return false };
        let same_interval = expression.get("interval").is_none_or(|text| interval(text) == Some(every));
        same_interval && expression.get("name") == Some(name)
    }

    fn attribute(&self, expression: Element<'_>, node: &dyn Table) -> bool {
        let (Some(attribute), Some(operation)) = (expression.get("attribute"), expression.get("operation"))
        else {
            return false;
        };
        let mut name = Cow::Borrowed(attribute);
        let mut wanted = expression.get("value");
        if let Some(matched) = &self.facts.matched {
            name = expand(attribute, matched.groups);
            wanted = wanted.filter(|value| !value.is_empty()).and_then(|value| {
                let source = expression.get("value-source").unwrap_or("literal");
                if source.eq_ignore_ascii_case("param") {
                    matched.parameters?.value(value)
                } else if source.eq_ignore_ascii_case("meta") {
                    matched.meta?.value(value)
                } else {
                    Some(value)
                }
            });
        }
        compare::holds(node.value(&name), operation, wanted, expression.get("type"))
    }
}

/// Replaces `%0` to `%9` by what the groups of a pattern matched; without groups the text stays as it is.
#[must_use]
pub fn expand<'t>(text: &'t str, groups: &[Option<&str>]) -> Cow<'t, str> {
    if groups.is_empty() || !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let digit = rest.as_bytes().get(at + 1).filter(|byte| byte.is_ascii_digit());
        let end = at + if digit.is_some() { 0 } else { 1 };
        out.push_str(rest.get(..end).unwrap_or_default());
        if let Some(digit) = digit {
            out.push_str(groups.get(usize::from(digit - b'0')).copied().flatten().unwrap_or_default());
        }
        rest = rest.get(at + if digit.is_some() { 2 } else { 1 }..).unwrap_or_default();
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn matches_agent(expression: Element<'_>, agent: Agent<'_>) -> bool {
    let class = expression.get("class");
    let kind = expression.get("type");
    (class.is_none() || class == agent.class)
        && expression.get("provider") == agent.provider
        && (kind.is_none() || kind == agent.kind)
}

fn matches_role(expression: Element<'_>, role: Role) -> bool {
    if role == Role::Unknown {
        return false;
    }
    let operation = expression.get("operation").unwrap_or_default();
    let is = |word: &str| operation.eq_ignore_ascii_case(word);
    let wanted = expression.get("value").and_then(Role::read).unwrap_or_default();
    if is("defined") {
        role > Role::Started
    } else if is("not_defined") {
        role < Role::Unpromoted
    } else if is("eq") {
        wanted == role
    } else if is("ne") {
        // Only among the roles of promotable clones.
        role >= Role::Unpromoted && wanted != role
    } else {
        false
    }
}
