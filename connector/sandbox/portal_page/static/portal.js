// The portal page's own behaviour: menus, the CRM-mode dialog, the kanban, small forms. No libraries, no other hosts.
"use strict";
const Page = (() => {
  const texts = JSON.parse(document.getElementById("page-texts").textContent);
  const text = (key, values = {}) =>
    (texts[key] || key).replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
  async function call(path, data) {
    const options = data === undefined
      ? {}
      : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(data) };
    const response = await fetch(`/portal/api/${path}`, options);
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw Object.assign(new Error(answer.text || answer.error || response.statusText), { answer });
    return answer;
  }
  let timer = 0;
  function toast(message) {
    document.querySelector(".toast")?.remove();
    const box = Object.assign(document.createElement("div"), { className: "toast", textContent: message });
    box.setAttribute("role", "status");
    document.body.append(box);
    clearTimeout(timer);
    timer = setTimeout(() => box.remove(), 4000);
  }
  const failed = (error) => toast(text("common.failed", { text: error.message }));
  // A side panel with a page of the portal in it; `closed` runs when it is gone. Sliders may lie on each other.
  function slider(url, title, closed = () => {}) {
    const box = document.createElement("div");
    box.className = "slider";
    box.dataset.testid = "slider";
    box.innerHTML = '<div class="sheet"><div class="bar"><span></span><button class="btn ghost icon-only" type="button"><svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="m6 6 12 12M18 6 6 18"/></svg></button></div><iframe></iframe></div>';
    const button = box.querySelector("button");
    button.setAttribute("aria-label", text("common.close"));
    button.dataset.testid = "slider-close";
    box.querySelector("span").textContent = title || "";
    const frame = box.querySelector("iframe");
    frame.title = title || "slider";
    frame.dataset.testid = "slider-frame";
    const target = new URL(url, location.href);
    target.searchParams.set("IFRAME", "Y");
    target.searchParams.set("IFRAME_TYPE", "SIDE_SLIDER");
    frame.src = target.href;
    const close = () => { if (box.isConnected) { box.remove(); closed(); } };
    button.addEventListener("click", close);
    box.addEventListener("click", (event) => { if (event.target === box) close(); });
    document.body.append(box);
    button.focus();
    return { close, frame };
  }
  return { text, call, toast, failed, slider };
})();

// Inside a slider every page of the portal stays without its frame of menus.
const bare = document.body.classList.contains("bare");
const inside = (path) => {
  const url = new URL(path, location.href);
  if (bare) url.searchParams.set("IFRAME", "Y");
  return url.href;
};
if (bare) {
  for (const link of document.querySelectorAll("a[href^='/']:not([data-slider])")) link.href = inside(link.href);
  for (const form of document.querySelectorAll("form.filters")) {
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "IFRAME", value: "Y" }));
  }
}

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const sliders = document.querySelectorAll(".slider");
  if (sliders.length) sliders[sliders.length - 1].querySelector("button").click();
  else for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
});
for (const select of document.querySelectorAll("[data-autosubmit]")) select.addEventListener("change", () => select.form.requestSubmit());
for (const link of document.querySelectorAll("a[data-slider]")) {
  link.addEventListener("click", (event) => { event.preventDefault(); link.closest("details")?.removeAttribute("open"); Page.slider(link.href, link.textContent.trim()); });
}
for (const button of document.querySelectorAll("[data-setting]")) {
  button.addEventListener("click", () => Page.call("settings", { [button.dataset.setting]: button.dataset.value }).then(() => location.reload(), Page.failed));
}

