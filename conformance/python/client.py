"""A client by openapi-python-client."""
import os
import sys

sys.path.insert(0, "out")

from kit import Answer, run
from webex import AuthenticatedClient
from webex.api.bulk import execute_bulk
from webex.api.search import search_groups, search_users
from webex.models import BulkRequest, ScimError

ORG = os.environ["WEBEX_ORG_ID"]


class Api:
    def __init__(self):
        self.last = None  # the answer that came last, whether or not it could be read
        self.client = AuthenticatedClient(
            base_url=os.environ["WEBEX_BASE_URL"], token=os.environ["WEBEX_ACCESS_TOKEN"],
            httpx_args={"event_hooks": {"response": [self.note]}})

    def note(self, response):
        self.last = response

    def bulk(self, body):
        self.last, parsed, error = None, None, ""
        try:
            parsed = execute_bulk.sync_detailed(ORG, client=self.client, body=BulkRequest.from_dict(body)).parsed
            parsed = parsed and parsed.to_dict()
        except Exception as e:  # whatever the generated code does not bear
            error = repr(e)
        if self.last is None:
            return Answer(error=error)
        return Answer(self.last.status_code, {k.lower(): v for k, v in self.last.headers.items()}, parsed, error)

    def users(self, filter_):
        return [u.id for u in search_users.sync(ORG, client=self.client, filter_=filter_).resources]

    def groups(self, filter_):
        return [g.id for g in search_groups.sync(ORG, client=self.client, filter_=filter_).resources]

    def extension(self, response):
        ext = ScimError.from_dict(response).urnscimschemasextensionciscowebexidentityapimessages_2_0_error
        return ext.tracking_id, ext.error_code, ext.details


run(Api())
