// The search of the site: finds words of any script anywhere in a passage, ranks, and shows what was found.
// It needs no server: the passages come as a script, `search/<language>.js`, when the search is first opened.
(() => {
  "use strict";
  const WORDS = {
    en: {
      open: "Search", field: "Search requirements, schemas, pages", close: "Close",
      loading: "Loading what can be found", failed: "The list of passages could not be loaded.",
      hint: "A word, a part of one, a requirement ID. Arrow keys move, Enter opens.",
      none: "Nothing has these words.", some: "No passage has all the words. These have some:",
      one: "1 passage", many: (count) => `${count} passages`, more: "Show more",
    },
    zh: {
      open: "搜索", field: "搜索要求、模式和页面", close: "关闭",
      loading: "正在载入索引", failed: "无法载入搜索索引。",
      hint: "可输入词语、词语的一部分或要求编号。方向键移动，回车键打开。",
      none: "没有找到。", some: "没有同时包含所有词的内容，以下内容包含其中一部分：",
      one: "1 条结果", many: (count) => `${count} 条结果`, more: "显示更多",
    },
  };
  const AT_ONCE = 20;
  const SNIPPET = 150;
  const HAN = /\p{Script=Han}/u;
  const IDENTIFIER = /^[a-z]{3}-([a-z]{3}(-\d*)?)?$/;
  const WEIGHTS = { requirement: 1.5, page: 1, decision: 0.5 };
  const language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
  const words = WORDS[language];
  const root = new URL("../", document.currentScript.src);

  let passages = null;
  window.leptonSearch = (rows) => {
    passages = rows.map(([location, page, title, text, kind]) => ({
      location, page, title, text, kind,
      lowPage: page.toLowerCase(), lowTitle: title.toLowerCase(), lowText: text.toLowerCase(),
      name: title.replace(/^[A-Z]{3}-[A-Z]{3}-\d\d(: |：)/, "").toLowerCase(),
    }));
  };

  // ---- finding

  function terms(query) {
    const plain = query.normalize("NFKC").toLowerCase();
    return [...new Set(plain.match(/\p{Script=Han}+|[^\s\p{Script=Han}，。、；：？！“”（）]+/gu) ?? [])];
  }

  const somewhere = (word) => passages.some((each) => each.lowTitle.includes(word) || each.lowText.includes(word));

  // Chinese is written without spaces: what stands nowhere as a whole is divided into the longest parts that do.
  function divided(term) {
    const parts = [];
    for (const piece of term.split(/[的之和与或及是在]/)) {
      for (let at = 0, end = piece.length; at < piece.length; at = end, end = piece.length) {
        while (end > at + 1 && !somewhere(piece.slice(at, end))) end -= 1;
        if (end > at + 1) parts.push(piece.slice(at, end));
      }
    }
    return parts.length > 0 ? parts : [term];
  }

  // A word that stands nowhere may stand in another form: `tensors` for `tensor`, `validating` for `validate`.
  function known(term) {
    if (somewhere(term)) return [term];
    if (HAN.test(term)) return divided(term);
    const stem = term.replace(/(ies|es|s|ed|ing|e)$/, "");
    return stem !== term && stem.length >= 3 && somewhere(stem) ? [stem] : [term];
  }

  const begins = (text, at) => at === 0 || !/[a-z0-9_]/.test(text[at - 1]);

  function place(text, term) {
    const at = text.indexOf(term);
    if (at < 0 || HAN.test(term) || begins(text, at)) return { at, whole: at >= 0 };
    for (let next = at; next >= 0; next = text.indexOf(term, next + 1)) {
      if (begins(text, next)) return { at: next, whole: true };
    }
    return { at, whole: false };
  }

  function weigh(each, term) {
    const title = place(each.lowTitle, term);
    const text = place(each.lowText, term);
    let score = 0;
    if (title.at >= 0) score += title.whole ? 60 : 35;
    else if (each.lowPage.includes(term)) score += 8;
    if (text.at >= 0) score += text.whole ? 6 : 3;
    return score;
  }

  function find(query) {
    const wanted = [...new Set(terms(query).flatMap(known))];
    const phrase = query.normalize("NFKC").toLowerCase().trim();
    const found = [];
    for (const each of passages) {
      let score = 0;
      let matched = 0;
      for (const term of wanted) {
        const weight = weigh(each, term);
        score += weight;
        if (weight > 0) matched += 1;
      }
      if (matched === 0) continue;
      // A requirement's ID, or the beginning of IDs: these, in their order.
      if (IDENTIFIER.test(phrase) && each.lowTitle.startsWith(phrase)) score = 2000;
      else if (each.lowTitle === phrase || each.name === phrase) score += 1000;
      else if (each.lowTitle.startsWith(phrase)) score += 300;
      else if (each.lowTitle.includes(phrase)) score += 120;
      else if (each.lowText.includes(phrase)) score += 20;
      found.push({ each, matched, score: score * (WEIGHTS[each.kind] ?? 1) });
    }
    const most = found.reduce((best, { matched }) => Math.max(best, matched), 0);
    const kept = found.filter(({ matched }) => matched === most);
    kept.sort((one, other) => other.score - one.score);
    return { hits: kept.map(({ each }) => each), wanted, whole: most === wanted.length };
  }

  // ---- showing

  function marked(text, wanted) {
    const low = text.toLowerCase();
    const ends = [];
    for (const term of wanted) {
      for (let at = low.indexOf(term); at >= 0; at = low.indexOf(term, at + term.length)) {
        ends.push([at, at + term.length]);
      }
    }
    ends.sort((one, other) => one[0] - other[0]);
    const pieces = document.createDocumentFragment();
    let done = 0;
    for (const [from, to] of ends) {
      if (to <= done) continue;
      const start = Math.max(from, done);
      pieces.append(text.slice(done, start));
      const mark = document.createElement("mark");
      mark.textContent = text.slice(start, to);
      pieces.append(mark);
      done = to;
    }
    pieces.append(text.slice(done));
    return pieces;
  }

  function snippet(each, wanted) {
    const places = wanted.map((term) => place(each.lowText, term).at).filter((at) => at >= 0);
    const at = places.length > 0 ? Math.min(...places) : 0;
    const from = at > 60 ? Math.max(0, at - 40) : 0;
    const cut = each.text.slice(from, from + SNIPPET);
    return `${from > 0 ? "…" : ""}${cut}${from + SNIPPET < each.text.length ? "…" : ""}`;
  }

  // In a folder, a page is a file: nobody looks for the index.html of a directory.
  function address(location) {
    const url = new URL(location, root);
    if (url.protocol === "file:" && url.pathname.endsWith("/")) url.pathname += "index.html";
    return url.href;
  }

  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  function entry(each, wanted) {
    const link = element("a", { href: address(each.location), class: `found ${each.kind}` });
    link.append(element("span", { class: "found-title" }, marked(each.title, wanted)));
    if (each.page !== each.title) link.append(" ", element("span", { class: "found-page" }, each.page));
    if (each.text) link.append(element("span", { class: "found-text" }, marked(snippet(each, wanted), wanted)));
    return element("li", {}, link);
  }

  const field = element("input", {
    type: "search", "aria-label": words.field, placeholder: words.field, autocomplete: "off",
    autocapitalize: "off", spellcheck: "false", enterkeyhint: "go",
  });
  const close = element("button", { type: "button", class: "search-close" }, words.close);
  const state = element("p", { role: "status", class: "search-state" });
  const list = element("ol", { class: "search-found" });
  const more = element("button", { type: "button", class: "search-more", hidden: "" }, words.more);
  const body = element("div", { class: "search-body" }, state, list, more);
  const dialog = element("dialog", { class: "search", "aria-label": words.open },
    element("div", { class: "search-head", role: "search" }, field, close), body);
  let result = { hits: [], wanted: [], whole: true };
  let shown = 0;

  function showMore() {
    const next = result.hits.slice(shown, shown + AT_ONCE);
    list.append(...next.map((each) => entry(each, result.wanted)));
    shown += next.length;
    more.hidden = shown >= result.hits.length;
  }

  function answer() {
    list.replaceChildren();
    shown = 0;
    result = { hits: [], wanted: [], whole: true };
    if (passages === null) state.textContent = words.loading;
    else if (terms(field.value).length === 0) state.textContent = words.hint;
    else {
      result = find(field.value);
      const count = result.hits.length;
      const said = count === 0 ? words.none : count === 1 ? words.one : words.many(count);
      state.textContent = count === 0 || result.whole ? said : `${words.some} ${said}`;
    }
    body.scrollTop = 0;
    showMore();
  }

  function load() {
    if (document.getElementById("search-passages")) return;
    const script = element("script", { id: "search-passages", src: new URL(`search/${language}.js`, root).href });
    script.addEventListener("load", answer);
    script.addEventListener("error", () => {
      script.remove();
      state.textContent = words.failed;
    });
    document.head.append(script);
  }

  function open() {
    if (dialog.open) return;
    load();
    dialog.showModal();
    field.select();
    answer();
  }

  function step(event) {
    const links = [...list.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    if (event.key === "ArrowDown" && links.length > 0) links[Math.min(at + 1, links.length - 1)].focus();
    else if (event.key === "ArrowUp" && at > 0) links[at - 1].focus();
    else if (event.key === "ArrowUp" && at === 0) field.focus();
    else if (event.key === "Enter" && document.activeElement === field && links.length > 0) links[0].click();
    else if (event.key === "Escape") dialog.close();
    else return;
    event.preventDefault();
  }

  field.addEventListener("input", answer);
  more.addEventListener("click", showMore);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("keydown", step);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest?.("a")) dialog.close();
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    const chord = (event.ctrlKey || event.metaKey) && event.key === "k";
    if (dialog.open || (!chord && (typing || event.key !== "/" || event.ctrlKey || event.metaKey))) return;
    event.preventDefault();
    open();
  });

  const glass = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  glass.setAttribute("viewBox", "0 0 24 24");
  glass.setAttribute("aria-hidden", "true");
  const lens = document.createElementNS("http://www.w3.org/2000/svg", "path");
  lens.setAttribute("d", "M10 3a7 7 0 0 1 5.6 11.2l5.1 5.1-1.4 1.4-5.1-5.1A7 7 0 1 1 10 3m0 2a5 5 0 1 0 0 10 5 5 0 0 0 0-10");
  glass.append(lens);
  const button = element("button", {
    type: "button", class: "md-header__button md-icon search-open", "aria-label": words.open, title: `${words.open} (/)`,
  }, glass);
  button.addEventListener("click", open);
  document.querySelector(".md-header__inner")?.append(button);
  document.body.append(dialog);
})();
