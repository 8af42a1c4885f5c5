/**
 * Colours for code: which parts are comments, texts, numbers, keywords and calls. Loaded with the first
 * block of code that names its language.
 *
 * A language is a row of a table, not a grammar: what looks like a keyword is one. Each part is found
 * in time that grows with its length alone.
 *
 * @module
 */

/** @typedef {"comment" | "string" | "number" | "keyword" | "call"} Kind */

/**
 * @typedef {object} Language
 * @property {string} names       as they stand after a fence
 * @property {string} comment     regular expressions
 * @property {string} string
 * @property {string} [number]
 * @property {string} [words]     the keywords
 * @property {string} [keyword]   what takes their place where they are no list
 * @property {string} [call]
 * @property {boolean} [anyCase]  whether keywords are written in small letters and capitals
 */

const raw = String.raw;

const SLASHES = raw`\/\/.*|\/\*[^]*?(?:\*\/|$)`;
const HASH = raw`(?<![^\s;])#.*`;
const DOUBLE = raw`"(?:[^"\\\n]|\\.)*"?`;
const SINGLE = raw`'(?:[^'\\\n]|\\.)*'?`;
const BACKTICK = raw`\x60(?:[^\x60\\]|\\.)*\x60?`;
const CHARACTER = raw`'(?:[^'\\\n]|\\.[^'\n]*)'`;
const NUMBER = raw`(?<![\w.])(?:0[xob][\da-f_]+|\d[\d_]*(?:\.\d[\d_]*)?(?:e[+-]?\d+)?)\w*`;
const CALL = raw`[\p{L}_$][\w$]*(?=[!]?\()`;

/** @type {Language[]} */
const LANGUAGES = [
  {
    names: "js javascript jsx mjs cjs ts typescript tsx",
    comment: SLASHES,
    string: [DOUBLE, SINGLE, BACKTICK].join("|"),
    words: "abstract any as async await boolean break case catch class const continue debugger declare default delete do else enum export extends false finally for from function get if implements import in instanceof interface keyof let new null number of private protected public readonly return set static string super switch this throw true try type typeof undefined var void while yield",
  },
  {
    names: "py python python3",
    comment: HASH,
    string: [raw`"""[^]*?(?:"""|$)`, raw`'''[^]*?(?:'''|$)`, DOUBLE, SINGLE].join("|"),
    words: "False None True and as assert async await break case class continue def del elif else except finally for from global if import in is lambda match nonlocal not or pass raise return self try while with yield",
  },
  {
    names: "c h cc cpp c++ cxx hpp",
    comment: SLASHES,
    string: [DOUBLE, SINGLE].join("|"),
    words: "auto bool break case catch char class const constexpr continue default delete do double else enum explicit extern false float for friend goto if inline int long namespace new noexcept nullptr operator private protected public return short signed sizeof static struct switch template this throw true try typedef typename union unsigned using virtual void volatile while",
    keyword: raw`(?<![^\n])[ \t]*#[ \t]*\w+`,
  },
  {
    names: "java cs csharp c# kt kotlin scala swift",
    comment: SLASHES,
    string: [raw`"""[^]*?(?:"""|$)`, DOUBLE, SINGLE].join("|"),
    words: "abstract as async await base bool boolean break byte case catch char class const continue data default do double else enum extends false final finally float for foreach fun func guard if implements import in init instanceof int interface internal is let long namespace new nil null object out override package private protected public record return sealed self short static string struct super suspend switch this throw throws trait true try using val var void when where while yield",
  },
  {
    names: "go golang",
    comment: SLASHES,
    string: [DOUBLE, SINGLE, raw`\x60[^\x60]*\x60?`].join("|"),
    words: "any bool break byte case chan const continue default defer else error fallthrough false float64 for func go goto if import int int64 interface iota map nil package range return rune select string struct switch true type uint uint64 var",
  },
  {
    names: "rs rust",
    comment: SLASHES,
    string: [raw`b?r#+"[^]*?(?:"#+|$)`, raw`"(?:[^"\\]|\\[^])*"?`, CHARACTER].join("|"),
    words: "Self as async await bool break char const continue crate dyn else enum extern f32 f64 false fn for i32 i64 if impl in let loop match mod move mut pub ref return self static str struct super trait true type u8 u16 u32 u64 unsafe use usize where while",
  },
  {
    names: "sh bash zsh shell console",
    comment: HASH,
    string: [raw`"(?:[^"\\]|\\[^])*"?`, raw`'[^']*'?`].join("|"),
    words: "case cd do done echo elif else esac eval exec exit export fi for function if in local read return set shift source sudo then trap unset until while",
    call: raw`\$(?:\w+|\{[^{}\n]*\}|[?#@*!$-])`,
  },
  {
    names: "sql psql mysql sqlite postgres",
    comment: raw`--.*|\/\*[^]*?(?:\*\/|$)`,
    string: raw`'(?:[^']|'')*'?`,
    words: "add all alter and as asc begin between by case check column commit constraint create cross database default delete desc distinct drop else end exists explain false foreign from full group having if in index inner insert into is join key left like limit not null offset on or order outer over partition primary references returning right rollback select set table then true union unique update using values view when where with",
    anyCase: true,
  },
  { names: "json jsonc json5", comment: SLASHES, string: DOUBLE, words: "false null true" },
  {
    names: "html xml svg vue",
    comment: raw`<!--[^]*?(?:-->|$)`,
    string: raw`(?<==)(?:"[^"]*"?|'[^']*'?)`,
    number: raw`&[#\w]+;`,
    keyword: raw`<[/!?]?[\p{L}][\w:-]*|[/?]?>`,
    call: raw`(?<![\w:@.-])[\w:@.-]+(?==)`,
  },
  {
    names: "css scss less",
    comment: SLASHES,
    string: [DOUBLE, SINGLE].join("|"),
    number: raw`#[\da-f]{3,8}\b|(?<![\w-])\d[\d.]*(?:%|[a-z]+)?`,
    keyword: raw`@[\w-]+|(?<![\w-])[\w-]+(?=:\s)`,
  },
  {
    names: "yaml yml toml ini",
    comment: HASH,
    string: [DOUBLE, SINGLE].join("|"),
    words: "false no null true yes",
    call: raw`(?<![\w./-])[\w./-]+(?=:(?:\s|$)|[ \t]?=)`,
  },
];

