// A client by openapi-typescript and openapi-fetch.
import createClient from "openapi-fetch";
import type { components, paths } from "./out/schema.d.ts";
import { type Api, env, run } from "./kit.ts";

type ScimError = components["schemas"]["ScimError"];

const client = createClient<paths>({
  baseUrl: env("WEBEX_BASE_URL"), headers: { Authorization: `Bearer ${env("WEBEX_ACCESS_TOKEN")}` },
  redirect: "manual", // a redirect must not take the token elsewhere
});
client.use({ onResponse({ response }) { api.last = response; } });

const path = { orgId: env("WEBEX_ORG_ID") };
const api: Api = {
  last: undefined,
  bulk: (body) => client.POST("/identity/scim/{orgId}/v2/Bulk", { params: { path }, body }),
  async users(filter) {
    const { data } = await client.GET("/identity/scim/{orgId}/v2/Users", { params: { path, query: { filter } } });
    return data?.Resources ?? [];
  },
  async groups(filter) {
    const { data } = await client.GET("/identity/scim/{orgId}/v2/Groups", { params: { path, query: { filter } } });
    return data?.Resources ?? [];
  },
  extension: (response) => (response as ScimError)["urn:scim:schemas:extension:cisco:webexidentity:api:messages:2.0:Error"],
};
await run(api);
