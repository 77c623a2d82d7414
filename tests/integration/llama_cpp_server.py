"""llama.cpp's own server in a process of its own: prints its address, and ends when its standard input does."""

import argparse
import sys

from xllamacpp import CommonParams, Server


def asked():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("model")
    words.add_argument("--name", default="tiny")
    words.add_argument("--key")
    return words.parse_args()


def main():
    given, params = asked(), CommonParams()
    params.model.path = given.model
    params.model_alias = {given.name}
    params.api_keys = [given.key] if given.key else []
    params.n_ctx = 1024
    params.cache_prompt = False  # each prompt is read anew, so that the first token has a price
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    server = Server(params)
    print(server.listening_address, flush=True)  # noqa: T201 (whoever starts it reads it)
    sys.stdin.read()


if __name__ == "__main__":
    main()
