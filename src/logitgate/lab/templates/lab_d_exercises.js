// The drill: costs of other trades, and another share of events.
(() => {
  const { values, put, shown } = lab;
  const use = pages.explore(values.explorer);
  const buttons = [...document.querySelectorAll("button[data-preset]")];
  const shift = document.getElementById("shift-share");
  const groups = values.explorer.groups;
  const own = values.presets.own.costs;
  const sum = (numbers) => numbers.reduce((total, one) => total + one, 0);

  // The arithmetic of logitgate/lab/drill.py.
  const weighed = (costs, threshold, weight) => {
    const place = pages.placeOf(groups, threshold);
    const caught = weight[0] * sum(groups.events.slice(place));
    const missed = weight[0] * sum(groups.events.slice(0, place));
    const alarms = weight[1] * sum(groups.others.slice(place));
    const passed = weight[1] * sum(groups.others.slice(0, place));
    const rows = caught + missed + alarms + passed;
    const total = caught * costs.true_positive + alarms * costs.false_positive
      + passed * costs.true_negative + missed * costs.false_negative;
    return { flag_rate: (caught + alarms) / rows, cost: total / rows, precision: caught / (caught + alarms) };
  };
  const update = () => {
    const share = Number(shift.value);
    const before = sum(groups.events) / (sum(groups.events) + sum(groups.others));
    const weight = [share / before, (1 - share) / (1 - before)];
    const odds = (share / (1 - share)) / (before / (1 - before));
    const threshold = pages.bayes(own);
    const moved = threshold > 0 && threshold < 1 ? threshold / (threshold + odds * (1 - threshold)) : threshold;
    const found = weighed(own, threshold, weight);
    const corrected = weighed(own, moved, weight);
    shown("shift-share", `${Math.round(100 * share)} %`);
    put("shift.precision", found.precision);
    put("shift.flag_rate", found.flag_rate);
    put("shift.cost", found.cost, `${pages.money(found.cost)} ${values.unit}`);
    put("shift.corrected_cost", corrected.cost, `${pages.money(corrected.cost)} ${values.unit}`);
    put("shift.corrected_threshold", moved);
  };
  buttons.forEach((button) => button.addEventListener("click", () => {
    const chosen = values.presets[button.dataset.preset];
    use({ ...chosen.costs }, chosen.sliders);
    buttons.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
  }));
  shift.addEventListener("input", update);
  update();
})();

// The right order: steps that are moved, and what a wrong order breaks.
(() => {
  const list = document.getElementById("steps");
  const said = document.getElementById("order-said");
  const broken = [...document.querySelectorAll("#broken > li")];
  const hide = () => broken.forEach((one) => { one.hidden = true; });
  list.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-move]");
    if (button === null) return;
    const item = button.closest("li");
    const up = button.dataset.move === "-1";
    const beside = up ? item.previousElementSibling : item.nextElementSibling;
    if (beside === null) return;
    if (up) beside.before(item);
    else beside.after(item);
    button.focus();
    hide();
    said.textContent = `${item.querySelector("span").textContent}: now step ${[...list.children].indexOf(item) + 1}`;
  });
  document.getElementById("check-order").addEventListener("click", () => {
    const order = [...list.children].map((one) => one.dataset.key);
    const place = (key) => order.indexOf(key);
    broken.forEach((one) => { one.hidden = place(one.dataset.first) < place(one.dataset.then); });
    const wrong = broken.filter((one) => !one.hidden).length;
    said.textContent = wrong === 0 ? "Nothing breaks: this order holds." : `${wrong === 1 ? "One thing breaks" : `${wrong} things break`}:`;
  });
  window.addEventListener("beforeprint", () => broken.forEach((one) => { one.hidden = false; }));
  hide();
})();
