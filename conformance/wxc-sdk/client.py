"""A program on wxc_sdk, whose client is written by hand and known to work with Webex."""
import json
import os
import sys

sys.path.insert(0, "../python")

from kit import Answer, admin, run
from wxc_sdk import WebexSimpleApi
from wxc_sdk.rest import RestError
from wxc_sdk.scim.bulk import BulkErrorResponse, BulkMethod, BulkOperation
from wxc_sdk.scim.child import ScimApiChild
from wxc_sdk.scim.groups import ScimGroup
from wxc_sdk.scim.users import ScimUser

ORG = os.environ["WEBEX_ORG_ID"]

# Its host is fixed in the code.
ScimApiChild.ep = lambda self, path=None: "/".join(filter(None, (os.environ["WEBEX_BASE_URL"], self.base, path)))


class Api:
    def __init__(self):
        self.last = None  # the answer that came last, whether or not it could be read
        self.api = WebexSimpleApi(tokens=os.environ["WEBEX_ACCESS_TOKEN"], retry_429=False)
        self.api.session.hooks["response"].append(self.note)

    def note(self, response, *_, **__):
        self.last = response

    def bulk(self, body):
        self.last, parsed, error = None, None, ""
        try:
            answer = self.api.scim.bulk.bulk_request(
                org_id=ORG, fail_on_errors=body.get("failOnErrors"), operations=[BulkOperation.model_validate(op) for op in body["operations"]])
            parsed = answer.model_dump(mode="json", by_alias=True)
        except RestError as e:
            error = repr(e)
            try:
                parsed = json.loads(e.response.text)
            except ValueError:
                pass
        except Exception as e:  # whatever it does not bear
            error = repr(e)
        if self.last is None:
            return Answer(error=error)
        return Answer(self.last.status_code, {k.lower(): v for k, v in self.last.headers.items()}, parsed, error)

    def users(self, filter_):
        return [u.id for u in self.api.scim.users.search(ORG, filter=filter_).resources]

    def groups(self, filter_):
        return [g.id for g in self.api.scim.groups.search(ORG, filter=filter_).resources]

    def extension(self, response):
        error = BulkErrorResponse.model_validate(response).error
        return error.tracking_id, error.error_code, error.details


def check(what, got, want):
    if got != want:
        raise SystemExit(f"{what}: {got!r}, expected {want!r}")


def own_methods(api):
    """What people do with wxc_sdk: create, read, search in order and page by page, patch, read a failure, delete."""
    scim, bulk = api.scim, api.scim.bulk.bulk_request
    names = [f"user{n:02d}@example.com" for n in range(25)]
    created = bulk(ORG, operations=[
        BulkOperation(method=BulkMethod.post, path="/Users", bulk_id=name, data=ScimUser(user_name=name, display_name=name).create_update())
        for name in reversed(names)]).operations
    check("created", {r.status for r in created}, {201})
    ids = {r.bulk_id: r.user_id for r in created}
    check("ids", all(ids.values()), True)
    check("sorted", [u.user_name for u in scim.users.search_all(ORG, sort_by="userName", sort_order="ascending", count=10)], names)
    check("sorted back", [u.user_name for u in scim.users.search_all(ORG, sort_by="userName", sort_order="descending", count=7)], names[::-1])
    check("details", scim.users.details(ORG, ids[names[3]]).user_name, names[3])
    group = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Team",
             "members": [{"value": ids[name], "type": "user"} for name in names[:5]]}
    check("group", [r.status for r in bulk(ORG, operations=[
        BulkOperation(method=BulkMethod.post, path="/Groups", bulk_id="team", data=group)]).operations], [201])
    (team,) = scim.groups.search_all(ORG, filter='displayName eq "Team"')
    check("members", {m.value for m in scim.groups.members_all(ORG, team.id)}, {ids[name] for name in names[:5]})
    patch = lambda *steps: {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": list(steps)}
    results = bulk(ORG, operations=[
        BulkOperation(method=BulkMethod.patch, path=f"/Users/{ids[names[0]]}", data=patch({"op": "replace", "path": "title", "value": "Poet"})),
        BulkOperation(method=BulkMethod.patch, path=f"/Groups/{team.id}", data=patch({"op": "remove", "path": f'members[value eq "{ids[names[1]]}"]'})),
        BulkOperation(method=BulkMethod.delete, path=f"/Users/{ids[names[24]]}"),
        BulkOperation(method=BulkMethod.delete, path=f"/Users/{ids[names[24]]}"),
        BulkOperation(method=BulkMethod.post, path="/Users", bulk_id="again", data=ScimUser(user_name=names[0]).create_update()),
    ]).operations
    check("results", [r.status for r in results], [200, 200, 204, 404, 409])
    check("title", scim.users.details(ORG, ids[names[0]]).title, "Poet")
    check("one less", len(list(scim.groups.members_all(ORG, team.id))), 4)
    for failed in results[3:]:
        error = failed.response.error
        check("extension", (isinstance(error.error_code, int), bool(error.tracking_id), isinstance(error.details, str)), (True, True, True))
    try:
        bulk(ORG, operations=[])
        raise SystemExit("an empty request is taken")
    except RestError as e:
        check("refusal", (e.response.status_code, bool(e.detail.tracking_id), bool(e.detail.message)), (400, True, True))


api = Api()
own_methods(api.api)
admin("/reset", {})
run(api)
