"""A small HTTP server on loopback that speaks the Hugging Face hub's interface, and raw files; faults on demand.

Nothing that is maintained does this with faults that can be set, so here is the part of the interface that the client
uses: repository information, tree, and files with commit, ETag and, for large ones, a redirect to another address; and
uploads: a repository is made, large files go by Git LFS, then one commit holds the rest. A token is asked for these.
"""

import base64
import hashlib
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

LARGE = (".parquet", ".safetensors")
REPOSITORY = re.compile(
    r"/api/(?P<kind>models|datasets)/(?P<name>.+?)(/(?P<call>revision|tree)/(?P<revision>refs/.+|[^/]+))?"
)
FILE = re.compile(r"/((?P<kind>datasets)/)?(?P<name>.+?)/resolve/(?P<revision>[^/]+)/(?P<path>.+)")

TOKEN = "hf_loopback"  # the one that may write
UPLOAD = re.compile(r"/api/(?P<kind>models|datasets)/(?P<name>.+?)/(?P<call>preupload|commit)/main")
LFS = re.compile(r"/(?P<name>.+)\.git/info/lfs/objects/batch")


def commit_of(folder):
    """A commit that changes with the content."""
    content = [
        (str(path.relative_to(folder)), path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file()
    ]
    return hashlib.sha1(repr(content).encode()).hexdigest()


class HubServer:
    """Serves `folder`/{models,datasets}/OWNER/NAME as repositories and `folder`/raw as plain files.

    What is below `folder`/converted is the branch of a repository with the hub's own conversion to Parquet.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self.requests = []
        self.objects = {}  # uploaded content by SHA-256
        self.faults = []  # [pattern, fault, times left]

    def fail(self, pattern, fault, times=10**9):
        """Answer requests whose path matches with a fault: a status, (status, headers), "cut" or ("stall", seconds)."""
        self.faults.append([re.compile(pattern), fault, times])

    def fault_for(self, method, path):
        """The fault of a request; a refusal (4xx) meets HEAD, too, other faults wait for the GET that they spoil."""
        for fault in self.faults:
            status = fault[1][0] if isinstance(fault[1], tuple) else fault[1]
            refusal = isinstance(status, int) and 400 <= status < 500
            if fault[2] and (method == "GET" or refusal) and fault[0].search(path):
                fault[2] -= 1
                return fault[1]
        return None

    def __enter__(self):
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                server.answer(self)

            def do_HEAD(self):
                server.answer(self)

            def do_POST(self):
                server.accept(self)

            def do_PUT(self):
                server.accept(self)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()

    def answer(self, request):
        path = unquote(urlsplit(request.path).path)
        self.requests.append((request.command, path))
        fault = self.fault_for(request.command, path)
        if isinstance(fault, int):
            return self.send(request, fault, {})
        if isinstance(fault, tuple) and isinstance(fault[0], int):
            return self.send(request, fault[0], fault[1])
        if path.startswith(("/raw/", "/cdn/")):
            file = self.folder / path[1:] if path.startswith("/raw/") else self.folder / path.removeprefix("/cdn/")
            if not file.is_file():
                return self.send(request, 404, {})
            return self.send(request, 200, {}, file.read_bytes(), fault)
        if found := REPOSITORY.fullmatch(path):
            return self.repository(request, **found.groupdict())
        if found := FILE.fullmatch(path):
            return self.file(request, fault, **found.groupdict())
        return self.send(request, 404, {})

    def find(self, request, kind, name, revision):
        folder = self.folder / (kind or "models") / name
        converted = self.folder / "converted" / (kind or "models") / name
        if converted.is_dir() and revision in ("refs/convert/parquet", commit_of(converted)):
            return converted, commit_of(converted)
        if not folder.is_dir():
            self.send(request, 404, {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})
            return None, None
        commit = commit_of(folder)
        if revision not in (None, "main", commit):
            self.send(request, 404, {"X-Error-Code": "RevisionNotFound", "X-Error-Message": "Invalid rev id"})
            return None, None
        return folder, commit

    def repository(self, request, kind, name, call, revision, **_):
        folder, commit = self.find(request, kind, name, revision)
        if folder is None:
            return
        entries = []
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            content = path.read_bytes()
            entry = {"size": len(content), "blobId": hashlib.sha1(content).hexdigest()}
            if path.suffix in LARGE:
                entry["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 130}
            entries.append((str(path.relative_to(folder)), entry))
        if call == "tree":
            body = [
                {"type": "file", "path": path, "oid": entry["blobId"], "size": entry["size"]}
                | ({"lfs": entry["lfs"] | {"oid": entry["lfs"]["sha256"]}} if "lfs" in entry else {})
                for path, entry in entries
            ]
        else:
            body = {"id": name, "sha": commit, "private": False, "gated": False, "disabled": False, "downloads": 0}
            body |= {"likes": 0, "tags": [], "siblings": [{"rfilename": path} | entry for path, entry in entries]}
        self.send(request, 200, {"Content-Type": "application/json"}, json.dumps(body).encode())

    def file(self, request, fault, kind, name, revision, path):
        folder, commit = self.find(request, kind, name, revision)
        if folder is None:
            return
        file = folder / path
        headers = {"X-Repo-Commit": commit}
        if not file.is_file():
            self.send(request, 404, headers | {"X-Error-Code": "EntryNotFound", "X-Error-Message": "Entry not found"})
            return
        content = file.read_bytes()
        if file.suffix in LARGE:
            headers |= {"X-Linked-ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Linked-Size": str(len(content))}
            # Another host, as the hub's: redirects to its own one are followed before the headers are read.
            headers |= {"Location": f"http://localhost:{self.http.server_port}/cdn/{file.relative_to(self.folder)}"}
            self.send(request, 302, headers)
        else:
            self.send(request, 200, headers | {"ETag": f'"{hashlib.sha1(content).hexdigest()}"'}, content, fault)

    def accept(self, request):
        """A part of an upload."""
        path = unquote(urlsplit(request.path).path)
        self.requests.append((request.command, path))
        body = self.body(request)
        fault = self.fault_for("GET", path)
        if fault is not None:
            return self.send(request, fault, {})
        if path.startswith("/lfs/"):  # signed addresses: the hub's storage asks for no token
            self.objects[path.removeprefix("/lfs/")] = body
            return self.send(request, 200, {})
        if path == "/api/validate-yaml":
            return self.send_json(request, {"warnings": [], "errors": []})
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.send(request, 401, {"X-Error-Message": "Invalid username or password."})
        if path == "/api/repos/create":
            wanted = json.loads(body)
            name = f"{wanted['organization']}/{wanted['name']}"
            folder = self.folder / "models" / name
            if folder.is_dir():
                return self.send_json(request, {"url": f"{self.url}/{name}"}, 409)
            folder.mkdir(parents=True)
            return self.send_json(request, {"url": f"{self.url}/{name}"})
        if found := LFS.fullmatch(path):
            objects = [
                entry | {"actions": {"upload": {"href": f"{self.url}/lfs/{entry['oid']}"}}}
                for entry in json.loads(body)["objects"]
            ]
            return self.send_json(request, {"transfer": "basic", "objects": objects})
        found = UPLOAD.fullmatch(path)
        if not found or not (self.folder / found["kind"] / found["name"]).is_dir():
            return self.send(request, 404, {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})
        if found["call"] == "preupload":
            files = [
                {
                    "path": file["path"],
                    "uploadMode": "lfs" if file["path"].endswith(LARGE) else "regular",
                    "shouldIgnore": False,
                }
                for file in json.loads(body)["files"]
            ]
            return self.send_json(request, {"files": files})
        return self.commit(request, found["name"], self.folder / found["kind"] / found["name"], body)

    def commit(self, request, name, folder, body):
        """Write the files of a commit; large ones have arrived before, and must have the checksum that is claimed."""
        for line in body.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "file":
                (folder / value["path"]).write_bytes(base64.b64decode(value["content"]))
            elif entry["key"] == "lfsFile":
                content = self.objects.get(value["oid"], b"")
                if hashlib.sha256(content).hexdigest() != value["oid"]:
                    return self.send(request, 400, {"X-Error-Message": f"{value['path']}: not uploaded"})
                (folder / value["path"]).write_bytes(content)
        commit = commit_of(folder)
        return self.send_json(request, {"commitUrl": f"{self.url}/{name}/commit/{commit}", "commitOid": commit})

    def body(self, request):
        """What a request brings, whole or in chunks."""
        if request.headers.get("Transfer-Encoding") != "chunked":
            return request.rfile.read(int(request.headers.get("Content-Length", 0)))
        body = b""
        while size := int(request.rfile.readline(), 16):
            body += request.rfile.read(size)
            request.rfile.readline()
        request.rfile.readline()
        return body

    def send_json(self, request, content, status=200):
        self.send(request, status, {"Content-Type": "application/json"}, json.dumps(content).encode())

    def send(self, request, status, headers, body=b"", fault=None):
        total, start = len(body), 0
        if status == 200 and (wanted := re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))):
            start, status = int(wanted[1]), 206
            headers = headers | {"Content-Range": f"bytes {start}-{total - 1}/{total}"}
        body = body[start:]
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if request.command == "HEAD":
            return
        half = len(body) // 2
        if fault == "cut":
            request.wfile.write(body[:half])
            request.close_connection = True
        elif fault:
            request.wfile.write(body[:half])
            request.wfile.flush()
            time.sleep(fault[1])
            try:
                request.wfile.write(body[half:])
            except OSError:
                request.close_connection = True  # the client did not wait
        else:
            request.wfile.write(body)
