//! Checks `protocol.md` against the source: every event, field, error and code that the server can
//! write stands in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use syn::visit::{self, Visit};

const DOCUMENT: &str = include_str!("../src/chat/protocol/protocol.md");

#[test]
fn every_field_of_every_payload_is_documented() {
    let mut fields = Fields::default();
    for file in sources("src/server/render/wire") {
        fields.visit_file(&file);
    }
    assert!(fields.0.contains("journal_p99_us") && fields.0.contains("type"), "{:?}", fields.0);
    assert_documented(&fields.0, &words(DOCUMENT));
}

#[test]
fn every_error_and_every_other_code_is_documented() {
    let mut codes = Codes::default();
    for file in sources("src/chat") {
        codes.visit_file(&file);
    }
    for expected in ["bad_json", "sender_ignored", "parameter_ignored", "slow", "timeout"] {
        assert!(codes.0.contains(expected), "{expected}: {:?}", codes.0);
    }
    assert_documented(&codes.0, &words(DOCUMENT));
}

#[test]
fn every_event_has_a_row_with_its_fields() {
    let mut types = Types::default();
    for file in sources("src/server/render/wire") {
        types.visit_file(&file);
    }
    let table = DOCUMENT.split("\n# ").find(|part| part.starts_with("Events of the server\n"));
    let rows: BTreeMap<&str, BTreeSet<&str>> = table
        .expect("the table of events")
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .map(|(kind, payload)| (kind, words(payload)))
        .collect();
    let documented: BTreeSet<String> = rows.keys().map(|kind| (*kind).to_owned()).collect();
    types.0.insert("type".to_owned());
    assert_eq!(types.0, documented);
    let mut seen = BTreeSet::from(["type".to_owned()]);
    for path in files("tests/golden", "json") {
        let golden: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let Some(kind) = golden["event"]["type"].as_str() else { continue };
        let payload = golden["event"]["payload"].as_object();
        let fields = payload.into_iter().flatten().map(|(name, _)| name.clone()).collect();
        assert_documented(&fields, &rows[kind]);
        seen.insert(kind.to_owned());
    }
    assert_eq!(seen, types.0, "events without an example in tests/golden");
}

#[track_caller]
fn assert_documented(written: &BTreeSet<String>, documented: &BTreeSet<&str>) {
    let missing: Vec<_> =
        written.iter().filter(|word| !documented.contains(word.as_str())).collect();
    assert!(missing.is_empty(), "not in protocol.md: {missing:?}");
}

/// Collects the words in code: between backticks.
fn words(text: &str) -> BTreeSet<&str> {
    let code = text.split('`').skip(1).step_by(2);
    code.flat_map(|code| code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')).collect()
}

fn sources(folder: &str) -> Vec<syn::File> {
    let parsed = files(folder, "rs").into_iter();
    parsed.map(|path| syn::parse_file(&fs::read_to_string(path).unwrap()).unwrap()).collect()
}

/// Lists the files of a folder and those below it.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == extension) {
                found.push(path);
            }
        }
    }
    found
}

fn is_word(text: &str) -> bool {
    text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// The fields of what is serialised.
#[derive(Default)]
struct Fields(BTreeSet<String>);

impl Visit<'_> for Fields {
    fn visit_item_struct(&mut self, item: &syn::ItemStruct) {
        for field in &item.fields {
            let Some(name) = &field.ident else { continue };
            let mut name = Some(name.to_string());
            for attribute in field.attrs.iter().filter(|it| it.path().is_ident("serde")) {
                let parsed = attribute.parse_nested_meta(|meta| {
                    if meta.path.is_ident("flatten") {
                        name = None;
                    } else if meta.path.is_ident("rename") {
                        name = Some(meta.value()?.parse::<syn::LitStr>()?.value());
                    } else {
                        meta.value()?.parse::<syn::Lit>()?;
                    }
                    Ok(())
                });
                parsed.unwrap();
            }
            self.0.extend(name);
        }
    }
}

/// The types of events: the variants of `Kind`, as serde names them.
#[derive(Default)]
struct Types(BTreeSet<String>);

impl Visit<'_> for Types {
    fn visit_item_enum(&mut self, item: &syn::ItemEnum) {
        if item.ident == "Kind" {
            self.0.extend(item.variants.iter().map(|variant| snake_case(&variant.ident)));
        }
    }
}

fn snake_case(name: &syn::Ident) -> String {
    let mut words = String::new();
    for c in name.to_string().chars() {
        if c.is_ascii_uppercase() && !words.is_empty() {
            words.push('_');
        }
        words.push(c.to_ascii_lowercase());
    }
    words
}

/// The words for programs: those of errors, and what stands as `code` or `why`.
#[derive(Default)]
struct Codes(BTreeSet<String>);

impl Codes {
    fn add(&mut self, value: &syn::Expr) {
        if let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(word), .. }) = value
            && is_word(&word.value())
        {
            self.0.insert(word.value());
        }
    }
}

impl Visit<'_> for Codes {
    fn visit_item_mod(&mut self, module: &syn::ItemMod) {
        if module.ident != "tests" {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &syn::ImplItemFn) {
        if function.sig.ident == "word" && function.sig.constness.is_some() {
            Arms(self).visit_impl_item_fn(function);
        }
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_field_value(&mut self, field: &syn::FieldValue) {
        if let syn::Member::Named(name) = &field.member
            && (name == "code" || name == "why")
        {
            self.add(&field.expr);
        }
        visit::visit_field_value(self, field);
    }

    fn visit_local(&mut self, local: &syn::Local) {
        if let syn::Pat::Ident(name) = &local.pat
            && (name.ident == "code" || name.ident == "why")
            && let Some(init) = &local.init
        {
            Arms(self).visit_expr(&init.expr);
        }
        visit::visit_local(self, local);
    }

    fn visit_expr_method_call(&mut self, call: &syn::ExprMethodCall) {
        if ["notice", "leave_room", "remove_from_room"].iter().any(|name| call.method == name) {
            call.args.iter().for_each(|argument| self.add(argument));
        }
        visit::visit_expr_method_call(self, call);
    }
}

/// What the arms of a match or an `if` return.
struct Arms<'a>(&'a mut Codes);

impl Visit<'_> for Arms<'_> {
    fn visit_arm(&mut self, arm: &syn::Arm) {
        self.visit_expr(&arm.body);
    }

    fn visit_expr_if(&mut self, choice: &syn::ExprIf) {
        self.visit_block(&choice.then_branch);
        if let Some((_, otherwise)) = &choice.else_branch {
            self.visit_expr(otherwise);
        }
    }

    fn visit_expr(&mut self, value: &syn::Expr) {
        self.0.add(value);
        visit::visit_expr(self, value);
    }
}
