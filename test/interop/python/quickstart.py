"""A team's backend in Python that gets its tokens from agora-tokend: build, renew, inspect, and what an error says."""

import json
import platform
import sys

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from agora.token.v1 import token_pb2 as pb
from agora.token.v1.token_pb2_grpc import TokenServiceStub

# The deadline travels to the server, which then does no work that nobody waits for.
TIMEOUT = 10


def main(address):
    # Plaintext is for this machine alone. Elsewhere: grpc.secure_channel.
    with grpc.insecure_channel(address) as channel:
        tokens = TokenServiceStub(channel)

        built = tokens.BuildToken(token_for("room-1", 42), timeout=TIMEOUT).issued_token

        renewal = pb.RenewTokenRequest(project="demo", token=built.token, ttl=Duration(seconds=7200))
        renewed = tokens.RenewToken(renewal, timeout=TIMEOUT).issued_token

        # With expected_grant, the server says what the token does not cover, too.
        question = pb.InspectTokenRequest(token=renewed.token, expected_grant=token_for("room-1", 42).grants[0])
        inspected = tokens.InspectToken(question, timeout=TIMEOUT)
        grant = inspected.token_info.grants[0].grant.rtc

        try:
            tokens.BuildToken(token_for("room/1", 42), timeout=TIMEOUT)
            raise SystemExit("a channel name that Agora does not allow was accepted")
        except grpc.RpcError as refusal:
            status = refusal.code().name
            reason, field = what_is_wrong(refusal)

    answer = {
        "runtime": f"Python {platform.python_version()}", "calls": 4,
        "app_id": built.app_id, "token": built.token, "renewed": renewed.token,
        "verdict": pb.Verdict.Name(inspected.verdict), "channel": grant.channel_name, "uid": grant.uid,
        "status": status, "reason": reason, "field": field,
    }
    print(json.dumps(answer))


def token_for(channel, uid):
    """Asks for one hour in a channel, as someone who may publish."""
    rtc = pb.RtcGrant(channel_name=channel, uid=uid, role=pb.RTC_ROLE_PUBLISHER)
    return pb.BuildTokenRequest(project="demo", ttl=Duration(seconds=3600), grants=[pb.Grant(rtc=rtc)])


def what_is_wrong(refusal):
    """Reads grpc-status-details-bin: the message is for people, this is for programs."""
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    status = rpc_status.from_call(refusal)
    # What did not come from the service, such as UNAVAILABLE, has no details.
    for detail in status.details if status else []:
        detail.Unpack(info)
        detail.Unpack(bad)
    return info.reason, next((violation.field for violation in bad.field_violations), "")


main(sys.argv[1])
