"use strict";
(() => {
  const $ = (all, in_ = document) => in_.querySelector(all);
  const items = [...document.querySelectorAll(".item")];
  const field = $("#find"), found = $("#found"), help = $("#help");
  $(".find").hidden = false;

  const words = new Map();
  const textOf = item => {
    if (!words.has(item)) {
      const all = [$("summary", item), ...item.querySelectorAll(".words, .facts")];
      words.set(item, all.map(e => e.textContent).join(" ").toLowerCase());
    }
    return words.get(item);
  };
  const filter = () => {
    const wanted = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let n = 0;
    for (const item of items) {
      item.hidden = !wanted.every(w => textOf(item).includes(w));
      n += item.hidden ? 0 : 1;
    }
    for (const group of document.querySelectorAll(".group")) group.hidden = !$(".item:not([hidden])", group);
    found.textContent = wanted.length ? `${n} of ${items.length}` : "";
  };
  field.addEventListener("input", filter);

  const reveal = element => {
    for (let e = element; e; e = e.parentElement) {
      if (e.matches("details")) e.open = true;
      if (e.hidden) { field.value = ""; filter(); }
    }
  };
  const go = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target || !target.closest("details")) return;
    reveal(target);
    const item = target.closest(".x") || target.closest(".item");
    if (item.matches(".check")) {
      for (const link of item.querySelectorAll(".to-story")) reveal(document.getElementById(link.hash.slice(1)));
    }
    $("summary", item).focus({ preventScroll: true });
    item.scrollIntoView();
  };
  addEventListener("hashchange", go);
  // a link to where the address already is moves nothing: the reader asked again
  document.addEventListener("click", e => {
    const link = e.target.closest && e.target.closest("a[href^='#']");
    if (link && link.getAttribute("href") === location.hash) go();
  });

  const move = (step, fits) => {
    const shown = items.filter(i => !i.hidden && fits(i));
    if (!shown.length) return;
    const here = document.activeElement && document.activeElement.closest(".item");
    const at = items.indexOf(here);
    let next;
    if (here === null || at < 0) next = step > 0 ? shown[0] : shown[shown.length - 1];
    else if (step > 0) next = shown.find(i => items.indexOf(i) > at) || shown[0];
    else next = shown.findLast(i => items.indexOf(i) < at) || shown[shown.length - 1];
    $("summary", next).focus({ preventScroll: true });
    next.scrollIntoView({ block: "start" });
  };
  const bad = i => i.matches(".fail, .error, .fixed, .not-testable");
  document.addEventListener("keydown", e => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || help.open) return;
    if (e.key === "Escape" && document.activeElement === field) { field.value = ""; filter(); field.blur(); return; }
    if (e.target.matches("input, textarea, select")) {
      if (e.key === "Enter" && e.target === field) { field.blur(); move(1, () => true); }
      return;
    }
    switch (e.key) {
      case "/": field.focus(); field.select(); break;
      case "j": move(1, () => true); break;
      case "k": move(-1, () => true); break;
      case "n": move(1, bad); break;
      case "?": help.showModal(); break;
      default: return;
    }
    e.preventDefault();
  });
  $("#keys").addEventListener("click", () => help.showModal());
  go();
})();
