"""The accounts that tests move: some of every kind that a service gathers over the years."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import argon2
import bcrypt
from django.contrib.auth import get_user_model, hashers
from django.contrib.auth.models import Group, Permission

User = get_user_model()

# Each hasher with the costs that Django's releases gave it over the years, and lower ones.
PBKDF2_SHA256 = [500, 1_000, 5_000, 10_000, 12_000, 15_000, 20_000, 24_000, 30_000, 36_000, 100_000, 180_000, 870_000]
PBKDF2_SHA1 = [500, 1_000, 5_000, 10_000, 12_000, 15_000, 20_000, 24_000, 30_000, 36_000, 100_000]
BCRYPT = [(b"2b", 4), (b"2b", 4), (b"2b", 5), (b"2b", 6), (b"2b", 7), (b"2b", 8), (b"2b", 10), (b"2a", 4), (b"2a", 5), (b"2b", 12)]
# Variant, passes, KiB, lanes: the first is that of Django 3.2 and later, the second that of those before.
ARGON2 = [
    (argon2.Type.ID, 2, 102_400, 8),
    (argon2.Type.I, 2, 512, 2),
    (argon2.Type.I, 3, 4_096, 1),
    (argon2.Type.D, 2, 1_024, 1),
    (argon2.Type.ID, 1, 64, 4),
    (argon2.Type.ID, 1, 8, 1),
    (argon2.Type.ID, 3, 12_288, 1),
    (argon2.Type.I, 1, 1_024, 4),
]
# Work factor, block size, lanes: Django 5.1's, then Django 4.0's.
SCRYPT = [(2**14, 8, 5), (2**14, 8, 1), (2**10, 8, 1), (2**12, 8, 2), (2, 8, 1), (2**8, 4, 4), (2**10, 1, 16), (2**11, 16, 1)]


def makers():
    """What makes each of the 60 hashes of a password."""

    def pbkdf2(hasher, iterations):
        return lambda password: hasher.encode(password, hasher.salt(), iterations)

    def argon2_(variant, passes, memory, lanes):
        return lambda password: "argon2" + argon2.low_level.hash_secret(
            password.encode(),
            hashers.Argon2PasswordHasher().salt().encode(),
            time_cost=passes,
            memory_cost=memory,
            parallelism=lanes,
            hash_len=argon2.DEFAULT_HASH_LENGTH,
            type=variant,
        ).decode("ascii")

    def bcrypt_(hasher, prefix, rounds):
        return lambda password: hasher.encode(password, bcrypt.gensalt(rounds, prefix))

    def scrypt(work, block, lanes):
        hasher = hashers.ScryptPasswordHasher()
        return lambda password: hasher.encode(password, hasher.salt(), work, block, lanes)

    makers = [pbkdf2(hashers.PBKDF2PasswordHasher(), cost) for cost in PBKDF2_SHA256]
    makers += [pbkdf2(hashers.PBKDF2SHA1PasswordHasher(), cost) for cost in PBKDF2_SHA1]
    makers += [argon2_(*cost) for cost in ARGON2]
    makers += [bcrypt_(hashers.BCryptSHA256PasswordHasher(), *cost) for cost in BCRYPT]
    makers += [bcrypt_(hashers.BCryptPasswordHasher(), *cost) for cost in BCRYPT]
    makers += [scrypt(*cost) for cost in SCRYPT]
    return makers


def password(number):
    """The password behind the hash of that number."""
    kinds = ["Corr3ct-horse-{}", "pässwörd №{}", "密码-{}-пароль", "x{}", "{} with spaces in it", "🔑{}🔒", "'; -- \\ \"{}\" %s"]
    return kinds[number % len(kinds)].format(number)


def hashes():
    """The 60 hashes."""
    work = list(enumerate(makers()))
    # Hashing lets other threads run.
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda item: item[1](password(item[0])), work))


# What stands in the column of accounts that must reset.
NO_HASHES = [
    hashers.MD5PasswordHasher().encode("Corr3ct-horse!", "somesalt"),
    "c4ca4238a0b923820dcc509a6f75849b",
    "sha1$somesalt$6a97a0e5b4ef0b4c0e2b8d7b6b2a9d0a8c7b6a5d",
    "crypt$$ab1FZ1bG5d8Nk",
    "a plain-text password",
    "pbkdf2_sha256$not-a-number$salt$hash",
    "bcrypt$",
    "",
]

FIRST_NAMES = ["Ada", "Zoë", "Łukasz", "Ἀλέξανδρος", "さくら", "محمد", "Nguyễn", "O'Neil", "", "Jean-Luc \"JL\""]
LAST_NAMES = ["Lovelace", "Müller", "de la Cruz", "Παπαδόπουλος", "山田", "", "von\u00a0Neumann", "Çelik"]
EPOCH = datetime(2012, 2, 29, 23, 59, 59, 999_999, tzinfo=timezone.utc)


def key(number):
    """A primary key; UUIDs are in no order."""
    if User._meta.pk.get_internal_type() == "UUIDField":
        return uuid.uuid5(uuid.NAMESPACE_URL, f"account/{number}")
    # With gaps, as accounts that were deleted leave them.
    return number + number // 10 + 1


def username(number):
    kinds = ["user{}", "User.{}", "user-{}@shop", "üser{}", "用户{}", "user+{}", "u_{}", "user{}@example.com"]
    return kinds[number % len(kinds)].format(number)


def email(number):
    """An address, or what stands for none."""
    if number % 8 == 7:
        return username(number)
    if number % 9 == 4:
        return None if User._meta.get_field("email").null else ""
    kinds = ["user{}@example.com", "First.Last+{}@Example.ORG", "o'neil{}@mail.example.net"]
    return kinds[number % len(kinds)].format(number)


def account(number, hashes):
    """The account of a number, not yet stored; 99 of 100 have one of the hashes."""
    if number % 100 == 98:
        encoded = f"!{number:040}"
    elif number % 100 == 99:
        encoded = NO_HASHES[number // 100 % len(NO_HASHES)]
    else:
        encoded = hashes[number % len(hashes)]
    # Some on a whole second: texts of those have no fraction.
    joined = EPOCH + timedelta(seconds=number * 7919, microseconds=0 if number % 7 == 0 else number)
    user = User(
        pk=key(number),
        username=username(number),
        email=email(number),
        password=encoded,
        first_name=FIRST_NAMES[number % len(FIRST_NAMES)],
        last_name=LAST_NAMES[number % len(LAST_NAMES)],
        is_active=number % 11 != 10,
        is_staff=number % 50 == 3,
        is_superuser=number % 500 == 53,
        date_joined=joined,
        last_login=joined + timedelta(days=number % 1000, microseconds=1) if number % 3 else None,
    )
    if hasattr(user, "preferences"):
        profile(user, number)
    return user


def profile(user, number):
    user.phone = f"+49 30 {number:06}" if number % 2 else None
    user.biography = ["", "Two\nlines and a \"quote\"", "tab\there, 𝄞, \\"][number % 3]
    user.birthday = date(1950 + number % 60, number % 12 + 1, number % 28 + 1) if number % 4 else None
    user.balance = Decimal(number * 37 % 1_000_000) / 100 - 5000
    user.points = (-1) ** number * (2**62 + number)
    user.rating = number / 3 if number % 5 else None
    user.has_newsletter = number % 2 == 0
    user.preferences = {"theme": "dark", "n": number, "nested": [1, None, {"ü": "\u0001"}]} if number % 6 else {}
    user.invited_by_id = key(number // 2) if number % 10 == 1 else None


def populate(count, batch=2000):
    """Stores that many accounts."""
    known = hashes()
    groups = make_groups()
    permissions = list(Permission.objects.order_by("content_type__app_label", "content_type__model", "codename"))
    Grant, Membership = User.user_permissions.through, User.groups.through
    owner = User._meta.get_field("user_permissions").m2m_field_name() + "_id"
    for start in range(0, count, batch):
        numbers = range(start, min(start + batch, count))
        User.objects.bulk_create([account(number, known) for number in numbers])
        Membership.objects.bulk_create(
            Membership(**{owner: key(number), "group_id": group.pk})
            for number in numbers
            for place, group in enumerate(groups)
            if number % 13 == 1 + place or number % 65 == 0
        )
        Grant.objects.bulk_create(
            Grant(**{owner: key(number), "permission_id": permission.pk})
            for number in numbers
            if number % 40 == 7
            for permission in permissions[number // 40 % 5 :: 5]
        )


def make_groups():
    groups = [Group.objects.create(name=name) for name in ("editors", "Ärzte & Co", "staff: night", "empty")]
    for place, group in enumerate(groups[:-1]):
        group.permissions.set(Permission.objects.order_by("pk")[place::3])
    return groups[:-1]


def told(count):
    """Who can be asked about: one active account of each hash, and some of those that cannot log in."""
    kinds = len(makers())
    logins, others = {}, {"unusable": [], "must_reset": [], "inactive": []}
    for number in range(count):
        kind = number % kinds
        if number % 100 == 98:
            others["unusable"].append(username(number))
        elif number % 100 == 99:
            others["must_reset"].append(username(number))
        elif number % 11 == 10:
            others["inactive"].append({"username": username(number), "password": password(kind)})
        elif kind not in logins:
            logins[kind] = {"username": username(number), "password": password(kind)}
    return {"logins": [logins[kind] for kind in sorted(logins)], **others}