/** The kinds in the order of the groups of a language's expression. @type {Kind[]} */
const KINDS = ["comment", "string", "number", "keyword", "call"];

/** Expressions by language, made when they are first needed. @type {Map<Language, RegExp>} */
const expressions = new Map();

/**
 * Returns the parts of a code; null for a language without colours.
 *
 * @param {string} code
 * @param {string} language
 * @returns {{ text: string, kind: Kind | "" }[] | null}
 */
export function highlight(code, language) {
  const name = language.toLowerCase();
  const row = LANGUAGES.find(({ names }) => names.split(" ").includes(name));
  if (!row) return null;
  const parts = /** @type {{ text: string, kind: Kind | "" }[]} */ ([]);
  let plainFrom = 0;
  for (const found of code.matchAll(expressionOf(row))) {
    const kind = KINDS[found.slice(1).findIndex((it) => it !== undefined)];
    if (!kind) continue;
    if (found.index > plainFrom) parts.push({ text: code.slice(plainFrom, found.index), kind: "" });
    parts.push({ text: found[0], kind });
    plainFrom = found.index + found[0].length;
  }
  if (plainFrom < code.length) parts.push({ text: code.slice(plainFrom), kind: "" });
  return parts;
}

/** @param {Language} language */
function expressionOf(language) {
  const { comment, string, number = NUMBER, words = "", keyword, call = CALL, anyCase = false } = language;
  const known = expressions.get(language);
  if (known) return known;
  const listed = words && raw`(?<![\w$.-])(?:${words.replaceAll(" ", "|")})(?![\w$-])`;
  const keywords = [keyword, listed].filter(Boolean).join("|");
  // What is no more than a word is taken as a whole, so that nothing is found within it.
  const groups = [comment, string, number, keywords, call].map((it) => `(${it})`);
  const expression = new RegExp([...groups, raw`[\w$]+`].join("|"), anyCase ? "giu" : "gu");
  expressions.set(language, expression);
  return expression;
}
