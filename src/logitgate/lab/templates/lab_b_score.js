// How a score is made: a row from its inputs to its decision.
(() => {
  const form = document.getElementById("walk");
  if (form === null) return;
  const { values, across, down, chart, put, sigmoid, shown } = lab;
  const select = document.getElementById("walk-row");
  const slider = document.getElementById("walk-threshold");
  const stations = [...form.querySelectorAll("ol.flow > li")];
  let own = true;
  let station = -1;
  const cells = (row, texts) => {
    texts.forEach((text, place) => {
      const cell = document.createElement("td");
      if (place > 0) cell.className = "number";
      cell.textContent = text;
      row.append(cell);
    });
    return row;
  };
  const list = (walk) => {
    const inputs = form.querySelector('[data-part="inputs"]');
    inputs.replaceChildren(...walk.inputs.flatMap((one) => {
      const [name, value] = [document.createElement("dt"), document.createElement("dd")];
      name.textContent = one.feature;
      value.textContent = one.value === null ? "missing" : typeof one.value === "number" ? pages.number(one.value) : one.value;
      return [name, value];
    }));
    form.querySelector('[data-part="parts"]').replaceChildren(...walk.parts.map((one) => cells(
      document.createElement("tr"),
      [one.column, pages.number(one.value), pages.number(one.weight), pages.number(one.value * one.weight)],
    )));
  };
  const update = () => {
    const walk = values.walks[Number(select.value)];
    const score = walk.parts.reduce((total, one) => total + one.value * one.weight, walk.intercept);
    const probability = sigmoid(score);
    if (own) slider.value = String(walk.threshold === null ? 1000 : Math.round(1000 * walk.threshold));
    const threshold = own ? walk.threshold : Number(slider.value) / 1000;
    const flagged = threshold === null ? walk.flagged : probability >= threshold;
    const text = threshold === null ? "none" : pages.number(threshold);
    list(walk);
    put("walk.intercept", walk.intercept);
    put("walk.log_odds", score);
    put("walk.probability", probability);
    put("walk.threshold", threshold, text);
    put("walk.decision", flagged, flagged ? "flagged" : "not flagged");
    put("walk.outcome", walk.event, walk.event ? "an event" : "no event");
    shown("walk-threshold", text);
    const svg = chart("sigmoid");
    const circle = svg.querySelector("circle.chosen");
    circle.setAttribute("cx", across((score + 8) / 16).toFixed(1));
    circle.setAttribute("cy", down(probability).toFixed(1));
    const level = down(threshold === null ? 1 : threshold).toFixed(1);
    svg.querySelector("polyline.quiet").setAttribute("points", `${across(0)},${level} ${across(1)},${level}`);
    form.dataset.ready = "yes";
  };
  select.addEventListener("input", () => { own = true; update(); });
  slider.addEventListener("input", () => { own = false; update(); });
  document.getElementById("walk-own").addEventListener("click", () => { own = true; update(); });
  document.getElementById("walk-next").addEventListener("click", () => {
    station = (station + 1) % stations.length;
    stations.forEach((one) => one.removeAttribute("aria-current"));
    stations[station].setAttribute("aria-current", "step");
    stations[station].scrollIntoView({ block: "nearest" });
    document.getElementById("walk-said").textContent = `Station ${station + 1} of ${stations.length}: ${stations[station].querySelector("h3").textContent}`;
  });
  update();
})();

// The decision boundary over two features.
(() => {
  const form = document.getElementById("boundary");
  if (form === null) return;
  const { values, across, down, chart, put, shape, drawing, axes, contour, shown } = lab;
  const input = (name) => document.getElementById(`boundary-${name}`);
  const names = ["intercept", "first", "second", "threshold"];
  const CELLS = 96;
  const curve = (table, low, high, value) => {
    const place = Math.min(Math.max(((value - low) / (high - low)) * (table.length - 1), 0), table.length - 1);
    const left = Math.min(Math.floor(place), table.length - 2);
    return table[left] + (place - left) * (table[left + 1] - table[left]);
  };
  // Rows of cells, finer than the tables of the curves.
  const shade = (score) => {
    const [wide, high] = [(across(1) - across(0)) / CELLS, (down(0) - down(1)) / CELLS];
    const pieces = [];
    for (let j = 0; j < CELLS; j += 1) {
      for (let i = 0; i < CELLS; i += 1) {
        const start = i;
        while (i < CELLS && score((i + 0.5) / CELLS, (j + 0.5) / CELLS)) i += 1;
        const length = ((i - start) * wide).toFixed(1);
        if (i > start) pieces.push(`M${(across(0) + start * wide).toFixed(1)} ${(down(0) - (j + 1) * high).toFixed(1)}h${length}v${high.toFixed(2)}h-${length}z`);
      }
    }
    return pieces.join("");
  };
  const update = () => {
    const plane = values.planes[Number(input("pair").value)];
    const surface = plane.surfaces[Number(input("kind").value)];
    const [shift, first, second, threshold] = names.map((name) => Number(input(name).value));
    names.forEach((name) => shown(`boundary-${name}`, pages.number(Number(input(name).value))));
    const level = Math.log(threshold / (1 - threshold));
    const svg = chart("boundary");
    const layer = drawing(svg);
    axes(svg, ...[0, 1].map((at) => ({ low: plane.low[at], high: plane.high[at], label: plane.names[at] })));
    const fitted = surface.first.length > 0;
    document.getElementById("boundary-said").textContent = fitted ? "" : `No fit: ${surface.why}`;
    const counts = { true_positive: 0, false_positive: 0, false_negative: 0 };
    const base = surface.intercept + shift;
    if (fitted) {
      const height = surface.first.map((one) => surface.second.map((other) => base + first * one + second * other));
      const flagged = (x, y) => base + first * curve(surface.first, 0, 1, x) + second * curve(surface.second, 0, 1, y) >= level;
      shape(layer, "path", { class: "shade", d: shade(flagged) });
      shape(layer, "path", { class: "border", d: contour(height, level) });
    }
    plane.points.forEach(([x, y], place) => {
      const share = [(x - plane.low[0]) / (plane.high[0] - plane.low[0]), (y - plane.low[1]) / (plane.high[1] - plane.low[1])];
      const event = plane.events[place];
      shape(layer, "circle", { class: event ? "event" : "other", cx: across(share[0]).toFixed(1), cy: down(share[1]).toFixed(1), r: 3 });
      if (!fitted) return;
      const score = base + first * curve(surface.first, plane.low[0], plane.high[0], x)
        + second * curve(surface.second, plane.low[1], plane.high[1], y);
      if (score >= level) counts[event ? "true_positive" : "false_positive"] += 1;
      else if (event) counts.false_negative += 1;
    });
    for (const [name, count] of Object.entries(counts)) put(`boundary.${name}`, count);
    form.dataset.ready = "yes";
  };
  form.addEventListener("input", update);
  document.getElementById("boundary-back").addEventListener("click", () => {
    names.forEach((name) => { input(name).value = input(name).dataset.start; });
    update();
  });
  update();
})();
