// The cost function: log loss over two coefficients, Newton's steps and gradient descent.
(() => {
  const form = document.getElementById("descent");
  if (form === null) return;
  const { values, across, down, chart, put, shape, drawing, axes, contour, sigmoid, shown } = lab;
  const input = (name) => document.getElementById(`descent-${name}`);
  const MOST = 60;
  const GRID = 36;
  const SMALL = 1e-6;
  const softplus = (score) => Math.max(score, 0) + Math.log1p(Math.exp(-Math.abs(score)));

  // Mean log loss without the penalty, exact where probabilities round to 0 or 1.
  const loss = (rows, w) => rows.x.reduce((sum, [one, two], at) => {
    const score = one * w[0] + two * w[1];
    return sum + softplus(rows.event[at] ? -score : score);
  }, 0) / rows.x.length;
  const naive = (rows, w) => rows.x.reduce((sum, [one, two], at) => {
    const chance = sigmoid(one * w[0] + two * w[1]);
    return sum - Math.log(rows.event[at] ? chance : 1 - chance);
  }, 0) / rows.x.length;
  const objective = (rows, w, C) => loss(rows, w) + (w[0] ** 2 + w[1] ** 2) / (2 * C * rows.x.length);
  const slope = (rows, w, C) => {
    const found = [w[0] / (C * rows.x.length), w[1] / (C * rows.x.length)];
    rows.x.forEach(([one, two], at) => {
      const miss = (sigmoid(one * w[0] + two * w[1]) - (rows.event[at] ? 1 : 0)) / rows.x.length;
      found[0] += miss * one;
      found[1] += miss * two;
    });
    return found;
  };
  const curvature = (rows, w, C) => {
    const n = rows.x.length;
    let [a, b, d] = [1 / (C * n), 0, 1 / (C * n)];
    for (const [one, two] of rows.x) {
      const chance = sigmoid(one * w[0] + two * w[1]);
      const weight = (chance * (1 - chance)) / n;
      a += weight * one * one;
      b += weight * one * two;
      d += weight * two * two;
    }
    return [a, b, d];
  };
  // A whole step is halved until it leads down, as in logitgate/model/fitting/solver.py.
  const newton = (rows, w, C) => {
    const [g, [a, b, d]] = [slope(rows, w, C), curvature(rows, w, C)];
    const size = a * d - b * b;
    if (!(size > 0)) return null;
    const step = [(d * g[0] - b * g[1]) / size, (a * g[1] - b * g[0]) / size];
    const now = objective(rows, w, C);
    for (let share = 1; share > 1e-9; share /= 2) {
      const then = [w[0] - share * step[0], w[1] - share * step[1]];
      if (objective(rows, then, C) <= now) return then;
    }
    return null;
  };
  const path = (rows, C, next) => {
    const found = [[0, 0]];
    while (found.length <= MOST) {
      const then = next(found[found.length - 1]);
      if (then === null) break;
      found.push(then);
    }
    return found;
  };
  const length = (vector) => Math.hypot(vector[0], vector[1]);
  const arrived = (rows, C, places) => places.findIndex((w) => length(slope(rows, w, C)) < SMALL);
  const told = (value) => (Number.isNaN(value) ? "not a number" : Number.isFinite(value) ? pages.number(value) : "infinite (overflow)");

  const report = (name, rows, C, places, steps) => {
    const w = places[Math.min(steps, places.length - 1)];
    const figures = { first: w[0], second: w[1], loss: loss(rows, w), objective: objective(rows, w, C), slope: length(slope(rows, w, C)), naive: naive(rows, w) };
    for (const [key, value] of Object.entries(figures)) put(`${name}.${key}`, value, told(value));
    const at = arrived(rows, C, places);
    put(`${name}.arrived`, at, at < 0 ? `not in ${MOST}` : String(at));
    return { ...figures, at, length: length(w) };
  };
  const sentence = (one, other, rate, separated) => {
    const said = [];
    if (!Number.isFinite(other.loss)) said.push(`At a rate of ${pages.number(rate)} the coefficients overflow: no number is left.`);
    else if (other.loss > Math.log(2) + 1e-9) said.push(`At a rate of ${pages.number(rate)} gradient descent overshoots: it is worse than where it began.`);
    else if (other.at < 0) said.push(`At a rate of ${pages.number(rate)} gradient descent is not there after ${MOST} steps.`);
    else said.push(`Gradient descent arrives after ${other.at} steps, Newton after ${one.at < 0 ? "more" : one.at}.`);
    if (!Number.isFinite(other.naive) && Number.isFinite(other.loss)) said.push("The naive formula has overflowed where the stable one has not.");
    if (separated) said.push(`Nothing stops the coefficients on separated rows without a penalty: Newton's have reached a length of ${pages.number(one.length)}.`);
    return said.join(" ");
  };
  // The part of a step within the picture (Liang, Barsky 1984); null where there is none.
  const inside = (from, to, reach) => {
    let [start, end] = [0, 1];
    for (const axis of [0, 1]) {
      const along = to[axis] - from[axis];
      const cuts = [(-reach - from[axis]) / along, (reach - from[axis]) / along].sort((one, other) => one - other);
      if (along === 0) {
        if (Math.abs(from[axis]) > reach) return null;
      } else {
        start = Math.max(start, cuts[0]);
        end = Math.min(end, cuts[1]);
      }
    }
    if (!(start < end)) return null;
    return [start, end].map((share) => [0, 1].map((axis) => from[axis] + share * (to[axis] - from[axis])));
  };
  const surface = (rows, C, both, reach) => {
    const svg = chart("surface");
    const layer = drawing(svg);
    const at = [...Array(GRID + 1).keys()].map((place) => reach * ((2 * place) / GRID - 1));
    const height = at.map((one) => at.map((two) => objective(rows, [one, two], C)));
    const sorted = height.flat().sort((one, other) => one - other);
    for (const share of [0.01, 0.03, 0.07, 0.12, 0.2, 0.3, 0.42, 0.55, 0.7, 0.85]) {
      shape(layer, "path", { class: "contour", d: contour(height, sorted[Math.floor(share * sorted.length)]) });
    }
    const place = (w) => [across((w[0] / reach + 1) / 2), down((w[1] / reach + 1) / 2)].map((one) => one.toFixed(1));
    for (const [kind, places] of both) {
      const known = places.filter((w) => w.every(Number.isFinite));
      known.slice(1).forEach((to, at) => {
        const part = inside(known[at], to, reach);
        if (part !== null) shape(layer, "polyline", { class: kind, points: part.map((w) => place(w).join(",")).join(" ") });
      });
      for (const w of known.filter((one) => Math.max(...one.map(Math.abs)) <= reach)) {
        const [cx, cy] = place(w);
        shape(layer, "circle", { class: kind, cx, cy, r: 3 });
      }
    }
    const columns = values.cost.columns;
    axes(svg, { low: -reach, high: reach, label: `coefficient of ${columns[0]}` }, { low: -reach, high: reach, label: `coefficient of ${columns[1]}` });
    return { layer, place };
  };
  const losses = (rows, both) => {
    const svg = chart("steps");
    const most = 2 * Math.log(2);
    axes(svg, { low: 0, high: MOST }, { low: 0, high: most });
    for (const [kind, places] of both) {
      const known = places.map((w) => loss(rows, w)).filter(Number.isFinite);
      const points = known.map((value, step) => `${across(step / MOST).toFixed(1)},${down(value / most).toFixed(1)}`);
      svg.querySelector(`polyline.${kind}`).setAttribute("points", points.join(" "));
    }
  };
  const update = () => {
    const rows = values.cost.sets[Number(input("set").value)];
    const C = Number(input("c").value);
    const rate = 10 ** Number(input("rate").value);
    const steps = Number(input("steps").value);
    shown("descent-rate", pages.number(rate));
    shown("descent-steps", String(steps));
    const ways = [
      ["model", path(rows, C, (w) => newton(rows, w, C))],
      ["second", path(rows, C, (w) => { const g = slope(rows, w, C); return [w[0] - rate * g[0], w[1] - rate * g[1]]; })],
    ];
    const one = report("newton", rows, C, ways[0][1], steps);
    const other = report("descent", rows, C, ways[1][1], steps);
    const end = rows.minima.find((found) => found.C === C);
    const reach = 1.5 * Math.max(2, ...(end || rows.minima[rows.minima.length - 1]).weights.map(Math.abs));
    const { layer, place } = surface(rows, C, ways.map(([kind, places]) => [kind, places.slice(0, steps + 1)]), reach);
    if (end !== undefined) {
      const [cx, cy] = place(end.weights);
      shape(layer, "circle", { class: "end", cx, cy, r: 8 });
    }
    losses(rows, ways);
    const separated = !Number.isFinite(C) && Number(input("set").value) === 1;
    document.getElementById("descent-said").textContent = sentence(one, other, rate, separated);
    form.dataset.ready = "yes";
  };
  form.addEventListener("input", update);
  update();
})();
