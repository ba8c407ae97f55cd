"""The `System`: a model as equations over dimensions, whatever file it came from.

- `expression.py`: expression trees of four kinds, and the one fold that reads them
- `equation.py`: an equation and the elements that it holds for
- `description.py`: how expressions and equations print
- `model.py`: dimensions, variables and the `System` itself
- `functions.py`: the catalogue of functions
- `subscripts.py`: dimensions, subranges and what maps one to another
- `ordering.py`: the order of evaluation
"""
