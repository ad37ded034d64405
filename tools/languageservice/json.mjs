// Lets Node.js import JSON as a module, which @actions/languageservice expects of a bundler.
import {readFileSync} from "node:fs";

export const load = (url, context, next) => url.endsWith(".json")
  ? {format: "module", shortCircuit: true, source: `export default ${readFileSync(new URL(url), "utf8")}`}
  : next(url, context);
