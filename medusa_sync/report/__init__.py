"""What people and programs see of a run: a summary, a JSON document, progress bars, errors."""

from medusa_sync.report.json import print_json
from medusa_sync.report.output import Output, dropped_at_exit, output_to, print_error
from medusa_sync.report.progress import progress_observer
from medusa_sync.report.table import print_result
from medusa_sync.report.words import in_a_line

__all__ = [
    "Output",
    "dropped_at_exit",
    "in_a_line",
    "output_to",
    "print_error",
    "print_json",
    "print_result",
    "progress_observer",
]
