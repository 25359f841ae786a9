// What is saved: the corrected document as LaTeX, by filling in the form that the program wrote, and as JSON.

/**
 * Makes `exporter(data, state)`: `tex()` and `json()`, strings of whole files.
 * `state(n)` tells of a slot: its `value`, whether it `differs` from what was read, whether it is in `doubt`, and of a
 * formula that differs its `tree`.
 */
function exporter(data, reader, state) {
  "use strict";
  const prose = data.prose;
  const special = new Map(Object.entries(prose.special));
  const meanings = new Map(Object.entries(prose.meanings));
  const known = new Set(prose.knownLetters);
  const ligatures = new RegExp(prose.ligatures, "g");

  // -- text: pipeline/prose_tex.py ------------------------------------------------------------------------------------

  const clean = (text) => text
    .replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, (char) => (/[\s\x1c-\x1f\x85]/.test(char) && char !== "\ufeff" ? " " : ""))
    .normalize("NFC").split(/\s+/).filter(Boolean).join(" ");

  const numbered = (char) => char.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
  const visible = (char) => `\\texttt{[U+${numbered(char)}]}\\allowbreak{}`;

  function escape(text) {
    const guarded = clean(text).replace(ligatures, "$1\0");
    return Array.from(guarded, (char) => {
      if (char === "\0") return "{}";
      return special.get(char) ?? (/[\p{Co}\p{Cn}\p{M}]/u.test(char) ? visible(char) : char);
    }).join("");
  }

  function declarations(source) {
    const foreign = [...new Set(source)].filter((char) => char > "\x7f" && !known.has(char));
    foreign.sort((one, other) => one.codePointAt(0) - other.codePointAt(0));
    const lines = foreign.map((char) => `\\declarechar{${numbered(char)}}{${meanings.get(char) ?? visible(char)}}\n`);
    return lines.length ? prose.declare + lines.join("") : "";
  }

  // -- LaTeX ----------------------------------------------------------------------------------------------------------

  /** What belongs between neighbours in a line, text or null for a formula: scanpage/document.py, `gap`. */
  function gap(left, right) {
    const closes = right !== null && prose.closes.some((sign) => right.trimStart().startsWith(sign));
    const opens = left !== null && prose.opens.some((sign) => left.trimEnd().endsWith(sign));
    return closes || opens ? "" : " ";
  }

  const isEmpty = (n) => data.slots[n].kind === "text" && !state(n).value.trim();

  function sourceOf(n) {
    const slot = data.slots[n];
    const { differs, tree } = state(n);
    return differs ? reader.source(tree) : slot.source;
  }

  const alignedOf = (n) => (state(n).differs ? reader.aligned(state(n).tree) : data.slots[n].aligned);
  const markOf = (n) => (state(n).doubt ? data.slots[n].mark : "");

  function formula(kind, n) {
    const source = sourceOf(n);
    if (source === null) return kind === "inline" ? data.slots[n].marker : `\\text{${data.slots[n].marker}}`;
    return kind === "inline" ? `${markOf(n)}$${source}$` : markOf(n) + source;
  }

  function alignedFormula(n) {
    const [left, right] = alignedOf(n);
    return `${markOf(n)}${left} &${right}`.trimStart();
  }

  function rows({ aligned, gathered, slots }) {
    const canAlign = slots.every((n) => sourceOf(n) !== null && alignedOf(n));
    const source = (canAlign ? aligned : gathered).map((part) => {
      if (typeof part === "string") return part;
      return canAlign ? alignedFormula(part.display) : formula("display", part.display);
    }).join("");
    // The first token of a row could be taken for an argument of the line break before it.
    return source.replace(/\n {2}(?=[[*])/g, "\n  {}");
  }

  /** The parts of the form without texts that were emptied, nor the lines that these leave empty. */
  function filled() {
    const parts = [];
    let lineIsGone = false;
    for (const part of data.form.parts) {
      if (part.text !== undefined && isEmpty(part.text)) {
        lineIsGone = typeof parts.at(-1) === "string" && parts.at(-1).endsWith("\n");
        continue;
      }
      parts.push(lineIsGone && typeof part === "string" ? part.replace(/^\n/, "") : part);
      lineIsGone = false;
    }
    return parts;
  }

  function body() {
    const parts = filled();
    const textOf = (part) => (part.text === undefined ? null : state(part.text).value);
    const isPiece = (part) => part?.text !== undefined || part?.inline !== undefined;
    const own = compounds();
    const source = parts.map((part, index) => {
      const [before, next] = [parts[index - 1], parts[index + 1]];
      if (typeof part === "string") return hyphen(part, before, next, own) ? `%${part}` : part;
      if (part.slots) return rows(part);
      if (part.display !== undefined) return formula("display", part.display);
      const blank = isPiece(before) ? gap(textOf(before), textOf(part)) : "";
      if (part.inline !== undefined) return blank + formula("inline", part.inline);
      const words = escape(textOf(part));
      return blank + (hyphen(next, part, parts[index + 2], own) === "undone" ? words.replace(/-$/, "") : words);
    });
    return source.join("").replace(/\\noindent\n(?=\n)/g, "");
  }

  /** Words with a hyphen within a line, by two parts and in small letters: scanpage/document.py. */
  function compounds() {
    const texts = data.slots.map((slot, n) => (slot.kind === "text" ? state(n).value.replace(/\s+/g, " ") : ""));
    const found = texts.flatMap((text) => [...text.matchAll(/(?<!\p{L})(?=(\p{L}+-\p{L}+))/gu)]);
    return new Set(found.map((match) => match[1].toLowerCase()));
  }

  /** What becomes of a hyphen where a line ends between two texts, null where there is none: scanpage/document.py. */
  function hyphen(end, before, next, own) {
    if (end !== "\n" || before?.text === undefined || next?.text === undefined) return null;
    const [, first] = /(?<![\p{L}\p{N}])([\p{L}\p{N}]+)-\s*$/u.exec(state(before.text).value) ?? [];
    const [, second] = /^\s*([\p{L}\p{N}]+)/u.exec(state(next.text).value) ?? [];
    if (!first || !second) return null;
    const inCapitals = (word) => /\p{Uppercase}/u.test(word) && !/\p{Lowercase}/u.test(word);
    const isOneCase = /^\p{Lowercase}/u.test(second) || (inCapitals(first) && inCapitals(second));
    const isDivided = /.\p{L}$/u.test(first) && isOneCase;
    return isDivided && !own.has(`${first}-${second}`.toLowerCase()) ? "undone" : "kept";
  }

  function tex() {
    const source = body();
    const toCheck = data.slots.some((slot, n) => slot.kind === "formula" && slot.mark && state(n).doubt);
    return data.form.head + (toCheck ? prose.toCheck : "") + declarations(source) + source;
  }

  // -- JSON -----------------------------------------------------------------------------------------------------------

  function json() {
    const result = structuredClone(data.document);
    data.slots.forEach((slot, n) => {
      const { value, differs, doubt, tree } = state(n);
      const holder = slot.path.slice(0, -1).reduce((inner, key) => inner[key], result);
      const piece = holder[slot.path.at(-1)];
      if (slot.kind === "text") {
        if (differs) piece.text = value.replace(/\s+/g, " ");
        return;
      }
      if (differs) piece.latex = reader.tokens(tree);
      // What a person has read is certain.
      if (differs || (piece.check && !doubt)) Object.assign(piece, { score: 1, check: false });
    });
    for (const page of result.pages) page.blocks = page.blocks.map(withText).filter(Boolean);
    return `${JSON.stringify(result, null, 1)}\n`;
  }

  /** A block whose lines tell their text anew; null where nothing is left of it. */
  function withText(block) {
    if (!block.lines) return block;
    const lines = block.lines.map((line) => {
      const pieces = line.pieces.filter((piece) => piece.text === undefined || piece.text.trim());
      const words = pieces.map((piece) => piece.text ?? null);
      const text = pieces.map((piece, index) =>
        (index ? gap(words[index - 1], words[index]) : "") + (piece.text ?? `$${piece.latex}$`)).join("");
      return { ...line, text, pieces };
    }).filter((line) => line.pieces.length);
    return lines.length ? { ...block, lines } : null;
  }

  return { tex, json };
}
