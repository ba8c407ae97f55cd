"""Pages: pictures and what-ifs in a browser, without a server.

The folder "sources" holds our own JavaScript as ES modules: "drawing" (charts) and "explore" (the what-if page). Users
get it in one file with what it uses of others, "bundle/prosperity.js", so that nobody needs node.

- `bundling.py`: the sources to the bundle and the licences of what is in it
"""
