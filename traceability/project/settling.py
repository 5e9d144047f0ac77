"""How the interpreter of a process that serves for long is set, once everything is loaded."""

import gc
import sys

from traceability.ledger.shapes import prepare_shapes


def settle() -> None:
    """Prepare for requests in threads; called when what they need is loaded."""
    prepare_shapes()
    # A request waits for the database, and then for the interpreter, which a large batch may
    # hold: five milliseconds at a time, Python's default, is longer than all the request's work.
    sys.setswitchinterval(0.001)
    # What is loaded now stays: the collector need not look at it again. What a batch makes goes
    # when it ends, most of it without the collector, which otherwise looks at all of it often:
    # a batch of a thousand statements holds 40,000 objects that could be in a cycle, and are not.
    gc.collect()
    gc.freeze()
    gc.set_threshold(60_000, 20, 20)
