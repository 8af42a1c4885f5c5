//! One source file as lists of what it defines, names and calls.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, ExprMethodCall, ImplItem, Item, ItemImpl, ItemMod, ItemUse, UseTree};

/// Segments of a path; if absolute, from the root of the crate and without `crate`.
pub type Path = Vec<String>;

#[derive(Default)]
pub struct File {
    /// Path below `src/`.
    pub path: String,
    pub module: Path,
    /// Whether the whole file is compiled for tests only.
    pub test: bool,
    /// Every identifier and keyword outside strings and comments.
    pub words: BTreeSet<String>,
    /// The file's own module and the modules within it, by absolute path.
    pub scopes: BTreeMap<Path, Scope>,
    /// Absolute paths of the modules in other files that are compiled for tests only.
    pub test_modules: Vec<Path>,
    pub names: Vec<Name>,
    pub impls: Vec<Impl>,
}

/// What one module defines and imports.
#[derive(Default)]
pub struct Scope {
    pub items: BTreeSet<String>,
    pub uses: BTreeMap<String, Path>,
    pub globs: Vec<Path>,
}

/// A path as written in a `use`, an expression, a type or the arguments of a macro.
#[derive(Clone)]
pub struct Name {
    /// Absolute path of the module it is written in.
    pub scope: Path,
    pub path: Path,
    pub line: usize,
    pub test: bool,
}

pub struct Impl {
    /// The type as written.
    pub of: Name,
    pub inherent: bool,
    pub methods: Vec<String>,
    /// Methods called on `self` or as `Self::method`, with their lines.
    pub calls: Vec<(String, usize)>,
}

/// Takes a source apart.
pub fn read(path: &str, text: &str) -> syn::Result<File> {
    let tokens: TokenStream = text.parse()?;
    let mut module: Path = path.split('/').map(str::to_owned).collect();
    let stem = module.pop().and_then(|last| last.strip_suffix(".rs").map(str::to_owned));
    module.extend(stem.filter(|stem| !["mod", "lib", "main"].contains(&stem.as_str())));
    let mut file = File { path: path.to_owned(), module: module.clone(), ..File::default() };
    collect_words(&mut file.words, tokens.clone());
    file.scopes.insert(module.clone(), Scope::default());
    let mut reader = Reader { file, scope: module, own: None, test: false };
    reader.visit_file(&syn::parse2(tokens)?);
    Ok(reader.file)
}

fn collect_words(words: &mut BTreeSet<String>, tokens: TokenStream) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => collect_words(words, group.stream()),
            TokenTree::Ident(word) => drop(words.insert(word.to_string())),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

struct Reader {
    file: File,
    /// Absolute path of the innermost module.
    scope: Path,
    /// Index of the surrounding `impl`.
    own: Option<usize>,
    test: bool,
}

impl Reader {
    fn scope(&mut self) -> &mut Scope {
        self.file.scopes.entry(self.scope.clone()).or_default()
    }

    fn name(&self, path: Path, span: Span) -> Name {
        Name { scope: self.scope.clone(), path, line: span.start().line, test: self.test }
    }

    fn on_path(&mut self, path: Path, span: Span) {
        if let [own, method] = &path[..]
            && own == "Self"
        {
            self.on_call(method.clone(), span);
        } else if path.len() > 1 {
            // A single segment is local, or its import has been read.
            self.file.names.push(self.name(path, span));
        }
    }

    fn on_call(&mut self, method: String, span: Span) {
        if let Some(own) = self.own {
            self.file.impls[own].calls.push((method, span.start().line));
        }
    }

