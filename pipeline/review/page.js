// The review page: boxes on the pages, a card for each reading, and what a person does with them.

(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const reader = latexReader(data.language);
  const storageKey = `scanpage-review-${data.fingerprint}`;
  const byId = (id) => document.getElementById(id);

  function make(name, properties = {}, ...children) {
    const result = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
      if (key in result) result[key] = value;
      else result.setAttribute(key, value);
    }
    result.append(...children);
    return result;
  }

  // -- what a person has changed --------------------------------------------------------------------------------------

  const original = data.slots.map((slot) => slot.content);
  const changes = load();

  function load() {
    try {
      return new Map(Object.entries(JSON.parse(localStorage.getItem(storageKey)) ?? {}).map(([n, change]) => [+n, change]));
    } catch {
      return new Map(); // nothing was stored, or nothing can be
    }
  }

  function store() {
    try {
      localStorage.setItem(storageKey, JSON.stringify(Object.fromEntries(changes)));
    } catch {
      // Without storage, changes last as long as the page is open.
    }
  }

  function change(n, values) {
    const changed = { value: original[n], accepted: false, ...changes.get(n), ...values };
    if (changed.value === original[n] && !changed.accepted) changes.delete(n);
    else changes.set(n, changed);
    store();
  }

  /** The tree of a formula, or its error. */
  function parsed(latex) {
    try {
      return { tree: reader.parse(latex) };
    } catch (error) {
      if (!(error instanceof LatexError)) throw error;
      return { error: error.message };
    }
  }

  function state(n) {
    const slot = data.slots[n];
    const { value = original[n], accepted = false } = changes.get(n) ?? {};
    const differs = value !== original[n];
    if (slot.kind === "text") return { value, differs, doubt: false };
    const unread = slot.source === null;
    const outcome = differs ? parsed(value) : {};
    const doubt = differs ? outcome.error !== undefined : unread || (slot.check && !accepted);
    return { value, differs, accepted, doubt, ...outcome };
  }

  // -- places on the pages --------------------------------------------------------------------------------------------

  const cards = []; // {slot or line, element, box, canvas, page, place, doubtful()}
  const cardOfSlot = new Map();
  let current = null;

  function addBox(card, label) {
    const overlay = byId(`page-${card.page}`)?.querySelector(".boxes");
    if (!overlay) return;
    const [x0, y0, x1, y1] = card.place.map((share) => 100 * share);
    const gap = card.kind === "prose" ? 0 : 3; // pixels between the ink and the frame
    const box = make("button", { type: "button", className: `box ${card.kind}`, tabIndex: -1, "aria-label": label });
    Object.assign(box.style, {
      left: `calc(${x0}% - ${gap}px)`, top: `calc(${y0}% - ${gap}px)`,
      width: `calc(${x1 - x0}% + ${2 * gap}px)`, height: `calc(${y1 - y0}% + ${2 * gap}px)`,
    });
    if (card.number) box.append(make("span", { className: "badge" }, String(card.number)));
    box.addEventListener("click", () => select(card, { scrollPage: false }));
    card.box = box;
    overlay.append(box);
  }

  const pictureOf = (card) => byId(`page-${card.page}`)?.querySelector("img");

  /** The place of a card in the picture of its page, with some of what stands around it: left, top, width, height. */
  function cropOf(card) {
    const picture = pictureOf(card);
    const [x0, y0, x1, y1] = card.place;
    const [width, height] = ["width", "height"].map((name) => +picture.getAttribute(name));
    const around = Math.max(6, 0.2 * (y1 - y0) * height);
    const left = Math.max(0, x0 * width - around), top = Math.max(0, y0 * height - around);
    const right = Math.min(width, x1 * width + around), bottom = Math.min(height, y1 * height + around);
    return [left, top, Math.max(1, Math.round(right - left)), Math.max(1, Math.round(bottom - top))];
  }

  /** Gives a crop its room, so that nothing moves when it is drawn. */
  function makeRoom(card) {
    const [, , width, height] = cropOf(card);
    Object.assign(card.canvas.style, { width: `${Math.round(1.25 * width)}px`, aspectRatio: `${width} / ${height}` });
  }

  function drawCrop(card) {
    const [left, top, width, height] = cropOf(card);
    Object.assign(card.canvas, { width, height });
    card.canvas.getContext("2d").drawImage(pictureOf(card), left, top, width, height, 0, 0, width, height);
  }

  // Crops are cut as their cards come into view: a long document has thousands.
  const watcher = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      watcher.unobserve(target);
      const card = cards[target.dataset.card];
      pictureOf(card)?.decode().then(() => drawCrop(card), () => {});
    }
  }, { rootMargin: "600px" });

  // -- cards ----------------------------------------------------------------------------------------------------------

  function addCard(card, label, heading) {
    card.canvas = make("canvas", { width: 1, height: 1 });
    const crop = make("button", { type: "button", className: "crop", "aria-label": `Show ${label} on the page` }, card.canvas);
    crop.addEventListener("click", () => select(card, {}));
    card.element = make("li", { className: `card ${card.kind}`, id: `reading-${cards.length}`, tabIndex: -1 },
      make("div", { className: "heading" }, ...heading), crop);
    card.element.dataset.card = cards.length;
    card.element.addEventListener("focusin", () => select(card, { scrollCard: false }));
    cards.push(card);
    addBox(card, label);
    if (pictureOf(card)) makeRoom(card);
    watcher.observe(card.element);
  }

  const percent = (share) => `${Math.round(100 * share)} %`;

  function formulaCard(n, number) {
    const slot = data.slots[n];
    const label = `formula ${number}`;
    const card = { kind: slot.inline ? "inline" : "isolated", n, number, page: slot.page, place: slot.place };
    const chip = make("span", { className: "state" });
    addCard(card, label, [
      make("span", { className: "number" }, String(number)),
      make("span", { className: "about" }, `${slot.inline ? "inline" : "displayed"}, page ${slot.page + 1}`),
      make("span", { className: "score", title: "The chance that all of it is right" }, `${percent(slot.score)} sure`),
      chip,
    ]);
    const rendering = make("div", { className: "rendering" });
    const area = make("textarea", {
      id: `latex-${n}`, rows: 1, spellcheck: false, autocapitalize: "off", autocomplete: "off", value: state(n).value,
      "aria-describedby": `error-${n}`,
    });
    const error = make("p", { className: "error", id: `error-${n}`, role: "status" });
    const accept = make("button", { type: "button", className: "accept" }, "Accept");
    const undo = make("button", { type: "button", className: "undo" }, "As read");
    const others = slot.alternatives.map((latex, index) => {
      const button = make("button", { type: "button", className: "other", title: latex, "aria-label": `Take another reading: ${latex}` });
      const { tree } = parsed(latex);
      button.append(tree ? reader.mathml(tree, false) : latex);
      button.addEventListener("click", () => set(latex));
      return button;
    });
    card.element.append(
      rendering,
      make("label", { className: "unseen", htmlFor: area.id }, `LaTeX of ${label}`), area, error,
      make("div", { className: "actions" }, accept, undo, ...others),
    );

    const set = (value) => {
      area.value = value;
      change(n, { value });
      update();
    };
    const update = () => {
      const { value, differs, accepted, doubt, error: problem, tree } = state(n);
      const drawn = differs ? { tree, error: problem } : parsed(value);
      const message = drawn.error ?? (slot.source === null && !differs ? "not read" : null);
      rendering.replaceChildren(drawn.tree ? reader.mathml(drawn.tree, !slot.inline) : "");
      rendering.hidden = !drawn.tree;
      error.textContent = message === null ? "" : message;
      error.hidden = message === null;
      area.setAttribute("aria-invalid", String(Boolean(drawn.error)));
      const name = doubt ? "doubtful" : differs ? "edited" : accepted ? "accepted" : "";
      chip.textContent = name === "doubtful" ? (message === null ? "check" : "mend") : name;
      for (const element of [card.element, card.box]) {
        for (const each of ["doubtful", "edited", "accepted"]) element?.classList.toggle(each, each === name);
      }
      accept.disabled = !doubt || message !== null;
      undo.disabled = !differs && !accepted;
      card.doubtful = doubt;
      cardOfSlot.get(n).chips?.forEach((show) => show());
      tellLeft();
    };
    card.accept = () => {
      if (!accept.disabled) change(n, { accepted: true });
      update();
    };
    card.edit = () => area.focus();
    area.addEventListener("input", () => { change(n, { value: area.value }); update(); });
    accept.addEventListener("click", () => { card.accept(); step(1); });
    undo.addEventListener("click", () => { change(n, { accepted: false }); set(original[n]); });
    card.update = update;
    cardOfSlot.set(n, card);
    return card;
  }

  function lineCard(slots) {
    const first = data.slots[slots[0]];
    const card = { kind: "prose", page: first.page, place: first.linePlace };
    const label = `a line of text on page ${first.page + 1}`;
    addCard(card, label, [make("span", { className: "about" }, `text, page ${first.page + 1}`)]);
    const pieces = slots.map((n) => (data.slots[n].kind === "text" ? textArea(n, card) : chip(n)));
    card.element.append(make("div", { className: "line" }, ...pieces));
    card.edit = () => card.element.querySelector("textarea").focus();
    card.doubtful = false;
    return card;
  }

  function textArea(n, card) {
    const area = make("textarea", { rows: 1, value: state(n).value, "aria-label": "Text", className: "text" });
    const mark = () => {
      area.classList.toggle("edited", state(n).differs);
      card.element.classList.toggle("edited", card.element.querySelector(".text.edited") !== null);
    };
    area.addEventListener("input", () => { change(n, { value: area.value }); mark(); });
    queueMicrotask(mark);
    return area;
  }

  /** An inline formula within its line, which leads to its card. */
  function chip(n) {
    const button = make("button", { type: "button", className: "chip" });
    const show = () => {
      const { tree } = parsed(state(n).value);
      button.replaceChildren(tree ? reader.mathml(tree, false) : state(n).value || "not read");
      button.classList.toggle("doubtful", state(n).doubt);
      button.setAttribute("aria-label", `Formula ${cardOfSlot.get(n).number} in this line: ${state(n).value}`);
    };
    button.addEventListener("click", () => select(cardOfSlot.get(n), {}));
    queueMicrotask(() => {
      (cardOfSlot.get(n).chips ??= []).push(show);
      show();
    });
    return button;
  }

  // -- moving about ---------------------------------------------------------------------------------------------------

  function select(card, { scrollCard = true, scrollPage = true }) {
    if (current !== card) {
      for (const element of [current?.element, current?.box]) element?.classList.remove("current");
      current?.element.removeAttribute("aria-current");
      current = card;
      for (const element of [card.element, card.box]) element?.classList.add("current");
      card.element.setAttribute("aria-current", "true");
    }
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
    if (scrollCard) {
      scrollWithin(document.querySelector(".readings"), card.element, calm);
      if (!card.element.contains(document.activeElement)) card.element.focus({ preventScroll: true });
    }
    if (scrollPage && card.box) scrollWithin(byId("pages"), card.box, calm);
  }

  /** Brings an element to the middle of the pane it is in, without moving anything else. */
  function scrollWithin(pane, element, behavior) {
    const [outer, inner] = [pane.getBoundingClientRect(), element.getBoundingClientRect()];
    pane.scrollBy({
      top: inner.top + inner.height / 2 - outer.top - outer.height / 2,
      left: inner.left + inner.width / 2 - outer.left - outer.width / 2,
      behavior,
    });
  }

  const inOrder = () => [...byId("readings").children].map((element) => cards[element.dataset.card]).filter(Boolean);

  /** To the next doubtful reading, or the one before. */
  function step(way) {
    const order = inOrder();
    const from = current ? order.indexOf(current) : way > 0 ? -1 : 0;
    for (let distance = 1; distance <= order.length; distance += 1) {
      const card = order[(from + way * distance + 2 * order.length) % order.length];
      if (card.doubtful) return select(card, {});
    }
    return undefined;
  }

  function arrange(order) {
    const heading = (text) => make("li", { className: "divider" }, make("h2", {}, text));
    const doubtful = cards.filter((card) => card.n !== undefined && data.slots[card.n].doubtful);
    doubtful.sort((one, other) => data.slots[one.n].score - data.slots[other.n].score);
    const rest = cards.filter((card) => !doubtful.includes(card));
    const elements = (list) => list.map((card) => card.element);
    if (order === "reading" || !doubtful.length) byId("readings").replaceChildren(...elements(cards));
    else byId("readings").replaceChildren(heading("Doubtful"), ...elements(doubtful), heading("All others"), ...elements(rest));
    if (current) select(current, {});
  }

  function tellLeft() {
    const left = cards.filter((card) => card.doubtful).length;
    byId("left").textContent = left ? `${left} to check` : "nothing left to check";
    byId("left").classList.toggle("done", !left);
    for (const id of ["previous", "next"]) byId(id).disabled = !left;
  }

  // -- saving ---------------------------------------------------------------------------------------------------------

  function save(kind, type) {
    const broken = cards.find((card) => card.n !== undefined && state(card.n).error !== undefined);
    byId("trouble").hidden = !broken;
    if (broken) {
      byId("trouble").textContent = `Not saved: formula ${broken.number} has to be mended: ${state(broken.n).error}`;
      select(broken, {});
      return;
    }
    const link = make("a", {
      href: URL.createObjectURL(new Blob([exporter(data, reader, state)[kind]()], { type })),
      download: `${data.name}.${kind}`,
    });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  function onKey(event) {
    const typing = event.target instanceof HTMLTextAreaElement;
    if (typing && event.key === "Escape") {
      current?.element.focus({ preventScroll: true });
    } else if (typing && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      current?.accept?.();
      event.target.blur();
      step(1);
    } else if (!typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const actions = {
        n: () => step(1),
        p: () => step(-1),
        a: () => { if (current?.doubtful) { current.accept(); step(1); } },
        e: () => current?.edit(),
      };
      const action = actions[event.key.toLowerCase()];
      if (!action) return;
      action();
    } else {
      return;
    }
    event.preventDefault();
  }

  // -- start ----------------------------------------------------------------------------------------------------------

  let number = 0;
  for (let n = 0; n < data.slots.length;) {
    const line = data.slots[n].line;
    let end = n + 1;
    while (line !== null && end < data.slots.length && data.slots[end].line === line) end += 1;
    const slots = Array.from({ length: end - n }, (_, index) => n + index);
    if (slots.some((each) => data.slots[each].kind === "text")) lineCard(slots);
    for (const each of slots) if (data.slots[each].kind === "formula") formulaCard(each, (number += 1));
    n = end;
  }
  for (const card of cards) card.update?.();
  tellLeft();
  arrange("doubtful");
  for (const radio of document.querySelectorAll("input[name=order]")) {
    radio.addEventListener("change", () => arrange(radio.value));
  }
  document.querySelector("input[name=order][value=doubtful]").checked = true;
  byId("next").addEventListener("click", () => step(1));
  byId("previous").addEventListener("click", () => step(-1));
  byId("save-tex").addEventListener("click", () => save("tex", "text/x-tex"));
  byId("save-json").addEventListener("click", () => save("json", "application/json"));
  document.addEventListener("keydown", onKey);
})();
