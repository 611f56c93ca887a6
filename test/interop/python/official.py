"""Hands a token to Agora's own Python code, agoraiotools.

Only this check holds the App Certificate: a caller of agora-tokend never does.
"""

import base64
import json
import os
import sys
import zlib

from agoraiotools.AccessToken2 import AccessToken2, ServiceRtc


def main():
    token = json.load(sys.stdin)["renewed"]
    certificate = os.environ["AGORA_APP_CERTIFICATE"]

    parsed = AccessToken2()
    if not parsed.from_string(token):
        raise SystemExit("Agora's parser refuses the token")
    rtc = inside(parsed, "AccessToken", "service")[ServiceRtc.kServiceType]

    answer = {
        "parser": "agoraiotools AccessToken2",
        "app_id": inside(parsed, "AccessToken", "app_id").decode(), "ttl": inside(parsed, "AccessToken", "expire"),
        "channel": inside(rtc, "ServiceRtc", "channel_name").decode(), "uid": inside(rtc, "ServiceRtc", "uid").decode(),
        "privileges": inside(rtc, "Service", "privileges"),
        "verified": signs(token, certificate), "forged": signs(token, certificate[::-1]),
    }
    print(json.dumps(answer))


def signs(token, certificate):
    """Whether Agora's builder, given what its parser read, makes the same token again, signature included.

    The package has no function that verifies. Two zlibs may pack the same bytes differently, so the contents are compared.
    """
    parsed = AccessToken2(app_certificate=certificate)
    parsed.from_string(token)
    # The parser leaves bytes where the builder takes text.
    parsed._AccessToken__app_id = inside(parsed, "AccessToken", "app_id").decode()
    return contents(parsed.build()) == contents(token)


def contents(token):
    return zlib.decompress(base64.b64decode(token[len("007"):]))


def inside(instance, owner, name):
    """The package has no accessors: a name with two underscores is reached through its class."""
    return getattr(instance, f"_{owner}__{name}")


main()
