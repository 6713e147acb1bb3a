"""Makes accounts whose names or addresses are the same once their case and Unicode form are folded."""

from datetime import datetime, timedelta, timezone

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand
from django.db import transaction

PAIRS = [
    # Usernames in two cases, and in two forms of Unicode; the second of each is the newer one.
    ("alice", "alice@example.com"),
    ("Alice", "alice.two@example.com"),
    ("zoe\u0308", "zoe@example.com"),
    ("zo\u00eb", "zoe.two@example.com"),
    # One address in two cases.
    ("bob", "bob@example.com"),
    ("robert", "Bob@Example.com"),
    # An address that is another's username.
    ("carol@example.com", "carol.work@example.com"),
    ("caroline", "Carol@example.com"),
    # The same, and the one with the address comes first.
    ("dave", "david@example.com"),
    ("david@example.com", "david.work@example.com"),
    # Nothing to do with any other.
    ("erin", "erin@example.com"),
]


class Command(BaseCommand):
    requires_system_checks = []

    @transaction.atomic
    def handle(self, **options):
        User = get_user_model()
        encoded = make_password("Corr3ct-horse!")
        start = datetime(2020, 1, 1, tzinfo=timezone.utc)
        User.objects.bulk_create(
            User(username=name, email=email, password=encoded, date_joined=start + timedelta(days=day))
            for day, (name, email) in enumerate(PAIRS)
        )
