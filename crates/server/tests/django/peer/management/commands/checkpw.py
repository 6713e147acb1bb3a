"""Reads a JSON list of pairs, a username and a password each, and says which of them are right."""

import json
import sys

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--encoded", action="store_true", help="pairs of an encoded hash and a password")

    def handle(self, encoded, **options):
        self.stdout.write(json.dumps([right(*pair, encoded) for pair in json.load(sys.stdin)]))


def right(name, password, encoded):
    stored = name if encoded else get_user_model().objects.get_by_natural_key(name).password
    return check_password(password, stored)
