// Live fragments (htmx): each answer renews the session of the page; what was awaited leads on by itself; hidden pages ask less often.
(() => {
  "use strict";

  document.documentElement.classList.add("js");

  const QUIET_FACTOR = 5;
  let skipped = 0;

  document.addEventListener("htmx:before:request", (event) => {
    const element = event.detail?.ctx?.sourceElement;
    const polls = element?.getAttribute?.("hx-trigger")?.startsWith("every");
    if (!polls || !document.hidden) return;
    skipped = (skipped + 1) % QUIET_FACTOR;
    if (skipped) event.preventDefault();
  });

  document.addEventListener("htmx:after:request", (event) => {
    const renewed = event.detail?.ctx?.response?.headers?.get?.("X-Leadswitch-Session");
    if (!renewed) return;
    for (const field of document.querySelectorAll('input[name="session"]')) field.value = renewed;
  });

  // Something is being typed or chosen: the person decides when to go on.
  const occupied = () => document.activeElement?.matches("input:not([type=hidden]), select, textarea");
  const goOn = () => {
    const form = document.querySelector("[data-finished] [data-goes-on]")?.closest("form");
    if (form && !occupied()) form.requestSubmit();
  };
  for (const name of ["htmx:after:swap", "leadswitch:page", "DOMContentLoaded"]) document.addEventListener(name, goOn);
})();
