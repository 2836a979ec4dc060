// A client by hey-api.
import { client } from "./out/api/client.gen.ts";
import { executeBulk, searchGroups, searchUsers } from "./out/api/sdk.gen.ts";
import type { ScimError } from "./out/api/types.gen.ts";
import { type Api, env, run } from "../typescript/kit.ts";

client.setConfig({
  baseUrl: env("WEBEX_BASE_URL"), auth: () => env("WEBEX_ACCESS_TOKEN"),
  parseAs: "json", // whatever the Content-Type says
  redirect: "manual", // a redirect must not take the token elsewhere
});
client.interceptors.response.use((response) => (api.last = response));

const path = { orgId: env("WEBEX_ORG_ID") };
const api: Api = {
  last: undefined,
  bulk: (body) => executeBulk({ path, body }),
  users: async (filter) => (await searchUsers({ path, query: { filter } })).data?.Resources ?? [],
  groups: async (filter) => (await searchGroups({ path, query: { filter } })).data?.Resources ?? [],
  extension: (response) => (response as ScimError)["urn:scim:schemas:extension:cisco:webexidentity:api:messages:2.0:Error"],
};
await run(api);