// The bell: looked at now and then while the page is visible; opening it marks everything as read.
const bell = document.querySelector("[data-bell]");
if (bell) {
  const badge = bell.querySelector(".badge");
  async function look() {
    if (document.hidden) return;
    const answer = await fetch("/portal/notifications/").catch(() => null);
    if (!answer || !answer.ok) return;
    const list = bell.querySelector("[data-notes]");
    list.innerHTML = await answer.text();
    const unread = list.querySelectorAll(".note.new").length;
    badge.textContent = String(unread);
    badge.hidden = !unread;
  }
  setInterval(look, 8000);
  bell.addEventListener("toggle", () => {
    if (bell.open && !badge.hidden) Page.call("notifications/read", {}).then(() => { badge.hidden = true; }, Page.failed);
  });
}

// The card: stage bar, comment, activity.
const record = document.querySelector("[data-record]");
if (record) {
  const path = `record/${record.dataset.record}/${record.dataset.id}`;
  for (const button of document.querySelectorAll("[data-move]")) {
    button.addEventListener("click", () => Page.call(`${path}/stage`, { stage: button.dataset.move }).then(() => location.reload(), Page.failed));
  }
  for (const form of document.querySelectorAll("form[data-api]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      Page.call(`${path}/${form.dataset.api}`, { text: form.elements.text.value }).then(() => location.reload(), Page.failed);
    });
  }
  for (const button of document.querySelectorAll("[data-complete]")) {
    button.addEventListener("click", () => Page.call(`activity/${button.dataset.complete}/complete`, {}).then(() => location.reload(), Page.failed));
  }
}

// The kanban: a tile dropped on another lane moves the record.
const board = document.querySelector("[data-kanban]");
if (board) {
  let dragged = null;
  board.addEventListener("dragstart", (event) => {
    dragged = event.target.closest(".tile");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged?.dataset.id || "");
  });
  for (const lane of board.querySelectorAll(".lane")) {
    lane.addEventListener("dragover", (event) => { event.preventDefault(); lane.classList.add("over"); });
    lane.addEventListener("dragleave", (event) => { if (!lane.contains(event.relatedTarget)) lane.classList.remove("over"); });
    lane.addEventListener("drop", (event) => {
      event.preventDefault();
      lane.classList.remove("over");
      if (!dragged || dragged.closest(".lane") === lane) return;
      Page.call(`record/${board.dataset.kanban}/${dragged.dataset.id}/stage`, { stage: lane.dataset.stage }).then(() => location.reload(), Page.failed);
    });
  }
}

// Market and developer page.
for (const button of document.querySelectorAll("[data-app]")) {
  button.addEventListener("click", async () => {
    const what = button.dataset.app;
    if (what === "uninstall" && !window.confirm(Page.text("market.confirm_uninstall"))) return;
    const clean = button.closest(".app-card")?.querySelector("[data-clean]")?.checked || false;
    button.disabled = true;
    try {
      const answer = await Page.call(`app/${encodeURIComponent(button.dataset.client)}/${what}`, { clean });
      // After "Install" the portal opens the app: its installer, or its page when it has none.
      if (what === "install") location.assign(answer.url); else location.reload();
    } catch (error) { button.disabled = false; Page.failed(error); }
  });
}
for (const form of document.querySelectorAll("form[data-api-app]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    Page.call(`app/${encodeURIComponent(form.dataset.apiApp)}/card`, Object.fromEntries(new FormData(form))).then(() => location.reload(), Page.failed);
  });
}

