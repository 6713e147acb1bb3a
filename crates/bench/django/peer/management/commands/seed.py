"""Makes accounts, all with one password, and a session of each: `seed COUNT PASSWORD DIRECTORY`.

The tokens go to the files `access` and `refresh` in the directory, the names to `names`.
"""

from pathlib import Path

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand
from django.db import transaction
from rest_framework_simplejwt.tokens import RefreshToken


class Command(BaseCommand):
    def add_arguments(self, parser):
        parser.add_argument("count", type=int)
        parser.add_argument("password")
        parser.add_argument("directory", type=Path)

    @transaction.atomic
    def handle(self, count, password, directory, **options):
        encoded = make_password(password)
        names = [f"user{number:08}" for number in range(count)]
        User.objects.bulk_create(
            [User(username=name, email=f"{name}@example.com", password=encoded) for name in names],
            batch_size=1000,
        )
        pairs = [RefreshToken.for_user(user) for user in User.objects.order_by("id")]
        (directory / "names").write_text("\n".join(names) + "\n")
        (directory / "refresh").write_text("".join(f"{pair}\n" for pair in pairs))
        (directory / "access").write_text("".join(f"{pair.access_token}\n" for pair in pairs))
