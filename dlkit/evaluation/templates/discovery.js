"use strict";
(() => {
  const texts = JSON.parse(document.getElementById("rows").textContent);
  const groups = [...document.querySelectorAll("[data-group]")];
  const [spec] = JSON.parse(document.getElementById("figures").textContent);
  const theme = (name) =>
    getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  function draw() {
    const traces = spec.data.map((trace, number) => ({
      ...trace, marker: { ...trace.marker, color: `hsl(${(number * 137.5) % 360} 60% 50%)` },
    }));
    Plotly.react("map", traces, {
      ...spec.layout, autosize: true, margin: { l: 10, r: 10, t: 10, b: 10 },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: theme("text") },
    }, { responsive: true, displayModeBar: false });
  }

  function kept() {
    return groups.filter((group) => group.querySelector("[type=checkbox]").checked);
  }

  function state() {
    const chosen = kept();
    const rows = chosen.reduce((sum, group) => sum + texts[Number(group.dataset.group)].length, 0);
    document.getElementById("state").textContent =
      `${chosen.length} of ${groups.length} groups kept, ${rows} rows`;
    for (const group of groups)
      group.dataset.decided = chosen.includes(group) ? "accept" : "undecided";
  }

  function save() {
    const lines = kept().flatMap((group) => {
      const number = Number(group.dataset.group);
      const label = group.querySelector(".name").value.trim() || `group_${number + 1}`;
      return texts[number].map((text) => JSON.stringify({ text, label }) + "\n");
    });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(lines, { type: "application/jsonl" }));
    link.download = "discovered.jsonl";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  for (const group of groups)
    group.querySelector("[type=checkbox]").addEventListener("change", state);
  document.getElementById("save").addEventListener("click", save);
  state();
})();