// The CRM-mode dialog. Two cards; towards Simple with active leads: options, then the conversion, then the flip.
const dialog = document.getElementById("mode-dialog");
if (dialog) {
  const part = (role) => dialog.querySelector(`[data-role="${role}"]`);
  const field = (name) => dialog.querySelector(`[name="${name}"]`);
  const bar = dialog.querySelector("progress");
  let state = null, chosen = "", run = "", stopped = false, target = "";
  const step = (name) => { for (const section of dialog.querySelectorAll("section")) section.hidden = section.dataset.step !== name; };
  const home = (mode) => inside(mode === "classic" ? "/crm/lead/list/" : "/crm/deal/list/");

  function choose(mode) {
    chosen = mode;
    for (const card of dialog.querySelectorAll("[data-choose]")) card.setAttribute("aria-checked", String(card.dataset.choose === mode));
    const blocked = !state.may_change || (mode === "classic" && !state.available);
    part("unavailable").hidden = !(mode === "classic" && !state.available);
    dialog.querySelector('[data-mode="save"]').disabled = blocked || mode === state.mode;
  }
  async function open() {
    try { state = await Page.call("mode"); } catch (error) { Page.failed(error); return; }
    for (const pill of dialog.querySelectorAll("[data-current]")) pill.hidden = pill.dataset.current !== state.mode;
    part("readonly").hidden = state.may_change;
    field("category").replaceChildren(...state.categories.map((row) => new Option(row.name, row.id, false, row.id === state.category_id)));
    field("contact").checked = state.contact;
    field("company").checked = state.company;
    part("options").hidden = state.variant === "older-web";
    part("keep-label").textContent = Page.text(state.variant === "mobile" ? "mode.keep.mobile" : "mode.keep");
    part("sync").hidden = !state.missing_fields;
    part("sync-label").textContent = Page.text("mode.sync", { count: state.missing_fields });
    choose(state.mode);
    step("choose");
    if (!dialog.open) dialog.showModal();
  }
  async function save() {
    if (chosen === "simple" && state.active) {
      part("active-text").textContent = Page.text("mode.active", { count: state.active });
      step("options");
      return;
    }
    try { await Page.call("mode/set", { mode: chosen }); location.assign(home(chosen)); } catch (error) { Page.failed(error); }
  }
  async function convert() {
    const options = {
      contact: field("contact").checked, company: field("company").checked, category_id: Number(field("category").value || 0),
      keep_activities: field("keep").checked, sync_fields: field("sync").checked,
    };
    stopped = false;
    step("progress");
    try {
      const begun = await Page.call("mode/prepare", options);
      run = begun.run;
      for (let answer = { more: true, done: 0, failed: 0 }; answer.more && !stopped;) {
        part("progress-text").textContent = Page.text("mode.progress", { done: answer.done + answer.failed, total: begun.total });
        bar.value = begun.total ? (answer.done + answer.failed) / begun.total : 1;
        answer = await Page.call(`mode/process/${run}`, {});
      }
      show(await Page.call(`mode/${stopped ? "stop" : "complete"}/${run}`, {}));
    } catch (error) {
      Page.failed(error);
      step("options");
    }
  }
  function show(report) {
    target = report.flipped ? home("simple") : location.href;
    const done = report.converted.length, left = report.failed.length;
    const lines = [Page.text(left ? "mode.done_failed" : "mode.done", { done, failed: left })];
    lines.push(Page.text(report.flipped ? "mode.flipped" : "mode.stopped"));
    part("done-text").textContent = lines.join(" ");
    const list = part("failures");
    list.hidden = !left;
    list.replaceChildren(...report.failed.map((row) => Object.assign(document.createElement("li"), { textContent: `#${row.lead}: ${row.text}` })));
    step("done");
  }
  const actions = {
    close: () => dialog.close(), cancel: () => dialog.close(), save, continue: convert,
    stop: () => { stopped = true; }, finish: () => location.assign(target),
  };
  for (const button of dialog.querySelectorAll("[data-mode]")) button.addEventListener("click", actions[button.dataset.mode]);
  for (const card of dialog.querySelectorAll("[data-choose]")) card.addEventListener("click", () => choose(card.dataset.choose));
  for (const box of [field("contact"), field("company")]) {
    box.addEventListener("change", () => { dialog.querySelector('[data-mode="continue"]').disabled = !field("contact").checked && !field("company").checked; });
  }
  dialog.addEventListener("cancel", (event) => { if (!dialog.querySelector('[data-step="progress"]').hidden) event.preventDefault(); });
  for (const button of document.querySelectorAll("[data-open-mode]")) {
    button.addEventListener("click", () => { button.closest("details")?.removeAttribute("open"); open(); });
  }
  if (location.hash === "#mode") open();
}
