"""An operator on pymesos: watches the master's events until standard input ends, then asks both servers.

Arguments: host:port of the master and of an agent. A line of JSON on standard output for every event and answer.
"""
import json
import sys

from pymesos import MesosOperatorAgentDriver, MesosOperatorMasterDriver, OperatorMaster

master, agent = sys.argv[1:3]


def tell(what, **more):
    print(json.dumps({"what": what, **more}), flush=True)


class Watcher(OperatorMaster):
    def taskAdded(self, task_info):
        tell("taskAdded", task=task_info["task_id"]["value"])

    def taskUpdated(self, task_info):
        tell("taskUpdated", state=task_info["state"])

    def frameworkAdded(self, framework_info):
        tell("frameworkAdded", name=framework_info["framework_info"]["name"])

    def frameworkUpdated(self, framework_info):
        pass

    def frameworkRemoved(self, framework_info):
        tell("frameworkRemoved", name=framework_info["name"])

    def agentAdded(self, agent_info):
        pass

    def agentRemoved(self, agent_info):
        pass


driver = MesosOperatorMasterDriver(master, Watcher())
driver.start()
# Connected by now, or the answers below would not come.
tell("health", answer=driver.getHealth()["get_health"])
sys.stdin.read()
state = driver.getState()["get_state"]
tell("state", tasks=len(state["get_tasks"].get("completed_tasks", [])))
tell("agents", answer=len(driver.getAgents()["get_agents"]["agents"]))
tell("version", answer=driver.getVersion()["get_version"]["version_info"]["version"])
of_agent = MesosOperatorAgentDriver(agent)
tell("agentVersion", answer=of_agent.getVersion()["get_version"]["version_info"]["version"])
tell("agentTasks", answer=len(of_agent.getTasks()["get_tasks"].get("completed_tasks", [])))
driver.stop()
driver.join()
