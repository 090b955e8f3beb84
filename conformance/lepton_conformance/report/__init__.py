"""The report of a run, as JSON, HTML, JUnit and reproducers.

Owns rendering; decides nothing: verdicts come from `verdict`.
"""
