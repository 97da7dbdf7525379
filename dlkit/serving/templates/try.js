"use strict";
(() => {
  const model = JSON.parse(document.getElementById("model").textContent);
  const path = `/v1/models/${encodeURIComponent(model.name)}:predict`;
  const element = (id) => document.getElementById(id);
  const form = element("form");
  const button = form.querySelector("button");
  const fields = [...form.querySelectorAll("[data-name]")];
  const SHOWN = 5;
  const LONGEST = 4000;

  /** Makes an element whose content is text, so that no answer can be markup. */
  function make(tag, text, className) {
    const made = document.createElement(tag);
    made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function base64(file) {
    return new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
      reader.onerror = () => reject(reader.error);
      reader.readAsDataURL(file);
    });
  }

  async function value(field) {
    if (field.dataset.kind === "file") return { b64: await base64(field.files[0]) };
    if (field.dataset.kind === "text") return field.value;
    try {
      return JSON.parse(field.value);
    } catch (error) {
      field.focus();
      throw new Error(`${field.dataset.name} is not JSON: ${error.message}`);
    }
  }

  async function body() {
    const values = [];
    for (const field of fields) values.push([field.dataset.name, await value(field)]);
    const row = values.length === 1 ? values[0][1] : Object.fromEntries(values);
    return JSON.stringify({ instances: [row] });
  }

  const cut = (text) =>
    text.length > LONGEST ? `${text.slice(0, LONGEST)}… (${text.length} characters)` : text;

  const curl = (sent) =>
    `curl -d '${cut(sent).replaceAll("'", "'\\''")}' ${location.origin}${path}`;

  /** Reads JSON in which, as TensorFlow Serving writes it, NaN and Infinity are numbers. */
  function parse(text) {
    try {
      return JSON.parse(text);
    } catch {
      const strings = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g;
      return JSON.parse(text.replace(strings, (found) => (found[0] === '"' ? found : `"${found}"`)));
    }
  }

  /** Groups answers by head: `topic_label` and `topic_confidence` belong to `topic`. */
  function heads(answer) {
    const found = new Map();
    const others = [];
    for (const [name, content] of Object.entries(answer)) {
      const [, head, part] = /^(?:(.*)_)?(label|confidence|out_of_scope|decision|runner_up|scope_score|probabilities)$/.exec(name) ?? [];
      if (!part) others.push([name, content]);
      else found.set(head ?? "", { ...found.get(head ?? ""), [part]: content, [`${part}_name`]: name });
    }
    return { found, others };
  }

  function percent(share) {
    if (share > 0.999 && share < 1) return "> 99.9 %"; // never rounded to certainty
    return share < 0.001 && share > 0 ? "< 0.1 %" : `${(100 * share).toFixed(1)} %`;
  }

  function bars(probabilities, names) {
    const list = make("ol", "", "bars");
    const best = probabilities
      .map((share, i) => ({ share, name: names?.[i] ?? `class ${i}` }))
      .sort((a, b) => b.share - a.share)
      .slice(0, SHOWN);
    for (const { share, name } of best) {
      const row = document.createElement("li");
      row.style.setProperty("--share", share);
      const label = make("span", name);
      label.dir = "auto";
      row.append(label, make("span", percent(share), "number"));
      list.append(row);
    }
    return list;
  }

  function card(name, head) {
    const made = make("div", "", head.out_of_scope ? "card rejected" : "card");
    if (name) made.append(make("h2", name));
    if (head.label !== undefined) {
      const label = make("p", head.label, "label");
      label.dir = "auto";
      made.append(label);
    }
    const verdict = make("p", "", "verdict");
    if (head.out_of_scope) verdict.append(make("strong", "out of scope"), " · ");
    else if (head.decision === "clarify") verdict.append(make("strong", `or ${head.runner_up}?`), " · ");
    if (head.confidence !== undefined) verdict.append(`confidence ${percent(head.confidence)}`);
    made.append(verdict);
    if (Array.isArray(head.probabilities))
      made.append(bars(head.probabilities, model.classes[head.probabilities_name]));
    return made;
  }

  function list(others) {
    const made = make("div", "", "card");
    const names = document.createElement("dl");
    for (const [name, content] of others) {
      const shown = typeof content === "string" ? content : JSON.stringify(content);
      names.append(make("dt", name), make("dd", cut(shown)));
    }
    made.append(names);
    return made;
  }

  function show(answer, milliseconds) {
    const named = answer !== null && typeof answer === "object" && !Array.isArray(answer);
    const { found, others } = heads(named ? answer : { answer });
    const cards = [...found].map(([name, head]) => card(name, head));
    if (others.length) cards.push(list(others));
    element("heads").replaceChildren(...cards);
    element("time").textContent = `answered in ${milliseconds.toFixed(1)} ms`;
    element("result").hidden = false;
  }

  function complain(text) {
    element("problem").textContent = text;
    element("problem").hidden = false;
    element("result").hidden = true;
  }

  async function ask() {
    const sent = await body();
    element("sent").textContent = curl(sent);
    element("received").textContent = "";
    element("wire").hidden = false;
    const start = performance.now();
    const response = await fetch(path, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: sent,
    });
    const text = await response.text();
    element("received").textContent = cut(text);
    const answer = parse(text);
    if (!response.ok) throw new Error(`${response.status}: ${answer.error}`);
    element("problem").hidden = true;
    show(answer.predictions[0], performance.now() - start);
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    try {
      await ask();
    } catch (error) {
      complain(error.message);
    } finally {
      button.removeAttribute("aria-disabled");
    }
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
})();
