// SCIMMY behind the path of Webex: a server that we did not write. A shim maps the one name that differs, operations.
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";
import { randomUUID } from "node:crypto";

SCIMMY.Config.set({ bulk: { supported: true, maxOperations: 100, maxPayloadSize: 1 << 20 }, patch: true, filter: true });

/** Keeps resources of one type, with a name that is unique or not. */
function declare(type, name, unique) {
  const kept = new Map();
  type.ingress((resource, data) => {
    const now = new Date().toISOString(), id = resource.id ?? randomUUID();
    if (resource.id && !kept.has(id)) throw new SCIMMY.Types.Error(404, null, `no such resource: ${id}`);
    for (const other of kept.values()) {
      if (unique && other.id !== id && other[name].toLowerCase() === data[name].toLowerCase()) throw new SCIMMY.Types.Error(409, "uniqueness", `the ${name} is taken`);
    }
    const record = { ...JSON.parse(JSON.stringify(data)), id, meta: { created: kept.get(id)?.meta.created ?? now, lastModified: now } };
    kept.set(id, record);
    return record;
  });
  type.egress((resource) => {
    if (resource.id) {
      if (!kept.has(resource.id)) throw new SCIMMY.Types.Error(404, null, `no such resource: ${resource.id}`);
      return kept.get(resource.id);
    }
    const all = [...kept.values()];
    return resource.filter ? resource.filter.match(all) : all;
  });
  type.degress((resource) => {
    if (!kept.delete(resource.id)) throw new SCIMMY.Types.Error(404, null, `no such resource: ${resource.id}`);
  });
  SCIMMY.Resources.declare(type);
}
SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser, false);
declare(SCIMMY.Resources.User, "userName", true);
declare(SCIMMY.Resources.Group, "displayName", false);

const app = express();
app.use("/identity/scim/:orgId/v2/Bulk", express.json({ limit: "2mb" }), (req, res, next) => {
  const { operations, ...rest } = req.body;
  req.body = { ...rest, Operations: operations };
  const json = res.json.bind(res), send = res.send.bind(res);
  res.json = (body) => json(rename(body));
  res.send = (body) => send(body);
  next();
});
function rename(body) {
  if (!body?.Operations) return body;
  const { Operations, ...rest } = JSON.parse(JSON.stringify(body));
  return { ...rest, operations: Operations };
}
app.use("/identity/scim/:orgId/v2", new SCIMMYRouters({
  type: "bearer", handler: () => "kit", context: (req) => req.params, baseUri: (req) => `http://${req.headers.host}`,
}));
const server = app.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
