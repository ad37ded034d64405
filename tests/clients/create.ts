// Creates a release in each service of the sandbox at ADDRESS, with the types that openapi-typescript generated.
import type { paths as BuildMaster } from "./buildmaster";
import type { paths as Centercode } from "./centercode";
import type { paths as V3 } from "./v3";

declare const process: { argv: string[] };
const [address, product] = process.argv.slice(2);

async function post<Response>(path: string, headers: Record<string, string>, body: URLSearchParams | string) {
  const response = await fetch(address + path, { method: "POST", headers, body });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Response;
}

const form = (fields: Record<string, string | number | undefined>) =>
  new URLSearchParams(Object.entries(fields).map(([name, value]) => [name, String(value)]));
const json = { "Content-Type": "application/json" };

type CreateRelease = BuildMaster["/api/releases/create"]["post"];
type CreateBuild = BuildMaster["/api/releases/builds/create"]["post"];
type Announce = Centercode["/projects/{projectKey}/releaseTypes/{releaseTypeKey}"]["post"];
type Draft = V3["/v3/releases"]["post"];

async function main() {
  const key = { "X-ApiKey": "sandbox-key" };
  const wanted: CreateRelease["requestBody"]["content"]["application/x-www-form-urlencoded"] = {
    applicationName: "Widget", releaseNumber: "1.4.0", pipelineName: "Standard",
  };
  const release = await post<CreateRelease["responses"]["200"]["content"]["application/json"]>(
    "/api/releases/create", key, form(wanted));
  const number: string | null | undefined = release.releaseNumber;
  const build = await post<CreateBuild["responses"]["200"]["content"]["application/json"]>(
    "/api/releases/builds/create", key, form({ releaseId: release.id }));
  if (number !== "1.4.0" || build.releaseNumber !== number) throw new Error("another release");

  const announcement: Announce["requestBody"]["content"]["application/json"] = { title: "Widget 1.4.0", releaseValue: "1.4.0" };
  const posted = await post<Announce["responses"]["201"]["content"]["application/json"]>(
    "/api/v1/projects/WidgetPro/releaseTypes/Firmware?apiKey=sandbox-key", json, JSON.stringify(announcement));
  if (!posted) throw new Error("no response");

  const draft: Draft["requestBody"]["content"]["application/json"] = {
    name: "Widget 1.4.0", version: "1.4.0", channel: "stable", productId: product, platforms: ["windows"],
  };
  const created = await post<Draft["responses"]["201"]["content"]["application/json"]>(
    "/v3/releases", { ...json, Authorization: "Bearer sandbox-key" }, JSON.stringify(draft));
  if (created.version !== "1.4.0" || created.published) throw new Error("no draft");
}

main();
