// Writes a brotli form beside each file in static, for browsers that take it: it
// is smaller than gzip's, but slow to make, and Go's own library has none. One
// that still holds its file stays, since another version of Node may pack the
// same file into other bytes.
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";

const root = new URL("static/", import.meta.url);
const names = readdirSync(root);

function holds(packed, content) {
  try {
    return brotliDecompressSync(readFileSync(packed)).equals(content);
  } catch {
    return false; // there is none yet, or it is damaged
  }
}

for (const name of names) {
  if (name.endsWith(".br")) {
    if (!names.includes(name.slice(0, -3))) rmSync(new URL(name, root));
    continue;
  }
  if (name.endsWith(".png")) continue; // it is packed already
  const content = readFileSync(new URL(name, root));
  const packed = new URL(`${name}.br`, root);
  const params = { [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
  if (!holds(packed, content)) writeFileSync(packed, brotliCompressSync(content, { params }));
}
