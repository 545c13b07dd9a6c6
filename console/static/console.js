// What the console does beyond plain HTML: keys, a filter, the progress of slow work, and questions before what cannot be undone.
"use strict";

// followProgress looks how far slow work is, and shows its page when it is over.
function followProgress(place) {
  const look = async () => {
    const answer = await fetch(location.href, { headers: { "Homeroom-Part": "progress" } }).catch(() => null);
    const text = answer && answer.ok ? await answer.text() : null;
    if (text !== null) {
      const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("progress");
      if (!fresh) { location.reload(); return; }
      place.querySelector("[role=status]").textContent = fresh.querySelector("[role=status]").textContent;
      const shown = place.querySelector("progress");
      const now = fresh.querySelector("progress");
      if (now.hasAttribute("value")) shown.value = now.value; else shown.removeAttribute("value");
    }
    setTimeout(look, 700);
  };
  setTimeout(look, 400);
}

// listenForKeys goes to a page after g and one more letter, and to the search field after /.
function listenForKeys() {
  const pages = { o: "Overview", r: "Rules", m: "Messages", d: "Drafts", i: "Lift", l: "Learners", e: "Events", v: "Revisions" };
  let waiting = false;
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest("input, textarea, select, [contenteditable=true]")) return;
    if (e.key === "/") {
      const field = document.querySelector("input[type=search]");
      if (field) { e.preventDefault(); field.focus(); }
    } else if (waiting && pages[e.key]) {
      const link = [...document.querySelectorAll("nav a")].find((a) => a.textContent === pages[e.key]);
      if (link) link.click();
    }
    waiting = e.key === "g";
  });
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-poll]").forEach(followProgress);
  listenForKeys();
  document.addEventListener("click", (e) => {
    const asked = e.target.closest("[data-confirm]");
    if (asked && !confirm(asked.dataset.confirm)) e.preventDefault();
  });
  document.querySelectorAll("input[data-filter]").forEach((field) => {
    field.addEventListener("input", () => {
      const wanted = field.value.toLowerCase();
      document.querySelectorAll(field.dataset.filter).forEach((row) => { row.hidden = !row.textContent.toLowerCase().includes(wanted); });
    });
  });
});
