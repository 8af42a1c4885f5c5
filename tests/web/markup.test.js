import assert from "node:assert/strict";
import { test } from "node:test";

import { mentions, parse, plainText } from "../../web/text/markup.js";

/** Writes parts of a line the way the tables below do. */
function line(inlines) {
  return inlines
    .map(({ kind, text, children = [], href }) => {
      const inner = line(children);
      switch (kind) {
        case "code":
          return `<code>${text}</code>`;
        case "strike":
          return `<s>${inner}</s>`;
        case "link":
          return href === inner ? `<a>${inner}</a>` : `<a ${href}>${inner}</a>`;
        case "mention":
          return `<@>${text}</@>`;
        case "shortcode":
          return `<:${text}:>`;
        case "text":
          return text;
        default:
          return `<${kind}>${inner}</${kind}>`;
      }
    })
    .join("");
}

/** Writes blocks the way the tables below do. */
function written(blocks) {
  return blocks
    .map(({ kind, inlines = [], text, language, blocks: quoted, items = [], start }) => {
      switch (kind) {
        case "code":
          return `<pre${language && ` ${language}`}>${text}</pre>`;
        case "quote":
          return `<quote>${written(quoted)}</quote>`;
        case "heading":
          return `<h>${line(inlines)}</h>`;
        case "list":
          return `<${start === undefined ? "ul" : `ol ${start}`}>${items.map((it) => `<li>${written(it)}</li>`).join("")}</list>`;
        default:
          return line(inlines);
      }
    })
    .join("");
}

const NAMES = new Set(["priya", "priya raman", "jos\u00e9", "o'brien", "jean-luc", "bob"]);

/** The same as the text: nothing in it is markup. */
const SAME = undefined;

