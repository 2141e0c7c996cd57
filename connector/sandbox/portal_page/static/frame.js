// The parent side of the frame protocol, as @bitrix24/b24jssdk 2.2.0 (MIT) speaks it; the classic BX24.js sends the same.
//
// In:  "command:key:appSid", "command:{json}:key:appSid", or {method, params, callback, appSid} for names with a colon.
// Out: "key:{json}", to the frame's own origin. Messages from any other window, origin or appSid are ignored.
"use strict";
(() => {
  const frame = document.getElementById("app-frame");
  const form = document.getElementById("app-launch");
  if (!frame || !form) return;
  const init = JSON.parse(document.getElementById("app-init").textContent);
  const client = encodeURIComponent(frame.dataset.client);
  const origin = frame.dataset.origin;
  const pagePath = location.pathname;
  // What may be opened by openPath (bx24-open-path.md); everything else is PATH_NOT_AVAILABLE.
  const OPENABLE = /^\/(crm\/(deal|lead|contact|company|type)|marketplace|company\/personal\/user\/\d+|workgroups\/group\/\d+)\//;

  function size({ width, height }) {
    if (height && Number.parseInt(height, 10) > 0) frame.style.height = `${Number.parseInt(height, 10)}px`;
    frame.style.flex = "none";
    frame.style.width = String(width || "").endsWith("%") || !Number.parseInt(width, 10) ? "100%" : `min(100%, ${Number.parseInt(width, 10)}px)`;
    return { width: frame.offsetWidth, height: frame.offsetHeight };
  }
  function queryOf(params) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(params || {})) query.set(`options[${name}]`, typeof value === "string" ? value : JSON.stringify(value));
    return query.toString();
  }
  function closeApplication(_params, reply) {
    // Inside a slider the portal page that holds it closes it; on a full page the portal leaves the app.
    reply();
    if (window.parent !== window) window.parent.postMessage("sandbox:close-slider", location.origin);
    else location.assign("/portal/");
  }
  function pick(rows, multiple, done) {
    const box = document.createElement("dialog");
    box.dataset.testid = "picker";
    box.innerHTML = '<div class="dlg-head"><h2></h2></div><div class="dlg-body"></div><div class="dlg-foot"><button class="btn primary" type="button"></button></div>';
    box.querySelector("h2").textContent = Page.text("pick.title");
    box.querySelector("button").textContent = Page.text("pick.done");
    const inputs = rows.map((row) => {
      const label = Object.assign(document.createElement("label"), { className: "check" });
      const input = Object.assign(document.createElement("input"), { type: multiple ? "checkbox" : "radio", name: "pick" });
      label.append(input, Object.assign(document.createElement("span"), { textContent: row.title || row.name }));
      box.querySelector(".dlg-body").append(label);
      return input;
    });
    box.querySelector("button").addEventListener("click", () => box.close());
    box.addEventListener("close", () => { box.remove(); done(rows.filter((_row, at) => inputs[at].checked)); });
    document.body.append(box);
    box.showModal();
  }

  const commands = {
    getInitData: (_params, reply) => reply(init),
    setInstall: (_params, reply) => Page.call(`app/${client}/first-run`, {}).then(() => { init.FIRST_RUN = false; reply(true); }),
    setInstallFinish: (_params, reply) => Page.call(`app/${client}/finish`, {}).then(() => { reply(true); location.assign(pagePath); }),
    refreshAuth: (_params, reply) => Page.call(`app/${client}/auth`, {}).then(reply),
    setAppOption: ({ name, value }, reply) => Page.call(`app/${client}/option`, { scope: "app", name, value }).then(() => reply(true)),
    setUserOption: ({ name, value }, reply) => Page.call(`app/${client}/option`, { scope: "user", name, value }).then(() => reply(true)),
    resizeWindow: (params, reply) => reply(size(params)),
    reloadWindow: () => location.reload(),
    setTitle: ({ title }, reply) => { document.getElementById("pagetitle").textContent = title; reply({ title }); },
    setScroll: ({ scroll }, reply) => { window.scrollTo(0, Number(scroll) || 0); reply(true); },
    closeApplication,
    openApplication: (params, reply) => {
      const { bx24_title: title } = params;
      Page.slider(`/marketplace/app/${init.APP_ID}/?${queryOf(params)}`, title || document.getElementById("pagetitle").textContent, () => reply(true));
    },
    openPath: ({ path }, reply) => {
      // "/crm/type/0/details/0/../../../../../crm/deal/list/": the part before the dots only chooses the width.
      const url = new URL(path || "/", location.href);
      if (document.body.dataset.device === "mobile") reply({ result: "error", errorCode: "METHOD_NOT_SUPPORTED_ON_DEVICE" });
      else if (url.origin !== location.origin || !OPENABLE.test(url.pathname)) reply({ result: "error", errorCode: "PATH_NOT_AVAILABLE" });
      else Page.slider(url.href, "", () => reply({ result: "close" }));
    },
    selectUser: ({ mult }, reply) => Page.call("pick/users").then((rows) => pick(rows, mult, (found) => reply(mult ? found : found[0] || null))),
    selectAccess: (_params, reply) => Page.call("pick/users").then((rows) => pick(rows, true, (found) => reply(found.map((row) => ({ id: `U${row.id}`, name: row.name }))))),
    selectCRM: ({ entityType, multiple }, reply) => {
      const kinds = (Array.isArray(entityType) ? entityType : entityType ? [entityType] : ["lead", "contact", "company", "deal"]).filter((kind) => ["lead", "contact", "company", "deal"].includes(kind));
      Promise.all(kinds.map((kind) => Page.call(`pick/${kind}`))).then((lists) => pick(lists.flat(), multiple, (found) => {
        const answer = {};
        for (const row of found) (answer[row.type] ||= []).push(row);
        reply(answer);
      }));
    },
    getInterface: (_params, reply) => reply({ command: Object.keys(commands), event: [] }),
    placementBindEvent: () => {},
    // The portal's handlers for these take no callback, so nobody answers (b24jssdk, ParentManager).
    imCallTo: () => {}, imPhoneTo: () => {}, imOpenMessenger: () => {}, imOpenHistory: () => {}, showAppForm: () => {},
  };

  function parse(data) {
    if (typeof data !== "string") return data && data.method ? { name: data.method, params: data.params || {}, key: data.callback, sid: data.appSid } : null;
    const parts = data.split(":");
    if (parts.length < 3) return null;
    const sid = parts.pop(), key = parts.pop(), name = parts.shift(), raw = parts.join(":");
    let params = {};
    if (raw) try { params = JSON.parse(raw); } catch { params = { value: raw }; }
    return { name, params, key, sid };
  }
  window.addEventListener("message", (event) => {
    if (event.data === "sandbox:close-slider" && event.origin === location.origin) {
      const sliders = document.querySelectorAll(".slider");
      if (sliders.length) sliders[sliders.length - 1].querySelector("button").click();
      return;
    }
    if (event.source !== frame.contentWindow || event.origin !== origin) return;
    const command = parse(event.data);
    if (!command || command.sid !== init.APP_SID || !Object.hasOwn(commands, command.name)) return;
    const reply = (answer) => frame.contentWindow.postMessage(`${command.key}:${answer === undefined ? "" : JSON.stringify(answer)}`, origin);
    Promise.resolve(commands[command.name](command.params, reply)).catch((error) => { Page.failed(error); reply({ error: error.message }); });
  });
  form.submit();
})();
