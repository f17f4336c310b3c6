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
  return { number, money, bayes, at, placeOf };
})();
