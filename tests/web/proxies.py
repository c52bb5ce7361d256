"""The proxies of deploy/ before the site, with a certificate made for the test; and a client who visits them."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from deploy.testing import PROGRAMS
from tests import needs
from tests.waiting import DEADLINE, pace, until

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
NAME = "draws.example.org"
NGINX = """\
daemon off;
master_process off;
pid {place}/nginx.pid;
error_log stderr warn;
events {{}}
http {{
    access_log off;
    types {{ text/css css; }}
    {paths}
    include {place}/site.conf;
}}
"""
CADDY = "\tadmin off\n\tauto_https disable_certs\n\thttp_port {http}\n\thttps_port {https}\n"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def cookies(self) -> list[str]:
        """The cookies that it sets."""
        return self.headers.get_all("Set-Cookie", [])


class Proxy:
    """A proxy that listens on two ports of 127.0.0.1, before something that listens on a third."""

    def __init__(self, certificate: Path) -> None:
        self.http, self.https = free_port(), free_port()
        self._tls = ssl.create_default_context(cafile=certificate)

    def ask(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
        plain: bool = False,
    ) -> Answer:
        """Ask once, over TLS unless it is `plain`."""
        connection = self.connect(plain)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            sent = {"Host": NAME if plain else f"{NAME}:{self.https}", **(headers or {})}
            if body is not None:
                sent.setdefault("Content-Length", str(len(body)))
            for name, value in sent.items():
                connection.putheader(name, value)
            connection.endheaders()
            try:
                connection.send(body or b"")
            except OSError:
                pass  # refused before all was sent: the answer says so
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def connect(self, plain: bool = False) -> http.client.HTTPConnection:
        """A connection, on which nothing was sent yet."""
        connection = http.client.HTTPConnection(NAME, timeout=DEADLINE)
        connection.sock = socket.create_connection(("127.0.0.1", self.http if plain else self.https), DEADLINE)
        if not plain:
            connection.sock = self._tls.wrap_socket(connection.sock, server_hostname=NAME)
        return connection


def free_port() -> int:
    """A port that nobody has at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def program(name: str) -> str:
    """A server's program, installed or unpacked for the tests."""
    found = shutil.which(name, path=os.pathsep.join([os.environ["PATH"], "/usr/sbin", *map(str, PROGRAMS)]))
    needs.require(found, f"the command {name}")
    assert found
    return found


def certificate(place: Path) -> Path:
    """A certificate that signs itself, with its key beside it."""
    needs.commands("openssl")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    command += ["-keyout", str(place / "key.pem"), "-out", str(place / "certificate.pem")]
    subprocess.run(command, check=True, capture_output=True, timeout=DEADLINE)
    return place / "certificate.pem"


def _moved(text: str, moves: dict[str, str]) -> str:
    """A configuration with other ports and paths; everything that is to be moved must be in it."""
    for old, new in moves.items():
        assert old in text, f"{old!r} is not in the configuration"
        text = text.replace(old, new)
    return text


@contextmanager
def nginx(place: Path, behind: int) -> Iterator[Proxy]:
    """nginx with deploy/nginx.conf."""
    binary, cert = program("nginx"), certificate(place)
    proxy = Proxy(cert)
    moves = {
        "127.0.0.1:8000": f"127.0.0.1:{behind}",
        "    listen [::]:80;\n": "",
        "    listen [::]:80 default_server;\n": "",
        "    listen [::]:443 ssl default_server;\n": "",
        "    listen [::]:443 ssl http2;\n": "",
        "listen 80": f"listen 127.0.0.1:{proxy.http}",
        "listen 443": f"listen 127.0.0.1:{proxy.https}",
        f"/etc/ssl/{NAME}.pem": str(cert),
        f"/etc/ssl/private/{NAME}.key": str(place / "key.pem"),
    }
    (place / "site.conf").write_text(_moved((DEPLOY / "nginx.conf").read_text(), moves))
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "\n    ".join(f"{kind}_temp_path {place}/{kind};" for kind in kinds)
    (place / "nginx.conf").write_text(NGINX.format(place=place, paths=paths))
    with _running([binary, "-e", "stderr", "-p", str(place), "-c", str(place / "nginx.conf")], proxy):
        yield proxy


@contextmanager
def caddy(place: Path, behind: int) -> Iterator[Proxy]:
    """Caddy with deploy/Caddyfile."""
    binary, cert = program("caddy"), certificate(place)
    proxy = Proxy(cert)
    moves = {
        "127.0.0.1:8000": f"127.0.0.1:{behind}",
        "\tservers {": CADDY.format(http=proxy.http, https=proxy.https) + "\tservers {",
        f"\n{NAME} {{\n": f"\n{NAME} {{\n\tbind 127.0.0.1\n\ttls {cert} {place}/key.pem\n",
    }
    (place / "Caddyfile").write_text(_moved((DEPLOY / "Caddyfile").read_text(), moves))
    with _running([binary, "run", "--config", str(place / "Caddyfile"), "--adapter", "caddyfile"], proxy, place):
        yield proxy


@contextmanager
def _running(command: list[str], proxy: Proxy, home: Path | None = None) -> Iterator[None]:
    kept = {"HOME": str(home), "XDG_DATA_HOME": str(home), "XDG_CONFIG_HOME": str(home)} if home else {}
    with subprocess.Popen(command, env={**os.environ, **kept}, stderr=subprocess.PIPE, text=True) as process:
        try:
            _wait_until_listening(process, proxy)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=DEADLINE)
            print(said)


def _wait_until_listening(process: subprocess.Popen[str], proxy: Proxy) -> None:
    def listens() -> bool:
        assert process.poll() is None, process.stderr and process.stderr.read()
        pace(0.02)
        try:
            for port in (proxy.http, proxy.https):
                socket.create_connection(("127.0.0.1", port), DEADLINE).close()
        except ConnectionRefusedError:
            return False
        return True

    until(listens, "the proxy listens")


class Echo(BaseHTTPRequestHandler):
    """Stands in the site's place and answers with the headers that it was sent."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Say what came."""
        body = f"{self.requestline}\n{self.headers}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing else."""


@contextmanager
def echoing() -> Iterator[int]:
    """The stand-in; gives its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join(DEADLINE)