const TABLES = {
  "CommonMark: fenced code": [
    ["```\n<\n >\n```", "<pre><\n ></pre>"],
    ["~~~\n<\n >\n~~~", "<pre><\n ></pre>"],
    ["``\nfoo\n``", "<code>foo</code>"],
    ["```\naaa\n~~~\n```", "<pre>aaa\n~~~</pre>"],
    ["~~~\naaa\n```\n~~~", "<pre>aaa\n```</pre>"],
    ["````\naaa\n```\n``````", "<pre>aaa\n```</pre>"],
    ["~~~~\naaa\n~~~\n~~~~", "<pre>aaa\n~~~</pre>"],
    ["```", SAME],
    ["`````\n\n```\naaa", "<pre>\n```\naaa</pre>"],
    ["```\n\n  \n```", "<pre>\n  </pre>"],
    ["```\n```", "<pre></pre>"],
    ["``` ```\naaa", "<code> </code>\naaa"],
    ["foo\n```\nbar\n```\nbaz", "foo<pre>bar</pre>baz"],
    ["```ruby\ndef foo(x)\n  return 3\nend\n```", "<pre ruby>def foo(x)\n  return 3\nend</pre>"],
    ["````;\n````", "<pre ;></pre>"],
    ["``` aa ```\nfoo", "<code>aa</code>\nfoo"],
  ],
  "CommonMark: code spans": [
    ["`foo`", "<code>foo</code>"],
    ["`` foo ` bar ``", "<code>foo ` bar</code>"],
    ["` `` `", "<code>``</code>"],
    ["`  ``  `", "<code> `` </code>"],
    ["` a`", "<code> a</code>"],
    ["`foo   bar \nbaz`", "<code>foo   bar  baz</code>"],
    ["`foo\\`bar`", "<code>foo\\</code>bar`"],
    ["``foo`bar``", "<code>foo`bar</code>"],
    ["` foo `` bar `", "<code>foo `` bar</code>"],
    ["*foo`*`", "*foo<code>*</code>"],
    ["```foo``", SAME],
    ["`foo", SAME],
    ["`foo``bar``", "`foo<code>bar</code>"],
  ],
  "CommonMark: emphasis": [
    ["*foo bar*", "<em>foo bar</em>"],
    ["a * foo bar*", SAME],
    ["_foo bar_", "<em>foo bar</em>"],
    ["_ foo bar_", SAME],
    ["foo_bar_", SAME],
    ["5_6_78", SAME],
    ["пристаням_стремятся_", SAME],
    ["_foo*", SAME],
    ["*foo bar *", SAME],
    ["*foo bar\n*", SAME],
    ["*(*foo*)*", "<em>(<em>foo</em>)</em>"],
    ["_foo bar _", SAME],
    ["_(_foo_)_", "<em>(<em>foo</em>)</em>"],
    ["_foo_bar", SAME],
    ["_пристаням_стремятся", SAME],
    ["_foo_bar_baz_", "<em>foo_bar_baz</em>"],
    ["_(bar)_.", "<em>(bar)</em>."],
    ["**foo bar**", "<strong>foo bar</strong>"],
    ["** foo bar**", SAME],
    ["**foo bar **", SAME],
    ["*(**foo**)*", "<em>(<strong>foo</strong>)</em>"],
    ["**foo \"*bar*\" foo**", "<strong>foo \"<em>bar</em>\" foo</strong>"],
    ["*foo [bar](https://example.org/url)*", "<em>foo <a https://example.org/url>bar</a></em>"],
    ["*foo\nbar*", "<em>foo\nbar</em>"],
    ["_foo *bar* baz_", "<em>foo <em>bar</em> baz</em>"],
    ["*foo **bar** baz*", "<em>foo <strong>bar</strong> baz</em>"],
    ["***foo** bar*", "<em><strong>foo</strong> bar</em>"],
    ["*foo **bar***", "<em>foo <strong>bar</strong></em>"],
    ["*foo **bar *baz* bim** bop*", "<em>foo <strong>bar <em>baz</em> bim</strong> bop</em>"],
    ["** is not an empty emphasis", SAME],
    ["**** is not an empty strong emphasis", SAME],
    ["**foo\nbar**", "<strong>foo\nbar</strong>"],
    ["**foo *bar* baz**", "<strong>foo <em>bar</em> baz</strong>"],
    ["***foo* bar**", "<strong><em>foo</em> bar</strong>"],
    ["**foo *bar***", "<strong>foo <em>bar</em></strong>"],
    ["foo ***", SAME],
    ["foo *_*", SAME],
    ["foo **_**", SAME],
    ["**foo*", "*<em>foo</em>"],
    ["*foo**", "<em>foo</em>*"],
    ["*_foo_*", "<em><em>foo</em></em>"],
    ["***foo***", "<em><strong>foo</strong></em>"],
    ["*foo _bar* baz_", "<em>foo _bar</em> baz_"],
    ["**foo **bar baz**", "**foo <strong>bar baz</strong>"],
    ["*foo *bar baz*", "*foo <em>bar baz</em>"],
    ["*a `*`*", "<em>a <code>*</code></em>"],
    ["_a `_`_", "<em>a <code>_</code></em>"],
    ["*foo\n\nbar*", SAME],
  ],
  "CommonMark: quotes": [
    ["> foo\n> bar", "<quote>foo\nbar</quote>"],
    ["   > foo", "<quote>foo</quote>"],
    ["> # Foo\n> bar\n> baz", "<quote><h>Foo</h>bar\nbaz</quote>"],
    ["> foo\n>\n> bar", "<quote>foo\n\nbar</quote>"],
    ["> foo\n\n> bar", "<quote>foo</quote><quote>bar</quote>"],
    ["foo\n> bar", "foo<quote>bar</quote>"],
    ["> > > foo", "<quote><quote><quote>foo</quote></quote></quote>"],
    ["> - foo\n> - bar", "<quote><ul><li>foo</li><li>bar</li></list></quote>"],
    ["> ```\n> a\n> ```", "<quote><pre>a</pre></quote>"],
    ["> bar\n\nbaz", "<quote>bar</quote>baz"],
  ],
  "CommonMark: lists": [
    ["- foo\n- bar", "<ul><li>foo</li><li>bar</li></list>"],
    ["- foo\n- bar\n+ baz", "<ul><li>foo</li><li>bar</li></list><ul><li>baz</li></list>"],
    ["1. foo\n2. bar\n3) baz", "<ol 1><li>foo</li><li>bar</li></list><ol 3><li>baz</li></list>"],
    ["Foo\n- bar\n- baz", "Foo<ul><li>bar</li><li>baz</li></list>"],
    ["The number of windows in my house is\n14.  The number of doors is 6.", SAME],
    ["The number of windows in my house is\n1.  The number of doors is 6.", "The number of windows in my house is<ol 1><li>The number of doors is 6.</li></list>"],
    ["- foo\n  - bar\n    - baz", "<ul><li>foo<ul><li>bar<ul><li>baz</li></list></li></list></li></list>"],
    ["- foo\n\n- bar\n\n\n- baz", "<ul><li>foo</li><li>bar</li><li>baz</li></list>"],
    ["-one", SAME],
    ["2.two", SAME],
    ["123456789. ok", "<ol 123456789><li>ok</li></list>"],
    ["1234567890. not ok", SAME],
    ["0. ok", "<ol 0><li>ok</li></list>"],
    ["-1. not ok", SAME],
    ["- foo\n\n  bar", "<ul><li>foo\n\nbar</li></list>"],
    ["1. a\n   - b", "<ol 1><li>a<ul><li>b</li></list></li></list>"],
    ["- a\n  > b", "<ul><li>a<quote>b</quote></li></list>"],
    ["- a\n  ```\n  b\n  ```\n- c", "<ul><li>a<pre>b</pre></li><li>c</li></list>"],
  ],
  "CommonMark: headings": [
    ["# foo", "<h>foo</h>"],
    ["###### foo", "<h>foo</h>"],
    ["####### foo", SAME],
    ["#5 bolt", SAME],
    ["#hashtag", SAME],
    ["# foo *bar*", "<h>foo <em>bar</em></h>"],
    ["## foo ##", "<h>foo</h>"],
    ["# foo#", "<h>foo#</h>"],
    ["### foo ### b", "<h>foo ### b</h>"],
    ["Foo bar\n# baz\nBar foo", "Foo bar<h>baz</h>Bar foo"],
    ["#", SAME],
  ],
  "departures from CommonMark: emphasis is stricter": [
    ["foo*bar*", SAME],
    ["5*6*78", SAME],
    ["foo**bar**", SAME],
    ["*foo*bar", SAME],
    ["foo-_(bar)_", SAME],
    ["a*\"foo\"*", SAME],
    ["*foo**bar**baz*", "<em>foo**bar**baz</em>"],
    ["foo***bar***baz", SAME],
    ["__foo bar__", SAME],
    ["****foo****", SAME],
    ["~foo~", SAME],
    ["\\*not emphasized*", SAME],
  ],
  "departures from CommonMark: line breaks and blocks as people type them": [
    // What follows a quote or a list is the answer to it, not a lazy continuation.
    ["> bar\nbaz", "<quote>bar</quote>baz"],
    ["- bar\nbaz", "<ul><li>bar</li></list>baz"],
    // A quote needs the space.
    [">bar", SAME],
    [">.<", SAME],
    ["> ", SAME],
    // A fence may end on the last line of the code, and needs some code.
    ["```\nfoo```\nbar", "<pre>foo</pre>bar"],
    ["``` is how code begins", SAME],
    // Line breaks and white space stay; four spaces are no code block; a line of dashes is no rule.
    ["foo\n\n\nbar", SAME],
    ["    foo", SAME],
    ["foo\n---", SAME],
    ["***", SAME],
    ["* a *", "<ul><li>a *</li></list>"],
  ],
  "what is code, arithmetic or a path stays": [
    ["export PATH=~/bin:~/go/bin", SAME],
    ["src/*.js and lib/*.ts", SAME],
    ["rm **/*.o and **/*.d", SAME],
    ["SELECT *,count(*) FROM t", SAME],
    ["SELECT * FROM a, b WHERE a.x*b.y > 2*3", SAME],
    ["2*3*4 snake_case_name a~~b~~c", SAME],
    ["f(*args, **kwargs)", SAME],
    ["__init__.py and __main__.py", SAME],
    ["_config_.yml", SAME],
    ["_build_/out and *a*/b", SAME],
    ["_f_(x)", SAME],
    ["\"*\" and \"*\"", SAME],
    ["'*' or '_'", SAME],
    ["\u00af\\_(ツ)_/\u00af", SAME],
    ["int *a, *b;", SAME],
    ["char **argv, **envp", SAME],
    ["* ", SAME],
    ["C:\\_tmp\\_x", SAME],
    ["~/a ~/b ~~", SAME],
    ["don'*t*", SAME],
    ["```rm -rf /```", "<code>rm -rf /</code>"],
    ["```hello```", "<code>hello</code>"],
  ],
  "what people type is formatted": [
    ["**bold**", "<strong>bold</strong>"],
    ["*it* _it_ ~~gone~~", "<em>it</em> <em>it</em> <s>gone</s>"],
    ["(*a*), \"*b*\", «*c*», “*d*”, [*e*]", "(<em>a</em>), \"<em>b</em>\", «<em>c</em>», “<em>d</em>”, [<em>e</em>]"],
    ["*really*? *really*! *really*: *really*… *it*’s", "<em>really</em>? <em>really</em>! <em>really</em>: <em>really</em>… <em>it</em>’s"],
    ["**😀**", "<strong>😀</strong>"],
    ["*:tada:*", "<em><:tada:></em>"],
    ["**`code`**", "<strong><code>code</code></strong>"],
    ["*@Bob* *#dev*", "<em><@>@Bob</@></em> <em>#dev</em>"],
    ["**这是粗体**。", "<strong>这是粗体</strong>。"],
    ["**عريض**", "<strong>عريض</strong>"],
    ["~~a **b** c~~", "<s>a <strong>b</strong> c</s>"],
    ["*non*-trivial", "<em>non</em>-trivial"],
    ["**Note:** x", "<strong>Note:</strong> x"],
  ],
  links: [
    ["https://example.org/a", "<a>https://example.org/a</a>"],
    ["Https://example.com/path", "<a https://example.com/path>Https://example.com/path</a>"],
    ["HTTP://EXAMPLE.COM/A", "<a http://example.com/A>HTTP://EXAMPLE.COM/A</a>"],
    ["详见https://example.com/。谢谢", "详见<a>https://example.com/</a>。谢谢"],
    ["详见https://example.com。谢谢", "详见<a https://example.com/>https://example.com</a>。谢谢"],
    ["（https://example.com/a）、「https://example.com/b」", "（<a>https://example.com/a</a>）、「<a>https://example.com/b</a>」"],
    ["https://example.com/，也", "<a>https://example.com/</a>，也"],
    ["(https://en.wikipedia.org/wiki/Rust_(programming_language))", "(<a>https://en.wikipedia.org/wiki/Rust_(programming_language)</a>)"],
    ["[https://example.com/a[1]]", "[<a>https://example.com/a[1]</a>]"],
    ["“https://example.com/x”", "“<a>https://example.com/x</a>”"],
    ["«https://example.com/x»", "«<a>https://example.com/x</a>»"],
    ["https://example.com/x… and", "<a>https://example.com/x</a>… and"],
    ["https://example.com/x?a=1&b=2#c.", "<a>https://example.com/x?a=1&b=2#c</a>."],
    ["https://example.com/x, https://example.com/y!", "<a>https://example.com/x</a>, <a>https://example.com/y</a>!"],
    ["https://de.wikipedia.org/wiki/Köln", "<a https://de.wikipedia.org/wiki/K%C3%B6ln>https://de.wikipedia.org/wiki/Köln</a>"],
    ["https://例え.jp/道", "<a https://xn--r8jz45g.jp/%E9%81%93>https://例え.jp/道</a>"],
    ["<https://example.com/a>", "<<a>https://example.com/a</a>>"],
    ["\"https://example.com/a\"", "\"<a>https://example.com/a</a>\""],
    ["**https://example.com/a**", "<strong><a>https://example.com/a</a></strong>"],
    ["https://example.com/*bold*_it_", "<a>https://example.com/*bold*_it</a>_"],
    ["https://example.com/@Bob", "<a>https://example.com/@Bob</a>"],
    ["https://example.com/:100:", "<a>https://example.com/:100</a>:"],
    ["http://[::1]:8080/x", "<a>http://[::1]:8080/x</a>"],
    ["http://localhost:8080/", "<a>http://localhost:8080/</a>"],
    ["xhttps://example.com", SAME],
    ["https://", SAME],
    ["https://....", SAME],
    ["ftp://example.org javascript:alert(1) data:text/html,x", SAME],
    ["[text](https://example.org/a_(b))", "<a https://example.org/a_(b)>text</a>"],
    ["[*it* `c`](https://example.org/)", "<a https://example.org/><em>it</em> <code>c</code></a>"],
    ["[a [b] c](https://example.org/)", "<a https://example.org/>a [b] c</a>"],
    ["![x](https://example.org/)", "!<a https://example.org/>x</a>"],
    ["[example.org](https://example.org/a)", "<a https://example.org/a>example.org</a>"],
    ["[https://bank.example/](https://evil.example/)", "[<a>https://bank.example/</a>](<a>https://evil.example/</a>)"],
    ["[bank.example](https://evil.example/)", "[bank.example](<a>https://evil.example/</a>)"],
    ["[text](javascript:alert(1))", SAME],
    ["[text](/etc/passwd)", SAME],
    ["[](https://example.org/)", "[](<a>https://example.org/</a>)"],
    ["[ ] to do, [x] done", SAME],
    ["a[1](2)", SAME],
  ],
  shortcodes: [
    [":tada: :+1:", "<:tada:> <:+1:>"],
    ["ratio 1:100:1", SAME],
    ["::1:100:2", SAME],
    ["10:30:15", SAME],
    ["a:100:", SAME],
    ["(:100:)", "(<:100:>)"],
    [":100::100:", SAME],
  ],
  mentions: [
    ["hi @Bob, you", "hi <@>@Bob</@>, you"],
    ["@Priya Raman and @priya raman's", "<@>@Priya Raman</@> and <@>@priya raman</@>'s"],
    ["@Priya Ramanujan", "<@>@Priya</@> Ramanujan"],
    ["@Jose\u0301!", "<@>@Jose\u0301</@>!"],
    ["@JOS\u00c9", "<@>@JOS\u00c9</@>"],
    ["@O'Brien @Jean-Luc", "<@>@O'Brien</@> <@>@Jean-Luc</@>"],
    ["@unknown.name @日本", "<@>@unknown.name</@> <@>@日本</@>"],
    ["me@example.org a@Bob", SAME],
    ["@ Bob @@", SAME],
    ["`@Bob`", "<code>@Bob</code>"],
    ["```\n@Bob\n```", "<pre>@Bob</pre>"],
    ["(@Bob)", "(<@>@Bob</@>)"],
  ],
};

