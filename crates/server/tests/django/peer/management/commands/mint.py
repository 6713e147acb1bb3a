"""Prints tokens of accounts as simplejwt makes them: a JSON list with a pair for each."""

import json
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand
from rest_framework_simplejwt.tokens import RefreshToken


class Command(BaseCommand):
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("usernames", nargs="+")
        parser.add_argument("--seconds", type=int, help="how long they live from now on; may be negative")
        parser.add_argument("--blacklist", action="store_true", help="blacklists the refresh tokens")

    def handle(self, usernames, seconds, blacklist, **options):
        self.stdout.write(json.dumps([pair(name, seconds, blacklist) for name in usernames]))


def pair(name, seconds, blacklist):
    refresh = RefreshToken.for_user(get_user_model().objects.get_by_natural_key(name))
    if seconds is not None:
        refresh.set_exp(lifetime=timedelta(seconds=seconds))
    access = refresh.access_token
    if seconds is not None:
        access.set_exp(lifetime=timedelta(seconds=seconds))
    if blacklist:
        refresh.blacklist()
    return {"access": str(access), "refresh": str(refresh)}
