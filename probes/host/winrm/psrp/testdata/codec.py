"""The host's side of the remoting protocol by pypsrp, which knows nothing of ours.

Reads one JSON object from standard input and writes one to standard output:
"sent" are streams of fragments in base64, which are decoded; "replies" names a
conversation, whose streams come back in base64.
"""

import base64
import json
import struct
import sys
import uuid

import pypsrp.messages
from pypsrp.complex_objects import (
    ComplexObject,
    GenericComplexObject,
    HostMethodIdentifier,
    ObjectMeta,
    PSInvocationState,
    RunspacePoolState,
)
from pypsrp.messages import (
    ApplicationPrivateData,
    Destination,
    ErrorRecordMessage,
    Message,
    MessageType,
    PipelineHostCall,
    PipelineInput,
    PipelineState,
    ProgressRecord,
    RunspacePoolStateMessage,
    SessionCapability,
    WarningRecord,
)
from pypsrp.powershell import Fragment, Fragmenter
from pypsrp.serializer import Serializer, TaggedValue


class HostInfo(ComplexObject):
    """pypsrp writes these but has no reader of them."""

    def __init__(self, **_):
        super().__init__()
        names = ("_isHostNull", "_isHostUINull", "_isHostRawUINull", "_useRunspaceHost")
        self._extended_properties = tuple((name.strip("_"), ObjectMeta("B", name=name)) for name in names)


pypsrp.messages.HostInfo = HostInfo


def host_info(info):
    return [info.isHostNull, info.isHostUINull, info.isHostRawUINull, info.useRunspaceHost]


def described(message):
    data = message.data
    told = {"type": message.message_type, "to": message.destination, "pool": str(message.rpid), "pipeline": str(message.pid)}
    if message.message_type == MessageType.SESSION_CAPABILITY:
        told["versions"] = [data.protocol_version, data.ps_version, data.serialization_version]
    elif message.message_type == MessageType.INIT_RUNSPACEPOOL:
        told["runspaces"] = [data.min_runspaces, data.max_runspaces]
        told["enums"] = [data.thread_options.value, data.apartment_state.value]
        told["arguments"] = data.application_arguments
        told["host"] = host_info(data.host_info)
    elif message.message_type == MessageType.CREATE_PIPELINE:
        told["flags"] = [data.no_input, data.add_to_history, data.is_nested, data.pipeline.is_nested]
        told["host"] = host_info(data.host_info)
        told["options"] = data.remote_stream_options.value
        told["commands"] = [
            {
                "name": c.cmd,
                "script": c.is_script,
                "scope": c.use_local_scope,
                "merges": [
                    m.value
                    for m in (
                        c.merge_my_result, c.merge_to_result, c.merge_previous,
                        c.merge_error, c.merge_warning, c.merge_verbose, c.merge_debug, c.merge_information,
                    )
                ],
                "arguments": [[a.name, a.value] for a in c.args],
            }
            for c in data.pipeline._cmds
        ]
    return told


def decoded(streams):
    fragmenter = Fragmenter(100000, Serializer())
    messages = []
    for stream in streams:
        messages += fragmenter.defragment(base64.b64decode(stream))
    return [described(m) for m in messages]


class Host:
    """Sends messages in fragments of a few bytes, so that most need several."""

    def __init__(self, pool, pipeline):
        self.pool, self.pipeline, self.last = pool, pipeline, 0

    def send(self, data, pipeline=True):
        packed = Message(Destination.CLIENT, self.pool, self.pipeline if pipeline else None, data, Serializer()).pack()
        if isinstance(data, PipelineInput):  # pypsrp writes no output, which is the same but for its number
            packed = packed[:4] + struct.pack("<I", MessageType.PIPELINE_OUTPUT) + packed[8:]
        self.last += 1
        stream, size = b"", 150
        for number, at in enumerate(range(0, len(packed), size)):
            blob = packed[at : at + size]
            stream += Fragment(self.last, number, blob, at == 0, at + size >= len(packed)).pack()
        return base64.b64encode(stream).decode()


def opening(host):
    return [
        host.send(SessionCapability("2.3", "2.0", "1.1.0.1"), False),
        host.send(ApplicationPrivateData({"PSVersionTable": {"PSVersion": TaggedValue("Version", "5.1.20348.1")}}), False),
        host.send(RunspacePoolStateMessage(state=RunspacePoolState.OPENED), False),
    ]


def thing():
    inner = GenericComplexObject()
    inner.types = ["Lab.Server", "System.Object"]
    inner.to_string = "EX01"
    inner.adapted_properties = {"Fqdn": "ex01.example.org"}
    o = GenericComplexObject()
    o.types = ["Lab.Thing", "System.Object"]
    o.to_string = "a thing"
    o.adapted_properties = {
        "Name": "line one\r\nline two _x0041_ \U0001F600 \u00fc <&>",
        "Count": 7,
        "Big": TaggedValue("U64", 18446744073709551615),
        "Half": TaggedValue("Db", 0.5),
        "On": True,
        "Nothing": None,
        "When": TaggedValue("S", ""),
        "Id": uuid.UUID("792e5b37-4505-47ef-b7d2-8711bb7affa8"),
        "Bytes": b"\x01\x02\x03",
        "Site": TaggedValue("URI", "http://example.org/?a=1&b=2"),
        "Version": TaggedValue("Version", "15.2.1544.4"),
        "Letter": TaggedValue("C", "A"),
        "Roles": ["a", "b", None],
        "Empty": [],
        "Map": {"k": 1},
        "Server": inner,
    }
    o.extended_properties = {"PSComputerName": "ex01"}
    return o


def running(host):
    warning = WarningRecord(message="slow", invocation=False)
    call = PipelineHostCall(ci=-100, mi=HostMethodIdentifier(value=16), mp=["text"])
    return [
        host.send(PipelineState(state=PSInvocationState.RUNNING)),
        host.send(warning),
        host.send(call),
        host.send(PipelineInput(thing())),
        host.send(PipelineInput("a text")),
        host.send(error("Lab", 0, "half of it \x1b[31mfailed\r\nbadly", "X")),
        host.send(PipelineState(state=PSInvocationState.COMPLETED)),
    ]


def error(identity, category, message, target):
    exception = GenericComplexObject()
    exception.types = ["System.Management.Automation.CommandNotFoundException", "System.Exception", "System.Object"]
    if identity != "CommandNotFoundException":
        exception.types = ["System.Exception", "System.Object"]
    exception.to_string = message
    exception.adapted_properties = {"Message": message}
    record = ErrorRecordMessage(
        exception=exception, fq_error=identity, category=category, target_name=target, invocation=False)
    record.extended_info_present = False
    record.target_object = None
    record.script_stacktrace = None
    record._to_string = message
    for name, _ in record._extended_properties:
        if not hasattr(record, name):
            setattr(record, name, None)
    return record


def missing(host):
    state = PipelineState(state=PSInvocationState.FAILED)
    state._extended_properties = (
        state._extended_properties[0],
        ("error_record", ObjectMeta("Obj", name="ExceptionAsErrorRecord", object=ErrorRecordMessage)),
    )
    state.error_record = error("CommandNotFoundException", 13, "The term is not recognized.", "Test-ServiceHealth")
    return [host.send(state)]


def main():
    asked = json.load(sys.stdin)
    host = Host(asked["pool"], asked.get("pipeline"))
    replies = {"opening": opening, "running": running, "missing": missing}[asked["replies"]](host)
    json.dump({"sent": decoded(asked["sent"]), "replies": replies}, sys.stdout)


main()
