# A sign-in with Flask and requests-oauthlib.
import os

from flask import Flask, abort, redirect, request, session
from requests_oauthlib import OAuth2Session

ZENDESK = "https://acme.zendesk.com"
REDIRECT_URI = "http://localhost:%s/handle_user_decision" % os.environ["PORT"]

app = Flask(__name__)
app.secret_key = os.urandom(32)


def page(body):
    return '<!doctype html><html lang="en"><title>App</title><link rel="icon" href="data:,">' + body


def oauth():
    return OAuth2Session("oauth_tutorial_app", redirect_uri=REDIRECT_URI, scope=["read", "write"])


@app.get("/")
def home():
    return page('<a href="/signin">Sign in to Zendesk</a>')


@app.get("/signin")
def sign_in():
    url, session["state"] = oauth().authorization_url(ZENDESK + "/oauth/authorizations/new")
    return redirect(url)


@app.get("/handle_user_decision")
def handle_decision():
    if request.args["state"] != session.pop("state", None):
        abort(400)
    zendesk = oauth()
    zendesk.fetch_token(ZENDESK + "/oauth/tokens", code=request.args["code"], client_secret=os.environ["CLIENT_SECRET"],
                        include_client_id=True)
    me = zendesk.get(ZENDESK + "/api/v2/users/me.json").json()["user"]
    return page("Hi, %s! Your Zendesk Support user role is %s." % (me["name"], me["role"]))


print("ready", flush=True)
app.run(host="localhost", port=int(os.environ["PORT"]))
