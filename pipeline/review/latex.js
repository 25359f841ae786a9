// Formulas: from LaTeX as typed to a tree, and from there to tidy LaTeX and to MathML.
// What the label language knows stands in `language`, which comes from the program's own tables.

/** What is wrong with a formula, to be shown to the person who typed it. */
class LatexError extends Error {}

/** Makes `latexReader(language)`: `parse(latex)`, `source(tree)`, `aligned(tree)`, `tokens(tree)`, `mathml(tree, display)`. */
function latexReader(language) {
  "use strict";
  const MOST_DEPTH = 40;
  const TOKEN = /\\(?:begin|end)\s*\{\s*[a-zA-Z]+\*?\s*\}|\\operatorname\s*\*|\\[a-zA-Z]+|\\[^]|\s+|[^]/gu;
  const sets = {};
  for (const name of ["accentsBelow", "hats", "capitalGreek", "neverBold", "twoArguments", "delimiters", "text",
    "unseen", "raisingDots", "relations", "alignedAt", "binary", "plusMinus", "beforeSign", "limitFunctions",
    "bigOperators"]) {
    sets[name] = new Set(language[name]);
  }
  // Tables are looked up by what was typed: without a prototype, `constructor` is no entry of theirs.
  const table = (name) => new Map(Object.entries(language[name]));
  const signs = table("signs"), functions = table("functions"), accents = table("accents");
  const alphabets = table("alphabets"), environments = table("environments"), fenced = table("fenced");
  const mostColumns = table("mostColumns"), synonyms = table("synonyms"), negated = table("negated");
  const typed = new Map([...signs].filter(([token]) => token.startsWith("\\")).map(([token, [sign]]) => [sign, token]));

  // -- tokens ---------------------------------------------------------------------------------------------------------

  function tokenize(latex) {
    const wrapped = /^\s*(?:\$\$([^]*)\$\$|\$([^]*)\$|\\\(([^]*)\\\)|\\\[([^]*)\\\])\s*$/.exec(latex);
    const inner = wrapped ? wrapped.slice(1).find((part) => part !== undefined) : latex;
    return (inner.match(TOKEN) ?? []).map(canonical);
  }

  function canonical(token) {
    if (/^\s/.test(token)) return " ";
    const whole = token.length > 2 ? token.replace(/\s+/g, "") : token;
    const name = /^[^\x00-\x7f]$/u.test(whole) ? typed.get(whole) ?? whole : whole;
    return synonyms.get(name) ?? name;
  }

  // -- the tree -------------------------------------------------------------------------------------------------------
  // {kind: "sign", token} | {kind: "group", body} | {kind: "scripts", base, sub, sup} | {kind: "words", token, text}
  // | {kind: "command", token, index, body: [list …]} | {kind: "fenced", open, close, body} | {kind: "table", name, rows}

  function parse(latex) {
    const tokens = tokenize(latex);
    let at = 0, depth = 0, repeats = 0;

    const fail = (message) => { throw new LatexError(message); };
    const blank = () => { while (tokens[at] === " " || sets.unseen.has(tokens[at])) at += 1; };
    const peek = () => { blank(); return tokens[at] ?? ""; };
    const accept = (token) => (peek() === token ? (at += 1, true) : false);
    const expect = (token, message) => accept(token) || fail(message);
    const closes = (token) => ["", "}", "\\right", "&", "\\\\"].includes(token) || token.startsWith("\\end{");

    function sequence(stop) {
      depth += 1;
      if (depth > MOST_DEPTH) fail("nested too deeply");
      const body = [];
      for (let token = peek(); !closes(token) && token !== stop; token = peek()) {
        if (token === "^" || token === "_" || token === "'") script(body);
        else body.push(...unit());
      }
      depth -= 1;
      return body;
    }

    function script(body) {
      const sign = tokens[at++];
      let last = body.at(-1);
      if (last?.kind !== "scripts") {
        last = { kind: "scripts", base: body.pop() ?? null, sub: null, sup: null };
        body.push(last);
      }
      if (sign === "'") {
        (last.sup ??= []).push({ kind: "sign", token: "\\prime" });
        return;
      }
      const name = sign === "_" ? "sub" : "sup";
      const primes = name === "sup" && last.sup?.every((node) => node.token === "\\prime") ? last.sup : null;
      if (last[name] && !primes) fail(`two ${sign === "_" ? "sub" : "super"}scripts on one sign: put braces around it`);
      const content = argument(sign);
      if (!hasInk(content)) fail(`nothing behind ${sign}`);
      last[name] = [...(primes ?? []), ...content];
    }

    function argument(name) {
      const token = peek();
      if (token === "{") {
        at += 1;
        const body = sequence();
        expect("}", "a brace { is not closed");
        return body;
      }
      if (closes(token) || token === "^" || token === "_") fail(`${name} lacks what belongs behind it`);
      depth += 1;
      if (depth > MOST_DEPTH) fail("nested too deeply");
      const body = unit();
      depth -= 1;
      return body;
    }

    // LaTeX sets some arguments several times over: in deep nests its time runs out.
    function repeated(name) {
      repeats += 1;
      if (repeats > language.mostRepeats) fail("accents, roots or what stands over others nested too deeply");
      const body = argument(name);
      repeats -= 1;
      return body;
    }

    function unit() {
      const token = tokens[at++];
      if (signs.has(token) || functions.has(token) || token === "~" || token === "\\quad") return [{ kind: "sign", token }];
      if (token === "{") return group();
      if (token === "\\sqrt") return [root()];
      if (accents.has(token)) return [accent(token)];
      if (alphabets.has(token)) return alphabet(token);
      if (sets.twoArguments.has(token)) return [two(token)];
      if (sets.text.has(token) || token === "\\textbf") return words(token === "\\textbf" ? "\\mathbf" : "\\mathrm");
      if (token === "\\left") return [pair()];
      if (token === "\\middle") return [{ kind: "sign", token: delimiter("\\middle") }];
      if (token === "\\not") return [negation()];
      if (token === "\\dots") return [{ kind: "sign", token: sets.raisingDots.has(peek()) ? "\\cdots" : "\\ldots" }];
      if (token === "\\pmod") {
        const body = argument(token);
        return [{ kind: "sign", token: "(" }, { kind: "sign", token: "\\bmod" }, ...body, { kind: "sign", token: ")" }];
      }
      if (token.startsWith("\\begin{")) return [environment(token.slice(7, -1))];
      return fail(`${token} is not known here`);
    }

    function group() {
      const body = sequence();
      expect("}", "a brace { is not closed");
      const next = peek();
      const scripted = next === "^" || next === "_" || next === "'";
      return scripted && (body.length > 1 || body[0]?.kind === "scripts" || !body.length)
        ? [{ kind: "group", body }] : body;
    }

    function root() {
      let index = null;
      if (accept("[")) {
        index = sequence("]");
        expect("]", "the bracket behind \\sqrt is not closed");
      }
      const body = index ? repeated("\\sqrt") : argument("\\sqrt");
      return { kind: "command", token: "\\sqrt", index, body: [body] };
    }

    function accent(token) {
      if (token === "\\xrightarrow" && accept("[")) {
        const under = sequence("]");
        expect("]", "the bracket behind \\xrightarrow is not closed");
        const arrow = { kind: "command", token, body: [repeated(token)] };
        return under.length ? { kind: "command", token: "\\underset", body: [under, [arrow]] } : arrow;
      }
      const body = repeated(token);
      if (!hasInk(body) && token !== "\\xrightarrow") fail(`${token} over nothing`);
      const hats = flat(body).filter((inner) => sets.hats.has(inner)).length;
      const lone = body.length === 1 && sets.hats.has(body[0].token);
      if (sets.hats.has(token) && hats && !lone) fail(`${token} over more than one accent: take its wide form`);
      return { kind: "command", token, body: [body] };
    }

    function alphabet(token) {
      const accented = accents.has(peek());
      const body = argument(token);
      if (token === "\\boldsymbol" && accented) return body; // bold is only the accent then
      if (!body.length) return [];
      for (const node of body) {
        const sign = (node.kind === "scripts" ? node.base : node)?.token;
        if (isMissing(sign, token)) fail(`${token} has no ${sign}`);
      }
      if (token === "\\boldsymbol" && flat(body).some((sign) => sets.neverBold.has(sign))) {
        fail("\\boldsymbol goes around single signs only");
      }
      return [{ kind: "command", token, body: [body] }];
    }

    /** Whether the font of an alphabet has another sign in the place of this one: scanpage/latex_atoms.py. */
    function isMissing(sign, alphabet) {
      if (!signs.has(sign) && !functions.has(sign)) return false;
      if (sets.capitalGreek.has(sign)) return !["\\mathrm", "\\mathbf", "\\boldsymbol"].includes(alphabet);
      if (alphabet === "\\mathbb") return /[a-z]/.test(sign) && !/[A-Z]/.test(sign);
      return /^[0-9]$/.test(sign) && ["\\mathcal", "\\mathfrak"].includes(alphabet);
    }

    function two(token) {
      if (peek() === "[") fail(`${token} takes no option`);
      const over = token === "\\overset" || token === "\\underset";
      const first = argument(token);
      return { kind: "command", token, body: [first, over ? repeated(token) : argument(token)] };
    }

    // Words: blanks count, and only letters, digits and the signs of prose may stand in them.
    function words(token) {
      expect("{", "text wants braces: \\text{…}");
      const body = [];
      for (let next = tokens[at]; next !== "}"; next = tokens[at]) {
        if (next === undefined) fail("a brace { is not closed");
        at += 1;
        if ([" ", "\\ ", "~"].includes(next)) body.push({ kind: "sign", token: "~" });
        else if (signs.has(next)) body.push({ kind: "sign", token: next });
        else fail(`${next} cannot stand in text`);
      }
      at += 1;
      return body.length ? [{ kind: "command", token, body: [body] }] : [];
    }

    function delimiter(name) {
      const pointed = { "<": "\\langle", ">": "\\rangle" };
      const token = pointed[peek()] ?? peek();
      if (token !== "." && !sets.delimiters.has(token)) fail(`${token || "nothing"} behind ${name} is no delimiter`);
      at += 1;
      return token;
    }

    function pair() {
      const open = delimiter("\\left");
      const body = sequence();
      expect("\\right", "\\left without \\right");
      return { kind: "fenced", open, close: delimiter("\\right"), body };
    }

    function negation() {
      const body = argument("\\not");
      const other = body.length === 1 ? negated.get(body[0].token) : undefined;
      return other ? { kind: "sign", token: other } : fail("\\not stands before a sign that has no negated form");
    }

    function environment(name) {
      const kind = environments.get(name) ?? environments.get(name.replace(/\*$/, ""));
      if (!kind) fail(`\\begin{${name}} is not known here`);
      if (name === "array") columns();
      const rows = rowsUntilEnd(name, kind);
      expect(`\\end{${name}}`, `\\begin{${name}} without \\end{${name}}`);
      const result = { kind: "table", name: kind, rows };
      const fence = fenced.get(name);
      return fence ? { kind: "fenced", open: fence[0], close: fence[1], body: [result] } : result;
    }

    function columns() {
      expect("{", "array wants its columns: \\begin{array}{cc}");
      while (!accept("}")) {
        if (!["l", "c", "r"].includes(peek())) fail("the columns of an array are l, c or r here");
        at += 1;
      }
    }

    function rowsUntilEnd(name, kind) {
      const rows = [[]];
      for (;;) {
        rows.at(-1).push(sequence());
        if (accept("\\\\")) rows.push([]);
        else if (!accept("&")) break;
      }
      for (const row of rows) while (row.length && !row.at(-1).length) row.pop();
      while (rows.length && !rows.at(-1).length) rows.pop();
      const most = mostColumns.get(kind);
      if (most && rows.some((row) => row.length > most)) fail(`${name} has more than ${most} columns`);
      if (!rows.length) fail(`${name} is empty`);
      return rows;
    }

    if (!peek()) fail("nothing is left to read");
    const rows = rowsUntilEnd("the formula", "aligned");
    if (at < tokens.length) fail(tokens[at] === "}" ? "a brace } closes nothing" : `${tokens[at]} closes nothing`);
    if (!rows.flat().some(hasInk)) fail("nothing is left to read");
    return rows.length > 1 ? [{ kind: "table", name: "aligned", rows }] : rows[0].flat();
  }

  // -- LaTeX ----------------------------------------------------------------------------------------------------------

  const flat = (body) => body.flatMap(tokensOf);
  const hasInk = (body) => flat(body).some((token) => !["~", "{", "}"].includes(token));

  function tokensOf(node) {
    const braced = (body) => ["{", ...flat(body), "}"];
    switch (node.kind) {
      case "sign": return [node.token];
      case "group": return braced(node.body);
      case "scripts": return [
        ...(node.base ? tokensOf(node.base) : ["{", "}"]),
        ...(node.sub ? ["_", ...braced(node.sub)] : []),
        ...(node.sup ? ["^", ...braced(node.sup)] : []),
      ];
      case "fenced": return ["\\left", node.open, ...flat(node.body), "\\right", node.close];
      case "table": return [`\\begin{${node.name}}`, ...rowsOf(node.rows), `\\end{${node.name}}`];
      default: return [node.token, ...indexOf(node.index), ...node.body.flatMap(braced)];
    }
  }

  function rowsOf(rows) {
    return rows.flatMap((row, r) => [
      ...(r ? ["\\\\"] : []), ...row.flatMap((cell, c) => [...(c ? ["&"] : []), ...flat(cell)]),
    ]);
  }

  function indexOf(index) {
    if (!index?.length) return [];
    const tokens = flat(index);
    return tokens.includes("]") ? ["[", "{", ...tokens, "}", "]"] : ["[", ...tokens, "]"];
  }

  /** Tokens as readable source, with the blanks that the program sets: pipeline/formula_tex.py, `tidy`. */
  function tidy(tokens) {
    let source = "", previous = "", isSign = false;
    for (const token of tokens) {
      const wasSign = isSign;
      isSign = sets.plusMinus.has(token) && (sets.beforeSign.has(previous) || sets.relations.has(previous));
      const opensRow = previous === "\\\\" || previous.startsWith("\\begin{");
      if (opensRow && (token === "[" || token === "*")) source += " {}";
      else if (mustPart(previous, token) || (!wasSign && looksBetterApart(previous, token, isSign))) source += " ";
      source += token;
      previous = token;
    }
    // The blackboard bold of amssymb has no digits.
    return source.replace(/\\mathbb\{(\d)\}/g, "\\mathbf{$1}");
  }

  const mustPart = (previous, token) => /^\\[A-Za-z]+\*?$/.test(previous) && /^[A-Za-z0-9*]/.test(token);

  function looksBetterApart(previous, token, isSign) {
    const any = (set) => set.has(previous) || set.has(token);
    if (!previous || (isSign && (previous === "(" || previous === "["))) return false;
    if (any(new Set(["^", "_", "{", "}"])) && !any(sets.relations)) return previous === "}" && sets.binary.has(token);
    return any(sets.relations) || any(sets.binary) || any(new Set(["\\\\", "&"])) || previous === ",";
  }

  /** The two halves of a formula before and from its first relation outside all groups, or null. */
  function aligned(tree) {
    const tokens = flat(tree);
    let depth = 0;
    for (const [index, token] of tokens.entries()) {
      if (token === "}" || token === "\\right" || token.startsWith("\\end{")) depth -= 1;
      if (depth === 0 && sets.alignedAt.has(token)) return [tidy(tokens.slice(0, index)), tidy(tokens.slice(index))];
      if (token === "{" || token === "\\left" || token.startsWith("\\begin{")) depth += 1;
    }
    return null;
  }

  // -- MathML ---------------------------------------------------------------------------------------------------------

  function element(name, children = [], attributes = {}) {
    const result = document.createElementNS("http://www.w3.org/1998/Math/MathML", name);
    for (const [key, value] of Object.entries(attributes)) result.setAttribute(key, value);
    result.append(...children);
    return result;
  }

  /** Elements of a sequence; a plus or minus that stands for no operation keeps close to what follows it. */
  function drawAll(body, style) {
    return body.map((node, index) => {
      const result = draw(node, style);
      const previous = body[index - 1]?.token ?? (index ? null : "");
      if (sets.plusMinus.has(node.token) && (sets.beforeSign.has(previous) || sets.relations.has(previous))) {
        result.setAttribute("form", "prefix");
      }
      return result;
    });
  }

  function row(body, style) {
    const children = drawAll(body, style);
    return children.length === 1 ? children[0] : element("mrow", children);
  }

  function draw(node, style) {
    switch (node.kind) {
      case "sign": return sign(node.token, style);
      case "group": return row(node.body, style);
      case "scripts": return scripts(node, style);
      case "fenced": return element("mrow", [
        fence(node.open, "prefix"), row(node.body, style), fence(node.close, "postfix"),
      ]);
      case "table": return tableElement(node, style);
      default: return command(node, style);
    }
  }

  const fence = (token, form) =>
    element("mo", [token === "." ? "" : signs.get(token)[0]], { fence: "true", stretchy: "true", form });

  function sign(token, style) {
    if (token === "~") return element("mspace", [], { width: "0.33em" });
    if (token === "\\quad") return element("mspace", [], { width: "1em" });
    const name = functions.get(token);
    if (name !== undefined) {
      const sides = { lspace: "0.17em", rspace: "0.17em" };
      return element("mo", [name], sets.limitFunctions.has(token) ? { ...sides, movablelimits: "true" } : sides);
    }
    const [char, kind] = signs.get(token);
    switch (kind) {
      case "digit": return element("mn", [char], look(style));
      case "variable": return letter(char, style);
      case "upright": return element("mi", [char], { mathvariant: "normal", ...look(style) });
      case "big": return element("mo", [char], { largeop: "true", movablelimits: "true" });
      case "integral": return element("mo", [char], { largeop: "true" });
      case "delimiter": return element("mo", [char], { stretchy: "false", lspace: "0", rspace: "0", ...look(style) });
      default: return element("mo", [char], { stretchy: "false", ...look(style) });
    }
  }

  function letter(char, style) {
    const other = style && alphabets.get(style)?.[char];
    if (other) return element("mi", [other], { mathvariant: "normal" });
    const slanted = !style || style === "\\boldsymbol";
    return element("mi", [char], { ...(slanted ? {} : { mathvariant: "normal" }), ...look(style) });
  }

  function look(style) {
    const name = { "\\mathbf": "bold", "\\boldsymbol": "bold", "\\mathsf": "sans", "\\mathtt": "mono", "\\mathbb": "bold" };
    return style && name[style] ? { class: name[style] } : {};
  }

  function scripts({ base, sub, sup }, style) {
    const children = [base ? draw(base, style) : element("mrow")];
    if (sub) children.push(row(sub, style));
    if (sup) children.push(row(sup, style));
    const token = base?.token;
    const stacked = sets.limitFunctions.has(token) || token === "\\underbrace" || token === "\\overbrace" ||
      signs.get(token)?.[1] === "big";
    const names = stacked ? ["munder", "mover", "munderover"] : ["msub", "msup", "msubsup"];
    return element(names[sub && sup ? 2 : sup ? 1 : 0], children);
  }

  function command({ token, index, body }, style) {
    if (alphabets.has(token)) return row(body[0], token);
    const parts = body.map((part) => element("mrow", drawAll(part, style)));
    if (token === "\\sqrt") {
      return index?.length ? element("mroot", [parts[0], row(index, style)]) : element("msqrt", parts);
    }
    if (token === "\\frac") return element("mfrac", parts);
    if (token === "\\binom") {
      const stack = element("mfrac", parts, { linethickness: "0" });
      return element("mrow", [fence("(", "prefix"), stack, fence(")", "postfix")]);
    }
    if (token === "\\overset") return element("mover", [parts[1], parts[0]]);
    if (token === "\\underset") return element("munder", [parts[1], parts[0]]);
    return accentElement(token, parts[0]);
  }

  function accentElement(token, body) {
    const lines = { "\\overline": "overline", "\\underline": "underline", "\\boxed": "boxed" };
    if (lines[token]) {
      body.setAttribute("class", lines[token]);
      return body;
    }
    const stretchy = !sets.hats.has(token);
    const mark = element("mo", [accents.get(token)], { stretchy: String(stretchy) });
    if (token === "\\xrightarrow") {
      const side = () => element("mspace", [], { width: "0.5em" });
      return element("mover", [mark, element("mrow", [side(), body, side()])]);
    }
    return sets.accentsBelow.has(token)
      ? element("munder", [body, mark], { accentunder: "true" })
      : element("mover", [body, mark], { accent: "true" });
  }

  function tableElement({ name, rows }, style) {
    const columns = Math.max(...rows.map((cells) => cells.length));
    const lines = rows.map((cells) => element("mtr", Array.from({ length: columns }, (_, c) =>
      element("mtd", drawAll(cells[c] ?? [], style)))));
    const result = element("mtable", lines, { class: name, ...(name === "aligned" ? { displaystyle: "true" } : {}) });
    return name === "cases" ? element("mrow", [fence("\\{", "prefix"), result]) : result;
  }

  function mathml(tree, display) {
    return element("math", drawAll(tree), display ? { display: "block", displaystyle: "true" } : {});
  }

  return {
    parse,
    mathml,
    aligned,
    tokens: (tree) => flat(tree).join(" "),
    source: (tree) => tidy(flat(tree)),
  };
}
