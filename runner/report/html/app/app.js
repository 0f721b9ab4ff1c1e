"use strict";

(async () => {
  const block = async (id) => {
    const packed = Uint8Array.from(atob(document.getElementById(id).textContent), (c) => c.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).json();
  };
  const meta = await block("meta");
  const app = document.getElementById("app");
  const list = document.createElement("ul");
  for (const outcome of meta.outcomes) {
    const n = (meta.summary.counts || {})[outcome];
    if (n) {
      const item = document.createElement("li");
      item.textContent = n + " " + outcome;
      list.append(item);
    }
  }
  app.append(list);
  app.hidden = false;
})();
