(() => {
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
  if (values !== null) pages.explore(JSON.parse(values.textContent));
})();
