// Writes static/htmx.js: htmx and the extensions we use, as ONE file. With a
// file each and `defer`, htmx may start before an extension has arrived, and
// then no live connection is ever opened.
import { readFileSync, writeFileSync } from "node:fs";

const root = new URL("../node_modules/htmx.org/", import.meta.url);
const { version } = JSON.parse(readFileSync(new URL("package.json", root)));

const parts = ["htmx.min.js", "ext/hx-sse.min.js", "ext/hx-upsert.min.js"].map((name) =>
  readFileSync(new URL(`dist/${name}`, root), "utf8")
    .replace(/^\/\/# sourceMappingURL=.*$/gm, "") // the maps are not shipped
    .trim(),
);

// The semicolons keep a part that ends in an expression from calling the next.
writeFileSync(
  new URL("static/htmx.js", import.meta.url),
  `/*! htmx ${version} with hx-sse and hx-upsert, 0BSD */\n${parts.join("\n;\n")}\n`,
);
