"use strict";
/** The two charts, and the table that says the same. */
const charts = (() => {
  const MOST_LINES = 3; // more cannot be told apart
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

  function layout(range, extra) {
    const axis = { gridcolor: style("--line"), linecolor: style("--line"), zeroline: false, automargin: true };
    return {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: style("--text"), family: "system-ui, sans-serif", size: 13 },
      margin: { l: 44, r: 8, t: 8, b: 36 },
      xaxis: { ...axis, type: "date", range }, yaxis: { ...axis, rangemode: "tozero", ...extra.yaxis },
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
      showlegend: true, hovermode: "closest", barmode: extra.barmode,
    };
  }

  /** Local time in the form in which plotly takes it as it stands. */
  function local(time) {
    const moment = new Date(time);
    return new Date(time - 60000 * moment.getTimezoneOffset()).toISOString().slice(0, 19);
  }

  function line(topic, times, color, dash) {
    const found = [...times];
    return {
      x: found.map(([time]) => local(time)), y: found.map(([, sum]) => (100 * sum.negative) / sum.all),
      name: plain(topic), type: "scatter", mode: "lines+markers", marker: { size: 4, color },
      line: { color, width: 2, dash }, customdata: found.map(([, sum]) => [sum.negative, sum.all]),
      hovertemplate: "%{x}<br>%{y:.1f} % (%{customdata[0]} of %{customdata[1]})",
    };
  }

  /** One row a topic, darker (on a dark page lighter) where more is negative. */
  function rows(topics, times) {
    const names = [...topics.keys()].reverse();
    const cells = names.map((topic) => times.map((time) => topics.get(topic).get(time)));
    return {
      type: "heatmap", x: times.map(local), y: names.map(plain), hoverongaps: false, zmin: 0, zmax: 100,
      z: cells.map((row) => row.map((sum) => (sum ? (100 * sum.negative) / sum.all : null))),
      customdata: cells.map((row) => row.map((sum) => (sum ? [sum.negative, sum.all] : null))),
      hovertemplate: "%{y}<br>%{x}<br>%{z:.1f} % (%{customdata[0]} of %{customdata[1]})<extra></extra>",
      colorscale: [[0, style("--line")], [1, style("--bad")]],
      colorbar: { orientation: "h", y: 1.02, yanchor: "bottom", ticksuffix: " %", thickness: 8, outlinewidth: 0 },
    };
  }

  function draw(series, names, negative) {
    const topics = sums(series.points, negative);
    const colors = style("--series").split(" ");
    const share = [];
    const volume = [];
    for (const [topic, times] of topics) {
      const number = Math.max(names.indexOf(topic), 0);
      const color = colors[number % colors.length];
      const found = [...times];
      share.push(line(topic, times, color, DASHES[number % DASHES.length]));
      volume.push({
        x: found.map(([time]) => local(time)), y: found.map(([, sum]) => sum.all), name: plain(topic),
        type: "bar", marker: { color }, width: series.length, offset: 0,
        hovertemplate: "%{x}<br>%{y} texts",
      });
    }
    const found = series.points.map(([time]) => time);
    const [first, last] = [Math.min(...found), Math.max(...found) + series.length];
    const range = found.length ? [local(first), local(last)] : undefined;
    const options = { responsive: true, displayModeBar: false };
    if (topics.size > MOST_LINES) {
      const times = [];
      for (let time = first; time < last; time += series.length) times.push(time);
      Plotly.react("share", [rows(topics, times)], layout(range, { yaxis: { type: "category" } }), options);
    } else {
      Plotly.react("share", share, layout(range, { yaxis: { ticksuffix: " %" } }), options);
    }
    Plotly.react("volume", volume, layout(range, { barmode: "stack" }), options);
    return topics;
  }

  return { draw };
})();
