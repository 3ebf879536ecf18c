"""What people and programs see of a run: a summary, a JSON document, progress bars, errors."""

from medusa_sync.report.console import Output, dropped_at_exit, output_to, print_error
from medusa_sync.report.json import as_json, print_json
from medusa_sync.report.progress import Watch, progress_observer
from medusa_sync.report.table import print_result
from medusa_sync.report.text import visible
from medusa_sync.report.words import in_a_line

__all__ = [
    "Output",
    "Watch",
    "as_json",
    "dropped_at_exit",
    "in_a_line",
    "output_to",
    "print_error",
    "print_json",
    "print_result",
    "progress_observer",
    "visible",
]
