"""wxc_sdk's bulk_request in a loop of 100, as its documentation shows it."""

import json
import logging
import resource
import sys
import time

from wxc_sdk import WebexSimpleApi
from wxc_sdk.scim import child
from wxc_sdk.scim.bulk import BulkMethod, BulkOperation
from wxc_sdk.scim.users import EmailObject, NameObject, ScimUser

logging.disable(logging.CRITICAL)
work = json.load(sys.stdin)
# The module has the host of the service built in.
child.ScimApiChild.ep = lambda self, path=None: f"{work['url']}/{self.base}" + (f"/{path}" if path else "")
api = WebexSimpleApi(tokens="bench")
ORG = "0e6f1c53-8a37-4a0f-9d5e-1b7c2a9d4f10"


def operation(i):
    mail = f"user{i}@example.com"
    user = ScimUser(
        schemas=["urn:ietf:params:scim:schemas:core:2.0:User"],
        user_name=mail,
        display_name=f"User Number {i}",
        active=True,
        name=NameObject(given_name="User", family_name=f"Number {i}"),
        emails=[EmailObject(value=mail, type="work", primary=True)],
    )
    return BulkOperation(method=BulkMethod.post, path="/Users", bulk_id=f"u{i}", data=user.create_update())


def processor():
    u = resource.getrusage(resource.RUSAGE_SELF)
    return u.ru_utime + u.ru_stime


def create_organization(path):
    """Create the organization of a file and print the bulkIds that were created."""
    with open(path) as file:
        lines = [json.loads(line) for line in file]
    operations = [
        BulkOperation(method=BulkMethod.post, path=line["path"], bulk_id=line["bulkId"], data=line["data"]) for line in lines
    ]
    created = []
    for start in range(0, len(operations), 100):
        answer = api.scim.bulk.bulk_request(org_id=ORG, operations=operations[start : start + 100])
        created += [o.bulk_id for o in answer.operations if o.status == 201]
    print(json.dumps(created))


if work.get("organization"):
    create_organization(work["organization"])
    sys.exit()

before, began = processor(), time.monotonic()
for start in range(0, work["operations"], 100):
    operations = [operation(i) for i in range(start, min(start + 100, work["operations"]))]
    answer = api.scim.bulk.bulk_request(org_id=ORG, operations=operations)
    assert len(answer.operations) == len(operations)
    assert all(o.status == 201 for o in answer.operations)
print(json.dumps({"processor": int(1e9 * (processor() - before)), "elapsed": int(1e9 * (time.monotonic() - began))}))
