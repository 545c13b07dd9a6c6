// New mail appears by itself, without moving what is being read; a mail's frame is as tall as the mail, and tells of clicks.
"use strict";

const list = document.getElementById("list");
if (list && "refresh" in list.dataset) {
  const url = new URL(location.href);
  url.searchParams.set("part", "list");
  let etag = "", total = Number(list.querySelector("[data-total]")?.dataset.total);
  const look = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(url, { headers: etag ? { "If-None-Match": etag } : {}, cache: "no-store" });
      if (answer.status !== 200) return;
      etag = answer.headers.get("ETag") ?? "";
      const html = await answer.text();
      if (html === list.innerHTML) return;
      const held = list.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
      list.innerHTML = html;
      if (held) list.querySelector(`a[href="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
      const now = Number(list.querySelector("[data-total]")?.dataset.total);
      if (now > total) document.getElementById("news").textContent = `${now - total} new mail${now - total === 1 ? "" : "s"}`;
      total = now;
    } catch { /* the stand-in has stopped; try again */ }
  };
  setInterval(look, 2000);
  document.addEventListener("visibilitychange", look);
}

const content = document.querySelector("iframe.content");
if (content) {
  const fit = () => {
    const page = content.contentDocument?.documentElement;
    if (!page) return;
    content.style.height = "auto";
    content.style.height = `${Math.max(240, page.scrollHeight + 2)}px`;
  };
  // A click is reported to the provider, as its own links would do. The link itself opens in a new tab.
  const reportClick = (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link) return;
    fetch(content.dataset.clicks, { method: "POST", keepalive: true, body: JSON.stringify({ url: link.getAttribute("href").trim() }) }).catch(() => {});
  };
  const listen = () => ["click", "auxclick"].forEach((kind) => content.contentDocument?.addEventListener(kind, reportClick));
  content.addEventListener("load", fit);
  content.addEventListener("load", listen);
  addEventListener("resize", fit);
  if (content.contentDocument?.readyState === "complete") { fit(); listen(); }
}
