import assert from "node:assert/strict";
import { test } from "node:test";

import { highlight } from "../../web/text/highlight.js";

/** Writes a code with the first letter of its kinds. */
function written(code, language) {
  return highlight(code, language)
    ?.map(({ text, kind }) => (kind ? `[${kind[0]}${kind[1]}:${text}]` : text))
    .join("");
}

const CASES = [
  ["js", 'const a = await f("x\\"y", `b\n${c}`); // end', '[ke:const] a = [ke:await] [ca:f]([st:"x\\"y"], [st:`b\n${c}`]); [co:// end]'],
  ["TS", "/* x */ let n: number = 0xff;", "[co:/* x */] [ke:let] n: [ke:number] = [nu:0xff];"],
  ["js", "a.if + letter", "a.if + letter"],
  ["python", "def f(x):  # hi\n  '''a\n  b'''\n  return 'x'", "[ke:def] [ca:f](x):  [co:# hi]\n  [st:'''a\n  b''']\n  [ke:return] [st:'x']"],
  ["rust", "fn f<'a>(x: &'a str) { println!(\"{}\", 'x'); }", "[ke:fn] f<'a>(x: &'a [ke:str]) { [ca:println]!([st:\"{}\"], [st:'x']); }"],
  ["c", "#include <a.h>\nint n = 1;", "[ke:#include] <a.h>\n[ke:int] n = [nu:1];"],
  ["java", 'public final var s = """a\n"b"""; ', '[ke:public] [ke:final] [ke:var] s = [st:"""a\n"b"""]; '],
  ["go", "fmt.Println(`a\nb`, 1.5)", "fmt.[ca:Println]([st:`a\nb`], [nu:1.5])"],
  ["sh", "for f in *; do echo \"$f\" '#no' ${#f} # c\ndone", "[ke:for] f [ke:in] *; [ke:do] [ke:echo] [st:\"$f\"] [st:'#no'] [ca:${#f}] [co:# c]\n[ke:done]"],
  ["sql", "SELECT count(*) from t where a = 'it''s' -- c", "[ke:SELECT] [ca:count](*) [ke:from] t [ke:where] a = [st:'it''s'] [co:-- c]"],
  ["json", '{"a": [-2.5e3, true]}', '{[st:"a"]: [-[nu:2.5e3], [ke:true]]}'],
  ["html", '<a href="x">don\'t &amp;</a><!-- b -->', '[ke:<a] [ca:href]=[st:"x"][ke:>]don\'t [nu:&amp;][ke:</a][ke:>][co:<!-- b -->]'],
  ["css", ".a:hover { color: #fff; margin: 1.5rem }", ".a:hover { [ke:color]: [nu:#fff]; [ke:margin]: [nu:1.5rem] }"],
  ["yaml", "- name: \"x\" # c\n  n: 12", "- [ca:name]: [st:\"x\"] [co:# c]\n  [ca:n]: [nu:12]"],
  ["js", '"not ended\nlet x', '[st:"not ended]\n[ke:let] x'],
  ["js", "/* not ended", "[co:/* not ended]"],
];

test("code is coloured by its language", () => {
  for (const [language, code, expected] of CASES) assert.equal(written(code, language), expected, language);
});

test("a language that is not known has no colours", () => {
  for (const name of ["", "brainfuck", "constructor", "js;", "j"]) assert.equal(highlight("let x = 1;", name), null, name);
});

test("colours change no text, and cost what its length is", () => {
  const units = ['"', "/*", "a:", "a-", "a=", "1.", "0x", "#", " ", "$", "\\", "<", "<!--", "'", "`", "x", "\n", "é", "👍", '"\\', "${", "${a", "<a ", "a ", "--"];
  for (const language of new Set(CASES.map(([name]) => name))) {
    for (const unit of units) {
      const timeOf = (length) => {
        const code = unit.repeat(length / unit.length);
        const { user } = process.cpuUsage();
        const parts = highlight(code, language);
        const time = process.cpuUsage().user - user;
        assert.equal(parts.map(({ text }) => text).join(""), code);
        return time / 1000;
      };
      const few = timeOf(500);
      // 16 times the length: 256 times the cost would be its square.
      const isCheap = () => timeOf(8_000) < 80 * Math.max(few, 0.5);
      assert.ok(isCheap() || isCheap() || isCheap(), `${JSON.stringify(unit)} in ${language}`);
    }
  }
});
