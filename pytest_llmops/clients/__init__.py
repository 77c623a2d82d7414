"""One module per kind of component; ``http.py`` is the only door to the network library."""