    /// Reads the part of a `use` below a prefix.
    fn on_use(&mut self, mut path: Path, tree: &UseTree) {
        let (ident, alias) = match tree {
            UseTree::Path(tree) => {
                path.push(tree.ident.to_string());
                return self.on_use(path, &tree.tree);
            }
            UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.on_use(path.clone(), tree));
            }
            UseTree::Glob(glob) => {
                self.scope().globs.push(path.clone());
                path.push("*".to_owned());
                let name = self.name(path, glob.star_token.spans[0]);
                return self.file.names.push(name);
            }
            UseTree::Name(name) => (&name.ident, None),
            UseTree::Rename(rename) => (&rename.ident, Some(&rename.rename)),
        };
        if ident != "self" || path.is_empty() {
            path.push(ident.to_string());
        }
        self.file.names.push(self.name(path.clone(), ident.span()));
        let alias = alias.map(Ident::to_string).or_else(|| path.last().cloned());
        self.scope().uses.extend(alias.map(|alias| (alias, path)));
    }

    /// Finds paths and calls in the arguments of a macro, which have no syntax tree.
    fn on_tokens(&mut self, tokens: TokenStream) {
        use TokenTree::{Group, Ident, Punct};
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut rest = &tokens[..];
        while let Some((token, after)) = rest.split_first() {
            rest = after;
            if let Group(group) = token {
                self.on_tokens(group.stream());
            }
            let Ident(first) = token else { continue };
            if let [Punct(dot), Ident(method), Group(arguments), ..] = rest
                && first == "self"
                && dot.as_char() == '.'
                && arguments.delimiter() == Delimiter::Parenthesis
            {
                self.on_call(method.to_string(), method.span());
            }
            let mut path = vec![first.to_string()];
            while let [Punct(a), Punct(b), Ident(next), after @ ..] = rest
                && (a.as_char(), b.as_char()) == (':', ':')
            {
                path.push(next.to_string());
                rest = after;
            }
            self.on_path(path, first.span());
        }
    }
}

impl Visit<'_> for Reader {
    fn visit_item(&mut self, item: &Item) {
        let (name, attributes) = match item {
            Item::Const(item) => (Some(&item.ident), &item.attrs),
            Item::Enum(item) => (Some(&item.ident), &item.attrs),
            Item::Fn(item) => (Some(&item.sig.ident), &item.attrs),
            Item::Static(item) => (Some(&item.ident), &item.attrs),
            Item::Struct(item) => (Some(&item.ident), &item.attrs),
            Item::Trait(item) => (Some(&item.ident), &item.attrs),
            Item::Type(item) => (Some(&item.ident), &item.attrs),
            Item::Impl(item) => (None, &item.attrs),
            Item::Mod(item) => (Some(&item.ident), &item.attrs),
            Item::Use(item) => (None, &item.attrs),
            other => return visit::visit_item(self, other),
        };
        self.scope().items.extend(name.map(Ident::to_string));
        let outer = self.test;
        self.test |= attributes.iter().any(is_test);
        visit::visit_item(self, item);
        self.test = outer;
    }

    fn visit_item_mod(&mut self, item: &ItemMod) {
        self.scope.push(item.ident.to_string());
        if item.content.is_some() {
            self.scope();
        } else if self.test {
            self.file.test_modules.push(self.scope.clone());
        }
        visit::visit_item_mod(self, item);
        self.scope.pop();
    }

    fn visit_item_use(&mut self, item: &ItemUse) {
        self.on_use(Vec::new(), &item.tree);
    }

    fn visit_item_impl(&mut self, item: &ItemImpl) {
        let outer = self.own.take();
        if let syn::Type::Path(own) = &*item.self_ty {
            self.own = Some(self.file.impls.len());
            let of = self.name(segments(&own.path), item.impl_token.span);
            let methods = item.items.iter().filter_map(|item| match item {
                ImplItem::Fn(method) => Some(method.sig.ident.to_string()),
                _ => None,
            });
            let inherent = item.trait_.is_none();
            let methods = methods.filter(|_| inherent).collect();
            self.file.impls.push(Impl { of, inherent, methods, calls: Vec::new() });
        }
        visit::visit_item_impl(self, item);
        self.own = outer;
    }

    fn visit_expr_method_call(&mut self, call: &ExprMethodCall) {
        if let Expr::Path(receiver) = &*call.receiver
            && receiver.path.is_ident("self")
        {
            self.on_call(call.method.to_string(), call.method.span());
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_path(&mut self, path: &syn::Path) {
        self.on_path(segments(path), path.segments[0].ident.span());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &syn::Macro) {
        self.visit_path(&call.path);
        self.on_tokens(call.tokens.clone());
    }

    fn visit_vis_restricted(&mut self, _: &syn::VisRestricted) {}
}

fn segments(path: &syn::Path) -> Path {
    path.segments.iter().map(|segment| segment.ident.to_string()).collect()
}

fn is_test(attribute: &Attribute) -> bool {
    let word = |word: Ident| word == "test";
    attribute.path().is_ident("cfg") && attribute.parse_args().is_ok_and(word)
}
