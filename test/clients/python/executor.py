"""An executor on pymesos: answers the data of its task, as a message and in the last update."""
import sys

from pymesos import Executor, MesosExecutorDriver, decode_data, encode_data


class Echo(Executor):
    def launchTask(self, driver, task):
        answer = encode_data(b"answer to " + decode_data(task["data"]))
        driver.sendStatusUpdate({"task_id": task["task_id"], "state": "TASK_RUNNING"})
        driver.sendFrameworkMessage(answer)
        driver.sendStatusUpdate(
            {"task_id": task["task_id"], "state": "TASK_FINISHED", "data": answer}
        )

    def shutdown(self, driver):
        driver.stop()


driver = MesosExecutorDriver(Echo())
driver.run()
sys.exit(0)
