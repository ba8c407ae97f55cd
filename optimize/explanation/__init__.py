"""Explanations: why a policy brings what it brings.

- `target.py`: the number that is explained, and the two runs between which it moves
- `terms.py`: the parts of an equation that add up
- `waterfall.py`: which decisions a gain comes from: by measure, region and year
- `marginal.py`: what one more of each decision would bring, with nothing taken away elsewhere
- `costates.py`: what one more unit of each stock is worth in each year
- `link_scores.py`: what of a variable's change each link carries
- `search.py`: which feedback loops are looked at
- `loops.py`: which feedback loops dominate when
- `value.py`: which links and loops carry the worth of stocks
- `price_range.py`: how far the price of a limit holds, from two more solves
- `explanation.py`: all of these of a result, as one value
- `spoken.py`: tables in a language, from `words.csv`
- `tables.py`: an explanation in tables and sentences
- `document.py`: an explanation as JSON
"""
