"""Makes the tokens of simplejwt.json: `python simplejwt.py > tokens.json` prints those of the version that
is installed (djangorestframework-simplejwt with cryptography, Django, djangorestframework).

The private keys are made for the run and thrown away, so that every run gives other tokens. They are issued at
2027-01-15T08:00:00Z, and live as long as simplejwt's defaults say."""

import json
import uuid
from datetime import datetime, timezone
from importlib.metadata import version

import django
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.conf import settings

settings.configure(
    SECRET_KEY="never used: every case has its own key",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
)
django.setup()

from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.backends import TokenBackend

NOW = datetime.fromtimestamp(1_800_000_000, timezone.utc)
tokens.aware_utcnow = lambda: NOW

NUMBER = 42
KEY = uuid.UUID("3f2504e0-4f89-41d3-9a0c-0305e82c3301")


class User:
    is_active = True

    def __init__(self, id):
        self.id = id


def pem(private):
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    private = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private.decode(), public.decode()


def case(algorithm, user_id, keys):
    signing, verifying = keys
    backend = TokenBackend(algorithm, signing, verifying)
    tokens.Token.get_token_backend = lambda self: backend
    refresh = tokens.RefreshToken.for_user(User(user_id))
    return {
        "simplejwt": version("djangorestframework-simplejwt"),
        "algorithm": algorithm,
        "key": verifying or signing,
        "jti": refresh["jti"],
        "access": str(refresh.access_token),
        "refresh": str(refresh),
    }


secret = ("Django's SECRET_KEY, or a SIGNING_KEY of at least sixty-four bytes", "")
cases = [
    case("HS256", NUMBER, secret),
    case("HS256", KEY, secret),
    case("HS512", NUMBER, secret),
    case("RS256", NUMBER, pem(rsa.generate_private_key(65537, 2048))),
    case("ES256", KEY, pem(ec.generate_private_key(ec.SECP256R1()))),
    case("ES384", NUMBER, pem(ec.generate_private_key(ec.SECP384R1()))),
]
print(json.dumps(cases, indent=2))
