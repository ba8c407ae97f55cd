"""The `System`: a model as equations over dimensions, whatever file it came from.

- `expression.py`: expression trees of four kinds, and the one fold that reads them
- `equation.py`: an equation and the elements that it holds for
- `description.py`: how expressions and equations print
- `model.py`: dimensions, variables and the `System` itself
- `functions.py`: the catalogue of functions
- `subscripts.py`: dimensions, subranges and what maps one to another
- `alignment.py`: the rows that equations define and references read
- `ordering.py`: the order of evaluation
- `elements.py`: elements one by one, where variables need each other's
"""
