// The status page: reads the API and shows it. Everything is put in as text, never as HTML, since
// titles and reasons come from elsewhere. While a run is going on it looks once a second; else only
// when the page is opened, looked at again, or told to.
"use strict";

const STORE = "listsync-key";
const byId = (id) => document.getElementById(id);
let timer = null;
let looking = null;

// --- the key -------------------------------------------------------------------------------------

// A link with a wrong key must not sign anybody out, so the key is tried before it is kept.
async function takeKeyFromAddress() {
  const found = new URLSearchParams(location.hash.slice(1)).get("key");
  if (found === null) return;
  const key = found.trim();
  if (key && key !== memory) {
    let answer;
    try {
      answer = await fetch("api/system/health", { headers: { Accept: "application/json", "X-Api-Key": key }, cache: "no-store" });
    } catch {
      return; // nobody answers: it stays in the address for a reload
    }
    if (answer.ok) keep(key);
    else if (answer.status === 401) byId("key-wrong").hidden = false;
  }
  history.replaceState(null, "", location.pathname + location.search);
}
function keep(key) {
  try { sessionStorage.setItem(STORE, key); } catch { /* without storage it lasts until a reload */ }
  memory = key;
}
function forget() {
  try { sessionStorage.removeItem(STORE); } catch { /* as above */ }
  memory = null;
}
let memory = (() => { try { return sessionStorage.getItem(STORE); } catch { return null; } })();

// --- asking --------------------------------------------------------------------------------------

class Refused extends Error {
  constructor(status, detail) { super(detail); this.status = status; }
}
async function ask(path, method = "GET", body = undefined) {
  const headers = { Accept: "application/json" };
  if (memory) headers["X-Api-Key"] = memory;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers, body: body && JSON.stringify(body), cache: "no-store" });
  } catch {
    throw new Refused(0, "ListSync does not answer. It may be restarting; this page tries again when you look at it.");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(response.status, answer.detail || `The answer was ${response.status}.`);
  return answer;
}

// --- building ------------------------------------------------------------------------------------

function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}
const pill = (text, tone) => make("span", { class: `pill ${tone || ""}` }, text);
const faint = (text) => (text ? make("span", { class: "faint" }, text) : null);
function table(caption, columns, rows) {
  // The roles keep it a table for screen readers where the styles make cards of it.
  const head = make("tr", { role: "row" }, ...columns.map(([name, kind]) =>
    make("th", { scope: "col", role: "columnheader", class: kind }, name)));
  const body = rows.map((cells) => make("tr", { role: "row" }, ...cells.map((cell, place) => {
    const [name, kind] = columns[place];
    const parts = (Array.isArray(cell) ? cell : [cell]).filter((part) => part !== null && part !== undefined && part !== "");
    return make("td", { role: "cell", class: kind, "data-label": name }, ...parts);
  })));
  return make("table", { role: "table", "aria-label": caption },
    make("thead", { role: "rowgroup" }, head), make("tbody", { role: "rowgroup" }, ...body));
}
const empty = (text) => make("p", { class: "faint" }, ...withCode(text));
/// `words` between backticks become code.
function withCode(text) {
  return text.split("`").map((part, place) => (place % 2 ? make("code", {}, part) : part));
}
function link(address, text) {
  // Addresses of lists are pasted by people; only web addresses become links.
  return /^https?:[/][/]/i.test(address) ? make("a", { href: address, rel: "noopener noreferrer", target: "_blank" }, text) : text;
}

// --- words ---------------------------------------------------------------------------------------

function duration(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  const two = (big, bigWord, small, smallWord) => (small ? `${big} ${bigWord} ${small} ${smallWord}` : `${big} ${bigWord}`);
  if (s < 86400) return two(Math.floor(s / 3600), "h", Math.floor((s % 3600) / 60), "min");
  return two(Math.floor(s / 86400), "d", Math.floor((s % 86400) / 3600), "h");
}
const size = (bytes) => (bytes === null ? "" : `${(bytes / 1048576).toFixed(1)} MiB`);
function when(text) {
  if (!text) return "never";
  const at = new Date(text);
  const seconds = (at - Date.now()) / 1000;
  const near = Math.abs(seconds) < 5 ? "now" : seconds > 0 ? `in ${duration(seconds)}` : `${duration(-seconds)} ago`;
  return make("time", { datetime: text, title: at.toLocaleString() }, near);
}
const OVERALL = { healthy: ["healthy", "good"], warning: ["needs a look", "warn"], error: ["not working", "bad"] };
const SCHEDULE = {
  unknown: "the sync-worker does not answer", running: "a run is going on", not_configured: "something has to be set first",
  manual: "not scheduled; started by hand only", scheduled: null, due: "starting", overdue: "overdue",
};
const PHASE = { read: "Reading the lists", identify: "Finding out which titles they are", plan: "Deciding", apply: "Requesting", verify: "Checking what Seerr has", ended: "Finishing" };
const TONE = {
  RUNNING: "good", STARTING: "warn", BACKOFF: "warn", STOPPING: "warn", FATAL: "bad",
  complete: "good", partial: "warn", frozen: "warn", refused: "bad", failed: "bad", completed: "good", cancelled: "warn", running: "warn",
};
const COUNTS = [
  ["requested", "requested"], ["already_requested", "already requested"], ["available", "in the library"], ["skipped", "skipped"],
  ["needs_review", "need review"], ["not_found", "not found"], ["failed", "failed"],
];
function inWords(counts) {
  if (!counts) return "";
  const parts = COUNTS.filter(([name]) => counts[name]).map(([name, word]) => `${counts[name]} ${word}`);
  return parts.join(", ") || (counts.entries ? `${counts.entries} entries, nothing new` : "");
}

