# A sign-in in the manner of Zendesk's tutorials, with Bottle and requests.
import os
import secrets
from urllib.parse import urlencode

import requests
from bottle import HTTPResponse, redirect, request, route, run

ZENDESK = "https://acme.zendesk.com"
REDIRECT_URI = "http://localhost:%s/handle_user_decision" % os.environ["PORT"]
STATES = set()


def page(body):
    return '<!doctype html><html lang="en"><title>App</title><link rel="icon" href="data:,">' + body


@route("/")
def home():
    return page('<a href="/signin">Sign in to Zendesk</a>')


@route("/signin")
def sign_in():
    state = secrets.token_urlsafe()
    STATES.add(state)
    redirect(ZENDESK + "/oauth/authorizations/new?" + urlencode({
        "response_type": "code", "redirect_uri": REDIRECT_URI, "client_id": "oauth_tutorial_app",
        "scope": "read write", "state": state,
    }))


@route("/handle_user_decision")
def handle_decision():
    if request.query.state not in STATES:
        return HTTPResponse(page("unknown state"), 400)
    answer = requests.post(ZENDESK + "/oauth/tokens", json={
        "grant_type": "authorization_code", "code": request.query.code, "client_id": "oauth_tutorial_app",
        "client_secret": os.environ["CLIENT_SECRET"], "redirect_uri": REDIRECT_URI, "scope": "read",
    })
    answer.raise_for_status()
    bearer = {"Authorization": "Bearer " + answer.json()["access_token"]}
    me = requests.get(ZENDESK + "/api/v2/users/me.json", headers=bearer).json()["user"]
    return page("Hi, %s! Your Zendesk Support user role is %s." % (me["name"], me["role"]))


print("ready", flush=True)
run(host="localhost", port=int(os.environ["PORT"]), quiet=True)
