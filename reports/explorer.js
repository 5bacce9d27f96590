// The explorer of conflicts: one conflict at a time, from scripts that lie beside the page.
"use strict";
(() => {
  // `shown`: one conflict, or two to compare; `years`: the first and the last that are drawn, or none.
  const state = { index: [], sources: {}, ends: {}, loaded: {}, shown: [], years: null };
  const find = (name) => document.getElementById(name);
  const svgNamespace = "http://www.w3.org/2000/svg";
  const day = 86400000;

  // What the data scripts call.
  window.collsec = {
    conflicts(index, sources, ends) { Object.assign(state, { index, sources, ends }); },
    conflict(one) { state.loaded[one.id] = one; },
  };

  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const drawn = (name, attributes, title) => {
    const made = document.createElementNS(svgNamespace, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (title) {
      const text = document.createElementNS(svgNamespace, "title");
      text.textContent = title;
      made.append(text);
    }
    return made;
  };
  const time = (text) => Date.parse(text + "T00:00:00Z");
  const plural = (n, noun) => `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
  const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  const sourceText = (key) => state.sources[key] || key;

  // Kinds of events: their lane, and how a row of the table calls them.
  const kinds = {
    episode: "Episode", resolution: "Resolution", veto: "Vetoed draft", assembly: "General Assembly",
    authorized: "Mission authorized", personnel: "Personnel", troops: "Troops",
    talks: "Talks", agreement: "Agreement",
  };

  const types = {
    Intrastate: "War within a state", Internationalized: "War within a state, with troops of other states",
    Interstate: "War between states", Extrasystemic: "Colonial war",
  };

  // What readers write, and how the record spells it.
  const aliases = {
    ceylon: "sri lanka", daesh: "al-islam", falklands: "falkland", gaza: "palestin", hizbollah: "hezbollah",
    houthi: "ansarallah", houthis: "ansarallah", isil: "al-islam", isis: "al-islam", kosova: "kosovo", persia: "iran",
    ruanda: "rwanda", siam: "thailand", taliban: "taleban", tigray: "tplf", usa: "united states", ussr: "soviet",
    vietcong: "fnl",
  };
  const texts = new Map();
  const textOf = (one) => {
    if (!texts.has(one[0])) texts.set(one[0], plain(`${one[1]} ${one[2]} ${one[0]}`));
    return texts.get(one[0]);
  };

  // Whether one word becomes the other by one letter more, less, or another, or two that change places.
  function isNear(word, other) {
    if (Math.abs(word.length - other.length) > 1) return false;
    let from = 0;
    while (from < word.length && word[from] === other[from]) from += 1;
    const rest = (a, b) => word.slice(from + a) === other.slice(from + b);
    return rest(1, 1) || rest(1, 0) || rest(0, 1)
      || (word[from] === other[from + 1] && word[from + 1] === other[from] && rest(2, 2));
  }

  function found(wanted) {
    const holds = (one, word) => textOf(one).includes(word) || (aliases[word] && textOf(one).includes(aliases[word]));
    const rows = state.index.filter((one) => wanted.every((word) => holds(one, word)));
    if (rows.length) return rows;
    const slips = (one, word) => word.length > 3
      && textOf(one).split(/[^\p{L}\d]+/u).some((other) => isNear(word, other));
    return state.index.filter((one) => wanted.every((word) => holds(one, word) || slips(one, word)));
  }

  // Places of a row of the index.
  const row = { first: 4, last: 5, type: 6, region: 7, missions: 8, held: 9 };
  const passes = (one) => {
    const chosen = (name) => find(`explorer-${name}`).value;
    const [from, to] = [Number(chosen("from")) || -Infinity, Number(chosen("to")) || Infinity];
    return (!chosen("region") || one[row.region] === chosen("region"))
      && (!chosen("type") || one[row.type] === chosen("type"))
      && (!chosen("held") || one[row.held].includes(chosen("held")))
      && (!chosen("mission") || one[row.missions].includes(chosen("mission")))
      && one[row.first] <= to && (one[row.last] === null || one[row.last] >= from);
  };

  function fillFilters() {
    const values = (place) => [...new Set(state.index.flatMap((one) => one[place]))].filter(Boolean).sort();
    for (const [name, place] of [["region", row.region], ["type", row.type], ["mission", row.missions]]) {
      find(`explorer-${name}`).append(...values(place).map(
        (value) => element("option", { value }, name === "type" ? types[value] || value : value)));
    }
  }

  function list() {
    const select = find("explorer-list");
    const rows = found(plain(find("explorer-search").value).split(/\s+/).filter(Boolean)).filter(passes);
    select.replaceChildren(...rows.map((one) => {
      const option = element("option", { value: one[0] }, `${one[1]} (${one[3]})`);
      option.selected = state.shown.includes(one[0]);
      return option;
    }));
    find("explorer-count").textContent = `${rows.length} of ${plural(state.index.length, "conflict")}`;
  }

  // Load the scripts of some conflicts, then show them.
  function open(ids) {
    const unknown = ids.find((id) => !state.index.some((one) => one[0] === id));
    if (unknown !== undefined) {
      find("explorer-view").replaceChildren(
        element("p", {}, `No conflict has the number ${unknown}. Choose one from the list.`));
      return;
    }
    const missing = ids.find((id) => !state.loaded[id]);
    if (missing === undefined) { show(ids); return; }
    const script = element("script", { src: `data/conflicts/${missing}.js` });
    script.addEventListener("load", () => open(ids));
    script.addEventListener("error", () => find("explorer-view").replaceChildren(
      element("p", {}, `The file data/conflicts/${missing}.js is missing.`)));
    document.head.append(script);
  }

  // `#299`, `#299+297` for two, `#299@1990-1995` for some years.
  function fromAddress() {
    const [ids, years] = location.hash.slice(1).split("@");
    const wanted = ids.split("+").map(Number).filter(Boolean).slice(0, 2);
    const bounds = /^(\d{4})-(\d{4})$/.exec(years || "");
    state.years = bounds && bounds[1] <= bounds[2] ? [Number(bounds[1]), Number(bounds[2])] : null;
    if (wanted.length) open(wanted);
  }

  function address(ids, years) {
    return `#${ids.join("+")}${years ? `@${years.join("-")}` : ""}`;
  }

  function choose(id) {
    const kept = find("explorer-compare").checked ? state.shown.slice(0, 1).filter((one) => one !== id) : [];
    location.hash = address([...kept, id], kept.length ? state.years : null);
  }

  function show(ids) {
    state.shown = ids;
    const all = ids.map((id) => state.loaded[id]);
    const view = find("explorer-view");
    const span = spanOf(all);
    view.replaceChildren(
      yearsShown(span),
      ...all.flatMap((one, place) => [heading(one, place), episodesOf(one), links(one), figure(one, place, span)]),
      caption(), ...all.flatMap((one) => [ties(one), table(one)]));
    document.title = `${all.map((one) => one.name).join(" and ")} – explorer`;
    find("explorer-status").textContent = `Shown: ${all.map((one) => one.name).join(" and ")}`;
    for (const option of find("explorer-list").options) option.selected = ids.includes(Number(option.value));
  }

  function heading(one, place) {
    const count = (kind) => one.events.filter((event) => event[0] === kind).length;
    const facts = [
      plural(count("episode"), "episode"), plural(count("resolution"), "resolution"),
      plural(count("veto"), "vetoed draft"), plural(new Set(one.events.filter(
        (event) => ["authorized", "personnel", "troops"].includes(event[0]))
        .map((event) => event[1])).size, "mission"),
      plural(count("agreement"), "agreement"), plural(count("talks"), "month") + " with talks",
    ];
    return element("div", {},
      element("h2", { id: place ? `explorer-name-${place}` : "explorer-name", tabindex: "-1" }, one.name),
      element("p", {}, `${types[one.kind] || one.kind}. ${facts.join(", ")}.`));
  }

  function links(one) {
    const link = element("a", { href: `#${one.id}` }, "Link to this conflict");
    const download = element("a", {
      href: URL.createObjectURL(new Blob([csv(one)], { type: "text/csv" })),
      download: `conflict-${one.id}.csv`,
    }, "Events (CSV)");
    return element("p", { class: "explorer-links" }, link, " ", download);
  }

  // First and last moment that is drawn: the same for both of two.
  function spanOf(all) {
    if (state.years) return [Date.UTC(state.years[0], 0, 1), Date.UTC(state.years[1] + 1, 0, 1)];
    const edge = 1.5 * 365 * day;
    const episodes = all.flatMap((one) => one.events.filter((event) => event[0] === "episode"));
    return [Math.min(...episodes.map((event) => time(event[2]))) - edge,
      Math.max(...episodes.map((event) => time(event[3]))) + edge];
  }

  function yearsShown(span) {
    const [first, last] = [new Date(span[0]).getUTCFullYear(), new Date(span[1] - day).getUTCFullYear()];
    const box = (name, label, value) => {
      const input = element("input", { type: "number", id: `explorer-${name}`, min: 1940, max: 2100, value });
      return [element("label", { for: `explorer-${name}` }, label), " ", input, " "];
    };
    const form = element("form", { class: "explorer-years", "aria-label": "Years drawn" },
      ...box("first", "Draw the years from", first), ...box("last", "to", last),
      element("button", {}, "Draw"), " ");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const years = [Number(find("explorer-first").value), Number(find("explorer-last").value)];
      if (years[0] && years[0] <= years[1]) location.hash = address(state.shown, years);
    });
    const whole = element("button", { type: "button" }, "Whole record");
    whole.addEventListener("click", () => { location.hash = address(state.shown, null); });
    if (state.years) form.append(whole);
    return form;
  }

  // Sides change between episodes: each has its own.
  function episodesOf(one) {
    const own = one.events.filter((event) => event[0] === "episode");
    const lines = own.map((event) => {
      const [first, last] = [event[2].slice(0, 4), event[4] ? "" : event[3].slice(0, 4)];
      const years = first === last ? first : `${first}–${last}`;
      return element("li", {}, element("strong", {}, years), ` ${event[5].replace(/; onset known .*$/, "")}`);
    });
    const made = element("ul", { class: "explorer-episodes" }, ...lines);
    if (lines.length < 5) return made;
    return element("details", {}, element("summary", {}, `Who fought whom in ${lines.length} episodes`), made);
  }

  function csv(one) {
    const quote = (text) => `"${String(text).replaceAll('"', '""')}"`;
    const head = ["kind", "name", "from", "to", "continues", "detail", "weak_link", "source"];
    const rows = one.events.map((event) => event.map(quote).join(","));
    const months = one.months.map((run) => ["deaths_a_month_in_host", one.states[run[0]] || run[0],
      run[1], run[2], "false", run[3], run[4] ? "shared" : "", one.violence].map(quote).join(","));
    return [head.join(","), ...rows, ...months].join("\r\n") + "\r\n";
  }

  function figure(one, place, [first, last]) {
    const episodes = one.events.filter((event) => event[0] === "episode");
    const holder = element("div", { class: "explorer-figure" });
    const width = Math.max(280, find("explorer-view").clientWidth || 900);
    const narrow = width < 560;
    const left = 4, right = width - 6, lanes = [];
    const x = (when) => left + ((Math.min(Math.max(when, first), last) - first) / (last - first)) * (right - left);
    const name = place ? `explorer-name-${place}` : "explorer-name";
    const svg = drawn("svg", { width, role: "img", "aria-labelledby": `${name} explorer-words` });
    const marks = [];
    const mark = (shape, attributes, event) => {
      const made = drawn(shape, attributes, words(event));
      marks.push({ made, at: time(event[2]), text: words(event) });
      svg.append(made);
    };
    // Where a record ends before what is drawn does, nothing drawn means nothing known.
    const ending = (kind, at, height) => {
      const until = state.ends[kind] && time(state.ends[kind]) + day;
      if (!until || until >= last) return;
      const end = x(until);
      svg.append(drawn("rect", { x: end, y: at, width: right - end, height, class: "uncounted" },
        `This record ends on ${state.ends[kind]}`));
      const label = drawn("text", { x: right - 2, y: at - 6, class: "small end" });
      label.textContent = `record to ${state.ends[kind].slice(0, 4)}`;
      svg.append(label);
    };
    let y = 0;
    const lane = (title, height) => {
      const label = drawn("text", { x: left, y: y + 14, class: "lane" });
      label.textContent = title;
      svg.append(label);
      const top = y + 20;
      y = top + height + 8;
      lanes.push(top);
      return top;
    };

    // Violence: by month and host from 1990, by year of the conflict before.
    const top = lane(narrow ? "Deaths in battle, by month"
      : "Deaths in battle, a month in the host (darker: a year of the conflict, by twelve)", 84);
    const bars = [
      ...one.years.filter((year) => year[0] < 1990).map((year) => ({
        from: Date.UTC(year[0], 0, 1), to: Date.UTC(year[0] + 1, 0, 1), deaths: year[1] / 12, kind: "year",
        words: `${year[0]}: ${plural(year[1], "death")} of the conflict in the year` })),
      ...one.months.map((run) => ({
        from: time(run[1].slice(0, 8) + "01"), to: time(run[2]) + day, deaths: run[3], kind: "month",
        words: `${run[1].slice(0, 7)}${run[1] === run[2] ? "" : " to " + run[2].slice(0, 7)}, `
          + `${one.states[run[0]] || run[0]}: ${plural(run[3], "death")} a month`
          + (run[4] ? ", of several conflicts" : "") })),
    ].filter((bar) => bar.to > first && bar.from < last);
    const most = Math.max(1, ...bars.map((bar) => bar.deaths));
    for (const bar of bars) {
      if (!bar.deaths) continue;
      const height = Math.max(1, 80 * Math.sqrt(bar.deaths / most));
      svg.append(drawn("rect", {
        x: x(bar.from).toFixed(1), width: Math.max(0.8, x(bar.to) - x(bar.from)).toFixed(1),
        y: (top + 82 - height).toFixed(1), height: height.toFixed(1), class: `bar-${bar.kind}`,
      }, bar.words));
    }
    // The axis of deaths: round numbers, on the scale of square roots.
    const height = (deaths) => 80 * Math.sqrt(deaths / most);
    const round = [1, 10, 100, 1000, 10000, 100000].flatMap((n) => [n, 3 * n]).filter((n) => n <= most).slice(-4);
    let free = -Infinity;
    for (const deaths of bars.length ? round.reverse() : []) {
      const at = top + 82 - height(deaths);
      if (at - free < 13) continue;
      free = at;
      svg.append(drawn("line", { x1: left, x2: right, y1: at, y2: at, class: "grid" }));
      const label = drawn("text", { x: left, y: at - 2, class: "small" });
      label.textContent = deaths.toLocaleString("en");
      svg.append(label);
    }
    if (!bars.length) {
      const label = drawn("text", { x: left, y: top + 40, class: "small" });
      label.textContent = "no count";
      svg.append(label);
    }
    ending("months", top, 82);
    for (const event of episodes) {
      if (time(event[3]) < first || time(event[2]) > last) continue;
      mark("rect", { x: x(time(event[2])), width: Math.max(2, x(time(event[3])) - x(time(event[2]))),
        y: top + 83, height: 5, class: "episode" }, event);
    }

    const points = (title, names) => {
      const own = one.events.filter((event) => names.includes(event[0]));
      // An emergency session that is resumed sits again and stays one session.
      const sessions = new Set(own.map((event) => event[1].split("/")[0])).size;
      const counted = names.includes("assembly") && sessions < own.length
        ? `${sessions} (${plural(own.length, "sitting")})` : own.length || "none";
      const at = lane(`${title}: ${counted}`, 16);
      for (const event of own) {
        const place = x(time(event[2]));
        if (time(event[2]) < first || time(event[2]) > last) continue;
        const shapes = {
          resolution: ["rect", { x: place - 0.75, y: at, width: 1.5, height: 15 }],
          veto: ["path", { d: `M${place - 4} ${at + 3}l8 9m0-9l-8 9` }],
          assembly: ["rect", { x: place - 3.5, y: at + 4, width: 7, height: 7 }],
          agreement: ["path", { d: `M${place} ${at + 1}l5 6-5 6-5-6z` }],
          talks: ["rect", { x: place, y: at + 4, width: Math.max(1.5, x(time(event[3])) - place), height: 8 }],
        };
        const [shape, attributes] = shapes[event[0]];
        mark(shape, { ...attributes, class: `${event[0]}${event[6] ? " weak" : ""}` }, event);
      }
      ending(names[0], at, 16);
    };
    points("Council resolutions", ["resolution"]);
    points("Vetoed drafts", ["veto"]);
    if (one.events.some((event) => event[0] === "assembly")) points("General Assembly, emergency sessions", ["assembly"]);
    points("Months with talks", ["talks"]);
    points("Agreements", ["agreement"]);
    const missions = [...new Set(one.events.filter((event) => ["authorized", "personnel", "troops"].includes(event[0]))
      .map((event) => event[1]))];
    if (!missions.length) lane("Missions: none on record", 0);
    for (const name of missions) {
      const at = lane(name, 12);
      for (const event of one.events.filter((e) => e[1] === name && ["personnel", "troops"].includes(e[0]))
        .sort((a, b) => (a[0] < b[0] ? -1 : 1))) {
        if (time(event[3]) < first || time(event[2]) > last) continue;
        mark("rect", { x: x(time(event[2])), y: at + 1,
          width: Math.max(1.5, x(time(event[3])) - x(time(event[2]))), height: 9,
          class: `${event[0]} ${name.endsWith("(UN)") ? "un" : "others"}${event[6] ? " weak" : ""}` }, event);
      }
      for (const event of one.events.filter((e) => e[1] === name && e[0] === "authorized")) {
        if (time(event[2]) < first || time(event[2]) > last) continue;
        const point = x(time(event[2]));
        mark("path", { d: `M${point} ${at}l4 5.5-4 5.5-4-5.5z`, class: "authorized" }, event);
      }
    }

    const years = (last - first) / (365.25 * day);
    const step = [1, 2, 5, 10, 20].find((n) => years / n <= (narrow ? 5 : 12)) || 20;
    for (let year = new Date(first).getUTCFullYear() + 1; Date.UTC(year, 0, 1) < last; year += 1) {
      if (year % step) continue;
      const place = x(Date.UTC(year, 0, 1));
      svg.prepend(drawn("line", { x1: place, x2: place, y1: lanes[0] - 2, y2: y, class: "grid" }));
      const label = drawn("text", { x: place, y: y + 13, class: "small middle" });
      label.textContent = year;
      svg.append(label);
    }
    svg.setAttribute("height", y + 20);
    svg.setAttribute("viewBox", `0 0 ${width} ${y + 20}`);
    holder.append(svg);
    const said = element("p", { class: "explorer-mark", role: "status" });
    walked(holder, said, marks, one.name);
    brushed(svg, (at) => first + ((at - left) / (right - left)) * (last - first));
    return element("div", {}, holder, said);
  }

  function caption() {
    return element("p", { id: "explorer-words", class: "explorer-caption" },
      "The line under the bars: episodes. Strokes: resolutions; crosses: vetoed drafts; diamonds: authorizations "
      + "and agreements; light bars: personnel, dark bars: troops (blue: UN, green: others). Faint: weak links. "
      + "Dashed boxes: after the end of a record. One-sided violence, such as the genocide in Rwanda in 1994, is not in a "
      + "count of deaths in battle. Heights are square roots, so that small counts are seen. Point at a mark for its "
      + "source, or go from one to the next with the arrow keys once the picture has the focus; draw over years to "
      + "see them alone. The table below has every event.");
  }

  // The arrow keys go from mark to mark in the order of time; what each is stands below the picture.
  function walked(holder, said, marks, name) {
    marks.sort((a, b) => a.at - b.at);
    let place = -1;
    const go = (to) => {
      if (place >= 0) marks[place].made.classList.remove("is-here");
      place = Math.min(Math.max(to, 0), marks.length - 1);
      marks[place].made.classList.add("is-here");
      said.textContent = `${place + 1} of ${marks.length}. ${marks[place].text}`;
    };
    holder.setAttribute("tabindex", "0");
    holder.setAttribute("role", "group");
    holder.setAttribute("aria-label", `${name}: ${plural(marks.length, "mark")}, arrow keys go from one to the next`);
    holder.addEventListener("keydown", (event) => {
      const to = { ArrowRight: place + 1, ArrowDown: place + 1, ArrowLeft: place - 1, ArrowUp: place - 1,
        Home: 0, End: marks.length - 1 }[event.key];
      if (to === undefined || !marks.length) return;
      event.preventDefault();
      go(to);
    });
    for (const [at, one] of marks.entries()) one.made.addEventListener("pointerdown", () => go(at));
  }

  // Years over which the pointer is drawn are drawn alone.
  function brushed(svg, moment) {
    let start = null;
    const box = drawn("rect", { class: "brush", y: 0, height: "100%", width: 0 });
    const at = (event) => event.clientX - svg.getBoundingClientRect().left;
    svg.append(box);
    svg.addEventListener("pointerdown", (event) => { if (event.pointerType === "mouse") start = at(event); });
    svg.addEventListener("pointermove", (event) => {
      if (start === null) return;
      box.setAttribute("x", Math.min(start, at(event)));
      box.setAttribute("width", Math.abs(at(event) - start));
    });
    addEventListener("pointerup", (event) => {
      if (start === null) return;
      const [from, to] = [start, at(event)].sort((a, b) => a - b).map((place) => new Date(moment(place)).getUTCFullYear());
      const isDrawn = Math.abs(at(event) - start) > 8;
      start = null;
      box.setAttribute("width", 0);
      if (isDrawn && svg.isConnected) location.hash = address(state.shown, [from, to]);
    });
  }

  const words = (event) => {
    const span = event[2] === event[3] ? event[2] : `${event[2]} to ${event[4] ? "the end of the record" : event[3]}`;
    return [`${kinds[event[0]]}: ${event[1]}`, span, event[5], event[6] ? "weak link" : "",
      event[7] && `Source: ${event[7].split(";").map(sourceText).join("; ")}`].filter(Boolean).join("\n");
  };

  function sourceCell(text) {
    const cell = element("td");
    text.split(";").filter(Boolean).forEach((key, place) => {
      if (place) cell.append("; ");
      if (/^https?:\/\//.test(key)) cell.append(element("a", { href: key, rel: "noopener" }, new URL(key).hostname));
      else cell.append(sourceText(key));
    });
    return cell;
  }

  function framed(label, made) {
    return element("div", { class: "table-frame", role: "region", tabindex: "0", "aria-label": label }, made);
  }

  function table(one) {
    const head = element("tr", {}, ...["Date", "What", "Detail", "Source"].map(
      (text) => element("th", { scope: "col" }, text)));
    const rows = one.events.map((event) => {
      const span = event[2] === event[3] ? event[2] : `${event[2]} – ${event[4] ? "" : event[3]}`;
      return element("tr", {}, element("th", { scope: "row" }, span),
        element("td", {}, `${kinds[event[0]]}: ${event[1]}`),
        element("td", {}, event[5] + (event[6] ? " (weak link)" : "")), sourceCell(event[7]));
    });
    return element("section", {}, element("h3", {}, `All ${one.events.length} events`),
      framed(`Events: ${one.name}`, element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows))));
  }

  function ties(one) {
    if (!one.ties.length) return "";
    const latest = one.ties[one.ties.length - 1][0];
    const say = (value, yes) => (value === null ? "not known" : value ? yes : "no");
    const number = (value, digits, unit) => (value === null ? "not known" : value.toFixed(digits) + unit);
    const names = { usa: "United States", uk: "United Kingdom", france: "France", russia: "Russia", china: "China" };
    const head = element("tr", {}, ...["Member", "Defense pact", "Share of trade", "Former ruler", "Neighbor",
      "Distance of votes"].map((text) => element("th", { scope: "col" }, text)));
    const rows = one.ties.filter((tie) => tie[0] === latest).map((tie) => element("tr", {},
      element("th", { scope: "row" }, names[tie[1]] || tie[1]), element("td", {}, say(tie[2], "yes")),
      element("td", {}, number(tie[3] === null ? null : 100 * tie[3], 1, " %")),
      element("td", {}, say(tie[4], "yes")), element("td", {}, say(tie[5], "yes")),
      element("td", {}, number(tie[6], 2, ""))));
    return element("section", {}, element("h3", {}, "Ties of the permanent members to the host"),
      element("p", {}, `Before the onset of episode ${latest}. Distance of votes: in the General Assembly; larger is further apart.`),
      framed(`Ties of the permanent members: ${one.name}`, element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows))));
  }

  document.addEventListener("DOMContentLoaded", () => {
    find("explorer").hidden = false;
    fillFilters();
    list();
    find("explorer-search").addEventListener("input", list);
    for (const name of ["region", "type", "held", "mission", "from", "to"]) {
      find(`explorer-${name}`).addEventListener("input", list);
    }
    find("explorer-list").addEventListener("change", (event) => choose(Number(event.target.value)));
    find("explorer-search").addEventListener("keydown", (event) => {
      const one = find("explorer-list").options[0];
      if (event.key === "Enter" && one) { event.preventDefault(); choose(Number(one.value)); }
    });
    addEventListener("hashchange", () => { fromAddress(); find("explorer-view").scrollIntoView({ block: "nearest" }); });
    let width = innerWidth;
    addEventListener("resize", () => {
      if (width !== innerWidth && state.shown.length) { width = innerWidth; show(state.shown); }
    });
    if (location.hash) fromAddress();
    else if (state.index.length) {
      const first = Number(find("explorer").dataset.first);
      open([state.index.some((one) => one[0] === first) ? first : state.index[0][0]]);
    }
  });
})();
