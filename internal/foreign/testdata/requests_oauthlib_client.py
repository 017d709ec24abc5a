"""A Python program that signs someone in to Zendesk with requests_oauthlib.

It is written as its documentation has it (the "web application flow") and knows
nothing of deskauth. The conversation is one JSON object a line:

    in   {"base", "client_id", "client_secret" or null, "redirect_uri", "scope",
          "auth": "basic" or "body", "verifier" and "challenge" or null}
    out  {"authorize": URL to open in a browser}
    in   {"redirected": URL that the browser was sent to}
    out  what happened; never a token
"""

import json
import os
import sys

# oauthlib insists on TLS unless it is told that this is a test on this machine.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

from requests.auth import HTTPBasicAuth  # noqa: E402
from requests_oauthlib import OAuth2Session  # noqa: E402


def read():
    return json.loads(sys.stdin.readline())


def write(value):
    print(json.dumps(value), flush=True)


def credentials(config):
    """How the client proves itself, as keyword arguments of fetch_token."""
    if config["auth"] == "basic":
        return {"auth": HTTPBasicAuth(config["client_id"], config["client_secret"])}
    if config["client_secret"] is None:
        return {"include_client_id": True}
    return {"include_client_id": True, "client_secret": config["client_secret"]}


def refresh_credentials(config):
    """The same for refresh_token, which takes them differently."""
    if config["auth"] == "basic":
        return {"auth": HTTPBasicAuth(config["client_id"], config["client_secret"])}
    fields = {"client_id": config["client_id"]}
    if config["client_secret"] is not None:
        fields["client_secret"] = config["client_secret"]
    return fields


def who(session, config):
    answer = session.get(config["base"] + "/api/v2/users/me.json")
    user = answer.json().get("user") or {}
    return {"status": answer.status_code, "name": user.get("name"), "role": user.get("role")}


def main():
    config = read()
    session = OAuth2Session(
        config["client_id"], redirect_uri=config["redirect_uri"], scope=config["scope"]
    )
    challenge = {}
    if config.get("challenge"):
        challenge = {"code_challenge": config["challenge"], "code_challenge_method": "S256"}
    url, _state = session.authorization_url(
        config["base"] + "/oauth/authorizations/new", **challenge
    )
    write({"authorize": url})

    # fetch_token checks the state, and that the scope is the one asked for.
    verifier = {"code_verifier": config["verifier"]} if config.get("verifier") else {}
    token_url = config["base"] + "/oauth/tokens"
    first = dict(session.fetch_token(
        token_url,
        authorization_response=read()["redirected"],
        **credentials(config),
        **verifier,
    ))
    before = who(session, config)

    second = dict(session.refresh_token(
        token_url, refresh_token=first["refresh_token"], **refresh_credentials(config)
    ))
    after = who(session, config)

    stale = OAuth2Session(config["client_id"], token=first)
    write({
        "before": before,
        "after": after,
        "token_type": first["token_type"],
        "scope": first["scope"],
        "renewed": first["access_token"] != second["access_token"]
        and first["refresh_token"] != second["refresh_token"],
        "stale_status": who(stale, config)["status"],
    })


main()
