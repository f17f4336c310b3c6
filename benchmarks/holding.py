"""A proxy before an HTTP server that holds requests back: late, lost, twice, or answered to nobody."""

import collections
import http.client
import http.server
import random
import threading
import time

FATES = ("delayed", "dropped", "answered to nobody", "repeated", "let through late")
"""Delayed: within the client's watchdog. Let through late: after it. Repeated: again, after the answer."""


class Holding:
    """Forwards to a port of this machine, and holds one in so many requests back.

    Parameters
    ----------
    target : int
        Port of the server.
    patience : float
        Seconds that its clients wait.
    longest : float
        Seconds that a request is held back at most, longer than the clients wait.
    share : float
        Of the requests that are held back; of those that only read, a quarter of it.
    seed : int
    """

    def __init__(self, target, patience, longest, share, seed):
        self.target, self.patience, self.longest, self.share = target, patience, longest, share
        self.held = collections.Counter()
        self._chance, self._lock, self._late = random.Random(seed), threading.Lock(), []
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._taker())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self):
        """Where clients call."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def drain(self):
        """Wait until nothing is held back any more."""
        for thread in self._late:
            thread.join()
        self._late.clear()

    def close(self):
        """End it."""
        self.drain()
        self._server.shutdown()
        self._server.server_close()

    def _fate(self, method, path):
        with self._lock:
            if self._chance.random() >= (self.share / 4 if method == "GET" else self.share):
                return None, 0.0
            # What moves an alias is what matters here.
            fate = self._chance.choice(FATES if "alias" not in path else FATES[2:])
            self.held[fate] += 1
            late = self._chance.uniform(self.patience * 1.2, self.longest)
            return fate, self._chance.uniform(0, self.patience / 2) if fate == "delayed" else late

    def _afterwards(self, seconds, forward):
        def arrive():
            time.sleep(seconds)
            forward()

        thread = threading.Thread(target=arrive, daemon=True)
        self._late.append(thread)
        thread.start()

    def _taker(self):
        holding = self

        class Taker(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _take(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                words = (self.command, self.path, body, dict(self.headers))
                fate, seconds = holding._fate(self.command, self.path)
                if fate == "delayed":
                    time.sleep(seconds)
                if fate == "let through late":
                    holding._afterwards(seconds, lambda: _forwarded(holding.target, *words))
                if fate in ("dropped", "let through late"):
                    self.close_connection = True
                    if fate == "let through late":
                        time.sleep(holding.patience * 1.1)  # silent until the client has given up
                    return
                answer = _forwarded(holding.target, *words)
                if fate == "repeated":
                    holding._afterwards(seconds, lambda: _forwarded(holding.target, *words))
                if fate == "answered to nobody" or answer is None:
                    self.close_connection = True
                    return
                self._answer(*answer)

            def _answer(self, status, headers, body):
                self.send_response(status)
                for name, value in headers:
                    if name.lower() not in (
                        "transfer-encoding",
                        "content-length",
                        "connection",
                        "date",
                        "server",
                    ):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _take  # noqa: N815 - as http.server calls them

            def log_message(self, *_):
                pass

            def handle(self):
                try:
                    super().handle()
                except (BrokenPipeError, ConnectionResetError):  # the client has gone
                    self.close_connection = True

        return Taker


def _forwarded(target, method, path, body, headers):
    """Return status, headers and body of the server's answer; None when there was none."""
    connection = http.client.HTTPConnection("127.0.0.1", target, timeout=60)
    try:
        connection.request(method, path, body, {**headers, "Host": f"127.0.0.1:{target}"})
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), answer.read()
    except OSError:
        return None
    finally:
        connection.close()
