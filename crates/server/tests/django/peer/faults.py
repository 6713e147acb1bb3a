"""Faults that are planted to see that they are found: `PEER_FAULT` names one."""

import json
import os

from django.core.exceptions import MiddlewareNotUsed


def plant(get_response):
    fault = os.environ.get("PEER_FAULT")
    if not fault:
        raise MiddlewareNotUsed
    change = {"status": change_status, "body": change_body, "claim": change_claim, "header": change_header}[fault]

    def answer(request):
        response = get_response(request)
        change(response)
        return response

    return answer


def change_status(response):
    """Another status for each refusal of a login or a token."""
    if response.status_code == 401:
        response.status_code = 403


def change_body(response):
    """One more member in each greeting."""
    change_member(response, "message", lambda body: body | {"more": 1})


def change_claim(response):
    """Access tokens with a claim more."""
    from rest_framework_simplejwt.tokens import AccessToken

    def changed(body):
        token = AccessToken(body["access"])
        token["plan"] = "gold"
        return body | {"access": str(token)}

    change_member(response, "access", changed)


def change_header(response):
    """No challenge with a refusal."""
    response.headers.pop("WWW-Authenticate", None)


def change_member(response, name, change):
    if response.headers.get("Content-Type") != "application/json":
        return
    body = json.loads(response.content or b"null")
    if isinstance(body, dict) and name in body:
        response.content = json.dumps(change(body))
        response.headers["Content-Length"] = str(len(response.content))
