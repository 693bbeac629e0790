"""Binary caches made up without a store: archives and descriptions in Nix's format, and a web server with the faults of real ones."""
import hashlib
import http.server
import pathlib
import struct
import threading
import time

ALPHABET = "0123456789abcdfghijklmnpqrsvwxyz"


def base32(digest: bytes) -> str:
    number = int.from_bytes(digest, "little")
    return "".join(ALPHABET[number >> 5 * i & 31] for i in reversed(range((len(digest) * 8 - 1) // 5 + 1)))


def nar(tree) -> bytes:
    """Of a text (a file) or a dict by names."""
    def string(data):
        data = data.encode() if isinstance(data, str) else data
        return struct.pack("<Q", len(data)) + data + bytes(-len(data) % 8)

    def node(thing):
        if isinstance(thing, dict):
            entries = b"".join(string("entry") + string("(") + string("name") + string(name) + string("node") + node(inner) + string(")")
                               for name, inner in sorted(thing.items()))
            return string("(") + string("type") + string("directory") + entries + string(")")
        return string("(") + string("type") + string("regular") + string("contents") + string(thing) + string(")")
    return string("nix-archive-1") + node(tree)


class MadeUpCache:
    """Nothing of it is signed."""
    def __init__(self, directory: pathlib.Path, priority=50):
        self.directory = directory
        (directory / "nar").mkdir(parents=True)
        (directory / "nix-cache-info").write_text(f"StoreDir: /nix/store\nWantMassQuery: 1\nPriority: {priority}\n")

    def add(self, path: str, tree, references=(), **changes):
        """`changes` of the description: NarSize=1."""
        base = path.removeprefix("/nix/store/")
        data = nar(tree)
        digest = base32(hashlib.sha256(data).digest())
        (self.directory / f"nar/{digest}.nar").write_bytes(data)
        fields = {"StorePath": path, "URL": f"nar/{digest}.nar", "Compression": "none", "FileHash": f"sha256:{digest}", "FileSize": len(data),
                  "NarHash": f"sha256:{digest}", "NarSize": len(data), "References": " ".join(r.removeprefix("/nix/store/") for r in references)}
        (self.directory / f"{base[:32]}.narinfo").write_text("".join(f"{key}: {value}\n" for key, value in {**fields, **changes}.items()))
        return self.directory / f"nar/{digest}.nar"


class Served:
    """A directory on the loopback interface. `fault(path)` says what is wrong with the answer: None, a status, "flip", "cut" (half of
    what was announced), "half" (half, as if it were all), "slow" (a byte a second), "hang", or bytes to send instead."""
    def __init__(self, directory: pathlib.Path, fault=lambda path: None):
        self.asked, self.connections = asked, connections = [], []
        ending = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                connections.append(self.client_address)
                super().setup()

            def do_GET(self):
                asked.append(self.path)
                wrong = fault(self.path)
                file = directory / self.path.lstrip("/")
                if isinstance(wrong, int) or not file.is_file():
                    self.send_response(wrong if isinstance(wrong, int) else 404)
                    self.send_header("Content-Length", "0")
                    return self.end_headers()
                data = wrong if isinstance(wrong, bytes) else file.read_bytes()
                if wrong == "flip":
                    middle = len(data) // 2
                    data = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1:]
                if wrong == "half":
                    data = data[:len(data) // 2]
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if self.command == "HEAD":
                    return
                if wrong in ("cut", "hang"):
                    data, self.close_connection = data[:len(data) // 2], True
                if wrong == "slow":
                    for byte in data:
                        if ending.wait(1):
                            return
                        self.wfile.write(bytes([byte]))
                self.wfile.write(data)
                if wrong == "hang":
                    ending.wait()

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):   # a client that was killed
                pass

        self.ending = ending
        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.server.shutdown()
        self.server.server_close()


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)
