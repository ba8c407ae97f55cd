"""The command line: `prosperity`, from arguments to an exit status.

- `requests.py`: what somebody asks a command for, and how it can end
- `console.py`: what people and programs read
- `progress.py`: a solve as it goes
- `interruption.py`: Ctrl-C and SIGTERM
- `answers.py`: what `simulate`, `check`, `calibrate` and `screen` do once their arguments are read
- `optimizing.py`: what `optimize`, `verify` and `plan` do once their arguments are read
- `commands.py`: the commands and their options
"""
