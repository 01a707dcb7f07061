use super::{Document, MAX_DEPTH, Style};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use proptest::prelude::*;

fn parse(text: &str) -> Document {
    Document::parse(text.into()).unwrap_or_else(|error| panic!("{error}"))
}

fn complaint(text: &str) -> String {
    Document::parse(text.into()).map(|_| ()).expect_err("it is refused").to_string()
}

#[test]
fn attributes_keep_order_and_references_are_replaced() {
    let document = parse("<a z='1' b=\"x &amp;&#x41;&#66;\n&lt;\" id='i'/>");
    let all: Vec<_> = document.root().attributes().collect();
    assert_eq!(all, [("z", "1"), ("b", "x &AB <"), ("id", "i")]);
    assert_eq!(document.root().get("z"), Some("1"));
    assert_eq!(document.root().get("none"), None);
}

#[test]
fn positions_count_lines_and_columns() {
    let document = parse("<?xml version='1.0'?>\n<!-- c\n -->\n<cib>\n  <x a='\n'/><y/></cib>");
    let positions: Vec<_> = document.root().descendants().map(|e| format!("{e} {}", e.position())).collect();
    assert_eq!(positions, ["<cib> 4:1", "<x> 5:3", "<y> 6:4"]);
}

#[test]
fn complaints_name_the_place_and_the_element() {
    assert_eq!(complaint("<a>\n <b>\n </c>\n</a>"), "3:2: error: </b> is expected here (in <b>)");
    assert_eq!(complaint("<a x='1' x='2'/>"), "1:11: error: attribute x is given twice");
    assert_eq!(complaint("<a>&bomb;</a>"), "1:4: error: &bomb; stands for nothing (in <a>)");
    assert!(complaint("<!DOCTYPE a [<!ENTITY b 'c'>]><a/>").contains("document types are not accepted"));
    assert!(complaint("<a/><b/>").contains("a second element"));
    assert!(complaint("<a>").contains("ends before"));
    assert!(complaint("  \n").contains("there is no element"));
    assert!(complaint("<a/> text").starts_with("1:6: error: text outside"));
    assert!(complaint("<a b='\u{1}'/>").contains("control character"));
    assert!(complaint("<a b='<'/>").contains("&lt;"));
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert!(Document::parse(nested(MAX_DEPTH)).is_ok());
    assert!(complaint(&nested(MAX_DEPTH + 1)).contains("nested more than"));
    assert!(complaint(&"<a>".repeat(1_000_000)).contains("nested more than"));
}

#[test]
fn writing_loses_nothing() {
    let text = "<!--before--><cib a=\"&quot;&#10;&amp;\"><!--in--><x><?pi 1?></x><t>a &lt; b<i/> c</t></cib><!--after-->";
    assert_eq!(parse(text).to_xml(Style::Compact), text);
    let indented = parse(text).to_xml(Style::Indented);
    assert_eq!(
        indented,
        "<!--before-->\n<cib a=\"&quot;&#10;&amp;\">\n  <!--in-->\n  <x>\n    <?pi 1?>\n  </x>\n  \
         <t>a &lt; b<i/> c</t>\n</cib>\n<!--after-->\n"
    );
    assert_eq!(parse(&indented).to_xml(Style::Compact), text);
}

#[test]
fn elements_come_and_go() {
    let mut document = parse("<a><b id='1'/><b id='2'><c/></b><b id='3'/></a>");
    let root = document.root().node();
    let second = document.root().children().nth(1).expect("there are three").node();
    let first = document.root().children().next().expect("there are three").node();
    let new = document.insert_before(second, "n");
    document.set(new, "k", "v");
    document.set(new, "k", "w");
    document.set(first, "extra", "e");
    document.unset(first, "id");
    document.move_into(root, first);
    assert_eq!(
        document.to_xml(Style::Compact),
        "<a><n k=\"w\"/><b id=\"2\"><c/></b><b id=\"3\"/><b extra=\"e\"/></a>"
    );
    document.remove(second);
    let other = parse("<o><p q='r'>t<s/></p></o>");
    document.append_copy(root, other.root().child("p").expect("it has one"));
    document.rename(new, "m");
    assert_eq!(
        document.to_xml(Style::Compact),
        "<a><m k=\"w\"/><b id=\"3\"/><b extra=\"e\"/><p q=\"r\">t<s/></p></a>"
    );
    document.clear(root);
    assert_eq!(document.to_xml(Style::Compact), "<a/>");
}

#[test]
fn replaced_values_do_not_pile_up() {
    let mut document = parse("<a><b v='0'/><keep w='x'/></a>");
    let b = document.root().child("b").expect("it is there").node();
    for number in 0..100_000u32 {
        document.set(b, "v", &format!("{number:0>20}"));
    }
    assert!(document.text.len() < 1 << 18, "{} bytes", document.text.len());
    assert_eq!(document.root().child("keep").and_then(|keep| keep.get("w")), Some("x"));
    assert_eq!(document.root().child("b").and_then(|b| b.get("v")), Some("00000000000000099999"));
}

/// A change by numbers: which element, what to do.
fn change(document: &mut Document, what: (usize, u8, u8)) {
    let all: Vec<_> = document.root().descendants().map(|e| e.node()).collect();
    let at = |index: usize| all.get(index % all.len()).copied().expect("the root is always there");
    let (here, there) = (at(what.0), at(usize::from(what.2)));
    let inside = document
        .element(there)
        .is_some_and(|e| core::iter::successors(Some(e), |e| e.parent()).any(|e| e.node() == here));
    match what.1 % 7 {
        0 => drop(document.append(here, "new")),
        1 => document.remove(here),
        2 => document.set(here, "a", &what.2.to_string()),
        3 => document.set(here, &format!("n{}", what.2 % 4), "<&>"),
        4 => document.unset(here, &format!("n{}", what.2 % 4)),
        5 if !inside => document.move_into(there, here),
        _ => document.append_text(here, "text"),
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[<>/a-c='\"&;#! \\-\\[\\]\n]{0,60}") {
        drop(Document::parse(text));
    }

    #[test]
    fn what_was_changed_is_read_back(changes in prop::collection::vec(any::<(usize, u8, u8)>(), 0..40)) {
        let mut document = parse("<r><a/><b x='1'><c/></b></r>");
        for what in changes {
            change(&mut document, what);
        }
        let text = document.to_xml(Style::Compact);
        prop_assert_eq!(parse(&text).to_xml(Style::Compact), text);
    }
}
