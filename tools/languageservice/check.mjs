// Checks workflows and action files with GitHub's own parser: check.mjs FOLDER FILE…, where FOLDER has its node_modules.
// An action of this project is checked with the inputs that it has here; those of others can't be looked up without a network.
import {readFileSync} from "node:fs";
import {createRequire, register} from "node:module";
import {join} from "node:path";
import {pathToFileURL} from "node:url";

register("./json.mjs", import.meta.url);
const [folder, ...files] = process.argv.slice(2);
const require = createRequire(join(folder, "package.json"));
const load = name => import(pathToFileURL(join(folder, "node_modules", ...name.split("/"))));
const {validate, registerLogger} = await load("@actions/languageservice/dist/index.js");
const {TextDocument} = await load("vscode-languageserver-textdocument/lib/esm/main.js");
const {parse} = require("yaml");

let problems = 0;
const say = text => { problems += 1; console.log(text); };
// The service logs its own failures, and then reports no problem at all.
registerLogger({error: say, warn: say, info: () => {}, log: () => {}});

const ours = {"shipline/shipline": "action.yml", "shipline/shipline/native": "native/action.yml"};
const actionsMetadataProvider = {
  async fetchActionMetadata({owner, name, path}) {
    const file = ours[[owner, name, path].filter(Boolean).join("/")];
    return file ? parse(readFileSync(file, "utf8")) : {name: `${owner}/${name}`};
  },
};
const fileProvider = {
  async getFileContent(reference) {
    const name = reference.path;
    return {name, content: readFileSync(name, "utf8")};
  },
};

for (const file of files) {
  const document = TextDocument.create(pathToFileURL(file).href, "yaml", 1, readFileSync(file, "utf8"));
  for (const {range, message} of await validate(document, {actionsMetadataProvider, fileProvider})) {
    say(`${file}:${range.start.line + 1}:${range.start.character + 1}: ${message}`);
  }
}
process.exit(problems ? 1 : 0);
