// The stage map: the right column follows the lists on the left, and a lead stage can be dragged to a deal stage. The lists are what is
// sent; without scripts, by keyboard and on touch screens they do everything.
(() => {
  "use strict";

  const rowOf = (map, stage) => [...map.querySelectorAll("[data-stage]")].find((row) => row.dataset.stage === stage);
  const place = (map, row) => {
    const target = row.querySelector("select").value;
    const zone = [...map.querySelectorAll("[data-zone]")].find((one) => one.dataset.zone === target);
    const chip = [...map.querySelectorAll("[data-chip]")].find((one) => one.dataset.chip === row.dataset.stage);
    if (zone && chip) zone.querySelector(".map__chips").append(chip);
  };

  document.addEventListener("change", (event) => {
    const row = event.target.closest?.("[data-map] [data-stage]");
    if (row) place(row.closest("[data-map]"), row);
  });

  let dragged = "";
  const grab = (event) => event.target.closest?.("[data-map] [data-stage] .map__from, [data-map] [data-chip]");

  // What can be dragged says so only when a pointer is about to: nothing to mark up again after a fragment has come.
  document.addEventListener("pointerdown", (event) => {
    const what = event.pointerType === "mouse" ? grab(event) : null;
    if (what) what.draggable = true;
  });
  document.addEventListener("dragstart", (event) => {
    const what = grab(event);
    if (!what) return;
    dragged = what.dataset.chip ?? what.closest("[data-stage]").dataset.stage;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", what.textContent.trim());
  });
  document.addEventListener("dragend", () => {
    dragged = "";
    for (const zone of document.querySelectorAll(".map__zone--over")) zone.classList.remove("map__zone--over");
  });
  document.addEventListener("dragover", (event) => {
    const zone = dragged && event.target.closest?.("[data-zone]");
    for (const one of document.querySelectorAll(".map__zone--over")) if (one !== zone) one.classList.remove("map__zone--over");
    if (!zone) return;
    event.preventDefault();
    zone.classList.add("map__zone--over");
  });
  document.addEventListener("drop", (event) => {
    const zone = dragged && event.target.closest?.("[data-zone]");
    if (!zone) return;
    event.preventDefault();
    const map = zone.closest("[data-map]");
    const select = rowOf(map, dragged)?.querySelector("select");
    if (!select) return;
    select.value = zone.dataset.zone;
    select.dispatchEvent(new Event("change", { bubbles: true }));
  });
})();
