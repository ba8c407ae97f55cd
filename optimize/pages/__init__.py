"""Pages: pictures and what-ifs in a browser, without a server.

The folder "sources" holds our own JavaScript as ES modules: "drawing" (charts) and "explore" (the what-if page). Users
get it in one file with what it uses of others, "bundle/prosperity.js", so that nobody needs node.

- `bundling.py`: the sources to the bundle and the licences of what is in it
- `words.py`: the words of the pages in English and Chinese, from "labels.csv"
- `arrays.py`: numbers as a page carries them
- `amounts.py`: what limits take from the run without the policy
- `subject.py`: what a page is about: a model, a plan for it, a result
- `decisions.py`: levers as columns, and the policies that a page begins with
- `shown.py`: its outcomes, in the order in which people look at them
- `constants.py`: which constants can be changed, and which of them come first
- `watched.py`: outcomes, limits and objective as sparse rows
- `engine.py`: the model as JavaScript
- `payload.py`: all of it as one value and its JSON
- `page.py`: the payload, script and style as one file
- `widget.py`: the same as a widget of notebooks
- `notebook.py`: the widget, or what to install for it
"""
