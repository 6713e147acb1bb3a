"""Serves on a free port of 127.0.0.1, and says which."""

from django.core.management.base import BaseCommand
from django.core.servers import basehttp
from django.core.wsgi import get_wsgi_application


class Command(BaseCommand):
    requires_system_checks = []

    def handle(self, **options):
        # Head and body of an answer are written apart; without this the second waits for a client that
        # keeps its connection to acknowledge the first.
        basehttp.WSGIRequestHandler.disable_nagle_algorithm = True
        basehttp.run("127.0.0.1", 0, get_wsgi_application(), threading=True, on_bind=self.say)

    def say(self, port):
        print(port, flush=True)
