"""The repository's own build tool for the standard's prose: requirement blocks in, published files out.

Owns reading `spec/en` and `spec/zh`, the lock, the executed examples, the citations and the coverage gate;
leaves the meaning of requirements to the checks and tests that cite them. Serves every chapter.
"""

from specification.book import Book, read_book
from specification.problem import Problem

__all__ = ["Book", "Problem", "read_book"]
