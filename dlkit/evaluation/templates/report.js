"use strict";
(() => {
  const specs = JSON.parse(document.getElementById("figures").textContent);
  const theme = (name) =>
    getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  function coloured(trace) {
    if (trace.type === "heatmap") {
      const stops = [0, 0.04, 0.3, 1]; // rare mistakes stay visible beside a full diagonal
      return { ...trace, colorscale: stops.map((stop, i) => [stop, theme(`heat-${i}`)]) };
    }
    const color = theme(trace.meta);
    return { ...trace, line: { ...trace.line, color }, marker: { ...trace.marker, color } };
  }

  function axis(given = {}) {
    return {
      automargin: true, gridcolor: theme("line"), zerolinecolor: theme("line"),
      linecolor: theme("line"), fixedrange: true, ...given,
    };
  }

  function draw(element) {
    const { data, layout } = specs[Number(element.dataset.figure)];
    const traces = data.map(coloured).map((trace) =>
      trace.type === "bar" ? { ...trace, line: undefined } : trace);
    Plotly.react(element, traces, {
      ...layout, autosize: true, margin: { l: 40, r: 10, t: 10, b: 40 },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: theme("text"), family: getComputedStyle(document.body).fontFamily, size: 12 },
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
      hoverlabel: { bgcolor: theme("surface"), bordercolor: theme("line"), font: { color: theme("text") } },
      xaxis: axis(layout.xaxis), yaxis: axis(layout.yaxis),
    }, { responsive: true, displayModeBar: false });
  }

  function value(row, column) {
    const cell = row.children[column];
    return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value);
  }

  function sort(heading) {
    const body = heading.closest("table").tBodies[0];
    const column = heading.cellIndex;
    const down = heading.getAttribute("aria-sort") === "ascending";
    const order = (a, b) => (typeof a === "number" ? a - b : a.localeCompare(b));
    const rows = [...body.rows].sort((a, b) =>
      (down ? -1 : 1) * order(value(a, column), value(b, column)));
    body.append(...rows);
    for (const other of heading.parentElement.children) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  }

  const charts = [...document.querySelectorAll(".chart")];
  charts.forEach(draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts.forEach(draw));
  for (const button of document.querySelectorAll(".sortable button"))
    button.addEventListener("click", () => sort(button.parentElement));
})();
