"use strict";
(() => {
  const source = document.getElementById("items");
  const items = JSON.parse(source.textContent);
  const rows = [...document.querySelectorAll(".item")];
  const store = `review ${location.pathname} ${items.length}`;
  let decisions = new Map(); // number of the item -> the label that was accepted, or null to keep
  let current = 0;

  function load() {
    try {
      decisions = new Map(JSON.parse(localStorage.getItem(store) || "[]"));
    } catch { /* no storage: a reload forgets */ }
    for (const [number, label] of decisions)
      if (label !== null && rows[number]) field(number).value = label;
  }

  function field(number) {
    return rows[number].querySelector("input");
  }

  function show(number) {
    const decided = decisions.has(number)
      ? (decisions.get(number) === null ? "keep" : "accept") : "undecided";
    rows[number].dataset.decided = decided;
    for (const button of rows[number].querySelectorAll("[data-decision]"))
      button.setAttribute("aria-pressed", String(button.dataset.decision === decided));
  }

  function state() {
    const accepted = [...decisions.values()].filter((label) => label !== null).length;
    document.getElementById("state").textContent =
      `${accepted} accepted, ${decisions.size - accepted} kept, ${items.length - decisions.size} undecided`;
    try {
      localStorage.setItem(store, JSON.stringify([...decisions]));
    } catch { /* as above */ }
  }

  function decide(number, decision) {
    const label = field(number).value.trim();
    if (decision === "accept" && label && label !== items[number][1]) decisions.set(number, label);
    else if (decision === "undecided") decisions.delete(number);
    else decisions.set(number, null);
    show(number);
    state();
  }

  function go(number) {
    if (!rows.length) return;
    current = Math.min(Math.max(number, 0), rows.length - 1);
    rows[current].focus();
    rows[current].scrollIntoView({ block: "center" });
  }

  function save() {
    const lines = [...decisions].sort((a, b) => a[0] - b[0]).filter(([, label]) => label !== null)
      .map(([number, corrected]) =>
        JSON.stringify({ [source.dataset.subject]: items[number][0], label: items[number][1], corrected }) + "\n");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(lines, { type: "application/jsonl" }));
    link.download = "corrections.jsonl";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  const keys = {
    ArrowDown: () => go(current + 1),
    ArrowUp: () => go(current - 1),
    a: () => { decide(current, "accept"); go(current + 1); },
    k: () => { decide(current, "keep"); go(current + 1); },
    u: () => decide(current, "undecided"),
    e: () => field(current).select(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !rows.length) return;
    if (event.target.tagName === "INPUT") {
      if (event.key === "Enter") keys.a();
      if (event.key === "Escape") go(current);
    } else if (Object.hasOwn(keys, event.key)) {
      event.preventDefault();
      keys[event.key]();
    }
  });
  rows.forEach((row, number) => {
    row.addEventListener("focusin", () => { current = number; });
    row.addEventListener("click", (event) => {
      const decision = event.target.dataset.decision;
      if (decision) decide(number, decision);
    });
  });
  document.getElementById("accept-rest").addEventListener("click", () => {
    rows.forEach((_, number) => { if (!decisions.has(number)) decide(number, "accept"); });
  });
  document.getElementById("save").addEventListener("click", save);
  load();
  rows.forEach((_, number) => show(number));
  state();
})();
