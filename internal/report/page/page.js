"use strict";
(() => {
  const filter = document.getElementById("filter");
  if (!filter) return;
  const text = document.getElementById("text");
  const why = document.getElementById("why");
  const boxes = [...filter.querySelectorAll("input[name=outcome]")];
  const listed = document.getElementById("listed");
  const nothing = document.getElementById("nothing");
  const table = document.getElementById("failures");
  const rows = [...table.tBodies[0].rows].map((row) => ({
    row, text: [...row.cells].map((c) => c.textContent).join(" ").toLowerCase(),
    outcome: row.dataset.outcome, why: row.dataset.why,
  }));
  const all = listed.textContent;

  function apply() {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const outcomes = new Set(boxes.filter((b) => b.checked).map((b) => b.value));
    let shown = 0;
    for (const r of rows) {
      const match = outcomes.has(r.outcome) && (!why || !why.value || why.value === r.why) &&
        words.every((w) => r.text.includes(w));
      r.row.hidden = !match;
      if (match) shown++;
    }
    listed.textContent = shown === rows.length ? all :
      `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} listed`;
    nothing.hidden = shown > 0;
    table.hidden = shown === 0;
  }

  filter.addEventListener("input", apply);
  filter.hidden = false;
  apply(); // a browser that goes back fills the fields in again
})();
