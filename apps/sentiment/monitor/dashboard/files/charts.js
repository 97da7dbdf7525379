"use strict";
/** The two charts, and the table that says the same. */
const charts = (() => {
  const DASHES = ["solid", "dot", "dash", "longdash", "dashdot", "longdashdot"];
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  /** Plotly reads a part of HTML in what it draws. */
  const plain = (text) => text.replace(/[&<>"']/g, (found) => `&#${found.charCodeAt(0)};`);

  /** Sums points to `topic -> time -> { all, negative }`. */
  function sums(points, negative) {
    const topics = new Map();
    for (const [time, topic, sentiment, count] of points) {
      if (!topics.has(topic)) topics.set(topic, new Map());
      const times = topics.get(topic);
      const sum = times.get(time) ?? { all: 0, negative: 0 };
      sum.all += count;
      if (sentiment === negative) sum.negative += count;
      times.set(time, sum);
    }
    return new Map([...topics].sort(([one], [other]) => (one < other ? -1 : 1)));
  }

  function layout(extra) {
    const axis = { gridcolor: style("--line"), linecolor: style("--line"), zeroline: false, automargin: true };
    return {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: style("--text"), family: "system-ui, sans-serif", size: 13 },
      margin: { l: 44, r: 8, t: 8, b: 36 },
      xaxis: { ...axis, type: "date" }, yaxis: { ...axis, rangemode: "tozero", ...extra.yaxis },
      legend: { orientation: "h", y: -0.18, yanchor: "top" },
      hovermode: "closest", barmode: extra.barmode,
    };
  }

  /** Local time in the form in which plotly takes it as it stands. */
  function local(time) {
    const moment = new Date(time);
    return new Date(time - 60000 * moment.getTimezoneOffset()).toISOString().slice(0, 19);
  }

  function draw(series, names, negative) {
    const topics = sums(series.points, negative);
    const colors = style("--series").split(" ");
    const look = (topic) => Math.max(names.indexOf(topic), 0);
    const share = [];
    const volume = [];
    for (const [topic, times] of topics) {
      const number = look(topic);
      const color = colors[number % colors.length];
      const found = [...times];
      const x = found.map(([time]) => local(time));
      const common = { x, name: plain(topic), legendgroup: topic };
      share.push({
        ...common, type: "scatter", mode: "lines+markers", marker: { size: 4, color },
        y: found.map(([, sum]) => (100 * sum.negative) / sum.all),
        line: { color, width: 2, dash: DASHES[number % DASHES.length] },
        customdata: found.map(([, sum]) => [sum.negative, sum.all]),
        hovertemplate: "%{x}<br>%{y:.1f} % (%{customdata[0]} of %{customdata[1]})",
      });
      volume.push({
        ...common, type: "bar", marker: { color }, y: found.map(([, sum]) => sum.all),
        width: series.length, offset: 0, hovertemplate: "%{x}<br>%{y} texts",
      });
    }
    const options = { responsive: true, displayModeBar: false };
    const percent = { yaxis: { ticksuffix: " %" } };
    Plotly.react("share", share, layout(percent), options);
    Plotly.react("volume", volume, layout({ barmode: "stack" }), options);
    return topics;
  }

  return { draw };
})();
