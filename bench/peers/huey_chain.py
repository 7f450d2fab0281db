"""Huey on SQLite: each job a pipeline of tasks, one worker thread (its fastest pool here), its own defaults otherwise.

`python huey_chain.py JOBS STEPS FOLDER`; run by bench/engine.py --peers in an environment that has Huey.
"""

import json
import sys
import threading
import time
from pathlib import Path

from huey import SqliteHuey

jobs, steps, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
huey = SqliteHuey("bench", filename=str(folder / "huey.db"))
result = "a sentence that a model wrote, " * 6
left = jobs
done = threading.Event()


@huey.task()
def step(number: int, _before: str) -> str:
    global left
    if number == steps - 1:
        left -= 1
        if not left:
            done.set()
    return result


for _ in range(jobs):
    chain = step.s(0, "topic")
    for number in range(1, steps):
        chain = chain.then(step, number)
    huey.enqueue(chain)

consumer = huey.create_consumer(workers=1, periodic=False, initial_delay=0.001, check_worker_health=False)
started, cpu = time.perf_counter(), time.process_time()
consumer.start()
if not done.wait(timeout=120):
    sys.exit("Huey did not end its chains within two minutes")
seconds = time.perf_counter() - started
sys.stdout.write(json.dumps({"rate": jobs * steps / seconds, "cpu": (time.process_time() - cpu) / jobs * 1000}) + "\n")
sys.stdout.flush()
consumer.stop(graceful=True)