for (const [name, cases] of Object.entries(TABLES)) {
  test(name, () => {
    for (const [text, expected = text] of cases) assert.equal(written(parse(text, NAMES)), expected, JSON.stringify(text));
  });
}

test("there are enough cases", () => {
  assert.ok(Object.values(TABLES).flat().length >= 150);
});

test("nothing that is typed is lost but markers", () => {
  for (const [text] of Object.values(TABLES).flat()) {
    const letters = (it) => it.replace(/[^\p{L}\p{N}]/gu, "");
    const kept = letters(written(parse(text, NAMES)).replace(/<(\/?(ul|list|li|h|quote|em|strong|s|code|a|pre)( [^>]*)?|ol \d+)>/g, ""));
    if (!/^\s*\d+[.)] |```\w|\(https?:|~~~/m.test(text)) assert.equal(kept, letters(text), text);
  }
});

test("a text is read the same way for showing it, for calling people and for notifications", () => {
  const leaves = (inlines) => inlines.flatMap((it) => (it.children ? leaves(it.children) : [it]));
  const all = (blocks) => blocks.flatMap(({ inlines, kind, text, blocks: quoted = [], items = [] }) => (kind === "code" ? [{ kind, text }] : [...leaves(inlines ?? []), ...all(quoted), ...all(items.flat())]));
  for (const [text] of Object.values(TABLES).flat()) {
    const shown = all(parse(text, NAMES));
    for (const you of ["Bob", "Priya Raman", "José", "unknown.name"]) {
      const isCalled = shown.some((it) => it.kind === "mention" && it.text.normalize("NFC").toLowerCase() === `@${you.toLowerCase()}`);
      assert.equal(mentions(text, you, NAMES), isCalled, `${you} in ${text}`);
    }
    const words = (it) => it.replace(/\s+/g, "");
    assert.equal(words(plainText(text)), words(shown.map(({ kind, text: part }) => (kind === "shortcode" ? `:${part}:` : part)).join("")), text);
  }
});

test("code and links mention nobody", () => {
  for (const text of ["`@Bob`", "```\n@Bob\n```", "https://example.org/@Bob", "a@Bob", "@Bobby", "@Bob-Jones", "[x](https://example.org/@Bob)"]) {
    assert.equal(mentions(text, "Bob"), false, text);
  }
  for (const text of ["@Bob", "@bob!", "**@Bob**", "> @Bob", "- @Bob", "# @Bob", "@Bob's", "[@Bob](https://example.org/)"]) {
    assert.equal(mentions(text, "Bob"), true, text);
  }
  assert.equal(mentions("@Jose\u0301", "Jos\u00e9"), true, "in whatever form it was typed");
  assert.equal(mentions("@Priya Raman", "Priya", NAMES), false, "the longer name is meant");
  assert.equal(mentions("@Priya", "Priya Raman", NAMES), false);
  assert.equal(mentions("@", ""), false);
});

test("a notification has the text without its markup", () => {
  assert.equal(plainText("**Hi** _you_, see [this](https://example.org/)"), "Hi you, see this");
  assert.equal(plainText("> quoted\n- a\n- b\n```js\nlet x;\n```\n:tada:"), "quoted a b let x; :tada:");
});

test("what a message costs grows with its length alone", () => {
  const half = (unit, length) => unit.repeat(length / 2 / unit.length);
  const kinds = {
    "markers of all kinds in a row": (length) => half("*_", length) + half("_*", length),
    "links without a host": (length) => half("[a](http://", length) + half("(http://[b](", length),
    "spaces in a heading": (length) => `# a${half(" ", length)}b${half(" ", length)}c`,
    "more emphasis than is nested": (length) => half("*a **b ", length) + half("c** d* ", length),
  };
  for (const [kind, make] of Object.entries(kinds)) {
    const timeOf = (length) => {
      const text = make(length);
      // Time of the processor: that of the clock depends on what else the machine does.
      return Math.min(...[1, 2, 3, 4, 5].map(() => {
        const start = process.cpuUsage();
        parse(text);
        const { user, system } = process.cpuUsage(start);
        return (user + system) / 1000;
      }));
    };
    timeOf(1_000);
    // 16 times the length: 256 times the cost would be its square.
    assert.ok(timeOf(16_000) < 80 * Math.max(timeOf(1_000), 0.5), kind);
  }
});

test("deep and long markup is read quickly and ends", () => {
  const nested = (blocks) => Math.max(0, ...blocks.map(({ blocks: quoted = [], items = [] }) => 1 + Math.max(nested(quoted), nested(items.flat()))));
  for (const unit of ["*", "**a ", "*a **b ", "_", "`", "``a", "[", "[a](", "> ", "- ", "@", "@a ", ":", "https://", "~~", "*a", "<", "1. ", "(", "*(", "a* ", "*_", "a*_~~", "[a](http://", "# a ", "*a **b c** "]) {
    const text = unit.repeat(4000 / unit.length);
    assert.ok(nested(parse(text, NAMES)) <= 6, unit);
    assert.ok(nested(parse(`${text}\n`.repeat(2), NAMES)) <= 6, unit);
  }
});
