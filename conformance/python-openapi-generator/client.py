"""A client by openapi-generator."""
import os
import sys

sys.path[:0] = ["out/webex", "../python"]

import urllib3
from kit import Answer, run
from webex import ApiClient, ApiException, BulkApi, BulkRequest, Configuration, ScimError, SearchApi

ORG = os.environ["WEBEX_ORG_ID"]


class Api:
    def __init__(self):
        config = Configuration(host=os.environ["WEBEX_BASE_URL"], access_token=os.environ["WEBEX_ACCESS_TOKEN"])
        config.retries = urllib3.Retry(0, redirect=False)  # a redirect must not take the token elsewhere
        client = ApiClient(config)
        self.last = None  # the answer that came last, whether or not it could be read
        send = client.rest_client.request

        def noted(*args, **kwargs):
            self.last = send(*args, **kwargs)
            return self.last

        client.rest_client.request = noted
        self.bulk_api, self.search = BulkApi(client), SearchApi(client)

    def bulk(self, body):
        self.last, parsed, error = None, None, ""
        try:
            parsed = self.bulk_api.execute_bulk(ORG, BulkRequest.from_dict(body)).to_dict()
        except ApiException as e:
            error, parsed = repr(e), e.data.to_dict() if isinstance(e.data, ScimError) else None
        except Exception as e:  # whatever the generated code does not bear
            error = repr(e)
        if self.last is None:
            return Answer(error=error)
        return Answer(self.last.status, {k.lower(): v for k, v in self.last.getheaders().items()}, parsed, error)

    def users(self, filter_):
        return [u.id for u in self.search.search_users(ORG, filter=filter_).resources]

    def groups(self, filter_):
        return [g.id for g in self.search.search_groups(ORG, filter=filter_).resources]

    def extension(self, response):
        ext = ScimError.from_dict(response).webex
        return ext.tracking_id, ext.error_code, ext.details


run(Api())
