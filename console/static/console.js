// What the console does beyond plain HTML: problems while one types, keys, a filter, and questions before what cannot be undone.
"use strict";

// checkWhileTyping sends what is typed to be checked, and shows the answer beside the editor. Only the last answer counts.
function checkWhileTyping(form) {
  const side = document.getElementById("side");
  const text = form.querySelector("textarea");
  if (!side || !text || text.readOnly) return;
  let timer = 0;
  let turn = 0;
  const check = async () => {
    const mine = ++turn;
    const answer = await fetch(form.dataset.check, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { "Homeroom-Part": "side" } });
    if (mine !== turn || !answer.ok) return;
    side.innerHTML = await answer.text();
  };
  text.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(check, 200);
    form.dataset.dirty = "yes";
  });
  form.addEventListener("submit", () => { delete form.dataset.dirty; });
  window.addEventListener("beforeunload", (e) => { if (form.dataset.dirty) e.preventDefault(); });
}

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

// goToLine moves the caret of a plain text field to a problem.
function goToLine(text, line, column) {
  const before = text.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  const at = before + Math.max(0, column - 1);
  text.focus();
  text.setSelectionRange(at, at);
}

// listenForKeys goes to a page after g and one more letter, and to the search field after /.
function listenForKeys() {
  const pages = { o: "Overview", r: "Rules", m: "Messages", d: "Drafts", i: "Lift", l: "Learners", v: "Revisions" };
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
  document.querySelectorAll("form.editor").forEach(checkWhileTyping);
  document.querySelectorAll("[data-poll]").forEach(followProgress);
  listenForKeys();
  document.addEventListener("click", (e) => {
    const asked = e.target.closest("[data-confirm]");
    if (asked && !confirm(asked.dataset.confirm)) e.preventDefault();
    const place = e.target.closest("a[data-line]");
    const text = document.querySelector("form.editor textarea");
    if (place && text && place.textContent.startsWith(document.querySelector("input[name=path]").value)) {
      e.preventDefault();
      goToLine(text, Number(place.dataset.line), Number(place.dataset.col));
    }
  });
  document.querySelectorAll("input[data-filter]").forEach((field) => {
    field.addEventListener("input", () => {
      const wanted = field.value.toLowerCase();
      document.querySelectorAll(field.dataset.filter).forEach((row) => { row.hidden = !row.textContent.toLowerCase().includes(wanted); });
    });
  });
});
