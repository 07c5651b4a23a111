// Checks HTML (`npm run validate`): the files that are named, or all goldens. A
// file holds states, each below a comment with its name, and each a page or a
// part of one.
import { readFileSync, readdirSync } from "node:fs";
import { HtmlValidate } from "html-validate";

const validator = new HtmlValidate({
  extends: ["html-validate:recommended"],
  rules: {
    // How it is written, not what it says.
    "doctype-style": "off",
    "long-title": "off",
    "no-trailing-whitespace": "off",
    "no-implicit-input-type": "off",
    // A form that is sent on by another may have a field twice.
    "form-dup-name": "off",
  },
});

// The goldens' hostile text, escaped, stands where no such text ever does: in an
// id, or an address.
const hostile = /&#34;&#39;&gt;&lt;\/textarea.*?evil(\[U\+202C\])?/gs;

// As a browser sees it: of these, htmx makes templates itself, and a button is to
// submit unless it says otherwise.
const asSeen = (html) =>
  html
    .replace(hostile, "x")
    .replace(/<(\/?)hx-(partial|upsert)\b/g, "<$1template")
    .replace(/<button(?![^>]*\stype=)/g, '<button type="submit"');

const goldens = ["views/testdata/", "views/ui/testdata/"].flatMap((folder) => readdirSync(folder).map((name) => folder + name));
const named = process.argv.slice(2);
let checked = 0;
let wrong = 0;
for (const file of named.length > 0 ? named : goldens) {
  const [, ...parts] = readFileSync(file, "utf8").split(/^<!-- (.*) -->\n/m);
  for (let i = 0; i < parts.length; i += 2) {
    const [state, html] = [parts[i], parts[i + 1]];
    checked++;
    if (state.includes("hostile")) continue; // it is in all of its ids, which would be the same
    const { results } = await validator.validateString(asSeen(html));
    for (const { message, ruleId, selector } of results.flatMap((result) => result.messages)) {
      console.error(`${file}, ${state}: ${message} (${ruleId}) at ${selector}`);
      wrong++;
    }
  }
}
if (checked === 0) console.error("There was nothing to check.");
process.exit(wrong > 0 || checked === 0 ? 1 : 0);
