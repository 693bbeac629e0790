"""A small S3-compatible server, in memory: objects by GET, HEAD, PUT and DELETE, lists in pages. It answers what is not signed by its key
(AWS Signature Version 4) as S3 does, with 403, and looks at the hash of what is put."""
import datetime
import hashlib
import hmac
import http.server
import threading
import urllib.parse
from xml.sax.saxutils import escape

KEY, SECRET, REGION = "AKTEST", "a/Secret+1", "eu-test-1"


def signature(secret, method, target, headers, signed, date, region, payload):
    path, _, query = target.partition("?")
    pairs = sorted(part if "=" in part else part + "=" for part in query.split("&") if part)
    canonical = "\n".join([method, path, "&".join(pairs), *(f"{name}:{' '.join(headers[name].split())}" for name in signed), "", ";".join(signed), payload])
    scope = f"{date[:8]}/{region}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = b"AWS4" + secret.encode()
    for part in (date[:8], region, "s3", "aws4_request", text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()


class S3Server:
    """`fault(method, path)`: a status to answer instead, or None. `token`: a session token that each request must have, signed.
    `public`: what is not signed at all is let in too."""
    def __init__(self, bucket="bucket", page=1000, fault=lambda method, path: None, token=None, public=False):
        self.objects, self.asked, self.modified = {}, [], {}
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status, data=b"", kind="application/xml"):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            def why_not(self, body):
                headers = {name.lower(): value for name, value in self.headers.items()}
                words = headers.get("authorization", "").replace(",", " ").split()
                if words[:1] != ["AWS4-HMAC-SHA256"]:
                    return None if public and not words else "it is not signed"
                said = dict(word.split("=", 1) for word in words[1:])
                signed, payload = said["SignedHeaders"].split(";"), headers.get("x-amz-content-sha256", "")
                if said["Credential"] != f"{KEY}/{headers['x-amz-date'][:8]}/{REGION}/s3/aws4_request":
                    return "another key or region"
                if not {"host", "x-amz-date", "x-amz-content-sha256"} <= set(signed):
                    return "what must be signed is not"
                if token and ("x-amz-security-token" not in signed or headers["x-amz-security-token"] != token):
                    return "no session"
                if payload not in ("UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest()):
                    return "another body than its hash says"
                if said["Signature"] != signature(SECRET, self.command, self.path, headers, signed, headers["x-amz-date"], REGION, payload):
                    return "the signature does not match"

            def do(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                server.asked.append((self.command, self.path))
                if status := fault(self.command, self.path):
                    return self.answer(status)
                if why := self.why_not(body):
                    return self.answer(403, f"<Error><Code>AccessDenied</Code><Message>{why}</Message></Error>".encode())
                path, _, query = self.path.partition("?")
                if path == f"/{bucket}":
                    return self.list(dict(urllib.parse.parse_qsl(query)))
                name = urllib.parse.unquote(path).removeprefix(f"/{bucket}/")
                if self.command == "PUT":
                    server.objects[name] = body
                    server.modified[name] = datetime.datetime.utcnow()
                    return self.answer(200)
                if self.command == "DELETE":
                    server.objects.pop(name, None)
                    return self.answer(204)
                if name not in server.objects:
                    return self.answer(404)
                self.answer(200, server.objects[name], "application/octet-stream")

            do_GET = do_HEAD = do_PUT = do_DELETE = do

            def list(self, query):
                assert query["list-type"] == "2"
                names = [name for name in sorted(server.objects) if name.startswith(query.get("prefix", "")) and name > query.get("continuation-token", "").removesuffix("+=")]

                def time(name):
                    return server.modified.get(name, datetime.datetime.utcnow()).strftime("%Y-%m-%dT%H:%M:%S.000Z")
                more = len(names) > page
                rows = "".join(f"<Contents><Key>{escape(name)}</Key><LastModified>{time(name)}</LastModified><Size>{len(server.objects[name])}</Size></Contents>"
                               for name in names[:page])
                then = f"<NextContinuationToken>{names[page - 1]}+=</NextContinuationToken>" if more else ""
                self.answer(200, f'<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>{bucket}</Name>'
                                 f"<IsTruncated>{str(more).lower()}</IsTruncated>{then}{rows}</ListBucketResult>".encode())

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self.server = Server(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.url = f"s3://{bucket}?endpoint={self.host}&region={REGION}&scheme=http"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
