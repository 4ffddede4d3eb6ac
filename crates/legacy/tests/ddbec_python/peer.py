"""The DynamoDB Encryption Client for Python: answers every line, a question in JSON, with one line."""

import base64
import decimal
import json
import logging
import sys

from dynamodb_encryption_sdk.delegated_keys.jce import JceNameLocalDelegatedKey
from dynamodb_encryption_sdk.encrypted import CryptoConfig
from dynamodb_encryption_sdk.encrypted.item import decrypt_dynamodb_item, encrypt_dynamodb_item
from dynamodb_encryption_sdk.identifiers import CryptoAction, EncryptionKeyType, KeyEncodingType
from dynamodb_encryption_sdk.material_providers.static import StaticCryptographicMaterialsProvider
from dynamodb_encryption_sdk.material_providers.wrapped import WrappedCryptographicMaterialsProvider
from dynamodb_encryption_sdk.materials.raw import RawDecryptionMaterials, RawEncryptionMaterials
from dynamodb_encryption_sdk.structures import AttributeActions, EncryptionContext

# It logs every error that it raises.
logging.disable(logging.CRITICAL)


def recoded(value, code):
    """An attribute value with its bytes in another form."""
    (kind, content), = value.items()
    if kind == "B":
        content = code(content)
    elif kind == "BS":
        content = [code(member) for member in content]
    elif kind == "L":
        content = [recoded(member, code) for member in content]
    elif kind == "M":
        content = {name: recoded(member, code) for name, member in content.items()}
    return {kind: content}


def item_of(item, code):
    return {name: recoded(value, code) for name, value in item.items()}


def encoded(content):
    return base64.b64encode(bytes(content)).decode("ascii")


def key(description):
    """A delegated key of its algorithm and its bytes, which are raw or DER."""
    kind = EncryptionKeyType[description["type"]]
    encoding = KeyEncodingType.RAW if kind is EncryptionKeyType.SYMMETRIC else KeyEncodingType.DER
    return JceNameLocalDelegatedKey(
        key=base64.b64decode(description["key"]),
        algorithm=description["algorithm"],
        key_type=kind,
        key_encoding=encoding,
    )


def provider(question):
    keys = {role: key(description) for role, description in question["keys"].items()}
    if question["provider"] == "wrapped":
        # One key of this provider signs and verifies; a private one can do both.
        return WrappedCryptographicMaterialsProvider(
            signing_key=keys["sign"],
            wrapping_key=keys["wrap"],
            unwrapping_key=keys["unwrap"],
            material_description=question.get("description", {}),
        )
    encryption_key = keys.get("encrypt")
    return StaticCryptographicMaterialsProvider(
        encryption_materials=RawEncryptionMaterials(signing_key=keys["sign"], encryption_key=encryption_key),
        decryption_materials=RawDecryptionMaterials(verification_key=keys["verify"], decryption_key=encryption_key),
    )


def answer(question):
    item = item_of(question["item"], base64.b64decode)
    actions = AttributeActions(
        default_action=CryptoAction[question["default"]],
        attribute_actions={name: CryptoAction[action] for name, action in question["actions"].items()},
    )
    actions.set_index_keys(*question["index"])
    partition_key, *sort_key = question["index"]
    config = CryptoConfig(
        materials_provider=provider(question),
        encryption_context=EncryptionContext(
            table_name=question["table"],
            partition_key_name=partition_key,
            sort_key_name=sort_key[0] if sort_key else None,
            attributes=item,
        ),
        attribute_actions=actions,
    )
    # It gives numbers back in whatever precision Python has just then, which is 28 digits.
    decimal.getcontext().prec = question.get("digits", 60)
    work = encrypt_dynamodb_item if question["operation"] == "seal" else decrypt_dynamodb_item
    return item_of(work(item, config), encoded)


answers = []
for line in sys.stdin.buffer.read().decode("utf-8").split("\n")[:-1]:
    try:
        answers.append({"item": answer(json.loads(line))})
    except Exception as error:  # Whatever it raises: some are plain exceptions.
        answers.append({"error": type(error).__name__})
sys.stdout.write("\n".join(json.dumps(answer) for answer in answers))