// --- showing -------------------------------------------------------------------------------------

function showHealth(health) {
  const [word, tone] = OVERALL[health.status] || [health.status, ""];
  byId("overall").replaceChildren(pill(word, tone));
  let next = SCHEDULE[health.sync_status];
  if (health.sync_status === "not_configured" && !health.missing) next += "; sign in to see what";
  byId("times").replaceChildren(
    make("dt", {}, "Next run"), make("dd", {}, next || when(health.next_sync)),
    make("dt", {}, "Last completed"), make("dd", {}, when(health.last_sync)));
  const missing = health.missing || [];
  byId("missing").hidden = missing.length === 0;
  byId("missing-list").replaceChildren(...missing.map((one) =>
    make("li", {}, make("b", {}, ...withCode(sentence(one.what))), ...withCode(one.remedy))));
  byId("foot").textContent = health.version ? `ListSync ${health.version}` : "";
}
const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function showRun(status) {
  byId("going").hidden = !status.is_running;
  byId("cancel").hidden = !status.is_running;
  byId("start").hidden = false;
  byId("start").disabled = status.is_running || status.missing.length > 0;
  byId("start").textContent = status.is_running ? "Syncing…" : "Sync now";
  if (status.is_running) {
    const steps = status.total ? ` · ${status.done} of ${status.total}` : "";
    byId("going-text").textContent = `${PHASE[status.phase] || status.phase}${steps}${status.item ? ` · ${status.item}` : ""}`;
    const bar = byId("going-bar");
    if (status.total) { bar.max = status.total; bar.value = status.done; } else { bar.removeAttribute("value"); }
  }
  const last = status.last_run;
  const counts = last && !status.is_running ? COUNTS.filter(([name]) => last.counts[name]) : [];
  byId("counts").replaceChildren(...counts.map(([name, word]) => make("li", {}, make("b", {}, String(last.counts[name])), word)));
  if (last && !status.is_running && last.status !== "completed") {
    say(`The last run ${last.status === "failed" ? "failed" : "was cancelled"}${last.reason ? `: ${last.reason}` : ""}.`);
  } else if (last && !counts.length && !status.is_running) {
    say("The last run found nothing new.");
  } else if (!status.is_running) {
    say("");
  }
}
function say(text) { byId("said").textContent = text; byId("said").hidden = !text; }

function showProcesses(processes) {
  byId("processes").replaceChildren(processes.length
    ? table("Processes", [["Process", ""], ["State", "pilled"], ["Up", "time"], ["Memory", "number"], ["Restarts", "number"], ["Says", ""]],
      processes.map((one) => [one.name, pill(one.state.toLowerCase(), TONE[one.state]),
        one.uptime_s === null ? "" : duration(one.uptime_s), size(one.memory_bytes), String(one.restarts),
        [one.status_text, one.last_exit ? faint(`before: ${one.last_exit.reason}`) : null,
          one.next_try_at ? make("span", { class: "faint" }, "tried again ", when(one.next_try_at)) : null]]))
    : empty("The supervisor does not answer, so nothing is known of the processes."));
}

function showLists(answer) {
  const status = (one) => pill(one.status === "new" ? "not read yet" : one.status, TONE[one.status]);
  const rows = answer.lists.map((one) => [
    [link(one.list_url, one.description), faint(`${one.list_type}${one.auto_sync ? "" : " · not scheduled"}`)],
    status(one), String(one.item_count), one.last_synced ? when(one.last_synced) : "", one.status_reason || ""]);
  byId("lists").replaceChildren(rows.length
    ? table("Lists", [["List", ""], ["Status", "pilled"], ["Entries", "number"], ["Read", "time"], ["Reason", ""]], rows)
    : empty("No lists yet. Add one with `listsync lists add ADDRESS`, or set `IMDB_LISTS` and restart."));
  if (answer.total > answer.lists.length) byId("lists").append(empty(`and ${answer.total - answer.lists.length} more`));
}

