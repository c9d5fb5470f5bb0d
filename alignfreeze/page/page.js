"use strict";
// The page's behaviour: fills the charts with the rows that the controls choose. PAGE holds data, names and charts.
(() => {
  const { cells, seeds, languages, main, genus, retrieval, aligners, curves, compare, advice, names, specifications } = PAGE;
  const byId = (id) => document.getElementById(id);
  const facts = new Map(languages.map((row) => [row.language, row]));
  const nameOf = (key) => names[key] ?? key;
  const unique = (values) => [...new Set(values)];
  const views = {};
  const shown = {};

  // ---- rows with display names -------------------------------------------------------------------------------------
  const named = (row) => ({
    ...row,
    name: facts.get(row.language)?.name ?? row.language,
    model_name: nameOf(row.model), task_name: nameOf(row.task), strategy_name: nameOf(row.strategy),
    aligner_name: nameOf(row.aligner),
  });
  // Of several columns, a label names those in which the rows differ: on one line, or on a narrow page one below the other.
  const narrow = () => innerWidth < 600;
  const labelled = (rows, columns) => {
    const telling = columns.filter((column) => unique(rows.map((row) => row[column])).length > 1);
    return rows.map((row) => ({ ...row, label: (telling.length ? telling : columns.slice(0, 1)).map((column) => row[column]).filter((text) => text !== "none").join(narrow() ? "\n" : " · ") }));
  };
  const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
  const whiskers = (row) => ({
    ...row,
    low: row.delta - (isNumber(row.delta_std) ? row.delta_std : 0),
    high: row.delta + (isNumber(row.delta_std) ? row.delta_std : 0),
  });

  // ---- charts ------------------------------------------------------------------------------------------------------
  const dark = () => document.documentElement.classList.contains("dark");
  const theme = () => {
    const ink = dark() ? "#d7d7de" : "#222";
    const grid = dark() ? "#383c46" : "#e3e5ea";
    const axis = { labelColor: ink, titleColor: ink, gridColor: grid, domainColor: grid, tickColor: grid, titleFontWeight: "normal", labelLimit: narrow() ? 130 : 320, titleLimit: narrow() ? 200 : 500 };
    return {
      background: null, view: { stroke: null }, axis, axisX: { tickCount: narrow() ? 5 : 10 }, rule: { color: ink },
      legend: { labelColor: ink, titleColor: ink, columns: narrow() ? 3 : undefined }, line: { color: ink }, title: { color: ink },
    };
  };

  // One drawing at a time for each chart: a second call waits, so that the last rows win.
  const queue = {};
  const draw = (place, chart, rows, extra = {}) => {
    queue[place] = (queue[place] ?? Promise.resolve()).then(() => drawNow(place, chart, rows, extra));
    return queue[place];
  };
  const drawNow = async (place, chart, rows, extra) => {
    const element = byId(place);
    if (!element) return;
    shown[place] = rows;
    views[place]?.finalize();
    delete views[place];
    if (!rows.length) {
      element.innerHTML = '<p class="empty">Nothing to show for this choice.</p>';
      return;
    }
    const specification = { ...structuredClone(specifications[chart]), datasets: { ...specifications[chart].datasets, rows, ...extra } };
    if (chart === "world") {
      const largest = Math.max(0.1, ...rows.map((row) => Math.abs(row.delta)));
      specification.height = Math.round(Math.min(460, element.clientWidth * 0.5));
      specification.layer[2].encoding.color.scale.domain = [-largest, largest];
    }
    const { view } = await vegaEmbed(element, specification, { actions: false, renderer: "svg", config: theme() });
    views[place] = view;
    element.setAttribute("role", "img");
    if (chart === "world") view.addEventListener("click", (_, item) => { if (item?.datum?.language) open(item.datum.language); });
  };

  const save = async (place, format) => {
    if (format === "csv") return download(`${place}.csv`, new Blob([csv(shown[place] ?? [])], { type: "text/csv" }));
    if (!views[place]) return;
    const name = `${place}.${format}`;
    if (format === "svg") return download(name, new Blob([await views[place].toSVG()], { type: "image/svg+xml" }));
    (await views[place].toCanvas(2)).toBlob((blob) => download(name, blob));
  };
  const download = (name, blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  const csv = (rows) => {
    if (!rows.length) return "";
    const columns = Object.keys(rows[0]).filter((name) => !name.endsWith("_name") && !["order", "low", "high", "shown_name", "label"].includes(name));
    const cell = (value) => {
      const text = value === null || value === undefined ? "" : String(value);
      return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    };
    return [columns.join(","), ...rows.map((row) => columns.map((name) => cell(row[name])).join(","))].join("\n") + "\n";
  };
  // The code stands beside a dot that has room: no other dot close to it.
  const withNames = (rows) => {
    const values = rows.flatMap((row) => [row.full, row.front]);
    const room = 0.026 * (Math.max(...values) - Math.min(...values));
    const apart = (one, other) => Math.abs(other.full - one.full) > 2.2 * room || Math.abs(other.front - one.front) > room;
    return rows.map((row) => ({ ...row, shown_name: rows.every((other) => other === row || apart(row, other)) ? row.language : "" }));
  };
  const equalLine = (rows, left, right) => {
    const values = rows.flatMap((row) => [row[left], row[right]]).filter(isNumber);
    const ends = [Math.min(...values), Math.max(...values)];
    return { equal: ends.map((value) => ({ x: value, y: value })) };
  };

  // ---- controls ----------------------------------------------------------------------------------------------------
  const fill = (id, values, keep) => {
    const select = byId(id);
    const old = keep ?? select.value;
    select.replaceChildren(...values.map((value) => new Option(nameOf(value), value)));
    select.value = values.includes(old) ? old : values[0];
    return select.value;
  };
  const inOrder = (column, rows) => PAGE.order[column].filter((name) => rows.some((row) => row[column] === name));
  const strategyRows = cells.filter((row) => row.strategy !== "baseline");

  const choose = () => {
    const model = fill("model", inOrder("model", strategyRows));
    const ofModel = strategyRows.filter((row) => row.model === model);
    const task = fill("task", inOrder("task", ofModel));
    const ofTask = ofModel.filter((row) => row.task === task);
    const metric = fill("metric", inOrder("metric", ofTask));
    const ofMetric = ofTask.filter((row) => row.metric === metric);
    const aligner = fill("aligner", inOrder("aligner", ofMetric));
    fill("distance", PAGE.distances);
    const sets = unique(ofMetric.filter((row) => row.aligner === aligner).map((row) => row.realignment_languages));
    const pairs = fill("realignment_languages", sets);
    byId("realignment_languages").closest("label").hidden = sets.length < 2;
    const fits = (row) =>
      row.model === model && row.task === task && row.metric === metric && row.aligner === aligner && row.realignment_languages === pairs;
    return { rows: strategyRows.filter(fits).filter((row) => isNumber(row.delta)), seedRows: seeds.filter(fits) };
  };

  const drawModels = () => {
    const { rows, seedRows } = choose();
    const leading = inOrder("strategy", rows)[0];
    const order = new Map(
      rows.filter((row) => row.strategy === leading).sort((a, b) => b.delta - a.delta).map((row, place) => [row.language, place]));
    draw("by-language", "by_language", rows.map((row) => whiskers({ ...named(row), order: order.get(row.language) ?? 999 })));
    const pairs = unique(rows.map((row) => row.language)).flatMap((language) => {
      const of = (strategy) => rows.find((row) => row.language === language && row.strategy === strategy)?.delta;
      const [full, front] = [of("full"), of("front")];
      return isNumber(full) && isNumber(front)
        ? [{ language, name: facts.get(language)?.name ?? language, family: facts.get(language)?.family || "unknown", full, front }] : [];
    });
    byId("front-against-full-card").hidden = !pairs.length;
    if (pairs.length) draw("front-against-full", "front_against_full", withNames(pairs), equalLine(pairs, "full", "front"));
    const distance = byId("distance").value;
    const far = rows.map((row) => ({ ...named(row), distance: facts.get(row.language)?.[distance] })).filter((row) => isNumber(row.distance));
    draw("against-distance", "against_distance", far);
    draw("seeds", "seeds", labelled(seedRows.filter((row) => isNumber(row.delta)).map(named), ["strategy_name"]));
  };

  // ---- map and language panel --------------------------------------------------------------------------------------
  const mapCells = unique(strategyRows.filter((row) => row.metric === PAGE.main_metrics[row.task]).map(
    (row) => [row.model, row.task, row.strategy, row.aligner, row.realignment_languages].join("\t")));
  const drawMap = () => {
    const [model, task, strategy, aligner, pairs] = byId("map-cell").value.split("\t");
    const metric = PAGE.main_metrics[task];
    const rows = strategyRows.filter((row) => row.model === model && row.task === task && row.strategy === strategy
      && row.aligner === aligner && row.realignment_languages === pairs && row.metric === metric && isNumber(row.delta));
    draw("world", "world", rows.map((row) => ({ ...named(row), ...pick(facts.get(row.language), ["latitude", "longitude", "genus"]) }))
      .filter((row) => isNumber(row.latitude)));
  };
  const pick = (row, keys) => Object.fromEntries(keys.map((key) => [key, row?.[key]]));

  const open = (code) => { location.hash = `#${encodeURIComponent(code)}`; };
  const drawPanel = (code, scroll) => {
    const row = facts.get(code);
    byId("language").value = code;
    byId("panel-title").textContent = `${row.name} (${code})`;
    const distances = PAGE.distances.filter((name) => isNumber(row[name])).map((name) => `${nameOf(name)} ${row[name].toFixed(2)}`);
    const items = [
      ["family, genus", [row.family, row.genus].filter(Boolean).join(", ") || "unknown to URIEL"],
      ["script", row.script || "unknown"],
      ["distances to " + PAGE.source, distances.join(" · ") || "none known"],
      ["imputed features", row.imputed || "none of the three kinds"],
    ];
    byId("panel-facts").replaceChildren(...items.flatMap(([term, text]) => {
      const [dt, dd] = [document.createElement("dt"), document.createElement("dd")];
      dt.textContent = term;
      dd.textContent = text;
      return [dt, dd];
    }));
    const keyed = (each) => [each.model, each.task, each.metric, each.aligner, each.strategy, each.realignment_languages, each.language].join("\t");
    const beside = new Map(genus.filter((each) => each.language === code).map((each) => [keyed(each), each]));
    const own = cells.filter((each) => each.language === code && each.metric === PAGE.main_metrics[each.task]);
    const rows = own.filter((each) => each.strategy !== "baseline" && isNumber(each.delta)).map((each) => whiskers({
      ...named(each), ...pick(beside.get(keyed(each)), ["genus_delta", "genus_n"]),
    }));
    draw("panel", "panel", labelled(rows, ["model_name", "task_name", "aligner_name", "realignment_languages"]));
    const digits = (value) => (isNumber(value) ? value.toFixed(1) : "–");
    byId("panel-scores").replaceChildren(...own.map((each) => {
      const line = document.createElement("tr");
      const texts = [nameOf(each.model), nameOf(each.task), nameOf(each.strategy), each.aligner === "none" ? "–" : nameOf(each.aligner),
        digits(each.mean), digits(each.std), digits(each.delta), digits(each.delta_std), each.n_seeds];
      texts.forEach((text, place) => {
        const cell = line.insertCell();
        cell.textContent = text;
        if (place > 3) cell.className = "number";
      });
      return line;
    }));
    if (scroll) byId("panel-card").scrollIntoView({ block: "start" });
  };
  const followHash = (scroll) => {
    const code = decodeURIComponent(location.hash.slice(1));
    if (facts.has(code)) drawPanel(code, scroll);
  };

  // ---- everything --------------------------------------------------------------------------------------------------
  const drawForest = () => {
    const task = byId("forest-task").value;
    const rows = main.filter((row) => row.strategy !== "baseline" && row.task === task && isNumber(row.delta)).map(named);
    draw("forest", "forest", labelled(rows, ["model_name", "aligner_name", "realignment_languages"]));
  };
  const drawDiagnostics = () => {
    const place = byId("place")?.value;
    draw("retrieval", "retrieval", retrieval.filter((row) => row.place === place).map((row) => ({ ...named(row), accuracy: 100 * row.accuracy })));
    draw("aligners", "aligners", aligners.map(named));
    const stage = byId("stage")?.value;
    draw("curves", "curves", curves.filter((row) => row.stage === stage));
  };
  const drawAdvice = () => {
    if (!byId("advice")) return;
    const model = fill("advice-model", unique(advice.map((row) => row.model)));
    const ofModel = advice.filter((row) => row.model === model && row.language);
    const task = fill("advice-task", unique(ofModel.map((row) => row.task)));
    const ofTask = ofModel.filter((row) => row.task === task);
    const features = fill("advice-features", unique(ofTask.map((row) => row.features)));
    for (const option of byId("advice-features").options) option.textContent = `${option.value}: ${PAGE.features[option.value] ?? ""}`;
    const rows = ofTask.filter((row) => row.features === features && isNumber(row.gain)).map(named);
    rows.sort((a, b) => b.gain - a.gain || a.name.localeCompare(b.name));
    draw("advice", "advice", rows);
  };
  const drawCompare = () => {
    const rows = compare.filter((row) => isNumber(row.mean_ours) && isNumber(row.mean_published))
      .map((row) => ({ ...named(row), ours: row.mean_ours, other: row.mean_published }));
    draw("compare", "compare", rows, rows.length ? equalLine(rows, "ours", "other") : {});
  };
  const drawAll = () => {
    drawForest(); drawMap(); drawModels(); drawDiagnostics(); drawAdvice(); drawCompare(); drawPanel(byId("language").value, false);
  };

  const start = () => {
    const stored = matchMedia("(prefers-color-scheme: dark)");
    document.documentElement.classList.toggle("dark", stored.matches);
    byId("theme").addEventListener("click", () => { document.documentElement.classList.toggle("dark"); drawAll(); });
    fill("forest-task", inOrder("task", strategyRows));
    fill("map-cell", mapCells);
    for (const option of byId("map-cell").options) option.textContent = option.value.split("\t").slice(0, 4).map(nameOf).join(" · ");
    const codes = languages.map((row) => row.language).filter((code) => cells.some((row) => row.language === code));
    fill("language", codes);
    for (const option of byId("language").options) option.textContent = `${facts.get(option.value).name} (${option.value})`;
    if (byId("place")) fill("place", unique(retrieval.map((row) => row.place)));
    if (byId("stage")) fill("stage", unique(curves.map((row) => row.stage)));
    const listen = (ids, handler) => ids.forEach((id) => byId(id)?.addEventListener("change", handler));
    listen(["forest-task"], drawForest);
    listen(["map-cell"], drawMap);
    listen(["model", "task", "metric", "aligner", "distance", "realignment_languages"], drawModels);
    listen(["place", "stage"], drawDiagnostics);
    listen(["advice-model", "advice-task", "advice-features"], drawAdvice);
    listen(["language"], () => open(byId("language").value));
    document.querySelectorAll("[data-save]").forEach((button) =>
      button.addEventListener("click", () => save(button.dataset.save, button.dataset.format)));
    addEventListener("hashchange", () => followHash(true));
    drawAll();
    followHash(true);
    // For whoever tests the page: true once every chart is drawn.
    Promise.all(Object.values(queue)).then(() => { document.documentElement.dataset.ready = "true"; });
  };
  start();
})();
