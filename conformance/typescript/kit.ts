// What both TypeScript clients do, apart from the generated code: the scenario and the vectors.
import { readFileSync } from "node:fs";

export interface Answer { data?: unknown; error?: unknown }
export interface Extension { trackingId?: string; errorCode?: number | string; details?: unknown }

/** The generated client, as the scenario and the vectors need it. */
export interface Api {
  bulk(body: any): Promise<Answer>;
  users(filter: string): Promise<{ id?: string }[]>;
  groups(filter: string): Promise<{ id?: string }[]>;
  /** The Webex extension of the body of a failed result, by the generated types. */
  extension(response: unknown): Extension | undefined;
  /** The answer that came last, whether or not it could be read; undefined where there was none. */
  last: Response | undefined;
}

export const env = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
};
const admin = async (path: string, body: unknown) => {
  const r = await fetch(env("WEBEX_ADMIN_URL") + path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  if (!r.ok) throw new Error(`${path}: ${r.status}`);
};
const print = (line: unknown) => console.log(JSON.stringify(line));

type Json = any;
const list = (v: Json): Json[] => (v == null ? [] : Array.isArray(v) ? v : [v]);
const unique = (texts: string[]) => [...new Set(texts.filter((t) => t !== ""))];

/** Reads an error in any form that services use: the Webex extension, RFC 7644, general Webex errors, OAuth, JSON in a text. */
export function readError(body: Json): { trackingId: string; errorCode: string; details: string[] } {
  if (typeof body === "string") {
    try {
      const inner = JSON.parse(body);
      if (typeof inner === "object") return readError(inner);
    } catch { /* a sentence */ }
    return { trackingId: "", errorCode: "", details: body === "" || body.startsWith("<") ? [] : [body] };
  }
  if (Array.isArray(body)) {
    const all = body.map(readError);
    return {
      trackingId: all.find((e) => e.trackingId)?.trackingId ?? "", errorCode: all.find((e) => e.errorCode)?.errorCode ?? "",
      details: unique(all.flatMap((e) => e.details)),
    };
  }
  const ext = body?.["urn:scim:schemas:extension:cisco:webexidentity:api:messages:2.0:Error"];
  const errors = list(body?.errors);
  return {
    trackingId: ext?.trackingId ?? body?.trackingId ?? "",
    errorCode: String(ext?.errorCode ?? body?.errorCode ?? body?.error ?? errors.find((e) => e.errorCode)?.errorCode ?? ""),
    details: unique([
      ...list(ext?.details), ...list(body?.detail), ...list(body?.message),
      ...errors.map((e) => e.description ?? ""), ...list(body?.error_description),
    ].map(String)),
  };
}

const readStatus = (v: Json): number => {
  const n = Number(typeof v === "object" ? v?.code : v);
  return Number.isInteger(n) && n >= 100 && n <= 599 ? n : 0;
};

/** The results of an answer, in either spelling of the list. */
function results(body: Json): Json[] {
  return body?.operations ?? body?.Operations ?? [];
}

function operation(r: Json) {
  // The status may stand in the error alone.
  const status = readStatus(r?.status) || readStatus(r?.response?.status);
  const error = status >= 300 ? readError(r?.response) : { trackingId: "", errorCode: "", details: [] };
  return { bulkId: r?.bulkId ?? "", location: r?.location ?? "", status, ...error };
}

async function vector(api: Api, entry: { number: number; file: string }) {
  const v = JSON.parse(readFileSync(`${env("KIT_VECTORS")}/${entry.file}`, "utf8"));
  await admin("/faults", { faults: [{ vector: entry.number }] });
  api.last = undefined;
  let answer: Answer = {}, error = "";
  try {
    answer = await api.bulk(v.request.body);
  } catch (e) {
    error = String(e);
  }
  const head = api.last as Response | undefined;
  const body: Json = head && (answer.data ?? answer.error);
  const operations = results(body).map(operation);
  const whole = operations.length > 0 || head?.ok ? { trackingId: "", errorCode: "", details: [] } : readError(body);
  print({
    vector: entry.number, status: head?.status ?? 0, retryAfter: head?.headers.get("Retry-After") ?? "", ...whole,
    trackingId: head?.headers.get("TrackingID") ?? whole.trackingId, operations, error,
  });
}

const schemas = ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"];
const user = (bulkId: string) => ({
  method: "POST", path: "/Users", bulkId,
  data: { schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"], userName: `${bulkId}@example.com`, userType: "user" },
});
const group = (bulkId: string, members: string[]) => ({
  method: "POST", path: "/Groups", bulkId, data: {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"], displayName: bulkId,
    members: members.map((value) => ({ value, type: "user" })),
  },
});
const idOf = (location: string) => location.replace(/\/+$/, "").split("/").pop()!;

/** Creates users and a group over a refusal and a cut, then reads a failed operation. */
async function scenario(api: Api) {
  await admin("/faults", { faults: [{ status: 429, retryAfter: "1" }, { cut: "after" }] });
  const first = { schemas, operations: [user("ada"), user("bob"), group("team", ["bulkId:ada", "bulkId:bob"])] };
  let waited = false, lookedUp = false;
  for (;;) {
    api.last = undefined;
    try {
      await api.bulk(first);
    } catch { /* whether it was done is not known */ }
    const head = api.last as Response | undefined;
    if (head?.status !== 429) break;
    await new Promise((done) => setTimeout(done, 1000 * Number(head.headers.get("Retry-After"))));
    waited = true;
  }
  // The connection was cut: look up what was created instead of sending it again.
  const created: string[] = [];
  for (const found of [await api.users('userName eq "ada@example.com"'), await api.users('userName eq "bob@example.com"'), await api.groups('displayName eq "team"')]) {
    if (found.length !== 1) throw new Error("not created");
    created.push(found[0]!.id!);
    lookedUp = true;
  }
  const second = { schemas, operations: [{ ...user("ada"), bulkId: "again" }, user("cyd"), group("crew", ["bulkId:cyd", created[0]!])] };
  let taken: Json = {};
  for (const r of results((await api.bulk(second)).data)) {
    if (readStatus(r.status) === 201) created.push(idOf(r.location));
    if (r.bulkId === "again") {
      const ext = api.extension(r.response);
      taken = { status: readStatus(r.status), trackingId: ext?.trackingId, errorCode: String(ext?.errorCode), details: list(ext?.details) };
    }
  }
  print({ scenario: { created, taken, waited, lookedUp } });
}

export async function run(api: Api) {
  await scenario(api);
  for (const entry of JSON.parse(readFileSync(`${env("KIT_VECTORS")}/manifest.json`, "utf8"))) await vector(api, entry);
}
