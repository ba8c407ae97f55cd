"""Reports: one page on paper or screen that says what is recommended, what it brings, and how sure that is.

- `blocks.py`: what a report is made of: sections of paragraphs, lists, tables and charts, in one language
- `words.py`: the words, names, units, times and numbers of a report in a language, from "labels.csv"
- `subject.py`: what a report is about: a result, and its model where that is at hand
- `holding.py`: how far prices hold, where the plan was solved anew with more of a limit
- `limits.py`: which limits are reached, what they cost, and about which nobody needs to argue
- `opening.py`: the title, the verdict, and three sentences with numbers
- `money.py`: who gets what
- `people.py`: what people gain, and who loses
- `assumptions.py`: how far the gain moves with each constant of the model
- `reasons.py`: where the gain comes from, and which feedback loops dominate
- `alongside.py`: further results beside the first
- `certainty.py`: how sure all this is, what it rests on, what was not done
- `origins.py`: versions, hashes, files, seeds, the command that makes the result anew
- `content.py`: all of it as one value
- `page.py`: the value as one file of HTML
"""
