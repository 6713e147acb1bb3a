"""Makes accounts of every kind, and says who can log in with which password."""

import json

from django.core.management.base import BaseCommand
from django.db import transaction

from peer.people import populate, told


class Command(BaseCommand):
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("count", type=int)
        parser.add_argument("--tell", action="store_true", help="only says it, of accounts that are there")

    @transaction.atomic
    def handle(self, count, tell, **options):
        if not tell:
            populate(count)
        self.stdout.write(json.dumps(told(count)))
