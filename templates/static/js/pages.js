// Goes from page to page without leaving the document, so that Back works although every page is the answer to a post, the token stays out
// of addresses and of the history, and nothing flickers in the frame. Without scripts the same forms work as plain posts.
(() => {
  "use strict";

  // What must not be kept in the history: the session is renewed with every answer, the language is part of it.
  const PASSING = new Set(["session", "lang"]);
  const parser = new DOMParser();
  let going = null;

  const token = () => document.querySelector('input[name="session"]')?.value ?? "";

  const remembered = (action, data, answer) => ({
    action: new URL(answer.redirected ? answer.url : action, location.href).pathname,
    fields: answer.redirected ? [] : [...data].filter(([name, value]) => typeof value === "string" && !PASSING.has(name)),
  });

  const same = (one, other) => JSON.stringify([one?.action, one?.fields]) === JSON.stringify([other.action, other.fields]);

  // `stay` is the id of what was pressed: the page is shown anew around it, neither scrolled nor without focus.
  const show = (html, how, stay) => {
    const next = parser.parseFromString(html, "text/html");
    document.title = next.title;
    document.documentElement.lang = next.documentElement.lang;
    document.body.replaceWith(document.adoptNode(next.body));
    window.htmx?.process(document.body);
    const place = stay ? document.getElementById(stay) : null;
    document.dispatchEvent(new CustomEvent("leadswitch:page", { detail: { how, stays: Boolean(place) } }));
    if (!place) window.scrollTo(0, 0);
    (place ?? document.querySelector("[data-focus]") ?? document.getElementById("main"))?.focus({ preventScroll: true });
  };

  // `how`: "push" a new page, "replace" the one shown. Only pages that worked become part of the history.
  const go = async (action, data, how, stay) => {
    going?.abort();
    const mine = (going = new AbortController());
    let answer;
    try {
      answer = await fetch(action, { method: "POST", body: data, signal: mine.signal, headers: { Accept: "text/html" } });
      const html = await answer.text();
      if (mine.signal.aborted) return;
      const state = remembered(action, data, answer);
      // The plan that was awaited is at the address of its waiting page: Back goes to what came before both.
      const step = how === "push" && !same(history.state, state) ? "pushState" : "replaceState";
      if (answer.ok && how) history[step](state, "");
      show(html, how, stay);
    } catch (problem) {
      if (problem.name === "AbortError") return;
      document.dispatchEvent(new CustomEvent("leadswitch:offline"));
    } finally {
      if (going === mine) going = null;
    }
  };

  const again = (state) => {
    const data = new FormData();
    for (const [name, value] of state.fields) data.append(name, value);
    data.append("session", token());
    go(state.action, new URLSearchParams(data), "");
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const button = event.submitter;
    if (event.defaultPrevented || form.hasAttribute("hx-post") || form.hasAttribute("data-plain")) return;
    event.preventDefault();
    if (form.classList.contains("busy")) return;
    form.classList.add("busy");
    button?.setAttribute("aria-busy", "true");
    const data = new URLSearchParams(new FormData(form, button));
    go(button?.getAttribute("formaction") ?? form.getAttribute("action"), data, "push", form.dataset.stay);
  });

  document.addEventListener("leadswitch:offline", () => {
    for (const form of document.querySelectorAll("form.busy")) form.classList.remove("busy");
    for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
    const note = document.getElementById("offline");
    if (note) note.hidden = false;
  });

  window.addEventListener("popstate", (event) => event.state?.action && again(event.state));

  window.addEventListener("DOMContentLoaded", () => {
    if (!document.querySelector('input[name="session"]')) return;
    // A reload of the frame launches the app anew with the portal's own post; then the page that was open comes back. When the portal
    // page itself is loaded anew, its frame has no history: the overview leads back to the dry run or the run.
    if (history.state?.action) again(history.state);
    else history.replaceState({ action: document.body.dataset.here, fields: [] }, "");
  });
})();
