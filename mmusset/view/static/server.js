"use strict";
// Facts from the server, a page at a time.

async function ask(path, options = {}) {
  const response = await fetch(path, options).catch(() => {
    throw new Error("The server does not answer: is `mmusset view` still running?");
  });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

const asJson = (method, value) => ({ method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) });

const serverSource = {
  page: (state) => {
    const parameters = query(state);
    parameters.set("page", state.page);
    return ask(`api/page?${parameters}`);
  },
  counts: (state) => ask(`api/counts?${query(state)}`),
  place: (state, key) => {
    const parameters = query(state);
    parameters.set("key", key);
    return ask(`api/place?${parameters}`);
  },
  sample: (key) => ask(`api/sample/${encodeURIComponent(key)}`),
  /** Why the picture of a file that no sample was made of can't be shown; "" where it can. */
  lone: async (key) => (await ask(`api/picture/${encodeURIComponent(key)}`)).why,
  /** Keep a person's words, as a mark: what is not named stays. */
  write: (key, words) => ask(`api/words/${encodeURIComponent(key)}`, asJson("PUT", words)),
  unwrite: (key, where) => ask(`api/words/${encodeURIComponent(key)}/${where}`, { method: "DELETE" }),
  /** What a caption would claim, and what measurements say of it. */
  claims: (key, caption) => ask(`api/claims/${encodeURIComponent(key)}`, asJson("POST", { caption })),
  /** Keep a mark, or (null) take it away; it is on the disk when this comes back. */
  mark: (key, mark) =>
    ask(`api/mark/${encodeURIComponent(key)}`, {
      method: mark ? "PUT" : "DELETE",
      keepalive: true, // also while the page is being left
      headers: { "Content-Type": "application/json" },
      body: mark ? JSON.stringify(mark) : undefined,
    }),
};

/** Tell when the build has gone on, without moving what somebody is looking at: where nothing is
    shown, as before the index is made, what there is comes by itself. */
function watchBuild() {
  let seen = null;
  const isEmpty = () => byId("grid") && !byId("grid").childElementCount && !byId("left-out").childElementCount;
  const look = async () => {
    if (document.hidden) return;
    try {
      const state = await ask("api/state");
      const changed = state.version !== seen;
      const isFirst = seen === null;
      seen = state.version;
      if (state.trouble) trouble(state.trouble);
      else if (changed && isEmpty()) dispatchEvent(new Event("redraw"));
      else if (changed && !isFirst) {
        const news = byId("news");
        news.hidden = false;
        news.replaceChildren(
          state.looked_at ? `The index is being made: ${number.format(state.looked_at)} items so far. ` : "The dataset has changed. ",
          el("button", { type: "button", onclick: () => { news.hidden = true; dispatchEvent(new Event("redraw")); } }, "Show it"),
        );
      }
    } catch (error) {
      trouble(error);
    }
  };
  look();
  setInterval(look, 4000);
}
