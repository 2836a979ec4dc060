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
  const more = document.getElementById("more");
  const page = 200; // rows that are laid out at once: a browser takes seconds for thousands
  let most = page;

  function apply() {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const outcomes = new Set(boxes.filter((b) => b.checked).map((b) => b.value));
    let found = 0;
    for (const r of rows) {
      const match = outcomes.has(r.outcome) && (!why || !why.value || why.value === r.why) &&
        words.every((w) => r.text.includes(w));
      if (match) found++;
      const hide = !match || found > most;
      if (r.row.hidden !== hide) r.row.hidden = hide;
    }
    const rest = found - most;
    listed.textContent = found === rows.length ? all :
      `${found.toLocaleString("en")} of ${rows.length.toLocaleString("en")} listed`;
    more.hidden = rest <= 0;
    more.textContent = `Show ${Math.min(rest, page).toLocaleString("en")} more of ${rest.toLocaleString("en")}`;
    nothing.hidden = found > 0;
    table.hidden = found === 0;
  }

  filter.addEventListener("input", () => {
    most = page;
    apply();
  });
  more.addEventListener("click", () => {
    most += page;
    apply();
  });
  filter.hidden = false;
  apply(); // a browser that goes back fills the fields in again
})();
