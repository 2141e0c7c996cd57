// Speaks with the Bitrix24 page around us through the vendored b24jssdk: height of the frame, place in the window, end of an installation,
// fresh authorisation after an expired session. All of it is a convenience but `installFinish`, which Bitrix24 takes from a script only.
(() => {
  "use strict";

  const inFrame = window.parent !== window && window.name.split("|").length === 3;
  if (!inFrame || !window.B24Js) return;
  const ready = window.B24Js.initializeB24Frame();
  const LEAST = 480;

  let asked = 0;
  const fit = async () => {
    const frame = await ready;
    const height = Math.max(Math.ceil(document.body.getBoundingClientRect().height), LEAST);
    if (Math.abs(height - asked) < 2) return;
    asked = height;
    await frame.parent.message.send("resizeWindow", { width: "100%", height, isSafely: true });
  };

  const toTop = async () => (await ready).parent.scrollParentWindow(0);

  const finishInstallation = async (page) => {
    const frame = await ready;
    if (!frame.isInstallMode) return;
    await frame.installFinish();
    page.querySelector("[data-install-wait]")?.remove();
  };

  // The portal vouches for the person again; the form then opens the app as Bitrix24 itself does.
  const relaunch = async (form) => {
    const frame = await ready;
    const auth = await frame.auth.refreshAuth();
    if (!auth) return;
    const origin = new URL(auth.domain);
    const values = {
      AUTH_ID: auth.access_token,
      REFRESH_ID: auth.refresh_token,
      AUTH_EXPIRES: String(auth.expires_in),
      member_id: auth.member_id,
      DOMAIN: origin.host,
      PROTOCOL: origin.protocol === "https:" ? "1" : "0",
    };
    for (const [name, value] of Object.entries(values)) form.elements[name].value = value;
    form.hidden = false;
  };

  const sizes = new ResizeObserver(() => fit().catch(() => {}));
  const opened = () => {
    sizes.disconnect();
    sizes.observe(document.body);
    const page = document.querySelector("[data-install]");
    if (page) finishInstallation(page).catch(() => {});
    const form = document.querySelector("[data-relaunch]");
    if (form) relaunch(form).catch(() => {});
  };

  document.addEventListener("DOMContentLoaded", opened);
  document.addEventListener("leadswitch:page", (event) => {
    opened();
    if (!event.detail.stays) toTop().catch(() => {});
  });
})();
