"""unicon's mock of devices at this terminal: `mock.py OS STATE [MORE]`.

It begins in STATE of unicon's own data for the system OS. MORE is JSON: more commands of some of its states, as its data has them
(`{"enable": {"show clock": "10:00", "reload": {"new_state": "…"}}}`), and more states.
"""

import json
import pathlib
import sys
import tempfile
import types

import yaml

# All that unicon's plugins want of Genie, which takes 750 MB, is the name of an exception; the mock never raises it.
for name in ("genie", "genie.metaparser", "genie.metaparser.util", "genie.metaparser.util.exceptions"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["genie.metaparser.util.exceptions"].SchemaEmptyParserError = type("SchemaEmptyParserError", (Exception,), {})

import unicon.mock  # noqa: E402
import unicon.plugins  # noqa: E402

system, state = sys.argv[1:3]
states = {}
for file in sorted((pathlib.Path(unicon.plugins.__file__).parent / "tests/mock_data" / system).glob("*.yaml")):
    states |= yaml.load(file.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
for name, more in json.loads(sys.argv[3] if len(sys.argv) > 3 else "{}").items():
    own = more if "prompt" in more else {"commands": more}
    known = states.setdefault(name, {})
    known.setdefault("commands", {}).update(own.pop("commands"))
    known.update(own)
with tempfile.TemporaryDirectory() as directory:
    (pathlib.Path(directory) / "mock_data.yaml").write_text(json.dumps(states))
    sys.argv = ["mock_device_cli", "--os", system, "--state", state, "--mock_data_dir", directory]
    sys.exit(unicon.mock.main())
