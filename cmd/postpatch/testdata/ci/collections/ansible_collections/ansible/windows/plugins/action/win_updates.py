"""Stands for ansible.windows.win_updates: has the lab enter the state of the wave."""
import os
import subprocess

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        if task_vars["inventory_hostname"] == task_vars["ansible_play_hosts"][0]:
            subprocess.run([os.environ["LAB_PATCH"], task_vars["wave"]], check=True)
        return {"changed": True, "reboot_required": True}
