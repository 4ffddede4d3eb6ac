"""A program of somebody who uses pynamodb_mate. What it prints is JSON, a line for each item or value.

    archive.py write URL TABLE    makes the table, writes 60 items and prints them
    archive.py read URL TABLE     prints the items that it can read, and the keys of the others
    archive.py open               opens what stands in the lines of standard input: kind, mode, hexadecimal bytes

Credentials come from the environment. Bytes are printed in hexadecimal, floats as their 64 bits, so that nobody has to
round, and integers as text, for they have any size.
"""

import json
import struct
import sys

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model
from pynamodb_mate.attributes.encrypted import (
    EncryptedBinaryAttribute,
    EncryptedJsonDictAttribute,
    EncryptedNumberAttribute,
    EncryptedUnicodeAttribute,
)

PASSPHRASE = "my-password"


class Archive(Model):
    class Meta:
        region = "us-east-1"
        billing_mode = "PAY_PER_REQUEST"

    aid = UnicodeAttribute(hash_key=True)
    revision = NumberAttribute(range_key=True)
    secret_message = EncryptedUnicodeAttribute(PASSPHRASE, determinative=True)
    secret_note = EncryptedUnicodeAttribute(PASSPHRASE, determinative=False, null=True)
    secret_tag = EncryptedBinaryAttribute(PASSPHRASE, determinative=True)
    secret_binary = EncryptedBinaryAttribute(PASSPHRASE, determinative=False)
    secret_integer = EncryptedNumberAttribute(PASSPHRASE, determinative=True)
    secret_count = EncryptedNumberAttribute(PASSPHRASE, determinative=False)
    secret_float = EncryptedNumberAttribute(PASSPHRASE, determinative=True)
    secret_ratio = EncryptedNumberAttribute(PASSPHRASE, determinative=False)
    secret_labels = EncryptedJsonDictAttribute(PASSPHRASE, determinative=True)
    secret_data = EncryptedJsonDictAttribute(PASSPHRASE, determinative=False)
    place = UnicodeAttribute()
    # The model in Rust does not know this one.
    shelf = NumberAttribute()


def items():
    messages = ["attack at 2PM tomorrow!", "hold the fire", "", "Grüße an Zoë 🦀", "sixteen bytes ok", "x" * 5000]
    tags = [b"", b"\x00", bytes(range(256)), b"\xd5\x5e\x01\x02", b'{"nonce": "0", "token": "0"}']
    integers = [0, 1, -1, 1_234_567_890, 2**63 - 1, -(2**63)]
    floats = [3.14, -2.5, 2.0, 1e16, 1e-7, 0.1 + 0.2, 1.7e100, 123456789012345.67]
    # In the order in which a sorted map has its names: objects in another order are other values.
    labels = [{}, {"Alice": 1, "Bob": 2}, {"a\u00e9\u2028": 0, "z": -1}, {"only": 2**40}]
    for number in range(60):
        yield Archive(
            aid=f"aid-{number // 3:02}/ü",
            revision=number % 3,
            secret_message=messages[number % len(messages)],
            secret_note=None if number % 4 == 0 else f"note {number} " + "é" * number,
            secret_tag=tags[number % len(tags)],
            secret_binary=bytes((number * at) % 256 for at in range(number * 3)),
            secret_integer=integers[number % len(integers)],
            secret_count=(-7) ** (number % 20),
            secret_float=floats[number % len(floats)],
            secret_ratio=number / 7,
            secret_labels=labels[number % len(labels)],
            secret_data={"number": number, "half": number / 2, "text": "\"\\\n\u00fc\U0001f980", "deep": [{"a": [None, True]}]},
            place=f"room {number % 5}",
            shelf=number,
        )


def bits(number):
    return struct.pack(">d", number).hex()


def printed(item):
    return {
        "aid": item.aid,
        "revision": item.revision,
        "secret_message": item.secret_message,
        "secret_note": item.secret_note,
        "secret_tag": item.secret_tag.hex(),
        "secret_binary": item.secret_binary.hex(),
        "secret_integer": str(item.secret_integer),
        "secret_count": str(item.secret_count),
        "secret_float": bits(item.secret_float),
        "secret_ratio": bits(item.secret_ratio),
        "secret_labels": item.secret_labels,
        "secret_data": item.secret_data,
        "place": item.place,
    }


def at(url, table):
    Archive.Meta.host = url
    Archive.Meta.table_name = table


def write(url, table):
    at(url, table)
    Archive.create_table(wait=True)
    with Archive.batch_write() as batch:
        for item in items():
            batch.save(item)
            print(json.dumps(printed(item)))


def keys():
    """As they are stored: the model would stop at the first item that it can not read."""
    start = None
    while True:
        page = Archive._get_connection().scan(exclusive_start_key=start, attributes_to_get=["aid", "revision"])
        for row in page["Items"]:
            yield row["aid"]["S"], int(row["revision"]["N"])
        start = page.get("LastEvaluatedKey")
        if not start:
            return


def read(url, table):
    at(url, table)
    for aid, revision in keys():
        try:
            print(json.dumps(printed(Archive.get(aid, revision))))
        except ValueError:
            print(json.dumps({"aid": aid, "revision": revision, "unreadable": True}))


def open_values():
    kinds = {
        "text": (EncryptedUnicodeAttribute, lambda text: text),
        "binary": (EncryptedBinaryAttribute, lambda value: value.hex()),
        "number": (EncryptedNumberAttribute, lambda number: bits(number) if type(number) is float else str(number)),
        "json": (EncryptedJsonDictAttribute, lambda value: value),
    }
    for line in sys.stdin:
        kind, mode, stored = line.split()
        attribute, shown = kinds[kind]
        value = attribute(PASSPHRASE, determinative=mode == "deterministic").deserialize(bytes.fromhex(stored))
        print(json.dumps(shown(value)))


{"write": write, "read": read, "open": open_values}[sys.argv[1]](*sys.argv[2:])
