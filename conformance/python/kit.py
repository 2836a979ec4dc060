"""What both Python clients do, apart from the generated code: the scenario and the vectors."""
import json
import os
import time
import urllib.request
from pathlib import Path

EXTENSION = "urn:scim:schemas:extension:cisco:webexidentity:api:messages:2.0:Error"
SCHEMAS = ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"]
VECTORS = Path(os.environ["KIT_VECTORS"])


class Answer:
    """What is known of an answer: status 0 is none, body is what the generated code has read, as JSON."""

    def __init__(self, status=0, headers=None, body=None, error=""):
        self.status, self.headers, self.body, self.error = status, headers or {}, body, error


def admin(path, body):
    urllib.request.urlopen(urllib.request.Request(
        os.environ["WEBEX_ADMIN_URL"] + path, json.dumps(body).encode(), {"Content-Type": "application/json"})).close()


def many(value):
    return [] if value is None else value if isinstance(value, list) else [value]


def read_error(body):
    """Reads an error in any form that services use: the Webex extension, RFC 7644, general Webex errors, OAuth, JSON in a text."""
    if isinstance(body, str):
        try:
            return read_error(dict(json.loads(body)))
        except ValueError:
            return {"details": [body] if body and not body.startswith("<") else []}
    if isinstance(body, list):
        all_ = [read_error(b) for b in body]
        first = lambda name: next((e[name] for e in all_ if e.get(name)), "")
        return {"trackingId": first("trackingId"), "errorCode": first("errorCode"),
                "details": list(dict.fromkeys(d for e in all_ for d in e["details"]))}
    body = body if isinstance(body, dict) else {}
    ext, errors = body.get(EXTENSION) or {}, many(body.get("errors"))
    codes = [ext.get("errorCode"), body.get("errorCode"), body.get("error"), *(e.get("errorCode") for e in errors)]
    details = [*many(ext.get("details")), *many(body.get("detail")), *many(body.get("message")),
               *(e.get("description", "") for e in errors), *many(body.get("error_description"))]
    return {"trackingId": ext.get("trackingId") or body.get("trackingId") or "",
            "errorCode": next((str(c) for c in codes if c is not None), ""), "details": list(dict.fromkeys(filter(None, details)))}


def read_status(value):
    if isinstance(value, dict):
        value = value.get("code")
    try:
        return int(value) if 100 <= int(value) <= 599 else 0
    except (TypeError, ValueError):
        return 0


def results(body):
    """The results of an answer, in either spelling of the list."""
    body = body if isinstance(body, dict) else {}
    return body.get("operations") or body.get("Operations") or []


def operation(result):
    result = result or {}
    response = result.get("response")
    status = read_status(result.get("status")) or read_status(response.get("status") if isinstance(response, dict) else None)
    return {"bulkId": result.get("bulkId") or "", "location": result.get("location") or "", "status": status,
            **(read_error(response) if status >= 300 else {})}


def run_vector(api, entry):
    vector = json.loads((VECTORS / entry["file"]).read_text(encoding="utf-8"))
    admin("/faults", {"faults": [{"vector": entry["number"]}]})
    answer = api.bulk(vector["request"]["body"])
    operations = [operation(r) for r in results(answer.body)]
    whole = {} if operations or 200 <= answer.status < 300 else read_error(answer.body)
    whole["trackingId"] = answer.headers.get("trackingid") or whole.get("trackingId", "")
    print(json.dumps({"vector": entry["number"], "status": answer.status, "retryAfter": answer.headers.get("retry-after", ""),
                      "operations": operations, "error": answer.error, **whole}))


def user(bulk_id, name=None):
    return {"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": f"{name or bulk_id}@example.com", "userType": "user"}}


def group(bulk_id, members):
    return {"method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": bulk_id,
        "members": [{"value": m, "type": "user"} for m in members]}}


def scenario(api):
    """Creates users and a group over a refusal and a cut, then reads a failed operation."""
    admin("/faults", {"faults": [{"status": 429, "retryAfter": "1"}, {"cut": "after"}]})
    first = {"schemas": SCHEMAS, "operations": [user("ada"), user("bob"), group("team", ["bulkId:ada", "bulkId:bob"])]}
    waited = False
    while (answer := api.bulk(first)).status == 429:
        time.sleep(float(answer.headers["retry-after"]))
        waited = True
    # The connection was cut: look up what was created instead of sending it again.
    created, looked_up = [], answer.status == 0
    for found in (api.users('userName eq "ada@example.com"'), api.users('userName eq "bob@example.com"'), api.groups('displayName eq "team"')):
        (id_,) = found
        created.append(id_)
    second = {"schemas": SCHEMAS, "operations": [user("again", "ada"), user("cyd"), group("crew", ["bulkId:cyd", created[0]])]}
    taken = {}
    for r in results(api.bulk(second).body):
        if read_status(r["status"]) == 201:
            created.append(r["location"].rstrip("/").rsplit("/", 1)[1])
        if r["bulkId"] == "again":
            tracking_id, error_code, details = api.extension(r["response"])
            taken = {"status": read_status(r["status"]), "trackingId": tracking_id, "errorCode": str(error_code), "details": many(details)}
    print(json.dumps({"scenario": {"created": created, "taken": taken, "waited": waited, "lookedUp": looked_up}}))


def run(api):
    scenario(api)
    for entry in json.loads((VECTORS / "manifest.json").read_text()):
        run_vector(api, entry)
