import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """What a service makes of Django's users that wants keys nobody can guess, and a profile."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True, null=True, blank=True)
    phone = models.CharField(max_length=20, null=True, blank=True)
    biography = models.TextField(blank=True)
    birthday = models.DateField(null=True)
    balance = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    points = models.BigIntegerField(default=0)
    rating = models.FloatField(null=True)
    has_newsletter = models.BooleanField(default=False)
    preferences = models.JSONField(default=dict)
    invited_by = models.ForeignKey("self", null=True, on_delete=models.SET_NULL)
