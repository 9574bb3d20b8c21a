"""A host of FakeNOS: `host.py PORT NAME PASSWORD COMMANDS`, for the user `admin`.

COMMANDS is JSON, `{"show clock": "10:00"}`: what the platform cisco_ios says to these at its privileged prompt besides what it knows.
"""

import json
import sys
import time

from fakenos import FakeNOS

port, name, password, commands = int(sys.argv[1]), sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
more = {command: {"output": text, "prompt": "{base_prompt}#"} for command, text in commands.items()}
login = {"username": "admin", "password": password, "port": port, "platform": "cisco_ios"}
FakeNOS({"hosts": {name: login | {"nos": {"plugin": "cisco_ios", "configuration": {"commands": more}}}}}).start()
print("it listens", flush=True)
while True:
    time.sleep(3600)
