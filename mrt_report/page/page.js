"use strict";
(() => {
  const rows = Array.from(document.querySelectorAll(".history > li"));
  const buttons = Array.from(document.querySelectorAll("button.filter"));
  const list = document.querySelector(".history");
  const input = document.getElementById("text");
  const clear = document.getElementById("clear");
  const shown = document.getElementById("shown");
  const none = document.getElementById("none");
  const openAll = document.getElementById("open-all");
  const texts = new Map();

  // Read only once the search is used: it is all of the text.
  const textOf = (row) => {
    if (!texts.has(row)) texts.set(row, row.textContent.replace(/\s+/g, " ").toLowerCase());
    return texts.get(row);
  };

  const pressed = (kind) =>
    buttons.filter((button) => button.dataset.kind === kind && button.getAttribute("aria-pressed") === "true").map((button) => button.dataset.value);

  const filter = () => {
    const outcomes = pressed("outcome");
    const words = pressed("word");
    const marks = pressed("mark");
    const sought = input.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const isFiltered = Boolean(outcomes.length + words.length + marks.length + sought.length);
    let count = 0;
    for (const row of rows) {
      const has = (word) => row.dataset.words.includes(` ${word} `);
      const keep =
        (!outcomes.length || outcomes.includes(row.dataset.outcome)) &&
        (!words.length || words.some(has)) &&
        (!marks.length || marks.some(has)) &&
        sought.every((word) => textOf(row).includes(word));
      if (row.hidden === keep) row.hidden = !keep;
      count += keep;
    }
    list.classList.toggle("filtered", isFiltered);
    clear.hidden = !isFiltered;
    none.hidden = count > 0 || !rows.length;
    shown.textContent = `${count} of ${rows.length}`;
  };

  const reset = () => {
    for (const button of buttons) button.setAttribute("aria-pressed", "false");
    input.value = "";
    filter();
  };

  for (const button of buttons) {
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      filter();
    });
  }
  let waiting = 0;
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, rows.length > 300 ? 120 : 0);
  });
  clear.addEventListener("click", () => {
    reset();
    input.focus();
  });

  // The graph is a way in, too.
  list.addEventListener("click", (event) => {
    const node = event.target.closest(".node");
    if (node) node.closest("li").querySelector("summary").click();
  });

  const detailsOf = (row) => row.querySelector("details");
  const visible = () => rows.filter((row) => !row.hidden);
  const worthOpening = () => visible().filter((row) => row.dataset.words.trim() || !["", "reversible", "skipped"].includes(row.dataset.outcome));
  openAll.addEventListener("click", () => {
    const opens = openAll.textContent === "Open all";
    for (const row of opens ? worthOpening() : rows) detailsOf(row).open = opens;
    openAll.textContent = opens ? "Close all" : "Open all";
  });

  const goTo = (id) => {
    const row = document.getElementById(id);
    if (!row || !rows.includes(row)) return;
    if (row.hidden) reset();
    detailsOf(row).open = true;
    row.querySelector("summary").focus({ preventScroll: true });
    row.scrollIntoView({ block: "start" });
  };
  window.addEventListener("hashchange", () => goTo(location.hash.slice(1)));
  if (location.hash) goTo(location.hash.slice(1));

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isTyping = event.target === input;
    if (event.key === "/" && !isTyping) {
      event.preventDefault();
      input.focus();
    } else if (event.key === "Escape") {
      reset();
      if (isTyping) input.blur();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const row = event.target.closest ? event.target.closest(".history > li") : null;
      if (!isTyping && !(row && event.target.matches("summary"))) return;
      const all = visible();
      const next = isTyping ? all[0] : all[all.indexOf(row) + (event.key === "ArrowDown" ? 1 : -1)];
      if (!next || (isTyping && event.key === "ArrowUp")) return;
      event.preventDefault();
      next.querySelector("summary").focus();
    }
  });

  const theme = document.getElementById("theme");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme || (dark.matches ? "dark" : "light")) === "dark";
  const name = () => {
    theme.textContent = isDark() ? "Light" : "Dark";
    theme.setAttribute("aria-label", `${isDark() ? "Light" : "Dark"} colours`);
  };
  try {
    const kept = localStorage.getItem("mrt-theme");
    if (kept === "dark" || kept === "light") document.documentElement.dataset.theme = kept;
  } catch {
    // A page from a file may be allowed no storage: the choice then lasts as long as the page.
  }
  theme.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    try {
      localStorage.setItem("mrt-theme", document.documentElement.dataset.theme);
    } catch {
      // See above.
    }
    name();
  });
  dark.addEventListener("change", name);
  name();

  // Paper cannot be unfolded.
  let unfolded = [];
  window.addEventListener("beforeprint", () => {
    unfolded = worthOpening().map(detailsOf).filter((details) => !details.open);
    for (const details of unfolded) details.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const details of unfolded) details.open = false;
  });
  document.getElementById("print").addEventListener("click", () => window.print());
})();
