"""A tape to machine code by LLVM, in memory: runs, gradients and products of second derivatives in microseconds a step.

- `words.py`: values of machine code that formulas can be written with
- `mathematics.py`: exponentials, logarithms and powers of several numbers at once
- `operations.py`: each operation of a tape
- `lookups.py`: tables
- `arrangement.py`: the order of instructions, and where values wait in between
- `access.py`: where code reads and writes
- `emission.py`: a tape to the code of one function, with its loop over times
- `processor.py`: the compiler for this processor
- `store.py`: compiled code on disk
- `kernel.py`: compiled tapes as functions of columns
- `model.py`: a prepared system as kernels: runs, gradients, directions, products

Why a run's stocks are kept for its sweeps, and not a few of them from which the others are run again: for 2,844 regions
and 101 times all stocks take .2 of the 3.4 GiB that a search of 28,440 levers needs, and a run takes two thirds of the
time of a sweep (12 and 19 ms with 333 regions), which every gradient and product would pay for. Levers decided so often
that runs are many times as long would change our mind.

Why code of our own and not JAX or Numba: a run of the flagship takes a third of theirs, its derivatives a tenth, and
they take tens of seconds to compile (measured on 31 provinces). Why not a C compiler: people's machines have none.
"""
