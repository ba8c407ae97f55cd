"""Results: what a policy brings, what it is worth, and how people keep and read that.

- `words.py`: what is said of a result in English and Chinese, from "words.csv"
- `remarks.py`: what there is to say of a plan before anything is solved
- `moments.py`: times as people say them
- `voice.py`: names, units, times and kept texts of a result in a language
- `violations.py`: how far a run is from keeping the limits, straight from the plan's words
- `bounded.py`: what no policy can be better than, and how near to it one is; the file that keeps it
- `verdict.py`: what a result is worth, in a sentence, and what that rests on
- `certified.py`: what a certificate found, as values
- `prices.py`: what one more unit of a limit is worth
- `groups.py`: the named parts into which subscript ranges fall
- `result.py`: policy, trajectories, prices, and where they come from
- `numbers.py`: numbers as people read them, one precision for a column
- `gains.py`: headline outcomes with the policy and without, who gains and who loses
- `worth.py`: what limits are worth, in words
- `uses.py`: what a policy does with its levers: totals, groups, places
- `recomputation.py`: what a folder says, computed anew from model, plan and policy
- `verification.py`: the policy replayed in PySD
- `tidy.py`: a result as rows with one value each
- `sentences.py`: a result in the sentences that people hear first
- `tables.py`: a result in tables
- `export.py`: a result as a workbook or a folder of CSV files
- `figures.py`: a result in figures
- `document.py`: what of a result is no array, as JSON that is read strictly
- `folder.py`: a result as a folder of plain files
- `answer.py`: a result as one JSON object, for programs
"""
