from django.contrib.auth.hashers import PBKDF2PasswordHasher


class QuickPBKDF2PasswordHasher(PBKDF2PasswordHasher):
    """Django's own, at a cost that tests can afford; hashes of any other cost are verified as well."""

    iterations = 1000
