// What the parts of the lab share: figures, and drawing in the frames of the page.
const lab = (() => {
  const values = JSON.parse(document.getElementById("values").textContent);
  const box = values.box;
  const clip = (share) => Math.min(Math.max(share, 0), 1);
  const across = (share) => box.left + clip(share) * box.width;
  const down = (share) => box.top + (1 - clip(share)) * box.height;
  const chart = (name) => document.querySelector(`svg[data-chart="${name}"]`);
  const put = (name, value, text) => {
    for (const element of document.querySelectorAll(`[data-figure="${name}"]`)) {
      element.dataset.value = String(value);
      element.textContent = text === undefined ? pages.number(value) : text;
    }
  };
  const shape = (parent, kind, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", kind);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    parent.append(made);
    return made;
  };
  const drawing = (svg) => {
    let layer = svg.querySelector("g.drawing");
    if (layer === null) {
      layer = shape(svg, "g", { class: "drawing" });
      svg.querySelector("rect.frame").after(layer);
    }
    layer.replaceChildren();
    return layer;
  };
  const axes = (svg, x, y) => {
    for (const [name, range] of [["x", x], ["y", y]]) {
      svg.querySelectorAll(`text.${name}`).forEach((text, part) => {
        text.textContent = String(Number((range.low + ((range.high - range.low) * part) / 4).toPrecision(3)));
      });
      if (range.label !== undefined) svg.querySelector(`text.${name}-label`).textContent = range.label;
    }
  };
  // Marching squares: the line on which a table of heights, by column and row, has a level.
  const contour = (height, level) => {
    const last = height.length - 1;
    const pieces = [];
    const between = (one, other) => (level - one) / (other - one);
    for (let i = 0; i < last; i += 1) {
      for (let j = 0; j < height[0].length - 1; j += 1) {
        const corners = [height[i][j], height[i + 1][j], height[i + 1][j + 1], height[i][j + 1]];
        const cuts = [];
        const edges = [[0, 1, (t) => [i + t, j]], [1, 2, (t) => [i + 1, j + t]], [2, 3, (t) => [i + 1 - t, j + 1]], [3, 0, (t) => [i, j + 1 - t]]];
        for (const [from, to, place] of edges) {
          if (corners[from] >= level !== corners[to] >= level) cuts.push(place(between(corners[from], corners[to])));
        }
        for (let at = 0; at + 1 < cuts.length; at += 2) pieces.push([cuts[at], cuts[at + 1]]);
      }
    }
    const rows = height[0].length - 1;
    const point = ([i, j]) => `${across(i / last).toFixed(1)} ${down(j / rows).toFixed(1)}`;
    return pieces.map(([one, other]) => `M${point(one)}L${point(other)}`).join("");
  };
  const sigmoid = (score) => 1 / (1 + Math.exp(-score));
  const shown = (id, text) => {
    const input = document.getElementById(id);
    document.querySelector(`output[for="${id}"]`).textContent = text;
    input.setAttribute("aria-valuetext", text);
  };
  return { values, across, down, chart, put, shape, drawing, axes, contour, sigmoid, shown };
})();
