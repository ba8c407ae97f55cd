"""What a modeller wants to know of a `System` without running it.

- `outline.py`: what it holds, in words
- `unit_texts.py`, `unit_rules.py`, `units.py`: whether the units of its equations agree
- `polarity.py`, `loops.py`: what a variable reaches, and the feedback loops
"""