function showRuns(answer) {
  const rows = answer.runs.map((run) => [
    [when(run.started_at), faint({ schedule: "scheduled", manual: "started by hand", retry: "second try" }[run.trigger])],
    pill(run.status, TONE[run.status]), run.duration_ms === null ? "" : duration(run.duration_ms / 1000),
    [inWords(run.counts), faint(run.reason)]]);
  byId("runs").replaceChildren(rows.length
    ? table("Last runs", [["Started", "time"], ["Status", "pilled"], ["Took", "time"], ["Result", ""]], rows)
    : empty("No run yet."));
}

function showReview(review, lost) {
  const row = (item, word, tone) => [
    [item.title, faint([item.year, item.media_type === "tv" ? "show" : item.media_type].filter(Boolean).join(" · "))],
    pill(word, tone), item.list_name, item.identity_reason || ""];
  const rows = [...review.items.map((item) => row(item, "needs review", "warn")), ...lost.items.map((item) => row(item, "not found", ""))];
  byId("review-section").hidden = rows.length === 0;
  if (!rows.length) return;
  byId("review").replaceChildren(table("Entries without a certain title", [["Entry", ""], ["State", "pilled"], ["List", ""], ["Why", ""]], rows));
  const more = review.total + lost.total - rows.length;
  if (more > 0) byId("review").append(empty(`and ${more} more: \`listsync items\``));
}

// --- refreshing ----------------------------------------------------------------------------------

function trouble(text) { byId("trouble").textContent = text; byId("trouble").hidden = !text; }

async function refresh() {
  clearTimeout(timer);
  if (!looking) looking = look().finally(() => { looking = null; });
  return looking;
}
async function look() {
  byId("refresh").disabled = true;
  try {
    let health;
    try {
      health = await ask("api/system/health");
    } catch (error) {
      if (error.status === 403) byId("sign-in").hidden = false; // a key helps, and the text says so
      if (error.status !== 401) throw error;
      forget();
      byId("key-wrong").hidden = false;
      health = await ask("api/system/health");
    }
    const isOwner = Array.isArray(health.processes);
    if (isOwner) byId("key-wrong").hidden = true;
    byId("sign-in").hidden = isOwner;
    byId("details").hidden = !isOwner;
    byId("forget").hidden = !isOwner || !memory;
    showHealth(health);
    if (!isOwner) { for (const id of ["start", "cancel", "going", "said"]) byId(id).hidden = true; byId("counts").replaceChildren(); trouble(""); return; }
    showProcesses(health.processes);
    const [lists, runs, review, lost, status] = await Promise.allSettled([
      ask("api/lists?limit=100"), ask("api/sync-history?limit=10"), ask("api/items?identity=needs_review&limit=20"),
      ask("api/items?identity=not_found&limit=20"), ask("api/sync/status"),
    ]);
    if (lists.value) showLists(lists.value);
    if (runs.value) showRuns(runs.value);
    if (review.value && lost.value) showReview(review.value, lost.value);
    if (status.value) { showRun(status.value); if (status.value.is_running) watch(); }
    const failed = [lists, runs, review, lost, status].find((one) => one.status === "rejected");
    trouble(failed ? failed.reason.message : "");
  } catch (error) {
    trouble(error.message);
    byId("overall").replaceChildren(pill("not reachable", "bad"));
  } finally {
    byId("refresh").disabled = false;
  }
}
function watch() {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    if (document.hidden) return;
    try {
      const status = await ask("api/sync/status");
      showRun(status);
      if (status.is_running) watch(); else refresh();
    } catch (error) {
      trouble(error.message);
      watch();
    }
  }, 1000);
}

// --- doing ---------------------------------------------------------------------------------------

async function act(button, path) {
  button.disabled = true;
  trouble("");
  let failure = "";
  try {
    await ask(path, "POST");
  } catch (error) {
    failure = error.message;
  }
  button.disabled = false;
  await refresh();
  if (failure) trouble(failure);
}
byId("start").addEventListener("click", () => act(byId("start"), "api/sync/trigger"));
byId("cancel").addEventListener("click", () => act(byId("cancel"), "api/sync/cancel"));
byId("refresh").addEventListener("click", refresh);
byId("forget").addEventListener("click", () => { forget(); byId("key-wrong").hidden = true; refresh(); });
byId("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  keep(byId("key").value.trim());
  byId("key").value = "";
  byId("key-wrong").hidden = true;
  refresh();
});
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
window.addEventListener("focus", refresh);
window.addEventListener("hashchange", () => takeKeyFromAddress().then(refresh));

takeKeyFromAddress().then(refresh);
