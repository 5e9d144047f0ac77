"""Two processes judge again what one policy makes due: lots of a few large groups.

Groups of lots that share about 100 ancestors, as in `judging.py`; how many of each is for the
command line to say. Lots a second by the clock, CPU time of both processes and the database for
each lot, the memory of the larger process; and that no lot was judged, or flagged, twice.
"""

import argparse
import json
import os
import subprocess
import sys
import time

from common import cpu_seconds, fresh_ledger, peak_megabytes, tell

WORKERS = 2


def main() -> None:
    """Fill a ledger, change the policy, let two processes judge; or be one of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=int, default=8)
    parser.add_argument("--lots", type=int, default=250, help="lots of each group")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.worker:
        work()
        return
    from judging import World

    with fresh_ledger() as directory:
        world = World()
        world.begin()
        world.groups("many", ancestors=100, groups=asked.groups, lots=asked.lots)
        world.catch_up()
        world.change_policy("many")
        every, wall = cpu_seconds(directory), time.perf_counter()
        told = together()
        wall, every = time.perf_counter() - wall, cpu_seconds(directory) - every
        judged = sum(one["judged"] for one in told)
        world.check("many", judged)
        check_once()
        tell(
            what=f"lots judged again by {WORKERS} processes",
            lots=judged,
            each=[one["judged"] for one in told],
            rate_by_clock=round(judged / wall, 1),
            cpu_ms_each=round(sum(one["cpu"] for one in told) / judged * 1000, 1),
            with_database_ms_each=round(every / judged * 1000, 1),
            peak_megabytes=max(one["peak"] for one in told),
        )


def together() -> list[dict[str, float]]:
    """Run the workers beside each other; return what they tell."""
    command = [sys.executable, __file__, "--worker"]
    workers = [
        subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ)  # noqa: S603 - ourselves
        for _ in range(WORKERS)
    ]
    return [json.loads(worker.communicate()[0]) for worker in workers]


def work() -> None:
    """Judge what is due until nothing is left."""
    import django

    django.setup()
    from judging import NOW

    from standards.assessing import assess_due
    from standards.models import DueAssessment
    from traceability.project.settling import settle

    settle()
    own, judged = time.process_time(), 0
    while DueAssessment.objects.filter(due_on__lte=NOW.date()).exists():
        done = assess_due(now=NOW)
        judged += done
        if not done:  # the other has taken all that is left
            time.sleep(0.1)
    tell(judged=judged, cpu=time.process_time() - own, peak=round(peak_megabytes()))


def check_once() -> None:
    """Stop where two assessments of a lot hold, or two flags are open for one reason."""
    from django.db.models import Count

    from standards.models import Assessment, Flag

    place = ("lot", "mineral", "club")
    twice = Assessment.objects.filter(is_current=True).values(*place).annotate(n=Count("id"))
    flags = Flag.objects.exclude(status="closed").values(*place, "rule_id").annotate(n=Count("id"))
    if twice.filter(n__gt=1).exists() or flags.filter(n__gt=1).exists():
        sys.exit("a lot was judged twice")


if __name__ == "__main__":
    main()
