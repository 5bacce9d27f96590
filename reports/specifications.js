// Your own question: choose among the specifications that were declared and estimated beforehand.
"use strict";
(() => {
  const state = { studies: {}, name: "", chosen: {} };
  const find = (name) => document.getElementById(name);
  const svgNamespace = "http://www.w3.org/2000/svg";

  // What the data scripts call: `axes` are [name, [[option, label, validity, is primary]]], and a
  // row is the places of its options, then estimate, interval, wars, exposed wars, exposed ends.
  window.collsec = { specifications(one) { state.studies[one.name] = one; } };

  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const drawn = (name, attributes, text) => {
    const made = document.createElementNS(svgNamespace, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text) made.textContent = text;
    return made;
  };
  const ratio = (value) => (value < 0.005 ? "<0.01" : value >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(2));
  const tagged = { plausible: "plausible", "known-biased": "known to be biased" };
  const worst = ["principled", "plausible", "known-biased"];
  const named = (text) => text.replaceAll("_", " ").replace(/^./, (letter) => letter.toUpperCase());

  function study() { return state.studies[state.name]; }

  function validity(row, axes) {
    return worst[Math.max(...axes.map(([, options], place) => worst.indexOf(options[row[place]][2])))];
  }

  function matching() {
    const { axes, rows } = study();
    return rows.filter((row) => axes.every(([name], place) =>
      state.chosen[name] === undefined || row[place] === state.chosen[name]));
  }

  function address() {
    const { axes } = study();
    const parts = axes.filter(([name]) => state.chosen[name] !== undefined)
      .map(([name, options]) => `${name}=${options[state.chosen[name]][0]}`);
    history.replaceState(null, "", `#${[state.name, ...parts].join("&")}`);
  }

  function fromAddress() {
    const [name, ...parts] = location.hash.slice(1).split("&");
    state.name = state.studies[name] ? name : Object.keys(state.studies)[0];
    state.chosen = {};
    const { axes } = study();
    if (!location.hash) {
      // To begin with, the primary's own choices.
      for (const [axis, options] of axes) state.chosen[axis] = options.findIndex((option) => option[3]);
    }
    for (const part of parts) {
      const [axis, option] = part.split("=");
      const own = axes.find((one) => one[0] === axis);
      const place = own ? own[1].findIndex((one) => one[0] === option) : -1;
      if (place >= 0) state.chosen[axis] = place;
    }
    controls();
    answer();
  }

  function controls() {
    const { axes } = study();
    const fields = axes.map(([name, options]) => {
      const select = element("select", { id: `axis-${name}` },
        element("option", { value: "" }, "any"),
        ...options.map((option, place) => element("option", { value: place },
          `${option[1]}${option[2] === "principled" ? "" : ` (${tagged[option[2]]})`}${option[3] ? " *" : ""}`)));
      select.value = state.chosen[name] === undefined ? "" : String(state.chosen[name]);
      select.addEventListener("change", () => {
        if (select.value === "") delete state.chosen[name];
        else state.chosen[name] = Number(select.value);
        address();
        answer();
      });
      return element("p", {}, element("label", { for: `axis-${name}` }, named(name)), select);
    });
    const which = element("select", { id: "axis-hypothesis" }, ...Object.values(state.studies).map(
      (one) => element("option", { value: one.name }, one.title)));
    which.value = state.name;
    which.addEventListener("change", () => { location.hash = which.value; });
    find("specifications-choices").replaceChildren(
      element("p", {}, element("label", { for: "axis-hypothesis" }, "Question"), which), ...fields);
  }

  function answer() {
    const { axes, rows, least } = study();
    const own = matching();
    const known = own.filter((row) => row[axes.length] !== null).map((row) => [...row]);
    const said = find("specifications-answer");
    const at = axes.length;
    if (own.length === 1) {
      const row = own[0];
      const tag = validity(row, axes);
      const parts = [];
      if (row[at] === null) {
        parts.push(element("p", {}, element("strong", {}, "Not estimable"), " with these choices."));
      } else if (!row[at + 5]) {
        parts.push(element("p", {}, element("strong", {}, "No war ended while exposed"),
          ` with these choices (${row[at + 4]} of ${row[at + 3]} wars were exposed).`));
      } else {
        // The main estimate has the interval of its report, of another method than the variants have.
        const isMain = axes.every(([, options], place) => options[row[place]][3]);
        const [point, low, high] = isMain ? study().primary : row.slice(at, at + 3);
        const shown = isMain ? `the main estimate, ${study().level} interval` : "interval";
        const ends = [low, high].map((end) => (end === null ? "no limit" : ratio(end)));
        parts.push(element("p", { class: "specifications-number" }, element("strong", {}, ratio(point)),
          ` times the rate of ending (${shown} ${ends.join(" to ")})`));
        parts.push(element("p", {}, `${row[at + 4]} of ${row[at + 3]} wars were exposed; ${row[at + 5]} ended while exposed.`));
      }
      const warnings = [];
      if (row[at] !== null && row[at + 5] < least) warnings.push(
        `Fewer than ${least} wars ended while exposed: no direction can be read from it.`);
      if (tag !== "principled") warnings.push(tag === "plausible"
        ? "One of these choices is tagged as plausible only." : "One of these choices is known to be biased.");
      const own_interval = axes.every(([, options], place) => options[row[place]][3]) ? ""
        : "The interval is that of cluster-robust errors, which is too narrow where few wars ended while exposed.";
      warnings.push(`You choose among ${rows.length.toLocaleString("en")} specifications after seeing results: this is no test. ${own_interval}`);
      said.replaceChildren(...parts, element("ul", { class: "specifications-warnings" }, ...warnings.map((text) => element("li", {}, text))));
    } else {
      const values = known.map((row) => row[at]).sort((a, b) => a - b);
      const above = values.filter((value) => value > 1).length;
      const middle = values.length ? ratio(values[Math.floor((values.length - 1) / 2)]) : "–";
      said.replaceChildren(element("p", {}, element("strong", {}, `${own.length.toLocaleString("en")} specifications`),
        ` fit these choices; ${known.length.toLocaleString("en")} can be estimated. `,
        values.length ? `${Math.round((100 * above) / values.length)} % lie above one; the median is ${middle}, `
          + `the range ${ratio(values[0])} to ${ratio(values[values.length - 1])}. ` : "",
        "Choose one option of each kind to see a single estimate. Specifications share their data: their number is no sample size."));
    }
    curve(own);
    const lines = [[...axes.map(([name]) => name), "estimate", "ci_low", "ci_high", "wars", "exposed_wars", "exposed_ends"].join(","),
      ...own.map((row) => [...axes.map(([, options], place) => options[row[place]][0]), ...row.slice(at)].map((value) => value ?? "").join(","))];
    find("specifications-file").href = URL.createObjectURL(new Blob([lines.join("\r\n") + "\r\n"], { type: "text/csv" }));
    find("specifications-file").download = `${state.name}-specifications.csv`;
  }

  // All specifications in order of size, those that fit the choices in color, and below them which
  // option each has.
  function curve(own) {
    const { axes, rows, noEffect } = study();
    const at = axes.length;
    const holder = find("specifications-curve");
    const width = Math.max(280, holder.clientWidth || 700);
    const narrow = width < 560;
    const left = narrow ? 8 : 250;
    const right = width - 8;
    const fits = new Set(own);
    const ordered = rows.filter((row) => row[at] !== null && row[at + 5] > 0).sort((a, b) => a[at] - b[at]);
    const clip = (value) => Math.min(Math.max(value, 0.1), 10);
    const top = 18;
    const tall = 220;
    const y = (value) => top + tall / 2 - (Math.log10(clip(value)) * tall) / 2;
    const x = (place) => left + ((place + 0.5) / ordered.length) * (right - left);
    const svg = drawn("svg", { width, role: "img", "aria-label":
      `Specification curve: ${ordered.length} hazard ratios in order of size, ${own.length} of them chosen. The paragraph above says what they are.` });
    svg.append(drawn("rect", { x: left, width: right - left, y: y(noEffect[1]), height: y(noEffect[0]) - y(noEffect[1]), class: "band" }));
    for (const value of [0.1, 0.2, 0.5, 1, 2, 5, 10]) {
      svg.append(drawn("line", { x1: left, x2: right, y1: y(value), y2: y(value), class: value === 1 ? "one" : "grid" }));
      svg.append(drawn("text", { x: narrow ? left : left - 6, y: y(value) - (narrow ? 2 : -4), class: narrow ? "small" : "small end" }, String(value)));
    }
    const paths = { faint: "", principled: "", plausible: "", "known-biased": "" };
    let intervals = "";
    ordered.forEach((row, place) => {
      const tag = fits.has(row) ? validity(row, axes) : "faint";
      const where = x(place).toFixed(1);
      paths[tag] += `M${where} ${(y(row[at]) - 1.5).toFixed(1)}v3`;
      if (fits.has(row)) intervals += `M${where} ${y(row[at + 1]).toFixed(1)}V${y(row[at + 2]).toFixed(1)}`;
    });
    svg.append(drawn("path", { d: intervals, class: "interval" }));
    for (const [tag, path] of Object.entries(paths)) svg.append(drawn("path", { d: path, class: `point ${tag}` }));
    // A few are hard to find among thousands.
    if (own.length <= 12) ordered.forEach((row, place) => {
      if (fits.has(row)) svg.append(drawn("circle", { cx: x(place), cy: y(row[at]), r: 4.5, class: `mark ${validity(row, axes)}` }));
    });
    let level = top + tall + 26;
    axes.forEach(([name, options], axis) => {
      svg.append(drawn("text", { x: narrow ? left : 0, y: level, class: "lane" }, named(name)));
      level += 6;
      options.forEach((option, place) => {
        level += narrow ? 26 : 14;
        const words = option[1].length > 42 && !narrow ? `${option[1].slice(0, 40)}…` : option[1];
        svg.append(drawn("text", narrow ? { x: left, y: level - 9, class: "small" } : { x: 0, y: level, class: "small" }, words));
        let on = "", off = "";
        ordered.forEach((row, index) => {
          if (row[axis] !== place) return;
          const mark = `M${x(index).toFixed(1)} ${level - 6}v6`;
          if (fits.has(row)) on += mark; else off += mark;
        });
        svg.append(drawn("path", { d: off, class: "choice faint" }), drawn("path", { d: on, class: `choice ${option[2]}` }));
      });
      level += 22;
    });
    svg.setAttribute("height", level);
    svg.setAttribute("viewBox", `0 0 ${width} ${level}`);
    holder.replaceChildren(svg);
  }

  document.addEventListener("DOMContentLoaded", () => {
    find("specifications").hidden = false;
    fromAddress();
    addEventListener("hashchange", fromAddress);
    let width = innerWidth;
    addEventListener("resize", () => { if (width !== innerWidth) { width = innerWidth; answer(); } });
  });
})();
