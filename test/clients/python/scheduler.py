"""A scheduler on pymesos: one task of a command, one of an executor on pymesos, each to its end.

Arguments: the master's host:port, and the command of the executor. A line of JSON on standard output for
everything that happens; ends with status 0 when both tasks have finished.
"""
import json
import sys
import threading

from pymesos import MesosSchedulerDriver, Scheduler, decode_data, encode_data

master, executor_command = sys.argv[1:3]
ended = threading.Event()


def tell(what, **more):
    print(json.dumps({"what": what, **more}), flush=True)


def scalar(name, value):
    return {"name": name, "type": "SCALAR", "scalar": {"value": value}}


def task(name, offer, **more):
    return {
        "name": name,
        "task_id": {"value": name},
        "agent_id": offer["agent_id"],
        "resources": [scalar("cpus", 0.1), scalar("mem", 32)],
        **more,
    }


class Plan(Scheduler):
    def __init__(self):
        self.launched = False
        self.finished = set()

    def registered(self, driver, framework_id, master_info):
        tell("registered", framework=framework_id["value"], port=master_info["port"])

    def resourceOffers(self, driver, offers):
        if self.launched:
            driver.declineOffer([offer["id"] for offer in offers])
            return
        self.launched = True
        offer, *others = offers
        command = {"value": "echo from a command", "shell": True}
        executor = {
            "executor_id": {"value": "pymesos-executor"},
            "command": {"value": executor_command, "shell": True},
            "resources": [scalar("cpus", 0.1), scalar("mem", 32)],
        }
        data = encode_data(b"ping")
        driver.launchTasks(
            [offer["id"]],
            [
                task("command", offer, command=command),
                task("executor", offer, executor=executor, data=data),
            ],
        )
        if others:
            driver.declineOffer([offer["id"] for offer in others])

    def frameworkMessage(self, driver, executor_id, agent_id, message):
        tell("message", text=decode_data(message).decode())

    def statusUpdate(self, driver, update):
        name, state = update["task_id"]["value"], update["state"]
        data = decode_data(update["data"]).decode() if "data" in update else None
        tell("update", task=name, state=state, data=data)
        if state in ("TASK_FAILED", "TASK_LOST", "TASK_KILLED", "TASK_ERROR"):
            ended.set()
        if state == "TASK_FINISHED":
            self.finished.add(name)
        if self.finished == {"command", "executor"}:
            ended.set()

    def error(self, driver, message):
        tell("error", text=message)
        ended.set()


plan = Plan()
framework = {"user": "root", "name": "pymesos", "roles": ["*"], "failover_timeout": 10,
             "capabilities": [{"type": "MULTI_ROLE"}, {"type": "RESERVATION_REFINEMENT"}]}
driver = MesosSchedulerDriver(plan, framework, master)
driver.start()
ended.wait(60)
driver.stop()
driver.join()
sys.exit(0 if plan.finished == {"command", "executor"} else 1)
