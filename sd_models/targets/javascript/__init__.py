"""A tape to JavaScript: a model that runs in a page, thousands of steps in the time of a frame.

- `operations.py`: each operation as text
- `schedule.py`: the instructions of a part of a tape, phase by phase, as loops
- `memory.py`: where values stand that leave their loop
- `emission.py`: loops to functions
- `program.py`: a model to the text of a function and the numbers that it reads

Why loops of some hundred instructions, one to a function: V8 keeps their values in registers and optimizes the function
within a few runs; one of more than some 2,000 instructions it never optimizes (1.7 ns against 51 ns an instruction).
"""
