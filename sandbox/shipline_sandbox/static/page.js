// Asks for the page again each second and brings what is shown up to it, node by node: focus, scroll, opened details and
// half-filled forms stay as they are. Without it the page is as new as the last reload.

const main = document.querySelector("main");
const told = document.getElementById("told");
const status = document.getElementById("live-state");
const button = document.getElementById("pause");
const EVERY = 1000;
const AT_MOST = 3;
let paused = false;
let seen = "";

async function look() {
  if (!paused && !document.hidden) {
    try {
      const answer = await fetch(document.body.dataset.live, { cache: "no-cache" });
      if (!answer.ok) throw new Error(answer.status);
      const text = await answer.text();
      if (text !== seen && !paused) show(text);
      seen = text;
      tell(status, "Live");
    } catch {
      tell(status, "The sandbox doesn't respond");
    }
  }
  setTimeout(look, EVERY);
}

function show(text) {
  const next = new DOMParser().parseFromString(text, "text/html").querySelector("main");
  const before = words();
  const focused = document.activeElement;
  const around = focused.closest("main [id]")?.id;
  children(main, next);
  for (const copy of document.querySelectorAll("[data-copy]")) copy.hidden = !navigator.clipboard;
  fit();
  if (focused !== document.activeElement) {
    const heir = focused.isConnected ? focused : document.getElementById(around)?.querySelector("summary, a, button");
    heir?.focus({ preventScroll: true });
  }
  const news = [...words()].filter((word) => !before.has(word));
  if (news.length) tell(told, news.slice(0, AT_MOST).join(". ") + (news.length > AT_MOST ? " …" : ""));
}

function words() {
  return new Set([...main.querySelectorAll("[data-say]")].map((one) => one.dataset.say));
}

function tell(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

// An element with an id is the same one wherever it stands; any other is the one in its place.
function children(here, wanted) {
  let next = here.firstChild;
  for (const one of wanted.childNodes) {
    const match = one.id ? known(one) : next && alike(next, one) ? next : null;
    const node = match ?? document.importNode(one, false);
    if (node === next) next = next.nextSibling;
    else here.insertBefore(node, next);
    update(node, one);
  }
  while (next) {
    const gone = next;
    next = next.nextSibling;
    if (!(gone.id && wanted.ownerDocument.getElementById(gone.id))) gone.remove(); // else it moves elsewhere
  }
}

function known(one) {
  const found = document.getElementById(one.id);
  return found && found.nodeName === one.nodeName ? found : null;
}

function alike(here, wanted) {
  return here.nodeName === wanted.nodeName && !here.id;
}

function update(here, wanted) {
  if (here.nodeType !== Node.ELEMENT_NODE) {
    if (here.data !== wanted.data) here.data = wanted.data;
    return;
  }
  for (const name of new Set([...here.getAttributeNames(), ...wanted.getAttributeNames()])) {
    const value = wanted.getAttribute(name);
    if (name === "open" || name === "height" || (name === "hidden" && here.dataset.copy) || here.getAttribute(name) === value) continue; // whether details are open is the reader's choice
    if (value === null) here.removeAttribute(name);
    else here.setAttribute(name, value);
  }
  children(here, wanted);
}

// The notes of testers are shown in full: a frame without scripts is as high as its content.
function fit() {
  for (const frame of document.querySelectorAll("iframe")) {
    const body = frame.contentDocument?.body;
    const height = String((body?.scrollHeight ?? 0) + 24);
    if (body?.firstChild && frame.getAttribute("height") !== height) frame.setAttribute("height", height);
  }
}

document.addEventListener("load", fit, true);
addEventListener("resize", fit);

for (const copy of document.querySelectorAll("[data-copy]")) copy.hidden = !navigator.clipboard;
main.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy]");
  if (!copy) return;
  await navigator.clipboard.writeText(document.getElementById(copy.dataset.copy).textContent);
  tell(told, "Copied");
});

button.addEventListener("click", () => {
  paused = !paused;
  button.textContent = paused ? "Go on" : "Pause";
  tell(status, paused ? "Paused" : "Live");
});
document.getElementById("live").hidden = false;
look();
