// The explorer of conflicts: one conflict at a time, from scripts that lie beside the page.
"use strict";
(() => {
  const state = { index: [], sources: {}, countedUntil: null, loaded: {}, shown: null };
  const find = (name) => document.getElementById(name);
  const svgNamespace = "http://www.w3.org/2000/svg";
  const day = 86400000;

  // What the data scripts call.
  window.collsec = {
    conflicts(index, sources, countedUntil) { Object.assign(state, { index, sources, countedUntil }); },
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

  function list() {
    const select = find("explorer-list");
    const rows = found(plain(find("explorer-search").value).split(/\s+/).filter(Boolean));
    select.replaceChildren(...rows.map((one) => {
      const option = element("option", { value: one[0] }, `${one[1]} (${one[3]})`);
      option.selected = state.shown !== null && one[0] === state.shown;
      return option;
    }));
    find("explorer-count").textContent = `${rows.length} of ${plural(state.index.length, "conflict")}`;
  }

  function open(id) {
    if (!state.index.some((one) => one[0] === id)) {
      find("explorer-view").replaceChildren(
        element("p", {}, `No conflict has the number ${id}. Choose one from the list.`));
      return;
    }
    if (state.loaded[id]) { show(state.loaded[id]); return; }
    const script = element("script", { src: `data/conflicts/${id}.js` });
    script.addEventListener("load", () => show(state.loaded[id]));
    script.addEventListener("error", () => find("explorer-view").replaceChildren(
      element("p", {}, `The file data/conflicts/${id}.js is missing.`)));
    document.head.append(script);
  }

  function fromAddress() {
    const id = Number(location.hash.slice(1));
    if (id) open(id);
  }

  function show(one) {
    state.shown = one.id;
    const view = find("explorer-view");
    const count = (kind) => one.events.filter((event) => event[0] === kind).length;
    const facts = [
      plural(count("episode"), "episode"), plural(count("resolution"), "resolution"),
      plural(count("veto"), "vetoed draft"), plural(new Set(one.events.filter(
        (event) => ["authorized", "personnel", "troops"].includes(event[0]))
        .map((event) => event[1])).size, "mission"),
      plural(count("agreement"), "agreement"), plural(count("talks"), "month") + " with talks",
    ];
    const link = element("a", { href: `#${one.id}` }, "Link to this conflict");
    const download = element("a", {
      href: URL.createObjectURL(new Blob([csv(one)], { type: "text/csv" })),
      download: `conflict-${one.id}.csv`,
    }, "Events (CSV)");
    view.replaceChildren(
      element("h2", { id: "explorer-name", tabindex: "-1" }, one.name),
      element("p", {}, `${types[one.kind] || one.kind}. ${facts.join(", ")}.`),
      episodesOf(one),
      element("p", { class: "explorer-links" }, link, " ", download),
      figure(one), ties(one), table(one));
    document.title = `${one.name} – explorer`;
    find("explorer-status").textContent = `Shown: ${one.name}`;
    for (const option of find("explorer-list").options) option.selected = Number(option.value) === one.id;
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

  function figure(one) {
    const dates = one.events.flatMap((event) => [time(event[2]), time(event[3])]);
    const episodes = one.events.filter((event) => event[0] === "episode");
    const edge = 1.5 * 365 * day;
    let first = Math.min(...episodes.map((event) => time(event[2]))) - edge;
    let last = Math.max(...episodes.map((event) => time(event[3]))) + edge;
    first = Math.max(first, Math.min(...dates) - edge);
    const holder = element("div", { class: "explorer-figure" });
    const width = Math.max(280, find("explorer-view").clientWidth || 900);
    const narrow = width < 560;
    const left = 4, right = width - 6, lanes = [];
    const x = (when) => left + ((Math.min(Math.max(when, first), last) - first) / (last - first)) * (right - left);
    const svg = drawn("svg", { width, role: "img", "aria-labelledby": "explorer-name explorer-words" });
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
    const top = lane("Deaths in battle, a month in the host (darker: a year of the conflict, by twelve)", 84);
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
    const scale = drawn("text", { x: right, y: top - 6, class: "small end" });
    scale.textContent = bars.length ? `highest: ${Math.round(most).toLocaleString("en")}` : "no count";
    svg.append(scale);
    if (state.countedUntil && time(state.countedUntil) + day < last) {
      const end = x(Math.max(time(state.countedUntil) + day, first));
      svg.append(drawn("rect", { x: end, y: top, width: right - end, height: 82, class: "uncounted" },
        `Deaths by month are on record up to ${state.countedUntil}`));
      const label = drawn("text", { x: right - 2, y: top + 12, class: "small end" });
      label.textContent = `no monthly count after ${state.countedUntil.slice(0, 4)}`;
      svg.append(label);
    }
    for (const event of episodes) {
      svg.append(drawn("rect", { x: x(time(event[2])), width: Math.max(2, x(time(event[3])) - x(time(event[2]))),
        y: top + 83, height: 5, class: "episode" }, words(event)));
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
        svg.append(drawn(shape, { ...attributes, class: `${event[0]}${event[6] ? " weak" : ""}` }, words(event)));
      }
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
        svg.append(drawn("rect", { x: x(time(event[2])), y: at + 1,
          width: Math.max(1.5, x(time(event[3])) - x(time(event[2]))), height: 9,
          class: `${event[0]} ${name.endsWith("(UN)") ? "un" : "others"}${event[6] ? " weak" : ""}` }, words(event)));
      }
      for (const event of one.events.filter((e) => e[1] === name && e[0] === "authorized")) {
        if (time(event[2]) < first || time(event[2]) > last) continue;
        const place = x(time(event[2]));
        svg.append(drawn("path", { d: `M${place} ${at}l4 5.5-4 5.5-4-5.5z`, class: "authorized" }, words(event)));
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
    const caption = element("p", { id: "explorer-words", class: "explorer-caption" },
      "The line under the bars: episodes. Strokes: resolutions; crosses: vetoed drafts; diamonds: authorizations "
      + "and agreements; light bars: personnel, dark bars: troops (blue: UN, green: others). Faint: weak links. "
      + "One-sided violence, such as the genocide in Rwanda in 1994, is not in a count of deaths in battle. "
      + "Heights are square roots, so that small counts are seen. Point at a mark for its source; the table below "
      + "has every event.");
    holder.append(svg, caption);
    return holder;
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
      framed("Events of the conflict", element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows))));
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
      framed("Ties of the permanent members", element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows))));
  }

  document.addEventListener("DOMContentLoaded", () => {
    find("explorer").hidden = false;
    list();
    find("explorer-search").addEventListener("input", list);
    find("explorer-list").addEventListener("change", (event) => { location.hash = event.target.value; });
    find("explorer-search").addEventListener("keydown", (event) => {
      const one = find("explorer-list").options[0];
      if (event.key === "Enter" && one) { event.preventDefault(); location.hash = one.value; }
    });
    addEventListener("hashchange", () => { fromAddress(); find("explorer-view").scrollIntoView({ block: "nearest" }); });
    let width = innerWidth;
    addEventListener("resize", () => {
      if (width !== innerWidth && state.shown !== null) { width = innerWidth; show(state.loaded[state.shown]); }
    });
    if (location.hash) fromAddress();
    else if (state.index.length) {
      const first = Number(find("explorer").dataset.first);
      open(state.index.some((one) => one[0] === first) ? first : state.index[0][0]);
    }
  });
})();
