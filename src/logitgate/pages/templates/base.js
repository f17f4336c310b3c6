"use strict";
// What the scripts of all pages share.
const pages = (() => {
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  const number = (value) => {
    if (!Number.isFinite(value)) return "none";
    if (Number.isInteger(value) || Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en-US");
    return String(Number(value.toPrecision(4)));
  };
  const money = (value) => {
    if (Math.abs(value) >= 1000) return number(value);
    return Math.abs(value) >= 0.1 || value === 0 ? value.toFixed(2) : String(Number(value.toPrecision(2)));
  };

  // The arithmetic of logitgate/pages/explorer.py, in the same order.
  const bayes = (costs) => {
    const extra = costs.false_positive - costs.true_negative;
    const missed = costs.false_negative - costs.true_positive;
    const size = Math.abs(costs.true_positive) + Math.abs(costs.false_positive)
      + Math.abs(costs.true_negative) + Math.abs(costs.false_negative);
    const spread = Math.abs(extra + missed) <= 4 * Number.EPSILON * size ? 0 : extra + missed;
    if (spread < 0) return Infinity;
    if (spread === 0) return extra < 0 ? -Infinity : Infinity;
    return extra / spread;
  };
  const at = (groups, costs, place) => {
    const events = sum(groups.events);
    const others = sum(groups.others);
    const truePositive = sum(groups.events.slice(place));
    const falsePositive = sum(groups.others.slice(place));
    const falseNegative = events - truePositive;
    const trueNegative = others - falsePositive;
    const total = truePositive * costs.true_positive + falsePositive * costs.false_positive
      + trueNegative * costs.true_negative + falseNegative * costs.false_negative;
    return {
      threshold: place < groups.edges.length ? groups.edges[place] : Infinity,
      true_positive: truePositive, false_positive: falsePositive,
      true_negative: trueNegative, false_negative: falseNegative,
      flag_rate: (truePositive + falsePositive) / (events + others),
      cost: total / (events + others),
      recall: truePositive / Math.max(events, 1),
      false_positive_rate: falsePositive / Math.max(others, 1),
    };
  };
  const placeOf = (groups, threshold) => {
    const place = groups.edges.findIndex((edge) => edge >= threshold);
    return place < 0 ? groups.edges.length : place;
  };

  const explore = (data) => {
    const form = document.getElementById("explorer");
    const sliders = [...form.querySelectorAll("input[type=range]")];
    const put = (name, value, text) => {
      for (const element of form.querySelectorAll(`[data-figure="${name}"]`)) {
        element.dataset.value = String(value);
        element.textContent = text;
      }
    };
    const across = (share) => data.box.left + Math.min(Math.max(share, 0), 1) * data.box.width;
    const down = (share) => data.box.top + (1 - Math.min(Math.max(share, 0), 1)) * data.box.height;
    const mark = (name, x, y) => {
      const circle = form.querySelector(`svg[data-chart="${name}"] circle.chosen`);
      circle.setAttribute("cx", x.toFixed(1));
      circle.setAttribute("cy", y.toFixed(1));
    };
    const costCurve = (costs, point) => {
      const found = [...data.groups.edges, 1].map((edge, place) => at(data.groups, costs, place));
      const values = found.map((one) => one.cost);
      const low = Math.min(0, ...values);
      const high = Math.max(0, ...values);
      const share = (value) => (high > low ? (value - low) / (high - low) : 0.5);
      const x = (one) => across(Number.isFinite(one.threshold) ? one.threshold : 1);
      const chart = form.querySelector('svg[data-chart="cost"]');
      const points = found.map((one) => `${x(one).toFixed(1)},${down(share(one.cost)).toFixed(1)}`);
      chart.querySelector("polyline.model").setAttribute("points", points.join(" "));
      chart.querySelectorAll("text.y").forEach((text, part) => {
        text.textContent = number(low + ((high - low) * part) / 4);
      });
      mark("cost", x(point), down(share(point.cost)));
      return Math.min(values[0], values[values.length - 1]);
    };
    const update = () => {
      const costs = { ...data.costs };
      for (const slider of sliders) {
        const scale = data.sliders[slider.name];
        costs[slider.name] = scale.declared + (Number(slider.value) - 100) * scale.step;
        const text = `${money(costs[slider.name])} ${data.unit}`;
        slider.setAttribute("aria-valuetext", text);
        put(`cost.${slider.name}`, costs[slider.name], text);
      }
      const point = at(data.groups, costs, placeOf(data.groups, bayes(costs)));
      for (const name of ["true_positive", "false_positive", "true_negative", "false_negative"]) {
        put(name, point[name], number(point[name]));
      }
      put("threshold", point.threshold, Number.isFinite(point.threshold) ? number(point.threshold) : "none is flagged");
      for (const name of ["flag_rate", "recall", "false_positive_rate"]) {
        put(name, point[name], `${(100 * point[name]).toFixed(1)} %`);
      }
      put("cost", point.cost, `${money(point.cost)} ${data.unit}`);
      const saved = costCurve(costs, point) - point.cost;
      put("saved", saved, `${money(saved)} ${data.unit}`);
      if (data.rows_a_year !== null) {
        put("cost_a_year", point.cost * data.rows_a_year, `${money(point.cost * data.rows_a_year)} ${data.unit}`);
        put("saved_a_year", saved * data.rows_a_year, `${money(saved * data.rows_a_year)} ${data.unit}`);
      }
      mark("roc", across(point.false_positive_rate), down(point.recall));
      form.dataset.ready = "yes";
    };
    form.addEventListener("input", update);
    document.getElementById("declared").addEventListener("click", () => {
      for (const slider of sliders) slider.value = "100";
      update();
    });
    update();
    return (costs, scales) => {
      data.costs = costs;
      data.sliders = scales;
      for (const slider of sliders) slider.value = "100";
      update();
    };
  };

  const sortable = (table) => {
    const body = table.tBodies[0];
    const key = (row, column) => {
      const cell = row.cells[column];
      const value = cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value);
      return value;
    };
    table.querySelectorAll("th button").forEach((button) => {
      const head = button.parentElement;
      button.addEventListener("click", () => {
        const falling = head.getAttribute("aria-sort") === "ascending";
        table.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", falling ? "descending" : "ascending");
        const rows = [...body.rows].sort((one, other) => {
          const [left, right] = [key(one, head.cellIndex), key(other, head.cellIndex)];
          const both = typeof left === "number" && typeof right === "number";
          const order = both ? left - right : String(left).localeCompare(String(right));
          return falling ? -order : order;
        });
        body.append(...rows);
      });
    });
  };

  document.querySelectorAll("table.sortable").forEach(sortable);
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((one) => { one.open = true; });
  });
  return { number, money, bayes, at, placeOf, explore };
})();
