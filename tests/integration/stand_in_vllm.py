"""A program that looks like vLLM from outside: for tests of what watches it, in a second instead of a minute.

Takes: vLLM's flags `--port`, `--model` and `--served-model-name`; the model folder's `labels.json` (label to first
token). Gives: the routes that the start-up check asks, and vLLM's log lines. A file `broken` in the model folder makes
it fail at start with the line in it. Does not: generate text.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def _flag(name: str) -> str:
    return sys.argv[sys.argv.index(name) + 1]


def main() -> None:
    """Serve until killed."""
    model = Path(_flag("--model"))
    sys.stdout.write("(APIServer pid=1) INFO non-default args: {}\n")
    if (model / "broken").exists():
        sys.exit((model / "broken").read_text(encoding="utf-8"))
    labels = json.loads((model / "labels.json").read_text(encoding="utf-8"))
    served = {"data": [{"id": _flag("--served-model-name"), "max_model_len": int(_flag("--max-model-len"))}]}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({} if self.path == "/health" else served)

        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer({"tokens": [labels[question["prompt"]]]})

        def _answer(self, body: object) -> None:
            data = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    ThreadingHTTPServer(("127.0.0.1", int(_flag("--port"))), Handler).serve_forever()


if __name__ == "__main__":
    main()
