"""What of a model is shown first, and how people call it.

- `scales.py`: units as people say them, and the factor from a model's unit
- `headline.py`: the table of headlines beside a model
- `names.py`: names of variables, elements and limits in English and Chinese, and places on a grid of tiles
- `parts.py`: what a goal is the sum of, so that what is better is known of each element
- `choice.py`: headlines of a model that has no such table, and those that come first where a goal is sought
"""
