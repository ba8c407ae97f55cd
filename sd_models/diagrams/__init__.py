"""Stock-and-flow diagrams of any `System`: one layout, three writers.

From a system to pictures, then to files; each module imports only what stands above it:

- `shapes.py`: points, boxes, and arcs between boxes
- `picture.py`: a picture as a value: nodes, pipes, arrows, marks at their places
- `labels.py`: how much room a name takes
- `structure.py`: which variables are stocks and flows, and what each arrow stands for
- `sectors.py`: which variables share a view
- `named_loops.py`: the feedback loops that comments name, and those found
- `sheet.py`: what is in a view, before it has a place
- `fans.py`: causes around what they change
- `chains.py`: stocks in a row with the pipes between them
- `layers.py`: rows, so that most arrows point down
- `ordering.py`: the order within rows, so that few arrows cross
- `coordinates.py`: places, so that no boxes overlap
- `packing.py`: parts of a view that no arrow joins, side by side
- `arrows.py`: arcs that go around boxes
- `marks.py`: loop marks where there is room
- `signs.py`: the polarity of each arrow beside it
- `drawing.py`: all that in turn
- `splicing.py`: a model file's text, and what of it may be replaced
- `vensim.py`, `xmile.py`, `svg.py`: the writers
- `diagram.py`: a system to the text of a file
"""
