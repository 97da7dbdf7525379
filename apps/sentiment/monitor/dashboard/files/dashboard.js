"use strict";
(() => {
  const page = JSON.parse(document.getElementById("page").textContent);
  const element = (id) => document.getElementById(id);
  const filters = element("filters").elements;
  const HOUR = 3600000;
  const REFRESH = 1000;
  const MOST_ROWS = 500;
  let series = { length: page.window, points: [] };
  let older = null;
  let paged = false;

  /** Makes an element whose content is text, so that nothing in a text can be markup. */
  function make(tag, text, className) {
    const made = document.createElement(tag);
    made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function foreign(tag, text, className) {
    const made = make(tag, text, className);
    made.dir = "auto";
    return made;
  }

  const when = (time) =>
    new Date(time).toLocaleString([], { dateStyle: "short", timeStyle: "short" });
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  const amount = (value) => value.toLocaleString([], { maximumFractionDigits: 1 });

  async function ask(path, parameters = {}) {
    const chosen = Object.entries(parameters).filter(([, value]) => value !== "" && value !== null);
    const response = await fetch(`/api/${path}?${new URLSearchParams(chosen)}`);
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error);
    return answer;
  }

  /** What the filters choose; spans end with the newest window, which in a replay is not now. */
  function chosen(until) {
    const found = { topic: filters.topic.value, language: filters.language.value };
    const span = filters.span.value;
    if (span === "custom") {
      if (filters.from.value) found.from = new Date(filters.from.value).getTime();
      if (filters.to.value) found.to = new Date(filters.to.value).getTime();
    } else if (span !== "all" && until !== null) {
      found.from = until - HOUR * Number(span);
    }
    return found;
  }

  function textButton(text) {
    const button = make("button", "", "text");
    button.type = "button";
    const negative = text.sentiment === undefined || text.sentiment === page.negative;
    const words = [text.topic, text.sentiment, text.late && "late"].filter(Boolean).join(", ");
    const what = make("span", words || percent(text.negative), `what${negative ? " bad" : ""}`);
    button.append(make("span", when(text.time), "when"), what, foreign("span", text.text, "said"));
    button.addEventListener("click", () => guarded(() => look(text.number)));
    return button;
  }

  function list(texts) {
    return texts.map((text) => {
      const item = document.createElement("li");
      item.append(textButton(text));
      return item;
    });
  }

  function alertFacts(alert) {
    const chance = alert.p_value === null ? "" : `, p = ${alert.p_value.toPrecision(2)}`;
    return (
      `${alert.kind}, ${when(alert.window_start)}: ${amount(alert.observed)} negative, ` +
      `${amount(alert.expected)} expected${chance}, ${percent(alert.negative_share)} of all`
    );
  }

  function episodeCard(episode, expanded) {
    const card = make("details", "", `card alert${episode.open ? " open" : ""}`);
    card.dataset.episode = episode.episode;
    card.open = expanded;
    const summary = document.createElement("summary");
    const first = episode.alerts[0];
    summary.append(
      make("span", episode.open ? "Open" : "Past", "state"),
      ` ${episode.topic} (${first.method}): ${alertFacts(first)}`,
    );
    card.append(summary);
    for (const alert of episode.alerts.slice(1)) card.append(make("p", alertFacts(alert), "muted"));
    const others = first.topics.filter((topic) => topic !== episode.topic);
    if (others.length) card.append(make("p", `At the same time: ${others.join(", ")}`, "muted"));
    const told = episode.alerts.find((alert) => alert.kind === "peak" && alert.texts.length) ?? first;
    card.append(make("h3", "Evidence: the most negative texts that differ"));
    const evidence = make("ol", "", "list");
    evidence.append(...list(told.texts));
    card.append(evidence);
    return card;
  }

  function showEpisodes(episodes) {
    const before = document.activeElement?.closest?.("[data-episode]")?.dataset.episode;
    const expanded = new Set(
      [...document.querySelectorAll(".alert[open]")].map((card) => card.dataset.episode),
    );
    const open = episodes.filter((episode) => episode.open).length;
    const summary = `${open} open, ${episodes.length - open} past`;
    if (element("alerts-summary").textContent !== summary)
      element("alerts-summary").textContent = summary; // said aloud, so only when it changes
    const key = JSON.stringify(episodes.map(({ episode, alerts }) => [episode, alerts.length]));
    if (element("alerts").dataset.key === key) return;
    element("alerts").dataset.key = key;
    element("alerts").replaceChildren(
      ...episodes.map((episode) => episodeCard(episode, expanded.has(episode.episode))),
    );
    if (before) document.querySelector(`[data-episode="${CSS.escape(before)}"] summary`)?.focus();
  }

  function showTable(topics) {
    const rows = [];
    for (const [topic, times] of topics)
      for (const [time, sum] of times) rows.push([time, topic, sum]);
    rows.sort(([one], [other]) => other - one);
    const head = document.createElement("tr");
    for (const name of ["Time", "Topic", "Texts", "Negative", "Share"]) {
      const cell = make("th", name);
      cell.scope = "col";
      head.append(cell);
    }
    const body = rows.slice(0, MOST_ROWS).map(([time, topic, sum]) => {
      const row = document.createElement("tr");
      row.append(make("td", when(time)), make("td", topic));
      for (const value of [sum.all, sum.negative, percent(sum.negative / sum.all)])
        row.append(make("td", value, "number"));
      return row;
    });
    const cut = rows.length > MOST_ROWS ? `, the newest ${MOST_ROWS} of ${rows.length}` : "";
    element("table").replaceChildren(make("caption", `Texts by time and topic${cut}`), head, ...body);
  }

  function drawCharts() {
    showTable(charts.draw(series, page.topics, page.negative));
  }

  function showTexts(found, append) {
    older = found.before;
    element("older").hidden = older === null;
    const focused = document.activeElement?.closest?.("#list .text");
    if (!append && focused) return; // who reads the list with the keyboard keeps the place
    if (!append) element("list").replaceChildren();
    element("list").append(...list(found.texts));
  }

  function showStatus(status) {
    element("sources").textContent = Object.entries(status.sources)
      .map(([source, kinds]) =>
        `${source}: ${Object.entries(kinds).map(([kind, count]) => `${amount(count)} ${kind.replaceAll("_", " ")}`).join(", ")}`)
      .join(" · ");
  }

  let until = null;
  let turns = 0;
  async function refresh() {
    const turn = ++turns;
    const status = await ask("status");
    until = status.until;
    const what = chosen(until);
    const [found, episodes, texts] = await Promise.all([
      ask("series", { ...what, to: what.to ?? until, from: what.from ?? "" }),
      ask("episodes", what),
      paged ? null : ask("texts", what),
    ]);
    if (turn !== turns) return; // a later question is on its way
    series = found;
    showStatus(status);
    showEpisodes(episodes);
    if (texts) showTexts(texts, false);
    drawCharts();
    element("problem").hidden = true;
  }

  function bars(name, shares) {
    const made = document.createElement("div");
    made.append(make("h3", name));
    const rows = make("ol", "", "bars");
    for (const [label, share] of Object.entries(shares)) {
      const row = document.createElement("li");
      row.style.setProperty("--share", share);
      row.append(foreign("span", label), make("span", percent(share)));
      rows.append(row);
    }
    made.append(rows);
    return made;
  }

  async function look(number) {
    const text = await ask(`texts/${number}`);
    element("look-text").textContent = text.text;
    const facts = {
      Time: when(text.time), Source: text.source, Id: text.id, Language: text.language,
      Copies: String(text.copies), Late: text.late ? "yes" : "no",
    };
    element("look-facts").replaceChildren(
      ...Object.entries(facts).map(([name, value]) => {
        const fact = document.createElement("div");
        fact.append(make("dt", name), foreign("dd", value));
        return fact;
      }),
    );
    element("look-scores").replaceChildren(
      ...Object.entries(text.scores).map(([name, shares]) => bars(name, shares)),
    );
    element("look").showModal();
  }

  async function guarded(action) {
    try {
      await action();
    } catch (error) {
      element("problem").textContent = error.message;
      element("problem").hidden = false;
    }
  }

  let running = false;
  let wanted = false;
  /** Refreshes at most once a second, and once more where something changed meanwhile. */
  async function update() {
    wanted = true;
    if (running) return;
    running = true;
    while (wanted) {
      wanted = false;
      await guarded(refresh);
      await new Promise((resolve) => setTimeout(resolve, REFRESH));
    }
    running = false;
  }

  for (const topic of page.topics) {
    const option = make("option", topic);
    option.value = topic;
    filters.topic.append(option);
  }
  element("filters").addEventListener("submit", (event) => event.preventDefault());
  element("filters").addEventListener("change", () => {
    paged = false;
    for (const field of document.querySelectorAll(".custom"))
      field.hidden = filters.span.value !== "custom";
    guarded(refresh);
  });
  element("older").addEventListener("click", () =>
    guarded(async () => {
      paged = true; // the list stays as it is while its end is read
      showTexts(await ask("texts", { ...chosen(until), before: older }), true);
    }),
  );
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawCharts);

  const changes = new EventSource("/api/changes");
  changes.addEventListener("change", update);
  changes.addEventListener("open", () => { element("state").textContent = "Live"; });
  changes.addEventListener("error", () => { element("state").textContent = "Reconnecting"; });
})();
