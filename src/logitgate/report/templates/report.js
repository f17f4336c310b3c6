(() => {
  const { number, money, bayes, at, placeOf } = pages;

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
  };

  const filtered = (input) => {
    const rows = [...document.getElementById(input.getAttribute("aria-controls")).tBodies[0].rows];
    const shown = document.getElementById(`${input.id}-shown`);
    const update = () => {
      const wanted = input.value.toLowerCase();
      for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
      shown.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows`;
    };
    input.addEventListener("input", update);
    update();
  };

  document.querySelectorAll("input[type=search]").forEach(filtered);
  const values = document.getElementById("values");
  if (values !== null) explore(JSON.parse(values.textContent));
})();
