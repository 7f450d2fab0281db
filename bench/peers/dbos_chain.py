"""DBOS on SQLite (WAL): each job a durable workflow of steps, on its own thread pool.

`python dbos_chain.py JOBS STEPS FOLDER`; run by bench/engine.py --peers in an environment that has DBOS.
"""

import json
import sqlite3
import sys
import time
from pathlib import Path

from dbos import DBOS, DBOSConfig

jobs, steps, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
result = "a sentence that a model wrote, " * 6
path = folder / "dbos.db"
with sqlite3.connect(path) as connection:
    connection.execute("PRAGMA journal_mode = WAL")
DBOS(config=DBOSConfig(name="bench", system_database_url=f"sqlite:///{path}", log_level="CRITICAL"))


@DBOS.step()
def step(_before: str, number: int) -> str:
    return f"{number} {result}"


@DBOS.workflow()
def chain() -> str:
    text = "topic"
    for number in range(steps):
        text = step(text, number)
    return text


DBOS.launch()
started, cpu = time.perf_counter(), time.process_time()
handles = [DBOS.start_workflow(chain) for _ in range(jobs)]
for handle in handles:
    handle.get_result()
seconds = time.perf_counter() - started
sys.stdout.write(json.dumps({"rate": jobs * steps / seconds, "cpu": (time.process_time() - cpu) / jobs * 1000}) + "\n")
sys.stdout.flush()
DBOS.destroy()
