"""Grades a class as a Slurm job array: each task grades one submission (class_task.py) and leaves its record in the shared folder.

Slurm decides what runs where and when. This only submits, looks at the records, and submits a task again that Slurm no longer knows
and that left no record: it was lost, cancelled, or its node fell over. After TRIES times that submission gets an error record.
"""
import hashlib
import json
import os
import shlex
import subprocess
import sys
import time

import class_task
import page
from grade import Trouble

TRIES = 3
POLL = 5                                # seconds between two looks at the queue
ARRAY = 1000                            # tasks of one array; Slurm's default limit is 1001
PATIENCE = 120                          # looks in a row at a queue that does not answer


def command(words, text=None):
    """Run one of Slurm's commands; a CompletedProcess."""
    try:
        return subprocess.run(words, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    except FileNotFoundError:
        raise Trouble("there is no %s here: ENGINE=slurm runs on a machine that submits to a Slurm cluster; without ENGINE the "
                      "submissions are graded on this machine" % words[0]) from None


class Cluster:
    """The job arrays of this grading."""

    def __init__(self, grader, jobs, flags):
        self._grader, self._jobs, self._flags, self._count = grader, jobs, flags, 0
        self._name = "hv8-lab%d-%s" % (grader.lab, hashlib.sha256(os.fsencode(grader.out)).hexdigest()[:12])

    def cancel(self):
        """End whatever runs of this grading, now or from an earlier command that fell over."""
        command(["scancel", "--quiet", "--me", "--name=" + self._name])

    def submit(self, tasks):
        """Submit the tasks as one array; what the queue calls each."""
        self._count += 1
        records = os.path.join(self._grader.out, "records")
        listed = os.path.join(records, "array-%d.json" % self._count)
        page.write_text(listed, json.dumps({"grader": self._grader._asdict(), "tasks": [task._asdict() for task in tasks]}))
        script = "#!/bin/sh\nexec %s\n" % " ".join(map(shlex.quote, [sys.executable, class_task.__file__, listed]))
        words = ["sbatch", "--parsable", "--requeue", "--job-name=" + self._name, "--chdir=" + records, "--open-mode=append",
                 "--output=array-%d-%%a.log" % self._count, "--ntasks=1", "--cpus-per-task=1",
                 "--time=%d" % (self._grader.timeout // 60 + 2),
                 "--array=0-%d%s" % (len(tasks) - 1, "%%%d" % self._jobs if self._jobs else "")]
        done = command(words + self._flags, script)
        job = done.stdout.strip().partition(";")[0]
        if done.returncode or not job.isdigit():
            raise Trouble("sbatch did not take the job: %s" % (done.stderr or done.stdout).strip())
        return {"%s_%d" % (job, n): task for n, task in enumerate(tasks)}

    def queue(self):
        """What the queue holds of this grading; None if it does not answer."""
        done = command(["squeue", "--noheader", "--array", "--me", "--name=" + self._name, "--format=%F_%K"])
        return None if done.returncode else set(done.stdout.split())


def grade(grader, tasks, jobs, flags, on_done, on_line):
    """Grade the tasks; on_done(task, record) as each is done, on_line(text) for what there is to say besides."""
    cluster, tries, silent = Cluster(grader, jobs, flags), {task: 0 for task in tasks}, 0
    cluster.cancel()
    waiting, missed, again = {}, set(), list(tasks)     # waiting: {what the queue calls it: task}; missed: once not in the queue
    try:
        while again or waiting:
            for start in range(0, len(again), ARRAY):
                part = again[start:start + ARRAY]
                waiting.update(cluster.submit(part))
                tries.update((task, tries[task] + 1) for task in part)
            again = []
            time.sleep(POLL)
            known = cluster.queue()                     # before the records: who is not in it has written one
            silent = silent + 1 if known is None else 0
            if silent == PATIENCE:
                raise Trouble("squeue does not answer; once it does, the same command goes on from here")
            for place, task in list(waiting.items()):
                record = class_task.record_of(grader.out, task)
                if record:
                    on_done(task, record)
                elif known is None or place in known:
                    missed.discard(place)
                    continue
                elif place not in missed:               # another node's file may take a moment to be seen here
                    missed.add(place)
                    continue
                elif tries[task] < TRIES:
                    on_line("lost    %s (task %s): submitted again" % (class_task.visible(task.name), place))
                    again.append(task)
                else:
                    class_task.write_record(grader.out, task, "Slurm lost it %d times" % TRIES, 0)
                    on_done(task, class_task.record_of(grader.out, task))
                del waiting[place]
    finally:
        cluster.cancel()
