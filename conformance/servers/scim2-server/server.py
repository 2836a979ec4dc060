"""scim2-server behind the path of Webex. A shim maps the one name that differs, operations."""
import io
import json
from wsgiref.simple_server import WSGIRequestHandler, make_server

from scim2_models import ScimProvider
from scim2_server.applications.wsgi import WSGIApplication
from scim2_server.memory import InMemoryStorage
from scim2_server.utils import load_default_resource_types, load_default_schemas, load_default_service_provider_config

ORG = "/identity/scim/3f1d2c8a-6f0e-4a57-9a52-9d7a0b6a1c01"

config = load_default_service_provider_config()
config.bulk.supported, config.bulk.max_operations, config.bulk.max_payload_size = True, 100, 1 << 20
app = WSGIApplication(InMemoryStorage(), ScimProvider.from_discovery(
    load_default_schemas().values(), load_default_resource_types().values(), config=config))


def rename(text, old, new):
    try:
        body = json.loads(text)
    except ValueError:
        return text
    return json.dumps({new if name == old else name: value for name, value in body.items()}).encode()


def shim(environ, start_response):
    path = environ["PATH_INFO"]
    if not path.startswith(ORG + "/"):
        start_response("404 Not Found", [("Content-Length", "0")])
        return [b""]
    environ["SCRIPT_NAME"], environ["PATH_INFO"] = ORG, path[len(ORG):]
    if not path.endswith("/Bulk"):
        return app(environ, start_response)
    body = rename(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])), "operations", "Operations")
    environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
    head = []
    answer = rename(b"".join(app(environ, lambda status, headers: head.extend((status, headers)))), "Operations", "operations")
    start_response(head[0], [(n, v) for n, v in head[1] if n.lower() != "content-length"] + [("Content-Length", str(len(answer)))])
    return [answer]


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


with make_server("127.0.0.1", 0, shim, handler_class=Quiet) as server:
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
