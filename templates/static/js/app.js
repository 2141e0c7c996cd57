// Small conveniences over plain forms: live fragments keep the session fresh, a second click does nothing, focus stays where it was.
(() => {
  "use strict";

  document.documentElement.classList.add("js");

  const renew = (token) => {
    for (const field of document.querySelectorAll('input[name="session"]')) field.value = token;
  };

  // A form that starts something is sent once; the button says so to assistive technology. Back from the browser's cache it works again.
  const busy = (form, on) => {
    form.classList.toggle("busy", on);
    for (const button of form.querySelectorAll('button[type="submit"]')) button.toggleAttribute("aria-busy", on);
    for (const button of form.querySelectorAll("button[aria-busy]")) button.setAttribute("aria-busy", "true");
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.hasAttribute("hx-post")) return;
    if (form.classList.contains("busy")) {
      event.preventDefault();
      return;
    }
    busy(form, true);
  });
  window.addEventListener("pageshow", () => document.querySelectorAll("form.busy").forEach((form) => busy(form, false)));

  // Answers of fragments carry a renewed token. A page that has to be signed in again, or an error page, takes the whole place.
  document.addEventListener("htmx:after:request", (event) => {
    const headers = event.detail?.ctx?.response?.headers;
    const token = headers?.get?.("X-Leadswitch-Session");
    if (token) renew(token);
  });

  // What was awaited has come: go on without a click, unless somebody is just using a control of the page.
  const goOn = (place) => {
    const form = place.querySelector("[data-testid=show-plan], [data-testid=run-continue]")?.closest("form");
    if (form) form.requestSubmit();
  };
  const look = () => document.querySelectorAll("[data-finished]").forEach(goOn);
  document.addEventListener("htmx:after:swap", look);
  window.addEventListener("DOMContentLoaded", look);
})();
