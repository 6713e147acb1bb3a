"""Prints every field of every account and group, one JSON object a line, always in one order."""

import json
from datetime import timezone

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import DateTimeField


class Command(BaseCommand):
    requires_system_checks = []

    def handle(self, **options):
        for group in Group.objects.order_by("name").prefetch_related("permissions__content_type"):
            self.tell({"group": group.name, "pk": group.pk, "permissions": listed(group.permissions)})
        users = get_user_model().objects.order_by("pk")
        for user in users.prefetch_related("groups", "user_permissions__content_type"):
            fields = {field.attname: value(field, user) for field in user._meta.concrete_fields}
            groups = sorted(group.name for group in user.groups.all())
            self.tell(fields | {"groups": groups, "permissions": listed(user.user_permissions)})

    def tell(self, row):
        self.stdout.write(json.dumps(row, cls=DjangoJSONEncoder, sort_keys=True))


def value(field, user):
    value = getattr(user, field.attname)
    if isinstance(field, DateTimeField) and value is not None:
        # To the microsecond, whatever those are.
        return value.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value


def listed(permissions):
    return sorted(
        [permission.content_type.app_label, permission.content_type.model, permission.codename]
        for permission in permissions.all()
    )
