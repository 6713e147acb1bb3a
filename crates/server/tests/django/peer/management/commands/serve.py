"""Serves on a free port of 127.0.0.1, and says which; ends with its standard input."""

import os
import sys
import threading

from django.core.management.base import BaseCommand
from django.core.servers import basehttp
from django.core.wsgi import get_wsgi_application


class Command(BaseCommand):
    requires_system_checks = []

    def handle(self, **options):
        threading.Thread(target=end_with_input, daemon=True).start()
        # Head and body of an answer are written apart; without this the second waits for a client that
        # keeps its connection to acknowledge the first.
        basehttp.WSGIRequestHandler.disable_nagle_algorithm = True
        basehttp.run("127.0.0.1", 0, get_wsgi_application(), threading=True, on_bind=self.say)

    def say(self, port):
        print(port, flush=True)


def end_with_input():
    sys.stdin.read()
    os._exit(0)
